//! What Entra sends, and what it reads in an answer. Written apart from what ships.

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as B64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;

/// A minimal `AuthnRequest`, as Entra sends it.
#[derive(Clone, Debug)]
pub struct AuthnRequest {
    /// Its id.
    pub id: String,
    /// Attributes after those that every request has.
    pub attributes: String,
    /// When it was issued.
    pub at: Timestamp,
}

impl AuthnRequest {
    /// A request issued at an instant.
    pub fn new(id: &str, at: Timestamp) -> Self {
        Self { id: id.to_owned(), attributes: String::new(), at }
    }

    /// The same request, asking to sign in anew.
    pub fn forced(self) -> Self {
        Self { attributes: " ForceAuthn=\"true\"".to_owned(), ..self }
    }

    /// Its text.
    pub fn xml(&self) -> String {
        let Self { id, attributes, at } = self;
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\" \
             Version=\"2.0\" IssueInstant=\"{at:.3}\"{attributes}>\
             <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             urn:federation:MicrosoftOnline</Issuer>\
             <samlp:NameIDPolicy \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>\
             </samlp:AuthnRequest>"
        )
    }

    /// The query of the HTTP-Redirect binding.
    pub fn query(&self, relay_state: &str) -> String {
        format!("SAMLRequest={}&RelayState={}", redirect_value(&self.xml()), escape(relay_state))
    }

    /// The value of the HTTP-POST binding.
    pub fn form_value(&self) -> String {
        B64.encode(self.xml())
    }
}

/// DEFLATE, base64 and percent-encoding of a message.
pub fn redirect_value(xml: &str) -> String {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(xml.as_bytes()).unwrap();
    escape(&B64.encode(deflated.finish().unwrap()))
}

/// Percent-encoding of all but letters and digits.
pub fn escape(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// The text of an answer.
pub fn decode(response: &str) -> String {
    String::from_utf8(B64.decode(response).unwrap()).unwrap()
}

/// What stands between the first such tags, or in the first such attribute, of a text.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(found, _)| found)
}
