//! Passkey ceremonies of an organization, between the table and the page.

use identity::Organization;
use jiff::Timestamp;
use passkey::{Begun, Refused, RelyingParty};
use store::Ceremony;

use crate::failure::Failure;

/// The relying party that an organization's passkeys are bound to.
pub(crate) fn relying_party(organization: &Organization) -> Result<RelyingParty, Failure> {
    let Organization { rp_id, base_url, name, .. } = organization;
    Ok(RelyingParty::new(rp_id, base_url, name)?)
}

/// What the table keeps of a ceremony, and what the page is given.
pub(crate) fn begin(begun: Begun, now: Timestamp) -> (Ceremony, String) {
    (Ceremony::begin(begun.state, now), begun.options)
}

/// The state of a ceremony whose answer is not too late.
pub(crate) fn state(ceremony: Option<&Ceremony>, now: Timestamp) -> Option<&str> {
    ceremony.filter(|ceremony| now < ceremony.ends_at).map(|ceremony| &*ceremony.state)
}

/// The word that the audit keeps of an answer that does not hold.
pub(crate) const fn word(refused: &Refused) -> &'static str {
    match refused {
        Refused::Malformed => "answer_malformed",
        Refused::Challenge => "challenge_other",
        Refused::Origin => "origin_other",
        Refused::UserVerification => "user_not_verified",
        Refused::Cloned => "passkey_cloned",
        Refused::NotDiscoverable => "passkey_not_discoverable",
        Refused::Invalid(_) => "passkey_invalid",
    }
}
