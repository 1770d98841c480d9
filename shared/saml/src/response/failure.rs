//! An answer without an assertion.

use jiff::Timestamp;
use xmldsig::{Element, IllegalCharacter};

use crate::names::{PROTOCOL, RESPONDER};

use super::{Envelope, status_code};

/// Why there is no assertion: the second-level status.
///
/// SAML Core §3.2.2.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureStatus {
    /// The person could not be authenticated.
    AuthnFailed,
    /// The person would have to be asked, and the request forbids it.
    NoPassive,
    /// We are able to answer and choose not to.
    RequestDenied,
}

impl FailureStatus {
    const fn code(self) -> &'static str {
        match self {
            Self::AuthnFailed => "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
            Self::NoPassive => "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
            Self::RequestDenied => "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
        }
    }
}

/// A response without an assertion, which needs no signature.
///
/// SAML Core §3.2.2.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The response's own ID, an `NCName`.
    pub response_id: &'a str,
    /// The issuer of the federated domain, byte for byte as Entra knows it.
    pub issuer: &'a str,
    /// The registered reply URL.
    pub reply_url: &'a str,
    /// The ID of the request that is answered.
    pub in_response_to: &'a str,
    /// When the answer is issued.
    pub now: Timestamp,
    /// Why there is no assertion.
    pub status: FailureStatus,
}

impl Failure<'_> {
    /// Renders the response.
    ///
    /// SAML Core §3.2.2.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn to_xml(&self) -> Result<String, IllegalCharacter> {
        let envelope = Envelope {
            response_id: self.response_id,
            issuer: self.issuer,
            reply_url: self.reply_url,
            in_response_to: self.in_response_to,
            now: self.now,
        };
        let code = status_code(RESPONDER).child(status_code(self.status.code()));
        envelope.element().child(Element::new(PROTOCOL, "Status").child(code)).canonical()
    }
}
