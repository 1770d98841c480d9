//! What a provisioning client does to users: each is one transaction, with its claims, its look-ups,
//! its count and its audit.

use ambient::Entropy;
use identity::{OrganizationId, User, UserId};

use crate::access::{self, Following};
use crate::gone::Made;
use crate::item::Item;
use crate::leavers;
use crate::left_out;
use crate::names::{Owner, claims, move_claim};
use crate::profiles::profile_item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{
    Action, AuditEntry, Named, OutboxItem, Profile, Provisioned, Push, Store, Stored, TableError,
    Task,
};

/// Why a provisioning client's change was not stored; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A name belongs to somebody else.
    #[error("a name belongs to somebody else")]
    Taken(Named),
    /// It is not (any more) as it was when the change was decided.
    #[error("it is not as it was when the change was decided")]
    Stale,
    /// The attributes take more than [`Profile::MOST_BYTES`].
    #[error("the attributes are too large for the table")]
    TooLarge,
    /// There are more e-mail addresses than [`Profile::MOST_EMAILS`].
    #[error("more e-mail addresses than a user may have")]
    TooManyEmails,
    /// A member is no user of the organization.
    #[error("a member is no user of the organization")]
    NoUser(UserId),
    /// So many changes of the group wait to be carried out that another must wait.
    #[error("too many changes of the group wait to be carried out")]
    Busy,
    /// The table did not do as told.
    #[error("the change could not be stored")]
    Table(#[source] TableError),
}

impl From<TableError> for ProvisionError {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

/// A transaction, and which of its actions claim a name.
#[derive(Default)]
pub(crate) struct Plan {
    writes: Vec<Write>,
    claims: Vec<(usize, Named)>,
    strangers: Vec<(usize, UserId)>,
    /// How many actions at the beginning expect what was read before.
    expectations: usize,
}

impl Plan {
    /// A change of what was read: these writes expect it.
    pub(crate) fn expecting(writes: Vec<Write>) -> Self {
        Self { expectations: writes.len(), writes, ..Self::default() }
    }

    pub(crate) fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    pub(crate) fn claim(&mut self, named: Named, item: Item) {
        self.claims.push((self.writes.len(), named));
        self.push(Write::Put(item, Expect::Absent));
    }

    /// Expects that somebody is a user of the organization.
    pub(crate) fn expect_user(&mut self, org: OrganizationId, user: UserId) {
        self.strangers.push((self.writes.len(), user));
        self.push(Write::CheckPresent(Key::user(org, user)));
    }

    /// Claims the names that are new, and frees those that are no more.
    fn reclaim(
        &mut self,
        before: &[(Named, Key)],
        after: &[(Named, Key)],
        owner: UserId,
    ) -> Result<(), TableError> {
        for (named, key) in after.iter().filter(|claim| !before.contains(claim)) {
            self.claim(*named, Item::new(key.clone(), &Owner { user: owner })?);
        }
        for (_, key) in before.iter().filter(|claim| !after.contains(claim)) {
            self.push(Write::Delete(key.clone(), 1));
        }
        Ok(())
    }

    /// Adds the look-ups that are new, and takes away those that are no more.
    pub(crate) fn look_up(&mut self, before: &[Key], after: &[Key]) -> Result<(), TableError> {
        for key in after.iter().filter(|key| !before.contains(key)) {
            self.push(Write::Put(Item::new(key.clone(), &())?, Expect::Absent));
        }
        for key in before.iter().filter(|key| !after.contains(key)) {
            self.push(Write::Delete(key.clone(), 1));
        }
        Ok(())
    }

    /// Lets the user be found by their personal address, and by none that they had.
    fn move_claim(
        &mut self,
        org: OrganizationId,
        before: Option<&User>,
        after: Option<&User>,
    ) -> Result<(), TableError> {
        self.writes.extend(move_claim(org, before, after)?);
        Ok(())
    }

    /// What follows from what a user and their profile become, and what of it is in the outbox.
    fn change(
        mut self,
        org: OrganizationId,
        (before, after): ((&User, &Profile), (&User, &Profile)),
        audit: &AuditEntry,
        ignored: Option<&AuditEntry>,
    ) -> Result<(Self, Vec<OutboxItem>), TableError> {
        let ((old_user, old_profile), (user, profile), id) = (before, after, before.0.id);
        let old_claims = claims(org, old_user, old_profile.external_id.as_deref());
        self.reclaim(&old_claims, &claims(org, user, profile.external_id.as_deref()), id)?;
        self.look_up(&email_keys(org, id, old_profile), &email_keys(org, id, profile))?;
        self.move_claim(org, Some(old_user), Some(user))?;
        self.tell(org, audit, ignored)?;
        let mut follows = Vec::new();
        if user.claim_changed_at.is_some() && user.claim_changed_at != old_user.claim_changed_at {
            let tell = OutboxItem::following(audit, org, Task::ClaimChanged { user: id });
            self.push(Write::Put(tell.item()?, Expect::Absent));
            follows.push(tell);
        }
        follows.extend(self.tell_access(org, audit, old_user, Some(user))?);
        follows.extend(self.step_aside(org, audit, old_user, Some(user))?);
        self.writes.extend(leavers::moved(org, old_user, user)?);
        Ok((self, follows))
    }

    /// Says what was done, and what was left out of it.
    fn tell(
        &mut self,
        org: OrganizationId,
        audit: &AuditEntry,
        ignored: Option<&AuditEntry>,
    ) -> Result<(), TableError> {
        for entry in [Some(audit), ignored].into_iter().flatten() {
            self.push(Write::Put(entry.item(org)?, Expect::Absent));
        }
        Ok(())
    }

    /// Tells of an access that it takes or gives. That an administrator loses theirs is in the audit by
    /// itself.
    fn tell_access(
        &mut self,
        org: OrganizationId,
        audit: &AuditEntry,
        before: &User,
        after: Option<&User>,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let Following { items: told, writes } = access::told(org, before, after, audit)?;
        if told.iter().any(|item| matches!(item.task, Task::AlertBlocks { .. })) {
            let mut taken = audit.beside(Action::AccessTaken);
            taken.subject = Some(before.id);
            taken.reason = Some("provisioning".to_owned());
            self.push(Write::Put(taken.item(org)?, Expect::Absent));
        }
        self.writes.extend(writes);
        Ok(told)
    }

    /// Has those read whom somebody stood in the way of, where they do no more.
    fn step_aside(
        &mut self,
        org: OrganizationId,
        audit: &AuditEntry,
        before: &User,
        after: Option<&User>,
    ) -> Result<Option<OutboxItem>, TableError> {
        let aside = left_out::out_of_the_way(org, before, after, audit.at)?;
        Ok(aside.map(|(item, read)| {
            self.writes.extend(read);
            item
        }))
    }

    pub(crate) async fn carry_out(self, store: &Store) -> Result<(), ProvisionError> {
        let Err(error) = store.table.write(self.writes).await else {
            return Ok(());
        };
        let TableError::Conflict { position } = error else {
            return Err(ProvisionError::Table(error));
        };
        let taken = self.claims.iter().find(|(claim, _)| *claim == position);
        let stranger = self.strangers.iter().find(|(check, _)| *check == position);
        Err(match (taken, stranger) {
            _ if position < self.expectations => ProvisionError::Stale,
            (Some((_, named)), _) => ProvisionError::Taken(*named),
            (None, Some((_, user))) => ProvisionError::NoUser(*user),
            (None, None) => ProvisionError::Table(error),
        })
    }
}

fn email_keys(org: OrganizationId, user: UserId, profile: &Profile) -> Vec<Key> {
    let emails = profile.folded_emails();
    emails.iter().map(|email| Key::user_of_email(org, email, user)).collect()
}

fn check_size(profile: &Profile) -> Result<(), ProvisionError> {
    if profile.attributes.len() > Profile::MOST_BYTES {
        Err(ProvisionError::TooLarge)
    } else if profile.emails.len() > Profile::MOST_EMAILS {
        Err(ProvisionError::TooManyEmails)
    } else {
        Ok(())
    }
}

/// A new user with their profile.
fn creation(
    org: OrganizationId,
    user: &User,
    profile: &Profile,
    audit: &AuditEntry,
    ignored: Option<&AuditEntry>,
) -> Result<Plan, ProvisionError> {
    check_size(profile)?;
    let mut plan = Plan::default();
    let external_id = profile.external_id.as_deref();
    plan.reclaim(&[], &claims(org, user, external_id), user.id)?;
    // The name is somebody's for a moment, while their anchor is repaired.
    if let Some(repaired) = user.user_name.temporary_of() {
        plan.claims.push((plan.writes.len(), Named::UserName));
        plan.push(Write::CheckAbsent(Key::repair(org, repaired)));
    }
    plan.push(Write::Put(user_item(org, user)?, Expect::Absent));
    plan.push(Write::Put(profile_item(org, user.id, profile)?, Expect::Absent));
    plan.look_up(&[], &email_keys(org, user.id, profile))?;
    plan.move_claim(org, None, Some(user))?;
    plan.push(Write::Tally(Key::user_count(org, user.id), 1));
    plan.tell(org, audit, ignored)?;
    Ok(plan)
}

impl Store {
    /// Stores a new user with their profile, claims their names and counts them: all or nothing, in
    /// one transaction. `ignored` says of what was left out for safety.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Taken`] names the first claim that somebody else holds;
    /// [`ProvisionError::TooLarge`] and [`ProvisionError::TooManyEmails`] before anything is asked.
    pub async fn create_provisioned(
        &self,
        org: OrganizationId,
        user: &User,
        profile: &Profile,
        audit: &AuditEntry,
        ignored: Option<&AuditEntry>,
    ) -> Result<Provisioned, ProvisionError> {
        let plan = creation(org, user, profile, audit, ignored)?;
        plan.carry_out(self).await?;
        Ok(Provisioned::new(user, profile))
    }

    /// The same of somebody who is to be in Entra.
    ///
    /// # Errors
    ///
    /// As for anybody else.
    pub async fn create_provisioned_to_push(
        &self,
        org: OrganizationId,
        user: &User,
        profile: &Profile,
        (push, task): (&Push, &OutboxItem),
        audit: &AuditEntry,
        ignored: Option<&AuditEntry>,
    ) -> Result<Provisioned, ProvisionError> {
        let mut plan = creation(org, user, profile, audit, ignored)?;
        for write in push.beginning(org, task)? {
            plan.push(write);
        }
        plan.carry_out(self).await?;
        Ok(Provisioned::new(user, profile))
    }

    /// Stores what a user and their profile became, with the claims and look-ups that follow from
    /// it, and the instant of the audit as that of the change. Where nothing differs nothing is
    /// written or audited but `ignored`, which says of what was left out for safety. Administrators
    /// are told of a personal address that changed, and when one of them loses their access.
    ///
    /// Access is taken by [`User::block`] and given by [`User::unblock`], on `user`.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Stale`] when user or profile are not at the versions of `before` any more:
    /// whoever has no `If-Match` reads and decides again. Otherwise as for a new one.
    pub async fn change_provisioned(
        &self,
        org: OrganizationId,
        before: &Provisioned,
        user: &User,
        profile: &Profile,
        audit: &AuditEntry,
        ignored: Option<&AuditEntry>,
    ) -> Result<(Provisioned, Vec<OutboxItem>), ProvisionError> {
        // Who has more since before a limit was set can still be changed, and above all blocked.
        if profile.attributes.len() > before.profile.value.attributes.len()
            || profile.emails.len() > before.profile.value.emails.len()
        {
            check_size(profile)?;
        }
        let id = before.user.value.id;
        let (old_user, old_profile) = (&before.user.value, &before.profile.value);
        let unchanged = Profile { changed_at: old_profile.changed_at, ..profile.clone() };
        // As they are stored: names that differ in case alone are equal otherwise.
        let same_user = user_item(org, user)?.value == user_item(org, old_user)?.value;
        let same_profile =
            profile_item(org, id, &unchanged)?.value == profile_item(org, id, old_profile)?.value;
        if same_user && same_profile {
            if let Some(ignored) = ignored {
                self.audit(org, ignored).await?;
            }
            return Ok((before.clone(), Vec::new()));
        }

        let profile = Profile { changed_at: audit.at, ..profile.clone() };
        let user = access::seen_off(old_user, user.clone(), audit.at);
        let user = &left_out::stepped_aside(org, old_user, user);
        // From the first profile on the client says what the user is called: whoever read that there is
        // none and decided by it sees that the user changed.
        let rests = same_user && before.profile.version > 0;
        let user_write = match rests {
            true => Write::Check(Key::user(org, id), before.user.version),
            false => Write::Put(user_item(org, user)?, Expect::Version(before.user.version)),
        };
        let expect = Expect::read(before.profile.version);
        let profile_write = Write::Put(profile_item(org, id, &profile)?, expect);
        let plan = Plan::expecting(vec![user_write, profile_write]);
        let both = ((old_user, old_profile), (user, &profile));
        let (plan, follows) = plan.change(org, both, audit, ignored)?;
        plan.carry_out(self).await?;
        let version = before.user.version + u64::from(!rests);
        let after = Provisioned {
            user: Stored { value: user.clone(), version },
            profile: Stored { value: profile, version: before.profile.version + 1 },
        };
        Ok((after, follows))
    }

    /// Deletes a user for good: frees their names, counts them no more, and puts into the outbox
    /// what they leave behind (passkeys, sessions, memberships), which [`Store::forget_user`] takes
    /// away. From then on nobody signs in as them. An account in Entra that we made is disabled there,
    /// and brings nobody back. Whoever they stood in the way of is read.
    ///
    /// Answers what of the same transaction is in the outbox.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Stale`] when user or profile are not at the versions of `before` any more.
    pub async fn delete_provisioned(
        &self,
        org: OrganizationId,
        before: &Provisioned,
        audit: &AuditEntry,
        entropy: &dyn Entropy,
    ) -> Result<Vec<OutboxItem>, ProvisionError> {
        let (user, profile) = (&before.user.value, &before.profile.value);
        let profile_key = Key::profile(org, user.id);
        let profile_write = match before.profile.version {
            0 => Write::CheckAbsent(profile_key),
            version => Write::Delete(profile_key, version),
        };
        let user_write = Write::Delete(Key::user(org, user.id), before.user.version);
        let mut plan = Plan::expecting(vec![user_write, profile_write]);
        plan.reclaim(&claims(org, user, profile.external_id.as_deref()), &[], user.id)?;
        plan.look_up(&email_keys(org, user.id, profile), &[])?;
        plan.move_claim(org, Some(user), None)?;
        plan.push(Write::Tally(Key::user_count(org, user.id), -1));
        let told = plan.tell_access(org, audit, user, None)?;
        let aside = plan.step_aside(org, audit, user, None)?;
        if let Some(tenant) = user.made_in {
            let made = Made { user: user.id, object: user.object_id, tenant };
            for write in made.leaves(org, audit.at)? {
                plan.push(write);
            }
        }
        let forget = OutboxItem::new(entropy, org, Task::ForgetUser { user: user.id }, audit.at);
        plan.push(Write::Put(forget.item()?, Expect::Absent));
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        plan.carry_out(self).await?;
        Ok(std::iter::once(forget).chain(told).chain(aside).collect())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use identity::{Anchor, Block, OutboxId, Role};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::Actor;

    /// How many actions a transaction of DynamoDB's holds.
    const MOST: usize = 100;
    /// How many are left to whatever else may have to follow.
    const ROOM: usize = 10;

    #[test]
    fn the_largest_change_of_an_administrator_is_one_transaction_with_room_for_more() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let org = OrganizationId::mint(&SystemEntropy);
        let named = |name: &str, number: u128| {
            let user_name = format!("{name}@contoso.com").parse().unwrap();
            let mut user = User::new(UserId::from_bytes([1; 16]), user_name, name.to_owned(), now);
            user.anchor = Some(name.parse::<Anchor>().unwrap());
            user.object_id = Some(Uuid::from_u128(number));
            user.personal_email = format!("{name}@personal.test").parse().ok();
            user.role = Role::Administrator;
            let mut profile = Profile::new(now);
            profile.external_id = Some(name.to_owned());
            let emails = 0..Profile::MOST_EMAILS;
            profile.emails = emails.map(|email| format!("{email}@{name}.test")).collect();
            (user, profile)
        };
        let (mut before, old_profile) = named("before", 1);
        before.in_the_way_of = (3..8).map(Uuid::from_u128).collect();
        let (mut after, profile) = named("after", 2);
        after.claim_changed_at = Some(now);
        after.block(Block::Provisioning, now);
        let audit =
            |action| AuditEntry::new(OutboxId::mint(&SystemEntropy), now, Actor::System, action);
        let (changed, ignored) = (audit(Action::UserChanged), audit(Action::ProvisioningIgnored));
        let expected = [user_item(org, &after), profile_item(org, after.id, &profile)];
        let expected = expected.map(|item| Write::Put(item.unwrap(), Expect::Version(1)));

        let plan = Plan::expecting(expected.into());
        let both = ((&before, &old_profile), (&after, &profile));
        let (plan, follows) = plan.change(org, both, &changed, Some(&ignored)).unwrap();

        let follows_of = |wanted: fn(&Task) -> bool| follows.iter().any(|item| wanted(&item.task));
        assert!(follows_of(|task| matches!(task, Task::ClaimChanged { .. })), "{follows:?}");
        assert!(follows_of(|task| matches!(task, Task::AlertBlocks { .. })), "{follows:?}");
        assert!(follows_of(|task| matches!(task, Task::ReadNoticed { .. })), "{follows:?}");
        let many = plan.writes.len();
        assert!(many > 2 * Profile::MOST_EMAILS + 14, "it is the largest: {many}");
        assert!(many <= MOST - ROOM, "{many} of {MOST}");
    }
}
