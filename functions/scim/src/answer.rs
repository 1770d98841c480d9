//! Answers in the form of RFC 7644 §3.1.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use scim::ListResponse;
use serde_json::Value;

use crate::failure::Failure;

/// What every answer with a body is, RFC 7644 §3.1.
pub(crate) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// One resource in an answer.
pub(crate) struct Shown {
    pub(crate) body: Value,
    pub(crate) version: String,
    pub(crate) location: String,
}

/// A document, which says where it is, RFC 7643 §3.1.
pub(crate) fn document(body: &Value) -> Response {
    let mut response = body.to_string().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, SCIM_JSON);
    let location = body.pointer("/meta/location").and_then(Value::as_str);
    if let Some(location) = location.and_then(|it| HeaderValue::from_str(it).ok()) {
        headers.insert(CONTENT_LOCATION, location);
    }
    response
}

/// A list, RFC 7644 §3.4.2.
pub(crate) fn list(list: ListResponse) -> Response {
    let mut response = list.into_body().into_response();
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    response
}

/// A resource that was made, RFC 7644 §3.3.
pub(crate) fn created(shown: &Shown) -> Result<Response, Failure> {
    let mut response = resource(shown)?;
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(LOCATION, header(&shown.location)?);
    Ok(response)
}

/// A resource as it is now, with its version, RFC 7644 §3.14, and where it is, RFC 7643 §3.1.
pub(crate) fn resource(shown: &Shown) -> Result<Response, Failure> {
    let mut response = document(&shown.body);
    response.headers_mut().insert(CONTENT_LOCATION, header(&shown.location)?);
    tag(response.headers_mut(), &shown.version)?;
    Ok(response)
}

/// Done, and nothing to say.
pub(crate) fn no_content() -> Result<Response, Failure> {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The client has this version already, RFC 9110 §15.4.5.
pub(crate) fn not_modified(version: &str) -> Result<Response, Failure> {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    tag(response.headers_mut(), version)?;
    Ok(response)
}

fn tag(headers: &mut HeaderMap, version: &str) -> Result<(), Failure> {
    headers.insert(ETAG, header(version)?);
    Ok(())
}

fn header(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|error| Failure::Stored(error.into()))
}
