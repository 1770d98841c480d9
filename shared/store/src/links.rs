//! One-time enrolment links.

use identity::{OrganizationId, SecretHash, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Item, or_gone};
use crate::schema::Key;
use crate::{Store, Stored, TableError};

/// What an enrolment link proves: that its bearer was sent by somebody who may enrol this user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Whom it enrols.
    pub user: UserId,
    /// When it was handed out.
    pub made_at: Timestamp,
    /// First instant at which it proves nothing any more.
    pub ends_at: Timestamp,
    /// When it was used up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
}

/// How long a link is known after its end, in seconds: whoever comes back with it is audited.
const KNOWN_SECONDS: i64 = 7 * 86_400;

impl Link {
    /// How long a link may be used.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

    /// A link made now.
    pub fn new(user: UserId, now: Timestamp) -> Self {
        let ends_at = now.checked_add(Self::LIFETIME).unwrap_or(now);
        Self { user, made_at: now, ends_at, used_at: None }
    }

    /// Whether it still proves something.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.ends_at
    }

    pub(crate) fn item(&self, org: OrganizationId, hash: &SecretHash) -> Result<Item, TableError> {
        let known_until = self.ends_at.as_second() + KNOWN_SECONDS;
        Ok(Item::new(Key::link(org, hash), self)?.until(known_until))
    }
}

impl Store {
    /// A link that was handed out, whether or not it still [holds](Link::holds).
    pub async fn link(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Stored<Link>>, TableError> {
        or_gone(self.table.get(Key::link(org, hash), now).await)
    }
}
