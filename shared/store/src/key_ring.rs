//! The signing keys of an organization, in the shape that `keys` gives them.

use identity::OrganizationId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::schema::Key;
use crate::{Store, Stored, TableError};

impl Store {
    /// The key ring of an organization.
    pub async fn key_ring<Ring: DeserializeOwned>(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Ring>>, TableError> {
        self.table.get(Key::key_ring(org), now).await
    }
}
