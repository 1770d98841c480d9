//! Rounds of reading that are due: named by the index, claimed for whoever carries them out, and told of
//! where they are late.

use identity::{OrganizationId, OutboxId};
use jiff::{SignedDuration, Timestamp};

use crate::item::Item;
use crate::outbox::Late;
use crate::queries::From;
use crate::schema::{IndexKey, Key, SHARDS};
use crate::table::{Expect, Write};
use crate::{
    Connection, Import, MissingSearch, OutboxItem, Preflight, ReadingRules, RoundCause, Stage,
    Store, Stored, Subscription, TableError, Task, Version,
};

/// How long a round is claimed before it is due again: whoever dies between the claim and the event that
/// names it delays it by so much.
const CLAIM: SignedDuration = SignedDuration::from_mins(15);
/// How many rounds are read, and claimed, at once: half a transaction, since one that is late is two
/// actions.
const AT_ONCE: usize = 50;
/// How often it is told of a round that it is late.
const TOLD_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How often it is tried to keep with the position that a round failed, which somebody moves meanwhile.
const RACES: u32 = 3;

/// A round that is named, with everything that decides what comes of it: read at once.
#[derive(Clone, Debug)]
pub struct Round {
    /// The item.
    pub item: Stored<OutboxItem>,
    /// The tenant's connection.
    pub connection: Option<Stored<Connection>>,
    /// How far reading has come.
    pub import: Option<Stored<Import>>,
    /// The latest search for whoever is missing.
    pub search: Option<Stored<MissingSearch>>,
    /// By what the tenant tells what changes.
    pub subscription: Option<Stored<Subscription>>,
    /// The latest look at everybody.
    pub preflight: Option<Stored<Preflight>>,
    /// How the tenant is read.
    pub rules: ReadingRules,
}

/// Some of the rounds that are due in a partition.
#[derive(Debug, Default)]
pub struct DueRounds {
    /// Those that may be claimed.
    pub rounds: Vec<Stored<OutboxItem>>,
    /// Whose others are, and why they make no sense to this release.
    pub unreadable: Vec<(Option<OrganizationId>, TableError)>,
    /// Where more are, if there are.
    pub behind: Option<String>,
}

/// Rounds that were claimed.
#[derive(Debug, Default)]
pub struct ClaimedRounds {
    /// As they are now.
    pub rounds: Vec<OutboxItem>,
    /// What tells of those that are late, in the outbox by the same write.
    pub told: Vec<OutboxItem>,
}

impl Connection {
    /// Since when nobody knows whether somebody left, where that is longer than it may be: as long as it
    /// is not told to be over, whether a consent is gone or rounds fail.
    pub fn unchecked_since(
        &self,
        import: Option<&Import>,
        rules: &ReadingRules,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if !matches!(self.stage, Stage::Connected | Stage::Lost) {
            return None;
        }
        let import = import.filter(|import| import.tenant == self.tenant);
        let read_at = import.and_then(|import| import.ended_at).unwrap_or(self.since);
        let late_at = Late::instant((read_at, rules.interval()), self.since);
        (late_at <= now).then_some(read_at)
    }
}

impl OutboxItem {
    /// Whether it is a round that should be over by now.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.late.is_some_and(|late| late.at <= now)
    }

    /// The same claimed, and what tells that it is late where that is due.
    fn claim(&self, now: Timestamp) -> (Self, Option<Self>) {
        let due_at = now.checked_add(CLAIM).unwrap_or(now);
        let claimed = Self { due_at, claimed: true, ..self.clone() };
        let is_new = |late: &Late| {
            late.at <= now && late.told_at.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY)
        };
        let Some(late) = self.late.filter(is_new) else { return (claimed, None) };
        let told_at = now.as_second().to_be_bytes();
        let id = Self::id_of(&[b"round late", self.id.uuid().as_bytes(), &told_at]);
        let task = Task::ReportLate { since: self.created_at };
        let report = Self::with_id(id, self.organization, task, (now, now));
        (Self { late: Some(Late { told_at: Some(now), ..late }), ..claimed }, Some(report))
    }
}

impl Store {
    /// The partitions of the index that name rounds.
    pub const ROUND_SHARDS: u8 = SHARDS;

    /// Rounds of a partition that are due, whichever waited longest first: some, behind a place.
    pub async fn due_rounds(
        &self,
        shard: u8,
        behind: Option<&str>,
        now: Timestamp,
    ) -> Result<DueRounds, TableError> {
        let from = behind.map_or(From::Start, From::After);
        let walked = self.table.walk(&IndexKey::round_shard(shard), from, AT_ONCE).await?;
        let (is_all, up_to) = (walked.len() < AT_ONCE, crate::schema::instant(now));
        let is_due = |place: &str| IndexKey::instant_of(place) <= &*up_to;
        let due = walked.iter().take_while(|(_, place)| is_due(place));
        let keys: Vec<Key> = due.map(|(key, _)| key.clone()).collect();
        let more = !is_all && keys.len() == walked.len();
        let behind = walked.last().filter(|_| more).map(|(_, place)| place.clone());
        if keys.is_empty() {
            return Ok(DueRounds { behind, ..DueRounds::default() });
        }
        let mut found = self.table.get_many(keys.clone()).await?;
        let (mut rounds, mut unreadable) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in &keys {
            match found.take::<OutboxItem>(key, now) {
                // The index may be behind: somebody took it since, or claimed it.
                Ok(round) => rounds.extend(round.filter(|round| round.value.due_at <= now)),
                // It keeps no other from being dispatched.
                Err(error) => {
                    let whose = key.outbox_ids().map(|(organization, _)| organization);
                    unreadable.push((whose, error));
                }
            }
        }
        Ok(DueRounds { rounds, unreadable, behind })
    }

    /// A round that may be carried out, or whatever else has that name: [`None`] when it is done already or
    /// somebody else holds it.
    pub async fn round(
        &self,
        org: OrganizationId,
        id: OutboxId,
        now: Timestamp,
    ) -> Result<Option<Round>, TableError> {
        let item = Key::outbox(org, id);
        let (connection, import) = (Key::connection(org), Key::import(org));
        let (search, subscription) = (Key::missing(org), Key::subscription(org));
        let (preflight, rules) = (Key::preflight(org), Key::reading_rules(org));
        let keys = [&item, &connection, &import, &search, &subscription, &preflight, &rules];
        let mut found = self.table.get_many(keys.map(Clone::clone).to_vec()).await?;
        let item: Option<Stored<OutboxItem>> = found.take(&item, now)?;
        let Some(item) = item.filter(|item| !item.value.is_held(now)) else { return Ok(None) };
        let rules: Option<Stored<ReadingRules>> = found.take(&rules, now)?;
        Ok(Some(Round {
            item,
            connection: found.take(&connection, now)?,
            import: found.take(&import, now)?,
            search: found.take(&search, now)?,
            subscription: found.take(&subscription, now)?,
            preflight: found.take(&preflight, now)?,
            rules: rules.map_or_else(ReadingRules::default, |rules| rules.value),
        }))
    }

    /// Ends a round in which nothing changed, and puts the next one down; `import` follows the version that
    /// was read.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else has the round, or reads the same directory.
    pub async fn end_quiet_round(
        &self,
        item: &Stored<OutboxItem>,
        (before, import): (Version, &Import),
        next: &OutboxItem,
    ) -> Result<(), TableError> {
        let org = item.value.organization;
        let import = Item::new(Key::import(org), import)?;
        let writes = vec![
            Write::Delete(Key::outbox(org, item.value.id), item.version),
            Write::Put(import, Expect::read(before)),
            Write::Put(next.item()?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Puts a round off that failed, with what tells of it, and keeps why with the position: there whoever
    /// asks how reading stands sees it. Not where the tenant was let go meanwhile.
    pub async fn fail_round(
        &self,
        item: &Stored<OutboxItem>,
        (cause, told): (RoundCause, &OutboxItem),
        asked_for: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let later = item.value.postponed(asked_for, now);
        let both = vec![
            Write::Put(later.item()?, Expect::Version(item.version)),
            Write::Put(told.item()?, Expect::Absent),
        ];
        for race in 0..=RACES {
            let mut writes = both.clone();
            // Whoever moves it on all the time shows that there is no trouble.
            if race < RACES {
                writes.extend(self.failing(&item.value, cause, (now, later.due_at)).await?);
            }
            match self.table.write(writes).await {
                Err(TableError::Conflict { position: 2 }) => {}
                // Somebody else has it.
                Err(TableError::Conflict { .. }) => break,
                other => return other,
            }
        }
        Ok(())
    }

    /// What keeps with the position that a round failed.
    async fn failing(
        &self,
        round: &OutboxItem,
        cause: RoundCause,
        (now, again_at): (Timestamp, Timestamp),
    ) -> Result<Option<Write>, TableError> {
        let Task::ReadDirectory { since } = &round.task else { return Ok(None) };
        let org = round.organization;
        let (connection, import) = (Key::connection(org), Key::import(org));
        let mut found = self.table.get_many(vec![connection.clone(), import.clone()]).await?;
        let connection: Option<Stored<Connection>> = found.take(&connection, now)?;
        let works = |it: &Connection| it.stage == Stage::Connected && it.since == *since;
        let Some(connection) = connection.filter(|connection| works(&connection.value)) else {
            return Ok(None);
        };
        let tenant = connection.value.tenant;
        let kept: Option<Stored<Import>> = found.take(&import, now)?;
        let version = kept.as_ref().map_or(0, |kept| kept.version);
        let same = kept.filter(|kept| kept.value.tenant == tenant);
        let mut position = same.map_or_else(|| Import::new(tenant), |kept| kept.value);
        position.fail(*since, cause, (now, again_at));
        Ok(Some(Write::Put(Item::new(import, &position)?, Expect::read(version))))
    }

    /// Claims rounds, at most as many as [`due_rounds`](Self::due_rounds) answers: each that is as it was
    /// read. Whoever is to be told that one is late is owed it by the same write.
    pub async fn claim_rounds(
        &self,
        mut rounds: Vec<Stored<OutboxItem>>,
        now: Timestamp,
    ) -> Result<ClaimedRounds, TableError> {
        while !rounds.is_empty() {
            let mut claimed = ClaimedRounds::default();
            let mut writes = Vec::with_capacity(rounds.len());
            // Whose each write is.
            let mut whose = Vec::with_capacity(rounds.len());
            for (number, round) in rounds.iter().enumerate() {
                let (item, report) = round.value.claim(now);
                writes.push(Write::Put(item.item()?, Expect::Version(round.version)));
                whose.push(number);
                if let Some(report) = &report {
                    writes.push(Write::Put(report.item()?, Expect::Absent));
                    whose.push(number);
                }
                claimed.rounds.push(item);
                claimed.told.extend(report);
            }
            match self.table.write(writes).await {
                Ok(()) => return Ok(claimed),
                Err(TableError::Conflict { position }) => {
                    // Somebody else has it.
                    rounds.remove(whose.get(position).copied().unwrap_or_default());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(ClaimedRounds::default())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    #[test]
    fn a_round_is_late_a_little_after_its_time_and_that_is_told_once_a_day() {
        let minutes = SignedDuration::from_mins;
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let org = OrganizationId::mint(&SystemEntropy);
        for (interval, late) in [(1_440, 1_584), (240, 270), (60, 90), (5, 35)] {
            let round = OutboxItem::round(&SystemEntropy, org, now, (now, minutes(interval)), now);
            assert!(!round.is_late(now + minutes(late - 1)), "{interval}");
            assert!(round.is_late(now + minutes(late)), "{interval}");
            let (early, nothing) = round.claim(now + minutes(late - 1));
            assert_eq!((nothing, early.late), (None, round.late));

            let first = now + minutes(late);
            let (claimed, report) = round.claim(first);
            assert_eq!(report.unwrap().task, Task::ReportLate { since: now });
            assert_eq!(claimed.due_at, first + CLAIM);
            assert!(claimed.is_late(first), "until it ends");
            assert_eq!(claimed.claim(first + minutes(1_439)).1, None);
            assert!(claimed.claim(first + minutes(1_440)).1.is_some(), "a day later");
        }
    }
}
