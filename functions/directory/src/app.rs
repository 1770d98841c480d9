//! The function's clients.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use courier::{Courier, ses_config};
use identity::OutboxId;
use jiff::Timestamp;
use store::{Action, Actor, AuditEntry, Store, Table};
use web::config::{Missing, Variables};
use web::failure::RequestId;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// In whose name mails are sent.
    pub mail_from: String,
}

impl Config {
    /// Reads `TABLE` and `MAIL_FROM`.
    ///
    /// # Errors
    ///
    /// [`Missing`] names every variable that is absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Missing> {
        let [table, mail_from] = Variables::read(variables).require_all(["TABLE", "MAIL_FROM"])?;
        Ok(Self { table, mail_from })
    }
}

/// The function's clients.
pub struct App {
    pub(crate) store: Store,
    pub(crate) courier: Courier,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
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
        let ses = aws_sdk_sesv2::Client::from_conf(ses_config(aws));
        Self {
            store: Store::new(Table::new(aws, config.table)),
            courier: Courier::new(ses, config.mail_from),
            clock,
            entropy,
        }
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
