//! Why something could not be asked of the provisioning job.

use std::io;

use thiserror::Error;

use crate::directory::DirectoryError;

/// Why something could not be asked of the provisioning job.
#[derive(Debug, Error)]
pub enum ProvisioningError {
    /// The tenant URL is no `http` or `https` address.
    #[error("the tenant URL is not an http or https address")]
    TenantUrl,
    /// The token cannot stand in a header.
    #[error("the secret token is not one that a header can carry")]
    Token,
    /// No job is set up.
    #[error("provisioning is not configured")]
    NotConfigured,
    /// The tenant could not be read or changed as asked.
    #[error("the tenant refused")]
    Directory(#[from] DirectoryError),
    /// The job's state could not be written to the data folder.
    #[error("the provisioning job could not be saved")]
    Save(#[source] io::Error),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    /// The simulator was stopped meanwhile.
    #[error("the simulator was stopped")]
    Stopped,
}
