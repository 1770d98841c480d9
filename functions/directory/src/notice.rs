//! Notices that a tenant changed. Whom they name is read at once, since the directory's own list of changes
//! may lag behind them; then a round tells what else changed, and again a minute and ten minutes later.
//!
//! A notice is a hint: without any, the next round tells the same.

use graph::{Batch, DirectoryUser, GraphError};
use jiff::{SignedDuration, Timestamp};
use store::{OutboxItem, Stage, Task};

use crate::app::App;
use crate::failure::Failure;
use crate::import::{Directory, Reading, ReadingError};
use crate::outbox::{Outcome, Turn};

/// When it is read again what changed: the list of changes may not show it at first.
const AGAIN: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(10)];
/// How many users are read by themselves; more than these are told of by the round.
const AT_ONCE: i32 = 100;
/// How many calls go together: Graph's own limit.
const TOGETHER: usize = 20;

impl App {
    /// Reads whom notices named, and what changed since `at`.
    pub(crate) async fn read_noticed(
        &self,
        item: &OutboxItem,
        (at, again): (Timestamp, bool),
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let organization = item.organization;
        let stored = self.store.connection(organization, self.clock.now()).await?;
        let Some(stored) = stored.filter(|stored| stored.value.stage == Stage::Connected) else {
            return Ok(Outcome::default());
        };
        let directory = self.directory(organization, &stored.value, turn);
        if again {
            // Those of the same moment come as one.
            tokio::time::sleep(OutboxItem::GATHERED.unsigned_abs()).await;
        }
        // What cannot be read of some keeps nobody from being read.
        let at_once = self.read_at_once(&directory, turn).await;
        let since = self.read_since(&directory, at, turn).await;
        if again {
            self.keep_subscribed(&directory, turn.request_id).await;
        }
        match at_once.and(since) {
            // The round that comes next finds out whether a consent is gone for good.
            Ok(()) | Err(Failure::Reading(ReadingError::Graph(GraphError::ConsentLost(_)))) => {
                Ok(if again { self.look_again(item, at) } else { Outcome::default() })
            }
            Err(failure) => Err(failure),
        }
    }

    /// The users whom notices named, each as they are now. Whoever is not found, or makes no sense, is told
    /// of by a round: that they are gone is nothing to guess. Fails where some are to be asked for again.
    async fn read_at_once(
        &self,
        directory: &Directory<'_>,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let organization = directory.organization;
        let noticed = self.store.noticed(organization, AT_ONCE, self.clock.now()).await?;
        let mut failed = None;
        for some in noticed.chunks(TOGETHER) {
            let mut batch = Batch::default();
            for noticed in some {
                // As many as a batch holds.
                let _full = batch.user(noticed.object);
            }
            let fates = directory.graph.batch(&batch).await.map_err(ReadingError::from)?;
            let mut told: Vec<DirectoryUser> = Vec::with_capacity(some.len());
            let mut seen = Vec::with_capacity(some.len());
            for (noticed, fate) in some.iter().zip(fates) {
                match fate {
                    Ok(user) => told.extend(user),
                    Err(GraphError::NotFound(_) | GraphError::Unread(_)) => {}
                    Err(error) => {
                        failed = Some(error);
                        continue;
                    }
                }
                seen.push(*noticed);
            }
            if !self.carry_users_out(directory, told, turn.request_id).await? {
                return Err(Failure::Unfinished);
            }
            self.store.forget_noticed(organization, &seen).await?;
        }
        failed.map_or(Ok(()), |error| Err(ReadingError::from(error).into()))
    }

    /// What changed, unless a round was begun since that tells the same, or one is under way: that one is
    /// somebody else's, and whatever it does not tell yet is looked for again.
    async fn read_since(
        &self,
        directory: &Directory<'_>,
        at: Timestamp,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let import = self.store.import(directory.organization, self.clock.now()).await?;
        let Some(import) = import.map(|stored| stored.value) else { return Ok(()) };
        if import.ended_at.is_none()
            || import.began_at.is_some()
            || import.asked_at.is_some_and(|asked| asked > at)
        {
            return Ok(());
        }
        match self.read_directory(directory, turn.request_id).await? {
            Reading::Ended(_) | Reading::Elsewhere => Ok(()),
            Reading::Unfinished(_) => Err(Failure::Unfinished),
        }
    }

    fn look_again(&self, item: &OutboxItem, at: Timestamp) -> Outcome {
        let next = AGAIN.map(|pause| {
            let at = at.checked_add(pause).unwrap_or(at);
            let task = Task::ReadNoticed { at, again: false };
            OutboxItem::new(&*self.entropy, item.organization, task, self.clock.now())
                .not_before(at)
        });
        Outcome { audit: None, next: next.into() }
    }
}
