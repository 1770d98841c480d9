//! What became of each operation, RFC 7644 §3.7.3.

use serde_json::{Map, Value, json};

use super::{BulkRequest, Step};
use crate::error::Error;

/// The URN of a bulk response.
const BULK_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// What became of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkResult {
    place: usize,
    status: u16,
    body: Map<String, Value>,
}

impl BulkResult {
    /// It was carried out. The version is that of the resource now; none after DELETE.
    pub fn success(step: &Step, status: u16, location: &str, version: Option<&str>) -> Self {
        let mut result = Self::new(step, status, Some(location));
        if let Some(version) = version {
            result.body.insert("version".to_owned(), version.into());
        }
        result
    }

    /// It was not. The location is that of the resource, if there is one: not for POST.
    pub fn failure(step: &Step, location: Option<&str>, error: &Error) -> Self {
        let mut result = Self::new(step, error.status(), location);
        result.body.insert("response".to_owned(), error.to_json());
        result
    }

    fn new(step: &Step, status: u16, location: Option<&str>) -> Self {
        let mut body = Map::new();
        body.insert("method".to_owned(), step.method.as_str().into());
        body.insert("status".to_owned(), status.to_string().into());
        if let Some(bulk_id) = &step.bulk_id {
            body.insert("bulkId".to_owned(), bulk_id.as_str().into());
        }
        if let Some(location) = location {
            body.insert("location".to_owned(), location.into());
        }
        Self { place: step.place, status, body }
    }
}

/// The answer as it grows.
#[derive(Clone, Debug)]
pub struct BulkResponse {
    accepted_errors: Option<u64>,
    errors: u64,
    results: Vec<BulkResult>,
}

impl BulkResponse {
    /// Nothing done yet.
    pub const fn to(request: &BulkRequest) -> Self {
        Self { accepted_errors: request.fail_on_errors, errors: 0, results: Vec::new() }
    }

    /// Notes what became of an operation.
    pub fn push(&mut self, result: BulkResult) {
        self.errors += u64::from(result.status >= 400);
        self.results.push(result);
    }

    /// Whether as many operations have failed as the client accepts: the rest is not tried.
    pub fn is_stopped(&self) -> bool {
        self.accepted_errors.is_some_and(|accepted| self.errors > 0 && self.errors >= accepted)
    }

    /// The body of the answer: results of what was tried, in the client's order.
    pub fn into_json(mut self) -> Value {
        self.results.sort_by_key(|result| result.place);
        let results: Vec<_> = self.results.into_iter().map(|result| result.body).collect();
        json!({ "schemas": [BULK_SCHEMA], "Operations": results })
    }
}
