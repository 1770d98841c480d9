//! Reads `template.yaml` into the [`Model`] that the local stack executes.

pub mod model;

pub use model::Model;
