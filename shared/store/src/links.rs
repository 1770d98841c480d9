//! One-time enrolment links.

use identity::{OrganizationId, SecretHash, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::{Store, Stored, TableError};

/// What an enrolment link proves: that its bearer was sent by somebody who may enrol this user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Whom it enrols.
    pub user: UserId,
    /// First instant at which it proves nothing any more.
    pub ends_at: Timestamp,
}

impl Link {
    /// How long a link may be used.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

    /// A link made now.
    pub fn new(user: UserId, now: Timestamp) -> Self {
        Self { user, ends_at: now.checked_add(Self::LIFETIME).unwrap_or(now) }
    }

    pub(crate) fn item(&self, org: OrganizationId, hash: &SecretHash) -> Result<Item, TableError> {
        Ok(Item::new(Key::link(org, hash), self)?.until(self.ends_at.as_second()))
    }
}

impl Store {
    /// A link that still proves something.
    pub async fn link(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Stored<Link>>, TableError> {
        let link: Option<Stored<Link>> = self.table.get(Key::link(org, hash), now).await?;
        Ok(link.filter(|link| now < link.value.ends_at))
    }
}
