//! The wire between a function and its services: counts every call, and fails on demand.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HOST};
use tokio::net::TcpListener;

/// One call that passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `dynamodb`, `kms`, `events` or `ses`: IAM's own prefix.
    pub service: &'static str,
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
}

/// What happens to a call instead of passing.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It never arrives, and an answer of this status and error code comes back.
    Refuse(u16, &'static str),
    /// It is carried out, and its answer gets lost.
    LoseAnswer,
    /// It never arrives, and nothing comes back.
    Lose,
}

/// When something happens to calls of one operation.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation.
    pub operation: &'static str,
    /// How many calls pass before.
    pub skip: usize,
    /// How many calls it happens to.
    pub times: usize,
    /// What happens.
    pub effect: Effect,
}

/// Where the services are.
#[derive(Clone, Debug)]
pub struct Upstreams {
    /// DynamoDB.
    pub dynamodb: String,
    /// KMS.
    pub kms: String,
    /// EventBridge.
    pub events: String,
    /// SES v2.
    pub ses: String,
}

/// A proxy in front of all services.
#[derive(Clone, Debug)]
pub struct Wire {
    url: String,
    state: Arc<Mutex<Passed>>,
}

#[derive(Debug, Default)]
struct Passed {
    calls: Vec<Call>,
    faults: Vec<Fault>,
}

#[derive(Clone)]
struct Proxy {
    upstreams: Upstreams,
    client: reqwest::Client,
    wire: Arc<Mutex<Passed>>,
}

impl Wire {
    /// Starts a proxy on a free port of the loopback interface.
    pub async fn start(upstreams: Upstreams) -> Self {
        let state = Arc::new(Mutex::new(Passed::default()));
        let proxy = Proxy { upstreams, client: reqwest::Client::new(), wire: state.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state }
    }

    /// Where functions reach the services.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets something happen to later calls.
    pub fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }

    /// Ends all faults, and tells how many never happened.
    pub fn mend(&self) -> usize {
        let faults = std::mem::take(&mut self.state.lock().unwrap().faults);
        faults.iter().filter(|fault| fault.times > 0).count()
    }

    /// The calls since it was last asked.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

impl Passed {
    fn note(&mut self, call: Call) -> Option<Effect> {
        let operation = call.operation.clone();
        self.calls.push(call);
        let fault =
            self.faults.iter_mut().find(|fault| fault.operation == operation && fault.times > 0)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        Some(fault.effect.clone())
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (service, operation) = match target.and_then(|target| target.split_once('.')) {
        Some(("DynamoDB_20120810", operation)) => ("dynamodb", operation.to_owned()),
        Some(("TrentService", operation)) => ("kms", operation.to_owned()),
        Some(("AWSEvents", operation)) => ("events", operation.to_owned()),
        _ => ("ses", "SendEmail".to_owned()),
    };
    let upstream = match service {
        "dynamodb" => &proxy.upstreams.dynamodb,
        "kms" => &proxy.upstreams.kms,
        "events" => &proxy.upstreams.events,
        _ => &proxy.upstreams.ses,
    };
    let effect = proxy.wire.lock().unwrap().note(Call { service, operation });
    match effect {
        Some(Effect::Refuse(status, code)) => {
            let body = format!("{{\"__type\":\"{code}\",\"message\":\"injected\"}}");
            let status = StatusCode::from_u16(status).unwrap();
            return (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response();
        }
        Some(Effect::Lose) => return lost(),
        Some(Effect::LoseAnswer) | None => {}
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    headers.remove(HOST);
    let request = proxy.client.request(parts.method, format!("{upstream}{path}"));
    let answer = request.headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    if matches!(effect, Some(Effect::LoseAnswer)) {
        return lost();
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A body that breaks off: the caller sees a dead connection.
fn lost() -> Response {
    let broken: Result<bytes::Bytes, std::io::Error> = Err(std::io::Error::other("lost"));
    Response::new(Body::from_stream(OneItem(Some(broken))))
}

struct OneItem(Option<Result<bytes::Bytes, std::io::Error>>);

impl futures_util::Stream for OneItem {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take())
    }
}
