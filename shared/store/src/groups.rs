//! Groups: what they are called, and how they come and go. Who is in one is in `memberships`.

use ambient::Entropy;
use aws_sdk_dynamodb::types::AttributeValue;
use identity::{ChangeId, GroupId, OrganizationId, SecretHash, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::memberships::{MOST_AT_ONCE, MemberChange};
use crate::profiles::fold;
use crate::provisioning::Plan;
use crate::schema::{IndexKey, Key};
use crate::staged::Folding;
use crate::table::{Expect, Write, number};
use crate::write::Clause;
use crate::{
    AuditEntry, Named, OutboxItem, Profile, ProvisionError, ProvisioningKey, Store, Stored,
    TableError, Task, Unread, Version,
};

/// A group of an organization's people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Ours; never changes.
    pub id: GroupId,
    /// What it is called: no other group of the organization is, in any case.
    pub display_name: String,
    /// The provisioning client's own id: one group of the organization has it.
    pub external_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, or who is in it, was last changed.
    pub changed_at: Timestamp,
    /// Changes of members that are decided, but not carried out yet, in their order.
    pub(crate) folding: Vec<Folding>,
}

/// A name by which a group is looked up.
#[derive(Clone, Copy, Debug)]
pub enum GroupName<'a> {
    /// The display name, in any case.
    Display(&'a str),
    /// The provisioning client's own id, exactly.
    ExternalId(&'a str),
}

impl GroupName<'_> {
    fn key(&self, org: OrganizationId) -> Key {
        match self {
            Self::Display(name) => Key::group_name(org, &fold(name)),
            Self::ExternalId(id) => Key::group_external(org, id),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Owner {
    group: GroupId,
}

impl Group {
    /// A group that is made now.
    pub const fn new(id: GroupId, display_name: String, now: Timestamp) -> Self {
        Self {
            id,
            display_name,
            external_id: None,
            created_at: now,
            changed_at: now,
            folding: Vec::new(),
        }
    }

    /// About how many bytes the group's resource takes without its members.
    pub fn size(&self) -> usize {
        400 + self.names_size()
    }

    fn names_size(&self) -> usize {
        self.display_name.len() + self.external_id.as_ref().map_or(0, String::len)
    }

    fn is_too_large(&self) -> bool {
        self.names_size() > Profile::MOST_BYTES
    }

    fn index(&self, org: OrganizationId) -> IndexKey {
        IndexKey::group(org, self.id, &fold(&self.display_name))
    }

    fn name_key(&self, org: OrganizationId) -> Key {
        Key::group_name(org, &fold(&self.display_name))
    }
}

/// What a write does to a group's own item. Members and folding changes are never rewritten.
#[derive(Clone, Debug)]
pub(crate) struct Touch<'a> {
    pub(crate) at: Timestamp,
    /// The version that must be there, if one must.
    pub(crate) version: Option<Version>,
    /// What the group is called from now on.
    pub(crate) renamed: Option<(OrganizationId, &'a Group)>,
    /// A change that must be carried out from now on; otherwise none may wait, when members change.
    pub(crate) staged: Option<&'a Folding>,
    pub(crate) members: Members,
}

/// What a write does to a group's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    Kept,
    Changed,
    Staged,
}

impl Touch<'_> {
    pub(crate) fn write(&self, key: Key) -> Result<Write, TableError> {
        let mut set = vec!["#v.changed_at = :at"];
        let mut conditions = vec!["attribute_exists(pk)"];
        let mut values = vec![(":at", AttributeValue::S(self.at.to_string())), (":one", number(1))];
        if let Some(version) = self.version {
            conditions.push("version = :version");
            values.push((":version", number(version)));
        }
        if let Some((org, group)) = self.renamed {
            set.extend(["#v.display_name = :name", "#v.external_id = :external", "index_sk = :sk"]);
            let external_id = group.external_id.clone();
            values.push((":name", AttributeValue::S(group.display_name.clone())));
            let external_id = external_id.map_or(AttributeValue::Null(true), AttributeValue::S);
            values.push((":external", external_id));
            values.push((":sk", AttributeValue::S(group.index(org).sk)));
        }
        match self.members {
            Members::Kept => {}
            Members::Changed => {
                conditions.push("size(#v.folding) = :none");
                values.push((":none", number(0)));
            }
            Members::Staged => {
                conditions.push("size(#v.folding) < :most");
                values.push((":most", number(Folding::MOST)));
            }
        }
        if let Some(staged) = self.staged {
            set.push("#v.folding = list_append(#v.folding, :staged)");
            values.push((":staged", AttributeValue::L(vec![staged.value()?])));
        }
        let change = Clause::new(format!("SET {} ADD version :one", set.join(", ")));
        let change =
            values.into_iter().fold(change, |change, (name, value)| change.with(name, value));
        Ok(Write::Update(key, change, Clause::new(conditions.join(" AND "))))
    }
}

impl Store {
    /// Stores a new group with its first members: all or nothing. Members beyond thirty are staged,
    /// as by [`Store::change_members`].
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Taken`] when another group has its name or external id,
    /// [`ProvisionError::NoUser`] names a member who is nobody here.
    pub async fn create_group(
        &self,
        org: OrganizationId,
        group: &Group,
        members: &[UserId],
        audit: &AuditEntry,
        entropy: &dyn Entropy,
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        if group.is_too_large() {
            return Err(ProvisionError::TooLarge);
        }
        let members = MemberChange::adding(members);
        let mut group = group.clone();
        let mut staged = None;
        if members.len() > MOST_AT_ONCE {
            let folding = self.stage(org, group.id, &members, audit.at, entropy).await?;
            group.folding = vec![folding.clone()];
            staged = Some(folding);
        }
        let mut plan = Plan::default();
        if let Some(external_id) = &group.external_id {
            let owner =
                Item::new(Key::group_external(org, external_id), &Owner { group: group.id })?;
            plan.claim(Named::ExternalId, owner);
        }
        let owner = Item::new(group.name_key(org), &Owner { group: group.id })?;
        plan.claim(Named::DisplayName, owner);
        let item = Item::new(Key::group(org, group.id), &group)?.indexed(group.index(org));
        plan.push(Write::Put(item, Expect::Absent));
        plan.push(Write::Tally(Key::group_count(org, group.id), 1));
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        let Some(staged) = staged else {
            plan.change_members(org, group.id, &members)?;
            plan.carry_out(self).await?;
            return Ok(None);
        };
        let fold = fold_item(org, group.id, staged.change, audit, entropy);
        plan.await_fold(org, group.id, &fold)?;
        if let Err(error) = plan.carry_out(self).await {
            self.unstage(org, group.id, &staged, &error).await;
            return Err(error);
        }
        Ok(Some(fold))
    }

    /// Stores what a group became, and who joins and leaves it with that: all or nothing. Where
    /// nothing differs nothing is written or audited.
    ///
    /// Answers the outbox item that carries out what was staged, if anything was.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Stale`] when the group is not at the version of `before` any more; the
    /// others as for [`Store::create_group`] and [`Store::change_members`].
    pub async fn change_group(
        &self,
        org: OrganizationId,
        before: &Stored<Group>,
        after: &Group,
        members: &MemberChange,
        audit: &AuditEntry,
        entropy: &dyn Entropy,
    ) -> Result<Option<OutboxItem>, ProvisionError> {
        if after.is_too_large() {
            return Err(ProvisionError::TooLarge);
        }
        let old = &before.value;
        let same = old.display_name == after.display_name && old.external_id == after.external_id;
        if same && members.is_empty() {
            return Ok(None);
        }
        let id = old.id;
        let direct = members.len() <= MOST_AT_ONCE && old.folding.is_empty();
        if !direct && !members.is_empty() && old.folding.len() >= Folding::MOST {
            return Err(ProvisionError::Busy);
        }
        let staged = match direct || members.is_empty() {
            true => None,
            false => Some(self.stage(org, id, members, audit.at, entropy).await?),
        };
        let how = match (&staged, members.is_empty()) {
            (Some(_), _) => Members::Staged,
            (None, true) => Members::Kept,
            (None, false) => Members::Changed,
        };
        let touch = Touch {
            at: audit.at,
            version: Some(before.version),
            renamed: (!same).then_some((org, after)),
            staged: staged.as_ref(),
            members: how,
        };
        let mut plan = Plan::expecting(vec![touch.write(Key::group(org, id))?]);
        plan.rename(org, old, after)?;
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        let Some(staged) = staged else {
            plan.change_members(org, id, members)?;
            return plan.carry_out(self).await.map(|()| None);
        };
        let fold = fold_item(org, id, staged.change, audit, entropy);
        plan.await_fold(org, id, &fold)?;
        if let Err(error) = plan.carry_out(self).await {
            self.unstage(org, id, &staged, &error).await;
            return Err(error);
        }
        Ok(Some(fold))
    }

    /// Deletes a group for good, and puts into the outbox what it leaves behind, which
    /// [`Store::forget_group`] takes away. From then on nobody is in it.
    ///
    /// # Errors
    ///
    /// [`ProvisionError::Stale`] when the group is not at the version of `before` any more.
    pub async fn delete_group(
        &self,
        org: OrganizationId,
        before: &Stored<Group>,
        audit: &AuditEntry,
        entropy: &dyn Entropy,
    ) -> Result<OutboxItem, ProvisionError> {
        let group = &before.value;
        let delete = Write::Delete(Key::group(org, group.id), before.version);
        let mut plan = Plan::expecting(vec![delete]);
        if let Some(external_id) = &group.external_id {
            plan.push(Write::Delete(Key::group_external(org, external_id), 1));
        }
        plan.push(Write::Delete(group.name_key(org), 1));
        if !group.folding.is_empty() {
            plan.push(Write::Remove(Key::folding(org, group.id)));
        }
        plan.push(Write::Tally(Key::group_count(org, group.id), -1));
        let task = Task::ForgetGroup { group: group.id, changes: group.folding.clone() };
        let forget = OutboxItem::new(entropy, org, task, audit.at);
        plan.push(Write::Put(forget.item()?, Expect::Absent));
        plan.push(Write::Put(audit.item(org)?, Expect::Absent));
        plan.carry_out(self).await?;
        Ok(forget)
    }

    /// A group, without its members.
    pub async fn group(
        &self,
        org: OrganizationId,
        group: GroupId,
        now: Timestamp,
    ) -> Result<Option<Stored<Group>>, TableError> {
        self.table.get(Key::group(org, group), now).await
    }

    /// A provisioning key and a group without its members, in one read.
    pub async fn scim_key_and_group(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        group: GroupId,
        now: Timestamp,
    ) -> Result<(Option<Stored<ProvisioningKey>>, Unread<Stored<Group>>), TableError> {
        let keys = [Key::scim_key(org, hash), Key::group(org, group)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [key, group] = keys;
        let key = found.take(&key, now)?;
        Ok((key, Unread::of(move || found.take(&group, now))))
    }

    /// A provisioning key and which group has a name, in one read.
    pub async fn scim_key_and_group_named(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        name: GroupName<'_>,
        now: Timestamp,
    ) -> Result<(Option<Stored<ProvisioningKey>>, Unread<GroupId>), TableError> {
        let keys = [Key::scim_key(org, hash), name.key(org)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [key, name] = keys;
        let key = found.take(&key, now)?;
        let owner = Unread::of(move || {
            let owner: Option<Stored<Owner>> = found.take(&name, now)?;
            Ok(owner.map(|owner| owner.value.group))
        });
        Ok((key, owner))
    }

    /// The group that has a name.
    pub async fn group_named(
        &self,
        org: OrganizationId,
        name: GroupName<'_>,
        now: Timestamp,
    ) -> Result<Option<Stored<Group>>, TableError> {
        let owner: Option<Stored<Owner>> = self.table.get(name.key(org), now).await?;
        match owner {
            Some(owner) => self.group(org, owner.value.group, now).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn groups_at(
        &self,
        keys: Vec<Key>,
        now: Timestamp,
    ) -> Result<Vec<Stored<Group>>, TableError> {
        let mut found = self.table.get_all(keys.clone()).await?;
        keys.iter().filter_map(|key| found.take(key, now).transpose()).collect()
    }
}

/// What carries a staged change out.
pub(crate) fn fold_item(
    org: OrganizationId,
    group: GroupId,
    change: ChangeId,
    audit: &AuditEntry,
    entropy: &dyn Entropy,
) -> OutboxItem {
    OutboxItem::new(entropy, org, Task::FoldMembers { group, change }, audit.at)
}

impl Plan {
    fn rename(
        &mut self,
        org: OrganizationId,
        before: &Group,
        after: &Group,
    ) -> Result<(), TableError> {
        if before.external_id != after.external_id {
            if let Some(external_id) = &after.external_id {
                let key = Key::group_external(org, external_id);
                self.claim(Named::ExternalId, Item::new(key, &Owner { group: before.id })?);
            }
            if let Some(external_id) = &before.external_id {
                self.push(Write::Delete(Key::group_external(org, external_id), 1));
            }
        }
        let (old, new) = (before.name_key(org), after.name_key(org));
        if old != new {
            self.claim(Named::DisplayName, Item::new(new, &Owner { group: before.id })?);
            self.push(Write::Delete(old, 1));
        }
        Ok(())
    }

    /// What carries a staged change out, and that the group is one whose changes wait.
    pub(crate) fn await_fold(
        &mut self,
        org: OrganizationId,
        group: GroupId,
        fold: &OutboxItem,
    ) -> Result<(), TableError> {
        self.push(Write::Put(fold.item()?, Expect::Absent));
        self.push(Write::Put(Item::new(Key::folding(org, group), &())?, Expect::Anything));
        Ok(())
    }
}
