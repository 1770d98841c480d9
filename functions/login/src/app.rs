//! What every handler of the function shares.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use bus::{Bus, OutboxDue};
use identity::{DomainName, OrganizationId, OutboxId};
use jiff::Timestamp;
use keys::cache::{CachedBy, LIFETIME};
use keys::ring::{KeyRing, SigningKey};
use keys::{KmsKeys, Signer as _, kms_config};
use store::{Action, Actor, Asking, AuditEntry, Facts, OutboxItem, Store, Table};
use web::config::{Missing, Variables};
use web::failure::RequestId;
use xmldsig::Sha256Digest;

use crate::failure::Failure;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// The event bus's name.
    pub bus: String,
}

impl Config {
    /// Reads `TABLE` and `BUS`.
    ///
    /// # Errors
    ///
    /// [`Missing`] names every variable that is absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Missing> {
        let [table, bus] = Variables::read(variables).require_all(["TABLE", "BUS"])?;
        Ok(Self { table, bus })
    }
}

/// The function's clients, and what it remembers while it is warm.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    keys: KmsKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    bus: Bus,
    owners: Arc<CachedBy<DomainName, OrganizationId>>,
    rings: Arc<CachedBy<OrganizationId, Arc<KeyRing>>>,
    pub(crate) metadata: Arc<CachedBy<DomainName, Arc<str>>>,
}

impl App {
    /// Speaks to AWS as it is set up, by the system's clock.
    pub fn new(aws: &SdkConfig, config: Config) -> Self {
        Self::with(aws, config, Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// Speaks to AWS as it is set up, by a given clock.
    pub fn with(
        aws: &SdkConfig,
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            store: Store::new(Table::new(aws, config.table)),
            keys: KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(aws))),
            clock,
            entropy,
            bus: Bus::new(aws, config.bus),
            owners: Arc::new(CachedBy::new(LIFETIME)),
            rings: Arc::new(CachedBy::new(LIFETIME)),
            metadata: Arc::new(CachedBy::new(LIFETIME)),
        }
    }

    /// The domain of a path, and whose it is. A warm function remembers the owner for a minute.
    pub(crate) async fn domain(
        &self,
        path: &str,
        now: Timestamp,
    ) -> Result<(OrganizationId, DomainName), Failure> {
        let name: DomainName = path.parse().map_err(|_| Failure::NotFound)?;
        let read = async || {
            let owner = self.store.domain_owner(&name, now).await?;
            owner.ok_or(Failure::NotFound)
        };
        let org = self.owners.get(name.clone(), now, read).await?;
        Ok((org, name))
    }

    /// What a step of a sign-in needs, in one request: with the signing keys, unless they are
    /// remembered.
    pub(crate) async fn facts(
        &self,
        org: OrganizationId,
        asking: &Asking<'_>,
        now: Timestamp,
    ) -> Result<Facts, Failure> {
        if self.rings.kept(&org, now).is_some() {
            return self.store.facts(org, asking, now).await?.ok_or(Failure::NotFound);
        }
        let read = self.store.facts_and_ring(org, asking, now).await?;
        let (facts, ring) = read.ok_or(Failure::NotFound)?;
        if let Some(ring) = ring {
            self.rings.keep(org, Arc::new(ring), now);
        }
        Ok(facts)
    }

    /// The signing keys of an organization. A warm function remembers them for a minute.
    pub(crate) async fn ring(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Arc<KeyRing>, Failure> {
        let read = async || {
            let ring = self.store.key_ring(org, now).await?;
            let ring = ring.map(|stored| Arc::new(stored.value)).ok_or(Failure::NoKeys);
            ring.inspect_err(|_| count_unsigned(now))
        };
        self.rings.get(org, now, read).await
    }

    /// Has KMS sign, and raises the alarm when it does not: there is no unsigned answer.
    pub(crate) async fn sign(
        &self,
        key: &SigningKey,
        digest: Sha256Digest,
        now: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let sign = async { Ok(self.keys.signer(key)?.sign(digest).await?) };
        sign.await.inspect_err(|_| count_unsigned(now))
    }

    /// Records a use of a key that no sign-in carries.
    pub(crate) async fn audit_key(
        &self,
        org: OrganizationId,
        key: &SigningKey,
        issuer: &str,
        reason: &str,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let mut audit = self.audit(Actor::System, Action::KeyUsed, request_id, self.clock.now());
        audit.key = Some(key.key.as_str().to_owned());
        audit.relying_party = Some(issuer.to_owned());
        audit.reason = Some(reason.to_owned());
        Ok(self.store.audit(org, &audit).await?)
    }

    /// Says that an outbox item is due. A lost event is made up for by the sweep, so that nobody
    /// waits for the bus to be well.
    pub(crate) async fn announce(&self, item: &OutboxItem, request_id: &RequestId) {
        let due = OutboxDue { organization: item.organization, item: item.id };
        if let Err(error) = self.bus.outbox_due(&[due]).await {
            web::failure::log(&error, request_id);
        }
    }

    /// Begins an entry of the audit.
    pub(crate) fn audit(
        &self,
        actor: Actor,
        action: Action,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let mut entry = AuditEntry::new(OutboxId::mint(&*self.entropy), now, actor, action);
        entry.request_id = Some(request_id.as_str().to_owned());
        entry
    }
}

/// Nothing is ever answered unsigned: whatever keeps a key from signing is counted alike.
fn count_unsigned(now: Timestamp) {
    web::metric::count("SigningFailed", "login", now);
}
