//! API Gateway's and Lambda's quotas.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>

use http::Request;

/// Request line and headers together, in bytes.
const HEAD: usize = 10_240;

/// A body on the wire; what Lambda takes is less.
pub(super) const REQUEST: usize = 10 * 1024 * 1024;

/// Lambda's own limit, for the whole payload with its body in base64.
pub(super) const PAYLOAD: usize = crate::lambda::PAYLOAD_LIMIT;

/// More header lines than fit into [`HEAD`] anyway.
pub(super) const HEADERS_AT_ONCE: usize = 2_048;

/// Whether request line and headers exceed 10,240 bytes. Answered with 431, as API Gateway does;
/// hyper itself answers 431 or 414 when they do not even fit into its buffer.
pub(super) fn head_is_too_large<B>(request: &Request<B>) -> bool {
    // "GET /path HTTP/1.1\r\n", then "name: value\r\n" each.
    let uri = request.uri();
    let target = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    line + headers > HEAD
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_last_byte_of_10_240_is_let_through() {
        // 16 for "GET / HTTP/1.1\r\n", 5 for "a: " and the line end.
        for (length, too_large) in [(10_240 - 16 - 5, false), (10_241 - 16 - 5, true)] {
            let request = Request::get("/").header("a", "x".repeat(length)).body(()).unwrap();

            assert_eq!(head_is_too_large(&request), too_large, "{length}");
        }
    }
}
