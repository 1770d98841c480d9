//! Cookies that only this host set: the `__Host-` prefix, always.
//!
//! Knows no session: names and values are the caller's.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use thiserror::Error;

/// Browsers take a cookie of this prefix only with `Secure`, `Path=/` and no `Domain`, so neither
/// a sibling host nor plain HTTP can plant one (RFC 6265bis §4.1.3.2).
///
/// Plain `http://localhost` counts as trustworthy: Chromium 156 keeps such a cookie there and
/// sends it, so the local stack needs no other prefix.
const PREFIX: &str = "__Host-";

/// A cookie to be set, without its prefix.
#[derive(Clone)]
pub struct Cookie<'a> {
    name: &'a str,
    value: &'a str,
    life: Life,
}

#[derive(Clone, Copy)]
enum Life {
    Browser,
    Seconds(i64),
}

impl<'a> Cookie<'a> {
    /// A cookie for this host that lives until the browser closes.
    #[must_use]
    pub fn host(name: &'a str, value: &'a str) -> Self {
        Self { name, value, life: Life::Browser }
    }

    /// Lets the cookie live for `age`, in whole seconds.
    #[must_use]
    pub fn max_age(self, age: SignedDuration) -> Self {
        Self { life: Life::Seconds(age.as_secs().max(0)), ..self }
    }

    /// The cookie that removes the one of this name.
    #[must_use]
    pub fn remove(name: &'a str) -> Self {
        Self { name, value: "", life: Life::Seconds(0) }
    }

    /// The `Set-Cookie` value: `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`.
    ///
    /// `Lax` because the browser comes back to us from Microsoft by a top-level GET; a landed
    /// cross-site POST carries no cookie, but a cookie set in its answer is sent with the GET that
    /// the answer redirects to.
    ///
    /// # Errors
    /// [`UnwritableCookie`] if the name is no token or the value holds what a cookie cannot carry
    /// (RFC 6265 §4.1.1).
    pub fn header(&self) -> Result<HeaderValue, UnwritableCookie> {
        if !is_name(self.name) || !self.value.bytes().all(is_octet) {
            return Err(UnwritableCookie);
        }
        let Self { name, value, life } = self;
        let life = match life {
            Life::Browser => String::new(),
            Life::Seconds(seconds) => format!("; Max-Age={seconds}"),
        };
        let text = format!("{PREFIX}{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{life}");
        HeaderValue::try_from(text).map_err(|_| UnwritableCookie)
    }
}

/// A name or value that no cookie can carry.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a cookie's name or value holds a character that no cookie can carry")]
pub struct UnwritableCookie;

/// Reads the value of our cookie of this name, given without its prefix.
///
/// Two cookies of the same name are none: one of them was planted, and nothing tells which.
#[must_use]
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(key, _)| key.strip_prefix(PREFIX) == Some(name))
        .map(|(_, value)| value);
    let value = found.next()?;
    match found.next() {
        None => Some(value),
        Some(_) => None,
    }
}

/// The names of all our cookies, without their prefix, oldest first as browsers send them.
pub fn names(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('=')?.0.strip_prefix(PREFIX))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// `cookie-octet`, RFC 6265 §4.1.1.
fn is_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_written_with_every_guard() {
        let cases = [
            (
                Cookie::host("session-o1", "abc_-="),
                "__Host-session-o1=abc_-=; Path=/; Secure; HttpOnly; SameSite=Lax",
            ),
            (
                Cookie::host("session-o1", "abc").max_age(SignedDuration::from_hours(8)),
                "__Host-session-o1=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=28800",
            ),
            (
                Cookie::host("a", "b").max_age(SignedDuration::from_secs(-1)),
                "__Host-a=b; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ),
            (
                Cookie::remove("session-o1"),
                "__Host-session-o1=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ),
        ];
        for (cookie, expected) in cases {
            assert_eq!(cookie.header().unwrap(), expected);
        }
    }

    #[test]
    fn what_would_end_the_value_or_the_header_is_refused() {
        let cases = [
            ("a", "b; Domain=x"),
            ("a", "b\r\nx: y"),
            ("a", "ü"),
            ("a", "\"b\""),
            ("a", "b,c"),
            ("", "b"),
            ("a=b", "c"),
            ("a b", "c"),
            ("a\n", "c"),
        ];
        for (name, value) in cases {
            assert_eq!(Cookie::host(name, value).header(), Err(UnwritableCookie), "{name} {value}");
        }
    }

    #[test]
    fn a_cookie_is_read_only_when_it_is_there_exactly_once() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&["__Host-s=1"], Some("1")),
            (&["a=b; __Host-s=1; c=d"], Some("1")),
            (&["a=b;__Host-s=1=2;"], Some("1=2")),
            (&["a=b", "__Host-s=1"], Some("1")),
            (&["__Host-s="], Some("")),
            (&["s=1"], None),
            (&["__host-s=1"], None),
            (&["__Host-S=1"], None),
            (&["__Host-s"], None),
            (&["__Host-st=1"], None),
            (&["__Host-s=1; __Host-s=1"], None),
            (&["__Host-s=1; __Host-s=2"], None),
            (&["__Host-s=1", "__Host-s=2"], None),
            (&["__Host-s=1; s=2; __Host-ss=3"], Some("1")),
            (&[";;; = ;"], None),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(COOKIE, line.parse().unwrap());
            }
            assert_eq!(read(&headers, "s"), *expected, "{lines:?}");
        }
    }

    #[test]
    fn a_line_that_is_no_text_hides_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_bytes(b"__Host-s=\xff").unwrap());
        headers.append(COOKIE, "__Host-t=1".parse().unwrap());

        assert_eq!(read(&headers, "s"), None);
        assert_eq!(read(&headers, "t"), Some("1"));
    }
}
