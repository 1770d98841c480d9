//! What must happen once a decision is stored: carried out afterwards, at least once.

use ambient::Entropy;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{OrganizationId, OutboxId, SearchId, SecretHash, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::queries::From;
use crate::schema::{IndexKey, Key, SHARDS};
use crate::table::{Expect, Write, number};
use crate::write::Clause;
use crate::{AuditEntry, Store, Stored, TableError, Task};

/// How long whoever carries an item out has before somebody else may.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// When the sweep may take an item that its event did not bring.
const GRACE: SignedDuration = SignedDuration::from_secs(30);
/// How many of the index's partitions are looked at at once.
const AT_ONCE: usize = 8;
/// The longest pause between two tries.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// The longest pause that somebody else may ask for.
const LONGEST_ASKED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// A round is late so long after its time at the earliest: two dispatches, and as long again.
const GRACE_AT_LEAST: SignedDuration = SignedDuration::from_mins(30);
/// The part of its interval after which it is late, where that is longer.
const GRACE_PART: i64 = 10;
/// How many keys one look at what takes long reads.
const LOOKED_AT: usize = 100;
/// How long an item is tried before it is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// One thing that must happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// Names it; the event's stable id.
    pub id: OutboxId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What must happen.
    pub task: Task,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it may be taken next.
    pub due_at: Timestamp,
    /// How often it was taken.
    pub attempts: u32,
    /// How often in a row the tenant refused us.
    #[serde(default, rename = "refused")]
    pub refusals: Refusals,
    /// Whether whoever it reaches may take it though it is not due: it is claimed for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claimed: bool,
    /// When a round is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
}

/// How often in a row a tenant refused us the same, each time by a token of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// What.
    pub what: Refused,
    /// How often.
    pub times: u32,
    /// When Microsoft last confirmed the consent under which it did: what it refused under another one is
    /// over.
    pub consent: Option<Timestamp>,
}

/// What a tenant refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Us as a whole.
    #[default]
    Us,
    /// One account: that says nothing of the consent.
    Account,
}

impl Refusals {
    /// How often in a row a tenant must refuse us: a token may be older than the consent.
    const AGREE: u32 = 3;

    /// As they count under a consent.
    #[must_use]
    pub fn under(self, consent: Option<Timestamp>) -> Self {
        if self.consent == consent { self } else { Self { consent, ..Self::default() } }
    }

    /// With one more.
    #[must_use]
    pub fn another(self, what: Refused) -> Self {
        let before = if self.what == what { self.times } else { 0 };
        Self { what, times: before.saturating_add(1), ..self }
    }

    /// Whether it is believed.
    pub const fn is_agreed(self) -> bool {
        self.times >= Self::AGREE
    }
}

/// When a round is late: nobody knows since then whether somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// First instant at which it is.
    pub at: Timestamp,
    /// When that was last told.
    pub told_at: Option<Timestamp>,
}

impl Late {
    /// First instant at which a round is, whose organization was read then, in such intervals: at least
    /// so long after it was put down.
    pub(crate) fn instant(
        (read_at, interval): (Timestamp, SignedDuration),
        put_down: Timestamp,
    ) -> Timestamp {
        let grace = SignedDuration::from_secs(interval.as_secs() / GRACE_PART).max(GRACE_AT_LEAST);
        let soonest = put_down.checked_add(GRACE_AT_LEAST).unwrap_or(put_down);
        read_at.checked_add(interval + grace).unwrap_or(read_at).max(soonest)
    }
}

/// What became of an item that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is over.
    Over,
    /// There is more to do: it is due.
    GoesOn,
}

impl OutboxItem {
    /// Something decided now.
    pub fn new(
        entropy: &dyn Entropy,
        organization: OrganizationId,
        task: Task,
        now: Timestamp,
    ) -> Self {
        let due_at = now.checked_add(GRACE).unwrap_or(now);
        let id = OutboxId::mint(entropy);
        Self::with_id(id, organization, task, (now, due_at))
    }

    pub(crate) fn with_id(
        id: OutboxId,
        organization: OrganizationId,
        task: Task,
        (created_at, due_at): (Timestamp, Timestamp),
    ) -> Self {
        let (attempts, refusals, claimed, late) = (0, Refusals::default(), false, None);
        Self { id, organization, task, created_at, due_at, attempts, refusals, claimed, late }
    }

    /// A round of reading, of an organization whose rounds are so long apart and of which the last one
    /// ended then, or which was connected then: late a little after its time.
    pub fn round(
        entropy: &dyn Entropy,
        organization: OrganizationId,
        since: Timestamp,
        (read_at, interval): (Timestamp, SignedDuration),
        now: Timestamp,
    ) -> Self {
        let late = Some(Late { at: Late::instant((read_at, interval), now), told_at: None });
        let round = Self::new(entropy, organization, Task::ReadDirectory { since }, now);
        Self { late, created_at: read_at, ..round }
    }

    /// Something that is not to happen before then.
    #[must_use]
    pub fn not_before(self, due_at: Timestamp) -> Self {
        Self { due_at, ..self }
    }

    /// What brings a user to Entra, with everybody else of their shard. It may be there already.
    pub fn pushing(organization: OrganizationId, user: UserId, now: Timestamp) -> Self {
        let shard = crate::schema::shard(user.uuid().as_bytes());
        let id = Self::id_of(&[b"push users", organization.uuid().as_bytes(), &[shard]]);
        let due_at = now.checked_add(GRACE).unwrap_or(now);
        Self::with_id(id, organization, Task::PushUsers { shard }, (now, due_at))
    }

    /// What repairs the anchor of a user: there is one, so that nobody else is at it.
    pub fn repairing(organization: OrganizationId, user: UserId, now: Timestamp) -> Self {
        let task = Task::RepairAnchor { user };
        Self::only(b"repair anchor", organization, user, task, now)
    }

    /// The same once something else was decided: at once, where it was put off, and behind whoever is at
    /// it, who puts it off no more.
    pub(crate) fn sooner(&self, now: Timestamp) -> Self {
        let [soon, held] = [GRACE, LEASE].map(|pause| now.checked_add(pause).unwrap_or(now));
        // Nobody holds it for longer.
        if self.due_at > held {
            Self { due_at: soon, attempts: 0, ..self.clone() }
        } else {
            self.clone()
        }
    }

    /// An item of which a user has one.
    pub(crate) fn only(
        word: &[u8],
        organization: OrganizationId,
        user: UserId,
        task: Task,
        now: Timestamp,
    ) -> Self {
        let id = Self::id_of(&[word, organization.uuid().as_bytes(), user.uuid().as_bytes()]);
        let due_at = now.checked_add(GRACE).unwrap_or(now);
        Self::with_id(id, organization, task, (now, due_at))
    }

    /// Names the occurrence that a search's list is held since an instant: it may be held again.
    pub fn holding(search: SearchId, since: Timestamp) -> OutboxId {
        let since = since.as_nanosecond().to_be_bytes();
        Self::id_of(&[b"missing held", search.uuid().as_bytes(), &since])
    }

    /// The id of an item of which there is one.
    pub(crate) fn id_of(parts: &[&[u8]]) -> OutboxId {
        let hash = SecretHash::of(parts);
        let digits = hash.as_str().get(..32).unwrap_or_default();
        digits.parse().unwrap_or_else(|_| OutboxId::from_uuid(Uuid::nil()))
    }

    /// Puts it down as what follows from another one. What reads once more may be there for another reason,
    /// and says the same.
    fn following_write(&self) -> Result<Write, TableError> {
        Ok(match self.task {
            Task::ReadNoticed { again: false, .. } => Write::Ensure(self.item()?),
            _ => Write::Put(self.item()?, Expect::Absent),
        })
    }

    /// What must hold for it to be over.
    fn over(&self) -> Option<Write> {
        match self.task {
            Task::PushUsers { shard } => {
                let nobody = Clause::new("attribute_not_exists(tally) OR tally <= :zero");
                let nobody = nobody.with(":zero", number(0));
                Some(Write::CheckThat(Key::pending_count(self.organization, shard), nobody))
            }
            Task::ReconcileAccount { user } => {
                Some(Write::CheckAbsent(Key::account(self.organization, user)))
            }
            Task::ReadNoticed { again: true, .. } => {
                Some(Write::CheckAbsent(Key::latest_notice(self.organization)))
            }
            _ => None,
        }
    }

    /// What must happen because of what an entry of the audit reports, in the same transaction.
    pub(crate) fn following(audit: &AuditEntry, organization: OrganizationId, task: Task) -> Self {
        let due_at = audit.at.checked_add(GRACE).unwrap_or(audit.at);
        Self::with_id(audit.id, organization, task, (audit.at, due_at))
    }

    /// The same put off: twice as long after each try, and at least as long as whoever is to be asked
    /// asked for, within bounds.
    pub(crate) fn postponed(&self, asked_for: Option<SignedDuration>, now: Timestamp) -> Self {
        let longest = match self.task {
            // Whoever is noticed meanwhile waits for it too.
            Task::ReadNoticed { again: true, .. } => SignedDuration::from_mins(1),
            _ => LONGEST_PAUSE,
        };
        let pause = SignedDuration::from_secs(15 << self.attempts.min(8)).min(longest);
        let pause =
            asked_for.map_or(pause, |asked_for| pause.max(asked_for.min(LONGEST_ASKED_FOR)));
        Self { due_at: now.checked_add(pause).unwrap_or(now), ..self.clone() }
    }

    /// Whether somebody has it who may be at it still.
    pub(crate) fn is_held(&self, now: Timestamp) -> bool {
        self.attempts > 0 && now < self.due_at && !self.claimed
    }

    /// Whether it was tried for so long that nobody waits for it any more.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.task.may_be_given_up() && now.duration_since(self.created_at) >= GIVEN_UP_AFTER
    }

    pub(crate) fn item(&self) -> Result<Item, TableError> {
        let item = Item::new(Key::outbox(self.organization, self.id), self)?;
        Ok(item.indexed(match &self.task {
            Task::ReadDirectory { .. } => IndexKey::round(self.id, self.due_at),
            task if task.is_long() => IndexKey::long(self.organization, self.due_at),
            _ => IndexKey::prompt(self.id, self.due_at),
        }))
    }
}

impl Store {
    /// Decides something that must happen, with what the audit says of it.
    pub async fn put_in_outbox(
        &self,
        org: OrganizationId,
        item: &OutboxItem,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let writes = vec![
            Write::Put(item.item()?, Expect::Absent),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// An item that may be taken: [`None`] when it is done already or somebody else holds it.
    pub async fn outbox(
        &self,
        org: OrganizationId,
        id: OutboxId,
        now: Timestamp,
    ) -> Result<Option<Stored<OutboxItem>>, TableError> {
        let stored: Option<Stored<OutboxItem>> = self.table.get(Key::outbox(org, id), now).await?;
        Ok(stored.filter(|item| !item.value.is_held(now)))
    }

    /// Takes an item for a while: [`None`] when somebody else did since it was read.
    pub async fn take_outbox(
        &self,
        item: Stored<OutboxItem>,
        now: Timestamp,
    ) -> Result<Option<Stored<OutboxItem>>, TableError> {
        let Stored { value: mut item, version } = item;
        item.attempts += 1;
        item.claimed = false;
        item.due_at = now.checked_add(LEASE).unwrap_or(now);
        match self.table.write(vec![Write::Put(item.item()?, Expect::Version(version))]).await {
            Ok(()) => Ok(Some(Stored { value: item, version: version + 1 })),
            Err(TableError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends an item that was carried out, or given up, with what the audit says of it and with what
    /// must happen next, at most 98 items: all of it once, however often it was tried. Says whether it is
    /// over: what has to be done since somebody carried it out is due at once.
    pub async fn finish_outbox(
        &self,
        item: &Stored<OutboxItem>,
        audit: Option<&AuditEntry>,
        next: &[OutboxItem],
    ) -> Result<Finished, TableError> {
        let org = item.value.organization;
        let mut writes = vec![Write::Delete(Key::outbox(org, item.value.id), item.version)];
        let over = item.value.over();
        let expected = 1 + over.iter().count();
        writes.extend(over);
        if let Some(audit) = audit {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        for item in next {
            writes.push(item.following_write()?);
        }
        match self.table.write(writes).await {
            // Or somebody else carried it out after our lease ended.
            Ok(()) | Err(TableError::Conflict { position: 0 }) => Ok(Finished::Over),
            // It is not over: whoever comes next goes on with it.
            Err(TableError::Conflict { position }) if position < expected => {
                self.continue_outbox(item, item.value.created_at).await?;
                Ok(Finished::GoesOn)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts an item off whose time has not come: twice as long after each try, and at least as long as
    /// whoever is to be asked asked for, within bounds.
    pub async fn postpone_outbox(
        &self,
        item: &Stored<OutboxItem>,
        asked_for: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let later = item.value.postponed(asked_for, now);
        let write = Write::Put(later.item()?, Expect::Version(item.version));
        match self.table.write(vec![write]).await {
            Err(TableError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// Puts an item off that was carried out in part: whoever comes next goes on with it, at the latest
    /// when it is due, and sooner if an event names it.
    pub async fn continue_outbox(
        &self,
        item: &Stored<OutboxItem>,
        due_at: Timestamp,
    ) -> Result<(), TableError> {
        let next =
            OutboxItem { due_at, attempts: 0, refusals: Refusals::default(), ..item.value.clone() };
        match self.table.write(vec![Write::Put(next.item()?, Expect::Version(item.version))]).await
        {
            Err(TableError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// Names items that somebody waits for and that are due, at most `most` of each of the index's
    /// partitions.
    pub async fn due_outbox(
        &self,
        most: i32,
        now: Timestamp,
    ) -> Result<Vec<(OrganizationId, OutboxId)>, TableError> {
        let up_to = crate::schema::instant(now);
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            let partition = IndexKey::prompt_shard(shard);
            let keys = self.table.candidates(partition, up_to.clone(), most).await?;
            due.extend(keys.iter().filter_map(Key::outbox_ids));
        }
        Ok(due)
    }

    /// Names items that take long and are due, rounds apart: at most `most` of each organization. They
    /// take turns: of each organization one, whoever waited longest first, then of each another, however
    /// much waits of one of them.
    pub async fn due_long_outbox(
        &self,
        most: u8,
        now: Timestamp,
    ) -> Result<Vec<(OrganizationId, OutboxId)>, TableError> {
        let shards = (0..SHARDS).map(|shard| self.long_of_each(shard, most.into(), now));
        let due: Vec<_> = stream::iter(shards).buffered(AT_ONCE).try_collect().await?;
        let mut due = due.concat();
        due.sort_by(|one, other| (one.turn, &one.due).cmp(&(other.turn, &other.due)));
        Ok(due.into_iter().map(|waiting| (waiting.organization, waiting.item)).collect())
    }

    /// At most `most` of each organization of a partition: what waits beyond that, and what is not due,
    /// is passed over without being read.
    async fn long_of_each(
        &self,
        shard: u8,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Waiting>, TableError> {
        let (partition, now) = (IndexKey::long_shard(shard), crate::schema::instant(now));
        let (mut due, mut behind) = (Vec::<Waiting>::new(), String::new());
        loop {
            let from = if behind.is_empty() { From::Start } else { From::After(&behind) };
            let walked = self.table.walk(&partition, from, LOOKED_AT).await?;
            let is_all = walked.len() < LOOKED_AT;
            let mut passed = None;
            for (key, place) in walked {
                let Some((organization, item)) = key.outbox_ids() else { continue };
                let at = place.split_once('#').map(|(_, at)| at.to_owned()).unwrap_or_default();
                let before = due.last().filter(|last| last.organization == organization);
                let turn = before.map_or(0, |last| last.turn + 1);
                behind = place;
                if turn < most && at <= now {
                    due.push(Waiting { turn, due: at, organization, item });
                } else {
                    passed = Some(organization);
                }
            }
            if is_all {
                return Ok(due);
            }
            // Whoever was passed over last may have thousands more.
            if let Some(organization) = passed.filter(|it| behind.starts_with(&it.to_string())) {
                behind = IndexKey::behind_long(organization);
            }
        }
    }
}

/// Something long that is due.
#[derive(Clone, Debug)]
struct Waiting {
    /// How many of its organization are before it.
    turn: usize,
    due: String,
    organization: OrganizationId,
    item: OutboxId,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_believed_the_third_time_in_a_row_under_one_consent() {
        let [first, second] = [1, 2].map(|second| Some(Timestamp::from_second(second).unwrap()));
        let (us, account) = (Refused::Us, Refused::Account);
        let cases = [
            (vec![(first, us), (first, us)], false),
            (vec![(first, us), (first, us), (first, us)], true),
            (vec![(first, us), (first, us), (second, us)], false),
            (vec![(first, us), (second, us), (second, us), (second, us)], true),
            (vec![(first, us), (first, account), (first, us)], false),
            (vec![(first, us), (first, account), (first, account), (first, account)], true),
        ];
        for (refused, agreed) in cases {
            let count =
                |before: Refusals, (consent, what): &(_, _)| before.under(*consent).another(*what);
            let found = refused.iter().fold(Refusals::default(), count);
            assert_eq!(found.is_agreed(), agreed, "{refused:?}");
        }
    }
}
