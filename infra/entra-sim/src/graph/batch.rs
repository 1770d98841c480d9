//! `POST /$batch`: up to twenty calls as one.

use std::io;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, set};
use super::fault::{self, Fault};
use super::recorder::Asked;
use super::request::{Request, Wishes};
use super::serve::{remember, within_limits};
use super::state::GraphCall;
use crate::app::App;

const MOST: usize = 20;

#[derive(Debug, Deserialize)]
struct Parts {
    requests: Vec<Part>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Part {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<Value>,
}

/// Carries each out, and answers in reverse: no order is promised.
pub(crate) fn carry_out(
    app: &App,
    request: &Request,
    correlation: Option<&str>,
) -> Result<Answer, Answer> {
    let wrong = |message: &str| Answer::error(400, "BadRequest", message);
    let body = request.body.clone().unwrap_or_default();
    let parts: Parts =
        serde_json::from_value(body).map_err(|_| wrong("Invalid batch payload format."))?;
    if parts.requests.is_empty() || parts.requests.len() > MOST {
        return Err(wrong("Number of batch request steps must be between 1 and 20."));
    }
    let mut responses = Vec::with_capacity(parts.requests.len());
    for part in &parts.requests {
        if parts.requests.iter().filter(|other| other.id == part.id).count() > 1 {
            return Err(wrong("The request id is there twice."));
        }
        responses.insert(0, answer(app, request, part, correlation)?);
    }
    Ok(Answer::ok(json!({ "responses": responses })))
}

fn answer(app: &App, batch: &Request, part: &Part, correlation: Option<&str>) -> io::Result<Value> {
    let mut answer = one(app, batch, part, correlation);
    for (name, _) in &mut answer.headers {
        if *name == "retry-after" {
            *name = "Retry-After";
        }
    }
    if answer.body.is_some() {
        answer = answer.with("Content-Type", "application/json");
    }
    let mut written = answer.part();
    if let Some(recorder) = &app.recorder {
        let Part { method, url, headers, body, .. } = part.clone();
        recorder.write(Asked { method, url, headers, body }, Some(written.clone()))?;
    }
    set(&mut written, "id", &*part.id);
    Ok(written)
}

fn one(app: &App, batch: &Request, part: &Part, correlation: Option<&str>) -> Answer {
    let typed = part.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value == "application/json"
    });
    if part.body.is_some() && !typed {
        return Answer::error(400, "BadRequest", "A body needs a Content-Type of its own.");
    }
    if !part.url.starts_with('/') {
        return Answer::error(400, "BadRequest", "The address of a step must be relative.");
    }
    let claims = batch.claims.clone();
    let request =
        Request::read(&part.method, &part.url, Wishes::default(), part.body.clone(), claims);
    let request = match request {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let found = {
        let mut state = app.graph.hold();
        let asked = (request.method.as_str(), &*request.address());
        fault::take(&mut state.faults, asked, &request.changes())
    };
    let answer = match found {
        Some(Fault::Throttled { retry_after }) => {
            let answer = Answer::error(429, "TooManyRequests", "Too many requests.");
            match retry_after {
                Some(seconds) => answer.with("retry-after", seconds.to_string()),
                None => answer,
            }
        }
        Some(Fault::Status(status)) => {
            Answer::error(status, "ServiceNotAvailable", "This was asked for.")
        }
        Some(Fault::Unheard) => Answer::not_found(&request.address()),
        // The other faults are of whole answers.
        Some(_) | None => within_limits(app, &request),
    };
    let call = GraphCall::of(&request, correlation, answer.status);
    remember(app, GraphCall { batched: true, ..call });
    answer
}
