//! The function's clients.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use bus::Bus;
use courier::{Courier, ses_config};
use exports::Exports;
use graph::Graph;
use identity::OutboxId;
use jiff::Timestamp;
use keys::{KmsKeys, kms_config};
use registration::{Registration, Settings, SettingsError, Tokens};
use store::{Action, Actor, AuditEntry, Feature, Store, Table};
use web::config::Variables;
use web::failure::RequestId;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// The event bus's name.
    pub bus: String,
    /// In whose name mails are sent.
    pub mail_from: String,
    /// The bucket of the files that somebody fetches.
    pub exports: String,
    /// Our applications in Entra.
    pub settings: Settings,
}

impl Config {
    /// Reads `TABLE`, `BUS`, `MAIL_FROM` and `EXPORTS`, and what [`Settings`] reads.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names what is absent or wrong.
    pub fn read(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let variables = Variables::read(variables);
        let [table, bus, mail_from, exports] =
            variables.require_all(["TABLE", "BUS", "MAIL_FROM", "EXPORTS"])?;
        Ok(Self { table, bus, mail_from, exports, settings: Settings::read(&variables)? })
    }
}

/// The HTTPS client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The one for Entra.
    #[error(transparent)]
    Entra(#[from] entra::StartError),
    /// The one for Graph.
    #[error(transparent)]
    Graph(#[from] graph::StartError),
}

/// The function's clients.
pub struct App {
    pub(crate) store: Store,
    pub(crate) courier: Courier,
    pub(crate) bus: Bus,
    pub(crate) exports: Exports,
    /// Graph, by the application that reads users.
    pub(crate) reader: Graph,
    /// The same by the application that changes users.
    pub(crate) writer: Graph,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
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
        let ses = aws_sdk_sesv2::Client::from_conf(ses_config(aws));
        let store = Store::new(Table::new(aws, config.table));
        let (for_it, random) = (Arc::clone(&clock), Arc::clone(&entropy));
        let kms = KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(aws)));
        let at_risk = |now| web::metric::count("ClientCertificateAtRisk", "directory", now);
        let registration =
            Registration::new(config.settings, kms, store.clone(), for_it, random, at_risk)?;
        let origin = registration.graph().clone();
        let graph = |feature| {
            let tokens = Arc::new(Tokens::new(registration.clone(), feature));
            Graph::new(origin.clone(), tokens, Arc::clone(&clock), Arc::clone(&entropy))
        };
        let (reader, writer) = (graph(Feature::ReadUsers)?, graph(Feature::WriteUsers)?);
        Ok(Self {
            store,
            courier: Courier::new(ses, config.mail_from),
            bus: Bus::new(aws, config.bus),
            exports: Exports::new(aws, config.exports),
            reader,
            writer,
            clock,
            entropy,
        })
    }

    /// Begins an entry of the audit.
    pub(crate) fn audit(
        &self,
        action: Action,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let id = OutboxId::mint(&*self.entropy);
        let mut entry = AuditEntry::new(id, now, Actor::System, action);
        entry.request_id = Some(request_id.as_str().to_owned());
        entry
    }
}
