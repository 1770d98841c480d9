//! Whom rounds left out: put down with the page that tells of them, and asked for by themselves at the end
//! of a round, until they are carried out. What made it impossible may be over by then, and nothing else
//! would ask for them again.
//!
//! Nobody loses access since the tenant does not know them: of a user of ours a search says so, which asks
//! for everybody and holds what are many.

use std::collections::BTreeMap;

use graph::{Batch, DirectoryUser, GraphError};
use identity::Block;
use jiff::Timestamp;
use store::{Import, Known, LeftOut, LeftOutReason, Stored, TableError, Tally};
use uuid::Uuid;
use web::failure::RequestId;

use super::{Directory, PAGE, ReadingError};
use crate::app::App;

/// How many are asked for at the end of one round; the next one goes on.
const MOST: usize = 400;
/// How many calls go together: Graph's own limit.
const TOGETHER: usize = 20;

/// Why each of some objects is left out.
pub(super) type LeftOutOf = BTreeMap<Uuid, LeftOutReason>;

/// What asking for them came to.
#[derive(Default)]
struct Asked {
    tally: Tally,
    /// From when on somebody is asked for whom this left out.
    others: Option<Timestamp>,
}

/// What became of somebody who was asked for.
enum Fate {
    /// They are left out no more.
    In,
    /// They are still.
    Out(LeftOut),
    /// Nothing was said of them, or what was could not be done yet: they are asked for by the next round.
    Unasked,
}

impl App {
    /// Puts down whom a page leaves out, before the page is over, and before that from when on they are
    /// asked for: whoever is put down is, though the page tells of them otherwise the next time. Says
    /// whether nobody else reads the same directory.
    pub(super) async fn leave_out(
        &self,
        directory: &Directory<'_>,
        (stored, import): (&mut Stored<Import>, &mut Import),
        objects: &LeftOutOf,
    ) -> Result<bool, TableError> {
        if objects.is_empty() {
            return Ok(true);
        }
        let (org, now) = (directory.organization, self.clock.now());
        import.leave_out(LeftOut::first_due(now));
        if stored.value.left_out_at != import.left_out_at {
            let asked = Import { left_out_at: import.left_out_at, ..stored.value.clone() };
            *stored = match self.store.keep_import(org, stored.version, &asked).await {
                Ok(kept) => kept,
                Err(TableError::Conflict { .. }) => return Ok(false),
                Err(error) => return Err(error),
            };
        }
        self.store.leave_out(org, objects, now).await?;
        Ok(true)
    }

    /// Asks for those whom rounds left out, where that is due: whoever can be carried out by now is. The
    /// round is over all the same: what fails is done by a later one. Answers what came of it, with what
    /// came of the round.
    pub(super) async fn take_left_out_in(
        &self,
        directory: &Directory<'_>,
        import: &mut Import,
        round: Tally,
        request_id: &RequestId,
    ) -> Tally {
        let mut asked = Asked::default();
        let now = self.clock.now();
        if !import.asks_for_left_out(now) {
            return round;
        }
        let all = match self.ask_for_left_out(directory, import, &mut asked, request_id).await {
            Ok(all) => all,
            Err(error) => {
                web::metric::count("LeftOutFailed", "directory", now);
                web::failure::log(&error, request_id);
                false
            }
        };
        // Where those were not all, they are due still.
        if all {
            match self.store.left_out_next(directory.organization, now).await {
                Ok(next) => {
                    import.left_out_at = next;
                    if let Some(others) = asked.others {
                        import.leave_out(others);
                    }
                    // The index may not name those whom this very round left out.
                    let told = import.tally.plus(round);
                    if told.clashes > 0 || told.unread > 0 {
                        import.leave_out(LeftOut::first_due(now));
                    }
                }
                Err(error) => web::failure::log(&error, request_id),
            }
        }
        round.plus(asked.tally)
    }

    /// Asks for everybody who is due, and says whether something was said of all of them.
    async fn ask_for_left_out(
        &self,
        directory: &Directory<'_>,
        import: &Import,
        asked: &mut Asked,
        request_id: &RequestId,
    ) -> Result<bool, ReadingError> {
        let org = directory.organization;
        let due = self.store.left_out_due(org, MOST, self.clock.now()).await?;
        for error in &due.unreadable {
            web::metric::count("LeftOutFailed", "directory", self.clock.now());
            web::failure::log(error, request_id);
        }
        let mut is_all = due.is_all;
        for some in due.left_out.chunks(TOGETHER) {
            if !directory.has_time_for(PAGE, self.clock.now()) {
                return Ok(false);
            }
            let mut batch = Batch::default();
            for left_out in some {
                // As many as a batch holds.
                let _full = batch.user(left_out.value.object);
            }
            let fates = directory.graph.batch(&batch).await?;
            for (left_out, fate) in some.iter().zip(fates) {
                if !directory.has_time_for(super::MEMBER, self.clock.now()) {
                    return Ok(false);
                }
                let fate = match fate {
                    Err(GraphError::NotFound(trace)) if trace.is_no_such_object() => {
                        self.miss_left_out(directory, import, &left_out.value, request_id).await?
                    }
                    fate => {
                        let left_out = &left_out.value;
                        self.carry_left_out(directory, left_out, fate, asked, request_id).await?
                    }
                };
                match fate {
                    Fate::In => self.store.take_in(org, left_out).await?,
                    Fate::Out(later) => {
                        self.store.put_off_left_out(org, left_out, &later).await?;
                    }
                    Fate::Unasked => is_all = false,
                }
            }
        }
        Ok(is_all)
    }

    /// Sees to one of them whom the tenant does not know. Whoever is nobody here, or lost access already, is
    /// forgotten; of whoever has it a search says whether they are missing.
    async fn miss_left_out(
        &self,
        directory: &Directory<'_>,
        import: &Import,
        left_out: &LeftOut,
        request_id: &RequestId,
    ) -> Result<Fate, ReadingError> {
        let still = Ok(Fate::Out(left_out.because(LeftOutReason::NotFound, self.clock.now())));
        // Somebody who was just made is not seen everywhere at first.
        let Some(since) = left_out.missing_since else { return still };
        let known = self.known(directory, left_out.object).await?;
        let has_access = |known: &Known| !known.user.value.blocks.contains(&Block::Entra);
        if !known.as_ref().is_some_and(has_access) {
            return Ok(Fate::In);
        }
        // Behind a round of everybody there is a search anyway.
        if !import.whole {
            self.search_since(directory, import, since, request_id).await?;
        }
        still
    }

    /// Carries one of them out, by what was answered.
    async fn carry_left_out(
        &self,
        directory: &Directory<'_>,
        left_out: &LeftOut,
        fate: Result<Option<DirectoryUser>, GraphError>,
        asked: &mut Asked,
        request_id: &RequestId,
    ) -> Result<Fate, ReadingError> {
        let (object, now) = (left_out.object, self.clock.now());
        let told = match fate {
            Ok(Some(told)) if told.id == object => told,
            Err(GraphError::Unread(_)) => {
                return Ok(Fate::Out(left_out.because(LeftOutReason::Unread, now)));
            }
            Err(GraphError::Retry(_)) => return Ok(Fate::Unasked),
            Ok(_) | Err(_) => return Ok(Fate::Out(left_out.put_off(now))),
        };
        let carried = self.carry_page_out(directory, vec![told], &[], request_id).await?;
        asked.tally = asked.tally.plus(carried.tally);
        if let Some(error) = &carried.failed {
            web::failure::log(error, request_id);
        }
        let mut others = carried.left_out;
        let why = others.remove(&object);
        if !others.is_empty() {
            let now = self.clock.now();
            let due_at = self.store.leave_out(directory.organization, &others, now).await?;
            asked.others = asked.others.or(Some(due_at));
        }
        Ok(match (why, carried.failed) {
            (Some(reason), _) if carried.whole => Fate::Out(left_out.because(reason, now)),
            (None, _) if carried.whole => Fate::In,
            // Time is over, or somebody asks for it.
            (
                _,
                None | Some(ReadingError::Table(_) | ReadingError::Graph(GraphError::Retry(_))),
            ) => Fate::Unasked,
            (_, Some(_)) => Fate::Out(left_out.put_off(now)),
        })
    }
}
