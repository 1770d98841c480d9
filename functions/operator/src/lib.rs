//! The operator function: what only whoever may invoke it through IAM can do.
//!
//! | action | file | what |
//! |---|---|---|
//! | `bootstrap` | `bootstrap` | founds an organization; again, lets an administrator in who lost everything |
//! | `invite` | `invite` | hands out, or mails, a one-time enrolment link to a user |
//! | `approve` | `approve` | lets a changed personal address enrol at once |
//! | `block`, `unblock` | `access` | takes a user's access away at once, and gives it back |
//! | `set_last_day`, `list_leavers` | `last_day` | when somebody's access ends, and whose ends next |
//! | `set_mode` | `mode` | says where users come from, and changes it |
//! | `create_user` | `create_user` | makes a user here and in Entra |
//! | `list_pending`, `push_user`, `link_user` | `push` | who is not in Entra yet, and what becomes of them |
//! | `health` | `health` | how the organization stands with its tenant |
//! | `missing_limit` | `reading` | how many who are missing in the tenant may lose access unasked |
//! | `list_missing`, `approve_missing`, `dismiss_missing` | `missing` | who is missing there, and what somebody decides about them |
//! | `repair_anchor`, `list_repairs`, `abandon_repair` | `repair` | gives a user of a federated domain an anchor |
//! | `create_scim_key`, `list_scim_keys`, `revoke_scim_key` | `scim_key` | the keys of provisioning clients |
//!
//! There is no route to it. Its answer is the invocation's result and never a line of the log.

mod access;
mod action;
mod app;
mod approve;
mod bootstrap;
mod create_user;
mod directory;
mod failure;
mod health;
mod invite;
mod last_day;
mod missing;
mod mode;
mod name;
mod push;
mod reading;
mod repair;
mod scim_key;
mod site;

pub use crate::app::{App, Config};
pub use crate::failure::Failure;
