//! Reads an Entra directory, page by page: the first round tells of everybody, each later one of what
//! changed. Every user is a write of their own that can be done again; where it goes on is stored
//! after each page. So it may die anywhere, and whoever comes next goes on.
//!
//! Nobody is ever removed. Who is told to be gone loses access, and gets it back when they come back;
//! who is merely not told of keeps everything.

mod decision;
mod member;

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use graph::{DirectoryUser, GraphError, Link, Next, Origin, Page, Tenant};
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Import, Known, Stored, TableError, Tally};
use uuid::Uuid;
use web::failure::RequestId;

use crate::app::App;
use member::Member;

/// How many users are written at once.
const AT_ONCE: usize = 8;
/// With less time left than this no page is begun: as long as one of 999 new users may take.
pub(crate) const PAGE: SignedDuration = SignedDuration::from_secs(20);

/// What one invocation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The round is over.
    Ended(Import),
    /// There is more, and no time: the next invocation goes on.
    Unfinished(Import),
    /// Somebody else reads the same directory.
    Elsewhere,
}

/// Why reading stopped; what was read stays.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// Graph did not answer as it should.
    #[error("the directory could not be read")]
    Graph(#[from] GraphError),
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
    /// When the invocation has to be over.
    pub until: Timestamp,
}

impl App {
    /// Reads pages until the round is over or time is short.
    ///
    /// # Errors
    ///
    /// [`ReadingError`]; pages that were read before are kept, and the next invocation goes on
    /// behind them.
    pub async fn read_directory(
        &self,
        directory: &Directory<'_>,
        request_id: &RequestId,
    ) -> Result<Reading, ReadingError> {
        let organization = directory.organization;
        let kept = self.store.import(organization, self.clock.now()).await?;
        // Another tenant's position means nothing here.
        let version = kept.as_ref().map_or(0, |kept| kept.version);
        let same = kept.filter(|kept| kept.value.tenant == directory.tenant);
        let mut import = same.map_or_else(|| Import::new(directory.tenant), |kept| kept.value);
        import.begin(self.clock.now());
        if import.next.is_none() && import.expected.is_none() {
            import.expected = expected(directory, request_id).await;
        }
        let mut stored = Stored { value: import, version };
        while directory.until.duration_since(self.clock.now()) >= PAGE {
            let mut import = stored.value.clone();
            let ended = match page(directory, &import).await {
                Ok(page) => self.turn(directory, &mut import, page, request_id).await?,
                Err(ReadingError::Graph(GraphError::Gone { .. })) => {
                    // From our own beginning: the one that Graph names may select less, and what is
                    // selected is fixed for every round behind it.
                    import.restart();
                    import.begin(self.clock.now());
                    false
                }
                Err(error) => return Err(error),
            };
            stored = match self.store.keep_import(organization, stored.version, &import).await {
                Ok(stored) => stored,
                Err(TableError::Conflict { .. }) => return Ok(Reading::Elsewhere),
                Err(error) => return Err(error.into()),
            };
            if ended {
                return Ok(Reading::Ended(stored.value));
            }
        }
        Ok(Reading::Unfinished(stored.value))
    }

    /// Carries a page out, and says whether it was the last one of the round.
    async fn turn(
        &self,
        directory: &Directory<'_>,
        import: &mut Import,
        page: Page<DirectoryUser>,
        request_id: &RequestId,
    ) -> Result<bool, ReadingError> {
        let tally = self.carry_page_out(directory, page.value, request_id).await?;
        match page.next {
            Next::More(link) => {
                import.turn(link.as_str().to_owned(), tally);
                Ok(false)
            }
            Next::Round(link) => {
                import.end(link.as_str().to_owned(), tally, self.clock.now());
                Ok(true)
            }
            Next::End => Ok(true),
        }
    }

    /// Writes what a page says: several users at once, what is said of one in its order.
    async fn carry_page_out(
        &self,
        directory: &Directory<'_>,
        told: Vec<DirectoryUser>,
        request_id: &RequestId,
    ) -> Result<Tally, ReadingError> {
        let members = Member::each(told);
        let objects: Vec<Uuid> = members.iter().map(|member| member.object).collect();
        let now = self.clock.now();
        let mut known: HashMap<Uuid, Known> =
            self.store.users_of_objects(directory.organization, &objects, now).await?;
        let mut work = Vec::with_capacity(members.len());
        for member in members {
            let known = known.remove(&member.object);
            work.push((member, known));
        }
        let (tally, clashed) = stream::iter(work)
            .map(|(member, known)| self.carry_member_out(directory, member, known, request_id))
            .buffer_unordered(AT_ONCE)
            .try_fold((Tally::default(), Vec::new()), async |(tally, mut clashed), done| {
                clashed.extend(done.clashed);
                Ok((tally.plus(done.tally), clashed))
            })
            .await?;
        let mut tally = tally;
        for member in clashed {
            tally = tally.plus(self.try_again(directory, member, request_id).await?);
        }
        Ok(tally)
    }

    /// Does what is said of somebody whose name was not free: by now it may be, and else whoever has
    /// it lets go of it, if it is not theirs any more, and becomes what the directory says of them
    /// next. However many pass their names on in turn, each one is carried out once.
    async fn try_again(
        &self,
        directory: &Directory<'_>,
        member: Member,
        request_id: &RequestId,
    ) -> Result<Tally, ReadingError> {
        let mut tally = Tally::default();
        let mut next = Some((member, true));
        while let Some((member, told_of)) = next {
            let other = self.make_way(directory, &member, request_id).await?;
            let known = self.known(directory, member.object).await?;
            let done = self.carry_member_out(directory, member, known, request_id).await?;
            tally = tally.plus(Tally { told: 0, ..done.tally });
            // Whoever made way counts where the directory tells of them.
            tally.clashes += u64::from(told_of && done.clashed.is_some());
            next = other.map(|other| (other, false));
        }
        Ok(tally)
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

async fn page(
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
