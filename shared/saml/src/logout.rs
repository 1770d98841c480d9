//! The answer to a `LogoutRequest`, signed in the query string.

use std::fmt::Write;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateEncoder;
use jiff::Timestamp;
use xmldsig::{Element, IllegalCharacter, RSA_SHA256, Sha256Digest, sha256};

use crate::instant::written;
use crate::names::{ASSERTION, PROTOCOL, SUCCESS};

/// Says that the session is over.
///
/// SAML Core §3.7.2.
#[derive(Clone, Copy, Debug)]
pub struct LogoutResponse<'a> {
    /// The response's own ID, an `NCName`.
    pub id: &'a str,
    /// The issuer of the federated domain, byte for byte as Entra knows it.
    pub issuer: &'a str,
    /// The registered address of the answer.
    pub destination: &'a str,
    /// The ID of the request that is answered.
    pub in_response_to: &'a str,
    /// When the answer is issued.
    pub now: Timestamp,
}

impl LogoutResponse<'_> {
    /// Renders the message, which carries no signature of its own.
    ///
    /// SAML Core §3.7.2.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn to_xml(&self) -> Result<String, IllegalCharacter> {
        let status_code = Element::new(PROTOCOL, "StatusCode").attribute("Value", SUCCESS);
        Element::new(PROTOCOL, "LogoutResponse")
            .attribute("ID", self.id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", written(self.now))
            .attribute("Destination", self.destination)
            .attribute("InResponseTo", self.in_response_to)
            .child(Element::new(ASSERTION, "Issuer").text(self.issuer))
            .child(Element::new(PROTOCOL, "Status").child(status_code))
            .canonical()
    }

    /// Prepares the address of the HTTP-Redirect binding, which awaits its signature.
    ///
    /// SAML Bindings §3.4.4.1: `relay_state` is what came with the request.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn redirect(
        &self,
        relay_state: Option<&str>,
    ) -> Result<UnsignedRedirect, IllegalCharacter> {
        let message = STANDARD.encode(deflate(self.to_xml()?.as_bytes()));
        let mut query = format!("SAMLResponse={}", percent_encoded(&message));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent_encoded(relay_state));
        }
        query.push_str("&SigAlg=");
        query.push_str(&percent_encoded(RSA_SHA256));
        Ok(UnsignedRedirect { destination: self.destination.to_owned(), query })
    }
}

/// An address whose query awaits its signature.
///
/// SAML Bindings §3.4.4.1.
#[derive(Clone, Debug)]
pub struct UnsignedRedirect {
    destination: String,
    query: String,
}

impl UnsignedRedirect {
    /// The digest of the query as it will be sent, which is what the key signs.
    ///
    /// SAML Bindings §3.4.4.1.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        sha256(self.query.as_bytes())
    }

    /// Appends the signature and returns the whole address.
    ///
    /// SAML Bindings §3.4.4.1.
    #[must_use]
    pub fn finish(self, signature: &[u8]) -> String {
        let Self { destination, query } = self;
        let separator = if destination.contains('?') { '&' } else { '?' };
        let signature = percent_encoded(&STANDARD.encode(signature));
        format!("{destination}{separator}{query}&Signature={signature}")
    }
}

#[expect(clippy::expect_used, reason = "reading from and writing to memory cannot fail")]
pub(crate) fn deflate(xml: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::new();
    DeflateEncoder::new(xml, Compression::best()).read_to_end(&mut deflated).expect("memory");
    deflated
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            other => drop(write!(encoded, "%{other:02X}")),
        }
    }
    encoded
}
