//! What changed since a watermark, as Graph's delta query tells it.

use super::Directory;
use crate::graph_user::GraphUser;

impl Directory {
    /// Remembers that an object changed.
    pub(super) fn touch(&mut self, id: &str) {
        self.revision += 1;
        self.changed.insert(id.to_owned(), self.revision);
    }

    /// Remembers that a user is new, or back: everything of them is news.
    pub(super) fn note_made(&mut self, id: &str) {
        self.changed_properties.remove(id);
        self.made.insert(id.to_owned(), self.revision);
    }

    /// Remembers which properties of a user changed.
    pub(super) fn note_properties(&mut self, before: &GraphUser, after: &GraphUser) {
        let json = |user: &GraphUser| serde_json::to_value(user).unwrap_or_default();
        let (before, now) = (json(before), json(after));
        let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return };
        let names = before.keys().chain(now.keys());
        let changed: Vec<String> =
            names.filter(|name| before.get(*name) != now.get(*name)).cloned().collect();
        let known = self.changed_properties.entry(after.id.clone()).or_default();
        known.extend(changed.into_iter().map(|name| (name, self.revision)));
    }

    /// Whether a property of a user changed behind the watermark, with the user or alone.
    pub(crate) fn property_changed_since(&self, id: &str, name: &str, watermark: u64) -> bool {
        let alone = self.changed_properties.get(id).and_then(|changed| changed.get(name));
        let whole = self.made.get(id);
        alone.into_iter().chain(whole).any(|revision| *revision > watermark)
    }

    /// Whether an object id is, or was, a user's.
    pub(crate) fn is_or_was_user(&self, id: &str) -> bool {
        self.users.contains_key(id) || self.deleted.contains_key(id) || self.gone.contains(id)
    }

    /// Object ids of what changed behind the watermark, in the order of their changes.
    pub(crate) fn changed_since(&self, watermark: u64) -> Vec<String> {
        let mut found: Vec<(u64, &String)> = self
            .changed
            .iter()
            .filter(|(_, revision)| **revision > watermark)
            .map(|(id, revision)| (*revision, id))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Puts a user or group into the application's scope, by its object id.
    pub(crate) fn assign(&mut self, id: &str) {
        if self.assigned.insert(id.to_owned()) {
            self.touch_with_members(id);
        }
    }

    /// Takes a user or group out of the application's scope.
    pub(crate) fn unassign(&mut self, id: &str) {
        if self.assigned.remove(id) {
            self.touch_with_members(id);
        }
    }

    /// Whether a user is assigned, alone or as a direct member of an assigned group.
    pub(crate) fn is_assigned(&self, user: &str) -> bool {
        self.assigned.contains(user)
            || self
                .groups
                .values()
                .any(|group| self.assigned.contains(&group.id) && group.members.contains(user))
    }

    fn touch_with_members(&mut self, id: &str) {
        self.touch(id);
        let members = self.groups.get(id).map(|group| group.members.clone()).unwrap_or_default();
        for member in members {
            self.touch(&member);
        }
    }
}
