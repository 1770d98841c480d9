//! Who is in a group, and in which groups somebody is: what is staged shows from the write on that
//! decided it.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{GroupId, OrganizationId, UserId};
use jiff::Timestamp;

use crate::memberships::Membership;
use crate::schema::{Key, SHARDS};
use crate::{Group, Store, Stored, TableError};

/// How many partitions are read at once.
const AT_ONCE: usize = 8;
/// How often something is done anew because the group changed meanwhile.
const RACES: u32 = 5;
/// How many groups of one person are held at once.
const MOST_GROUPS: usize = 2_000;
/// About how many bytes of them.
const MOST_GROUP_BYTES: usize = 4 * 1024 * 1024;
/// How many of them one batch reads, with whether the person is in them.
const GROUPS_AT_ONCE: usize = 50;

/// A group and everybody in it.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The group.
    pub group: Stored<Group>,
    /// Everybody in it, or [`None`] when they are more than was asked for.
    pub members: Option<Vec<UserId>>,
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
}
