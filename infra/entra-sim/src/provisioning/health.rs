//! The job's health: when it goes into quarantine, how rarely it runs there, when it stops.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Below this many failures their share is not looked at.
const FEWEST: u64 = 5_000;
/// More failures than this are too many whatever their share.
const MOST: u64 = 40_000;
/// More failures than this, those of references included, are too many.
const MOST_WITH_REFERENCES: u64 = 60_000;
/// After how long in quarantine the job is disabled.
const LIMIT: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Why a job is in quarantine, with the codes of Graph's `synchronizationJob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuarantineReason {
    /// The server cannot be reached, refuses the token or is no SCIM server.
    EncounteredQuarantineException,
    /// Too many objects fail.
    EncounteredEscrowProportionThreshold,
}

/// The state of the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// Cycles run as configured.
    #[default]
    Healthy,
    /// Cycles run ever more rarely, at last once a day.
    Quarantined {
        /// Why.
        reason: QuarantineReason,
        /// Since when.
        since: Timestamp,
        /// The first instant at which a cycle runs again.
        next: Timestamp,
    },
    /// Four weeks in quarantine: no cycle runs until provisioning is restarted.
    Disabled {
        /// Why.
        reason: QuarantineReason,
        /// Since when.
        since: Timestamp,
    },
}

/// What a cycle went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Objects that are provisioned.
    pub(crate) good: u64,
    /// Objects that fail.
    pub(crate) failed: u64,
    /// References that fail.
    pub(crate) references: u64,
}

/// Whether so many failures put the job into quarantine.
pub(crate) fn judge(tally: Tally) -> Option<QuarantineReason> {
    let Tally { good, failed, references } = tally;
    let share = failed >= FEWEST && failed * 10 > (failed + good) * 4;
    let many = failed > MOST || failed + references > MOST_WITH_REFERENCES;
    (share || many).then_some(QuarantineReason::EncounteredEscrowProportionThreshold)
}

/// When something that failed first at `first` is tried again: after 6, 12 and 24 hours from
/// then, and daily.
pub(crate) fn next_try(first: Timestamp, now: Timestamp) -> Timestamp {
    let hours = SignedDuration::from_hours;
    let passed = now.duration_since(first);
    let next = if passed < hours(6) {
        hours(6)
    } else if passed < hours(12) {
        hours(12)
    } else {
        hours((passed.as_hours() / 24 + 1) * 24)
    };
    first.checked_add(next).unwrap_or(Timestamp::MAX)
}

/// Whether something that failed first at `first` is given up.
pub(crate) fn is_given_up(first: Timestamp, now: Timestamp) -> bool {
    now.duration_since(first) >= LIMIT
}

impl Health {
    /// The state after a cycle.
    pub(crate) fn after(self, verdict: Option<QuarantineReason>, now: Timestamp) -> Self {
        let Some(reason) = verdict else { return Self::Healthy };
        let since = match self {
            Self::Quarantined { since, .. } | Self::Disabled { since, .. } => since,
            Self::Healthy => now,
        };
        Self::Quarantined { reason, since, next: next_try(since, now) }.at(now)
    }

    /// The state at an instant: four weeks of quarantine disable the job without any cycle.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Quarantined { reason, since, .. } if is_given_up(since, now) => {
                Self::Disabled { reason, since }
            }
            other => other,
        }
    }

    /// Why no cycle may run, if so.
    pub(crate) fn forbids(self, now: Timestamp) -> Option<&'static str> {
        match self.at(now) {
            Self::Healthy => None,
            Self::Quarantined { next, .. } if now >= next => None,
            Self::Quarantined { .. } => Some("in quarantine and not due yet"),
            Self::Disabled { .. } => Some("disabled after four weeks in quarantine"),
        }
    }
}
