//! The groups of the tenant and their members.

use std::collections::BTreeSet;

use super::{Directory, DirectoryError};
use crate::graph_group::GraphGroup;
use crate::random;

impl Directory {
    /// Stores a group under its object id, or under a fresh one.
    pub(crate) fn put_group(
        &mut self,
        mut group: GraphGroup,
    ) -> Result<GraphGroup, DirectoryError> {
        if group.display_name.trim().is_empty() {
            return Err(DirectoryError::GroupName);
        }
        if group.id.is_empty() {
            group.id = random::guid();
        }
        let known = self.groups.get(&group.id);
        if known == Some(&group) {
            return Ok(group);
        }
        let before = known.map(|known| known.members.clone()).unwrap_or_default();
        self.touch(&group.id);
        if self.assigned.contains(&group.id) {
            let moved: BTreeSet<String> =
                before.symmetric_difference(&group.members).cloned().collect();
            moved.iter().for_each(|member| self.touch(member));
        }
        self.groups.insert(group.id.clone(), group.clone());
        Ok(group)
    }

    /// Changes the members of a group, given by object ids.
    pub(crate) fn change_members(
        &mut self,
        name: &str,
        added: impl IntoIterator<Item = String>,
        removed: &BTreeSet<String>,
    ) -> Result<GraphGroup, DirectoryError> {
        let mut group = self.group_named(name).ok_or(DirectoryError::GroupUnknown)?.clone();
        group.members.extend(added);
        group.members.retain(|member| !removed.contains(member));
        self.put_group(group)
    }

    /// Removes a group for good; security groups have no recycle bin.
    pub(crate) fn delete_group(&mut self, name: &str) -> Result<(), DirectoryError> {
        let id = self.group_named(name).map(|group| group.id.clone());
        let id = id.ok_or(DirectoryError::GroupUnknown)?;
        self.unassign(&id);
        self.touch(&id);
        self.groups.remove(&id);
        Ok(())
    }

    /// The group with this object id or display name.
    pub(crate) fn group_named(&self, name: &str) -> Option<&GraphGroup> {
        let by_name = || self.groups.values().find(|group| group.display_name == name);
        self.groups.get(name).or_else(by_name)
    }
}
