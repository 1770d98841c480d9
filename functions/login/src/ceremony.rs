//! Passkey ceremonies of an organization, between the table and the page.

use identity::Organization;
use jiff::Timestamp;
use passkey::{Begun, RelyingParty};
use store::Ceremony;
use web::page::Notice;

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
pub(crate) fn state(ceremony: Option<&Ceremony>, now: Timestamp) -> Result<&str, Notice> {
    match ceremony {
        Some(ceremony) if now < ceremony.ends_at => Ok(&ceremony.state),
        Some(_) | None => Err(Notice::TooLate),
    }
}
