//! The keys of provisioning clients: who may change an organization's people and groups.

use identity::{DirectoryId, OrganizationId, ScimClient, ScimKeyId, SecretHash};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Store, Stored, TableError};

/// How many keys an organization may have at once: changing one needs two.
pub const MOST_SCIM_KEYS: usize = 20;
/// How old a recorded use may grow before the next one is recorded.
const USE_RECORDED_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// How often a change is made anew because the key was used meanwhile.
const RACES: u32 = 5;

/// What is known of a key; the key itself is known to its bearer alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisioningKey {
    /// Names it in lists and in the audit.
    pub id: ScimKeyId,
    /// What its organization calls it.
    pub name: String,
    /// Who provisions with it.
    pub client: ScimClient,
    /// The directory that the users whom it makes are in; [`None`] is the organization's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryId>,
    /// Our own origin, as the bootstrap fixed it: where the resources of an answer are.
    pub base_url: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// First instant at which it opens nothing any more, if it has one.
    pub expires_at: Option<Timestamp>,
    /// Its last recorded use.
    pub last_used: Option<KeyUse>,
}

/// One use of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// The address that it came from.
    pub address: String,
}

/// Leads from a key's id to the key.
#[derive(Serialize, Deserialize)]
struct Listed {
    id: ScimKeyId,
    hash: SecretHash,
}

impl ProvisioningKey {
    /// Whether it still opens anything. What is revoked is not there at all.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a use at `now` is worth recording.
    pub fn is_use_worth_recording(&self, now: Timestamp) -> bool {
        let stale = |used: &KeyUse| now.duration_since(used.at) >= USE_RECORDED_EVERY;
        self.last_used.as_ref().is_none_or(stale)
    }
}

/// What was read together with a key: looked into once the key is believed, so that a wrong one
/// makes the same work whatever is there.
pub struct Unread<T>(Reading<T>);

type Reading<T> = Box<dyn FnOnce() -> Result<Option<T>, TableError> + Send>;

impl<T> Unread<T> {
    pub(crate) fn of(
        reading: impl FnOnce() -> Result<Option<T>, TableError> + Send + 'static,
    ) -> Self {
        Self(Box::new(reading))
    }

    /// Looks into it.
    pub fn read(self) -> Result<Option<T>, TableError> {
        (self.0)()
    }
}

impl<T> std::fmt::Debug for Unread<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Unread").finish_non_exhaustive()
    }
}

impl Store {
    /// A key of an organization; a key of another one does not exist there.
    pub async fn scim_key(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Stored<ProvisioningKey>>, TableError> {
        self.table.get(Key::scim_key(org, hash), now).await
    }

    /// Stores a new key, where only its bearer can look it up, lists it and counts it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the organization has [`MOST_SCIM_KEYS`] already.
    pub async fn create_scim_key(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        key: &ProvisioningKey,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let listed = Listed { id: key.id, hash: hash.clone() };
        let writes = vec![
            Write::TallyBelow(Key::scim_key_count(org), MOST_SCIM_KEYS),
            Write::Put(Item::new(Key::scim_key(org, hash), key)?, Expect::Absent),
            Write::Put(Item::new(Key::listed_scim_key(org, key.id), &listed)?, Expect::Absent),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// The keys of an organization, those that ended by themselves too.
    pub async fn scim_keys(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<ProvisioningKey>, TableError> {
        let pk = Key::scim_keys(org);
        let listed: Vec<Stored<Listed>> = self.table.list(&pk, "", 100, now).await?;
        let keys = listed.iter().map(|listed| Key::scim_key(org, &listed.value.hash));
        let keys = keys.collect::<Vec<_>>();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.table.get_many(keys.clone()).await?;
        let read = |key: &Key| found.take::<ProvisioningKey>(key, now).transpose();
        let keys = keys.iter().filter_map(read).map(|read| read.map(|stored| stored.value));
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    /// Takes a key away: from then on it opens nothing. Answers which it was, if it was there.
    pub async fn revoke_scim_key(
        &self,
        org: OrganizationId,
        id: ScimKeyId,
        audit: &AuditEntry,
    ) -> Result<Option<ProvisioningKey>, TableError> {
        let (now, listing) = (audit.at, Key::listed_scim_key(org, id));
        for race in 1..=RACES {
            let listed: Option<Stored<Listed>> = self.table.get(listing.clone(), now).await?;
            let Some(listed) = listed else {
                return Ok(None);
            };
            let Some(key) = self.scim_key(org, &listed.value.hash, now).await? else {
                return Ok(None);
            };
            let writes = vec![
                Write::Delete(Key::scim_key(org, &listed.value.hash), key.version),
                Write::Delete(listing.clone(), listed.version),
                Write::Tally(Key::scim_key_count(org), -1),
                Write::Put(audit.item(org)?, Expect::Absent),
            ];
            match self.table.write(writes).await {
                // Its use was recorded meanwhile.
                Err(TableError::Conflict { .. }) if race < RACES => {}
                other => return other.map(|()| Some(key.value)),
            }
        }
        Ok(None)
    }

    /// Records that a key was used. Losing that race is as good as winning it.
    pub async fn record_scim_key_use(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        key: &Stored<ProvisioningKey>,
        used: KeyUse,
    ) -> Result<(), TableError> {
        let used = ProvisioningKey { last_used: Some(used), ..key.value.clone() };
        let item = Item::new(Key::scim_key(org, hash), &used)?;
        match self.table.write(vec![Write::Put(item, Expect::Version(key.version))]).await {
            Err(TableError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }
}
