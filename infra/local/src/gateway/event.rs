//! A request in payload format 2.0.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderName};
use http::request::Parts;
use jiff::Timestamp;
use serde::Serialize;

use super::route::Matched;

/// Headers that speak of one connection only.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the gateway adds to a request.
pub(super) struct Origin<'o> {
    pub(super) id: &'o str,
    pub(super) peer: IpAddr,
    pub(super) host: &'o str,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'p> {
    version: &'static str,
    route_key: &'p str,
    raw_path: &'p str,
    raw_query_string: &'p str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<Cow<'p, str>>,
    headers: BTreeMap<&'p str, Cow<'p, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'p>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'p BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'p, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'p> {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'p str,
    domain_prefix: &'p str,
    http: Http<'p>,
    request_id: &'p str,
    route_key: &'p str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'p> {
    method: &'p str,
    path: &'p str,
    protocol: &'static str,
    source_ip: String,
    user_agent: Cow<'p, str>,
}

/// The event that the function receives. `path` is decoded: HTTP APIs hand it over so.
pub(super) fn payload(
    head: &Parts,
    path: &str,
    body: &Bytes,
    matched: &Matched<'_>,
    origin: &Origin<'_>,
) -> Bytes {
    let query = head.uri.query().unwrap_or_default();
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or(origin.host);
    let domain = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (body, is_base64_encoded) = encoded(&head.headers, body);
    let user_agent = head.headers.get("user-agent").map(|value| text(value.as_bytes()));
    let payload = Payload {
        version: "2.0",
        route_key: matched.key,
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(&head.headers),
        headers: headers(&head.headers, host, origin),
        query_string_parameters: query_parameters(query),
        request_context: Context {
            account_id: "123456789012",
            api_id: "local",
            domain_name: domain,
            domain_prefix: domain.split('.').next().unwrap_or(domain),
            http: Http {
                method: head.method.as_str(),
                path,
                protocol: "HTTP/1.1",
                source_ip: origin.peer.to_string(),
                user_agent: user_agent.unwrap_or_default(),
            },
            request_id: origin.id,
            route_key: matched.key,
            stage: "$default",
            time: origin.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: origin.now.as_millisecond(),
        },
        path_parameters: &matched.parameters,
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&payload).map(Bytes::from).unwrap_or_default()
}

/// Decodes a path as HTTP APIs do, which also cut it at a `?` that was encoded. `None` when it is
/// no UTF-8 afterwards.
pub(super) fn decoded_path(path: &str) -> Option<String> {
    let mut decoded = percent_decoded(path)?;
    if let Some(end) = decoded.find('?') {
        decoded.truncate(end);
    }
    Some(decoded)
}

/// Decodes `%XX`; a `%` without two hexadecimal digits stays.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let value = after.first_chunk::<2>().filter(|_| *first == b'%').and_then(hexadecimal);
        match value {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn hexadecimal(digits: &[u8; 2]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u8::from_str_radix(text, 16).ok()
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// `a=1; b=2` of all `Cookie` lines as single entries.
fn cookies(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    let mut cookies = Vec::new();
    for line in headers.get_all(COOKIE) {
        for cookie in line.as_bytes().split(|byte| *byte == b';') {
            let cookie = cookie.trim_ascii();
            if !cookie.is_empty() {
                cookies.push(text(cookie));
            }
        }
    }
    cookies
}

/// Lower-case names; duplicates joined by a comma; cookies apart; the gateway's own added.
fn headers<'p>(
    given: &'p HeaderMap,
    host: &str,
    origin: &Origin<'_>,
) -> BTreeMap<&'p str, Cow<'p, str>> {
    let mut all: BTreeMap<&'p str, Cow<'p, str>> = BTreeMap::new();
    for (name, value) in given {
        if name == COOKIE || HOP_BY_HOP.contains(&name.as_str()) {
            continue;
        }
        let value = text(value.as_bytes());
        all.entry(name.as_str())
            .and_modify(|joined| {
                let joined = joined.to_mut();
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert(value);
    }
    let peer = origin.peer.to_string();
    let chain = match all.get("x-forwarded-for") {
        Some(before) => format!("{before}, {peer}"),
        None => peer,
    };
    all.insert("x-forwarded-for", Cow::Owned(chain));
    all.insert("x-forwarded-port", Cow::Owned(port(host).to_owned()));
    all.insert("x-forwarded-proto", Cow::Borrowed("http"));
    all
}

fn port(host: &str) -> &str {
    host.rsplit_once(':').map_or("80", |(_, port)| port)
}

/// Decoded; duplicates joined by a comma.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
}

/// The body as text where its type says so, else in base64. Forms are base64 on HTTP APIs.
fn encoded<'p>(headers: &HeaderMap, body: &'p Bytes) -> (Option<Cow<'p, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(headers) => (Some(Cow::Borrowed(text)), false),
        _ => (Some(Cow::Owned(STANDARD.encode(body))), true),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let essence = value(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let textual = essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"]
            .contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+xml");
    textual && value(CONTENT_ENCODING).is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::template::model::Route;

    fn event(request: Request<&'static [u8]>) -> Value {
        let (head, body) = request.into_parts();
        let route = Route {
            method: None,
            path: None,
            function: "F".to_owned(),
            timeout: Duration::from_secs(30),
        };
        let matched = Matched { route: &route, key: "$default", parameters: BTreeMap::new() };
        let origin = Origin {
            id: "id=",
            peer: [127, 0, 0, 1].into(),
            host: "localhost:8080",
            now: "2026-11-21T12:05:06.789Z".parse().unwrap(),
        };
        let path = decoded_path(head.uri.path()).unwrap();
        let bytes = payload(&head, &path, &Bytes::from_static(body), &matched, &origin);
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_request_is_told_as_the_documentation_tells_it() {
        let request = Request::get("/a%20b/%7Eme?x=1&x=%32&q=a%2fb+c&empty")
            .header("Host", "localhost:8080")
            .header("User-Agent", "test")
            .header("Cookie", "a=1; b=\"2\"")
            .header("Cookie", "c=3;")
            .header("X-Twice", "one")
            .header("X-Twice", "two")
            .header("Connection", "keep-alive")
            .body(b"".as_slice())
            .unwrap();

        let event = event(request);

        assert_eq!(
            event,
            json!({
                "version": "2.0", "routeKey": "$default",
                "rawPath": "/a b/~me", "rawQueryString": "x=1&x=%32&q=a%2fb+c&empty",
                "cookies": ["a=1", "b=\"2\"", "c=3"],
                "headers": {
                    "host": "localhost:8080", "user-agent": "test", "x-twice": "one,two",
                    "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "8080",
                    "x-forwarded-proto": "http",
                },
                "queryStringParameters": {"x": "1,2", "q": "a/b c", "empty": ""},
                "requestContext": {
                    "accountId": "123456789012", "apiId": "local",
                    "domainName": "localhost", "domainPrefix": "localhost",
                    "http": {
                        "method": "GET", "path": "/a b/~me", "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1", "userAgent": "test",
                    },
                    "requestId": "id=", "routeKey": "$default", "stage": "$default",
                    "time": "21/Nov/2026:12:05:06 +0000", "timeEpoch": 1_795_262_706_789_i64,
                },
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn only_text_goes_without_base64() {
        let cases: [(&str, &[u8], &str, bool); 6] = [
            ("application/json; charset=utf-8", b"{}", "{}", false),
            ("application/scim+json", b"{}", "{}", false),
            ("text/xml", b"<a/>", "<a/>", false),
            ("text/plain", b"\xff", "/w==", true),
            ("application/x-www-form-urlencoded", b"a=1", "YT0x", true),
            ("", b"x", "eA==", true),
        ];
        for (kind, body, expected, base64) in cases {
            let request = Request::post("/").header("content-type", kind).body(body).unwrap();

            let event = event(request);

            let found = (event["body"].as_str(), event["isBase64Encoded"].as_bool());
            assert_eq!(found, (Some(expected), Some(base64)), "{kind}");
        }
    }

    #[test]
    fn a_path_is_decoded_once_and_ends_at_a_question_mark() {
        let cases = [
            ("/a%2Fb", Some("/a/b")),
            ("/%252F", Some("/%2F")),
            ("/100%", Some("/100%")),
            ("/%+1", Some("/%+1")),
            ("/a%3Fb", Some("/a")),
            ("/%ff", None),
        ];
        for (path, expected) in cases {
            assert_eq!(decoded_path(path).as_deref(), expected, "{path}");
        }
    }
}
