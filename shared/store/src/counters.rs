//! How many there are: added to in the transaction that makes or deletes one.

use identity::OrganizationId;

use crate::schema::Key;
use crate::{Store, TableError};

impl Store {
    /// How many users an organization has, exactly.
    pub async fn count_users(&self, org: OrganizationId) -> Result<u64, TableError> {
        self.tally(&Key::user_counts(org)).await
    }

    /// How many groups an organization has, exactly.
    pub async fn count_groups(&self, org: OrganizationId) -> Result<u64, TableError> {
        self.tally(&Key::group_counts(org)).await
    }

    async fn tally(&self, pk: &str) -> Result<u64, TableError> {
        let shards = self.table.first_page(pk).await?;
        let tally = |item: &crate::item::Attributes| -> Option<i64> {
            item.get("tally")?.as_n().ok()?.parse().ok()
        };
        let sum: i64 = shards.iter().filter_map(|(_, item)| tally(item)).sum();
        u64::try_from(sum).map_err(|error| TableError::Shape(error.into()))
    }
}
