//! What deleted users and groups leave behind, taken away piece by piece, as long as there is time:
//! again from the beginning, if need be.

use ambient::Clock;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{GroupId, OrganizationId, UserId};
use jiff::Timestamp;

use crate::memberships::sides;
use crate::schema::{Key, SHARDS};
use crate::table::{TableError, Write};
use crate::{Folding, Progress, Store};

/// How many memberships one transaction ends, which holds 100 actions.
const ENDED_AT_ONCE: usize = 50;
/// How many transactions are under way at once.
const AT_ONCE: usize = 8;

impl Store {
    /// Takes away what a deleted user left behind: passkeys with their claims, sessions,
    /// memberships, and that they were to be in Entra; nothing is begun at `until` or later. Whoever is
    /// still there loses nothing.
    pub async fn forget_user(
        &self,
        org: OrganizationId,
        user: UserId,
        until: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Progress, TableError> {
        let partition = Key::user(org, user);
        if self.table.find_all(vec![partition.clone()]).await?.has(&partition) {
            return Ok(Progress::Everything);
        }
        self.forget_push(org, user, clock.now()).await?;
        loop {
            let items = self.table.first_page(&partition.pk).await?;
            if items.is_empty() {
                return Ok(Progress::Everything);
            }
            let mut removals = Vec::new();
            for (key, _) in items {
                let Some(group) = key.candidate_group() else {
                    removals.extend(Key::credential_of(org, &key).map(Write::Remove));
                    removals.push(Write::Remove(key));
                    continue;
                };
                let now = clock.now();
                if now >= until {
                    return Ok(Progress::Partly);
                }
                self.leave(org, group, user, now).await?;
            }
            for some in removals.chunks(100) {
                if clock.now() >= until {
                    return Ok(Progress::Partly);
                }
                self.table.write(some.to_vec()).await?;
            }
        }
    }

    /// Takes away what a deleted group left behind: memberships, and changes that wait no more;
    /// nothing is begun at `until` or later. A group that is still there loses nothing.
    pub async fn forget_group(
        &self,
        org: OrganizationId,
        group: GroupId,
        changes: &[Folding],
        until: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Progress, TableError> {
        if self.group(org, group, clock.now()).await?.is_some() {
            return Ok(Progress::Everything);
        }
        for shard in 0..SHARDS {
            let pk = Key::members(org, group, shard);
            let members = self.table.sort_keys(&pk, "", usize::MAX).await?;
            for some in members.chunks(ENDED_AT_ONCE * AT_ONCE) {
                if clock.now() >= until {
                    return Ok(Progress::Partly);
                }
                self.end_memberships(org, group, some).await?;
            }
        }
        for change in changes {
            if clock.now() >= until {
                return Ok(Progress::Partly);
            }
            self.remove_chunks(org, group, change).await?;
        }
        Ok(Progress::Everything)
    }

    async fn end_memberships(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &[String],
    ) -> Result<(), TableError> {
        let ends = members.chunks(ENDED_AT_ONCE).map(|some| {
            let users = some.iter().filter_map(|user| user.parse::<UserId>().ok());
            let removals = users.flat_map(|user| sides(org, group, user).map(Write::Remove));
            self.table.write(removals.collect())
        });
        let ends = stream::iter(ends.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        ends.try_collect().await
    }
}
