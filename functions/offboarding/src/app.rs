//! The function's clients.

use std::sync::Arc;

use ambient::{Clock, SystemClock};
use aws_config::SdkConfig;
use bus::Bus;
use store::{Store, Table};
use web::config::{Missing, Variables};

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
    /// [`Missing`] names what is absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Missing> {
        let [table, bus] = Variables::read(variables).require_all(["TABLE", "BUS"])?;
        Ok(Self { table, bus })
    }
}

/// The function's clients.
pub struct App {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
}

impl App {
    /// Speaks to AWS as it is set up, by the system's clock.
    pub fn new(aws: &SdkConfig, config: Config) -> Self {
        Self::with(aws, config, Arc::new(SystemClock))
    }

    /// Speaks to AWS as it is set up, by a given clock.
    pub fn with(aws: &SdkConfig, config: Config, clock: Arc<dyn Clock>) -> Self {
        let store = Store::new(Table::new(aws, config.table));
        Self { store, bus: Bus::new(aws, config.bus), clock }
    }
}
