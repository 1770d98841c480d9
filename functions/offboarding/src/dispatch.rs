//! Who is due: found by the index, claimed, and named on the bus.

use bus::OutboxDue;
use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{ClaimedRounds, OutboxItem, Store};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// How long one invocation begins to claim, of the minute that Lambda gives us. The next one goes on.
const BEGINNING: SignedDuration = SignedDuration::from_secs(40);
/// How many of the index's partitions are dispatched at once.
const AT_ONCE: usize = 8;
/// As many events as the bus takes at once.
const NAMED_AT_ONCE: usize = 10;

/// What the function is invoked with.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// What is to be dispatched.
    pub dispatch: Dispatch,
}

/// What a schedule dispatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispatch {
    /// Rounds of reading that are due.
    Rounds,
}

/// What a dispatch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dispatched {
    /// How many rounds were claimed and named.
    pub rounds: usize,
    /// How many of them are late.
    pub late: usize,
    /// In how many partitions there was no time for all.
    pub unfinished: usize,
}

impl App {
    /// Claims every round that is due, and names it on the bus.
    ///
    /// # Errors
    ///
    /// [`Failure::Partitions`] once all others are dispatched.
    pub async fn carry_out(&self, event: Event, request_id: &str) -> Result<Dispatched, Failure> {
        let Dispatch::Rounds = event.dispatch;
        let request_id = RequestId::new(request_id);
        let now = self.clock.now();
        let until = now.checked_add(BEGINNING).unwrap_or(now);
        let shards = (0..Store::ROUND_SHARDS).map(|shard| self.dispatch(shard, until));
        let done: Vec<_> = stream::iter(shards).buffer_unordered(AT_ONCE).collect().await;
        let (mut all, mut failed) = (Dispatched::default(), 0);
        for (dispatched, failure) in done {
            all.rounds += dispatched.rounds;
            all.late += dispatched.late;
            all.unfinished += dispatched.unfinished;
            if let Some(failure) = failure {
                web::failure::log(&failure, &request_id);
                failed += 1;
            }
        }
        tracing::info!(
            request_id = %request_id.as_str(), rounds = all.rounds, late = all.late,
            unfinished = all.unfinished, "rounds are dispatched"
        );
        if failed == 0 { Ok(all) } else { Err(Failure::Partitions { failed }) }
    }

    /// The rounds of one partition, as far as there is time.
    async fn dispatch(&self, shard: u8, until: Timestamp) -> (Dispatched, Option<Failure>) {
        let mut dispatched = Dispatched::default();
        let mut behind: Option<String> = None;
        loop {
            let claimed = self.claim(shard, &mut behind).await;
            let named = match claimed {
                Ok(ClaimedRounds { rounds, told }) => {
                    let now = self.clock.now();
                    dispatched.rounds += rounds.len();
                    for round in rounds.iter().filter(|round| round.is_late(now)) {
                        dispatched.late += 1;
                        let hours = now.duration_since(round.created_at).as_hours();
                        let whose = round.organization.to_string();
                        let of = ("offboarding", &*whose);
                        web::metric::count_of("RoundLate", &[("HoursUnchecked", hours)], of, now);
                    }
                    self.name(&rounds, &told).await
                }
                Err(failure) => Err(failure),
            };
            if let Err(failure) = named {
                return (dispatched, Some(failure));
            }
            if behind.is_none() {
                return (dispatched, None);
            }
            if self.clock.now() >= until {
                dispatched.unfinished = 1;
                return (dispatched, None);
            }
        }
    }

    /// Some that are due, claimed.
    async fn claim(
        &self,
        shard: u8,
        behind: &mut Option<String>,
    ) -> Result<ClaimedRounds, Failure> {
        let now = self.clock.now();
        let due = self.store.due_rounds(shard, behind.as_deref(), now).await?;
        *behind = due.behind;
        for (organization, error) in &due.unreadable {
            tracing::error!(
                error = error as &dyn std::error::Error,
                organization = organization.map(tracing::field::display),
                shard,
                "a round makes no sense"
            );
            web::metric::count("RoundUnreadable", "offboarding", now);
        }
        Ok(self.store.claim_rounds(due.rounds, now).await?)
    }

    /// Names rounds, and what tells of those that are late: all of them, however many are not taken.
    async fn name(&self, rounds: &[OutboxItem], told: &[OutboxItem]) -> Result<(), Failure> {
        let due = |item: &OutboxItem| OutboxDue { organization: item.organization, item: item.id };
        let mut outcome = Ok(());
        for some in rounds.chunks(NAMED_AT_ONCE) {
            let some: Vec<_> = some.iter().map(due).collect();
            outcome = self.bus.rounds_due(&some).await.and(outcome);
        }
        for some in told.chunks(NAMED_AT_ONCE) {
            let some: Vec<_> = some.iter().map(due).collect();
            outcome = self.bus.outbox_due(&some).await.and(outcome);
        }
        Ok(outcome?)
    }
}
