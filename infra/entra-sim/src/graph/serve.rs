//! `/v1.0/`: from HTTP and back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::answer::{Answer, set};
use super::caller::caller;
use super::dispatch::dispatch;
use super::fault::{self, Fault};
use super::recorder::Asked;
use super::request::{Request, Wishes};
use super::state::GraphCall;
use super::{batch, limiter, notifications};
use crate::app::App;
use crate::random;

/// Answers any call.
pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = app.graph.settings().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let client_request_id = header("client-request-id");
    let address = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let address = address.strip_prefix("/v1.0").unwrap_or(&address).to_owned();
    let recording = app.recorder.clone().map(|recorder| {
        let asked = Asked::read(method.as_str(), &address, &headers, &body);
        (recorder, asked)
    });
    let content = (header("content-type"), body);
    let eventual =
        header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    let wishes = Wishes { prefer: header("prefer"), eventual, greeted: false };
    let read = match read(&app, method.as_str(), &address, &headers, wishes, content) {
        Ok(mut request) => notifications::greet(&mut request).await.map(|()| request),
        refused => refused,
    };
    let (outcome, answer) = match read {
        Err(answer) => (Outcome::Answered, answer),
        Ok(request) => carry_out(&app, &request, client_request_id.as_deref()),
    };
    let answer = finished(&app, answer, client_request_id.as_deref());
    if let Some((recorder, asked)) = recording {
        let told = matches!(outcome, Outcome::Answered).then(|| answer.part());
        if let Err(error) = recorder.write(asked, told) {
            return http(error.into());
        }
    }
    match outcome {
        Outcome::Answered | Outcome::Falsified => http(answer),
        Outcome::Silent => std::future::pending().await,
        Outcome::Raw(response) => response,
    }
}

fn read(
    app: &App,
    method: &str,
    address: &str,
    headers: &HeaderMap,
    wishes: Wishes,
    (content_type, body): (Option<String>, Bytes),
) -> Result<Request, Answer> {
    let claims = caller(app, headers)?;
    let body = if body.is_empty() {
        None
    } else {
        if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
            let message = "The content type of the request is not supported.";
            return Err(Answer::error(415, "UnsupportedMediaType", message));
        }
        let parsed: Result<Value, _> = serde_json::from_slice(&body);
        Some(parsed.map_err(|_| Answer::error(400, "BadRequest", "Unable to read JSON."))?)
    };
    Request::read(method, address, wishes, body, claims)
}

/// What becomes of a call besides its answer.
enum Outcome {
    Answered,
    /// The answer is none that Graph would give.
    Falsified,
    /// It is never answered.
    Silent,
    /// It is answered like this, whatever it was.
    Raw(Response),
}

/// Meets faults and limits, does it, and remembers it.
fn carry_out(app: &App, request: &Request, correlation: Option<&str>) -> (Outcome, Answer) {
    let found = {
        let mut state = app.graph.hold();
        let asked = (request.method.as_str(), &*request.address());
        fault::take(&mut state.faults, asked, &request.changes())
    };
    let answered = |answer: Answer| (Outcome::Answered, answer);
    let falsified = |answer: Answer| (Outcome::Falsified, answer);
    let (outcome, answer) = match found {
        None => answered(perform(app, request, correlation)),
        Some(Fault::Throttled { retry_after }) => answered(throttled(retry_after)),
        Some(Fault::Unavailable { retry_after }) => answered(unavailable(retry_after)),
        Some(Fault::Status(status)) => {
            answered(Answer::error(status, "ServiceNotAvailable", "This was asked for."))
        }
        Some(Fault::Reset) => {
            let resync = format!("{}/users/delta?$deltatoken=", app.graph_url());
            let message = "Resync required. Replace local items with the server's version.";
            answered(Answer::error(410, "resyncRequired", message).with("location", resync))
        }
        Some(Fault::Expired) => {
            let message = "The sync state is not found: it is too old.";
            answered(Answer::error(400, "syncStateNotFound", message))
        }
        Some(Fault::Hang) => (Outcome::Silent, Answer { status: 0, ..Answer::default() }),
        Some(Fault::Lost) => {
            perform(app, request, correlation);
            answered(Answer::error(504, "GatewayTimeout", "The answer is lost."))
        }
        Some(Fault::Garbage) => raw(200, "text/html", "<html>a proxy's page</html>".into()),
        Some(Fault::Torn) => raw(200, "application/json", r#"{"value":[{"id":"#.into()),
        Some(Fault::Redirect(address)) => {
            falsified(Answer { status: 302, ..Answer::default() }.with("location", address))
        }
        Some(Fault::ForeignLink(address)) => {
            falsified(Answer::ok(json!({ "value": [], "@odata.nextLink": address })))
        }
        Some(Fault::Empty) => {
            let mut answer = perform(app, request, correlation);
            if let Some(body) = answer.body.as_mut() {
                set(body, "value", json!([]));
            }
            answered(answer)
        }
        Some(Fault::Odd(thing)) => {
            let mut answer = perform(app, request, correlation);
            let list = answer.body.as_mut().and_then(|body| body.get_mut("value")?.as_array_mut());
            if let Some(list) = list {
                list.retain(|known| known.get("id") != thing.get("id"));
                list.insert(0, thing);
            }
            falsified(answer)
        }
        Some(Fault::Huge(bytes)) => raw(200, "application/json", " ".repeat(bytes)),
        Some(Fault::ConsentLost) => answered(request.needs(&[]).err().unwrap_or_default()),
        Some(Fault::Unheard) => answered(Answer::not_found(&request.address())),
        Some(Fault::Unauthorized) => answered(Answer::error(
            401,
            "InvalidAuthenticationToken",
            "Lifetime validation failed, the token is expired.",
        )),
    };
    remember(app, GraphCall::of(request, correlation, answer.status));
    (outcome, answer)
}

fn perform(app: &App, request: &Request, correlation: Option<&str>) -> Answer {
    if request.path == ["$batch"] {
        return batch::carry_out(app, request, correlation).unwrap_or_else(|answer| answer);
    }
    within_limits(app, request)
}

/// One call, alone or of a batch, if there are units left for it.
pub(crate) fn within_limits(app: &App, request: &Request) -> Answer {
    let units = limiter::units(&request.method, request.query.get("$select"));
    let limited = {
        let mut state = app.graph.hold();
        let limit = state.settings.units;
        state.limiter.take(units, limit)
    };
    match limited {
        Ok(()) => dispatch(app, request),
        Err(seconds) => throttled(Some(seconds)),
    }
}

fn throttled(retry_after: Option<u64>) -> Answer {
    later(Answer::error(429, "TooManyRequests", "Too many requests."), retry_after)
}

fn unavailable(retry_after: Option<u64>) -> Answer {
    later(Answer::error(503, "ServiceNotAvailable", "This was asked for."), retry_after)
}

fn later(answer: Answer, retry_after: Option<u64>) -> Answer {
    match retry_after {
        Some(seconds) => answer.with("retry-after", seconds.to_string()),
        None => answer,
    }
}

fn raw(status: u16, kind: &'static str, body: String) -> (Outcome, Answer) {
    let mut response = body.into_response();
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    (Outcome::Raw(response), Answer { status, ..Answer::default() })
}

/// Writes a call down.
pub(crate) fn remember(app: &App, call: GraphCall) {
    app.graph.hold().remember(call);
}

/// With what every answer that comes alone has.
fn finished(app: &App, mut answer: Answer, client_request_id: Option<&str>) -> Answer {
    let request_id = random::guid();
    let inner = answer.body.as_mut().and_then(|body| body.get_mut("error")?.get_mut("innerError"));
    if let Some(inner) = inner {
        *inner = json!({
            "date": app.now().simulated.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": request_id,
            "client-request-id": client_request_id.unwrap_or(&request_id),
        });
    }
    if answer.status != 204 {
        answer = answer.with("content-type", "application/json");
    }
    if let Some(id) = client_request_id {
        answer = answer.with("client-request-id", id);
    }
    answer.with("request-id", request_id)
}

fn http(answer: Answer) -> Response {
    let body = answer.body.map(|body| Body::from(body.to_string())).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
