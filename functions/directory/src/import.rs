//! Reads an Entra directory, page by page: the first round tells of everybody, each later one of what
//! changed. Every user is a write of their own that can be done again; where it goes on is stored
//! after each page, and within one where time is over. So it may die anywhere, and whoever comes next
//! goes on.
//!
//! Nobody is ever removed. Who is told to be gone loses access, and gets it back when they come back;
//! who is merely not told of keeps everything here. After a round that told of everybody `missing` asks
//! for each of them by themselves.

mod carrying;
mod decision;
mod left_out;
mod member;

use graph::{DirectoryUser, GraphError, Link, Next, Origin, Page, Tenant, USER_SELECTION};
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Import, LeftOutReason, Refusals, Refused, Stored, TableError, Tally};
use uuid::Uuid;
use web::failure::RequestId;

use self::left_out::LeftOutOf;
use crate::app::App;

/// With less time left than this no page is begun: about as long as one of 999 new users takes.
pub(crate) const PAGE: SignedDuration = SignedDuration::from_secs(20);
/// With less time left than this nobody of a page is begun with: what is left of it is kept.
const MEMBER: SignedDuration = SignedDuration::from_secs(5);
/// How often one invocation begins anew because Graph lost its place; whoever comes next is put off.
const RESTARTS: u32 = 2;

/// What one invocation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The round is over.
    Ended(Import),
    /// There is more, and no time: the next invocation goes on.
    Unfinished {
        /// How far it is.
        import: Import,
        /// Whether this invocation came any further.
        came_further: bool,
    },
    /// Somebody else reads the same directory.
    Elsewhere,
}

/// Why reading stopped; what was read stays.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// Graph did not answer as it should.
    #[error("the directory could not be read")]
    Graph(#[from] GraphError),
    /// Graph forbids us one account, of which it told: believed once it did so often enough in a row.
    #[error("the tenant forbids an account, {} times in a row by now", .refusals.times)]
    Forbidden {
        /// How often in a row, with this time.
        refusals: Refusals,
        /// What it said.
        #[source]
        source: Box<GraphError>,
    },
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// Graph's link is not a link.
    #[error("the stored link does not lead to the configured Graph")]
    Link(#[from] graph::ForeignLink),
}

/// Whose directory is read, and by when.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    /// Whose users they become.
    pub organization: OrganizationId,
    /// The tenant that is read.
    pub tenant: Uuid,
    /// How it is asked.
    pub graph: Tenant<'a>,
    /// Where Graph is.
    pub origin: &'a Origin,
    /// When it was begun with: whatever it says is said since.
    pub since: Timestamp,
    /// When the invocation has to be over.
    pub until: Timestamp,
    /// What the tenant refused until now.
    pub refusals: Refusals,
}

/// Why nothing is known of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// There is none.
    Gone,
    /// What is said of it makes no sense, or is not for us to see.
    Unsaid,
}

impl Directory<'_> {
    /// One account as the tenant shows it now. That it forbids us one account says nothing of its consent:
    /// it is believed once fresh tokens agree.
    pub(crate) async fn account(
        &self,
        object: Uuid,
    ) -> Result<Result<DirectoryUser, Unknown>, ReadingError> {
        match self.graph.user(object).await {
            Ok(account) => Ok(Ok(account)),
            Err(GraphError::NotFound(_)) => Ok(Err(Unknown::Gone)),
            Err(GraphError::Unread(_)) => Ok(Err(Unknown::Unsaid)),
            Err(GraphError::ConsentLost(trace)) if trace.status == Some(403) => {
                let refusals = self.refusals.another(Refused::Account);
                let source = Box::new(GraphError::ConsentLost(trace));
                match refusals.is_agreed() {
                    true => Ok(Err(Unknown::Unsaid)),
                    false => Err(ReadingError::Forbidden { refusals, source }),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is time to begin with something that may take so long.
    fn has_time_for(&self, what: SignedDuration, now: Timestamp) -> bool {
        self.until.duration_since(now) >= what
    }
}

/// A first page that was asked for already.
pub(crate) struct FirstPage {
    /// Where it was asked for, begun.
    pub(crate) import: Stored<Import>,
    /// When it was asked for.
    pub(crate) since: Timestamp,
    /// What came of it.
    pub(crate) page: Result<Page<DirectoryUser>, ReadingError>,
}

/// What became of a page.
enum Turned {
    /// More of the round is behind it.
    Over,
    /// It was the last one of the round.
    Last,
    /// It is carried out in part: time is over, or something failed.
    InPart(Option<ReadingError>),
    /// Somebody else reads the same directory.
    Elsewhere,
}

impl App {
    /// Reads pages until the round is over or time is short.
    ///
    /// # Errors
    ///
    /// [`ReadingError`]; what was read before is kept, and the next invocation goes on behind it.
    pub async fn read_directory(
        &self,
        directory: &Directory<'_>,
        request_id: &RequestId,
    ) -> Result<Reading, ReadingError> {
        self.read_from(directory, None, request_id).await
    }

    /// The same, where the first page was asked for already.
    pub(crate) async fn read_from(
        &self,
        directory: &Directory<'_>,
        first: Option<FirstPage>,
        request_id: &RequestId,
    ) -> Result<Reading, ReadingError> {
        let organization = directory.organization;
        let since = first.as_ref().map_or(directory.since, |first| first.since);
        let directory = &Directory { since, ..*directory };
        let (mut stored, mut first) = match first {
            Some(FirstPage { import, page, .. }) => (import, Some(page)),
            None => (self.begin_reading(directory, request_id).await?, None),
        };
        let (mut restarts, mut is_answered, mut came_further) = (0, false, false);
        // What was asked for already is carried out as far as there is time, or told of where it failed.
        while first.is_some() || directory.has_time_for(PAGE, self.clock.now()) {
            let mut import = stored.value.clone();
            let asked = match first.take() {
                Some(asked) => asked,
                None => page(directory, &import).await,
            };
            let turned = match asked {
                Ok(page) => {
                    self.turn(directory, (&mut stored, &mut import), page, request_id).await?
                }
                Err(ReadingError::Graph(GraphError::Gone { .. })) if restarts < RESTARTS => {
                    // From our own beginning: the one that Graph names may select less, and what is
                    // selected is fixed for every round behind it.
                    restarts += 1;
                    import.restart();
                    import.begin(USER_SELECTION, self.clock.now());
                    Turned::Over
                }
                // By this token some of it was read: another one says more.
                Err(ReadingError::Graph(GraphError::ConsentLost(_))) if is_answered => {
                    self.reader.forget(directory.tenant);
                    return Ok(Reading::Unfinished { import: stored.value, came_further });
                }
                Err(error) => return Err(error),
            };
            if matches!(turned, Turned::Elsewhere) {
                return Ok(Reading::Elsewhere);
            }
            came_further |= import != stored.value;
            import.kept_at = Some(self.clock.now());
            import.anchored_until = None;
            let ends_whole = stored.value.whole && !import.whole;
            let (before, kept) = (stored.version, &import);
            let kept = match ends_whole {
                true => self.end_whole_round(directory, (before, kept), request_id).await,
                false => self.store.keep_import(organization, before, kept).await,
            };
            stored = match kept {
                Ok(stored) => stored,
                Err(TableError::Conflict { .. }) => return Ok(Reading::Elsewhere),
                Err(error) => return Err(error.into()),
            };
            match turned {
                Turned::Over | Turned::InPart(None) => is_answered = true,
                Turned::Last => return Ok(Reading::Ended(stored.value)),
                Turned::InPart(Some(error)) => return Err(error),
                Turned::Elsewhere => return Ok(Reading::Elsewhere),
            }
        }
        Ok(Reading::Unfinished { import: stored.value, came_further })
    }

    /// The round that is under way, or a new one.
    async fn begin_reading(
        &self,
        directory: &Directory<'_>,
        request_id: &RequestId,
    ) -> Result<Stored<Import>, ReadingError> {
        let kept = self.store.import(directory.organization, self.clock.now()).await?;
        let version = kept.as_ref().map_or(0, |kept| kept.version);
        let mut import = match kept {
            Some(kept) if kept.value.tenant == directory.tenant => kept.value,
            // Another tenant's position means nothing here. Whoever was left out there is asked for.
            other => {
                let left_out_at = other.and_then(|kept| kept.value.left_out_at);
                Import { left_out_at, ..Import::new(directory.tenant) }
            }
        };
        import.begin(USER_SELECTION, self.clock.now());
        if import.next.is_none() && import.expected.is_none() {
            import.expected = expected(directory, request_id).await;
        }
        Ok(Stored { value: import, version })
    }

    /// Carries a page out, as far as there is time.
    async fn turn(
        &self,
        directory: &Directory<'_>,
        (stored, import): (&mut Stored<Import>, &mut Import),
        page: Page<DirectoryUser>,
        request_id: &RequestId,
    ) -> Result<Turned, ReadingError> {
        let unread = page.unread.len();
        let ids = page.unread.iter().filter_map(|unread| unread.id);
        let mut left_out: LeftOutOf = ids.map(|id| (id, LeftOutReason::Unread)).collect();
        if unread > 0 {
            let number = import.pages + 1;
            tracing::warn!(
                request_id = %request_id.as_str(), page = number, unread,
                "a page tells of users in a shape that is not Graph's: they are left out"
            );
        }
        let carried =
            self.carry_page_out(directory, page.value, &import.carried_out, request_id).await?;
        left_out.extend(carried.left_out);
        if !self.leave_out(directory, (stored, &mut *import), &left_out).await? {
            return Ok(Turned::Elsewhere);
        }
        if !carried.whole {
            import.pause(carried.fingerprints, carried.tally);
            return Ok(Turned::InPart(carried.failed));
        }
        let unread = u64::try_from(unread).unwrap_or(u64::MAX);
        let tally = carried.tally.plus(Tally { unread, ..Tally::default() });
        match page.next {
            Next::More(link) => {
                import.turn(link.as_str().to_owned(), tally);
                Ok(Turned::Over)
            }
            Next::Round(link) => {
                // In a place of its own: a page within a round is deep enough.
                let taken = Box::pin(self.take_left_out_in(directory, import, tally, request_id));
                let tally = taken.await;
                let whole_since = import.whole_since.filter(|_| import.whole);
                import.end(link.as_str().to_owned(), tally, self.clock.now());
                // Behind that link less would be told for ever. What changed by it is carried out, who is
                // gone for good above all: nobody is told of them once everybody is read anew.
                if import.selection != USER_SELECTION {
                    import.restart();
                    // Whoever came with a reading of everybody came with it still.
                    import.whole_since = whole_since;
                }
                Ok(Turned::Last)
            }
            Next::End => Ok(Turned::Last),
        }
    }

    /// Does what is said of these users by themselves, apart from any round, and says whether there was
    /// time for all of them. Whoever is left out is told of by the round, too, which puts them down.
    pub(crate) async fn carry_users_out(
        &self,
        directory: &Directory<'_>,
        told: Vec<DirectoryUser>,
        request_id: &RequestId,
    ) -> Result<bool, ReadingError> {
        let carried = self.carry_page_out(directory, told, &[], request_id).await?;
        carried.failed.map_or(Ok(carried.whole), Err)
    }
}

/// How many users there are, to tell when the round will be over. Nothing depends on it.
async fn expected(directory: &Directory<'_>, request_id: &RequestId) -> Option<u64> {
    match directory.graph.count_users().await {
        Ok(count) => count,
        Err(error) => {
            web::failure::log(&error, request_id);
            None
        }
    }
}

/// Asks for the next page.
pub(crate) async fn page(
    directory: &Directory<'_>,
    import: &Import,
) -> Result<Page<DirectoryUser>, ReadingError> {
    match &import.next {
        None => Ok(directory.graph.changes().await?),
        Some(text) => {
            let link: Link = directory.origin.link(text)?;
            Ok(directory.graph.more_changes(&link).await?)
        }
    }
}
