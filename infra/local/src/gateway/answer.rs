//! A function's answer as a response.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::Value;

use crate::invoke::Outcome;

/// Headers that the connection itself decides.
const CONNECTION: &[&str] =
    &["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Scalar>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Header values may be numbers and truths.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

/// The response to the browser.
///
/// A function that failed, died or timed out is 502 here, so that a test can tell it from a 500
/// that the function gave itself; API Gateway says 500 to both. No process free is 503, as there.
pub(super) fn response(outcome: Outcome) -> Response<Full<Bytes>> {
    match outcome {
        Outcome::Answered(bytes) => {
            read(bytes).unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Outcome::Failed(_) | Outcome::TimedOut => message(StatusCode::BAD_GATEWAY),
        Outcome::Throttled => message(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// An answer of the gateway itself: `{"message":"Not Found"}`.
pub(super) fn message(status: StatusCode) -> Response<Full<Bytes>> {
    let text = match status {
        StatusCode::BAD_GATEWAY => "Internal Server Error",
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        other => other.canonical_reason().unwrap_or("Error"),
    };
    json(status, format!("{{\"message\":\"{text}\"}}").into())
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `None` when the answer has `statusCode` but is not of the format.
fn read(bytes: Bytes) -> Option<Response<Full<Bytes>>> {
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    if value.get("statusCode").is_none() {
        return Some(shorthand(value, bytes));
    }
    let answer: Answer = serde_json::from_value(value).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into() };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.unwrap_or_default() {
        let name = HeaderName::try_from(name).ok()?;
        if !CONNECTION.contains(&name.as_str()) {
            headers.append(name, HeaderValue::try_from(value.text()).ok()?);
        }
    }
    for cookie in answer.cookies.unwrap_or_default() {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Some(response)
}

/// Valid JSON without `statusCode` is the body of a 200.
fn shorthand(value: Value, bytes: Bytes) -> Response<Full<Bytes>> {
    match value {
        Value::String(text) => json(StatusCode::OK, text.into()),
        _ => json(StatusCode::OK, bytes),
    }
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn answers_of_every_form_become_responses() {
        let cases = [
            (
                r#"{"statusCode":201,"headers":{"X-A":1},"cookies":["a=1","b=2"],"body":"hi"}"#,
                201,
                "hi",
            ),
            (r#"{"statusCode":200,"body":"/w==","isBase64Encoded":true}"#, 200, "\u{fffd}"),
            (r#"{"statusCode":204}"#, 204, ""),
            (r#"{"ok":true}"#, 200, r#"{"ok":true}"#),
            (r#""hello""#, 200, "hello"),
            (r#"{"statusCode":"x"}"#, 500, r#"{"message":"Internal Server Error"}"#),
            (
                r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
                500,
                r#"{"message":"Internal Server Error"}"#,
            ),
            (
                r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
                500,
                r#"{"message":"Internal Server Error"}"#,
            ),
        ];
        for (answer, status, body) in cases {
            let response = response(Outcome::Answered(Bytes::from_static(answer.as_bytes())));

            assert_eq!(response.status(), status, "{answer}");
            if status == 201 {
                assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
                assert_eq!(response.headers()["x-a"], "1");
            }
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(String::from_utf8_lossy(&bytes), body, "{answer}");
        }
    }

    #[test]
    fn what_is_no_answer_has_a_status_of_its_own() {
        let cases = [
            (Outcome::Failed(Bytes::new()), 502),
            (Outcome::TimedOut, 502),
            (Outcome::Throttled, 503),
        ];
        for (outcome, status) in cases {
            assert_eq!(response(outcome).status(), status);
        }
    }
}
