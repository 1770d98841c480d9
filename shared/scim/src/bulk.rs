//! Several operations in one request, RFC 7644 §3.7.

mod plan;
mod reference;
mod response;

use serde_json::Value;

use crate::error::{Error, ScimType};
use crate::schema::{RESOURCE_TYPES, ResourceType};
use crate::value::check_depth;

pub use plan::Step;
pub use response::{BulkResponse, BulkResult};

/// The most operations in a request.
pub const MAX_OPERATIONS: usize = 100;
/// The largest request, in bytes.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// The URN of a bulk request.
const BULK_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// The longest identifier that a client gives to an operation, in bytes.
const MAX_BULK_ID: usize = 256;

/// What an operation does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

impl BulkMethod {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut all = [Self::Post, Self::Put, Self::Patch, Self::Delete].into_iter();
        all.find(|method| method.name().eq_ignore_ascii_case(text))
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOperation {
    /// What it does.
    pub method: BulkMethod,
    /// What the client calls it.
    pub bulk_id: Option<String>,
    /// The version that the resource must have, as for `If-Match`.
    pub version: Option<String>,
    /// The kind of resource.
    pub kind: &'static ResourceType,
    /// The resource; none for POST. May be `bulkId:…` until [`resolved`](Self::resolved).
    pub id: Option<String>,
    /// The body; `null` for DELETE.
    pub data: Value,
}

/// A request, read as far as it can be.
#[derive(Clone, Debug)]
pub struct BulkRequest {
    fail_on_errors: Option<u64>,
    operations: Vec<Entry>,
}

/// An operation, or what is wrong with it, with what its result must repeat.
#[derive(Clone, Debug)]
struct Entry {
    method: String,
    bulk_id: Option<String>,
    operation: Result<BulkOperation, Error>,
}

impl BulkRequest {
    /// Reads the body. An operation that is malformed fails alone, RFC 7644 §3.7.3.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` for what is no such body; 413 for too many operations. The size in bytes is
    /// the caller's to check.
    pub fn read(body: Value) -> Result<Self, Error> {
        check_depth(&body)?;
        let Value::Object(body) = body else { return Err(Error::NO_OBJECT) };
        let mut fail_on_errors = None;
        let mut operations = None;
        for (name, value) in body {
            match name.to_ascii_lowercase().as_str() {
                "schemas" => check_schemas(&value)?,
                "failonerrors" => fail_on_errors = read_fail_on_errors(&value)?,
                "operations" if operations.is_none() => operations = Some(value),
                "operations" => return Err(Error::NAMED_TWICE),
                _ => {}
            }
        }
        let Some(Value::Array(operations)) = operations else { return Err(NO_OPERATIONS) };
        if operations.len() > MAX_OPERATIONS {
            return Err(Error::TOO_MANY_OPERATIONS);
        }
        let mut operations: Vec<_> = operations.into_iter().map(Entry::read).collect();
        refuse_repeated_ids(&mut operations);
        Ok(Self { fail_on_errors, operations })
    }
}

impl Entry {
    fn read(value: Value) -> Self {
        let mut entry = Self { method: String::new(), bulk_id: None, operation: Err(NO_OPERATION) };
        let Value::Object(members) = value else { return entry };
        let (mut version, mut path, mut data) = (None, None, Value::Null);
        for (name, value) in members {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("method", Value::String(text)) => {
                    entry.method = BulkMethod::read(&text).map_or("", BulkMethod::name).to_owned();
                }
                ("bulkid", Value::String(text)) if is_bulk_id(&text) => entry.bulk_id = Some(text),
                ("version", Value::String(text)) => version = Some(text),
                ("path", Value::String(text)) => path = Some(text),
                ("data", value) => data = value,
                (_, _) => {}
            }
        }
        entry.operation = operation(&entry, version, path.as_deref(), data);
        entry
    }
}

fn operation(
    entry: &Entry,
    version: Option<String>,
    path: Option<&str>,
    data: Value,
) -> Result<BulkOperation, Error> {
    let method = BulkMethod::read(&entry.method).ok_or(NO_OPERATION)?;
    let (kind, id) = path.and_then(target).ok_or(NO_PATH)?;
    let (is_post, is_delete) = (method == BulkMethod::Post, method == BulkMethod::Delete);
    if is_post != id.is_none() {
        return Err(NO_PATH);
    }
    if is_post && entry.bulk_id.is_none() {
        return Err(NO_BULK_ID);
    }
    if !is_delete && !data.is_object() {
        return Err(NO_DATA);
    }
    let data = if is_delete { Value::Null } else { data };
    Ok(BulkOperation { method, bulk_id: entry.bulk_id.clone(), version, kind, id, data })
}

/// `/Users`, or `/Users/{id}`.
fn target(path: &str) -> Option<(&'static ResourceType, Option<String>)> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (endpoint, id) = match path.split_once('/') {
        None | Some((_, "")) => (path.trim_end_matches('/'), None),
        Some((endpoint, id)) => (endpoint, Some(id)),
    };
    let mut kinds = RESOURCE_TYPES.iter();
    let kind = kinds.find(|kind| kind.endpoint.strip_prefix('/') == Some(endpoint))?;
    if id.is_some_and(|id| id.contains(['/', '?', '#'])) {
        return None;
    }
    Some((kind, id.map(str::to_owned)))
}

fn is_bulk_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_BULK_ID
}

fn check_schemas(value: &Value) -> Result<(), Error> {
    let is_ours = |schema: &Value| {
        schema.as_str().is_some_and(|schema| schema.eq_ignore_ascii_case(BULK_SCHEMA))
    };
    match value {
        Value::Array(schemas) if schemas.is_empty() || schemas.iter().any(is_ours) => Ok(()),
        _ => Err(NO_BULK),
    }
}

fn read_fail_on_errors(value: &Value) -> Result<Option<u64>, Error> {
    match value {
        Value::Null => Ok(None),
        value => value.as_u64().map(Some).ok_or(FAIL_ON_ERRORS),
    }
}

/// Of operations with one name, none could be referred to: all of them fail.
fn refuse_repeated_ids(operations: &mut [Entry]) {
    let posted = |entry: &Entry| {
        let posts = entry.operation.as_ref().is_ok_and(|it| it.method == BulkMethod::Post);
        entry.bulk_id.clone().filter(|_| posts)
    };
    let mut ids: Vec<_> = operations.iter().filter_map(posted).collect();
    ids.sort_unstable();
    let repeated: Vec<String> = ids
        .windows(2)
        .filter_map(|two| two.first().filter(|one| Some(*one) == two.last()).cloned())
        .collect();
    for entry in operations {
        if posted(entry).is_some_and(|id| repeated.contains(&id)) {
            entry.operation = Err(REPEATED_BULK_ID);
        }
    }
}

const NO_BULK: Error =
    Error::known(ScimType::InvalidSyntax, "the body does not say that it is a BulkRequest");
const NO_OPERATIONS: Error =
    Error::known(ScimType::InvalidSyntax, "Operations must be a list of operations");
const FAIL_ON_ERRORS: Error =
    Error::known(ScimType::InvalidValue, "failOnErrors must be a number of at least 0");
const NO_OPERATION: Error = Error::known(
    ScimType::InvalidSyntax,
    "each operation must be an object whose method is POST, PUT, PATCH or DELETE",
);
const NO_PATH: Error = Error::known(
    ScimType::InvalidValue,
    "path must be a resource endpoint for POST and a resource for other methods",
);
const NO_BULK_ID: Error = Error::known(ScimType::InvalidValue, "POST needs a bulkId");
const REPEATED_BULK_ID: Error =
    Error::known(ScimType::InvalidValue, "bulkId must be unique in the request");
const NO_DATA: Error = Error::known(ScimType::InvalidValue, "data must be an object");

#[cfg(test)]
mod tests;
