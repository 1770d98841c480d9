//! Deleted users: thirty days in the recycle bin, then gone.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Directory, DirectoryError};
use crate::graph_user::GraphUser;

/// How long a deleted user can be restored.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A user in the recycle bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedUser {
    pub(crate) user: GraphUser,
    /// When it was deleted, by the simulator's clock.
    pub(crate) deleted_date_time: Timestamp,
}

impl Directory {
    /// Moves a user to the recycle bin; its memberships and assignment stay for a restore.
    pub(crate) fn soft_delete_user(
        &mut self,
        name: &str,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let id = self.user_by_name(name).map(|user| user.id.clone());
        let user = id.and_then(|id| self.users.remove(&id)).ok_or(DirectoryError::UserUnknown)?;
        self.touch(&user.id);
        self.deleted.insert(user.id.clone(), DeletedUser { user, deleted_date_time: now });
        Ok(())
    }

    /// Takes a user out of the recycle bin, unless its name or anchor was given away since.
    pub(crate) fn restore_user(&mut self, name: &str) -> Result<GraphUser, DirectoryError> {
        let deleted = self.deleted_named(name).ok_or(DirectoryError::UserUnknown)?;
        self.put_user(deleted.user.clone())
    }

    /// Removes a user for good, from the tenant or from the recycle bin.
    pub(crate) fn delete_user(&mut self, name: &str) -> Result<(), DirectoryError> {
        let live = self.user_by_name(name).map(|user| user.id.clone());
        let id = live.or_else(|| self.deleted_named(name).map(|found| found.user.id.clone()));
        self.purge(&id.ok_or(DirectoryError::UserUnknown)?);
        Ok(())
    }

    /// Object ids of the users whose thirty days in the recycle bin are over.
    pub(crate) fn expired(&self, now: Timestamp) -> Vec<String> {
        self.deleted
            .iter()
            .filter(|(_, deleted)| now.duration_since(deleted.deleted_date_time) >= KEPT)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Removes an object id from everywhere.
    pub(crate) fn purge(&mut self, id: &str) {
        if self.is_or_was_user(id) {
            self.gone.insert(id.to_owned());
        }
        self.users.remove(id);
        self.deleted.remove(id);
        self.assigned.remove(id);
        self.touch(id);
        let within = self.groups.values().filter(|group| group.members.contains(id));
        let within: Vec<String> = within.map(|group| group.id.clone()).collect();
        for group in within {
            if let Some(group) = self.groups.get_mut(&group) {
                group.members.remove(id);
            }
            self.touch(&group);
        }
        let led = self.users.values().filter(|user| user.manager.as_deref() == Some(id));
        let led: Vec<String> = led.map(|user| user.id.clone()).collect();
        for user in led {
            if let Some(user) = self.users.get_mut(&user) {
                user.manager = None;
            }
            self.touch(&user);
        }
    }

    /// The user in the recycle bin with this object id or sign-in name, the last one deleted.
    fn deleted_named(&self, name: &str) -> Option<&DeletedUser> {
        let named = |deleted: &&DeletedUser| {
            deleted.user.id == name || deleted.user.user_principal_name.eq_ignore_ascii_case(name)
        };
        self.deleted.values().filter(named).max_by_key(|deleted| deleted.deleted_date_time)
    }
}
