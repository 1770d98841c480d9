//! The certificate that travels with a signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The DER bytes of the X.509 certificate that goes into `KeyInfo`.
///
/// XML Signature §4.5.4. The bytes are carried, never read: who may sign is the verifier's
/// decision, and which certificate belongs to a key is the key ring's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// Takes the DER bytes as they are.
    ///
    /// XML Signature §4.5.4.
    #[must_use]
    pub const fn from_der(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// Shows the DER bytes.
    ///
    /// XML Signature §4.5.4.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Writes the DER bytes as base64 without line breaks, the text of `X509Certificate`.
    ///
    /// XML Signature §4.5.4.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_padding_and_no_line_breaks() {
        let certificate = Certificate::from_der(vec![0xFB; 100]);

        assert_eq!(certificate.der().len(), 100);
        assert_eq!(certificate.base64().len(), 136);
        assert!(certificate.base64().ends_with("+/v7+w=="));
    }
}
