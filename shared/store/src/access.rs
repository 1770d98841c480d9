//! What follows when somebody loses their access, or gets it back: it is told, and Entra learns of it, by
//! items of the same transaction.

use std::collections::BTreeSet;

use identity::{Block, OrganizationId, Role, User, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::owed;
use crate::table::{Expect, Write};
use crate::{Action, Actor, AuditEntry, OutboxItem, TableError, Task};

/// Why the audit says that access was taken, where it was the last day.
const LAST_DAY: &str = "last_day";

/// Somebody's access, before a write and after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChange {
    /// Whose.
    pub user: UserId,
    /// Entra's object id, where it is known.
    pub object_id: Option<Uuid>,
    /// What became of it.
    pub access: Access,
}

/// What became of somebody's access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It is over, for these reasons.
    Taken(BTreeSet<Block>),
    /// It is over with the user, who was deleted.
    Deleted,
    /// No reason stands against it any more.
    Given,
}

/// What follows from a write that changes a user.
#[derive(Debug, Default)]
pub(crate) struct Following {
    /// What is in the outbox by it.
    pub(crate) items: Vec<OutboxItem>,
    /// What the transaction holds for it.
    pub(crate) writes: Vec<Write>,
}

/// What follows from an access that a write takes or gives: it is told on the bus, to administrators where
/// one of them loses it, and whatever the user has open in Entra ends with it. Another reason for somebody
/// who has none is no news. Where somebody here took it, or gave it back, the account in Entra is seen to
/// ([`accounts`](crate::accounts)). Ids follow from the audit entry's: whoever hears of it twice can know.
///
/// Whoever's last day is over and was not seen off is, by whichever write takes or lifts a reason: so each
/// loss is told once, and the audit says by itself that it was the day.
pub(crate) fn told(
    org: OrganizationId,
    before: &User,
    after: Option<&User>,
    audit: &AuditEntry,
) -> Result<Following, TableError> {
    let item = |word: &[u8], task| {
        let id = OutboxItem::id_of(&[word, audit.id.uuid().as_bytes()]);
        OutboxItem { id, ..OutboxItem::following(audit, org, task) }
    };
    let object_id = after.unwrap_or(before).object_id;
    let access = change(before, after, audit);
    let is_taken = access.as_ref().is_some_and(|access| *access != Access::Given);
    let mut items = Vec::new();
    if let Some(access) = access {
        let change = AccessChange { user: before.id, object_id, access };
        items.push(item(b"access", Task::TellAccess(change)));
    }
    if is_taken && before.role == Role::Administrator {
        let account = Some(before.user_name.clone());
        let alert = Task::AlertBlocks { administrators: None, user: before.id, account };
        items.push(item(b"alert", alert));
    }
    // Of an account that we made, more than that is seen to when its user is deleted.
    let is_made = after.is_none() && before.made_in.is_some();
    if let Some(object) = object_id.filter(|_| is_taken && !is_made) {
        items.push(item(b"sessions", Task::EndSessions { user: before.id, object }));
    }
    let mut writes = Vec::with_capacity(items.len());
    for item in &items {
        writes.push(Write::Put(item.item()?, Expect::Absent));
    }
    writes.extend(over(org, before, after, audit)?);
    let mut following = Following { items, writes };
    owed(org, before, after, audit.at, &mut following)?;
    Ok(following)
}

/// What a write leaves of a user: whoever's reasons it changes is seen off, where their last day is over.
pub(crate) fn seen_off(before: &User, after: User, now: Timestamp) -> User {
    if before.blocks == after.blocks { after } else { after.seen_off(now) }
}

/// What the audit says of somebody who is seen off beside something else.
fn over(
    org: OrganizationId,
    before: &User,
    after: Option<&User>,
    audit: &AuditEntry,
) -> Result<Option<Write>, TableError> {
    let says = |user: &User| user.blocks.contains(&Block::LastDay);
    let is_over = after.is_some_and(says) && !says(before);
    if !is_over || (audit.action, audit.reason.as_deref()) == (Action::AccessTaken, Some(LAST_DAY))
    {
        return Ok(None);
    }
    let mut taken = audit.beside(Action::AccessTaken);
    // Something else may be beside it too.
    taken.id = OutboxItem::id_of(&[LAST_DAY.as_bytes(), audit.id.uuid().as_bytes()]);
    taken.actor = Actor::System;
    taken.subject = Some(before.id);
    taken.reason = Some(LAST_DAY.to_owned());
    Ok(Some(Write::Put(taken.item(org)?, Expect::Absent)))
}

/// What becomes of somebody's access, where anything does. Whoever has no block lost nothing that was told.
fn change(before: &User, after: Option<&User>, audit: &AuditEntry) -> Option<Access> {
    let had = before.blocks.is_empty();
    match after {
        None if had => Some(Access::Deleted),
        Some(after) if had && !after.blocks.is_empty() => Some(Access::Taken(after.blocks.clone())),
        Some(after) if !had && after.has_access(audit.at) => Some(Access::Given),
        None | Some(_) => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use identity::{LastDay, OutboxId};

    use super::*;

    fn user(blocks: &[Block]) -> User {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let id = UserId::from_uuid(Uuid::from_u128(7));
        let mut user = User::new(id, "ada@contoso.com".parse().unwrap(), "Ada".to_owned(), now);
        user.blocks = blocks.iter().copied().collect();
        user
    }

    /// What is said on the bus, and whom else it is told.
    fn access(before: &User, after: Option<&User>) -> Option<(AccessChange, Option<Task>)> {
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let id = OutboxId::mint(&SystemEntropy);
        let audit = AuditEntry::new(id, at, Actor::System, Action::UserChanged);
        let told = told(OrganizationId::mint(&SystemEntropy), before, after, &audit).unwrap();
        assert!(
            told.items.iter().all(|item| item.id != id),
            "something else may follow from it too"
        );
        let mut tasks = told.items.into_iter().map(|item| item.task);
        let Some(Task::TellAccess(change)) = tasks.next() else { return None };
        Some((change, tasks.next()))
    }

    #[test]
    fn only_what_takes_or_gives_access_is_told() {
        let (entra, both) = ([Block::Entra], [Block::Entra, Block::Administrator]);
        let taken = |blocks: &[Block]| Some(Access::Taken(blocks.iter().copied().collect()));
        for (before, after, expected) in [
            (&[][..], &[][..], None),
            (&[], &entra, taken(&entra)),
            (&[], &both, taken(&both)),
            (&entra, &both, None),
            (&both, &entra, None),
            (&both, &[], Some(Access::Given)),
        ] {
            let found = access(&user(before), Some(&user(after))).map(|(change, _)| change.access);
            assert_eq!(found, expected, "{before:?} → {after:?}");
        }
        assert_eq!(access(&user(&[]), None).unwrap().0.access, Access::Deleted);
        assert_eq!(access(&user(&entra), None), None);
    }

    #[test]
    fn access_that_the_last_day_ended_comes_back_by_no_other_reason() {
        let left = LastDay::new("2026-11-01".parse().unwrap(), "UTC").unwrap();
        let [mut before, mut after] = [user(&[Block::Entra]), user(&[])];
        (before.last_day, after.last_day) = (Some(left.clone()), Some(left));
        assert_eq!(access(&before, Some(&after)), None);
    }

    #[test]
    fn whoever_was_not_seen_off_is_by_the_next_write_that_takes_or_lifts_a_reason() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let over = LastDay::new("2026-11-21".parse().unwrap(), "UTC").unwrap();
        let left = |blocks: &[Block]| User { last_day: Some(over.clone()), ..user(blocks) };
        let both = Some(Access::Taken([Block::Entra, Block::LastDay].into()));
        for (before, after, expected) in [
            (&[][..], &[Block::Entra][..], both),
            (&[Block::Entra], &[], None),
            (&[Block::Entra], &[Block::Entra, Block::Administrator], None),
        ] {
            let before = left(before);
            let after = seen_off(&before, left(after), now);
            let found = access(&before, Some(&after)).map(|(change, _)| change.access);
            assert_eq!(found, expected, "{:?} → {:?}", before.blocks, after.blocks);
            assert_eq!(after.clone().seen_off(now), after, "nothing is left to tell");
        }
        assert_eq!(seen_off(&left(&[]), left(&[]), now), left(&[]), "no reason changes");
        assert_eq!(access(&left(&[]), None).unwrap().0.access, Access::Deleted);
    }

    #[test]
    fn administrators_are_told_where_one_of_them_loses_access() {
        let administrator = |blocks: &[Block]| User { role: Role::Administrator, ..user(blocks) };
        let [with, without] = [administrator(&[]), administrator(&[Block::Entra])];
        let alert = Some(Task::AlertBlocks {
            administrators: None,
            user: with.id,
            account: Some(with.user_name.clone()),
        });
        assert_eq!(access(&with, Some(&without)).unwrap().1, alert);
        assert_eq!(access(&with, None).unwrap().1, alert);
        assert_eq!(access(&without, Some(&with)).unwrap().1, None);
        assert_eq!(access(&user(&[]), None).unwrap().1, None);
    }
}
