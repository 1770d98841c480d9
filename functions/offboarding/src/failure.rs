//! Why rounds were not dispatched.

use bus::BusError;
use lambda_runtime::Diagnostic;
use store::TableError;

/// Why rounds were not dispatched. Those that were not claimed stay due; those that were claimed and not
/// named are due again a quarter of an hour later.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// The event cannot be said now.
    #[error("the event could not be said")]
    Bus(#[from] BusError),
    /// In some partitions it failed; the others were dispatched.
    #[error("the rounds of {failed} partitions were not all dispatched")]
    Partitions {
        /// In how many.
        failed: usize,
    },
}

/// What Lambda is told, which shows in its console: no cause, which is in the log.
impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Table(_) => "Table",
            Failure::Bus(_) => "Bus",
            Failure::Partitions { .. } => "Partitions",
        };
        Self { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}
