//! What changed since a watermark, as Graph's delta query tells it.

use super::Directory;

impl Directory {
    /// Remembers that an object changed.
    pub(super) fn touch(&mut self, id: &str) {
        self.revision += 1;
        self.changed.insert(id.to_owned(), self.revision);
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
