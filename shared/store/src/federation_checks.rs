//! What somebody of a tenant saw of how an organization's domains are federated there.

use identity::{DomainName, DomainStanding, OrganizationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connections::works_with;
use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Store, Stored, TableError};

/// What was seen, by whom and when. Holds no token and no secret, and stands until the next look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationCheck {
    /// In which tenant.
    pub tenant: Uuid,
    /// When.
    pub at: Timestamp,
    /// With whose rights, by the sign-in name of that time, for showing.
    pub by: Option<String>,
    /// The delegated permissions that Microsoft gave for it.
    pub granted: Vec<String>,
    /// The domains, each as it stood.
    pub domains: Vec<CheckedDomain>,
    /// How many more there are that were not looked at.
    pub left_out: usize,
}

/// A domain, as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedDomain {
    /// The domain.
    pub name: DomainName,
    /// How it stood.
    pub standing: DomainStanding,
}

impl Store {
    /// The latest look.
    pub async fn federation_check(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<FederationCheck>>, TableError> {
        self.table.get(Key::federation_check(org), now).await
    }

    /// Stores what was seen, with what the audit says of it: both or neither.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the tenant is not connected any more, at
    /// position 1 when somebody else looked meanwhile.
    pub async fn keep_federation_check(
        &self,
        org: OrganizationId,
        before: Option<&Stored<FederationCheck>>,
        check: &FederationCheck,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let expect = Expect::read(before.map_or(0, |before| before.version));
        let writes = vec![
            Write::CheckThat(Key::connection(org), works_with(check.tenant)),
            Write::Put(Item::new(Key::federation_check(org), check)?, expect),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }
}
