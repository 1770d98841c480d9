//! What deleted users leave behind, taken away piece by piece: again from the beginning, if need be.

use identity::{OrganizationId, UserId};
use jiff::Timestamp;

use crate::Store;
use crate::schema::Key;
use crate::table::{TableError, Write};

impl Store {
    /// Takes away what a deleted user left behind: passkeys with their claims, sessions and
    /// memberships. Whoever is still there loses nothing.
    pub async fn forget_user(
        &self,
        org: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let partition = Key::user(org, user);
        loop {
            let items = self.table.first_page(&partition.pk).await?;
            if items.is_empty() || items.iter().any(|(key, _)| *key == partition) {
                return Ok(());
            }
            let mut removals = Vec::new();
            for (key, _) in items {
                if let Some(group) = key.candidate_group() {
                    self.leave(org, group, user, now).await?;
                    continue;
                }
                removals.extend(Key::credential_of(org, &key).map(Write::Remove));
                removals.push(Write::Remove(key));
            }
            for some in removals.chunks(100) {
                self.table.write(some.to_vec()).await?;
            }
        }
    }
}
