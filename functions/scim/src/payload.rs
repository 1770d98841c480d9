//! A request's body, read only after its key was believed.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::failure::Failure;

/// The largest body of a request about one resource, and of a search.
pub(crate) const LARGEST: usize = 1024 * 1024;
/// The largest body about a group: some forty thousand members. API Gateway lets 10 MB through, and
/// Lambda 6 MB after the base64 in which `application/scim+json` comes.
pub(crate) const LARGEST_GROUP: usize = 4 * 1024 * 1024;

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
        let bytes = axum::body::to_bytes(body, 2 * LARGEST_GROUP).await;
        let bytes = bytes.map_err(|_| scim::Error::TOO_LARGE)?;
        Ok(Self { headers: parts.headers, bytes })
    }
}

impl Payload {
    /// The JSON that it holds, RFC 7644 §3.8: at most `largest` bytes of it.
    pub(crate) fn json(&self, largest: usize) -> Result<Value, Failure> {
        if !is_json(&self.headers) {
            return Err(scim::Error::MEDIA_TYPE.into());
        }
        if self.bytes.len() > largest {
            return Err(scim::Error::TOO_LARGE.into());
        }
        serde_json::from_slice(&self.bytes).map_err(|_| scim::Error::NO_JSON.into())
    }
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
    use super::*;

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
