//! What a cycle did, in figures.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use super::health::Health;

/// What a cycle did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CycleReport {
    /// Counts the job's cycles from one.
    pub number: u64,
    /// Whether every object was looked at or only what changed.
    pub kind: CycleKind,
    /// When it began, by the simulator's clock.
    pub started: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// What became of the users.
    pub users: Counts,
    /// What became of the groups.
    pub groups: Counts,
    /// What became of managers and members.
    pub references: ReferenceCounts,
    /// Why it ended early, if it did.
    pub halted: Option<String>,
    /// The state of the job afterwards.
    pub health: Health,
}

/// Which objects a cycle looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleKind {
    /// All of them.
    Initial,
    /// What changed since the last one, and what failed.
    Incremental,
    /// None: in quarantine and not due, or disabled.
    #[default]
    Skipped,
}

/// What became of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Made in the target.
    pub created: u64,
    /// Found in the target and linked.
    pub linked: u64,
    /// Changed in the target.
    pub updated: u64,
    /// Already as they should be.
    pub unchanged: u64,
    /// Set inactive because they left the scope or the directory.
    pub disabled: u64,
    /// Deleted in the target.
    pub deleted: u64,
    /// Not provisioned, for a reason that is none of the target's.
    pub skipped: u64,
    /// Failed, to be tried again.
    pub failed: u64,
}

/// What became of references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceCounts {
    /// Managers and members that were set.
    pub added: u64,
    /// Managers and members that were taken away.
    pub removed: u64,
    /// Those that a reference check found in place.
    pub unchanged: u64,
    /// Those that wait for an object to be provisioned.
    pub waiting: u64,
    /// Requests that failed, to be tried again.
    pub failed: u64,
}

/// What became of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Made in the target.
    Created,
    /// Found in the target and linked.
    Linked,
    /// Changed in the target.
    Updated,
    /// Already as it should be.
    Unchanged,
    /// Set inactive because it left the scope or the directory.
    Disabled,
    /// Deleted in the target.
    Deleted,
    /// Not provisioned.
    Skipped,
    /// Failed, to be tried again.
    Failed,
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Linked => &mut self.linked,
            Outcome::Updated => &mut self.updated,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Disabled => &mut self.disabled,
            Outcome::Deleted => &mut self.deleted,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Failed => &mut self.failed,
        };
        *count += 1;
    }
}

/// What "Test Connection" found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectionReport {
    /// What is wrong; nothing when the connection works.
    pub problems: Vec<String>,
    /// The requests and their answers.
    pub exchanges: Vec<Exchange>,
}

/// What "Provision on demand" did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnDemandReport {
    /// What became of the user.
    pub outcome: Outcome,
    /// Why, where it is not plain.
    pub reason: Option<String>,
    /// The requests about the user and their answers.
    pub exchanges: Vec<Exchange>,
}
