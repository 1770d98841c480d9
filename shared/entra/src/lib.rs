//! The token endpoint and the keys of Microsoft Entra, over HTTPS.
//!
//! No storage and no decisions: what a token is good for is decided elsewhere. Every answer is capped
//! and timed; a token is kept nowhere here. How Entra speaks is `oidc`'s, the client's key is in KMS.

mod certificates;
mod client;
mod error;
mod exchange;
mod key_sets;

pub use certificates::{ClientCertificates, LIFETIME_DAYS, RenewalError, SUBJECT};
pub use client::{Entra, StartError};
pub use error::EntraError;
