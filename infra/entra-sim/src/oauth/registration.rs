//! Applications as their owner registers them, and what tenants consent to.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An application of some tenant, which any tenant may consent to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Application {
    /// What people read when they consent.
    pub display_name: String,
    /// Where answers may go, byte for byte.
    pub redirect_uris: Vec<String>,
    /// The uploaded certificates: base64 of DER on one line. Several, so that one can follow another.
    pub certificates: Vec<String>,
    /// The application permissions of Graph that it declares.
    pub roles: BTreeSet<String>,
    /// The delegated permissions of Graph that may be asked for with it. Entra lets any be asked for;
    /// here it is an error of whoever registered it.
    pub scopes: BTreeSet<String>,
    /// Whether its id tokens name the person's directory roles (`groupMembershipClaims` in the
    /// manifest).
    pub directory_role_claims: bool,
}

impl Application {
    /// The certificates in DER; what is none is left out.
    pub(crate) fn certificate_ders(&self) -> impl Iterator<Item = Vec<u8>> {
        self.certificates.iter().filter_map(|text| STANDARD.decode(text).ok())
    }
}

/// What a tenant allows an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The application permissions.
    pub roles: BTreeSet<String>,
    /// Who consented, as a sign-in name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
