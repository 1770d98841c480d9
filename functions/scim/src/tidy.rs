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
    if path.is_empty() { "/".to_owned() } else { path }
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
        ];
        for (given, expected) in cases {
            let request = Request::builder().uri(given).body(Body::empty()).unwrap();
            assert_eq!(tidy(request).uri().to_string(), expected, "{given}");
        }
    }
}
