//! What API Gateway passes on and the HTTP library would not read.

use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;

/// Percent-encodes what API Gateway lets through and a URI must not hold (RFC 3986 §3.4): the
/// library that turns the event into a request panics at it.
///
/// Everything else stays byte for byte. For `ServiceBuilder::map_request`, around the adapter.
pub fn readable(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        // The library panics at a host that is none, and anybody may write one.
        let host = request.request_context.domain_name.as_deref().unwrap_or("localhost");
        if let Ok(host) = host.parse() {
            request.headers.insert(http::header::HOST, host);
        }
        for part in [&mut request.raw_path, &mut request.raw_query_string].into_iter().flatten() {
            if !part.bytes().all(may_stand) {
                *part = encode(part);
            }
        }
    }
    event
}

/// Whether a byte may stand in a path or a query: `pchar`, `/`, `?` and `%` (RFC 3986 §3.3).
const fn may_stand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'@' | b'/' | b'?')
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if may_stand(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_uri_must_not_hold_is_encoded() {
        let cases = [
            ("SAMLRequest=a%2bb%3d&RelayState=x", "SAMLRequest=a%2bb%3d&RelayState=x"),
            ("a={\"b\":<c>}", "a=%7B%22b%22:%3Cc%3E%7D"),
            ("a=é |\\^`#[]", "a=%C3%A9%20%7C%5C%5E%60%23%5B%5D"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(encode(given), expected, "{given}");
        }
    }
}
