//! Whether a form comes from our own page in the browser that the page was sent to.
//!
//! Knows no cookie: the secret is the caller's, one that only that browser holds.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};
use subtle::ConstantTimeEq;
use thiserror::Error;

const DOMAIN: &[u8] = b"passerelle csrf 1\0";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token for the forms of the browser that holds `secret` (at least 128 random bits).
///
/// The secret cannot be found from the token, so a page may show the one and not the other.
#[must_use]
pub fn token(secret: &str) -> String {
    let mut context = Context::new(&SHA256);
    context.update(DOMAIN);
    context.update(secret.as_bytes());
    URL_SAFE_NO_PAD.encode(context.finish())
}

/// Checks in constant time that `given` is the token of `secret`.
///
/// # Errors
/// [`CsrfRefused::Token`] if it is not.
pub fn check(secret: &str, given: &str) -> Result<(), CsrfRefused> {
    let expected = token(secret);
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        Ok(())
    } else {
        Err(CsrfRefused::Token)
    }
}

/// Checks that a POST was made by a page of our own origin, that of `base_url`.
///
/// The `Origin` header decides; without one `Sec-Fetch-Site` does (Fetch Metadata §2.4); a browser
/// that sends neither is left to [`check`]. Not for the SAML endpoints, which others post to.
///
/// # Errors
/// [`CsrfRefused::Origin`] if a header names another origin, or `null`.
pub fn same_origin(headers: &HeaderMap, base_url: &str) -> Result<(), CsrfRefused> {
    let mut origins = headers.get_all(ORIGIN).into_iter();
    let ours = match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.as_bytes() == origin_of(base_url).as_bytes(),
        (Some(_), Some(_)) => false,
        (None, _) => headers
            .get_all(SEC_FETCH_SITE)
            .into_iter()
            .all(|site| site == "same-origin" || site == "none"),
    };
    if ours { Ok(()) } else { Err(CsrfRefused::Origin) }
}

/// Scheme and authority of a URL, as browsers write an origin (RFC 6454 §6.2).
fn origin_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .char_indices()
        .find(|&(at, c)| at >= authority && matches!(c, '/' | '?' | '#'))
        .map_or(url.len(), |(at, _)| at);
    url.get(..end).unwrap_or(url)
}

/// Why a form is not accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CsrfRefused {
    /// The token is missing or another browser's.
    #[error("the form's token is not this browser's")]
    Token,
    /// The form was sent by a page of another origin.
    #[error("the form was sent by a page of another origin")]
    Origin,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_of_the_same_secret_passes() {
        let good = token("secret");
        let mut flipped = good.clone();
        flipped.replace_range(..1, if good.starts_with('A') { "B" } else { "A" });
        let cases = [
            (good.clone(), Ok(())),
            (token("Secret"), Err(CsrfRefused::Token)),
            (flipped, Err(CsrfRefused::Token)),
            (good.get(1..).unwrap().to_owned(), Err(CsrfRefused::Token)),
            (format!("{good}="), Err(CsrfRefused::Token)),
            (String::new(), Err(CsrfRefused::Token)),
            ("secret".to_owned(), Err(CsrfRefused::Token)),
        ];
        for (given, expected) in cases {
            assert_eq!(check("secret", &given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_token_is_43_characters_that_need_no_escaping() {
        let token = token("");

        assert_eq!(token.len(), 43);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn a_post_from_another_origin_is_refused() {
        let ours = "https://id.contoso.test";
        let refused = Err(CsrfRefused::Origin);
        type Lines<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Lines<'_>, Result<(), CsrfRefused>); 15] = [
            (&[], Ok(())),
            (&[("origin", ours)], Ok(())),
            (&[("origin", ours), ("sec-fetch-site", "cross-site")], Ok(())),
            (&[("origin", "null")], refused),
            (&[("origin", "")], refused),
            (&[("origin", "http://id.contoso.test")], refused),
            (&[("origin", "https://id.contoso.test:8443")], refused),
            (&[("origin", "https://id.contoso.test.evil.test")], refused),
            (&[("origin", "https://evil.test"), ("sec-fetch-site", "same-origin")], refused),
            (&[("origin", ours), ("origin", ours)], refused),
            (&[("sec-fetch-site", "same-origin")], Ok(())),
            (&[("sec-fetch-site", "none")], Ok(())),
            (&[("sec-fetch-site", "same-site")], refused),
            (&[("sec-fetch-site", "cross-site")], refused),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], refused),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            assert_eq!(same_origin(&headers, "https://id.contoso.test/"), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_origin_is_scheme_and_authority() {
        let cases = [
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080/", "http://localhost:8080"),
            ("https://a.test/path?x", "https://a.test"),
            ("https://a.test?x", "https://a.test"),
        ];
        for (url, expected) in cases {
            assert_eq!(origin_of(url), expected, "{url}");
        }
    }
}
