//! A request's body, read only after its key was believed.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::failure::Failure;

/// The largest body of a request about one resource, and of a search.
pub(crate) const LARGEST: usize = 1024 * 1024;
/// The largest body about a group: as many members as one operation takes. API Gateway lets 10 MB
/// through, and Lambda 6 MB after the base64 in which `application/scim+json` comes.
pub(crate) const LARGEST_GROUP: usize = 2 * 1024 * 1024;
/// About how many bytes of memory a body may take once it is read: more than as many members as one
/// operation takes, each with its type.
const MOST_HELD: usize = 24 * 1024 * 1024;

/// A body as it came, not yet read.
pub(crate) struct Payload {
    headers: HeaderMap,
    bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Failure;

    /// Lambda has the whole body in memory already: nothing is waited for.
    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, 4 * LARGEST_GROUP).await;
        let bytes = bytes.map_err(|_| scim::Error::TOO_LARGE)?;
        Ok(Self { headers: parts.headers, bytes })
    }
}

impl Payload {
    /// The JSON that it holds, RFC 7644 §3.8: at most `largest` bytes of it, and none that takes many
    /// times as much memory as that.
    pub(crate) fn json(&self, largest: usize) -> Result<Value, Failure> {
        if !is_json(&self.headers) {
            return Err(scim::Error::MEDIA_TYPE.into());
        }
        if self.bytes.len() > largest || held(&self.bytes) > MOST_HELD {
            return Err(scim::Error::TOO_LARGE.into());
        }
        serde_json::from_slice(&self.bytes).map_err(|_| scim::Error::NO_JSON.into())
    }
}

/// About how many bytes of memory JSON takes once it is read: what is in it, and for each object,
/// list and entry what keeps them, which for small ones is a hundred times as much.
fn held(json: &[u8]) -> usize {
    let (mut held, mut is_text, mut is_escaped) = (json.len(), false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' => held += 600,
            b'[' => held += 160,
            b':' => held += 80,
            b',' => held += 64,
            _ => {}
        }
    }
    held
}

/// `application/scim+json` or `application/json`, in UTF-8 if it says so.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = only.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let known = ["application/scim+json", "application/json"];
    known.iter().any(|known| media_type.eq_ignore_ascii_case(known))
        && parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use scim::member::MAX_MEMBERS;

    use super::*;

    #[test]
    fn many_small_values_weigh_more_than_they_are_long() {
        let cases = [
            ("", 0),
            (r#"{"a":1}"#, 600 + 80),
            (r#"[{},[],1,"x"]"#, 2 * 160 + 600 + 3 * 64),
            (r#""{[,:\"{[,:\\""#, 0),
            (r#"{"\\":"\"","b":null}"#, 600 + 2 * 80 + 64),
        ];
        for (json, expected) in cases {
            assert_eq!(held(json.as_bytes()), json.len() + expected, "{json}");
        }
        let member = r#"{"value":"6b0f1b2c-3d4e-4f60-8172-63544536271a","type":"User"}"#;
        let members = format!("[{}]", vec![member; MAX_MEMBERS].join(","));
        assert!(members.len() <= LARGEST_GROUP && held(members.as_bytes()) <= MOST_HELD);
        let small = format!("[{}]", vec![r#"{"a":1}"#; LARGEST / 8 - 1].join(","));
        assert!(small.len() <= LARGEST && held(small.as_bytes()) > MOST_HELD);
    }

    #[test]
    fn json_is_json_in_utf_8() {
        let cases = [
            ("application/scim+json", true),
            ("application/json", true),
            ("Application/SCIM+JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=utf-8; odata.metadata=none", true),
            ("application/json; charset=iso-8859-1", false),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, given.parse().unwrap());
            assert_eq!(is_json(&headers), expected, "{given}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
