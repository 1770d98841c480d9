//! Lists of users and groups, page by page, over the index.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::OrganizationId;
use jiff::Timestamp;

use crate::queries::From;
use crate::schema::{IndexKey, Key, SHARDS};
use crate::{Position, Provisioned, Store, TableError};

/// How many partitions are read at once.
const AT_ONCE: usize = 8;
/// How many users one batch reads.
const BATCH: usize = 50;
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
        let mut places = self.places(&users(org), order, from, most.saturating_add(1)).await?;
        let more = places.len() > most;
        places.truncate(most);
        let (mut items, mut bytes) = (Vec::new(), 0);
        let end = places.last().map(|place| place.at.clone());
        for batch in places.chunks(BATCH) {
            let ids = batch.iter().filter_map(|place| place.key.user_id(org));
            let read = self.all_provisioned(org, &ids.collect::<Vec<_>>(), now).await?;
            bytes += read.iter().map(Provisioned::size).sum::<usize>();
            items.extend(read);
            let last = batch.last().map(|place| place.at.clone());
            if bytes >= PAGE_BYTES && last != end {
                return Ok(Page { items, next: last });
            }
        }
        Ok(Page { items, next: end.filter(|_| more) })
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

    /// The keys of groups from a place on, each with its place; one more than `most` where there
    /// are more.
    pub(crate) async fn group_places(
        &self,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
    ) -> Result<(Vec<Key>, Option<Position>), TableError> {
        let mut places = self.places(&groups(org), order, from, most.saturating_add(1)).await?;
        let more = places.len() > most;
        places.truncate(most);
        let next = places.last().map(|place| place.at.clone()).filter(|_| more);
        Ok((places.into_iter().map(|place| place.key).collect(), next))
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
        let after = from.map_or("", |from| &from.after);
        let descending = order == Order::Descending;
        let start = match (after.is_empty(), descending) {
            (true, false) => From::Start,
            (false, false) => From::After(after),
            (true, true) => From::End,
            (false, true) => From::Before(after),
        };
        let walks = (0..SHARDS).map(|shard| async move {
            let pk = partition(shard);
            self.table.walk(&pk, start, most).await
        });
        let walks = stream::iter(walks).buffered(AT_ONCE);
        let mut walked =
            walks.try_collect::<Vec<_>>().await?.into_iter().flatten().collect::<Vec<_>>();
        walked.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
        if descending {
            walked.reverse();
        }
        walked.truncate(most);
        let place = |(key, after)| Place { key, at: Position { shard: None, after } };
        Ok(walked.into_iter().map(place).collect())
    }

    async fn skip(
        &self,
        partition: &(impl Fn(u8) -> String + Sync),
        order: Order,
        from: Option<&Position>,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        if order != Order::Stored {
            let places = self.sorted_places(partition, order, from, many).await?;
            let last = places.into_iter().nth(many.saturating_sub(1));
            return Ok(if many == 0 { from.cloned() } else { last.map(|place| place.at) });
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

fn users(org: OrganizationId) -> impl Fn(u8) -> String + Sync {
    move |shard| IndexKey::users_shard(org, shard)
}

fn groups(org: OrganizationId) -> impl Fn(u8) -> String + Sync {
    move |shard| IndexKey::groups_shard(org, shard)
}
