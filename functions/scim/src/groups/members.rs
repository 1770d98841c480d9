//! Who is in a group: read whole only where that is asked for, and changed without being read.

use std::collections::BTreeSet;

use identity::{GroupId, UserId};
use jiff::{SignedDuration, Timestamp};
use scim::{Error, Lookup, MemberChange, Projection, Resource};
use serde_json::Value;
use store::{Group, OutboxItem, Stored};

use super::resource;
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::list::Room;

/// How many members a group may have whose list is replaced as a whole.
const MOST_REPLACED: usize = 200_000;
/// How long after its beginning a request carries out what it staged, before others do.
const FOLDING: SignedDuration = SignedDuration::from_secs(2);

/// A group as it was just written with these members, who are left out where they fit no answer:
/// that it was written is true all the same.
pub(super) fn written(
    caller: &Caller,
    group: &Stored<Group>,
    members: &[UserId],
    projection: &Projection,
) -> Value {
    let mut shown = resource::shown(caller, group);
    let members = members.iter().copied().collect::<BTreeSet<_>>();
    if projection.wants("members") && members.len() <= most_shown(caller, &Room::default()) {
        set_members(caller, &mut shown, members);
    }
    Value::Object(projection.apply(shown))
}

/// How many members fit what room there is: each is as long as any other.
fn most_shown(caller: &Caller, room: &Room) -> usize {
    let one = resource::member(caller, UserId::from_bytes([0; 16])).to_string().len() + 1;
    room.left() / one
}

fn set_members(caller: &Caller, shown: &mut Resource, members: impl IntoIterator<Item = UserId>) {
    let members = members.into_iter().map(|user| resource::member(caller, user));
    let members = members.collect::<Vec<_>>();
    if !members.is_empty() {
        shown.set("members", members);
    }
}

/// The users that a client's list of members names. Who is none of them is nobody's user.
pub(crate) fn users(ids: &[String]) -> Result<Vec<UserId>, Error> {
    ids.iter().map(|id| id.parse().map_err(|_| Error::UNKNOWN_MEMBER)).collect()
}

impl App {
    /// A group as an answer shows it that has so much room left: where its members do not fit they
    /// are not made ready either.
    pub(super) async fn group_with_members(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        projection: &Projection,
        room: &Room,
    ) -> Result<Value, Failure> {
        let mut shown = resource::shown(caller, group);
        if projection.wants("members") {
            let members = self.members(caller, group, most_shown(caller, room)).await?;
            set_members(caller, &mut shown, members);
        }
        Ok(Value::Object(projection.apply(shown)))
    }

    /// A group with those of some users who are in it, and none of its other members; whoever an
    /// index named the group for is.
    pub(super) async fn group_with_those(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        asked: &[&str],
        named: Option<Lookup<'_>>,
    ) -> Result<Resource, Failure> {
        let (org, id, now) = (caller.org, group.value.id, caller.now);
        let known = |text: &&&str| named == Some(Lookup::Member(text));
        let mut members: BTreeSet<UserId> =
            asked.iter().filter(known).filter_map(|text| text.parse().ok()).collect();
        let rest = asked.iter().filter(|text| !known(text)).filter_map(|text| text.parse().ok());
        let rest = rest.collect::<Vec<_>>();
        if !rest.is_empty() {
            members.extend(self.store.members_among(org, id, &rest, now).await?);
        }
        let mut shown = resource::shown(caller, group);
        set_members(caller, &mut shown, members);
        Ok(shown)
    }

    /// A group with all its members, for a filter that needs to see each.
    pub(super) async fn group_with_all(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
    ) -> Result<Resource, Failure> {
        let most = most_shown(caller, &Room::default());
        let roster = self.store.roster_of(caller.org, group.clone(), most, caller.now);
        let mut shown = resource::shown(caller, group);
        // It was deleted since it was read: nobody is in it.
        if let Some(roster) = roster.await? {
            let members = roster.members.ok_or(Error::TOO_MANY_RESULTS)?;
            set_members(caller, &mut shown, members);
        }
        Ok(shown)
    }

    /// Everybody who is in a group.
    pub(super) async fn all_members(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
    ) -> Result<Vec<UserId>, Failure> {
        self.members(caller, group, MOST_REPLACED).await
    }

    async fn members(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        most: usize,
    ) -> Result<Vec<UserId>, Failure> {
        let roster = self.store.roster_of(caller.org, group.clone(), most, caller.now).await?;
        let members = roster.ok_or(Error::NOT_FOUND)?.members;
        Ok(members.ok_or(Error::TOO_MANY_MEMBERS)?)
    }

    /// What several operations together do to the members.
    pub(super) async fn member_change(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        operations: &[MemberChange],
    ) -> Result<store::MemberChange, Failure> {
        if operations.iter().any(is_whole) {
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

    /// Carries out what was staged, for a while, and tells who goes on. Readers see it already, so
    /// nobody else is waited for; and a bulk does it in the time of one request.
    pub(super) async fn fold(&self, caller: &Caller, group: GroupId, staged: Option<&OutboxItem>) {
        let Some(staged) = staged else { return };
        self.fold_from(caller, group, caller.now).await;
        self.announce(std::slice::from_ref(staged), &caller.request_id).await;
    }

    /// Carries some of what waits out, so that another change may wait.
    pub(super) async fn make_room(&self, caller: &Caller, group: GroupId) {
        if !self.is_late(caller) {
            self.fold_from(caller, group, self.clock.now()).await;
        }
    }

    async fn fold_from(&self, caller: &Caller, group: GroupId, from: Timestamp) {
        let until = from.checked_add(FOLDING).unwrap_or(from);
        let folded = self.store.fold_members(caller.org, group, until, &*self.clock).await;
        if let Err(error) = folded {
            web::failure::log(&error, &caller.request_id);
        }
    }
}

/// Whether an operation depends on who is in the group before it.
pub(super) const fn is_whole(operation: &MemberChange) -> bool {
    matches!(operation, MemberChange::RemoveAll | MemberChange::Replace(_))
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
            MemberChange::Remove(ids) => known(ids).for_each(|id| {
                members.remove(&id);
            }),
            MemberChange::RemoveAll => members.clear(),
            MemberChange::Replace(ids) => members = users(ids)?.into_iter().collect(),
        }
    }
    Ok(members.into_iter().collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use identity::{OrganizationId, ScimClient, ScimKeyId};
    use scim::Parameters;
    use scim::schema::GROUP;
    use store::ProvisioningKey;
    use web::failure::RequestId;

    use super::*;

    #[test]
    fn a_group_is_answered_as_it_was_written_and_without_members_who_fit_no_answer() {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let caller = Caller {
            org: OrganizationId::from_bytes([1; 16]),
            key: ProvisioningKey {
                id: ScimKeyId::from_bytes([2; 16]),
                name: "Entra".to_owned(),
                client: ScimClient::Entra,
                directory: None,
                base_url: "https://login.contoso.test".to_owned(),
                created_at: now,
                expires_at: None,
                last_used: None,
            },
            request_id: RequestId::of(&http::Request::new(()).into_parts().0),
            now,
        };
        let group = Group::new(GroupId::from_bytes([3; 16]), "Staff".to_owned(), now);
        let group = Stored { value: group, version: 1 };
        let most = most_shown(&caller, &Room::default());
        for (query, members, expected) in [
            ("", 0, None),
            ("", 2, Some(2)),
            ("attributes=displayName", 2, None),
            ("excludedAttributes=members", most, None),
            ("", most, Some(most)),
            ("attributes=members", most + 1, None),
        ] {
            let user = |number: usize| {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&number.to_be_bytes());
                UserId::from_bytes(bytes)
            };
            // Who is named twice is one member.
            let members = (0..members).chain(0..members.min(1)).map(user).collect::<Vec<_>>();
            let projection = Projection::from_query(&GROUP, &Parameters::read(query));
            let body = written(&caller, &group, &members, &projection);
            let shown = body.get("members").map(|members| members.as_array().unwrap().len());
            assert_eq!(shown, expected, "{query}");
            assert!(body.to_string().len() < 5 * Room::default().left() / 4, "{query}");
        }
    }
}
