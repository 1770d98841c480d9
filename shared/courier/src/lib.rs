//! Mails that people get from us: what they say, and how Amazon SES is asked to carry them.
//!
//! No queue and no decision: who gets which mail, and what follows when it cannot be sent, is
//! decided elsewhere. The only crate that speaks to SES.

pub mod mail;

mod config;
mod language;
mod messages;
mod plain;
mod post;

pub use config::{ATTEMPT_TIME, ATTEMPTS, TOTAL_TIME, ses_config};
pub use language::Language;
pub use post::{Courier, CourierError};
