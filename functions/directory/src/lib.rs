//! The directory function: what follows from decisions, by bus and queue. No HTTP.
//!
//! | event | file | what |
//! |---|---|---|
//! | a batch of the outbox queue | `outbox` | carries out the items that it names |
//! | the one-minute sweep | `outbox` | carries out what no event brought |
//! | | `code` | finds out whom a typed address belongs to, and mails the code |
//! | | `mail` | the other mails |
//! | | `connection` | reads the tenant that an organization is connected to, and says when it may not any more |
//! | | `round` | when the next round of reading is, and who hears of those that fail or are late |
//! | | `anchor` | gives users of the tenant an anchor there, who have none |
//! | | `preflight` | what stands before the first sign-in of everybody: lists, and files of them |
//! | | `push` | makes users of ours in the tenant, or links them to who is there |
//! | | `repair` | gives users of a federated domain an anchor there, by way of a temporary name |
//! | | `account` | ends sessions in Entra of whoever lost access, and disables or enables their account |
//! | | `gone` | disables accounts of users who were deleted |
//! | | `missing` | who is missing in the tenant though nobody said so, and whether they lose access |
//! | | `import` | a round of reading: pages, users, and where it goes on |

mod access;
mod account;
mod anchor;
mod app;
mod code;
mod connection;
mod event;
mod failure;
mod gone;
mod import;
mod mail;
mod missing;
mod notice;
mod outbox;
mod preflight;
mod push;
mod repair;
mod round;
mod subscription;

pub use crate::app::{App, Config, StartError};
pub use crate::event::{Event, Reply};
pub use crate::failure::Failure;
pub use crate::import::{Directory, Reading, ReadingError};
