//! Whom a round of reading told of and left out: each is asked for by themselves later, less and less
//! often, until they are carried out. Nothing else would ask for them again: the round is over. Whose name
//! or anchor somebody has here are read as soon as that one lets go of it: who stands in the way says so.

use std::collections::{BTreeMap, BTreeSet};

use identity::{OrganizationId, User};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::anchors::up_to;
use crate::item::Item;
use crate::names::claims;
use crate::notices::marks;
use crate::queries::From;
use crate::schema::{IndexKey, Key};
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{OutboxItem, Store, Stored, TableError};

/// How long after a round somebody is asked for whom it left out; each further pause is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How often the pause doubles: to sixteen hours.
const DOUBLINGS: u32 = 4;
/// How many are put down in one write: DynamoDB's own limit.
const AT_ONCE: usize = 100;
/// How often they are put down anew where somebody else changes one of them meanwhile.
const RACES: u32 = 5;

/// How many somebody is known to stand in the way of: those beyond are asked for all the same.
const MOST_IN_THE_WAY: usize = 5;

/// Why somebody was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// What was said of them made no sense.
    Unread,
    /// They were told of, and not found.
    NotFound,
    /// Somebody has their name who keeps it.
    NameTaken,
    /// Somebody has their anchor who keeps it.
    AnchorTaken,
}

/// Somebody whom a round left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Whom, by object id.
    pub object: Uuid,
    /// Why.
    pub reason: LeftOutReason,
    /// From when on they are asked for.
    pub due_at: Timestamp,
    /// How often they were asked for.
    pub tries: u32,
    /// Since when the tenant does not know them, whenever they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
}

/// Some of those who are to be asked for.
#[derive(Debug, Default)]
pub struct DueLeftOut {
    /// Whom.
    pub left_out: Vec<Stored<LeftOut>>,
    /// Why others make no sense.
    pub unreadable: Vec<TableError>,
    /// Whether those are all.
    pub is_all: bool,
}

impl LeftOut {
    /// From when on somebody is asked for whom a round left out now.
    pub fn first_due(now: Timestamp) -> Timestamp {
        now.checked_add(FIRST_PAUSE).unwrap_or(now)
    }

    /// The same after they were asked for, and left out again, for a reason of what was said of them.
    #[must_use]
    pub fn because(self, reason: LeftOutReason, now: Timestamp) -> Self {
        let is_missing = reason == LeftOutReason::NotFound;
        let missing_since = is_missing.then(|| self.missing_since.unwrap_or(now));
        Self { reason, missing_since, ..self.put_off(now) }
    }

    /// The same after they were asked for in vain.
    #[must_use]
    pub fn put_off(self, now: Timestamp) -> Self {
        let tries = self.tries.saturating_add(1);
        let pause = FIRST_PAUSE * (1 << tries.min(DOUBLINGS));
        let due_at = now.checked_add(pause).unwrap_or(now);
        Self { due_at, tries, ..self }
    }

    fn item(&self, org: OrganizationId) -> Result<Item, TableError> {
        let item = Item::new(Key::left_out(org, self.object), self)?;
        Ok(item.indexed(IndexKey::left_out(org, self.object, self.due_at)))
    }
}

/// What has to happen where somebody lets go of a name or an anchor, or becomes another account, or goes, and
/// stood in others' way: those are read at once. Answers what of it is in the outbox.
pub(crate) fn out_of_the_way(
    org: OrganizationId,
    before: &User,
    after: Option<&User>,
    now: Timestamp,
) -> Result<Option<(OutboxItem, Vec<Write>)>, TableError> {
    let stays = after.is_some_and(|after| !is_moved(org, before, after));
    if stays || before.in_the_way_of.is_empty() {
        return Ok(None);
    }
    let item = OutboxItem::pushed(org, now);
    let mut writes = vec![Write::Put(item.item()?, Expect::Anything)];
    writes.extend(marks(org, &before.in_the_way_of, now)?);
    Ok(Some((item, writes)))
}

/// The same user, who stands in nobody's way where their names are others than they were.
pub(crate) fn stepped_aside(org: OrganizationId, before: &User, after: User) -> User {
    match is_moved(org, before, &after) {
        true => User { in_the_way_of: BTreeSet::new(), ..after },
        false => after,
    }
}

/// Whether somebody has other names than before.
fn is_moved(org: OrganizationId, before: &User, after: &User) -> bool {
    claims(org, before, None) != claims(org, after, None)
}

impl Store {
    /// Notes of a user that they have what an account is to have which a reading leaves out.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user is not as they were read: they may have let go of it.
    pub async fn stand_in_the_way(
        &self,
        org: OrganizationId,
        before: &Stored<User>,
        object: Uuid,
    ) -> Result<(), TableError> {
        let mut user = before.value.clone();
        if user.in_the_way_of.len() >= MOST_IN_THE_WAY || !user.in_the_way_of.insert(object) {
            return Ok(());
        }
        let write = Write::Put(user_item(org, &user)?, Expect::Version(before.version));
        self.table.write(vec![write]).await
    }

    /// Puts down whom a round leaves out, as if each were left out for the first time: they were told of
    /// anew. Answers from when on they are asked for.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] where somebody else is at one of them again and again.
    pub async fn leave_out(
        &self,
        org: OrganizationId,
        objects: &BTreeMap<Uuid, LeftOutReason>,
        now: Timestamp,
    ) -> Result<Timestamp, TableError> {
        let due_at = LeftOut::first_due(now);
        let objects: Vec<_> = objects.iter().collect();
        for some in objects.chunks(AT_ONCE) {
            let mut race = 0;
            loop {
                let keys = some.iter().map(|(object, _)| Key::left_out(org, **object));
                let mut found = self.table.get_many(keys.collect()).await?;
                let mut writes = Vec::with_capacity(some.len());
                for (object, reason) in some {
                    let (object, reason) = (**object, **reason);
                    let before: Option<Stored<LeftOut>> =
                        found.take(&Key::left_out(org, object), now)?;
                    let (tries, missing_since) = (0, None);
                    let left_out = LeftOut { object, reason, due_at, tries, missing_since };
                    let expect = Expect::read(before.map_or(0, |before| before.version));
                    writes.push(Write::Put(left_out.item(org)?, expect));
                }
                match self.table.write(writes).await {
                    Ok(()) => break,
                    Err(TableError::Conflict { .. }) if race + 1 < RACES => race += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(due_at)
    }

    /// Those who are to be asked for now, whoever waited longest first: at most `most`. What makes no sense
    /// to this release keeps nobody else from being asked for.
    pub async fn left_out_due(
        &self,
        org: OrganizationId,
        most: usize,
        now: Timestamp,
    ) -> Result<DueLeftOut, TableError> {
        let limit = i32::try_from(most).unwrap_or(i32::MAX);
        let (partition, up_to) = (IndexKey::all_left_out(org), up_to(now));
        let keys = self.table.candidates(partition, up_to, limit).await?;
        let mut found = self.table.get_all(keys.clone()).await?;
        let mut due = DueLeftOut { is_all: keys.len() < most, ..DueLeftOut::default() };
        for key in &keys {
            match found.take::<LeftOut>(key, now) {
                Ok(left_out) => {
                    due.left_out.extend(left_out.filter(|left_out| left_out.value.due_at <= now));
                }
                Err(error) => due.unreadable.push(error),
            }
        }
        Ok(due)
    }

    /// From when on somebody is to be asked for who is not now; [`None`] where nobody is left out.
    pub async fn left_out_next(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, TableError> {
        let (partition, behind) = (IndexKey::all_left_out(org), up_to(now));
        let walked = self.table.walk(&partition, From::After(&behind), 1).await?;
        let next = walked.first().and_then(|(_, place)| IndexKey::left_out_due_at(place));
        if let Some(next) = next {
            return Ok(Some(next));
        }
        // The index may be behind: that nobody is left out is for the table to say.
        let any = self.table.sort_keys(&Key::all_left_out(org), "", 1).await?;
        Ok((!any.is_empty()).then(|| LeftOut::first_due(now)))
    }

    /// Somebody was asked for, and is left out again, unless a round told of them meanwhile.
    pub async fn put_off_left_out(
        &self,
        org: OrganizationId,
        before: &Stored<LeftOut>,
        later: &LeftOut,
    ) -> Result<(), TableError> {
        let write = Write::Put(later.item(org)?, Expect::Version(before.version));
        unless_changed(self.table.write(vec![write]).await)
    }

    /// Somebody was carried out, or is nobody any more: they are not left out, unless a round left them
    /// out anew meanwhile.
    pub async fn take_in(
        &self,
        org: OrganizationId,
        left_out: &Stored<LeftOut>,
    ) -> Result<(), TableError> {
        let key = Key::left_out(org, left_out.value.object);
        unless_changed(self.table.write(vec![Write::Delete(key, left_out.version)]).await)
    }
}

/// Whoever changed it meanwhile knew more.
fn unless_changed(written: Result<(), TableError>) -> Result<(), TableError> {
    match written {
        Err(TableError::Conflict { .. }) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_left_out_again_and_again_is_asked_for_less_and_less_often() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut left_out = LeftOut {
            object: Uuid::nil(),
            reason: LeftOutReason::Unread,
            due_at: now,
            tries: 0,
            missing_since: None,
        };
        for (asked, hours) in [2, 4, 8, 16, 16, 16].into_iter().enumerate() {
            let asked_at = now + SignedDuration::from_mins(i64::try_from(asked).unwrap());
            left_out = left_out.because(LeftOutReason::NotFound, asked_at);
            assert_eq!(left_out.due_at, asked_at + SignedDuration::from_hours(hours));
            assert_eq!(left_out.missing_since, Some(now), "since they were not there");
        }
        assert_eq!(left_out.put_off(now).missing_since, Some(now), "nothing else was said");
        let there = left_out.because(LeftOutReason::NameTaken, now);
        assert_eq!(there.missing_since, None, "they are there");
    }
}
