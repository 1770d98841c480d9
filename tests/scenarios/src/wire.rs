//! The wire between a function and its services: counts every call, and fails on demand.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::Dice;

/// One call that passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `dynamodb`, `kms`, `events`, `ses` or `s3`: IAM's own prefix.
    pub service: &'static str,
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
}

impl Call {
    /// Whether it changes the table.
    pub fn writes(&self) -> bool {
        self.operation == "TransactWriteItems"
    }
}

/// What calls used of the table's capacity, as the table itself tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// Read request units.
    pub read: f64,
    /// Write request units.
    pub write: f64,
}

/// What one call asked for, as far as IAM cares.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The header `X-Amz-Target`, or method and path where the service has none.
    pub target: String,
    /// The body.
    pub body: Value,
    /// Whether it was passed on.
    pub passed: bool,
}

/// What happens to a call instead of passing.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It never arrives, and an answer of this status and error code comes back.
    Refuse(u16, &'static str),
    /// It is carried out, and its answer gets lost.
    LoseAnswer,
    /// It never arrives, and the connection dies.
    Lose,
    /// It never arrives, and nothing comes back for as long as the caller waits.
    Stall,
    /// It is carried out, and nothing comes back for as long as the caller waits.
    StallAnswer,
    /// It arrives, and a transaction is cancelled: its last action for this reason.
    Cancel(&'static str),
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

/// A fault that was ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The fault, as it was ordered.
    pub fault: Fault,
    /// How many calls it happened to.
    pub happened: usize,
}

impl Ended {
    /// Whether it happened to as many calls as ordered, or to any where it was for good.
    pub fn is_spent(&self) -> bool {
        self.happened > 0 && [self.happened, usize::MAX].contains(&self.fault.times)
    }
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
    /// S3.
    pub s3: String,
}

/// A proxy in front of all services.
#[derive(Clone, Debug)]
pub struct Wire {
    url: String,
    state: Arc<Mutex<Passed>>,
    upstreams: Arc<OnceLock<Upstreams>>,
    stalls: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Passed {
    capacity: Capacity,
    calls: Vec<Call>,
    seen: Vec<Seen>,
    faults: Vec<Armed>,
    /// How likely a call of the table is throttled, and what decides it.
    throttled: Option<(usize, Dice)>,
}

/// A fault that waits for its calls.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    passed: usize,
    happened: usize,
}

#[derive(Clone)]
struct Proxy {
    wire: Wire,
    client: reqwest::Client,
}

impl Wire {
    /// Starts a proxy on a free port of the loopback interface.
    pub async fn start(upstreams: Upstreams) -> Self {
        let wire = Self::unconnected().await;
        wire.connect(upstreams);
        wire
    }

    /// Starts a proxy before the services are there.
    pub async fn unconnected() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
            upstreams: Arc::default(),
            stalls: Arc::new(Semaphore::new(0)),
        };
        let proxy = Proxy { wire: wire.clone(), client: reqwest::Client::new() };
        let router = Router::new().fallback(pass).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        wire
    }

    /// Tells where the services are.
    pub fn connect(&self, upstreams: Upstreams) {
        self.upstreams.set(upstreams).unwrap();
    }

    /// Waits until one more call stalls.
    pub async fn stalled(&self) {
        self.stalls.acquire().await.unwrap().forget();
    }

    /// Where functions reach the services.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets something happen to later calls.
    pub fn fault(&self, fault: Fault) {
        let armed = Armed { fault, passed: 0, happened: 0 };
        self.state.lock().unwrap().faults.push(armed);
    }

    /// From now on so many of a hundred calls of the table are throttled, whichever they are.
    pub fn throttle(&self, percent: usize, dice: Dice) {
        self.state.lock().unwrap().throttled = Some((percent, dice));
    }

    /// Ends all faults, and tells of each how often it happened.
    pub fn mend(&self) -> Vec<Ended> {
        while let Ok(stalled) = self.stalls.try_acquire() {
            stalled.forget();
        }
        let mut state = self.state.lock().unwrap();
        state.throttled = None;
        let faults = std::mem::take(&mut state.faults);
        drop(state);
        let ended = |armed: Armed| Ended { fault: armed.fault, happened: armed.happened };
        faults.into_iter().map(ended).collect()
    }

    /// Ends all faults, each of which must have happened as ordered.
    pub fn mend_spent(&self, what: &str) {
        let ended = self.mend();
        assert!(!ended.is_empty(), "{what}: nothing was to happen");
        for ended in ended {
            assert!(ended.is_spent(), "{what}: it happened to {} calls", ended.happened);
        }
    }

    /// The calls since it was last asked.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// How many calls there were since it was last asked which.
    pub fn passed(&self) -> usize {
        self.state.lock().unwrap().calls.len()
    }

    /// What the calls used since it was last asked.
    pub fn capacity(&self) -> Capacity {
        std::mem::take(&mut self.state.lock().unwrap().capacity)
    }

    /// What the newest call of an operation asked for.
    pub fn last_seen(&self, operation: &str) -> Option<Value> {
        let state = self.state.lock().unwrap();
        let last = state.seen.iter().rev().find(|seen| seen.target.ends_with(operation))?;
        Some(last.body.clone())
    }

    async fn stall(&self) -> Response {
        self.stalls.add_permits(1);
        std::future::pending().await
    }

    /// What every call since the start asked for, or since that was drained.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The same, and forgets it with the calls: a long story has many.
    pub fn drain(&self) -> Vec<Seen> {
        let mut state = self.state.lock().unwrap();
        state.calls.clear();
        std::mem::take(&mut state.seen)
    }
}

impl Passed {
    /// `ConsumedCapacity` is of one table, or of several.
    fn use_capacity(&mut self, operation: &str, answer: &[u8]) {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let consumed = &answer["ConsumedCapacity"];
        let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        match operation {
            "GetItem" | "BatchGetItem" | "Query" => self.capacity.read += units,
            _ => self.capacity.write += units,
        }
    }

    fn note(&mut self, call: Call, seen: Seen) -> Option<Effect> {
        let operation = call.operation.clone();
        let is_of_table = call.service == "dynamodb";
        self.calls.push(call);
        let effect = self.effect(&operation, is_of_table);
        let passed = matches!(effect, None | Some(Effect::LoseAnswer | Effect::StallAnswer));
        self.seen.push(Seen { passed, ..seen });
        effect
    }

    fn effect(&mut self, operation: &str, is_of_table: bool) -> Option<Effect> {
        if let Some((percent, dice)) = self.throttled.as_mut().filter(|_| is_of_table)
            && dice.happens(*percent)
        {
            return Some(Effect::Refuse(400, "ThrottlingException"));
        }
        let waits = |armed: &&mut Armed| {
            armed.fault.operation == operation && armed.happened < armed.fault.times
        };
        let armed = self.faults.iter_mut().find(waits)?;
        if armed.passed < armed.fault.skip {
            armed.passed += 1;
            return None;
        }
        armed.happened += 1;
        Some(armed.fault.effect.clone())
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (service, operation) = match target.and_then(|target| target.split_once('.')) {
        Some(("DynamoDB_20120810", operation)) => ("dynamodb", operation.to_owned()),
        Some(("TrentService", operation)) => ("kms", operation.to_owned()),
        Some(("AWSEvents", operation)) => ("events", operation.to_owned()),
        _ if parts.uri.path().starts_with("/v2/email/") => ("ses", "SendEmail".to_owned()),
        _ => ("s3", of_objects(&parts.method, parts.uri.query().unwrap_or_default()).to_owned()),
    };
    let upstreams = proxy.wire.upstreams.get().expect("the wire is connected");
    let upstream = match service {
        "dynamodb" => &upstreams.dynamodb,
        "kms" => &upstreams.kms,
        "events" => &upstreams.events,
        "s3" => &upstreams.s3,
        _ => &upstreams.ses,
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let target = target.map_or_else(|| format!("{} {path}", parts.method), str::to_owned);
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let read = serde_json::from_slice(&body).unwrap_or_default();
    let seen = Seen { target, body: read, passed: false };
    let counted = ["GetItem", "BatchGetItem", "Query", "TransactWriteItems"];
    let counted = service == "dynamodb" && counted.contains(&operation.as_str());
    let call = Call { service, operation: operation.clone() };
    let effect = proxy.wire.state.lock().unwrap().note(call, seen.clone());
    match effect {
        Some(Effect::Refuse(status, code)) => return refused(status, code, json!({})),
        Some(Effect::Cancel(reason)) => return cancelled(&seen.body, reason),
        Some(Effect::Lose) => return lost(),
        Some(Effect::Stall) => return proxy.wire.stall().await,
        Some(Effect::LoseAnswer | Effect::StallAnswer) | None => {}
    }
    let mut headers = parts.headers;
    // S3 verifies what was signed, and the host is part of it.
    if service != "s3" {
        headers.remove(HOST);
    }
    headers.remove(CONTENT_LENGTH);
    let body = if counted { asking_for_capacity(seen.body) } else { body };
    let request = proxy.client.request(parts.method, format!("{upstream}{path}"));
    let answer = request.headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    if counted {
        proxy.wire.state.lock().unwrap().use_capacity(&operation, &body);
    }
    match effect {
        Some(Effect::LoseAnswer) => return lost(),
        Some(Effect::StallAnswer) => return proxy.wire.stall().await,
        _ => {}
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What S3 calls a request, which says it by its method and its query.
pub fn of_objects(method: &http::Method, query: &str) -> &'static str {
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    match (method.as_str(), has("uploads"), has("uploadId")) {
        ("GET", _, _) => "GetObject",
        ("PUT", _, false) => "PutObject",
        ("PUT", _, true) => "UploadPart",
        ("POST", true, _) => "CreateMultipartUpload",
        ("POST", false, true) => "CompleteMultipartUpload",
        _ => panic!("{method} ?{query} is no operation of S3 that is known here"),
    }
}

fn asking_for_capacity(mut request: Value) -> bytes::Bytes {
    request["ReturnConsumedCapacity"] = json!("TOTAL");
    request.to_string().into()
}

fn refused(status: u16, code: &str, more: Value) -> Response {
    let mut body = json!({ "__type": code, "message": "injected" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let status = StatusCode::from_u16(status).unwrap();
    let headers = [(CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, headers, body.to_string()).into_response()
}

/// DynamoDB gives one reason for each action of a transaction, `None` where nothing speaks against
/// it.
fn cancelled(transaction: &Value, reason: &str) -> Response {
    let actions = transaction["TransactItems"].as_array().map_or(1, Vec::len);
    let mut reasons = vec![json!({ "Code": "None" }); actions];
    reasons[actions - 1] = json!({ "Code": reason, "Message": "injected" });
    let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    refused(400, code, json!({ "CancellationReasons": reasons }))
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
