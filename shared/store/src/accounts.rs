//! Accounts in Entra of users whose access somebody here took, or gave back: an account is to be disabled
//! or enabled as that is.
//!
//! That it is to be seen to is told of by an item beside the user, put by the transaction that changes it,
//! which writes the user and sees to it that one outbox item is there. Whoever sees to the account takes it
//! away by a write that expects the user as they were read: what changed meanwhile is never lost.

use identity::{DisabledAccount, OrganizationId, User, UserId};
use jiff::Timestamp;

use crate::access::Following;
use crate::connections::works_with;
use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::write::Clause;
use crate::{AuditEntry, Connection, OutboxItem, Store, Stored, TableError, Task};

/// What seeing to an account needs to know.
#[derive(Debug)]
pub struct Account {
    /// The organization's connection, once there was one.
    pub connection: Option<Stored<Connection>>,
    /// The user, unless they were deleted.
    pub user: Option<Stored<User>>,
    /// Whether the account is to be seen to.
    pub owed: bool,
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
        let open = before.is_offboarded() && before.made_in.is_none();
        if let Some(object) = before.object_id.filter(|_| open) {
            let item = OutboxItem::disabling(org, before.id, (Some(object), None), now);
            following.writes.push(Write::Put(item.item()?, Expect::Absent));
            following.items.push(item);
        }
        return Ok(());
    };
    let is_other = before.is_offboarded() != after.is_offboarded();
    // Of whoever had no account there until now, nobody could be told.
    let arrives = before.object_id != after.object_id && after.is_offboarded();
    // Back from the recycle bin, as we left it there.
    let is_back = before.blocks != after.blocks && after.disabled.is_some();
    let is_back = is_back && !after.is_offboarded();
    if after.object_id.is_some() && (is_other || arrives || is_back) {
        let item = OutboxItem::reconciling(org, after.id, now);
        let owed = Item::new(Key::account(org, after.id), &())?;
        following.writes.push(Write::Put(owed, Expect::Anything));
        following.writes.push(Write::Ensure(item.item()?));
        following.items.push(item);
    }
    Ok(())
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
        let keys = [Key::connection(org), Key::user(org, user), Key::account(org, user)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [connection, user, owed] = &keys;
        Ok(Account {
            connection: found.take(connection, now)?,
            user: found.take(user, now)?,
            owed: found.has(owed),
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

    /// Ends what was owed, or was not, with what the audit says of it. Where `frees`, the account is ours to
    /// enable again no more.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user changed since they were read, or somebody else ended it.
    pub async fn end_account(
        &self,
        org: OrganizationId,
        id: UserId,
        account: &Account,
        frees: bool,
        audit: Option<&AuditEntry>,
    ) -> Result<(), TableError> {
        let mut writes = Vec::with_capacity(3);
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
        if let Some(audit) = audit {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        if writes.is_empty() { Ok(()) } else { self.table.write(writes).await }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use identity::Block;
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
