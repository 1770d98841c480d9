//! Rounds of reading: when the next one is, and who hears of those that fail or are late.

use ambient::Entropy;
use bus::{RoundFailed, Unchecked};
use graph::GraphError;
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Import, OutboxItem, RoundCause, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::import::ReadingError;

/// A round may begin so many of this many parts of the interval early, so that organizations that were
/// connected at once are not read at once for ever.
const PARTS: u64 = 1_000;
const EARLY: u64 = 100;

impl App {
    /// The round after this one.
    pub(crate) async fn next_round(
        &self,
        organization: OrganizationId,
        since: Timestamp,
    ) -> Result<OutboxItem, Failure> {
        let now = self.clock.now();
        let interval = self.store.reading_rules(organization, now).await?.value.interval();
        let next = OutboxItem::round(&*self.entropy, organization, since, (now, interval), now);
        let due_at = now.checked_add(spread(interval, &*self.entropy)).unwrap_or(now);
        Ok(next.not_before(due_at))
    }

    /// What tells that a round failed; nothing for anything else.
    pub(crate) fn round_failed(&self, item: &OutboxItem, failure: &Failure) -> Option<OutboxItem> {
        let Task::ReadDirectory { .. } = item.task else { return None };
        let (since, failures, cause) = (item.created_at, item.attempts, cause(failure));
        let (now, whose) = (self.clock.now(), item.organization.to_string());
        let failed = ("FailedInARow", i64::from(failures));
        web::metric::count_of("RoundFailed", failed, ("directory", &whose), now);
        let task = Task::ReportRoundFailed { since, failures, cause };
        Some(OutboxItem::new(&*self.entropy, item.organization, task, now))
    }

    /// Says on the bus that a round failed.
    pub(crate) async fn report_round_failed(
        &self,
        item: &OutboxItem,
        since: Timestamp,
        (failures, cause): (u32, RoundCause),
    ) -> Result<(), Failure> {
        let failed = RoundFailed {
            version: 1,
            id: item.id,
            organization: item.organization,
            since,
            failures,
            cause: match cause {
                RoundCause::Throttled => bus::Cause::Throttled,
                RoundCause::Unavailable => bus::Cause::Unavailable,
                RoundCause::Refused => bus::Cause::Refused,
                RoundCause::Ours => bus::Cause::Ours,
            },
            at: item.created_at,
        };
        Ok(self.bus.round_failed(&failed).await?)
    }

    /// Says on the bus that nobody knows since when whether somebody left.
    pub(crate) async fn report_late(
        &self,
        item: &OutboxItem,
        since: Timestamp,
    ) -> Result<(), Failure> {
        let (id, organization, at) = (item.id, item.organization, item.created_at);
        let hours = at.duration_since(since).as_hours();
        let unchecked = Unchecked { version: 1, id, organization, since, hours, at };
        Ok(self.bus.unchecked(&unchecked).await?)
    }
}

/// Says in the log how a round ended.
pub(crate) fn log(import: &Import, next: &OutboxItem, request_id: &RequestId) {
    let tally = import.tally;
    tracing::info!(
        request_id = %request_id.as_str(),
        organization = %next.organization,
        round = import.round.saturating_sub(1),
        told = tally.told,
        access_taken = tally.blocked,
        access_given = tally.unblocked,
        next_at = %next.due_at,
        "a round is over"
    );
}

/// The time to the next round: the interval, or up to a tenth less.
fn spread(interval: SignedDuration, entropy: &dyn Entropy) -> SignedDuration {
    let drawn = u64::from_be_bytes(entropy.bytes()) % (EARLY + 1);
    let millis = u64::try_from(interval.as_millis()).unwrap_or_default();
    let left = millis / PARTS * (PARTS - drawn);
    SignedDuration::from_millis(i64::try_from(left).unwrap_or(i64::MAX))
}

const fn cause(failure: &Failure) -> RoundCause {
    match failure {
        Failure::Reading(ReadingError::Graph(error)) => match error {
            GraphError::Retry(later) => match later.trace.status {
                Some(429) => RoundCause::Throttled,
                _ => RoundCause::Unavailable,
            },
            GraphError::ConsentLost(_) => RoundCause::Refused,
            _ => RoundCause::Ours,
        },
        Failure::Refused { .. } => RoundCause::Refused,
        _ => RoundCause::Ours,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Draws one number after the other.
    struct Counting(AtomicU64);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            bytes.copy_from_slice(&next.to_be_bytes());
        }
    }

    #[test]
    fn rounds_spread_over_the_last_tenth_of_their_interval_and_none_is_later() {
        let hours = SignedDuration::from_hours(4);
        let entropy = Counting(AtomicU64::new(0));
        let drawn: Vec<_> = (0..=EARLY).map(|_| spread(hours, &entropy)).collect();

        assert_eq!(drawn.iter().max(), Some(&hours));
        assert_eq!(drawn.iter().min(), Some(&SignedDuration::from_mins(216)));
        assert!(drawn.is_sorted_by(|one, other| one > other), "each draw is another time");
    }
}
