//! The account on a laptop: executes `template.yaml` with the same binaries that AWS runs.

pub mod invoke;
pub mod template;
