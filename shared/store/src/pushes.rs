//! Users who are to be in Entra and are not there yet: an item for each, from the write that makes them
//! here until the one that knows which object they are there.
//!
//! They are spread over shards, and one outbox item brings all of a shard. Every write that has somebody
//! wait sees to it that the item is there; it ends by a write that expects that nobody of the shard
//! waits. So nobody is forgotten, however both meet.

use identity::{Country, Mode, Organization, OrganizationId, User, UserId, UserName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connections::works_with;
use crate::gone::Made;
use crate::imports::{Changing, changing};
use crate::item::Item;
use crate::names::claims;
use crate::notices::marks;
use crate::schema::{Key, SHARDS, shard};
use crate::table::{Expect, Write};
use crate::users::user_writes;
use crate::{
    AuditEntry, Connection, CreateUserError, ImportError, OutboxItem, Position, Profile, Stage,
    Store, Stored, TableError,
};

/// How often a pause doubles.
const DOUBLINGS: u32 = 16;

/// What Entra is told of somebody beside what they are here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub surname: Option<String>,
    /// The mobile number.
    pub mobile_phone: Option<String>,
    /// The country whose services a licence may bring.
    pub usage_location: Option<Country>,
    /// The licences to assign, by the ids of their SKUs.
    #[serde(default)]
    pub licences: Vec<Uuid>,
}

/// Somebody who is to be in Entra.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Who.
    pub user: UserId,
    /// What Entra is told of them.
    pub particulars: Particulars,
    /// How far it has come.
    pub stage: PushStage,
    /// Why they are not there yet, once it was tried.
    pub reason: Option<PushReason>,
    /// The tenant in which it was begun, once it was: it goes on in no other.
    pub tenant: Option<Uuid>,
    /// The name with which it was begun: the account may have it still.
    pub begun_as: Option<UserName>,
    /// From when on it is tried, or tried again: until then somebody is at it, or it was put off.
    pub due_at: Timestamp,
    /// How often it was put off for this reason.
    pub tries: u32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When stage or reason last changed.
    pub changed_at: Timestamp,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushStage {
    /// They are to be made there.
    Pending,
    /// They are to become an object that is there already, which somebody confirmed.
    Linking(Uuid),
    /// It stopped: somebody has to decide. The object that stands against it, where one does.
    Conflict(Option<Uuid>),
}

/// Why somebody is not in Entra yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushReason {
    /// The organization's users come from on-premises.
    Hybrid,
    /// No tenant is connected.
    NotConnected,
    /// The tenant does not let users be made.
    NoConsent,
    /// The user's directory signs in with Microsoft accounts: nobody would know the password.
    MicrosoftAccounts,
    /// The user has no access.
    Blocked,
    /// It was begun in another tenant.
    OtherTenant,
    /// A provisioning client gave the user an anchor: by its word they are in Entra already.
    AnchorGiven,
    /// Entra cannot be asked now.
    Unavailable,
    /// Entra says that the name is taken, and shows nobody who has it.
    Unseen,
    /// Somebody else has the name there.
    NameTaken,
    /// Somebody else has the anchor there.
    AnchorTaken,
    /// The name is no user principal name in a domain of the organization.
    OutsideDomain,
    /// The domain of the name is not verified in the tenant.
    DomainUnverified,
    /// Entra does not take such a user, as they are now.
    Refused,
    /// The tenant does not let us do this for the user.
    Forbidden,
    /// The object is a guest.
    Guest,
    /// The object is not there, or not any more.
    Gone,
    /// The object has another name than the user.
    OtherName,
    /// The object holds a directory role.
    Administrator,
    /// The object is another user here.
    ObjectTaken,
    /// The object has no anchor, and none can be written.
    AnchorRefused,
    /// The object has an anchor that nobody can assert.
    AnchorNotAssertable,
    /// Somebody enrolled as the user, of whom nobody knows whether they are the object's owner.
    Enrolled,
}

impl PushReason {
    /// Why nobody of an organization is brought to Entra now.
    pub fn of_all(mode: Mode, connection: Option<&Connection>) -> Option<Self> {
        let connected = connection.filter(|one| one.stage == Stage::Connected);
        match connected {
            _ if mode == Mode::Hybrid => Some(Self::Hybrid),
            None => Some(Self::NotConnected),
            Some(one) if !one.lets_users_be_changed() => Some(Self::NoConsent),
            Some(_) => None,
        }
    }

    /// The word in answers and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::NotConnected => "not_connected",
            Self::NoConsent => "no_consent",
            Self::MicrosoftAccounts => "microsoft_accounts",
            Self::Blocked => "blocked",
            Self::OtherTenant => "other_tenant",
            Self::AnchorGiven => "anchor_given",
            Self::Unavailable => "unavailable",
            Self::Unseen => "unseen",
            Self::NameTaken => "name_taken",
            Self::AnchorTaken => "anchor_taken",
            Self::OutsideDomain => "outside_domain",
            Self::DomainUnverified => "domain_unverified",
            Self::Refused => "refused",
            Self::Forbidden => "forbidden",
            Self::Guest => "guest",
            Self::Gone => "gone",
            Self::OtherName => "other_name",
            Self::Administrator => "administrator",
            Self::ObjectTaken => "object_taken",
            Self::AnchorRefused => "anchor_refused",
            Self::AnchorNotAssertable => "anchor_not_assertable",
            Self::Enrolled => "enrolled",
        }
    }
}

impl Push {
    /// How many licences somebody may be given.
    pub const MOST_LICENCES: usize = 20;

    /// Somebody who is to be made there.
    pub fn new(user: UserId, particulars: Particulars, now: Timestamp) -> Self {
        Self {
            user,
            particulars,
            stage: PushStage::Pending,
            reason: None,
            tenant: None,
            begun_as: None,
            due_at: now,
            tries: 0,
            created_at: now,
            changed_at: now,
        }
    }

    /// The same, at a stage, for a reason: to be tried at once, if it is to be tried.
    #[must_use]
    pub fn at(&self, stage: PushStage, reason: Option<PushReason>, now: Timestamp) -> Self {
        let is_new = (stage, reason) != (self.stage, self.reason);
        let changed_at = if is_new { now } else { self.changed_at };
        let tries = if is_new { 0 } else { self.tries };
        Self { stage, reason, due_at: now, tries, changed_at, ..self.clone() }
    }

    /// The same, put off for a reason: each time twice as long, up to the last.
    #[must_use]
    pub fn put_off(
        &self,
        reason: PushReason,
        (first, last): (SignedDuration, SignedDuration),
        now: Timestamp,
    ) -> Self {
        let mut later = self.at(self.stage, Some(reason), now);
        let pause = (first * (1 << later.tries.min(DOUBLINGS))).min(last);
        later.due_at = now.checked_add(pause).unwrap_or(now);
        later.tries = later.tries.saturating_add(1);
        later
    }

    /// The same, in a tenant, by somebody who is at it until then.
    #[must_use]
    pub fn begun(&self, tenant: Uuid, name: &UserName, until: Timestamp) -> Self {
        let begun_as = self.begun_as.clone().or_else(|| Some(name.clone()));
        Self { tenant: Some(tenant), begun_as, due_at: until, ..self.clone() }
    }

    /// Whether it stopped, until somebody decides.
    pub const fn is_conflict(&self) -> bool {
        matches!(self.stage, PushStage::Conflict(_))
    }

    fn item(&self, org: OrganizationId) -> Result<Item, TableError> {
        Item::new(Key::push(org, self.user), self)
    }

    fn count(&self, org: OrganizationId) -> Key {
        let shard = shard(self.user.uuid().as_bytes());
        if self.is_conflict() {
            Key::conflict_count(org, shard)
        } else {
            Key::pending_count(org, shard)
        }
    }

    /// What is written beside somebody who is made here.
    pub(crate) fn beginning(
        &self,
        org: OrganizationId,
        task: &OutboxItem,
    ) -> Result<Vec<Write>, TableError> {
        Ok(vec![
            Write::Put(self.item(org)?, Expect::Absent),
            Write::Tally(self.count(org), 1),
            Write::Ensure(task.item()?),
        ])
    }

    fn end(stored: &Stored<Self>, org: OrganizationId) -> [Write; 2] {
        let push = &stored.value;
        [
            Write::Delete(Key::push(org, push.user), stored.version),
            Write::Tally(push.count(org), -1),
        ]
    }
}

/// How many users are not in Entra yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushCounts {
    /// Those who wait.
    pub pending: u64,
    /// Those about whom somebody has to decide.
    pub conflicts: u64,
}

/// What a push needs to know.
#[derive(Debug)]
pub struct Pushing {
    /// The organization.
    pub organization: Option<Stored<Organization>>,
    /// Its connection, once there was one.
    pub connection: Option<Stored<Connection>>,
    /// The user, unless they were deleted.
    pub user: Option<Stored<User>>,
    /// What a provisioning client keeps of them, where one does.
    pub profile: Option<Stored<Profile>>,
    /// The push, unless it is over.
    pub push: Option<Stored<Push>>,
}

impl Store {
    /// Stores a new user who is to be in Entra, with what makes them so: all or nothing.
    ///
    /// # Errors
    ///
    /// [`CreateUserError::Taken`] names the first claim that somebody else holds.
    pub async fn create_user_to_push(
        &self,
        org: OrganizationId,
        user: &User,
        push: (&Push, &OutboxItem),
        audit: &AuditEntry,
    ) -> Result<(), CreateUserError> {
        let writes = || -> Result<Vec<Write>, TableError> {
            let mut writes = user_writes(org, user)?;
            writes.extend(push.0.beginning(org, push.1)?);
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
            Ok(writes)
        };
        let writes = writes().map_err(CreateUserError::Table)?;
        self.table.write(writes).await.map_err(|error| match error {
            TableError::Conflict { position } => match claims(org, user, None).get(position) {
                Some((named, _)) => CreateUserError::Taken(*named),
                None => CreateUserError::Table(error),
            },
            other => CreateUserError::Table(other),
        })
    }

    /// What a push needs to know, in one read.
    pub async fn pushing(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Pushing, TableError> {
        let keys = [
            Key::organization(org),
            Key::connection(org),
            Key::user(org, user),
            Key::profile(org, user),
            Key::push(org, user),
        ];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [organization, connection, user, profile, push] = &keys;
        Ok(Pushing {
            organization: found.take(organization, now)?,
            connection: found.take(connection, now)?,
            user: found.take(user, now)?,
            profile: found.take(profile, now)?,
            push: found.take(push, now)?,
        })
    }

    /// The push of a user, while it is not over.
    pub async fn push(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Stored<Push>>, TableError> {
        self.table.get(Key::push(org, user), now).await
    }

    /// A shard's pushes behind somebody, at most `most`.
    pub async fn pushes(
        &self,
        org: OrganizationId,
        shard: u8,
        behind: Option<UserId>,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Push>, TableError> {
        let behind = behind.map(|user| user.to_string()).unwrap_or_default();
        let found: Vec<Stored<Push>> =
            self.table.behind(&Key::pushes(org, shard), &behind, most, now).await?;
        Ok(found.into_iter().map(|stored| stored.value).collect())
    }

    /// Begins with a push in a tenant: from this write on whoever deletes the user knows that the
    /// account may be there, and nobody else is at it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when organization, user or push changed since they were read, or the
    /// organization is connected to that tenant no more.
    pub async fn begin_push(
        &self,
        organization: &Stored<Organization>,
        user: &Stored<User>,
        before: &Stored<Push>,
        (tenant, until): (Uuid, Timestamp),
    ) -> Result<Stored<Push>, TableError> {
        let org = organization.value.id;
        let push = before.value.begun(tenant, &user.value.user_name, until);
        let writes = vec![
            Write::Put(push.item(org)?, Expect::Version(before.version)),
            Write::Check(Key::organization(org), organization.version),
            Write::Check(Key::user(org, user.value.id), user.version),
            Write::CheckThat(Key::connection(org), works_with(tenant)),
        ];
        self.table.write(writes).await?;
        Ok(Stored { value: push, version: before.version + 1 })
    }

    /// Stores what a push became, with what the audit says of it, and has it tried where it is to be.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it changed since it was read.
    pub async fn keep_push(
        &self,
        org: OrganizationId,
        before: &Stored<Push>,
        push: &Push,
        audit: Option<&AuditEntry>,
        next: Option<&OutboxItem>,
    ) -> Result<(), TableError> {
        let mut writes = vec![Write::Put(push.item(org)?, Expect::Version(before.version))];
        let (old, new) = (before.value.count(org), push.count(org));
        if old != new {
            writes.extend([Write::Tally(old, -1), Write::Tally(new, 1)]);
        }
        if let Some(audit) = audit {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        if let Some(next) = next {
            writes.push(Write::Ensure(next.item()?));
        }
        self.table.write(writes).await
    }

    /// Ends a push: the user is in Entra, as the object that `user` names. Administrators are told as
    /// of any other change.
    ///
    /// What Entra said of the object until now was said of nobody here: it is read once more. Whoever
    /// was that object and was deleted is forgotten: it is somebody again.
    ///
    /// # Errors
    ///
    /// [`ImportError::Stale`] when user or push are not as they were read, [`ImportError::Taken`] when
    /// somebody else is that object or has the anchor.
    pub async fn end_push(
        &self,
        org: OrganizationId,
        before: (&Stored<User>, &Stored<Push>),
        user: &User,
        audit: &[AuditEntry],
    ) -> Result<(), ImportError> {
        let Some((first, more)) = audit.split_first() else { return Err(ImportError::Stale) };
        let Changing { mut writes, taken, .. } = changing(org, before.0, user, first)?;
        writes.extend(Push::end(before.1, org));
        for entry in more {
            writes.push(Write::Put(entry.item(org)?, Expect::Absent));
        }
        if let Some(object) = user.object_id {
            let item = OutboxItem::pushed(org, first.at);
            writes.push(Write::Put(item.item()?, Expect::Anything));
            writes.extend(marks(org, &[object].into(), first.at)?);
            writes.push(Write::Remove(Key::gone(org, object)));
        }
        let is_new = user.object_id != before.0.value.object_id;
        if let Some(tenant) = before.1.value.tenant.filter(|_| is_new) {
            writes.push(Write::CheckThat(Key::connection(org), works_with(tenant)));
        }
        self.table.write(writes).await.map_err(|error| match error {
            TableError::Conflict { position } => match taken.get(position).copied().flatten() {
                Some(named) => ImportError::Taken(named),
                None => ImportError::Stale,
            },
            other => ImportError::Table(other),
        })
    }

    /// Lets go of the push of somebody who was deleted. Where it was begun, an account may be there.
    pub(crate) async fn forget_push(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let Some(stored) = self.push(org, user, now).await? else { return Ok(()) };
        let mut writes: Vec<Write> = Push::end(&stored, org).into();
        // Whoever stood against them was left out by the readings.
        if let PushStage::Conflict(Some(object)) = stored.value.stage {
            writes.push(Write::Put(OutboxItem::pushed(org, now).item()?, Expect::Anything));
            writes.extend(marks(org, &[object].into(), now)?);
        }
        if let Some(tenant) = stored.value.tenant {
            writes.extend(Made { user, object: None, tenant }.leaves(org, now)?);
        }
        self.table.write(writes).await
    }

    /// A page of those who are not in Entra yet, at most `most`, and where the next one begins.
    pub async fn list_pushes(
        &self,
        org: OrganizationId,
        behind: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<(Vec<Push>, Option<Position>), TableError> {
        let partition = |shard| Key::pushes(org, shard);
        self.page_of_shards(partition, |push: &Push| push.user, behind, most, now).await
    }

    /// How many users are not in Entra yet, exactly.
    pub async fn count_pushes(&self, org: OrganizationId) -> Result<PushCounts, TableError> {
        let pending = (0..SHARDS).map(|shard| Key::pending_count(org, shard)).collect();
        let conflicts = (0..SHARDS).map(|shard| Key::conflict_count(org, shard)).collect();
        let [pending, conflicts] = self.tallies([pending, conflicts]).await?;
        Ok(PushCounts { pending, conflicts })
    }
}
