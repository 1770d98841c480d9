//! Anchors that are being repaired in Entra: an item for each, from the write that confirms it until the
//! one that ends it, in the new state or in the old one.
//!
//! It says what may have been begun there, before it is begun: whoever comes next looks there, and knows
//! by both what is left to do. One outbox item carries it out.

use identity::{Anchor, OrganizationId, SecretHash, User, UserId, UserName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connections::works_with;
use crate::imports::{Changing, changing};
use crate::item::Item;
use crate::notices::marks;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{
    Actor, AuditEntry, Connection, ImportError, OutboxItem, Position, Store, Stored, TableError,
    Version,
};

/// How long somebody may have a temporary name before somebody else has to look.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// A user whose anchor is being repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// Who.
    pub user: UserId,
    /// Which object they are.
    pub object: Uuid,
    /// In which tenant: it goes on in no other.
    pub tenant: Uuid,
    /// What they are called, before and afterwards.
    pub name: UserName,
    /// The same as it was spelled there, once it was read.
    pub spelling: Option<String>,
    /// What they are called meanwhile.
    pub temporary: UserName,
    /// The anchor that they are to have.
    pub anchor: Anchor,
    /// What they have there instead, as the operator named it: nothing, or what nobody can assert.
    pub anchor_before: Option<String>,
    /// What may have been begun there.
    pub step: RepairStep,
    /// Why they get their name back without the anchor, where they do.
    pub cause: Option<RepairReason>,
    /// Why it waited last.
    pub reason: Option<RepairReason>,
    /// How often it waited for this reason.
    pub tries: u32,
    /// Who confirmed it.
    pub by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// Since when they may have the temporary name.
    pub away_since: Option<Timestamp>,
    /// When the step was last begun.
    pub stepped_at: Timestamp,
    /// Since when it waits for this reason.
    pub waits_since: Timestamp,
}

/// What may have been begun in Entra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairStep {
    /// Nothing yet.
    Planned,
    /// The user gets the temporary name.
    Leaving,
    /// The user gets their name back, together with the anchor.
    Returning,
    /// The user gets their name back, and nothing else.
    Reverting,
}

impl RepairStep {
    /// The word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Leaving => "leaving",
            Self::Returning => "returning",
            Self::Reverting => "reverting",
        }
    }
}

/// Why a repair waits, goes back, or ended without an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairReason {
    /// Entra cannot be asked now.
    Unavailable,
    /// Entra does not show yet what was just done.
    Unseen,
    /// No tenant is connected.
    NotConnected,
    /// Another tenant is connected.
    OtherTenant,
    /// The tenant does not let users be changed.
    NoConsent,
    /// The tenant does not let us do this for the user.
    Forbidden,
    /// Entra does not take it.
    Refused,
    /// Somebody else has the anchor there.
    AnchorTaken,
    /// Somebody else has the name there.
    NameTaken,
    /// The user has another anchor there, which can be asserted.
    HasAnchor,
    /// The user is mastered on-premises.
    Synced,
    /// The user has another name there.
    OtherName,
    /// The account was deleted there, and may come back.
    Deleted,
    /// The account is not there any more.
    Gone,
    /// The user is not as they were when it was confirmed: blocked, deleted, or somebody else there.
    UserChanged,
    /// It could not be begun for so long that nobody expects it any more.
    TooLate,
    /// The operator gave it up.
    Abandoned,
}

impl RepairReason {
    /// The word in answers and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Unseen => "unseen",
            Self::NotConnected => "not_connected",
            Self::OtherTenant => "other_tenant",
            Self::NoConsent => "no_consent",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
            Self::AnchorTaken => "anchor_taken",
            Self::NameTaken => "name_taken",
            Self::HasAnchor => "has_anchor",
            Self::Synced => "synced",
            Self::OtherName => "other_name",
            Self::Deleted => "deleted",
            Self::Gone => "gone",
            Self::UserChanged => "user_changed",
            Self::TooLate => "too_late",
            Self::Abandoned => "abandoned",
        }
    }
}

impl Repair {
    /// A repair of which nothing is begun.
    pub fn new(
        (user, object): (&User, Uuid),
        tenant: Uuid,
        (temporary, anchor_before): (UserName, Option<String>),
        by: Actor,
        now: Timestamp,
    ) -> Self {
        Self {
            user: user.id,
            object,
            tenant,
            name: user.user_name.clone(),
            spelling: None,
            temporary,
            anchor: Anchor::of(user.id),
            anchor_before,
            step: RepairStep::Planned,
            cause: None,
            reason: None,
            tries: 0,
            by,
            created_at: now,
            away_since: None,
            stepped_at: now,
            waits_since: now,
        }
    }

    /// Names what was shown of it at an instant, by the versions of the user and of the connection: a plan
    /// of which anything differs is another one, and so is that of a user whose repair was confirmed since.
    pub fn plan(
        &self,
        org: OrganizationId,
        (user, connection): (Version, Version),
        shown_at: Timestamp,
    ) -> String {
        let before = self.anchor_before.as_deref();
        let shown_at = shown_at.as_second();
        let hash = SecretHash::of(&[
            b"repair",
            org.uuid().as_bytes(),
            self.user.uuid().as_bytes(),
            self.object.as_bytes(),
            self.tenant.as_bytes(),
            self.name.as_str().as_bytes(),
            self.temporary.as_str().as_bytes(),
            self.anchor.as_str().as_bytes(),
            &user.to_be_bytes(),
            &connection.to_be_bytes(),
            &shown_at.to_be_bytes(),
            &[u8::from(before.is_some())],
            before.unwrap_or_default().as_bytes(),
        ]);
        format!("{shown_at}.{}", hash.as_str())
    }

    /// When a plan was shown, as it says.
    pub fn shown_at(plan: &str) -> Option<Timestamp> {
        let (second, _) = plan.split_once('.')?;
        Timestamp::from_second(second.parse().ok()?).ok()
    }

    /// Whether anything may have been begun there.
    pub fn is_begun(&self) -> bool {
        self.step != RepairStep::Planned
    }

    /// Whether the user may have had the temporary name for so long that somebody has to look. Nobody has
    /// one whose account is in the recycle bin.
    pub fn is_stuck(&self, now: Timestamp) -> bool {
        self.reason != Some(RepairReason::Deleted)
            && self.away_since.is_some_and(|since| now.duration_since(since) >= STUCK_AFTER)
    }

    /// The same, with a step that is begun now.
    #[must_use]
    pub fn begun(&self, step: RepairStep, now: Timestamp) -> Self {
        let away_since = self.away_since.or(Some(now));
        Self { step, away_since, stepped_at: now, ..self.clone() }
    }

    /// The same, waiting for a reason.
    #[must_use]
    pub fn waiting(&self, reason: RepairReason, now: Timestamp) -> Self {
        let is_new = self.reason != Some(reason);
        let tries = if is_new { 1 } else { self.tries.saturating_add(1) };
        let waits_since = if is_new { now } else { self.waits_since };
        Self { reason: Some(reason), tries, waits_since, ..self.clone() }
    }

    fn item(&self, org: OrganizationId) -> Result<Item, TableError> {
        Item::new(Key::repair(org, self.user), self)
    }
}

/// What a repair needs to know.
#[derive(Debug)]
pub struct Repairing {
    /// The organization's connection, once there was one.
    pub connection: Option<Stored<Connection>>,
    /// The user, unless they were deleted.
    pub user: Option<Stored<User>>,
    /// The repair, unless it is over.
    pub repair: Option<Stored<Repair>>,
}

impl Store {
    /// Decides that somebody's anchor is repaired. The user is written as they are: so a plan is used up.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when user or connection changed since they were read, or a repair of them
    /// is under way.
    pub async fn begin_repair(
        &self,
        org: OrganizationId,
        (user, connection): (&Stored<User>, &Stored<Connection>),
        (repair, task): (&Repair, &OutboxItem),
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let writes = vec![
            Write::Put(repair.item(org)?, Expect::Absent),
            Write::Put(user_item(org, &user.value)?, Expect::Version(user.version)),
            Write::Check(Key::connection(org), connection.version),
            // One of a repair that is over does nothing, and may be there still.
            Write::Put(task.item()?, Expect::Anything),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// The repair of somebody, while it is not over.
    pub async fn repair(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Stored<Repair>>, TableError> {
        self.table.get(Key::repair(org, user), now).await
    }

    /// What a repair needs to know, in one read.
    pub async fn repairing(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Repairing, TableError> {
        let keys = [Key::connection(org), Key::user(org, user), Key::repair(org, user)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [connection, user, repair] = &keys;
        Ok(Repairing {
            connection: found.take(connection, now)?,
            user: found.take(user, now)?,
            repair: found.take(repair, now)?,
        })
    }

    /// Notes what is begun there, before it is begun: the first time, expecting the user as they were read.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when repair or user changed since they were read, or the organization is
    /// connected to its tenant no more.
    pub async fn step_repair(
        &self,
        org: OrganizationId,
        before: &Stored<Repair>,
        repair: &Repair,
        user: Option<&Stored<User>>,
    ) -> Result<Stored<Repair>, TableError> {
        let mut writes = vec![
            Write::Put(repair.item(org)?, Expect::Version(before.version)),
            Write::CheckThat(Key::connection(org), works_with(repair.tenant)),
        ];
        let user = user.filter(|_| !before.value.is_begun());
        writes.extend(user.map(|user| Write::Check(Key::user(org, repair.user), user.version)));
        self.table.write(writes).await?;
        Ok(Stored { value: repair.clone(), version: before.version + 1 })
    }

    /// Stores what a repair became.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it changed since it was read.
    pub async fn keep_repair(
        &self,
        org: OrganizationId,
        before: &Stored<Repair>,
        repair: &Repair,
    ) -> Result<(), TableError> {
        let write = Write::Put(repair.item(org)?, Expect::Version(before.version));
        self.table.write(vec![write]).await
    }

    /// Ends a repair, with what the user became by it, where they became anything. What Entra said of
    /// the object meanwhile may be old: it is read once more.
    ///
    /// # Errors
    ///
    /// [`ImportError::Stale`] when user or repair are not as they were read, [`ImportError::Taken`] when
    /// somebody else has the anchor.
    pub async fn end_repair(
        &self,
        org: OrganizationId,
        before: &Stored<Repair>,
        user: Option<(&Stored<User>, &User)>,
        audit: &AuditEntry,
    ) -> Result<(), ImportError> {
        // An anchor takes nobody's access, and gives nobody any: nothing follows from it.
        let (mut writes, taken) = match user {
            Some((before, user)) => {
                let Changing { writes, taken, .. } = changing(org, before, user, audit)?;
                (writes, taken)
            }
            None => (vec![Write::Put(audit.item(org)?, Expect::Absent)], Vec::new()),
        };
        let repair = &before.value;
        writes.push(Write::Delete(Key::repair(org, repair.user), before.version));
        writes.push(Write::Put(OutboxItem::pushed(org, audit.at).item()?, Expect::Anything));
        writes.extend(marks(org, &[repair.object].into(), audit.at)?);
        self.table.write(writes).await.map_err(|error| match error {
            TableError::Conflict { position } => match taken.get(position).copied().flatten() {
                Some(named) => ImportError::Taken(named),
                None => ImportError::Stale,
            },
            other => ImportError::Table(other),
        })
    }

    /// Ends a repair where it is: nobody goes on with it. The object is read once more, so that a name
    /// that it was left with is told of.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it changed since it was read.
    pub async fn abandon_repair(
        &self,
        org: OrganizationId,
        before: &Stored<Repair>,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let mut writes = vec![
            Write::Delete(Key::repair(org, before.value.user), before.version),
            Write::Put(audit.item(org)?, Expect::Absent),
            Write::Put(OutboxItem::pushed(org, audit.at).item()?, Expect::Anything),
        ];
        writes.extend(marks(org, &[before.value.object].into(), audit.at)?);
        self.table.write(writes).await
    }

    /// A page of the repairs that are not over, at most `most`, and where the next one begins.
    pub async fn list_repairs(
        &self,
        org: OrganizationId,
        behind: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<(Vec<Repair>, Option<Position>), TableError> {
        let partition = |shard| Key::repairs(org, shard);
        self.page_of_shards(partition, |repair: &Repair| repair.user, behind, most, now).await
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn repair() -> Repair {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let id = UserId::from_bytes([1; 16]);
        let name: UserName = "ada@contoso.com".parse().unwrap();
        let user = User::new(id, name, "Ada".to_owned(), now);
        let temporary = UserName::temporary(id, &"contoso.onmicrosoft.com".parse().unwrap());
        let both = (temporary.unwrap(), None);
        Repair::new((&user, Uuid::nil()), Uuid::nil(), both, Actor::Operator, now)
    }

    #[test]
    fn a_plan_of_which_anything_differs_is_another_plan() {
        let org = OrganizationId::from_bytes([9; 16]);
        let shown = repair();
        let others = [
            Repair { user: UserId::from_bytes([2; 16]), ..shown.clone() },
            Repair { object: Uuid::max(), ..shown.clone() },
            Repair { tenant: Uuid::max(), ..shown.clone() },
            Repair { name: "Ada@contoso.com".parse().unwrap(), ..shown.clone() },
            Repair { temporary: "x@contoso.com".parse().unwrap(), ..shown.clone() },
            Repair { anchor: "x".parse().unwrap(), ..shown.clone() },
            Repair { anchor_before: Some(String::new()), ..shown.clone() },
        ];

        let (now, later) = (shown.created_at, shown.created_at + SignedDuration::from_secs(1));
        let plan = shown.plan(org, (1, 1), now);

        for other in others {
            assert_ne!(other.plan(org, (1, 1), now), plan, "{other:?}");
        }
        assert_ne!(shown.plan(OrganizationId::from_bytes([8; 16]), (1, 1), now), plan);
        assert_ne!(shown.plan(org, (2, 1), now), plan, "of another version of the user");
        assert_ne!(shown.plan(org, (1, 2), now), plan, "or of the connection");
        assert_ne!(shown.plan(org, (1, 1), later), plan, "or shown later");
        assert_eq!(Repair::shown_at(&plan), Some(now));
        assert_eq!(Repair::shown_at("x"), None);
    }

    #[test]
    fn whoever_may_have_a_temporary_name_for_a_quarter_of_an_hour_is_stuck() {
        let planned = repair();
        let (now, end) = (planned.created_at, planned.created_at + STUCK_AFTER);
        assert!(!planned.is_begun() && !planned.is_stuck(end), "nothing is begun");

        let away = planned.begun(RepairStep::Leaving, now);
        let back = away.begun(RepairStep::Returning, end - SignedDuration::from_secs(1));
        assert!(back.is_begun() && !back.is_stuck(back.stepped_at) && back.is_stuck(end));

        let waits = back.waiting(RepairReason::Unavailable, now);
        let again = waits.waiting(RepairReason::Unavailable, end);
        assert_eq!((again.tries, again.waits_since), (2, now));
        assert_eq!(again.waiting(RepairReason::Forbidden, end).tries, 1);
        assert!(again.is_stuck(end) && !again.waiting(RepairReason::Deleted, end).is_stuck(end));
    }
}
