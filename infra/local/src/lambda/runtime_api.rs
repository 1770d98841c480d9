//! The Lambda Runtime API, one listener per process as inside a real sandbox.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::{PAYLOAD_LIMIT, failure};

const PREFIX: &str = "/2018-06-01/runtime/";

/// One invocation on its way to a process.
#[derive(Debug)]
pub(super) struct Work {
    /// Request id.
    pub(super) id: String,
    /// The event.
    pub(super) payload: Bytes,
    /// The function's timeout, from the moment the process takes the event.
    pub(super) timeout: Duration,
    /// Told when the process has taken the event.
    pub(super) started: oneshot::Sender<()>,
    /// Told the answer.
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What the process said in the end.
#[derive(Debug)]
pub(super) enum Reply {
    /// `/response`.
    Answered(Bytes),
    /// `/error`.
    Failed(Bytes),
}

/// The state behind one process's API. It dies with the process, and every [`Work`] in it.
pub(super) struct RuntimeApi {
    arn: HeaderValue,
    work: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    current: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    init_error: Arc<Mutex<Option<Bytes>>>,
}

impl RuntimeApi {
    pub(super) fn new(
        arn: &str,
        work: mpsc::Receiver<Work>,
        init_error: Arc<Mutex<Option<Bytes>>>,
    ) -> Self {
        let arn = HeaderValue::from_str(arn).unwrap_or(HeaderValue::from_static("unknown"));
        Self { arn, work: tokio::sync::Mutex::new(work), current: Mutex::default(), init_error }
    }

    /// Answers until dropped.
    pub(super) async fn serve(self, listener: TcpListener) {
        let api = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, api.clone()));
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.response(id, request).await,
            (&Method::POST, ["invocation", id, "error"]) => match body(request).await {
                Some(error) => self.finish(id, Reply::Failed(error)),
                None => status(StatusCode::PAYLOAD_TOO_LARGE),
            },
            (&Method::POST, ["init", "error"]) => {
                *lock(&self.init_error) = body(request).await;
                status(StatusCode::ACCEPTED)
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        // Held while waiting: a process asks for one event at a time.
        let Some(work) = self.work.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let Work { id, payload, timeout, started, reply } = work;
        let deadline = SystemClock
            .now()
            .as_millisecond()
            .saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        let mut response = Response::new(Full::new(payload));
        let headers = response.headers_mut();
        let mut header = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        header("content-type", "application/json");
        header("lambda-runtime-aws-request-id", &id);
        header("lambda-runtime-deadline-ms", &deadline.to_string());
        header("lambda-runtime-trace-id", &trace_id(&id));
        headers.insert("lambda-runtime-invoked-function-arn", self.arn.clone());
        *lock(&self.current) = Some((id, reply));
        let _ = started.send(());
        response
    }

    async fn response(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match body(request).await {
            Some(answer) => self.finish(id, Reply::Answered(answer)),
            None => {
                let message = format!(
                    "Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
                );
                let error = failure("Function.ResponseSizeTooLarge", &message);
                self.finish(id, Reply::Failed(error));
                status(StatusCode::PAYLOAD_TOO_LARGE)
            }
        }
    }

    fn finish(&self, id: &str, reply: Reply) -> Response<Full<Bytes>> {
        let current = lock(&self.current).take_if(|(current, _)| current == id);
        match current {
            Some((_, waiting)) => {
                let _ = waiting.send(reply);
                status(StatusCode::ACCEPTED)
            }
            None => status(StatusCode::BAD_REQUEST),
        }
    }
}

async fn connection(stream: TcpStream, api: Arc<RuntimeApi>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let api = api.clone();
        async move { Ok::<_, Infallible>(api.answer(request).await) }
    });
    let server = hyper::server::conn::http1::Builder::new();
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %error, "a runtime's connection ended early");
    }
}

/// `None` when it is larger than a payload may be.
async fn body(request: Request<Incoming>) -> Option<Bytes> {
    let body = Limited::new(request.into_body(), PAYLOAD_LIMIT).collect().await.ok()?;
    Some(body.to_bytes())
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status;
    response
}

/// X-Ray's form, with the request id as the trace: `Root=1-{8 hex}-{24 hex}`.
fn trace_id(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let (time, rest) = hex.split_at_checked(8).unwrap_or(("00000000", ""));
    format!("Root=1-{time}-{rest:0<24};Sampled=0")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
