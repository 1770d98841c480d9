//! The provisioning service against a recording server: one test for each fact that Microsoft
//! documents of its client, the facts numbered as in the sources of these tests (G.1 to G.6).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod control;
mod cycles;
mod groups;
mod lab;
mod lifecycle;
mod quarantine;
mod queries;
mod shapes;
mod target;
