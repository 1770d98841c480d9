//! Creates, changes and deletes a group: the same for one request and for a part of a bulk.

use identity::{GroupId, UserId};
use jiff::Timestamp;
use scim::schema::GROUP;
use scim::{Error, Patch, Resource};
use store::{Action, AuditEntry, Group, MemberChange, ProvisionError, Stored};

use super::members::is_whole;
use super::resource;
use crate::app::App;
use crate::caller::Caller;
use crate::conditions::Conditions;
use crate::failure::{Failure, is_race};

/// How often a change is made anew because somebody else changed the group meanwhile.
const RACES: u32 = 5;

impl App {
    /// Makes a group with its first members.
    pub(crate) async fn create_group(
        &self,
        caller: &Caller,
        wanted: &Resource,
        members: &[UserId],
    ) -> Result<Stored<Group>, Failure> {
        let (id, now) = (GroupId::mint(&*self.entropy), self.clock.now());
        let mut group = Group::new(id, String::new(), now);
        amend(&mut group, wanted);
        let what = (wanted.changes(&Resource::empty(&GROUP)), members.len());
        let audit = self.audit_group(caller, Action::GroupCreated, id, what, now);
        let (org, entropy) = (caller.org, &*self.entropy);
        let staged = self.store.create_group(org, &group, members, &audit, entropy).await?;
        self.fold(caller, id, staged.as_ref()).await;
        Ok(Stored { value: group, version: 1 })
    }

    /// Replaces a group by another resource with these members, RFC 7644 §3.5.1.
    pub(crate) async fn replace_group(
        &self,
        caller: &Caller,
        mut group: Stored<Group>,
        conditions: &Conditions,
        wanted: &Resource,
        members: &[UserId],
    ) -> Result<Stored<Group>, Failure> {
        let id = group.value.id;
        for _ in 0..RACES {
            conditions.check(&resource::version(&group))?;
            let after = wanted.clone().replacing(&resource::base(&group.value))?;
            let before = self.all_members(caller, &group).await?;
            let change = MemberChange::between(&before, members);
            if let Some(replaced) = self.store_group(caller, &group, &after, &change).await? {
                return Ok(replaced);
            }
            let again = self.store.group(caller.org, id, caller.now).await?;
            group = again.ok_or(Error::NOT_FOUND)?;
        }
        Err(Failure::Changed)
    }

    /// Changes a group by all operations or by none, RFC 7644 §3.5.2.
    ///
    /// Members who come and go, and nothing else, are written whatever else happens to the group:
    /// two clients that add members never wait for each other. Whoever says who all the members are
    /// says it of the group as it was read, or else of what it became.
    pub(crate) async fn patch_group(
        &self,
        caller: &Caller,
        mut group: Stored<Group>,
        conditions: &Conditions,
        patch: &Patch,
    ) -> Result<(), Failure> {
        let id = group.value.id;
        let whole = patch.members().iter().any(is_whole);
        if !patch.touches_attributes() && !conditions.are_any() && !whole {
            return self.patch_members(caller, &group, patch).await;
        }
        for _ in 0..RACES {
            conditions.check(&resource::version(&group))?;
            let mut after = resource::base(&group.value);
            patch.apply(&mut after)?;
            let change = self.member_change(caller, &group, patch.members()).await?;
            if self.store_group(caller, &group, &after, &change).await?.is_some() {
                return Ok(());
            }
            let again = self.store.group(caller.org, id, caller.now).await?;
            group = again.ok_or(Error::NOT_FOUND)?;
        }
        Err(Failure::Changed)
    }

    async fn patch_members(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        patch: &Patch,
    ) -> Result<(), Failure> {
        let change = self.member_change(caller, group, patch.members()).await?;
        let group = &group.value;
        let (org, entropy) = (caller.org, &*self.entropy);
        for _ in 0..RACES {
            let (changed, now) = (Action::GroupChanged, self.clock.now());
            let members = (Vec::new(), change.len());
            let audit = self.audit_group(caller, changed, group.id, members, now);
            match self.store.change_members(org, group.id, &change, &audit, entropy).await {
                Ok(staged) => {
                    self.fold(caller, group.id, staged.as_ref()).await;
                    return Ok(());
                }
                Err(ProvisionError::Busy) => self.make_room(caller, group.id).await,
                // It was deleted meanwhile.
                Err(ProvisionError::Stale) => return Err(Error::NOT_FOUND.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ProvisionError::Busy.into())
    }

    /// Stores what a group became, and answers that; [`None`] when it was not as it was any more.
    async fn store_group(
        &self,
        caller: &Caller,
        before: &Stored<Group>,
        wanted: &Resource,
        members: &MemberChange,
    ) -> Result<Option<Stored<Group>>, Failure> {
        let mut after = before.value.clone();
        amend(&mut after, wanted);
        let (old, count) = (&before.value, members.len());
        let changed = after != *old || count > 0;
        let now = self.clock.now();
        let what = (resource::base(old).changes(wanted), count);
        let audit = self.audit_group(caller, Action::GroupChanged, old.id, what, now);
        let (org, entropy) = (caller.org, &*self.entropy);
        let stored = self.store.change_group(org, before, &after, members, &audit, entropy).await;
        match stored {
            Ok(staged) => {
                self.fold(caller, old.id, staged.as_ref()).await;
                if changed {
                    after.changed_at = now;
                }
                let version = before.version + u64::from(changed);
                Ok(Some(Stored { value: after, version }))
            }
            Err(ProvisionError::Busy) => {
                self.make_room(caller, old.id).await;
                Ok(None)
            }
            Err(error) if is_race(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a group for good, RFC 7644 §3.6. What it leaves behind goes afterwards.
    pub(crate) async fn delete_group(
        &self,
        caller: &Caller,
        mut group: Stored<Group>,
        conditions: &Conditions,
    ) -> Result<(), Failure> {
        let id = group.value.id;
        for _ in 0..RACES {
            conditions.check(&resource::version(&group))?;
            let mut audit = self.audit(caller, Action::GroupDeleted, self.clock.now());
            audit.resource = Some(store::Resource::Group(id));
            match self.store.delete_group(caller.org, &group, &audit, &*self.entropy).await {
                Ok(forget) => {
                    self.announce(&[forget], &caller.request_id).await;
                    return Ok(());
                }
                Err(error) if is_race(&error) => {
                    let again = self.store.group(caller.org, id, caller.now).await?;
                    group = again.ok_or(Error::NOT_FOUND)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Changed)
    }

    fn audit_group(
        &self,
        caller: &Caller,
        action: Action,
        group: GroupId,
        (attributes, members): (Vec<String>, usize),
        now: Timestamp,
    ) -> AuditEntry {
        let mut audit = self.audit(caller, action, now);
        audit.resource = Some(store::Resource::Group(group));
        audit.attributes = attributes;
        if members > 0 {
            audit.attributes.push("members".to_owned());
        }
        audit
    }
}

/// Writes what a resource says into a group.
fn amend(group: &mut Group, resource: &Resource) {
    group.display_name = resource.display_name().unwrap_or_default().to_owned();
    group.external_id = resource.external_id().map(str::to_owned);
}
