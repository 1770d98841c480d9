//! Staged changes of members carried out: chunk by chunk, in their order, by one at a time.

use ambient::Clock;
use identity::{GroupId, OrganizationId, UserId};
use jiff::{SignedDuration, Timestamp};

use crate::memberships::{MOST_AT_ONCE, Membership};
use crate::provisioning::Plan;
use crate::schema::Key;
use crate::staged::{Chunk, lost};
use crate::table::{Write, number};
use crate::write::Clause;
use crate::{Folding, Group, ProvisionError, Store, Stored, TableError};

/// How long after the end of their time somebody may need for the chunk that they are at.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// How far something came that may take longer than there is time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing waits any more.
    Everything,
    /// Some of it is left: the time was over, or somebody else is at it.
    Partly,
}

/// Somebody who carries the changes of a group out, until the lease that they took is over.
struct Fold<'a> {
    store: &'a Store,
    org: OrganizationId,
    group: GroupId,
    /// First instant at which somebody else may begin.
    ends: Timestamp,
}

impl Store {
    /// Carries out the changes of a group's members that wait, in their order, and begins no chunk
    /// at `until` or later. One does at a time: whoever comes meanwhile leaves it to them. Whoever
    /// comes next goes on from there.
    pub async fn fold_members(
        &self,
        org: OrganizationId,
        group: GroupId,
        until: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Progress, TableError> {
        let now = clock.now();
        let Some(read) = self.group(org, group, now).await? else {
            return Ok(Progress::Everything);
        };
        if read.value.folding.is_empty() {
            return Ok(Progress::Everything);
        }
        let ends = until.checked_add(GRACE).unwrap_or(until);
        let fold = Fold { store: self, org, group, ends };
        if now >= until || !fold.take(now).await? {
            return Ok(Progress::Partly);
        }
        let folded = fold.run(read, until, clock).await;
        if !matches!(folded, Ok(Progress::Everything)) {
            fold.keep_rest(now).await;
            fold.leave().await;
        }
        folded
    }
}

impl Fold<'_> {
    fn key(&self) -> Key {
        Key::group(self.org, self.group)
    }

    /// Takes the lease: whether nobody else holds it, and something waits.
    async fn take(&self, now: Timestamp) -> Result<bool, TableError> {
        let change = Clause::new("SET folding_until = :ends");
        let change = change.with(":ends", number(self.ends.as_millisecond()));
        let free = "attribute_not_exists(folding_until) OR folding_until <= :now";
        let free = Clause::new(format!("size(#v.folding) > :none AND ({free})"))
            .with(":none", number(0))
            .with(":now", number(now.as_millisecond()));
        match self.store.table.write(vec![Write::Update(self.key(), change, free)]).await {
            Ok(()) => Ok(true),
            Err(TableError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets what is left stay until it is carried out. Where that fails the next one does it.
    async fn keep_rest(&self, now: Timestamp) {
        if let Ok(Some(read)) = self.store.group(self.org, self.group, now).await {
            let _ = self.store.keep_chunks(self.org, &read.value).await;
        }
    }

    /// Gives the lease back. Where that fails it ends by itself.
    async fn leave(&self) {
        let change = Clause::new("REMOVE folding_until");
        let ours = Clause::new("folding_until = :ends");
        let ours = ours.with(":ends", number(self.ends.as_millisecond()));
        let _ = self.store.table.write(vec![Write::Update(self.key(), change, ours)]).await;
    }

    async fn run(
        &self,
        mut read: Stored<Group>,
        until: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Progress, TableError> {
        let mut stuck = None;
        while let Some(next) = read.value.folding.first() {
            let now = clock.now();
            if now >= until {
                return Ok(Progress::Partly);
            }
            let key = Key::chunk(self.org, self.group, next.change, next.applied);
            match self.store.table.get::<Chunk>(key.clone(), now).await? {
                Some(chunk) => {
                    let members = chunk.value.unpack()?;
                    if self.carry_out(next, &members).await? {
                        self.advance(&read.value, next, &key, now).await?;
                    }
                }
                // Somebody else carried it out since the group was read, or else it is lost.
                None if stuck.as_ref() == Some(next) => return Err(lost()),
                None => stuck = Some(next.clone()),
            }
            let Some(again) = self.store.group(self.org, self.group, now).await? else { break };
            read = again;
        }
        Ok(Progress::Everything)
    }

    /// Carries one chunk out, unless it is not its turn any more.
    async fn carry_out(
        &self,
        next: &Folding,
        members: &[(UserId, Membership)],
    ) -> Result<bool, TableError> {
        for some in members.chunks(MOST_AT_ONCE) {
            let mut some = some.to_vec();
            loop {
                let turn = Write::CheckThat(self.key(), next.is_next());
                let mut plan = Plan::expecting(vec![turn]);
                for (user, membership) in &some {
                    plan.change_member(self.org, self.group, *user, *membership)?;
                }
                match plan.carry_out(self.store).await {
                    Ok(()) => break,
                    Err(ProvisionError::Stale) => return Ok(false),
                    // Deleted since the change was decided.
                    Err(ProvisionError::NoUser(gone)) => some.retain(|(user, _)| *user != gone),
                    Err(ProvisionError::Table(error)) => return Err(error),
                    Err(
                        other @ (ProvisionError::Taken(_)
                        | ProvisionError::TooLarge
                        | ProvisionError::TooManyEmails
                        | ProvisionError::Busy),
                    ) => return Err(TableError::Shape(other.into())),
                }
            }
        }
        Ok(true)
    }

    /// Notes that a chunk is carried out: the last one ends its change, and the last change what is
    /// known of the group as one whose changes wait. Who reads the group sees no difference, so it
    /// stays the same version.
    async fn advance(
        &self,
        group: &Group,
        next: &Folding,
        chunk: &Key,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let mut waiting = group.folding.len();
        loop {
            let writes = self.advance_writes(next, chunk, waiting);
            let Err(error) = self.store.table.write(writes).await else { return Ok(()) };
            let TableError::Conflict { position: 0 } = error else { return Err(error) };
            let again = self.store.group(self.org, self.group, now).await?;
            let Some(again) = again.filter(|again| again.value.folding.first() == Some(next))
            else {
                return Ok(());
            };
            // Another change came to wait behind it.
            waiting = again.value.folding.len();
        }
    }

    fn advance_writes(&self, next: &Folding, chunk: &Key, waiting: usize) -> Vec<Write> {
        let (group, turn, applied) = (self.key(), next.is_next(), next.applied + 1);
        let chunk = Write::Remove(chunk.clone());
        if applied < next.chunks {
            let one_more = Clause::new("SET #v.folding[0].applied = :next");
            let one_more = one_more.with(":next", number(applied));
            return vec![Write::Update(group, one_more, turn), chunk];
        }
        if waiting > 1 {
            return vec![Write::Update(group, Clause::new("REMOVE #v.folding[0]"), turn), chunk];
        }
        let over = Clause::new("REMOVE #v.folding[0], folding_until");
        let last = turn.and("size(#v.folding) = :one", ":one", number(1));
        let known = Write::Remove(Key::folding(self.org, self.group));
        vec![Write::Update(group, over, last), chunk, known]
    }
}
