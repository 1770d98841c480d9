//! The HTTP client: one request at a time, paced, tried again where that helps, and logged.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use serde_json::Value;

use super::error::ProvisioningError;
use super::exchange::{Exchange, ExchangeLog, kept};
use super::fault::Fault;
use super::pacer::Pacer;
use super::settings::{Provisioning, Token};
use super::tenant_url::TenantUrl;
use crate::app::{App, hold};
use crate::clock::Stopwatch;

const SCIM_JSON: &str = "application/scim+json";
/// How long a server may ask to be left alone within one cycle.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The largest answer that is read.
const LARGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// A request that is about to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Request<'r> {
    /// Whom it is about, for the log.
    pub(crate) subject: &'r str,
    pub(crate) method: Method,
    pub(crate) path: &'r str,
    pub(crate) query: Option<&'r str>,
    pub(crate) body: Option<String>,
}

impl<'r> Request<'r> {
    pub(crate) fn get(subject: &'r str, path: &'r str, query: Option<&'r str>) -> Self {
        Self { subject, method: Method::GET, path, query, body: None }
    }

    pub(crate) fn with_body(
        subject: &'r str,
        method: Method,
        path: &'r str,
        body: &impl serde::Serialize,
    ) -> Self {
        // Values and structs of texts always serialise.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { subject, method, path, query: None, body: Some(body) }
    }

    pub(crate) fn delete(subject: &'r str, path: &'r str) -> Self {
        Self { subject, method: Method::DELETE, path, query: None, body: None }
    }
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    wait: Option<Duration>,
}

impl Answer {
    /// The resource or list, when the status is one of those that are documented.
    pub(crate) fn expect(self, good: &[u16]) -> Result<Option<Value>, Fault> {
        if good.contains(&self.status) {
            return Ok(self.body);
        }
        let text = |name: &str| {
            let body = self.body.as_ref()?;
            Some(super::target::member(body, name)?.as_str()?.chars().take(200).collect())
        };
        let (kind, detail): (Option<String>, Option<String>) = (text("scimType"), text("detail"));
        Err(Fault::Refused { status: self.status, kind, detail })
    }
}

/// Speaks to the configured server.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    app: &'a App,
    log: &'a Mutex<ExchangeLog>,
    http: reqwest::Client,
    settings: &'a Provisioning,
    pub(crate) url: TenantUrl,
    authorization: HeaderValue,
    pacer: Pacer,
}

impl<'a> Client<'a> {
    pub(crate) fn new(
        app: &'a App,
        log: &'a Mutex<ExchangeLog>,
        settings: &'a Provisioning,
    ) -> Result<Self, ProvisioningError> {
        let timeout = settings.timeout.try_into().unwrap_or(Duration::from_secs(30));
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(ProvisioningError::Client)?;
        Ok(Self {
            app,
            log,
            http,
            settings,
            url: TenantUrl::parse(&settings.tenant_url)?,
            authorization: authorization(&settings.token)?,
            pacer: Pacer::new(settings.pace),
        })
    }

    /// Sends a request, again when the server is busy or silent, and gives the last answer.
    pub(crate) async fn send(&self, request: &Request<'_>) -> Result<Answer, Fault> {
        let mut pause: Duration = self.settings.pause.try_into().unwrap_or_default();
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(request).await;
            let wait = match &outcome {
                Ok(answer) if matches!(answer.status, 401 | 403) => {
                    return Err(Fault::Credentials(answer.status));
                }
                Ok(answer) if !matches!(answer.status, 429 | 502 | 503 | 504) => return outcome,
                Ok(answer) => answer.wait.unwrap_or(pause),
                Err(_) => pause,
            };
            if attempt >= self.settings.attempts {
                return outcome;
            }
            attempt += 1;
            pause *= 2;
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Answer, Fault> {
        self.pacer.turn().await;
        let url = self.url.address(request.path, request.query);
        let at = self.app.now().simulated;
        let stopwatch = Stopwatch::start();
        let mut builder = self
            .http
            .request(request.method.clone(), &url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, SCIM_JSON);
        if let Some(body) = &request.body {
            let body = body.clone();
            builder =
                builder.header(CONTENT_TYPE, "application/scim+json; charset=utf-8").body(body);
        }
        let outcome = match builder.send().await {
            Ok(response) => read(response).await,
            Err(error) => Err(error),
        };
        let duration_ms = stopwatch.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.note(request, url, at, duration_ms, &outcome);
        match outcome {
            Ok(received) => Ok(Answer {
                status: received.status,
                body: serde_json::from_str(&received.text).ok(),
                wait: received.wait,
            }),
            Err(error) => Err(Fault::Silent(told(&error))),
        }
    }

    fn note(
        &self,
        request: &Request<'_>,
        url: String,
        at: Timestamp,
        duration_ms: u64,
        outcome: &Result<Received, reqwest::Error>,
    ) {
        let secret = self.settings.token.secret();
        let received = outcome.as_ref().ok();
        let body = received.map(|received| received.text.as_str()).filter(|text| !text.is_empty());
        hold(self.log).write(Exchange {
            number: 0,
            at,
            subject: request.subject.to_owned(),
            method: request.method.to_string(),
            url: url.replace(secret, "[redacted]"),
            sent: request.body.as_ref().map(|body| kept(body, secret)),
            status: received.map(|received| received.status),
            received: body.map(|body| kept(body, secret)),
            error: outcome.as_ref().err().map(told),
            complaint: received.and_then(Received::complaint),
            duration_ms,
        });
    }
}

/// The header that carries the token.
pub(crate) fn authorization(token: &Token) -> Result<HeaderValue, ProvisioningError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.secret()))
        .map_err(|_| ProvisioningError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// An answer as it came.
#[derive(Debug)]
struct Received {
    status: u16,
    wait: Option<Duration>,
    content_type: String,
    text: String,
}

impl Received {
    /// What Microsoft asks of every answer and this one does not have.
    fn complaint(&self) -> Option<String> {
        let scim = self.content_type.to_ascii_lowercase();
        let scim = scim.split(';').next().is_some_and(|kind| kind.trim() == SCIM_JSON);
        (!self.text.is_empty() && !scim)
            .then(|| format!("the content type is {:?}, not {SCIM_JSON}", self.content_type))
    }
}

async fn read(mut response: Response) -> Result<Received, reqwest::Error> {
    let status = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let wait = header(RETRY_AFTER).and_then(|value| value.trim().parse().ok());
    let content_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() as u64 + chunk.len() as u64 > LARGEST_ANSWER {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Received { status, wait: wait.map(Duration::from_secs), content_type, text })
}

/// An error with its causes, without the address that the log has anyway.
fn told(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { "timed out" } else { "failed" };
    let mut told = format!("the request {kind}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    told
}
