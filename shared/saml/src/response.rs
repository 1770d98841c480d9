//! What Entra gets back: one signed assertion, or a status that says why there is none.

mod declined;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use xmldsig::{Certificate, Element, IllegalCharacter, Place, Sha256Digest, Unsigned};

use crate::instant::{written, written_from};
use crate::names::{ASSERTION, ENTRA, PERSISTENT, PROTOCOL, SUCCESS};

pub use declined::Declined;

/// How long before now an assertion holds already, for clocks that are behind ours.
pub const BACKDATED: SignedDuration = SignedDuration::from_mins(2);

/// How long an assertion may be presented; the end is outside.
pub const DELIVERED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// How long an assertion holds; the end is outside.
pub const VALID_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How the person signed in, told truthfully.
///
/// SAML Core §2.7.2.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthnContext {
    /// Two factors: the ceremony had user verification, which is what Entra takes as MFA.
    MultipleAuthn,
    /// No claim about the means. Entra then asks for a second factor where it needs one.
    Unspecified,
}

impl AuthnContext {
    const fn class(self) -> &'static str {
        match self {
            Self::MultipleAuthn => "http://schemas.microsoft.com/claims/multipleauthn",
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
        }
    }
}

/// The answer to an accepted request: who signed in, when and how.
///
/// SAML Core §3.3.3, SAML Core §2.3.3.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The response's own ID, an `NCName`.
    pub response_id: &'a str,
    /// The assertion's own ID, an `NCName`, never used before.
    pub assertion_id: &'a str,
    /// The issuer of the federated domain, byte for byte as Entra knows it.
    pub issuer: &'a str,
    /// The registered reply URL.
    pub reply_url: &'a str,
    /// The ID of the request that is answered.
    pub in_response_to: &'a str,
    /// When the answer is issued.
    pub now: Timestamp,
    /// The user's ImmutableID, which Entra compares exactly.
    pub anchor: &'a str,
    /// The user's UPN.
    pub upn: &'a str,
    /// When the ceremony was, not when the session was used.
    pub authn_instant: Timestamp,
    /// How the ceremony was.
    pub context: AuthnContext,
    /// The name of the session in a later `LogoutRequest`.
    pub session_index: &'a str,
}

impl Answer<'_> {
    /// Builds the response around an assertion that awaits its signature.
    ///
    /// SAML Core §5.4: the assertion is signed, the response around it is not.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn unsigned(
        &self,
        certificate: &Certificate,
    ) -> Result<UnsignedResponse, IllegalCharacter> {
        let assertion = Unsigned::new(
            self.assertion(),
            self.assertion_id,
            Place::AfterFirstChild,
            certificate,
        )?;
        let status = Element::new(PROTOCOL, "Status").child(status_code(SUCCESS));
        let envelope = Envelope {
            response_id: self.response_id,
            issuer: self.issuer,
            reply_url: self.reply_url,
            in_response_to: self.in_response_to,
            now: self.now,
        };
        Ok(UnsignedResponse(assertion.within(envelope.element().child(status))?))
    }

    fn assertion(&self) -> Element {
        Element::new(ASSERTION, "Assertion")
            .attribute("ID", self.assertion_id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", written(self.now))
            .child(Element::new(ASSERTION, "Issuer").text(self.issuer))
            .child(self.subject())
            .child(self.conditions())
            .child(self.attributes())
            .child(self.statement())
    }

    /// SAML Core §2.4.
    fn subject(&self) -> Element {
        let name_id =
            Element::new(ASSERTION, "NameID").attribute("Format", PERSISTENT).text(self.anchor);
        let data = Element::new(ASSERTION, "SubjectConfirmationData")
            .attribute("InResponseTo", self.in_response_to)
            .attribute("NotOnOrAfter", written_from(self.now, DELIVERED_WITHIN))
            .attribute("Recipient", self.reply_url);
        let confirmation = Element::new(ASSERTION, "SubjectConfirmation")
            .attribute("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
            .child(data);
        Element::new(ASSERTION, "Subject").child(name_id).child(confirmation)
    }

    /// SAML Core §2.5.
    fn conditions(&self) -> Element {
        let audience = Element::new(ASSERTION, "Audience").text(ENTRA);
        Element::new(ASSERTION, "Conditions")
            .attribute("NotBefore", written_from(self.now, -BACKDATED))
            .attribute("NotOnOrAfter", written_from(self.now, VALID_FOR))
            .child(Element::new(ASSERTION, "AudienceRestriction").child(audience))
    }

    /// SAML Core §2.7.3.
    fn attributes(&self) -> Element {
        let value = Element::new(ASSERTION, "AttributeValue").text(self.upn);
        let attribute =
            Element::new(ASSERTION, "Attribute").attribute("Name", "IDPEmail").child(value);
        Element::new(ASSERTION, "AttributeStatement").child(attribute)
    }

    /// SAML Core §2.7.2.
    fn statement(&self) -> Element {
        let class = Element::new(ASSERTION, "AuthnContextClassRef").text(self.context.class());
        Element::new(ASSERTION, "AuthnStatement")
            .attribute("AuthnInstant", written(self.authn_instant))
            .attribute("SessionIndex", self.session_index)
            .child(Element::new(ASSERTION, "AuthnContext").child(class))
    }
}

/// A response whose assertion awaits its signature.
///
/// SAML Core §5.4.
#[derive(Clone, Debug)]
pub struct UnsignedResponse(Unsigned);

impl UnsignedResponse {
    /// The digest that the federation key signs: RSASSA-PKCS1-v1_5 over SHA-256.
    ///
    /// XML Signature §4.3.
    #[must_use]
    pub const fn digest(&self) -> Sha256Digest {
        self.0.digest()
    }

    /// Splices the signature in and renders the complete response.
    ///
    /// XML Signature §4.3.
    #[must_use]
    pub fn finish(self, signature: &[u8]) -> String {
        self.0.finish(signature)
    }
}

/// Encodes a message for the form of the HTTP-POST binding: base64 without line breaks.
///
/// SAML Bindings §3.5.4.
#[must_use]
pub fn form_value(xml: &str) -> String {
    STANDARD.encode(xml)
}

/// What every response has on the outside.
#[derive(Clone, Copy, Debug)]
struct Envelope<'a> {
    response_id: &'a str,
    issuer: &'a str,
    reply_url: &'a str,
    in_response_to: &'a str,
    now: Timestamp,
}

impl Envelope<'_> {
    /// SAML Core §3.2.2: the attributes and the issuer.
    fn element(&self) -> Element {
        Element::new(PROTOCOL, "Response")
            .attribute("ID", self.response_id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", written(self.now))
            .attribute("Destination", self.reply_url)
            .attribute("InResponseTo", self.in_response_to)
            .child(Element::new(ASSERTION, "Issuer").text(self.issuer))
    }
}

/// SAML Core §3.2.2.2.
fn status_code(value: &'static str) -> Element {
    Element::new(PROTOCOL, "StatusCode").attribute("Value", value)
}
