//! The simulated Graph: a test for each documented fact that a client leans on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may stop at the first surprise"
)]

mod changes;
mod crowd;
mod exchanges;
mod faults;
#[path = "../lab/mod.rs"]
mod keys;
mod lab;
mod permissions;
mod subscriptions;
mod tenant;
mod users;
