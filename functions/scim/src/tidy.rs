//! Paths as clients really write them, made into those that RFC 7644 §3.2 names.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// Takes doubled and trailing slashes away. The query is read with patience elsewhere, Entra's flag
/// in the tenant URL and all.
///
/// For a layer around the router, so that routes see what is left.
pub(crate) fn tidy(mut request: Request) -> Request {
    let mut tidied = path(request.uri().path());
    if let Some(query) = request.uri().query() {
        tidied.push('?');
        tidied.push_str(query);
    }
    if let Ok(tidied) = PathAndQuery::try_from(tidied) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(tidied);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

fn path(given: &str) -> String {
    let mut path = String::with_capacity(given.len());
    for segment in given.split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(segment);
    }
    match path.as_str() {
        "" => "/".to_owned(),
        // What is no text names nothing, and must be told so like any other name.
        path if !is_text(path) => path.replace('%', "%25"),
        _ => path,
    }
}

/// Whether the escapes of a path stand for text in UTF-8.
fn is_text(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => [*high, *low].map(|digit| char::from(digit).to_digit(16)),
            _ => [None; 2],
        };
        let [Some(high), Some(low)] = escaped else {
            bytes.push(*first);
            rest = after;
            continue;
        };
        bytes.extend(u8::try_from(16 * high + low));
        rest = after.get(2..).unwrap_or_default();
    }
    str::from_utf8(&bytes).is_ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn slashes_that_change_nothing_go_and_the_query_stays() {
        let cases = [
            ("/scim/v2/o/Users", "/scim/v2/o/Users"),
            ("/scim/v2/o/Users/", "/scim/v2/o/Users"),
            ("/scim/v2/o//Users//", "/scim/v2/o/Users"),
            ("/scim/v2/o/Users/?aadOptscim062020", "/scim/v2/o/Users?aadOptscim062020"),
            ("/o/Users??a=1/&&b", "/o/Users??a=1/&&b"),
            ("https://x.test//o/Users/", "https://x.test/o/Users"),
            ("/", "/"),
            ("/o/Users/%C3%A9", "/o/Users/%C3%A9"),
            ("/o/Users/%FF", "/o/Users/%25FF"),
            ("/o/Users/100%", "/o/Users/100%"),
        ];
        for (given, expected) in cases {
            let request = Request::builder().uri(given).body(Body::empty()).unwrap();
            assert_eq!(tidy(request).uri().to_string(), expected, "{given}");
        }
    }
}
