//! Rounds of reading: when the next one is, and who hears of those that fail or are late.

use ambient::Entropy;
use bus::{OutboxDue, RoundFailed, Unchecked};
use graph::{GraphError, Next, Page, USER_SELECTION};
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Import, OutboxItem, ReadingRules, Round, RoundCause, TableError, Tally, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::connection::{may_write, works};
use crate::failure::Failure;
use crate::import::{self, FirstPage, ReadingError};
use crate::outbox::Turn;

/// How long after it was connected a tenant is not read before it tells what changes.
const LISTENING: SignedDuration = SignedDuration::from_mins(1);
/// With less left than this of what an event may take, a round is left to the next one.
const BEGUN_WITH: SignedDuration = SignedDuration::from_secs(5);
/// A round may begin so many of this many parts of the interval early, so that organizations that were
/// connected at once are not read at once for ever.
const PARTS: u64 = 1_000;
const EARLY: u64 = 100;

impl App {
    /// Carries out a round that is named, unless somebody else is at it. One in which nothing changed is
    /// over with a read, a call of Graph and a write: it is taken only where there is more to do.
    pub(crate) async fn carry_round_out(
        &self,
        due: OutboxDue,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let Some(round) = self.store.round(due.organization, due.item, now).await? else {
            return Ok(());
        };
        if !turn.has_time_for(&round.item.value, now) {
            return Ok(());
        }
        let Task::ReadDirectory { since } = round.item.value.task else {
            return self.deliver(round.item, turn).await;
        };
        let listened = self.listen_first(&round, since, turn).await;
        if listened && turn.long_ends.duration_since(self.clock.now()) < BEGUN_WITH {
            // It took long until the tenant tells what changes: by the next event it does.
            self.announce(&[round.item.value], turn.request_id).await;
            return Ok(());
        }
        let slice = turn.slice(&round.item.value, self.clock.now());
        let first = self.first_page(&round, since, &slice).await;
        if let Some(first) = &first
            && self.end_quiet_round(&round, since, first, turn.request_id).await?
        {
            return Ok(());
        }
        let now = self.clock.now();
        let Some(item) = self.store.take_outbox(round.item, now).await? else { return Ok(()) };
        let done = self.read_connected(&item.value, since, first, &slice).await;
        self.conclude(item, done, turn.request_id).await
    }

    /// Before a tenant is read for the first time: has it tell what changes meanwhile. Where that does not
    /// succeed at once, it is read all the same, and asked once more behind the round. Says whether it was
    /// asked.
    async fn listen_first(&self, round: &Round, since: Timestamp, turn: &Turn<'_>) -> bool {
        if let Some(connection) = round.connection.as_ref().filter(|it| works(&it.value, since))
            && round.subscription.is_none()
            && round.import.as_ref().is_none_or(|import| import.value.kept_at.is_none())
            && self.clock.now().duration_since(since) < LISTENING
        {
            let directory = self.directory(round.item.value.organization, &connection.value, turn);
            self.keep_subscribed(&directory, turn.request_id).await;
            return true;
        }
        false
    }

    /// What changed since the last round, where nothing stands before asking for it, and everything
    /// that is wanted of it is selected.
    async fn first_page(
        &self,
        round: &Round,
        since: Timestamp,
        turn: &Turn<'_>,
    ) -> Option<FirstPage> {
        let connection = round.connection.as_ref().filter(|it| works(&it.value, since))?;
        let mut import = round.import.clone().filter(|import| {
            let Import { tenant, whole, next, began_at, selection, .. } = &import.value;
            let is_next = !whole && next.is_some() && began_at.is_none();
            *tenant == connection.value.tenant && is_next && *selection == USER_SELECTION
        })?;
        import.value.begin(USER_SELECTION, self.clock.now());
        let directory = self.directory(round.item.value.organization, &connection.value, turn);
        let page = import::page(&directory, &import.value).await;
        Some(FirstPage { import, since: directory.since, page })
    }

    /// Ends a round in which nothing changed, and after which nothing is to be done: says whether it was
    /// one.
    async fn end_quiet_round(
        &self,
        round: &Round,
        since: Timestamp,
        first: &FirstPage,
        request_id: &RequestId,
    ) -> Result<bool, Failure> {
        let Ok(Page { value, unread, next: Next::Round(link) }) = &first.page else {
            return Ok(false);
        };
        let (org, now) = (round.item.value.organization, self.clock.now());
        let mut import = first.import.value.clone();
        let subscription = round.subscription.as_ref().map(|stored| &stored.value);
        let tells = subscription.is_some_and(|it| it.tenant == import.tenant && now < it.renew_at);
        let is_searched =
            round.search.as_ref().is_some_and(|search| !search.value.is_due_again(now));
        let is_quiet = value.is_empty() && unread.is_empty();
        let is_rest = round.preflight.is_some() && !import.asks_for_left_out(now);
        if !(is_quiet && tells && is_searched && is_rest) {
            return Ok(false);
        }
        let writes = round.connection.as_ref().is_some_and(|it| may_write(&it.value));
        if writes {
            let until = match import.anchored_until {
                Some(until) => until,
                None => self.store.unanchored_since(org).await?.unwrap_or(Timestamp::MAX),
            };
            if until <= now {
                return Ok(false);
            }
            import.anchored_until = Some(until);
        }
        import.end(link.as_str().to_owned(), Tally::default(), now);
        let next = self.next_round(org, since, &round.rules);
        let read = (first.import.version, &import);
        match self.store.end_quiet_round(&round.item, read, &next).await {
            Ok(()) => {
                log(org, &import, Some(&next), request_id);
                Ok(true)
            }
            Err(TableError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The round after this one.
    pub(crate) fn next_round(
        &self,
        organization: OrganizationId,
        since: Timestamp,
        rules: &ReadingRules,
    ) -> OutboxItem {
        let (now, interval) = (self.clock.now(), rules.interval());
        let next = OutboxItem::round(&*self.entropy, organization, since, (now, interval), now);
        let due_at = now.checked_add(spread(interval, &*self.entropy)).unwrap_or(now);
        next.not_before(due_at)
    }

    /// Why a round failed, and what tells of it; nothing for anything else.
    pub(crate) fn round_failed(
        &self,
        item: &OutboxItem,
        failure: &Failure,
    ) -> Option<(RoundCause, OutboxItem)> {
        let Task::ReadDirectory { .. } = item.task else { return None };
        let (since, failures, cause) = (item.created_at, item.attempts, cause(failure));
        let (now, whose) = (self.clock.now(), item.organization.to_string());
        let failed = ("FailedInARow", i64::from(failures));
        let unchecked = ("HoursUnchecked", now.duration_since(since).as_hours());
        let of = ("directory", &*whose);
        web::metric::count_of("RoundFailed", &[failed, unchecked], of, now);
        if cause == RoundCause::Throttled {
            web::metric::count_of("RoundThrottled", &[], of, now);
        }
        let task = Task::ReportRoundFailed { since, failures, cause };
        Some((cause, OutboxItem::new(&*self.entropy, item.organization, task, now)))
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

/// Says in the log how a round ended, and when the next one is due, where this one says so.
pub(crate) fn log(
    organization: OrganizationId,
    import: &Import,
    next: Option<&OutboxItem>,
    request_id: &RequestId,
) {
    let tally = import.tally;
    let next_at = next.map(|next| tracing::field::display(next.due_at));
    tracing::info!(
        request_id = %request_id.as_str(),
        %organization,
        round = import.round.saturating_sub(1),
        told = tally.told,
        access_taken = tally.blocked,
        access_given = tally.unblocked,
        next_at,
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
        Failure::Refused { .. } | Failure::Reading(ReadingError::Forbidden { .. }) => {
            RoundCause::Refused
        }
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
