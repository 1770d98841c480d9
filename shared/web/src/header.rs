//! What every answer of a function carries, whether it is a page, a redirect or a file.
//!
//! Knows no route.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue};

use crate::page::REFERRER;

/// Two years, RFC 6797 §6.1. Subdomains are not ours to decide for.
const TWO_YEARS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds to every answer what it lacks: `Strict-Transport-Security` where the request came by
/// HTTPS (RFC 6797 §7.2 forbids it elsewhere), `no-store`, `nosniff`, and the referrer policy.
///
/// For `router.layer(axum::middleware::from_fn(web::header::every_answer))`. lambda_http takes the
/// scheme from `x-forwarded-proto`.
pub async fn every_answer(request: Request, next: Next) -> Response {
    let scheme = request.uri().scheme().cloned();
    let mut response = next.run(request).await;
    complete(response.headers_mut(), scheme.as_ref());
    response
}

fn complete(headers: &mut HeaderMap, scheme: Option<&Scheme>) {
    if scheme == Some(&Scheme::HTTPS) {
        headers.insert(STRICT_TRANSPORT_SECURITY, TWO_YEARS);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(REFERRER);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::response::Redirect;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::asset::{self, Asset};

    async fn answer(uri: &str) -> HeaderMap {
        let router = Router::new()
            .route("/redirect", get(|| async { Redirect::to("/elsewhere") }))
            .route(
                "/file",
                get(|| async {
                    asset::respond(
                        Asset::Style.url().strip_prefix(asset::FOLDER).unwrap_or_default(),
                    )
                }),
            )
            .layer(from_fn(every_answer));
        let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().headers().clone()
    }

    #[tokio::test]
    async fn transport_security_is_told_over_https_only() {
        let cases = [
            ("https://id.contoso.test/redirect", Some("max-age=63072000")),
            ("http://localhost:8080/redirect", None),
            ("/redirect", None),
        ];
        for (uri, expected) in cases {
            let headers = answer(uri).await;
            let told = headers.get(STRICT_TRANSPORT_SECURITY).map(|v| v.to_str().unwrap());
            assert_eq!(told, expected, "{uri}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_guarded_and_a_files_own_caching_is_kept() {
        let redirect = answer("/redirect").await;
        let file = answer("/file").await;

        assert_eq!(redirect[CACHE_CONTROL], "no-store");
        assert_eq!(redirect[REFERRER_POLICY], "strict-origin");
        assert_eq!(redirect[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(file[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
}
