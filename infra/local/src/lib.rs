//! The account on a laptop: executes `template.yaml` with the same binaries that AWS runs.
//!
//! [`Stack::start`] starts everything in the caller's process: the gateway, Lambda, DynamoDB, KMS,
//! EventBridge, SQS, SES, SNS and the simulated Entra. Functions are processes and are told where
//! these are by the SDK's own variables only.

pub mod build;
pub mod cli;
pub mod database;
pub mod gateway;
mod guard;
pub mod invoke;
pub mod lambda;
pub mod seed;
pub mod services;
pub mod stack;
pub mod template;

pub use stack::{Cycles, Data, Options, Ready, Seed, Stack, StartError};
