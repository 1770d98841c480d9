//! The shapes in which AWS services take requests and refuse them.
//!
//! `AWS JSON 1.0`, `AWS JSON 1.1`, `REST JSON`: the service's model decides which one it speaks.

use ambient::Entropy;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::disk::DiskError;
use super::trouble;

/// The id of a request, as every answer carries it in `x-amzn-requestid`.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// Makes a random UUID.
pub(super) fn mint_uuid(entropy: &dyn Entropy) -> Uuid {
    uuid::Builder::from_random_bytes(entropy.bytes()).into_uuid()
}

/// Why a request was not carried out, in the words of AWS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// Name of the error in the service's model.
    pub(super) code: &'static str,
    /// Text for the caller.
    pub(super) message: String,
}

impl Refusal {
    /// The caller's fault: status 400.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// A request without any signature.
    fn unsigned() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "MissingAuthenticationToken",
            message: "Missing Authentication Token".to_owned(),
        }
    }
}

impl From<DiskError> for Refusal {
    /// Our own fault: the cause goes to the log, the SDK tries again.
    fn from(error: DiskError) -> Self {
        trouble::log(&error, "a service could not keep its state");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalFailure",
            message: "the local service could not keep its state".to_owned(),
        }
    }
}

/// Refuses a request that carries no signature at all; what it says is not verified.
pub(super) fn require_signature(request: &Request<Bytes>) -> Result<(), Refusal> {
    let presigned = request.uri().query().is_some_and(|query| query.contains("X-Amz-Signature="));
    if presigned || request.headers().contains_key(header::AUTHORIZATION) {
        Ok(())
    } else {
        Err(Refusal::unsigned())
    }
}

/// Reads the operation of a JSON request: `X-Amz-Target: SERVICE.OPERATION`.
pub(super) fn operation<'r>(headers: &'r HeaderMap, service: &str) -> Result<&'r str, Refusal> {
    headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.strip_prefix(service)?.strip_prefix('.'))
        .ok_or_else(|| unknown_operation("that names no operation of this service"))
}

/// Refuses an operation that is not served here.
pub(super) fn unknown_operation(operation: &str) -> Refusal {
    Refusal::new("UnknownOperationException", format!("unknown operation: {operation}"))
}

/// Reads the input of a JSON request; an empty body is `{}`.
pub(super) fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new("SerializationException", error.to_string()))
}

/// Answers in `AWS JSON`; `version` is `1.0` or `1.1`.
pub(super) fn aws_json(version: &str, answer: Result<Value, Refusal>) -> Response<Bytes> {
    let content_type = format!("application/x-amz-json-{version}");
    match answer {
        Ok(value) => json_response(StatusCode::OK, &content_type, &value),
        Err(refusal) => {
            let body = json!({ "__type": refusal.code, "message": refusal.message });
            json_response(refusal.status, &content_type, &body)
        }
    }
}

/// Answers in `REST JSON`, where the error's name is in a header.
pub(super) fn rest_json(answer: Result<Value, Refusal>) -> Response<Bytes> {
    match answer {
        Ok(value) => json_response(StatusCode::OK, "application/json", &value),
        Err(refusal) => {
            let body = json!({ "message": refusal.message });
            let mut response = json_response(refusal.status, "application/json", &body);
            let name = HeaderValue::from_static(refusal.code);
            response.headers_mut().insert("x-amzn-errortype", name);
            response
        }
    }
}

fn json_response(status: StatusCode, content_type: &str, body: &Value) -> Response<Bytes> {
    text_response(status, content_type, body.to_string())
}

/// Answers a text of any type.
pub(super) fn text_response(
    status: StatusCode,
    content_type: &str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
