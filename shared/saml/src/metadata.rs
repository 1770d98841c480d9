//! What we tell a relying party about ourselves.

use jiff::{SignedDuration, Timestamp};
use xmldsig::{Certificate, DS, Element, IllegalCharacter, Place, Unsigned};

use crate::instant::written_from;
use crate::names::{METADATA, PERSISTENT, POST, PROTOCOL, REDIRECT};

/// How long metadata may be relied on; the end is outside.
pub const VALID_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// After how long metadata should be fetched again: six hours.
const CACHE_DURATION: &str = "PT6H";

/// The identity provider of one federated domain.
///
/// SAML Metadata §2.3.2.
#[derive(Clone, Copy, Debug)]
pub struct EntityDescriptor<'a> {
    /// The document's own ID, an `NCName`.
    pub id: &'a str,
    /// The issuer of the federated domain.
    pub entity_id: &'a str,
    /// Where requests to sign in are sent, by Redirect or POST.
    pub sso_url: &'a str,
    /// Where requests to sign out are sent, by Redirect.
    pub slo_url: &'a str,
    /// The certificates whose signatures may be trusted: the active one first, then the next.
    pub certificates: &'a [&'a Certificate],
    /// When the metadata is issued.
    pub now: Timestamp,
}

impl EntityDescriptor<'_> {
    /// Builds the metadata, which awaits the signature of the active key.
    ///
    /// SAML Metadata §3.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn unsigned(&self, active: &Certificate) -> Result<Unsigned, IllegalCharacter> {
        let root = Element::new(METADATA, "EntityDescriptor")
            .attribute("ID", self.id)
            .attribute("entityID", self.entity_id)
            .attribute("validUntil", written_from(self.now, VALID_FOR))
            .attribute("cacheDuration", CACHE_DURATION)
            .child(self.identity_provider());
        Unsigned::new(root, self.id, Place::First, active)
    }

    /// SAML Metadata §2.4.3.
    fn identity_provider(&self) -> Element {
        let role = Element::new(METADATA, "IDPSSODescriptor")
            .attribute("protocolSupportEnumeration", PROTOCOL.uri)
            .attribute("WantAuthnRequestsSigned", "false");
        let role = self
            .certificates
            .iter()
            .fold(role, |role, certificate| role.child(key_descriptor(certificate)));
        role.child(endpoint("SingleLogoutService", REDIRECT, self.slo_url))
            .child(Element::new(METADATA, "NameIDFormat").text(PERSISTENT))
            .child(endpoint("SingleSignOnService", REDIRECT, self.sso_url))
            .child(endpoint("SingleSignOnService", POST, self.sso_url))
    }
}

/// SAML Metadata §2.4.1.1.
fn key_descriptor(certificate: &Certificate) -> Element {
    let certificate = Element::new(DS, "X509Certificate").text(certificate.base64());
    let data = Element::new(DS, "X509Data").child(certificate);
    Element::new(METADATA, "KeyDescriptor")
        .attribute("use", "signing")
        .child(Element::new(DS, "KeyInfo").child(data))
}

/// SAML Metadata §2.2.2.
fn endpoint(name: &'static str, binding: &'static str, location: &str) -> Element {
    Element::new(METADATA, name).attribute("Binding", binding).attribute("Location", location)
}
