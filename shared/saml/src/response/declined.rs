//! An answer without an assertion.

use jiff::Timestamp;
use xmldsig::{Element, IllegalCharacter};

use crate::names::{NO_PASSIVE, PROTOCOL, RESPONDER};

use super::{Envelope, status_code};

/// The person would have to be asked, and the request forbids it. Asserts nobody, and so needs no
/// signature.
///
/// SAML Core §3.2.2, SAML Core §3.2.2.2.
#[derive(Clone, Copy, Debug)]
pub struct Declined<'a> {
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
}

impl Declined<'_> {
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
        let code = status_code(RESPONDER).child(status_code(NO_PASSIVE));
        envelope.element().child(Element::new(PROTOCOL, "Status").child(code)).canonical()
    }
}
