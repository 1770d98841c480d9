//! A request, alone or as a part of a batch.

use serde_json::Value;
use url::Url;

use super::answer::Answer;
use super::query::Query;
use crate::oauth::access_token::Claims;

/// What a request asks for in its headers; a part of a batch asks for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// `Prefer`.
    pub(crate) prefer: Option<String>,
    /// `ConsistencyLevel: eventual`: only then is anything counted.
    pub(crate) eventual: bool,
    /// Whether the addresses of a subscription showed that they want it.
    pub(crate) greeted: bool,
}

/// What is asked of Graph.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Behind the version, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Query,
    pub(crate) wishes: Wishes,
    pub(crate) body: Option<Value>,
    pub(crate) claims: Claims,
}

impl Request {
    /// Reads an address below the version, as it stands in a request line or in a batch.
    pub(crate) fn read(
        method: &str,
        address: &str,
        wishes: Wishes,
        body: Option<Value>,
        claims: Claims,
    ) -> Result<Self, Answer> {
        let unreadable = || Answer::error(400, "BadRequest", "The address cannot be read.");
        let address = address.trim_start_matches('/');
        let url = Url::parse(&format!("http://graph/{address}")).map_err(|_| unreadable())?;
        let segments = url.path_segments().ok_or_else(unreadable)?;
        let path = segments.map(decode).collect::<Option<_>>().ok_or_else(unreadable)?;
        let query = Query::read(&url)?;
        Ok(Self { method: method.to_owned(), path, query, wishes, body, claims })
    }

    /// The path as one text, for rules and logs.
    pub(crate) fn address(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    /// Refuses a token that has none of these permissions.
    pub(crate) fn needs(&self, permissions: &[&str]) -> Result<(), Answer> {
        if self.claims.has_any(permissions) {
            return Ok(());
        }
        let message = "Insufficient privileges to complete the operation.";
        Err(Answer::error(403, "Authorization_RequestDenied", message))
    }

    /// The properties that a change names, in the order of their names.
    pub(crate) fn changes(&self) -> Vec<String> {
        let change = self.object().ok().filter(|_| self.method == "PATCH");
        let mut names: Vec<String> = change.into_iter().flat_map(|it| it.keys().cloned()).collect();
        names.sort_unstable();
        names
    }

    /// The body, which must be an object.
    pub(crate) fn object(&self) -> Result<&serde_json::Map<String, Value>, Answer> {
        let found = self.body.as_ref().and_then(Value::as_object);
        found.ok_or_else(|| Answer::bad("Empty Payload. JSON content expected."))
    }
}

/// Takes percent signs away; a plus is a plus.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |digit: Option<u8>| char::from(digit?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
