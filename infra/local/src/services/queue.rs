//! SQS: standard queues that keep what they accepted.
//!
//! Also the line in which asynchronous invocations of a function wait, because Lambda keeps those
//! in a queue of its own.

pub(super) mod attribute;
pub(super) mod backlog;
pub(super) mod mapping;
pub(super) mod service;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use ambient::{Clock, Entropy};
use jiff::Timestamp;
use tokio::sync::Notify;

use self::attribute::Attributes;
use self::backlog::{Backlog, Counts, Message, Receipt, Received, Record, Rules, Want};
use super::ServicesError;
use super::disk::{DiskError, Journal, make_folder};
use super::protocol::mint_uuid;
use crate::template::model;

/// A journal is rewritten when it holds this many records more than twice its messages.
const GARBAGE_LIMIT: usize = 1000;

/// All queues of the account.
#[derive(Debug)]
pub(super) struct Queues {
    by_name: BTreeMap<String, Arc<Queue>>,
}

impl Queues {
    /// Opens the queues of the template.
    pub(super) fn open(
        folder: &Path,
        queues: &[model::Queue],
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, ServicesError> {
        make_folder(folder)?;
        let mut by_name = BTreeMap::new();
        for settings in queues {
            let wrong = |problem: &str| ServicesError::Template {
                resource: settings.logical_id.clone(),
                problem: problem.to_owned(),
            };
            if settings.fifo {
                return Err(wrong("FIFO queues are not served"));
            }
            let path = folder.join(format!("{}.journal", settings.name));
            let rules = Rules {
                retention: settings.retention,
                max_receive_count: settings
                    .redrive
                    .as_ref()
                    .map(|redrive| redrive.max_receive_count),
            };
            let queue = Queue::open(path, settings.clone(), rules, clock, entropy)?;
            by_name.insert(settings.name.clone(), queue);
        }
        let queues = Self { by_name };
        for queue in queues.by_name.values() {
            let Some(redrive) = &queue.settings.redrive else { continue };
            let target =
                queues.by_arn(&redrive.target_arn).ok_or_else(|| ServicesError::Template {
                    resource: queue.settings.logical_id.clone(),
                    problem: "its dead-letter queue is not in the template".to_owned(),
                })?;
            // Set once, here: the queue was made above.
            let _ = queue.dead_letters.set(Arc::downgrade(&target));
        }
        Ok(queues)
    }

    /// Finds a queue by its name.
    pub(super) fn by_name(&self, name: &str) -> Option<Arc<Queue>> {
        self.by_name.get(name).cloned()
    }

    /// Finds a queue by its ARN.
    pub(super) fn by_arn(&self, arn: &str) -> Option<Arc<Queue>> {
        self.by_name.values().find(|queue| queue.settings.arn == arn).cloned()
    }

    /// All queues, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.by_name.values()
    }
}

/// A message on its way into a queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Outgoing {
    /// `MessageBody`.
    pub(super) body: String,
    /// `MessageAttributes`.
    pub(super) attributes: Attributes,
    /// `AWSTraceHeader`.
    pub(super) trace_header: Option<String>,
    /// `DelaySeconds`; the queue's own when absent.
    pub(super) delay: Option<Duration>,
}

impl Outgoing {
    /// A message that is only a body.
    pub(super) fn body(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}

/// One queue.
pub(super) struct Queue {
    settings: model::Queue,
    rules: Rules,
    state: Mutex<State>,
    dead_letters: OnceLock<Weak<Self>>,
    changed: Notify,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

#[derive(Debug)]
struct State {
    backlog: Backlog,
    journal: Journal,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl Queue {
    /// Reads the queue's journal; whatever was held is visible again.
    pub(super) fn open(
        path: PathBuf,
        settings: model::Queue,
        rules: Rules,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, DiskError> {
        let mut backlog = Backlog::default();
        let journal = Journal::open(path, |record| backlog.apply(record))?;
        let mut state = State { backlog, journal };
        if state.backlog.created_at().is_none() {
            state.record(vec![Record::Created(clock.now())])?;
        }
        Ok(Arc::new(Self {
            settings,
            rules,
            state: Mutex::new(state),
            dead_letters: OnceLock::new(),
            changed: Notify::new(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        }))
    }

    /// What the template says of it.
    pub(super) fn settings(&self) -> &model::Queue {
        &self.settings
    }

    /// When it was made.
    pub(super) fn created_at(&self) -> Timestamp {
        lock(&self.state).backlog.created_at().unwrap_or_default()
    }

    /// How many messages it holds.
    pub(super) fn counts(&self) -> Counts {
        lock(&self.state).backlog.counts(self.clock.now())
    }

    /// Accepts messages, all or none: once this returns they survive a killed process.
    pub(super) fn send(&self, outgoing: Vec<Outgoing>) -> Result<Vec<Message>, DiskError> {
        let now = self.clock.now();
        let messages: Vec<_> = outgoing
            .into_iter()
            .map(|outgoing| Message {
                id: mint_uuid(&*self.entropy).to_string(),
                body: outgoing.body,
                attributes: outgoing.attributes,
                trace_header: outgoing.trace_header,
                sent_at: now,
                visible_at: now + outgoing.delay.unwrap_or(self.settings.delay),
                receive_count: 0,
                first_received_at: None,
                source_arn: None,
            })
            .collect();
        self.accept(messages.clone())?;
        Ok(messages)
    }

    fn accept(&self, messages: Vec<Message>) -> Result<(), DiskError> {
        lock(&self.state).record(messages.into_iter().map(Record::Sent).collect())?;
        self.changed.notify_waiters();
        Ok(())
    }

    /// Waits up to `wait` for the first message; answers what is there then.
    pub(super) async fn receive(
        &self,
        want: Want,
        wait: Duration,
    ) -> Result<Vec<Received>, DiskError> {
        let mut end = pin!(tokio::time::sleep(wait));
        loop {
            // Made before looking, so that nothing sent in between goes unnoticed.
            let changed = self.changed.notified();
            let received = self.take(want)?;
            if !received.is_empty() || wait.is_zero() {
                return Ok(received);
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(self.until_next_visible()) => {}
                () = &mut end => return self.take(want),
            }
        }
    }

    fn take(&self, want: Want) -> Result<Vec<Received>, DiskError> {
        let now = self.clock.now();
        let taken = {
            let mut state = lock(&self.state);
            let expired = state.backlog.expired(self.rules.retention, now);
            state.record(expired)?;
            let taken = state
                .backlog
                .take(want, self.rules, now, || mint_uuid(&*self.entropy).simple().to_string());
            let deliveries = taken.received.iter();
            let deliveries =
                deliveries.map(|received| Record::Received(received.message.id.clone(), now));
            state.record(deliveries.collect())?;
            taken
        };
        // Without the lock: the dead-letter queue may be redriven back to this one.
        let target = self.dead_letters.get().and_then(Weak::upgrade);
        if let (Some(target), false) = (target, taken.exhausted.is_empty()) {
            let gone = taken.exhausted.iter().map(|message| Record::Deleted(message.id.clone()));
            let gone = gone.collect();
            let moved = taken.exhausted.into_iter().map(|message| Message {
                source_arn: Some(self.settings.arn.clone()),
                visible_at: now,
                ..message
            });
            target.accept(moved.collect())?;
            lock(&self.state).record(gone)?;
        }
        Ok(taken.received)
    }

    fn until_next_visible(&self) -> Duration {
        let now = self.clock.now();
        let next = lock(&self.state).backlog.next_visible(now);
        // A day stands for ever; a millisecond more, because timers round down.
        next.map_or(Duration::from_secs(86_400), |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default()
                + Duration::from_millis(1)
        })
    }

    /// Deletes messages by the receipts of their latest delivery; other receipts change nothing.
    pub(super) fn delete(&self, receipts: &[Receipt]) -> Result<(), DiskError> {
        let mut state = lock(&self.state);
        let latest = receipts.iter().filter(|receipt| state.backlog.is_latest(receipt));
        let records = latest.map(|receipt| Record::Deleted(receipt.message.clone())).collect();
        state.record(records)
    }

    /// Hides a held message for `visibility` from now; `None` when it is not held any more.
    pub(super) fn hold(&self, receipt: &Receipt, visibility: Duration) -> Option<()> {
        let now = self.clock.now();
        let held = lock(&self.state).backlog.hold_until(receipt, now + visibility, now);
        self.changed.notify_waiters();
        held
    }

    /// Deletes everything.
    pub(super) fn purge(&self) -> Result<(), DiskError> {
        lock(&self.state).record(vec![Record::Purged])
    }
}

impl State {
    /// Writes records and then carries them out.
    fn record(&mut self, records: Vec<Record>) -> Result<(), DiskError> {
        self.journal.append(&records)?;
        records.into_iter().for_each(|record| self.backlog.apply(record));
        if self.journal.lines() > 2 * self.backlog.len() + GARBAGE_LIMIT {
            self.journal.rewrite(&self.backlog.snapshot())?;
        }
        Ok(())
    }
}

/// Records are applied whole, so a poisoned lock still guards good state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
