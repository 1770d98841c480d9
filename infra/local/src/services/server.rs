//! One HTTP/1.1 server per service, on the loopback interface only.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ambient::Entropy;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::ServicesError;
use super::protocol::{RequestId, mint_uuid};
use super::tasks::Tasks;

/// Larger than any request that one of the services accepts.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Between attempts to accept while the system has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests whose body has been read.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers one request; [`RequestId`] is among its extensions.
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;
}

/// A bound port that nobody answers yet.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Takes `port` on the loopback interface, or a free one for 0.
    pub(super) async fn bind(port: u16) -> Result<Self, ServicesError> {
        let refused = |source| ServicesError::Listen { port, source };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self { socket, address })
    }

    /// `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers requests until it is ended, each connection in a task of its own.
    pub(super) async fn serve<S: Service>(
        self,
        service: Arc<S>,
        entropy: Arc<dyn Entropy>,
        tasks: Tasks,
    ) {
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    tasks.spawn(connection(stream, service.clone(), entropy.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn connection<S: Service>(stream: TcpStream, service: Arc<S>, entropy: Arc<dyn Entropy>) {
    // Small answers at once: the functions wait for each of them.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(move |request| {
        let (service, entropy) = (service.clone(), entropy.clone());
        async move { Ok::<_, Infallible>(exchange(&*service, &*entropy, request).await) }
    });
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler);
    if let Err(error) = serving.await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

async fn exchange<S: Service>(
    service: &S,
    entropy: &dyn Entropy,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let id = mint_uuid(entropy).to_string();
    let header = HeaderValue::from_str(&id).ok();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(RequestId(id));
    let mut response = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => service.answer(Request::from_parts(parts, body.to_bytes())).await,
        Err(_) => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        }
    };
    if let Some(header) = header {
        response.headers_mut().insert("x-amzn-requestid", header);
    }
    response.map(Full::new)
}
