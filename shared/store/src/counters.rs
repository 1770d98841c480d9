//! How many there are: added to in the transaction that makes or deletes one.

use identity::OrganizationId;

use crate::item::Attributes;
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
        sum(shards.iter().map(|(_, item)| item))
    }

    /// Several sums, each of few counters, in one read.
    pub(crate) async fn tallies<const SUMS: usize>(
        &self,
        counters: [Vec<Key>; SUMS],
    ) -> Result<[u64; SUMS], TableError> {
        let found = self.table.get_many(counters.concat()).await?;
        let mut sums = [0; SUMS];
        for (total, counters) in sums.iter_mut().zip(&counters) {
            *total = sum(counters.iter().filter_map(|key| found.attributes(key)))?;
        }
        Ok(sums)
    }
}

fn sum<'item>(shards: impl Iterator<Item = &'item Attributes>) -> Result<u64, TableError> {
    let tally = |item: &Attributes| -> Option<i64> { item.get("tally")?.as_n().ok()?.parse().ok() };
    let sum: i64 = shards.filter_map(tally).sum();
    u64::try_from(sum).map_err(|error| TableError::Shape(error.into()))
}
