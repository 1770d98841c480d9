//! How a service says that it could not do its own work.

use std::error::Error;

/// Logs an error with its causes: a person should look.
pub(super) fn log(error: &(dyn Error + 'static), what: &'static str) {
    tracing::error!(error, "{what}");
}
