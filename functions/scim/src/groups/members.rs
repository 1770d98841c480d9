//! Who is in a group: read whole only where that is asked for, and changed without being read.

use std::collections::BTreeSet;

use identity::{GroupId, UserId};
use jiff::SignedDuration;
use scim::{Error, MemberChange, Projection, Resource};
use serde_json::Value;
use store::{Group, OutboxItem, Stored};

use super::resource;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;

/// How many bytes of members an answer holds at the most: Lambda's own limit is 6 MB.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How many members a group may have whose list is replaced as a whole.
const MOST_REPLACED: usize = 200_000;
/// How long a request carries out what it staged before others do.
const FOLDING: SignedDuration = SignedDuration::from_secs(2);

/// The users that a client's list of members names. Who is none of them is nobody's user.
pub(crate) fn users(ids: &[String]) -> Result<Vec<UserId>, Error> {
    ids.iter().map(|id| id.parse().map_err(|_| Error::UNKNOWN_MEMBER)).collect()
}

impl App {
    /// A group as an answer shows it.
    pub(super) async fn group_with_members(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        projection: &Projection,
    ) -> Result<Value, Failure> {
        let mut shown = resource::shown(caller, group);
        if projection.wants("members") {
            self.add_members(caller, group.value.id, &mut shown).await?;
        }
        Ok(Value::Object(projection.apply(shown)))
    }

    async fn add_members(
        &self,
        caller: &Caller,
        group: GroupId,
        shown: &mut Resource,
    ) -> Result<(), Failure> {
        // Each is as long as any other.
        let one = resource::member(caller, UserId::from_bytes([0; 16])).to_string().len() + 1;
        let most = MOST_BYTES / one;
        let roster = self.store.roster(caller.org, group, most, caller.now).await?;
        let members = roster.ok_or(Error::NOT_FOUND)?.members.ok_or(Error::TOO_MANY_MEMBERS)?;
        if !members.is_empty() {
            let members = members.into_iter().map(|user| resource::member(caller, user));
            shown.set("members", members.collect::<Value>());
        }
        Ok(())
    }

    /// Everybody who is in a group.
    pub(super) async fn all_members(
        &self,
        caller: &Caller,
        group: GroupId,
    ) -> Result<Vec<UserId>, Failure> {
        let roster = self.store.roster(caller.org, group, MOST_REPLACED, caller.now).await?;
        let members = roster.ok_or(Error::NOT_FOUND)?.members;
        Ok(members.ok_or(Error::TOO_MANY_MEMBERS)?)
    }

    /// What several operations together do to the members.
    pub(super) async fn member_change(
        &self,
        caller: &Caller,
        group: GroupId,
        operations: &[MemberChange],
    ) -> Result<store::MemberChange, Failure> {
        let whole = |operation: &MemberChange| {
            matches!(operation, MemberChange::RemoveAll | MemberChange::Replace(_))
        };
        if operations.iter().any(whole) {
            let before = self.all_members(caller, group).await?;
            let after = after(&before, operations)?;
            return Ok(store::MemberChange::between(&before, &after));
        }
        let mut change = store::MemberChange::default();
        for operation in operations {
            match operation {
                MemberChange::Add(ids) => users(ids)?.into_iter().for_each(|id| change.add(id)),
                MemberChange::Remove(ids) => known(ids).for_each(|id| change.remove(id)),
                MemberChange::RemoveAll | MemberChange::Replace(_) => {}
            }
        }
        Ok(change)
    }

    /// Carries out what was staged, for a while, and tells who goes on. Readers see it already.
    pub(super) async fn fold(&self, caller: &Caller, group: GroupId, staged: Option<&OutboxItem>) {
        let Some(staged) = staged else { return };
        let began = self.clock.now();
        let go_on = || self.clock.now().duration_since(began) < FOLDING;
        let folded = self.store.fold_members(caller.org, group, go_on, caller.now).await;
        if let Err(error) = folded {
            web::failure::log(&error, &caller.request_id);
        }
        self.announce(staged, &caller.request_id).await;
    }
}

/// Who cannot be a member is removed already.
fn known(ids: &[String]) -> impl Iterator<Item = UserId> {
    ids.iter().filter_map(|id| id.parse().ok())
}

fn after(before: &[UserId], operations: &[MemberChange]) -> Result<Vec<UserId>, Error> {
    let mut members = before.iter().copied().collect::<BTreeSet<_>>();
    for operation in operations {
        match operation {
            MemberChange::Add(ids) => members.extend(users(ids)?),
            MemberChange::Remove(ids) => {
                let gone = known(ids).collect::<BTreeSet<_>>();
                members.retain(|member| !gone.contains(member));
            }
            MemberChange::RemoveAll => members.clear(),
            MemberChange::Replace(ids) => members = users(ids)?.into_iter().collect(),
        }
    }
    Ok(members.into_iter().collect())
}
