//! What every handler of the function shares.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use bus::{Bus, OutboxDue};
use entra::StartError;
use exports::Exports;
use identity::OutboxId;
use jiff::Timestamp;
use keys::{KmsKeys, kms_config};
use registration::{Registration, Settings, SettingsError};
use store::{Action, Actor, AuditEntry, OutboxItem, Store, Table};
use web::config::Variables;
use web::failure::RequestId;

use crate::failure::Failure;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    table: String,
    bus: String,
    exports: String,
    settings: Settings,
    federation: Option<String>,
}

impl Config {
    /// Reads `TABLE`, `BUS`, `EXPORTS`, what [`Settings`] reads, and `ENTRA_FEDERATION`: the id of the
    /// application by which somebody looks at the federation of domains, where it is registered.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names what is absent or wrong.
    pub fn read(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let variables = Variables::read(variables);
        let [table, bus, exports] = variables.require_all(["TABLE", "BUS", "EXPORTS"])?;
        let federation = variables.optional("ENTRA_FEDERATION");
        Ok(Self { table, bus, exports, settings: Settings::read(&variables)?, federation })
    }
}

/// The function's clients, and what it remembers while it is warm.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) registration: Registration,
    pub(crate) exports: Exports,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    bus: Bus,
    federation: Option<Arc<str>>,
}

impl App {
    /// Speaks to AWS and Microsoft as it is set up, by the system's clock.
    ///
    /// # Errors
    ///
    /// [`StartError`] when there is no TLS.
    pub fn new(aws: &SdkConfig, config: Config) -> Result<Self, StartError> {
        Self::with(aws, config, Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    /// Speaks to AWS and Microsoft as it is set up, by a given clock.
    ///
    /// # Errors
    ///
    /// [`StartError`] when there is no TLS.
    pub fn with(
        aws: &SdkConfig,
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let store = Store::new(Table::new(aws, config.table));
        let kms = KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(aws)));
        let (for_it, random) = (Arc::clone(&clock), Arc::clone(&entropy));
        let at_risk = |now| web::metric::count("ClientCertificateAtRisk", "oauth", now);
        let registration =
            Registration::new(config.settings, kms, store.clone(), for_it, random, at_risk)?;
        let (bus, exports) = (Bus::new(aws, config.bus), Exports::new(aws, config.exports));
        let federation = config.federation.map(Arc::from);
        Ok(Self { store, registration, exports, clock, entropy, bus, federation })
    }

    /// The application by which somebody looks at the federation of domains. It has no permission of
    /// its own.
    pub(crate) fn federation_client(&self) -> Result<&str, Failure> {
        self.federation.as_deref().ok_or(Failure::NotRegistered)
    }

    /// Says that a few outbox items are due. A lost event is made up for by the sweep.
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
