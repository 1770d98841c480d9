//! Our applications as they are registered in Entra: their ids, the certificates that prove us, and
//! the tokens that they are given in a tenant.
//!
//! Tokens are handed out and kept nowhere here; the certificates are in the table, their key in KMS.

mod certificates;
mod client;
mod error;
mod settings;
mod tokens;

pub use certificates::certificates;
pub use client::Registration;
pub use error::RegistrationError;
pub use settings::{Settings, SettingsError};
pub use tokens::{Tokens, suffices};
