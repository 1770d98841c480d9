//! The offboarding function: every five minutes it finds the organizations whose tenant is due to be read,
//! and has that done, by bus and queue. No HTTP.
//!
//! | event | file | what |
//! |---|---|---|
//! | the schedule | `dispatch` | claims the rounds that are due, and names them on the bus |
//!
//! It knows no user and asks Microsoft nothing: a round is `directory`'s, which reads a tenant for the
//! first time by the same code. That nobody looked after leavers for too long is seen here, where it does
//! not depend on what it watches.

mod app;
mod dispatch;
mod failure;

pub use crate::app::{App, Config};
pub use crate::dispatch::{Dispatch, Dispatched, Event};
pub use crate::failure::Failure;
