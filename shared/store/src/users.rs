//! People, and the names by which they are found.

use identity::{Block, DirectoryId, OrganizationId, User, UserId, UserName};
use jiff::Timestamp;

use crate::item::Item;
use crate::names::{Named, Owner, claims, move_claim};
use crate::schema::{IndexKey, Key};
use crate::table::{Expect, Write};
use crate::{AuditEntry, OutboxItem, Store, Stored, TableError, access, leavers};

/// Why a user was not stored.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// A name belongs to somebody else.
    #[error("a name of the user belongs to somebody else")]
    Taken(Named),
    /// The table did not do as told.
    #[error("the user could not be stored")]
    Table(#[source] TableError),
}

/// How often a change is made anew because somebody else changed the user meanwhile.
const RACES: u32 = 5;

pub(crate) fn user_item(org: OrganizationId, user: &User) -> Result<Item, TableError> {
    let index = IndexKey::user(org, user.id, &user.user_name);
    Ok(Item::new(Key::user(org, user.id), user)?.indexed(index))
}

/// The writes of a new user whom nobody provisioned, the claims first.
pub(crate) fn user_writes(org: OrganizationId, user: &User) -> Result<Vec<Write>, TableError> {
    let mut writes = Vec::new();
    for (_, key) in claims(org, user, None) {
        writes.push(Write::Put(Item::new(key, &Owner { user: user.id })?, Expect::Absent));
    }
    writes.push(Write::Put(user_item(org, user)?, Expect::Absent));
    writes.extend(move_claim(org, None, Some(user))?);
    writes.push(Write::Tally(Key::user_count(org, user.id), 1));
    Ok(writes)
}

impl Store {
    /// Stores a new user, claims their names and counts them: all or nothing.
    ///
    /// # Errors
    ///
    /// [`CreateUserError::Taken`] names the first claim that somebody else holds.
    pub async fn create_user(
        &self,
        org: OrganizationId,
        user: &User,
    ) -> Result<(), CreateUserError> {
        let writes = user_writes(org, user).map_err(CreateUserError::Table)?;
        self.table.write(writes).await.map_err(|error| {
            let taken = match &error {
                TableError::Conflict { position } => {
                    claims(org, user, None).get(*position).map(|claim| claim.0)
                }
                TableError::Shape(_) | TableError::Unavailable(_) => None,
            };
            taken.map_or(CreateUserError::Table(error), CreateUserError::Taken)
        })
    }

    /// A user.
    pub async fn user(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Stored<User>>, TableError> {
        self.table.get(Key::user(org, user), now).await
    }

    /// The user of a name.
    pub async fn user_named(
        &self,
        org: OrganizationId,
        name: &UserName,
        now: Timestamp,
    ) -> Result<Option<Stored<User>>, TableError> {
        let owner: Option<Stored<Owner>> = self.table.get(Key::user_name(org, name), now).await?;
        let Some(owner) = owner else {
            return Ok(None);
        };
        self.user(org, owner.value.user, now).await
    }

    /// Takes a user's access away, for a reason: one write, which ends every session with it.
    /// Done already, it changes nothing and audits nothing. Answers what of the same transaction
    /// is in the outbox.
    pub async fn block_user(
        &self,
        org: OrganizationId,
        user: UserId,
        reason: Block,
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let block = |user: &mut User| {
            user.block(reason, audit.at);
            None
        };
        self.change_user(org, user, audit, block).await
    }

    /// Gives a user's access back as far as one reason took it. Answers what of the same transaction
    /// is in the outbox.
    pub async fn unblock_user(
        &self,
        org: OrganizationId,
        user: UserId,
        reason: Block,
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let unblock = |user: &mut User| {
            user.unblock(reason, audit.at);
            None
        };
        self.change_user(org, user, audit, unblock).await
    }

    /// Lets a changed personal address count at once. Done already, it changes nothing.
    pub async fn approve_claim(
        &self,
        org: OrganizationId,
        user: UserId,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let approve = |user: &mut User| {
            user.claim_changed_at = None;
            None
        };
        self.change_user(org, user, audit, approve).await.map(drop)
    }

    /// Puts a user into a directory, and ends every session and proof with it, since another method
    /// may have to begin them. Done already, it changes nothing.
    pub async fn move_user(
        &self,
        org: OrganizationId,
        user: UserId,
        directory: Option<DirectoryId>,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let place = |user: &mut User| {
            if user.directory != directory {
                user.directory = directory;
                user.sessions_valid_from = user.sessions_valid_from.max(audit.at);
            }
            None
        };
        self.change_user(org, user, audit, place).await.map(drop)
    }

    /// Records a fact of the audit that no other write carries.
    pub async fn audit(&self, org: OrganizationId, entry: &AuditEntry) -> Result<(), TableError> {
        self.table.write(vec![Write::Put(entry.item(org)?, Expect::Absent)]).await
    }

    /// Makes a change, decides what follows from it, and answers what of it is in the outbox: nothing
    /// too where nothing changed.
    pub(crate) async fn change_user(
        &self,
        org: OrganizationId,
        id: UserId,
        audit: &AuditEntry,
        change: impl Fn(&mut User) -> Option<OutboxItem>,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let mut race = 0;
        loop {
            let Some(Stored { value: before, version }) = self.user(org, id, audit.at).await?
            else {
                return Ok(Vec::new());
            };
            let mut after = before.clone();
            let follows = change(&mut after);
            if after == before {
                return Ok(Vec::new());
            }
            let after = access::seen_off(&before, after, audit.at);
            let mut told = access::told(org, &before, Some(&after), audit)?;
            let hastened = self.hasten(&mut told, audit.at).await?;
            let mut writes = vec![
                Write::Put(user_item(org, &after)?, Expect::Version(version)),
                Write::Put(audit.item(org)?, Expect::Absent),
            ];
            writes.extend(leavers::moved(org, &before, &after)?);
            if let Some(item) = &follows {
                writes.push(Write::Put(item.item()?, Expect::Absent));
            }
            let hastened = hastened.map(|place| writes.len() + place);
            writes.extend(told.writes);
            let follows = told.items.into_iter().chain(follows).collect::<Vec<_>>();
            match self.table.write(writes).await {
                Err(TableError::Conflict { position })
                    if race + 1 < RACES && (position == 0 || Some(position) == hastened) =>
                {
                    race += 1;
                }
                other => return other.map(|()| follows),
            }
        }
    }
}
