//! The simulated Microsoft Graph, `/v1.0/`: users, their changes, the recycle bin, the tenant and its
//! domains, each call by the permission that it needs, and faults on request.
//!
//! Knows nothing of the client: what it asks for and answers is what Microsoft documents.

mod answer;
mod batch;
mod caller;
pub(crate) mod control;
mod delta;
mod dispatch;
mod fault;
mod library;
mod limiter;
mod memberships;
mod notifications;
mod query;
mod recorder;
mod recycle_bin;
mod request;
mod serve;
mod shape;
mod state;
mod subscriptions;
mod tenant;
mod user_rules;
mod users;

pub use fault::{Fault, GraphFault};
pub use notifications::{Delivery, Lifecycle};
pub use state::{Disorder, GraphCall, GraphSettings};
pub use subscriptions::Subscription;

pub(crate) use notifications::deliver;
pub(crate) use recorder::Recorder;
pub(crate) use serve::serve;
pub(crate) use state::GraphState;
pub(crate) use subscriptions::SUBSCRIPTIONS_FILE;
