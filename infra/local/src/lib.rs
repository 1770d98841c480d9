//! The account on a laptop: executes `template.yaml` with the same binaries that AWS runs.

pub mod database;
pub mod gateway;
pub mod invoke;
pub mod lambda;
pub mod template;
