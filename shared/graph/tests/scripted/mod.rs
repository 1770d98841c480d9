//! A Graph that answers from a script, and whoever gives tokens for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ambient::{Clock, Entropy};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use graph::{AccessToken, Graph, Origin, Tenant, TokenError, TokenSource};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const TENANT: Uuid = Uuid::from_u128(0x6c1d_2f3e_8a4b_4c5d_9e6f_0a1b_2c3d_4e5f);
pub(crate) const CORRELATION: Uuid = Uuid::from_u128(7);

/// One answer of the script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::new(status, format!(r#"{{"error":{{"code":"{code}","message":"for people"}}}}"#))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) address: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// Tells the time that a test says.
pub(crate) struct Stopped(pub(crate) Mutex<Timestamp>);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Leaves nothing to chance: pauses that Graph asks for are exactly as long.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Numbers its tokens.
#[derive(Default)]
struct Source {
    given: AtomicU32,
    refusal: Mutex<Option<TokenError>>,
}

struct Tokens(Arc<Source>, Timestamp);

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, tenant: Uuid, correlation: Uuid) -> Result<AccessToken, TokenError> {
        assert_eq!((tenant, correlation), (TENANT, CORRELATION));
        if let Some(refusal) = self.0.refusal.lock().unwrap().take() {
            return Err(refusal);
        }
        let number = self.0.given.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(AccessToken::new(format!("token-{number}"), self.1 + SignedDuration::from_mins(60)))
    }
}

/// The client, and the Graph that it speaks to.
pub(crate) struct Lab {
    pub(crate) graph: Graph,
    pub(crate) base: String,
    script: Arc<Script>,
    source: Arc<Source>,
    pub(crate) now: Timestamp,
}

impl Lab {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Script::default());
        script.replies.lock().unwrap().extend(replies);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1.0", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let source = Arc::new(Source::default());
        let graph = Graph::new(
            Origin::parse(&base).unwrap(),
            Arc::new(Tokens(Arc::clone(&source), now)),
            Arc::new(Stopped(Mutex::new(now))),
            Arc::new(Zeros),
        );
        Self { graph: graph.unwrap(), base, script, source, now }
    }

    /// A minute of work.
    pub(crate) fn tenant(&self) -> Tenant<'_> {
        self.tenant_for(60)
    }

    pub(crate) fn tenant_for(&self, seconds: i64) -> Tenant<'_> {
        let deadline = self.now + SignedDuration::from_secs(seconds);
        self.graph.tenant(TENANT, CORRELATION, deadline)
    }

    /// Lets the next wish for a token fail.
    pub(crate) fn refuse_token(&self, error: TokenError) {
        *self.source.refusal.lock().unwrap() = Some(error);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    /// Adds to the script what names the server's own address.
    pub(crate) fn then(&self, reply: Reply) {
        self.script.replies.lock().unwrap().push_back(reply);
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let asked = Asked {
        method: method.to_string(),
        address: uri.to_string(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    script.asked.lock().unwrap().push(asked);
    let reply = script.replies.lock().unwrap().pop_front();
    let reply = reply.unwrap_or_else(|| Reply::new(418, "the script is over"));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
