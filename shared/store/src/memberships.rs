//! Who is in which group: changed member by member, never as a list that is read and rewritten.

use std::collections::{BTreeMap, BTreeSet};

use ambient::Entropy;
use identity::{GroupId, OrganizationId, UserId};
use jiff::Timestamp;

use crate::groups::{Members, Touch, fold_item};
use crate::item::Item;
use crate::provisioning::Plan;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Folding, OutboxItem, ProvisionError, Store, TableError};

/// How many members one transaction may change.
pub(crate) const MOST_AT_ONCE: usize = 30;
/// How often something is done anew because the group changed meanwhile.
const RACES: u32 = 5;

/// Who joins a group and who leaves it; of several words about one user the last one holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberChange(BTreeMap<UserId, Membership>);

/// What becomes of one membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    Begins,
    Ends,
}

impl MemberChange {
    /// These join.
    pub fn adding(users: &[UserId]) -> Self {
        Self(users.iter().map(|user| (*user, Membership::Begins)).collect())
    }

    /// What makes one list of members another.
    pub fn between(before: &[UserId], after: &[UserId]) -> Self {
        let before: BTreeSet<_> = before.iter().collect();
        let after: BTreeSet<_> = after.iter().collect();
        let begins = after.difference(&before).map(|user| (**user, Membership::Begins));
        let ends = before.difference(&after).map(|user| (**user, Membership::Ends));
        Self(begins.chain(ends).collect())
    }

    /// Somebody joins. Who is in already stays in.
    pub fn add(&mut self, user: UserId) {
        self.0.insert(user, Membership::Begins);
    }

    /// Somebody leaves. Who is not in stays out.
    pub fn remove(&mut self, user: UserId) {
        self.0.insert(user, Membership::Ends);
    }

    /// How many users it is about.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is about nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (UserId, Membership)> {
        self.0.iter().map(|(user, membership)| (*user, *membership))
    }

    pub(crate) fn joining(&self) -> Vec<UserId> {
        let joining = self.iter().filter(|(_, membership)| *membership == Membership::Begins);
        joining.map(|(user, _)| user).collect()
    }
}

/// The two sides of one membership.
pub(crate) fn sides(org: OrganizationId, group: GroupId, user: UserId) -> [Key; 2] {
    [Key::member(org, group, user), Key::candidate(org, user, group)]
}

impl Plan {
    /// Both sides of each membership, and that whoever joins exists.
    pub(crate) fn change_members(
        &mut self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
    ) -> Result<(), TableError> {
        for (user, membership) in members.iter() {
            self.change_member(org, group, user, membership)?;
        }
        Ok(())
    }

    pub(crate) fn change_member(
        &mut self,
        org: OrganizationId,
        group: GroupId,
        user: UserId,
        membership: Membership,
    ) -> Result<(), TableError> {
        for side in sides(org, group, user) {
            self.push(match membership {
                Membership::Begins => Write::Put(Item::new(side, &())?, Expect::Anything),
                Membership::Ends => Write::Remove(side),
            });
        }
        if membership == Membership::Begins {
            self.expect_user(org, user);
        }
        Ok(())
    }

    /// The same, and that nobody who joins is in already, and nobody who leaves is out.
    fn change_members_anew(
        &mut self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
    ) -> Result<(), TableError> {
        for (user, membership) in members.iter() {
            let [member, candidate] = sides(org, group, user);
            match membership {
                Membership::Begins => {
                    self.expect_user(org, user);
                    self.push(Write::Put(Item::new(member, &())?, Expect::Absent));
                    self.push(Write::Put(Item::new(candidate, &())?, Expect::Anything));
                }
                Membership::Ends => {
                    self.push(Write::Delete(member, 1));
                    self.push(Write::Remove(candidate));
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// Lets users join and leave a group, whatever else happens to it: all or nothing. Neither the
    /// group's members nor their number matter to what it costs.
    ///
    /// Up to thirty are one transaction. More, or any while earlier changes wait to be carried out,
    /// are stored aside and decided by one write; from then on everybody who reads sees them. The
    /// outbox item that carries them out is answered: [`Store::fold_members`].
    ///
    /// Of up to thirty, who is in already does not join and who is out does not leave: where nothing
    /// is left nothing is written or audited.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Stale`] when there is no such group (any more),
    /// [`ProvisionError::NoUser`] names somebody who is nobody here,
    /// [`ProvisionError::Busy`] when twenty changes wait already.
    pub async fn change_members(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
        audit: &AuditEntry,
        entropy: &dyn Entropy,
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        if members.is_empty() {
            return Ok(None);
        }
        if members.len() <= MOST_AT_ONCE && self.change_few(org, group, members, audit).await? {
            return Ok(None);
        }
        self.expect_room(org, group, audit.at).await?;
        let staged = self.stage(org, group, members, audit.at, entropy).await?;
        let touch = Touch {
            at: audit.at,
            version: None,
            renamed: None,
            staged: Some(&staged),
            members: Members::Staged,
        };
        let fold = fold_item(org, group, staged.change, audit, entropy);
        let mut plan = Plan::expecting(vec![touch.write(Key::group(org, group))?]);
        plan.await_fold(org, group, &fold)?;
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        match plan.carry_out(self).await {
            Ok(()) => Ok(Some(fold)),
            Err(error) => {
                self.unstage(org, group, &staged, &error).await;
                let ProvisionError::Stale = error else { return Err(error) };
                let there = self.group(org, group, audit.at).await?.is_some();
                Err(if there { ProvisionError::Busy } else { ProvisionError::Stale })
            }
        }
    }

    /// Nothing is stored aside for a group that is gone, or where as many changes wait as may.
    async fn expect_room(
        &self,
        org: OrganizationId,
        group: GroupId,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let read = self.group(org, group, now).await?.ok_or(ProvisionError::Stale)?;
        if read.value.folding.len() >= Folding::MOST { Err(ProvisionError::Busy) } else { Ok(()) }
    }

    /// Changes up to thirty in one transaction, and says whether that could be: not while earlier
    /// changes wait.
    async fn change_few(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
        audit: &AuditEntry,
    ) -> Result<bool, ProvisionError> {
        let mut new = members.clone();
        for _ in 0..RACES {
            match self.change_members_at_once(org, group, &new, audit).await {
                Err(ProvisionError::Stale) => {
                    let now = self.group(org, group, audit.at).await?;
                    let now = now.ok_or(ProvisionError::Stale)?;
                    if !now.value.folding.is_empty() {
                        return Ok(false);
                    }
                }
                // Some of it is so already: that is no change, RFC 7644 §3.5.2.1.
                Err(ProvisionError::Table(TableError::Conflict { .. })) => {
                    new = self.new_of(org, group, members).await?;
                    if new.is_empty() {
                        return Ok(true);
                    }
                }
                other => return other.map(|()| true),
            }
        }
        Ok(false)
    }

    /// What of a change is not so already, where nothing waits.
    async fn new_of(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
    ) -> Result<MemberChange, TableError> {
        let key = |user| Key::member(org, group, user);
        let found =
            self.table.find_all(members.iter().map(|(user, _)| key(user)).collect()).await?;
        let is_new = |(user, membership): &(UserId, Membership)| {
            found.has(&key(*user)) != (*membership == Membership::Begins)
        };
        Ok(MemberChange(members.iter().filter(is_new).collect()))
    }

    async fn change_members_at_once(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
        audit: &AuditEntry,
    ) -> Result<(), ProvisionError> {
        let touch = Touch {
            at: audit.at,
            version: None,
            renamed: None,
            staged: None,
            members: Members::Changed,
        };
        let mut plan = Plan::expecting(vec![touch.write(Key::group(org, group))?]);
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        plan.change_members_anew(org, group, members)?;
        plan.carry_out(self).await
    }

    /// Ends one membership of somebody who was deleted.
    pub(crate) async fn leave(
        &self,
        org: OrganizationId,
        group: GroupId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let touch =
            Touch { at: now, version: None, renamed: None, staged: None, members: Members::Kept };
        let [member, candidate] = sides(org, group, user).map(Write::Remove);
        let writes = vec![touch.write(Key::group(org, group))?, member.clone(), candidate.clone()];
        match self.table.write(writes).await {
            // The group is gone as well.
            Err(TableError::Conflict { position: 0 }) => {
                self.table.write(vec![member, candidate]).await
            }
            other => other,
        }
    }
}
