//! Carries a page out: several users at once, what is said of one in its order, and those whose names
//! were not free at the end, for whom half of the time is left. Where time is over, or something fails,
//! the rest of the page is left to whoever comes next, and what is done is not done again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};
use graph::DirectoryUser;
use store::{Known, LeftOutReason, LookUp, Tally};
use uuid::Uuid;
use web::failure::RequestId;

use super::left_out::LeftOutOf;
use super::member::Member;
use super::{Directory, MEMBER, ReadingError};
use crate::app::App;

/// How many users are written at once.
const AT_ONCE: usize = 8;

/// How far a page was carried out.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) tally: Tally,
    /// Whether all of it was.
    pub(super) whole: bool,
    /// Of whom something was told that is carried out now.
    pub(super) fingerprints: Vec<u64>,
    /// Who has to be asked for again though they are among these.
    pub(super) left_out: LeftOutOf,
    /// What stopped it, if not the time.
    pub(super) failed: Option<ReadingError>,
}

impl Carried {
    fn done(&mut self, fingerprint: u64, tally: Tally) {
        self.fingerprints.push(fingerprint);
        self.tally = self.tally.plus(tally);
    }

    fn stopped(&mut self, failed: Option<ReadingError>) {
        self.whole = false;
        self.failed = self.failed.take().or(failed);
    }
}

impl App {
    /// Carries out what a page says, but for those of whom it was carried out before.
    pub(super) async fn carry_page_out(
        &self,
        directory: &Directory<'_>,
        told: Vec<DirectoryUser>,
        before: &[u64],
        request_id: &RequestId,
    ) -> Result<Carried, ReadingError> {
        let mut members = Member::each(told);
        members.retain(|member| !before.contains(&member.fingerprint));
        let objects: Vec<Uuid> = members.iter().map(|member| member.object).collect();
        let now = self.clock.now();
        let mut known: HashMap<Uuid, Known> =
            self.store.users_of_objects(directory.organization, &objects, now).await?;
        let mut work = Vec::with_capacity(members.len());
        for member in members {
            let known = known.remove(&member.object);
            work.push((member, known));
        }
        let mut carried = Carried {
            tally: Tally::default(),
            whole: true,
            fingerprints: Vec::new(),
            left_out: LeftOutOf::new(),
            failed: None,
        };
        let mut clashed = Vec::new();
        let (stopped, waits) = (&AtomicBool::new(false), &AtomicBool::new(false));
        let begun = self.clock.now();
        let half = directory.until.duration_since(begun) / 2;
        let mut outcomes = stream::iter(work)
            .map(|(member, known)| async move {
                let least = if waits.load(Ordering::Relaxed) { half } else { MEMBER };
                let goes_on = directory.has_time_for(least, self.clock.now());
                if !goes_on || stopped.load(Ordering::Relaxed) {
                    return None;
                }
                let (object, fingerprint) = (member.object, member.fingerprint);
                let done = self.carry_member_out(directory, member, known, request_id).await;
                Some((object, fingerprint, done))
            })
            .buffer_unordered(AT_ONCE);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                None => carried.stopped(None),
                Some((object, fingerprint, Ok(done))) => match done.clashed {
                    None => {
                        carried.left_out.extend(done.left_out.map(|reason| (object, reason)));
                        carried.done(fingerprint, done.tally);
                    }
                    Some(member) => {
                        waits.store(true, Ordering::Relaxed);
                        clashed.push((member, done.tally));
                    }
                },
                Some((_, _, Err(error))) => {
                    stopped.store(true, Ordering::Relaxed);
                    carried.stopped(Some(error));
                }
            }
        }
        drop(outcomes);
        self.carry_clashed_out(directory, clashed, &mut carried, request_id).await;
        Ok(carried)
    }

    /// Carries out those whose names were not free, one after the other: each may need what the one
    /// before lets go of.
    async fn carry_clashed_out(
        &self,
        directory: &Directory<'_>,
        clashed: Vec<(Member, Tally)>,
        carried: &mut Carried,
        request_id: &RequestId,
    ) {
        for (member, tally) in clashed {
            if carried.failed.is_some() {
                return;
            }
            let fingerprint = member.fingerprint;
            let left_out = &mut carried.left_out;
            match self.try_again(directory, member, left_out, request_id).await {
                Ok(Some(again)) => carried.done(fingerprint, tally.plus(again)),
                Ok(None) => carried.stopped(None),
                Err(error) => carried.stopped(Some(error)),
            }
        }
    }

    /// Does what is said of somebody whose name was not free: by now it may be, and else whoever has
    /// it lets go of it, if it is not theirs any more, and becomes what the directory says of them
    /// next. However many pass their names on in turn, each one is carried out once. [`None`] where
    /// time is over.
    async fn try_again(
        &self,
        directory: &Directory<'_>,
        member: Member,
        left_out: &mut LeftOutOf,
        request_id: &RequestId,
    ) -> Result<Option<Tally>, ReadingError> {
        let mut tally = Tally::default();
        let mut next = Some((member, true));
        while let Some((member, told_of)) = next {
            if !directory.has_time_for(MEMBER, self.clock.now()) {
                return Ok(None);
            }
            let other = self.make_way(directory, &member, request_id).await?;
            let (object, name) = (member.object, member.name());
            let known = self.known(directory, object).await?;
            let done = self.carry_member_out(directory, member, known, request_id).await?;
            tally = tally.plus(Tally { told: 0, ..done.tally });
            // Whoever made way counts where the directory tells of them.
            tally.clashes += u64::from(told_of && done.clashed.is_some());
            // Whoever has the name keeps it for now.
            let clashed = done.clashed.map(|_| LeftOutReason::NameTaken);
            if let Some(name) = name.as_ref().filter(|_| clashed.is_some()) {
                self.find_in_the_way(directory, LookUp::UserName(name), object).await?;
            }
            left_out.extend(clashed.or(done.left_out).map(|reason| (object, reason)));
            next = other.map(|other| (other, false));
        }
        Ok(Some(tally))
    }
}
