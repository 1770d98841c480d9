//! What every action shares.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use bus::{Bus, OutboxDue};
use identity::{DomainName, OutboxId};
use jiff::Timestamp;
use keys::{KeyId, KmsKeys, kms_config};
use store::{Action, Actor, AuditEntry, OutboxItem, Store, Table};
use web::config::{Missing, Variables};
use web::failure::RequestId;

use crate::failure::Failure;

/// How many domains may be above one. The transaction that founds an organization expects something
/// of each, and holds 100 actions.
const MOST_PARENTS: usize = 8;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// The event bus's name.
    pub bus: String,
    /// The KMS key that signs assertions.
    pub federation_key: String,
    /// Our own origin, which the first bootstrap fixes.
    pub base_url: String,
    /// Where Entra takes answers, by cloud.
    pub entra_login_url: String,
}

impl Config {
    /// Reads `TABLE`, `BUS`, `FEDERATION_KEY`, `BASE_URL` and `ENTRA_LOGIN_URL`.
    ///
    /// # Errors
    ///
    /// [`Missing`] names every variable that is absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Missing> {
        let variables = Variables::read(variables);
        let [table, bus, federation_key, base_url, entra_login_url] = variables.require_all([
            "TABLE",
            "BUS",
            "FEDERATION_KEY",
            "BASE_URL",
            "ENTRA_LOGIN_URL",
        ])?;
        Ok(Self { table, bus, federation_key, base_url, entra_login_url })
    }
}

/// The function's clients.
pub struct App {
    pub(crate) store: Store,
    pub(crate) keys: KmsKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) config: Config,
    bus: Bus,
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
            store: Store::new(Table::new(aws, config.table.clone())),
            keys: KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(aws))),
            clock,
            entropy,
            bus: Bus::new(aws, config.bus.clone()),
            config,
        }
    }

    pub(crate) fn key(&self) -> Result<KeyId, Failure> {
        KeyId::parse(self.config.federation_key.as_str())
            .map_err(|error| Failure::Misconfigured("FEDERATION_KEY", error.into()))
    }

    /// Begins an entry of the audit.
    pub(crate) fn audit(
        &self,
        action: Action,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let id = OutboxId::mint(&*self.entropy);
        let mut entry = AuditEntry::new(id, now, Actor::Operator, action);
        entry.request_id = Some(request_id.as_str().to_owned());
        entry
    }

    /// Says that outbox items are due; the sweep makes up for a lost event.
    pub(crate) async fn announce(&self, items: &[OutboxItem], request_id: &RequestId) {
        let due = |item: &OutboxItem| OutboxDue { organization: item.organization, item: item.id };
        let (rounds, others): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| item.task.is_of_everybody());
        let [rounds, others] =
            [rounds, others].map(|some| some.into_iter().map(due).collect::<Vec<_>>());
        let said = [self.bus.outbox_due(&others).await, self.bus.rounds_due(&rounds).await];
        for error in said.into_iter().filter_map(Result::err) {
            web::failure::log(&error, request_id);
        }
    }

    pub(crate) fn domain(name: &str) -> Result<DomainName, Failure> {
        let domain: DomainName = name.parse().map_err(|_| Failure::NotADomain)?;
        let shallow = domain.parents().count() <= MOST_PARENTS;
        shallow.then_some(domain).ok_or(Failure::NotADomain)
    }
}
