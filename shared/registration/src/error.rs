//! Why an application got nothing.

use entra::{EntraError, RenewalError};
use store::TableError;

/// Why an application got nothing.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// No application is registered for it.
    #[error("no application is registered for it")]
    NotRegistered,
    /// Entra gave nothing.
    #[error("Entra gave nothing")]
    Entra(#[from] EntraError),
    /// The client certificate could not be made.
    #[error("the client certificate could not be made")]
    Certificate(#[from] RenewalError),
    /// The name in the client certificate is none.
    #[error("the name in the client certificate is none")]
    Subject(#[from] keys::SubjectError),
    /// Somebody else changed it at the same time.
    #[error("somebody else changed the certificates at the same time")]
    Changed,
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
}
