//! Users whose anchor in Entra is to be seen to: told of by an item beside each of them, which is put
//! and removed by the write that says so of the user.

use identity::{OrganizationId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::queries::From;
use crate::schema::{IndexKey, Key, instant};
use crate::table::{Expect, Write};
use crate::{AuditEntry, Store, Stored, TableError};

/// The first pause after somebody's anchor could not be seen to; each further one is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How often the pause doubles: to five days and eight hours.
const DOUBLINGS: u32 = 7;

/// That a user's anchor is to be seen to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanchored {
    /// From when on.
    pub due_at: Timestamp,
    /// How often it could not be done.
    pub tries: u32,
    /// Why not, as the audit was told last.
    pub refused: Option<String>,
}

/// A user whose anchor is to be seen to now.
#[derive(Clone, Debug)]
pub struct Lacking {
    /// The user.
    pub user: Stored<User>,
    /// What was tried.
    pub unanchored: Stored<Unanchored>,
}

/// Some of them.
#[derive(Clone, Debug, Default)]
pub struct SomeLacking {
    /// The users.
    pub users: Vec<Lacking>,
    /// The place behind them, if there may be more.
    pub next: Option<String>,
}

impl Store {
    /// Whether anybody's anchor is to be seen to now, by the index.
    pub async fn has_unanchored(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<bool, TableError> {
        let partition = IndexKey::all_unanchored(org);
        Ok(!self.table.candidates(partition, up_to(now), 1).await?.is_empty())
    }

    /// When the first anchor is to be seen to, or was: [`None`] where nobody's is, by the index.
    pub async fn unanchored_since(
        &self,
        org: OrganizationId,
    ) -> Result<Option<Timestamp>, TableError> {
        let partition = IndexKey::all_unanchored(org);
        let first = self.table.walk(&partition, From::Start, 1).await?;
        Ok(first.first().and_then(|(_, place)| IndexKey::instant_of(place).parse().ok()))
    }

    /// At most `most` users whose anchor is to be seen to now, behind a place of their list; at most
    /// fifty.
    pub async fn unanchored(
        &self,
        org: OrganizationId,
        behind: Option<&str>,
        most: usize,
        now: Timestamp,
    ) -> Result<SomeLacking, TableError> {
        let from = behind.map_or(From::Start, From::After);
        let mut places = self.table.walk(&IndexKey::all_unanchored(org), from, most).await?;
        let read = places.len();
        places.retain(|(_, place)| *place <= up_to(now));
        let next = places.last().map(|(_, place)| place.clone());
        let next = next.filter(|_| places.len() == most && read == most);
        let ids = places.iter().filter_map(|(key, _)| key.user_id(org)).collect::<Vec<_>>();
        let both = |id: &UserId| [Key::user(org, *id), Key::unanchored(org, *id)];
        let keys = ids.iter().flat_map(both).collect::<Vec<_>>();
        let mut users = Vec::with_capacity(ids.len());
        if !keys.is_empty() {
            let mut found = self.table.get_many(keys).await?;
            for id in ids {
                let [user, unanchored] = both(&id);
                let (user, unanchored) =
                    (found.take::<User>(&user, now)?, found.take::<Unanchored>(&unanchored, now)?);
                let (Some(user), Some(unanchored)) = (user, unanchored) else { continue };
                if user.value.unanchored && unanchored.value.due_at <= now {
                    users.push(Lacking { user, unanchored });
                }
            }
        }
        Ok(SomeLacking { users, next })
    }

    /// Puts somebody off whose anchor could not be seen to, each time twice as long, with what the
    /// audit says of it. Whoever changed meanwhile is not put off.
    pub async fn put_off_unanchored(
        &self,
        org: OrganizationId,
        lacking: &Lacking,
        audit: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let before = &lacking.unanchored;
        let pause = FIRST_PAUSE * (1 << before.value.tries.min(DOUBLINGS));
        let later = Unanchored {
            due_at: now.checked_add(pause).unwrap_or(now),
            tries: before.value.tries.saturating_add(1),
            refused: audit
                .map_or_else(|| before.value.refused.clone(), |audit| audit.reason.clone()),
        };
        let user = lacking.user.value.id;
        let item = item(org, user, &later)?;
        let mut writes = vec![Write::Put(item, Expect::Version(before.version))];
        if let Some(audit) = audit {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        match self.table.write(writes).await {
            Err(TableError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }
}

/// What says that somebody's anchor is to be seen to from now on, or not any more, where that changes.
pub(crate) fn moved(
    org: OrganizationId,
    before: bool,
    user: &User,
    now: Timestamp,
) -> Result<Option<Write>, TableError> {
    Ok(match (before, user.unanchored) {
        (false, true) => {
            let unanchored = Unanchored { due_at: now, tries: 0, refused: None };
            Some(Write::Put(item(org, user.id, &unanchored)?, Expect::Absent))
        }
        (true, false) => Some(Write::Remove(Key::unanchored(org, user.id))),
        (false, false) | (true, true) => None,
    })
}

fn item(org: OrganizationId, user: UserId, unanchored: &Unanchored) -> Result<Item, TableError> {
    let item = Item::new(Key::unanchored(org, user), unanchored)?;
    Ok(item.indexed(IndexKey::unanchored(org, user, unanchored.due_at)))
}

/// Behind every place of an instant.
pub(crate) fn up_to(now: Timestamp) -> String {
    format!("{}~", instant(now))
}
