//! Who is signed in at the portal.

use jiff::Timestamp;
use serde::Serialize;

use crate::verdict::{Accepted, Mfa};

/// A sign-in that ended well.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Session {
    pub(crate) user_principal_name: String,
    pub(crate) object_id: String,
    pub(crate) display_name: String,
    /// The federated domain that asserted the user.
    pub(crate) domain: String,
    pub(crate) mfa: Mfa,
    pub(crate) mfa_satisfied: bool,
    /// What Entra would do next, when one factor is not enough.
    pub(crate) next: Option<&'static str>,
    /// When the identity provider says that it authenticated the person.
    pub(crate) authentication_instant: Timestamp,
    /// When the simulator accepted the answer, by its own clock.
    pub(crate) signed_in_at: Timestamp,
    pub(crate) authn_context_class: String,
    pub(crate) session_index: Option<String>,
    /// The certificate slot whose key verified the assertion.
    pub(crate) certificate_slot: &'static str,
    pub(crate) request_id: String,
    #[serde(skip)]
    pub(crate) anchor: String,
}

impl Session {
    pub(crate) fn new(accepted: Accepted, domain: &str, request_id: &str, now: Timestamp) -> Self {
        let Accepted { user, claims, mfa, next } = accepted;
        Self {
            user_principal_name: user.user_principal_name,
            object_id: user.id,
            display_name: user.display_name,
            domain: domain.to_owned(),
            mfa,
            mfa_satisfied: mfa == Mfa::FederatedMultiFactor,
            next,
            authentication_instant: claims.authn_instant,
            signed_in_at: now,
            authn_context_class: claims.context_class,
            session_index: claims.session_index,
            certificate_slot: claims.slot,
            request_id: request_id.to_owned(),
            anchor: claims.anchor,
        }
    }
}
