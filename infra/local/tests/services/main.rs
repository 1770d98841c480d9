//! The services, spoken to by the SDKs that production code uses.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod account;
mod asynchronous;
mod events;
mod kms;
mod mail;
mod mapping;
mod queues;
mod s3;
mod start;
