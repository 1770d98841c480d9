//! Looks for whoever is missing in the tenant. A round that tells of everybody says who is there, and not
//! who is gone for good since the last one was read. So after it each of our own users is asked for by
//! their object id; and so they are where the tenant does not know one of them whom a round left out.
//!
//! Few who are missing lose access, once they were asked for twice. Many, or all, are held: nobody loses
//! anything until somebody decides about exactly that list. Where it goes on is stored with each step.

mod asking;

use bus::MissingHeld;
use graph::GraphError;
use identity::{Block, Missed, OrganizationId, SearchId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, Feature, Import, ImportError, MissingEnd, MissingSearch, MissingStep, Order,
    OutboxItem, Position, Stage, Stored, TableError, Task, Version,
};
use uuid::Uuid;
use web::failure::RequestId;

use self::asking::Told;
use crate::app::App;
use crate::failure::Failure;
use crate::import::{Directory, ReadingError};
use crate::outbox::{Outcome, Turn};

/// How many users are looked at in one step: five batches of Graph's.
const LOOKED_AT: usize = 100;
/// How long after they were missed somebody is asked for again: whoever was just made is not seen
/// everywhere at first.
const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// How long after it was said that somebody has to decide it is said again.
const REMINDED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How often a search is begun anew because the one before it goes on meanwhile.
const RACES: u32 = 5;

impl App {
    /// Keeps that a round which told of everybody is over, and begins a search with it: it replaces any
    /// other.
    pub(crate) async fn end_whole_round(
        &self,
        directory: &Directory<'_>,
        (before, import): (Version, &Import),
        request_id: &RequestId,
    ) -> Result<Stored<Import>, TableError> {
        let org = directory.organization;
        let mut race = 0;
        loop {
            let now = self.clock.now();
            let replaced = self.store.missing_search(org, now).await?;
            let read_since = read_since(import, now);
            let (search, item) = self.another_search(directory, read_since, replaced.as_ref());
            let searches = (replaced.map_or(0, |stored| stored.version), &search);
            match self.store.end_whole_round(org, (before, import), searches, &item).await {
                Err(TableError::Conflict { position: 1 }) if race + 1 < RACES => race += 1,
                Ok(stored) => {
                    self.announce(&[item], request_id).await;
                    return Ok(stored);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// After any round: begins a search where one is due. The round is over all the same: if it cannot
    /// begin now, it does so after the next one.
    pub(crate) async fn search_again(
        &self,
        directory: &Directory<'_>,
        import: &Import,
        request_id: &RequestId,
    ) {
        let is_due = |before: &MissingSearch| before.is_due_again(self.clock.now());
        if let Err(error) = self.begin_search(directory, import, is_due, request_id).await {
            web::failure::log(&error, request_id);
        }
    }

    /// For a user of ours whom the tenant does not know since then: begins a search, unless one began
    /// since. It asks for everybody, and decides.
    pub(crate) async fn search_since(
        &self,
        directory: &Directory<'_>,
        import: &Import,
        missing_since: Timestamp,
        request_id: &RequestId,
    ) -> Result<(), TableError> {
        let is_due = |before: &MissingSearch| before.is_before(missing_since);
        self.begin_search(directory, import, is_due, request_id).await
    }

    /// Begins a search where the one before it lets it, or there was none, unless somebody else begins one
    /// meanwhile.
    async fn begin_search(
        &self,
        directory: &Directory<'_>,
        import: &Import,
        is_due: impl Fn(&MissingSearch) -> bool,
        request_id: &RequestId,
    ) -> Result<(), TableError> {
        let (org, now) = (directory.organization, self.clock.now());
        let before = self.store.missing_search(org, now).await?;
        if before.as_ref().is_some_and(|before| !is_due(&before.value)) {
            return Ok(());
        }
        // Whoever came with a reading that was judged is a sign, too, that the tenant is ours.
        let is_judged = before.as_ref().is_some_and(|it| it.value.vouches_for(directory.tenant));
        let read_since = if is_judged { now } else { read_since(import, now) };
        let (search, item) = self.another_search(directory, read_since, before.as_ref());
        let searches = (before.map_or(0, |stored| stored.version), &search);
        match self.store.begin_missing_search(org, searches, &item).await {
            Ok(()) => self.announce(&[item], request_id).await,
            Err(TableError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A search in the place of another one, and what carries it out.
    fn another_search(
        &self,
        directory: &Directory<'_>,
        read_since: Timestamp,
        before: Option<&Stored<MissingSearch>>,
    ) -> (MissingSearch, OutboxItem) {
        let now = self.clock.now();
        let id = SearchId::mint(&*self.entropy);
        let search = MissingSearch::begin(id, directory.tenant, read_since, now);
        let task = Task::LookForMissing { search: id };
        let item = OutboxItem::new(&*self.entropy, directory.organization, task, now);
        (search.after(before.map(|before| &before.value)), item)
    }

    /// Goes on with a search, as long as there is time. One that is held, over or replaced is done.
    pub(crate) async fn look_for_missing(
        &self,
        item: &OutboxItem,
        search: SearchId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let org = item.organization;
        let mut came_further = false;
        let mut stored = self.store.missing_search(org, self.clock.now()).await?;
        while let Some(before) = stored {
            if before.value.id != search || !before.value.is_under_way() {
                break;
            }
            let now = self.clock.now();
            if now >= turn.long_ends {
                return Err(Failure::out_of_time(came_further));
            }
            let connection = self.store.connection(org, now).await?.filter(|connection| {
                let Stored { value, .. } = connection;
                value.stage == Stage::Connected && value.tenant == before.value.tenant
            });
            let Some(connection) = connection else {
                stored = Some(self.stop_search(org, &before, turn.request_id).await?);
                continue;
            };
            let directory = self.directory(org, &connection.value, turn);
            let kept = match before.value.step.clone() {
                MissingStep::Asking { behind, tries } => {
                    self.search_some(&directory, &before, (behind, tries), turn.request_id).await
                }
                MissingStep::Taking { not_before, .. } if now < not_before => {
                    return Err(Failure::Resting);
                }
                MissingStep::Taking { page, tries, approved, .. } => {
                    let step = (page, tries, approved);
                    self.take_missing(&directory, &before, step, turn.request_id).await
                }
                MissingStep::Held { .. } | MissingStep::Over { .. } => break,
            };
            stored = match kept {
                Ok(kept) => {
                    turn.answered();
                    came_further = true;
                    Some(kept)
                }
                Err(Failure::Reading(ReadingError::Graph(lost @ GraphError::ConsentLost(_)))) => {
                    self.refused(org, &connection, (Feature::ReadUsers, lost), turn).await?;
                    Some(before)
                }
                Err(failure) => return Err(failure),
            };
        }
        Ok(Outcome::default())
    }

    /// Asks for the next users of our own list, and decides behind the last one what follows.
    async fn search_some(
        &self,
        directory: &Directory<'_>,
        before: &Stored<MissingSearch>,
        (behind, tries): (Option<Position>, u32),
        request_id: &RequestId,
    ) -> Result<Stored<MissingSearch>, Failure> {
        let (org, now) = (directory.organization, self.clock.now());
        let page =
            self.store.list_users(org, Order::Stored, behind.as_ref(), LOOKED_AT, now).await?;
        let users = page.items.into_iter().map(|user| user.user).filter(is_asked_for).collect();
        let told = asking::ask(directory, users, before.value.read_since).await?;
        if told.asks_again(tries) {
            let step = MissingStep::Asking { behind, tries: tries + 1 };
            self.keep_search(org, before, before.value.at(step), &[]).await?;
            return Err(Failure::Resting);
        }
        let Told { found, new, missing, unknown, .. } = told;
        let missed: Vec<UserId> = missing.iter().map(|user| user.value.id).collect();
        let mut search = before.value.clone();
        search.found += found;
        search.new += new;
        search.missing += many(missed.len());
        search.unknown += unknown;
        if let Some(next) = page.next {
            search.step = MissingStep::Asking { behind: Some(next), tries: 0 };
            return self.keep_search(org, before, search, &missed).await;
        }
        let now = self.clock.now();
        let limit = self.store.reading_rules(org, now).await?.value.missing;
        match limit.judge(search.found, search.missing) {
            Missed::Nobody => {
                let is_known = search.unknown == 0;
                let end = if is_known { MissingEnd::Nobody } else { MissingEnd::Unknown };
                search.step = MissingStep::Over { at: now, end };
                self.keep_search(org, before, search, &missed).await
            }
            Missed::Few if !search.wary => {
                let not_before = now.checked_add(ASKED_AGAIN_AFTER).unwrap_or(now);
                let (page, tries, approved) = (0, 0, false);
                search.step = MissingStep::Taking { page, tries, not_before, approved };
                self.keep_search(org, before, search, &missed).await
            }
            Missed::Few | Missed::Many => {
                self.hold_search(org, before, search, &missed, request_id).await
            }
        }
    }

    /// Takes the access of those on the next page of the list whom the tenant does not have, now that it
    /// is asked for them once more.
    async fn take_missing(
        &self,
        directory: &Directory<'_>,
        before: &Stored<MissingSearch>,
        (page, tries, approved): (u64, u32, bool),
        request_id: &RequestId,
    ) -> Result<Stored<MissingSearch>, Failure> {
        let (org, now) = (directory.organization, self.clock.now());
        let mut search = before.value.clone();
        let missed = self.store.missed(org, search.id, page..page + 1, now).await?.concat();
        let users = self.store.all_provisioned(org, &missed, now).await?.into_iter();
        let users = users.map(|user| user.user).filter(is_asked_for).collect();
        let told = asking::ask(directory, users, search.read_since).await?;
        let (again, unknown) = (told.asks_again(tries), told.unknown);
        // One after the other: each expects the search as it was read.
        for user in told.missing {
            if !self.take_one(org, before, user, request_id).await? {
                return Err(Failure::Unfinished);
            }
        }
        let taking = |page, tries| MissingStep::Taking { page, tries, not_before: now, approved };
        if again {
            search.step = taking(page, tries + 1);
            self.keep_search(org, before, search, &[]).await?;
            return Err(Failure::Resting);
        }
        search.left += unknown;
        if page + 1 < search.pages {
            search.step = taking(page + 1, 0);
        } else if approved && search.left > 0 {
            return self.hold_search(org, before, search, &[], request_id).await;
        } else {
            search.step = MissingStep::Over { at: now, end: MissingEnd::Taken };
        }
        self.keep_search(org, before, search, &[]).await
    }

    /// Ends a search whose tenant cannot be asked any more. Whoever was to lose access waits for somebody to
    /// decide.
    async fn stop_search(
        &self,
        org: OrganizationId,
        before: &Stored<MissingSearch>,
        request_id: &RequestId,
    ) -> Result<Stored<MissingSearch>, Failure> {
        let now = self.clock.now();
        if matches!(before.value.step, MissingStep::Taking { .. }) {
            let held = before.value.clone();
            return self.hold_search(org, before, held, &[], request_id).await;
        }
        let stopped = before.value.at(MissingStep::Over { at: now, end: MissingEnd::Stopped });
        self.keep_search(org, before, stopped, &[]).await
    }

    /// Takes a user's access, as if the tenant had said that they are gone. Whoever changed since they were
    /// read is asked for again, and so is everybody where search or connection did.
    async fn take_one(
        &self,
        org: OrganizationId,
        search: &Stored<MissingSearch>,
        before: Stored<User>,
        request_id: &RequestId,
    ) -> Result<bool, Failure> {
        let now = self.clock.now();
        let mut user = before.value.clone();
        user.block(Block::Entra, now);
        let mut audit = self.audit(Action::AccessTaken, request_id, now);
        audit.subject = Some(user.id);
        audit.reason = Some("missing".to_owned());
        match self.store.take_missing(org, search, (&before, &user), &audit).await {
            Ok(follows) => {
                self.announce(&follows, request_id).await;
                Ok(true)
            }
            Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => Ok(false),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
    }

    /// Keeps how far a search has come, with whom it misses since.
    async fn keep_search(
        &self,
        org: OrganizationId,
        before: &Stored<MissingSearch>,
        search: MissingSearch,
        missed: &[UserId],
    ) -> Result<Stored<MissingSearch>, Failure> {
        let kept = self.store.keep_missing_search(org, before, search, missed, None).await;
        kept.map_err(gone_on)
    }

    /// The same where somebody has to decide: it is in the audit, and is said on the bus.
    async fn hold_search(
        &self,
        org: OrganizationId,
        before: &Stored<MissingSearch>,
        mut search: MissingSearch,
        missed: &[UserId],
        request_id: &RequestId,
    ) -> Result<Stored<MissingSearch>, Failure> {
        let now = self.clock.now();
        let audit = self.audit(Action::MissingHeld, request_id, now);
        search.step = MissingStep::Held { since: now };
        let task = Task::ReportMissing {
            tenant: search.tenant,
            search: search.id,
            since: Some(now),
            missing: search.missing,
            asked: search.asked(),
        };
        let report = OutboxItem::new(&*self.entropy, org, task, now);
        let follows = Some((&audit, Some(&report)));
        let kept = self.store.keep_missing_search(org, before, search, missed, follows).await;
        let kept = kept.map_err(gone_on)?;
        self.announce(&[report], request_id).await;
        Ok(kept)
    }

    /// Says on the bus that somebody has to decide, as often as it takes, and once a day for as long as
    /// nobody does.
    pub(crate) async fn report_missing(
        &self,
        item: &OutboxItem,
        (tenant, search, since): (Uuid, SearchId, Option<Timestamp>),
        (missing, asked): (u64, u64),
    ) -> Result<Outcome, Failure> {
        let (organization, now) = (item.organization, self.clock.now());
        let stored = self.store.missing_search(organization, now).await?;
        let stored = stored.filter(|stored| stored.value.id == search);
        let held = stored.and_then(|stored| stored.value.held_since(now));
        // One that was held again since is another's to report.
        let Some(at) = held.filter(|at| since.is_none_or(|since| since == *at)) else {
            return Ok(Outcome::default());
        };
        web::metric::count("MissingHeld", "directory", now);
        // However often it is said.
        let id = OutboxItem::holding(search, at);
        let held = MissingHeld { version: 1, id, organization, tenant, search, missing, asked, at };
        self.bus.missing_held(&held).await?;
        let next = OutboxItem::new(&*self.entropy, organization, item.task.clone(), now);
        let tomorrow = now.checked_add(REMINDED_AFTER).unwrap_or(now);
        Ok(Outcome { audit: None, next: vec![next.not_before(tomorrow)] })
    }
}

/// When the latest reading of everybody began.
fn read_since(import: &Import, now: Timestamp) -> Timestamp {
    import.whole_since.or(import.asked_at).unwrap_or(now)
}

/// Somebody else goes on with it, or another search began.
fn gone_on(error: TableError) -> Failure {
    match error {
        TableError::Conflict { .. } => Failure::Unfinished,
        other @ (TableError::Shape(_) | TableError::Unavailable(_)) => other.into(),
    }
}

/// Whom the tenant is asked for: who is one of its accounts, and has not lost access by its word.
fn is_asked_for(user: &Stored<User>) -> bool {
    user.value.object_id.is_some() && !user.value.blocks.contains(&Block::Entra)
}

fn many(users: usize) -> u64 {
    u64::try_from(users).unwrap_or(u64::MAX)
}
