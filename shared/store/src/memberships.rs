//! Who is in which group: changed member by member, never as a list that is read and rewritten.

use std::collections::{BTreeMap, BTreeSet};

use ambient::Entropy;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{GroupId, OrganizationId, UserId};
use jiff::Timestamp;

use crate::groups::{Members, Touch, fold_item};
use crate::item::Item;
use crate::provisioning::Plan;
use crate::schema::{Key, SHARDS};
use crate::table::{Expect, Write};
use crate::{AuditEntry, Folding, Group, OutboxItem, ProvisionError, Store, Stored, TableError};

/// How many members one transaction may change.
pub(crate) const MOST_AT_ONCE: usize = 30;
/// How often something is done anew because the group changed meanwhile.
const RACES: u32 = 5;
/// How many partitions are read at once.
const AT_ONCE: usize = 8;
/// How many groups of one person are held at once.
const MOST_GROUPS: usize = 2_000;
/// About how many bytes of them.
const MOST_GROUP_BYTES: usize = 4 * 1024 * 1024;
/// How many of them one batch reads, with whether the person is in them.
const GROUPS_AT_ONCE: usize = 50;

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

/// A group and everybody in it.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The group.
    pub group: Stored<Group>,
    /// Everybody in it, or [`None`] when they are more than was asked for.
    pub members: Option<Vec<UserId>>,
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

/// Groups that are collected up to a bound.
#[derive(Default)]
struct Held {
    groups: Vec<Stored<Group>>,
    bytes: usize,
}

impl Held {
    fn put(&mut self, group: Stored<Group>) {
        self.bytes += group.value.size();
        self.groups.push(group);
    }

    const fn is_full(&self) -> bool {
        self.bytes > MOST_GROUP_BYTES
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

    /// A group and everybody in it, unless they are more than `most`: [`Roster::members`].
    ///
    /// They are those of one instant, unless the group changes again and again meanwhile: then each
    /// of them was in it at some instant of the read.
    pub async fn roster(
        &self,
        org: OrganizationId,
        group: GroupId,
        most: usize,
        now: Timestamp,
    ) -> Result<Option<Roster>, TableError> {
        match self.group(org, group, now).await? {
            Some(read) => self.roster_of(org, read, most, now).await,
            None => Ok(None),
        }
    }

    /// The same of a group that was just read: a query of each partition of its members, and one
    /// more look at the group.
    pub async fn roster_of(
        &self,
        org: OrganizationId,
        mut read: Stored<Group>,
        most: usize,
        now: Timestamp,
    ) -> Result<Option<Roster>, TableError> {
        let group = read.value.id;
        let (mut race, mut waited) = (1, Vec::new());
        loop {
            let members = match self.staged(org, &read.value, &mut waited, now).await? {
                Some(staged) => Some(self.members_with(org, group, staged, most).await?),
                // It was carried out since the group was read.
                None => None,
            };
            let Some(again) = self.group(org, group, now).await? else { return Ok(None) };
            match members {
                Some(members) if again.version == read.version || race >= RACES => {
                    let members = (members.len() <= most).then(|| members.into_iter().collect());
                    return Ok(Some(Roster { group: read, members }));
                }
                Some(_) => race += 1,
                None => {}
            }
            read = again;
        }
    }

    /// Those who are in the group when these changes are carried out, or more than `most` of them.
    async fn members_with(
        &self,
        org: OrganizationId,
        group: GroupId,
        staged: Vec<(UserId, Membership)>,
        most: usize,
    ) -> Result<BTreeSet<UserId>, TableError> {
        let ending = staged.iter().filter(|(_, membership)| *membership == Membership::Ends);
        let enough = most.saturating_add(ending.count()).saturating_add(1);
        let mut members = self.base_members(org, group, enough).await?;
        for (user, membership) in staged {
            match membership {
                Membership::Begins => members.insert(user),
                Membership::Ends => members.remove(&user),
            };
        }
        Ok(members)
    }

    /// Whether somebody is in a group.
    pub async fn is_member(
        &self,
        org: OrganizationId,
        group: GroupId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, TableError> {
        Ok(self.members_among(org, group, &[user], now).await?.contains(&user))
    }

    /// Which of some users, at most 99, are in a group: one read, however large the group is.
    pub async fn members_among(
        &self,
        org: OrganizationId,
        group: GroupId,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<BTreeSet<UserId>, TableError> {
        let group_key = Key::group(org, group);
        let member = |user: &UserId| Key::member(org, group, *user);
        let mut waited = Vec::new();
        loop {
            let keys = std::iter::once(group_key.clone()).chain(users.iter().map(member));
            let mut found = self.table.get_many(keys.collect()).await?;
            let Some(read) = found.take::<Group>(&group_key, now)? else {
                return Ok(BTreeSet::new());
            };
            let staged = self.staged_of(org, &read.value, users, &mut waited, now).await?;
            // It was carried out since the group was read.
            let Some(staged) = staged else { continue };
            let mut members: BTreeSet<UserId> =
                users.iter().copied().filter(|user| found.has(&member(user))).collect();
            for (user, membership) in staged {
                match membership {
                    Membership::Begins => members.insert(user),
                    Membership::Ends => members.remove(&user),
                };
            }
            return Ok(members);
        }
    }

    /// A group that somebody is in, what waits to be carried out included.
    async fn membership(
        &self,
        org: OrganizationId,
        group: GroupId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Stored<Group>>, TableError> {
        let keys = [Key::group(org, group), Key::member(org, group, user)];
        let mut waited = Vec::new();
        loop {
            let mut found = self.table.get_many(keys.to_vec()).await?;
            let [group_key, member_key] = &keys;
            let Some(read) = found.take::<Group>(group_key, now)? else { return Ok(None) };
            let staged = self.staged_of(org, &read.value, &[user], &mut waited, now).await?;
            // It was carried out since the group was read.
            let Some(staged) = staged else { continue };
            let is_in = match staged.last() {
                Some((_, membership)) => *membership == Membership::Begins,
                None => found.has(member_key),
            };
            return Ok(is_in.then_some(read));
        }
    }

    /// The groups that somebody is in, in the order of their ids; a large change shows from the
    /// write on that decided it. [`None`] where they are too many, or too large, to be held at once.
    pub async fn groups_of(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Vec<Stored<Group>>>, TableError> {
        // These first: a change that is carried out meanwhile shows in what is read afterwards.
        let folding = self.table.sort_keys(&Key::all_folding(org), "", MOST_GROUPS + 1).await?;
        let folding =
            folding.iter().filter_map(|id| id.parse().ok()).collect::<BTreeSet<GroupId>>();
        let pk = Key::user(org, user).pk;
        let candidates = self.table.sort_keys(&pk, "GROUP#", MOST_GROUPS + 1).await?;
        if candidates.len() > MOST_GROUPS || folding.len() > MOST_GROUPS {
            return Ok(None);
        }
        let groups = candidates.iter().filter_map(|sk| sk.strip_prefix("GROUP#")?.parse().ok());
        let groups = groups.filter(|group| !folding.contains(group)).collect::<Vec<GroupId>>();
        let member = |group: &GroupId| Key::member(org, *group, user);
        let mut held = Held::default();
        for some in groups.chunks(GROUPS_AT_ONCE) {
            let keys = some.iter().flat_map(|group| [Key::group(org, *group), member(group)]);
            let mut found = self.table.get_all(keys.collect()).await?;
            for group in some {
                let is_in = found.has(&member(group));
                let group = found.take(&Key::group(org, *group), now)?;
                group.filter(|_| is_in).into_iter().for_each(|group| held.put(group));
            }
            if held.is_full() {
                return Ok(None);
            }
        }
        let reads = folding.into_iter().map(|group| self.membership(org, group, user, now));
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Some(group) = reads.try_next().await? {
            group.into_iter().for_each(|group| held.put(group));
            if held.is_full() {
                return Ok(None);
            }
        }
        held.groups.sort_by_key(|group| group.value.id);
        Ok(Some(held.groups))
    }

    /// Those who are in the group when nothing waits to be carried out, or at least `most` of them.
    async fn base_members(
        &self,
        org: OrganizationId,
        group: GroupId,
        most: usize,
    ) -> Result<BTreeSet<UserId>, TableError> {
        let reads = (0..SHARDS).map(|shard| async move {
            self.table.sort_keys(&Key::members(org, group, shard), "", most).await
        });
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        let mut members = BTreeSet::new();
        while let Some(some) = reads.try_next().await? {
            members.extend(some.iter().filter_map(|user| user.parse::<UserId>().ok()));
            if members.len() >= most {
                break;
            }
        }
        Ok(members)
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
