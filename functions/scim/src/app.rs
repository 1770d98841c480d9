//! What every handler of the function shares.

use std::sync::Arc;

use ambient::{Clock, Entropy, SystemClock, SystemEntropy};
use aws_config::SdkConfig;
use bus::{Bus, OutboxDue};
use store::{OutboxItem, Store, Table};
use web::config::{Missing, Variables};
use web::failure::RequestId;

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

/// The function's clients. It remembers nothing: what was revoked is revoked.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
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
        let store = Store::new(Table::new(aws, config.table));
        Self { store, clock, entropy, bus: Bus::new(aws, config.bus) }
    }

    /// Says that outbox items are due. A lost event is made up for by the sweep.
    pub(crate) async fn announce(&self, items: &[OutboxItem], request_id: &RequestId) {
        let due = |item: &OutboxItem| OutboxDue { organization: item.organization, item: item.id };
        let due = items.iter().map(due).collect::<Vec<_>>();
        if due.is_empty() {
            return;
        }
        if let Err(error) = self.bus.outbox_due(&due).await {
            web::failure::log(&error, request_id);
        }
    }
}
