use std::fmt;

use askama::Template;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use jiff::Timestamp;

use super::Page;
use crate::language::Language;

/// Shows the certificates of a domain, with what an administrator compares in Entra.
#[derive(Debug, Template)]
#[template(path = "certificate.html")]
pub struct Certificate<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// The federated domain.
    pub domain: &'a str,
    /// The issuer (entity ID) of the domain.
    pub issuer: &'a str,
    /// The active certificate first, then the next.
    pub entries: &'a [Entry<'a>],
    /// Where the active certificate is as PEM.
    pub pem_url: &'a str,
    /// Where the domain's metadata is.
    pub metadata_url: &'a str,
}

impl Page for Certificate<'_> {}

/// One certificate on the page.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The subject's distinguished name.
    pub subject: &'a str,
    /// The first valid instant.
    pub not_before: Timestamp,
    /// The last valid instant (RFC 5280 §4.1.2.5: inside).
    pub not_after: Timestamp,
    /// Whether it signs now.
    pub role: Role,
    sha1: Hex,
    sha256: Hex,
}

impl<'a> Entry<'a> {
    /// Takes the fingerprints from the certificate's DER.
    #[must_use]
    pub fn new(
        der: &[u8],
        subject: &'a str,
        not_before: Timestamp,
        not_after: Timestamp,
        role: Role,
    ) -> Self {
        // SHA-1 because Microsoft's tools name certificates by it; nothing is decided by it.
        let sha1 = Hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref().to_vec());
        let sha256 = Hex(digest(&SHA256, der).as_ref().to_vec());
        Self { subject, not_before, not_after, role, sha1, sha256 }
    }
}

/// What a certificate does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Signs.
    Active,
    /// Is published, and will sign after the next rollover.
    Next,
}

impl Role {
    fn text(self, language: Language) -> &'static str {
        match self {
            Self::Active => language.certificate_active(),
            Self::Next => language.certificate_next(),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Active => "badge good",
            Self::Next => "badge",
        }
    }
}

/// A fingerprint as Windows and Entra write it: upper-case hexadecimal, nothing between.
#[derive(Clone, Debug)]
struct Hex(Vec<u8>);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// A day, the same in every language: `2026-11-21`.
fn day(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_the_standards_examples() {
        let at = Timestamp::UNIX_EPOCH;
        let entry = Entry::new(b"abc", "CN=x", at, at, Role::Active);

        assert_eq!(entry.sha1.to_string(), "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!(
            entry.sha256.to_string(),
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        );
    }
}
