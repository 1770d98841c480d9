//! The provisioning service: a SCIM client that behaves as Entra's does.
//!
//! Knows nothing of the product's own SCIM code: shapes, dialects and habits are those that
//! Microsoft documents.

mod client;
mod creation;
mod cycle;
mod decision;
mod error;
mod exchange;
mod fault;
mod filter;
mod groups;
mod health;
mod job;
mod library;
mod managers;
mod mapping;
mod members;
mod pacer;
mod patch;
mod population;
mod provisioner;
mod report;
mod run;
mod settings;
mod target;
mod tenant_url;
mod users;

pub use error::ProvisioningError;
pub use exchange::Exchange;
pub use health::{Health, QuarantineReason};
pub use population::{FirstCycle, FirstCycleError, first_cycle, population};
pub use report::{
    ConnectionReport, Counts, CycleKind, CycleReport, OnDemandReport, Outcome, ReferenceCounts,
};
pub use settings::{GroupMapping, Mapping, Pace, Provisioning, Scope, Shapes, Token};
pub use tenant_url::Dialect;

pub(crate) use cycle::next as next_cycle;
pub(crate) use job::Job;
pub(crate) use mapping::rows as mapping_rows;
pub(crate) use provisioner::{JOB_FILE, Provisioner, cycles, on_demand, restart, test_connection};
