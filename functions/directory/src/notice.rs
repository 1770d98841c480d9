//! Notices that a tenant changed. Whom they name is read at once, since the directory's own list of changes
//! may lag behind them; then a round tells what else changed, and again a minute and ten minutes later.
//! One item does it for all of an organization's notices: what is noticed while it is at work it sees to
//! before it ends.
//!
//! A notice is a hint: without any, the next round tells the same.

use std::time::Duration;

use graph::{Batch, DirectoryUser, GraphError};
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Noticed, OutboxItem, Stage, Stored};

use crate::anchor::is_refusal;
use crate::app::App;
use crate::failure::Failure;
use crate::import::{Directory, Reading, ReadingError};
use crate::outbox::{AGREE, Outcome, Turn};
use crate::round;

/// When it is read again what changed: the list of changes may not show it at first.
const AGAIN: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(10)];
/// For how long notices are gathered that come while others are seen to.
const GATHERED_LATER: Duration = Duration::from_millis(1_500);
/// For how long a reading of everybody is somebody else's that came no further.
const ELSEWHERE: SignedDuration = SignedDuration::from_mins(2);
/// How many users are listed at a time who are to be read by themselves.
const AT_ONCE: i32 = 100;
/// How many calls go together: Graph's own limit.
const TOGETHER: usize = 20;

impl App {
    /// Reads whom notices named, and what changed since `at`: until nothing is noticed any more, where it is
    /// notices that it is about.
    pub(crate) async fn read_noticed(
        &self,
        item: &OutboxItem,
        (at, again): (Timestamp, bool),
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let organization = item.organization;
        if !again {
            self.read_told(item, (at, again), turn).await?;
            return Ok(Outcome::default());
        }
        let mut gathered = OutboxItem::GATHERED.unsigned_abs();
        loop {
            // Those of the same moment come as one.
            tokio::time::sleep(gathered).await;
            let latest = self.store.latest_notice(organization, self.clock.now()).await?;
            let at = latest.as_ref().map_or(at, |latest| latest.value.max(at));
            let is_there = self.read_told(item, (at, again), turn).await?;
            let is_all = match &latest {
                Some(latest) => self.store.see_to_notices(organization, latest).await?,
                None => true,
            };
            if is_all {
                return Ok(if is_there {
                    self.look_again(organization)
                } else {
                    Outcome::default()
                });
            }
            if self.clock.now() >= turn.long_ends {
                return Err(Failure::GoesOn);
            }
            gathered = GATHERED_LATER;
        }
    }

    /// Reads whoever is noticed, and what changed since `at`: says whether there is a tenant to read.
    async fn read_told(
        &self,
        item: &OutboxItem,
        (at, again): (Timestamp, bool),
        turn: &Turn<'_>,
    ) -> Result<bool, Failure> {
        let organization = item.organization;
        let stored = self.store.connection(organization, self.clock.now()).await?;
        let Some(stored) = stored.filter(|stored| stored.value.stage == Stage::Connected) else {
            return Ok(false);
        };
        let directory = self.directory(organization, &stored.value, turn);
        // What cannot be read of some keeps nobody from being read.
        let at_once = self.read_at_once(&directory, item.attempts, turn).await;
        let since = self.read_since(&directory, at, turn).await;
        if again {
            self.keep_subscribed(&directory, turn.request_id).await;
        }
        match at_once.and(since) {
            // The round that comes next finds out whether a consent is gone for good.
            Ok(()) | Err(Failure::Reading(ReadingError::Graph(GraphError::ConsentLost(_)))) => {
                Ok(true)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The users whom notices named, each as they are now. Whoever is not found, makes no sense, or is not for
    /// us to see, is told of by a round: that they are gone is nothing to guess. Fails where some are to be
    /// asked for again, which keeps nobody else from being read, and after a few attempts leaves those too
    /// to the round.
    async fn read_at_once(
        &self,
        directory: &Directory<'_>,
        attempts: u32,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let organization = directory.organization;
        loop {
            let now = self.clock.now();
            let noticed = self.store.noticed(organization, AT_ONCE, now).await?;
            let mut failed = Vec::new();
            for some in noticed.chunks(TOGETHER) {
                failed.extend(self.read_some(directory, some, attempts, turn).await?);
            }
            let is_all = noticed.len() < usize::try_from(AT_ONCE).unwrap_or_default();
            if is_all || failed.len() == noticed.len() {
                let first = failed.into_iter().next();
                return first.map_or(Ok(()), |error| Err(ReadingError::from(error).into()));
            }
            if self.clock.now() >= turn.long_ends {
                return Err(Failure::GoesOn);
            }
        }
    }

    /// Answers why some of them are to be asked for again.
    async fn read_some(
        &self,
        directory: &Directory<'_>,
        some: &[Stored<Noticed>],
        attempts: u32,
        turn: &Turn<'_>,
    ) -> Result<Vec<GraphError>, Failure> {
        let mut batch = Batch::default();
        for noticed in some {
            // As many as a batch holds.
            let _full = batch.user(noticed.value.object);
        }
        let fates = directory.graph.batch(&batch).await.map_err(ReadingError::from)?;
        let mut told: Vec<DirectoryUser> = Vec::with_capacity(some.len());
        let mut seen = Vec::with_capacity(some.len());
        let mut failed = Vec::new();
        for (noticed, fate) in some.iter().zip(fates) {
            match fate {
                Ok(user) => told.extend(user),
                Err(GraphError::NotFound(_) | GraphError::Unread(_)) => {}
                Err(refused) if is_refusal(&refused) => {}
                Err(error) if attempts >= AGREE => web::failure::log(&error, turn.request_id),
                Err(error) => {
                    failed.push(error);
                    continue;
                }
            }
            seen.push(noticed.clone());
        }
        if !self.carry_users_out(directory, told, turn.request_id).await? {
            return Err(Failure::GoesOn);
        }
        self.store.forget_noticed(directory.organization, &seen).await?;
        Ok(failed)
    }

    /// What changed, unless a round was begun since that tells the same. One that was cut off is gone on
    /// with; the first one of all, or one that tells of everybody and comes along, is somebody else's, and
    /// whatever it does not tell yet is looked for again.
    async fn read_since(
        &self,
        directory: &Directory<'_>,
        at: Timestamp,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let import = self.store.import(directory.organization, now).await?;
        let Some(import) = import.map(|stored| stored.value) else { return Ok(()) };
        let comes_along = |kept_at| now.duration_since(kept_at) < ELSEWHERE;
        let is_elsewhere = match (import.ended_at, import.began_at) {
            (None, _) => true,
            (Some(_), Some(_)) => import.whole && import.kept_at.is_some_and(comes_along),
            (Some(_), None) => import.asked_at.is_some_and(|asked| asked > at),
        };
        if is_elsewhere {
            return Ok(());
        }
        match self.read_directory(directory, turn.request_id).await? {
            Reading::Ended(import) => {
                round::log(directory.organization, &import, None, turn.request_id);
                Ok(())
            }
            Reading::Elsewhere => Ok(()),
            Reading::Unfinished { came_further, .. } => Err(Failure::out_of_time(came_further)),
        }
    }

    fn look_again(&self, organization: OrganizationId) -> Outcome {
        let now = self.clock.now();
        let next = AGAIN.map(|after| OutboxItem::looking_again(organization, after, now));
        Outcome { audit: None, next: next.into() }
    }
}
