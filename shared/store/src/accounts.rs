//! Accounts in Entra of users whose access somebody here took, or gave back: an account is to be disabled
//! or enabled as that is.
//!
//! That it is to be seen to is told of by an item beside the user, put by the transaction that changes it,
//! which writes the user and sees to it that one outbox item is there. Whoever sees to the account takes it
//! away by a write that expects the user as they were read: what changed meanwhile is never lost.
//!
//! What the tenant does not let us do waits beside the user for the next consent, and costs nothing meanwhile.

use identity::{Block, DisabledAccount, OrganizationId, User, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Following;
use crate::connections::works_with;
use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::write::Clause;
use crate::{AuditEntry, Connection, OutboxItem, Store, Stored, TableError, Task};

/// That an account waits until the tenant lets us see to it.
#[derive(Serialize, Deserialize)]
struct LeftAccount {
    user: UserId,
}

/// What seeing to an account needs to know.
#[derive(Debug)]
pub struct Account {
    /// The organization's connection, once there was one.
    pub connection: Option<Stored<Connection>>,
    /// The user, unless they were deleted.
    pub user: Option<Stored<User>>,
    /// Whether the account is to be seen to.
    pub owed: bool,
    /// Whether it waits until the tenant lets us see to it.
    pub left: bool,
}

/// How seeing to an account ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountEnd {
    /// Whether it is not ours to enable again any more, where it was.
    pub frees: bool,
    /// Whether it waits until the tenant lets us see to it, which it did not as the connection was read.
    pub waits: bool,
}

/// Adds what follows for the account, where anything does.
pub(crate) fn owed(
    org: OrganizationId,
    before: &User,
    after: Option<&User>,
    now: Timestamp,
    following: &mut Following,
) -> Result<(), TableError> {
    let Some(after) = after else {
        // Nobody knows whether the account was seen to: it is by an item that needs no user.
        let offboarded = before.is_offboarded(now);
        if offboarded {
            following.writes.push(Write::Remove(Key::left_account(org, before.id)));
        }
        let open = offboarded && before.made_in.is_none();
        if let Some(object) = before.object_id.filter(|_| open) {
            let item = OutboxItem::disabling(org, before.id, (Some(object), None), now);
            following.writes.push(Write::Put(item.item()?, Expect::Absent));
            following.items.push(item);
        }
        return Ok(());
    };
    let said = |user: &User| Block::OURS.iter().any(|reason| user.blocks.contains(reason));
    let offboarded = after.is_offboarded(now);
    // Of whoever was not seen off, whose last day was over, the account may have been seen to by that.
    let is_back_here = before.is_offboarded(now) && !offboarded;
    let is_other = said(before) != said(after) || is_back_here;
    // Of whoever had no account there until now, nobody could be told.
    let arrives = before.object_id != after.object_id && offboarded;
    // Back from the recycle bin, as we left it there.
    let is_back = before.blocks != after.blocks && after.disabled.is_some() && !offboarded;
    if after.object_id.is_some() && (is_other || arrives || is_back) {
        let item = OutboxItem::reconciling(org, after.id, now);
        let owed = Item::new(Key::account(org, after.id), &())?;
        following.writes.push(Write::Put(owed, Expect::Anything));
        following.writes.push(Write::Ensure(item.item()?));
        following.items.push(item);
    }
    Ok(())
}

impl Store {
    /// Has a decision carried out at once though what it needs is in the outbox already, and was perhaps put
    /// off by an hour. Answers where the transaction expects that to be as it was read.
    pub(crate) async fn hasten(
        &self,
        following: &mut Following,
        now: Timestamp,
    ) -> Result<Option<usize>, TableError> {
        for (place, write) in following.writes.iter_mut().enumerate() {
            let Write::Ensure(item) = &*write else { continue };
            let there: Result<Option<Stored<OutboxItem>>, _> =
                self.table.get(item.key.clone(), now).await;
            *write = match there {
                Ok(Some(Stored { value, version })) => {
                    Write::Put(value.sooner(now).item()?, Expect::Version(version))
                }
                Ok(None) => Write::Put(item.clone(), Expect::Absent),
                // It is there, of another release, which keeps nobody's access.
                Err(TableError::Shape(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            return Ok(Some(place));
        }
        Ok(None)
    }
}

impl OutboxItem {
    /// What sees to an account in Entra: there is one for each user, so that nobody else is at it. It may
    /// be there already.
    pub fn reconciling(organization: OrganizationId, user: UserId, now: Timestamp) -> Self {
        let task = Task::ReconcileAccount { user };
        Self::only(b"reconcile account", organization, user, task, now)
    }

    /// What disables an account of somebody who was deleted here: an object, or one that is found by its
    /// anchor, in the tenant that it was made in, or in whichever is connected.
    pub(crate) fn disabling(
        organization: OrganizationId,
        user: UserId,
        (object, tenant): (Option<uuid::Uuid>, Option<uuid::Uuid>),
        now: Timestamp,
    ) -> Self {
        let task = Task::DisableAccount { user, object, tenant };
        Self { due_at: now, ..Self::only(b"disable account", organization, user, task, now) }
    }
}

impl Store {
    /// What seeing to a user's account needs to know, in one read.
    pub async fn account(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Account, TableError> {
        let keys = [
            Key::connection(org),
            Key::user(org, user),
            Key::account(org, user),
            Key::left_account(org, user),
        ];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [connection, user, owed, left] = &keys;
        Ok(Account {
            connection: found.take(connection, now)?,
            user: found.take(user, now)?,
            owed: found.has(owed),
            left: found.has(left),
        })
    }

    /// Notes that an account is ours to enable again, before it is disabled.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user changed since they were read, or the organization is connected
    /// to that tenant no more.
    pub async fn note_disabled(
        &self,
        org: OrganizationId,
        before: &Stored<User>,
        account: DisabledAccount,
    ) -> Result<Stored<User>, TableError> {
        let user = User { disabled: Some(account), ..before.value.clone() };
        let writes = vec![
            Write::Put(user_item(org, &user)?, Expect::Version(before.version)),
            Write::CheckThat(Key::connection(org), works_with(account.tenant)),
        ];
        self.table.write(writes).await?;
        Ok(Stored { value: user, version: before.version + 1 })
    }

    /// Ends what was owed, or was not, with what the audit says of it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user changed since they were read, or somebody else ended it; of an
    /// account that waits also when the connection did: it may have what it waits for.
    pub async fn end_account(
        &self,
        org: OrganizationId,
        id: UserId,
        account: &Account,
        AccountEnd { frees, waits }: AccountEnd,
        audit: Option<&AuditEntry>,
    ) -> Result<(), TableError> {
        let mut writes = Vec::with_capacity(5);
        if account.owed {
            let there = Clause::new("attribute_exists(pk)");
            writes.push(Write::DeleteThat(Key::account(org, id), there));
        }
        if let Some(Stored { value, version }) = &account.user {
            writes.push(match frees && value.disabled.is_some() {
                true => {
                    let user = User { disabled: None, ..value.clone() };
                    Write::Put(user_item(org, &user)?, Expect::Version(*version))
                }
                false => Write::Check(Key::user(org, id), *version),
            });
        }
        let left = Key::left_account(org, id);
        if waits {
            let connection = account.connection.as_ref().map_or(0, |stored| stored.version);
            writes.push(match connection {
                0 => Write::CheckAbsent(Key::connection(org)),
                version => Write::Check(Key::connection(org), version),
            });
            writes.push(Write::Put(Item::new(left, &LeftAccount { user: id })?, Expect::Anything));
        } else if account.left {
            writes.push(Write::Remove(left));
        }
        if let Some(audit) = audit {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        if writes.is_empty() { Ok(()) } else { self.table.write(writes).await }
    }

    /// Users whose account waits, behind somebody, at most `most`.
    pub async fn left_accounts(
        &self,
        org: OrganizationId,
        behind: Option<UserId>,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<UserId>, TableError> {
        let behind = behind.map(|user| user.to_string()).unwrap_or_default();
        let left: Vec<Stored<LeftAccount>> =
            self.table.behind(&Key::left_accounts(org), &behind, most, now).await?;
        Ok(left.into_iter().map(|stored| stored.value.user).collect())
    }

    /// Has an account seen to that waits. One that does not any more is somebody else's.
    pub async fn resume_account(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let waits = Clause::new("attribute_exists(pk)");
        let item = OutboxItem::reconciling(org, user, now);
        let writes = vec![
            Write::DeleteThat(Key::left_account(org, user), waits),
            Write::Put(Item::new(Key::account(org, user), &())?, Expect::Anything),
            Write::Ensure(item.item()?),
        ];
        match self.table.write(writes).await {
            Err(TableError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use identity::LastDay;
    use uuid::Uuid;

    use super::*;

    const OBJECT: Uuid = Uuid::from_u128(7);

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn user(blocks: &[Block], object_id: Option<Uuid>) -> User {
        let id = UserId::from_uuid(Uuid::from_u128(1));
        let user = User::new(id, "ada@contoso.com".parse().unwrap(), "Ada".to_owned(), now());
        User { blocks: blocks.iter().copied().collect(), object_id, ..user }
    }

    /// What follows for the account.
    fn follows(before: &User, after: Option<&User>) -> Option<Task> {
        let mut following = Following::default();
        let org = OrganizationId::mint(&SystemEntropy);
        owed(org, before, after, now(), &mut following).unwrap();
        assert!(following.items.len() <= 1);
        following.items.into_iter().next().map(|item| item.task)
    }

    #[test]
    fn an_account_is_seen_to_when_somebody_here_takes_the_access_or_gives_it_back() {
        use Block::{Administrator, Entra, LastDay, Provisioning};
        let cases: [(&[Block], &[Block], bool); 10] = [
            (&[], &[Administrator], true),
            (&[], &[LastDay], true),
            (&[], &[Entra], false),
            (&[], &[Provisioning], false),
            (&[Provisioning], &[Provisioning, Administrator], true),
            (&[Administrator], &[Administrator, LastDay], false),
            (&[Administrator, LastDay], &[LastDay], false),
            (&[Administrator, Provisioning], &[Provisioning], true),
            (&[Administrator], &[], true),
            (&[Entra], &[], false),
        ];
        for (before, after, expected) in cases {
            for (object, is_there) in [(Some(OBJECT), true), (None, false)] {
                let (before, after) = (user(before, object), user(after, object));
                let task = Task::ReconcileAccount { user: after.id };
                let expected = Some(task).filter(|_| expected && is_there);
                let found = follows(&before, Some(&after));
                assert_eq!(found, expected, "{:?} → {:?}", before.blocks, after.blocks);
            }
        }
    }

    #[test]
    fn a_last_day_that_is_over_counts_before_anybody_was_seen_off() {
        use Block::{Administrator, Entra, LastDay as Left};
        let over = LastDay::new("2026-11-21".parse().unwrap(), "UTC").unwrap();
        let ahead = LastDay::new("2026-11-30".parse().unwrap(), "UTC").unwrap();
        let cases: [(&[Block], &[Block], &LastDay, bool); 7] = [
            // what is said of somebody before and afterwards, and when they leave then
            (&[], &[Left], &over, true),
            (&[], &[Entra, Left], &over, true),
            (&[], &[Administrator, Left], &over, true),
            (&[Administrator], &[Administrator, Left], &over, false),
            // It may have been seen to, by the clock.
            (&[], &[], &ahead, true),
            (&[Administrator], &[], &ahead, true),
            (&[Administrator], &[Administrator], &ahead, false),
        ];
        for (before, after, day, expected) in cases {
            let said = |blocks, day: &LastDay| {
                let last_day = Some(day.clone());
                User { last_day, ..user(blocks, Some(OBJECT)) }
            };
            let (before, after) = (said(before, &over), said(after, day));
            let found = follows(&before, Some(&after)).is_some();
            assert_eq!(found, expected, "{:?} → {:?}", before.blocks, after.blocks);
        }
        let left = User { last_day: Some(over), ..user(&[], Some(OBJECT)) };
        assert!(follows(&left, None).is_some(), "deleted");
    }

    #[test]
    fn what_we_disabled_is_seen_to_whenever_less_stands_against_it() {
        let disabled = Some(DisabledAccount { tenant: Uuid::nil(), object: OBJECT, at: now() });
        let cases: [(&[Block], &[Block], bool); 3] = [
            (&[Block::Entra], &[], true),
            (&[Block::Entra], &[Block::Entra], false),
            (&[Block::Entra, Block::Administrator], &[Block::Administrator], false),
        ];
        for (before, after, expected) in cases {
            let [before, after] =
                [before, after].map(|blocks| User { disabled, ..user(blocks, Some(OBJECT)) });
            let found = follows(&before, Some(&after)).is_some();
            assert_eq!(found, expected, "{:?} → {:?}", before.blocks, after.blocks);
        }
    }

    #[test]
    fn whoever_becomes_an_account_without_access_has_it_seen_to() {
        for (blocks, expected) in [(&[Block::Administrator][..], true), (&[Block::Entra], false)] {
            let (before, after) = (user(blocks, None), user(blocks, Some(OBJECT)));
            assert_eq!(follows(&before, Some(&after)).is_some(), expected, "{blocks:?}");
        }
    }

    #[test]
    fn of_whoever_is_deleted_the_account_is_disabled_that_was_to_be_whether_it_is_or_not() {
        let disabled = DisabledAccount { tenant: Uuid::nil(), object: OBJECT, at: now() };
        let blocked = user(&[Block::LastDay], Some(OBJECT));
        let cases = [
            (blocked.clone(), true),
            // That we were about to does not say that it is done.
            (User { disabled: Some(disabled), ..blocked.clone() }, true),
            // The account that we made has an item of its own.
            (User { made_in: Some(Uuid::nil()), ..blocked.clone() }, false),
            (User { object_id: None, ..blocked }, false),
            (user(&[Block::Provisioning], Some(OBJECT)), false),
            (user(&[], Some(OBJECT)), false),
        ];
        for (before, expected) in cases {
            let task = Task::DisableAccount { user: before.id, object: Some(OBJECT), tenant: None };
            assert_eq!(follows(&before, None), Some(task).filter(|_| expected), "{before:?}");
        }
    }
}
