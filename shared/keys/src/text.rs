//! How a certificate is written down for people, files and Microsoft Graph.

use std::fmt::Write;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Characters of base64 on one line of a PEM file, RFC 7468 §2.
const PEM_LINE: usize = 64;

/// The digests of a certificate's DER that people compare, in upper-case hexadecimal.
///
/// Windows and Entra show the SHA-1 one as the *thumbprint*. It identifies, it secures nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fingerprint {
    /// 40 characters.
    pub sha1: String,
    /// 64 characters.
    pub sha256: String,
}

impl Fingerprint {
    /// The digests of whatever Microsoft Graph gives for a certificate; [`None`] where it is no base64.
    pub fn of_base64(text: &str) -> Option<Self> {
        Some(Self::of(&STANDARD.decode(text.trim()).ok()?))
    }

    pub(crate) fn of(der: &[u8]) -> Self {
        Self {
            sha1: hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
            sha256: hex(digest::digest(&digest::SHA256, der).as_ref()),
        }
    }
}

/// Writes a certificate as a PEM file, RFC 7468 §5.
pub(crate) fn pem(der: &[u8]) -> String {
    let encoded = base64(der);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / PEM_LINE + 64);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// Writes a certificate as XML signatures and Microsoft Graph want it: base64 without line breaks.
pub(crate) fn base64(der: &[u8]) -> String {
    STANDARD.encode(der)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Keeps DER as base64 text: a store that has no bytes would spell a list of numbers.
pub(crate) mod serde_der {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Engine, STANDARD};

    pub(crate) fn serialize<S: Serializer>(der: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::base64(der))
    }

    pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<u8>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_the_published_digests_of_abc() {
        let fingerprint = Fingerprint::of(b"abc");

        assert_eq!(fingerprint.sha1, "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!(
            fingerprint.sha256,
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        );
    }

    #[test]
    fn a_pem_line_has_64_characters_and_none_is_empty() {
        let cases = [
            // bytes, lines between the armour
            (47, 1),
            (48, 1),
            (49, 2),
            (96, 2),
        ];
        for (bytes, lines) in cases {
            let text = pem(&vec![0; bytes]);
            let body: Vec<&str> = text.lines().filter(|line| !line.starts_with('-')).collect();
            assert_eq!(body.len(), lines, "{bytes} bytes");
            assert!(body.iter().all(|line| (1..=64).contains(&line.len())), "{bytes} bytes");
            assert!(text.ends_with("-----END CERTIFICATE-----\n"), "{bytes} bytes");
        }
    }
}
