//! How an organization's tenant is read, where that is not as usual.

use identity::{MissingLimit, OrganizationId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Connection, OutboxItem, Store, Stored, TableError};

/// How an organization's tenant is read. Stands for itself, so that it outlives a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingRules {
    /// Minutes from the end of a round to the beginning of the next one.
    pub minutes: u16,
    /// How many users may lose access unasked because they are missing in the tenant.
    #[serde(default)]
    pub missing: MissingLimit,
}

impl Default for ReadingRules {
    fn default() -> Self {
        Self { minutes: 240, missing: MissingLimit::default() }
    }
}

impl ReadingRules {
    /// How few and how many minutes there may be between two rounds, both inside.
    pub const MINUTES: (u16, u16) = (5, 1440);

    /// How long after a round the next one begins.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_mins(self.minutes.into())
    }
}

impl Store {
    /// How an organization's tenant is read; what is usual, at version 0, where nobody decided.
    pub async fn reading_rules(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Stored<ReadingRules>, TableError> {
        let kept = self.table.get(Key::reading_rules(org), now).await?;
        Ok(kept.unwrap_or(Stored { value: ReadingRules::default(), version: 0 }))
    }

    /// Changes how a tenant is read. A round that is put down for later is so at the old pace: where
    /// there is a connection that works, its rounds begin anew with `next`, and what was put down before
    /// ends by itself.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the rules or the connection changed since they were read.
    pub async fn change_reading_rules(
        &self,
        org: OrganizationId,
        rules: &Stored<ReadingRules>,
        anew: Option<(&Stored<Connection>, &OutboxItem)>,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let item = Item::new(Key::reading_rules(org), &rules.value)?;
        let mut writes = vec![Write::Put(item, Expect::read(rules.version))];
        if let Some((connection, next)) = anew {
            let begun = Connection { since: audit.at, ..connection.value.clone() };
            let item = Item::new(Key::connection(org), &begun)?;
            writes.push(Write::Put(item, Expect::Version(connection.version)));
            writes.push(Write::Put(next.item()?, Expect::Absent));
        }
        writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        self.table.write(writes).await
    }
}
