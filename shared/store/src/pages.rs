//! Lists of users and groups, page by page, over the index.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::OrganizationId;
use jiff::Timestamp;

use crate::queries::From;
use crate::schema::{IndexKey, Key, SHARDS};
use crate::{Group, Position, Provisioned, Store, Stored, Table, TableError};

/// How many partitions are read at once.
const AT_ONCE: usize = 8;
/// How many users one batch reads, with what is kept beside them.
const BATCH: usize = 50;
/// How many groups one batch reads.
const BATCH_OF_GROUPS: usize = 100;
/// How many keys of each partition are held while a sorted list is passed.
const PASSED_AT_ONCE: usize = 500;
/// About how many bytes of resources a page may hold: an answer of ours may have 6 MB.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the table keeps them: the same at every time, and the cheapest.
    Stored,
    /// By name, the folded forms compared by code point.
    Ascending,
    /// The same from the end.
    Descending,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What it holds: at most as many as asked, fewer where they are large.
    pub items: Vec<T>,
    /// Where the next page begins, if anything may follow.
    pub next: Option<Position>,
    /// Where each of the items is.
    places: Vec<Position>,
    bytes: usize,
}

impl<T> Page<T> {
    /// Nothing, and nothing follows.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), next: None, places: Vec::new(), bytes: 0 }
    }

    /// Where the next page begins for whoever takes only so many of the items.
    pub fn next_after(&self, taken: usize) -> Option<&Position> {
        if taken >= self.items.len() {
            return self.next.as_ref();
        }
        self.behind(taken)
    }

    /// Where whoever took so many of the items goes on, whether anything follows yet or not.
    pub fn behind(&self, taken: usize) -> Option<&Position> {
        self.places.get(taken.checked_sub(1)?)
    }

    /// What it holds, each item with its place, and where the next page begins.
    pub fn placed(self) -> (impl Iterator<Item = (T, Position)>, Option<Position>) {
        (self.items.into_iter().zip(self.places), self.next)
    }

    /// Adds what was found of some candidates, in their order, and says whether it is full: then
    /// the next page begins behind the last item. One item always fits.
    fn fill(
        &mut self,
        candidates: &[Place],
        found: Vec<T>,
        key: impl Fn(&T) -> Key,
        size: impl Fn(&T) -> usize,
    ) -> bool {
        let mut found = found.into_iter().peekable();
        for place in candidates {
            // Who is gone is none, though the index may name them still.
            let Some(item) = found.next_if(|item| key(item) == place.key) else { continue };
            self.bytes += size(&item);
            if self.bytes > PAGE_BYTES && !self.items.is_empty() {
                self.next = self.places.last().cloned();
                return true;
            }
            self.items.push(item);
            self.places.push(place.at.clone());
        }
        false
    }
}

/// A candidate of the index.
struct Place {
    key: Key,
    at: Position,
}

impl Store {
    /// At most `most` users of an organization from a place on. A page stays what it was while
    /// others are added or deleted before it.
    pub async fn list_users(
        &self,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<Page<Provisioned>, TableError> {
        let (places, next) = self.some_places(&users(org), order, from, most).await?;
        let mut page = Page::empty();
        for batch in places.chunks(BATCH) {
            let ids = batch.iter().filter_map(|place| place.key.user_id(org));
            let read = self.all_provisioned(org, &ids.collect::<Vec<_>>(), now).await?;
            let key = |user: &Provisioned| Key::user(org, user.user.value.id);
            if page.fill(batch, read, key, Provisioned::size) {
                return Ok(page);
            }
        }
        page.next = next;
        Ok(page)
    }

    /// The place behind the next `many` users, or [`None`] when there are fewer. Costs the keys that
    /// are passed, some ten thousand in one read.
    pub async fn skip_users(
        &self,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        self.skip(&users(org), order, from, many).await
    }

    /// At most `most` groups of an organization from a place on, without their members.
    pub async fn list_groups(
        &self,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<Page<Stored<Group>>, TableError> {
        let (places, next) = self.some_places(&groups(org), order, from, most).await?;
        let mut page = Page::empty();
        for batch in places.chunks(BATCH_OF_GROUPS) {
            let keys = batch.iter().map(|place| place.key.clone()).collect();
            let read = self.groups_at(keys, now).await?;
            let key = |group: &Stored<Group>| Key::group(org, group.value.id);
            if page.fill(batch, read, key, |group| group.value.size()) {
                return Ok(page);
            }
        }
        page.next = next;
        Ok(page)
    }

    /// The place behind the next `many` groups, or [`None`] when there are fewer.
    pub async fn skip_groups(
        &self,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        self.skip(&groups(org), order, from, many).await
    }

    /// At most `most` candidates from a place on, and where the next one is if there are more.
    async fn some_places(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        most: usize,
    ) -> Result<(Vec<Place>, Option<Position>), TableError> {
        let mut places = self.places(partition, order, from, most.saturating_add(1)).await?;
        let more = places.len() > most;
        places.truncate(most);
        let next = places.last().map(|place| place.at.clone()).filter(|_| more);
        Ok((places, next))
    }

    async fn places(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        most: usize,
    ) -> Result<Vec<Place>, TableError> {
        match order {
            Order::Stored => self.stored_places(partition, from, most).await,
            Order::Ascending | Order::Descending => {
                self.sorted_places(partition, order, from, most).await
            }
        }
    }

    /// One partition after another: the first alone, since it mostly suffices, the rest together.
    async fn stored_places(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        from: Option<&Position>,
        most: usize,
    ) -> Result<Vec<Place>, TableError> {
        let first = from.and_then(|from| from.shard).unwrap_or_default();
        let after = from.map_or("", |from| &from.after);
        let start = if after.is_empty() { From::Start } else { From::After(after) };
        let mut places = self.shard_places(partition, first, start, most).await?;
        let left = most.saturating_sub(places.len());
        if left == 0 {
            return Ok(places);
        }
        let rest =
            (first + 1..SHARDS).map(|shard| self.shard_places(partition, shard, From::Start, left));
        let mut rest = stream::iter(rest).buffered(AT_ONCE);
        while let Some(some) = rest.try_next().await? {
            places.extend(some);
            if places.len() >= most {
                break;
            }
        }
        places.truncate(most);
        Ok(places)
    }

    async fn shard_places(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        shard: u8,
        from: From<'_>,
        most: usize,
    ) -> Result<Vec<Place>, TableError> {
        let walked = self.table.walk(&partition(shard), from, most).await?;
        let place = |(key, after)| Place { key, at: Position { shard: Some(shard), after } };
        Ok(walked.into_iter().map(place).collect())
    }

    /// All partitions at once, merged.
    async fn sorted_places(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        most: usize,
    ) -> Result<Vec<Place>, TableError> {
        let start = start_of(order, from.map_or("", |from| &from.after));
        let walks = (0..SHARDS).map(|shard| async move {
            let pk = partition(shard);
            self.table.walk(&pk, start, most).await
        });
        let walks = stream::iter(walks).buffered(AT_ONCE);
        let mut walked =
            walks.try_collect::<Vec<_>>().await?.into_iter().flatten().collect::<Vec<_>>();
        walked.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
        if order == Order::Descending {
            walked.reverse();
        }
        walked.truncate(most);
        let place = |(key, after)| Place { key, at: Position { shard: None, after } };
        Ok(walked.into_iter().map(place).collect())
    }

    /// The same in an order across all partitions: they are passed together, a part of each in memory.
    async fn skip_sorted(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        let after = from.map_or("", |from| &from.after);
        let runs = (0..SHARDS).map(|shard| async move {
            let (pk, read) = (partition(shard), after.to_owned());
            let mut run = Run { pk, buffer: Vec::new(), read, more: true };
            run.fill(&self.table, order).await?;
            Ok(run)
        });
        let mut runs: Vec<Run> = stream::iter(runs).buffered(AT_ONCE).try_collect().await?;
        let mut at = from.cloned();
        for _ in 0..many {
            let heads = runs.iter_mut().filter(|run| !run.buffer.is_empty());
            let next = match order {
                Order::Descending => {
                    heads.max_by(|one, other| one.buffer.last().cmp(&other.buffer.last()))
                }
                Order::Stored | Order::Ascending => {
                    heads.min_by(|one, other| one.buffer.last().cmp(&other.buffer.last()))
                }
            };
            let Some(run) = next else { return Ok(None) };
            let after = run.buffer.pop().unwrap_or_default();
            run.fill(&self.table, order).await?;
            at = Some(Position { shard: None, after });
        }
        Ok(at)
    }

    async fn skip(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        if order != Order::Stored {
            return self.skip_sorted(partition, order, from, many).await;
        }
        let mut left = many;
        let mut at = from.cloned();
        let first = from.and_then(|from| from.shard).unwrap_or_default();
        for shard in first..SHARDS {
            let after = at.as_ref().map_or("", |at| &at.after);
            let start = if after.is_empty() { From::Start } else { From::After(after) };
            let length = self.table.length(&partition(shard), start).await?;
            if left == 0 {
                return Ok(Some(at.unwrap_or(Position { shard: Some(0), after: String::new() })));
            }
            if left <= length {
                let places = self.shard_places(partition, shard, start, left).await?;
                return Ok(places.into_iter().next_back().map(|place| place.at));
            }
            left -= length;
            at = Some(Position { shard: Some(shard + 1), after: String::new() });
        }
        Ok(None)
    }
}

/// A partition that is passed in order, a part of it at a time.
struct Run {
    pk: String,
    /// The next keys, the first one last.
    buffer: Vec<String>,
    /// The last key that was read, and whether there may be more behind it.
    read: String,
    more: bool,
}

impl Run {
    /// Reads on, if nothing is left of what was read.
    async fn fill(&mut self, table: &Table, order: Order) -> Result<(), TableError> {
        if !self.buffer.is_empty() || !self.more {
            return Ok(());
        }
        let start = start_of(order, &self.read);
        let walked = table.walk(&self.pk, start, PASSED_AT_ONCE).await?;
        self.more = walked.len() >= PASSED_AT_ONCE;
        self.buffer = walked.into_iter().map(|(_, after)| after).collect();
        if let Some(last) = self.buffer.last() {
            self.read.clone_from(last);
        }
        self.buffer.reverse();
        Ok(())
    }
}

/// Where a walk in an order begins, behind a key or at the very beginning.
const fn start_of(order: Order, after: &str) -> From<'_> {
    match (after.is_empty(), order) {
        (true, Order::Descending) => From::End,
        (false, Order::Descending) => From::Before(after),
        (true, Order::Stored | Order::Ascending) => From::Start,
        (false, Order::Stored | Order::Ascending) => From::After(after),
    }
}

fn users(org: OrganizationId) -> impl Fn(u8) -> String + Sync {
    move |shard| IndexKey::users_shard(org, shard)
}

fn groups(org: OrganizationId) -> impl Fn(u8) -> String + Sync {
    move |shard| IndexKey::groups_shard(org, shard)
}
