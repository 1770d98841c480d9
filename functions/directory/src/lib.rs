//! The directory function: what follows from decisions, by bus and queue. No HTTP.
//!
//! | event | file | what |
//! |---|---|---|
//! | a batch of the outbox queue | `outbox` | carries out the items that it names |
//! | the one-minute sweep | `outbox` | carries out what no event brought |
//! | | `code` | finds out whom a typed address belongs to, and mails the code |
//! | | `mail` | the other mails |
//! | | `import` | reads an Entra directory, for whoever has a tenant to read |

mod app;
mod code;
mod event;
mod failure;
mod import;
mod mail;
mod outbox;

pub use crate::app::{App, Config};
pub use crate::event::{Event, Reply};
pub use crate::failure::Failure;
pub use crate::import::{Directory, Reading, ReadingError};
