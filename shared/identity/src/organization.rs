//! A company served by the deployment.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Directory, DirectoryId, DomainName, Method, Mode, OrganizationId, Secret, User, UserId,
};

/// How long a session lives unless the organization says otherwise.
pub const SESSION_HOURS: u32 = 8;

/// A company, with what was fixed when it was set up and what its administrators may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Names it everywhere.
    pub id: OrganizationId,
    /// What its people call it; shown on their pages.
    pub name: String,
    /// Our own origin, `https://id.example.org`, without a trailing slash. Fixed at bootstrap:
    /// passkeys are bound to it.
    pub base_url: String,
    /// The WebAuthn RP ID: the host of `base_url`.
    pub rp_id: String,
    /// How long a session lives, in hours.
    pub session_hours: u32,
    /// Who may administer it.
    pub administrators: Vec<UserId>,
    /// The domains whose people Entra sends to us.
    #[serde(default)]
    pub domains: Vec<DomainName>,
    /// Its directories beside its own, at most [`Directory::MOST`]. None is ever taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<Directory>,
    /// Where its users come from.
    #[serde(default)]
    pub mode: Mode,
    /// When it was set up.
    pub created_at: Timestamp,
}

impl Organization {
    /// Where a one-time enrolment link leads.
    pub fn enrolment_url(&self, token: &Secret) -> String {
        format!("{}/enrol/{}/link/{}", self.base_url, self.id, token.reveal())
    }

    /// One of its directories.
    pub fn directory(&self, id: DirectoryId) -> Option<&Directory> {
        self.directories.iter().find(|directory| directory.id == id)
    }

    /// How a person signs in.
    pub fn method_of(&self, user: &User) -> Method {
        let directory = user.directory.and_then(|id| self.directory(id));
        directory.map_or(Method::Passkey, |directory| directory.method)
    }

    /// How long a session lives.
    pub fn session_lifetime(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.session_hours))
    }
}
