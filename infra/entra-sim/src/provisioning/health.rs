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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn g5_too_many_failures_are_those_of_the_documented_examples() {
        let cases = [
            // good, failed, references, whether it is quarantine
            (0, 4_999, 0, false),
            (0, 5_000, 0, true),
            (5_000, 30_000, 0, true),
            (100_000, 20_000, 0, false),
            (7_500, 5_000, 0, false),
            (7_499, 5_000, 0, true),
            (1_000_000, 40_000, 0, false),
            (1_000_000, 45_000, 0, true),
            (1_000_000, 40_000, 20_000, false),
            (1_000_000, 40_000, 21_000, true),
            (0, 0, 59_999, false),
            (0, 0, 60_001, true),
        ];
        for (good, failed, references, quarantine) in cases {
            let verdict = judge(Tally { good, failed, references });
            assert_eq!(verdict.is_some(), quarantine, "{good} {failed} {references}");
        }
    }

    #[test]
    fn g5_a_try_follows_after_6_12_and_24_hours_and_then_daily() {
        let first: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let cases = [
            // minutes since the first failure, hours from then to the next try
            (0, 6),
            (359, 6),
            (360, 12),
            (719, 12),
            (720, 24),
            (1_439, 24),
            (1_440, 48),
            (2_879, 48),
            (2_880, 72),
        ];
        for (minutes, hours) in cases {
            let now = first + SignedDuration::from_mins(minutes);
            let next = first + SignedDuration::from_hours(hours);
            assert_eq!(next_try(first, now), next, "{minutes} minutes");
        }
        let end = first + SignedDuration::from_hours(28 * 24);
        assert!(is_given_up(first, end));
        assert!(!is_given_up(first, end - SignedDuration::from_secs(1)));
    }
}
