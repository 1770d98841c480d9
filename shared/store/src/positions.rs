//! Places in a list: where a page ended, and where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{OrganizationId, ScimKeyId, SecretHash, UserId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item::{Item, or_gone};
use crate::schema::{Key, SHARDS, shard};
use crate::table::{Expect, Write};
use crate::{Store, Stored, TableError};

/// How long a walk through a list may pause, in seconds.
const WALK_SECONDS: i64 = 3600;
/// How many bytes of a query's hash a token carries.
const BOUND: usize = 8;
/// In a token, stands for a place in all partitions at once.
const ALL: u8 = u8::MAX;

/// A place in a list, behind which the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The partition, in the stored order; [`None`] when the list is sorted across all of them.
    pub(crate) shard: Option<u8>,
    /// The sort key; empty before the first one.
    pub(crate) after: String,
}

/// Where a walk through a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// The last one passed.
    pub at: Position,
    /// How many there were in all when the walk began, where counting them anew is costly.
    pub total: Option<u64>,
}

/// A bookmark as the table has it.
#[derive(Serialize, Deserialize)]
struct Marked {
    shard: Option<u8>,
    after: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

impl Position {
    /// The place behind an item of a list that an index named whole, in the order of their ids.
    pub fn behind(id: &str) -> Self {
        Self { shard: None, after: id.to_owned() }
    }

    /// How many of these ids, in their order, are passed at this place.
    pub fn passes<'a>(&self, ids: impl Iterator<Item = &'a str>) -> usize {
        ids.take_while(|id| *id <= self.after.as_str()).count()
    }

    /// The place as a cursor of RFC 9865 §2, good for one query only: whatever decides which
    /// resources are listed, in which order.
    pub fn token(&self, query: &str) -> String {
        let mut bytes = bound(query).into_bytes();
        bytes.push(self.shard.unwrap_or(ALL));
        bytes.extend_from_slice(self.after.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that we handed out for this query.
    pub fn read(token: &str, query: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (bound_to, rest) = bytes.split_at_checked(2 * BOUND)?;
        let (shard, after) = rest.split_first()?;
        let shard = Some(*shard).filter(|shard| *shard != ALL);
        let good = bound_to == bound(query).as_bytes()
            && shard.is_none_or(|shard| shard < SHARDS)
            && after.len() <= 1024;
        let after = String::from_utf8(after.to_vec()).ok()?;
        good.then_some(Self { shard, after })
    }

    /// Names one step of a walk by `startIndex`: whoever asks next for this query from `start` on
    /// goes on where the page before ended.
    pub fn walk(key: ScimKeyId, query: &str, start: u64) -> SecretHash {
        SecretHash::of(&[key.uuid().as_bytes(), query.as_bytes(), &start.to_be_bytes()])
    }
}

fn bound(query: &str) -> String {
    SecretHash::of(&[query.as_bytes()]).as_str().chars().take(2 * BOUND).collect()
}

impl Store {
    /// Remembers for an hour where a walk goes on.
    pub async fn remember_walk(
        &self,
        org: OrganizationId,
        walk: &SecretHash,
        bookmark: &Bookmark,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let Bookmark { at: Position { shard, after }, total } = bookmark.clone();
        let item = Item::new(Key::walk(org, walk), &Marked { shard, after, total })?;
        let item = item.until(now.as_second() + WALK_SECONDS);
        self.table.write(vec![Write::Put(item, Expect::Anything)]).await
    }

    /// A page of what stands in one partition for each shard, by the user whom each is about: at most
    /// `most`, and where the next one begins.
    pub(crate) async fn page_of_shards<T: DeserializeOwned>(
        &self,
        partition: impl Fn(u8) -> String,
        user: impl Fn(&T) -> UserId,
        behind: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<(Vec<T>, Option<Position>), TableError> {
        let mut page: Vec<T> = Vec::new();
        let begin = behind.and_then(|behind| behind.shard).unwrap_or_default();
        let mut after = behind.map(|behind| behind.after.clone()).unwrap_or_default();
        for number in begin..SHARDS {
            // One more says whether there is a next page.
            let wanted = most + 1 - page.len();
            let found: Vec<Stored<T>> =
                self.table.behind(&partition(number), &after, wanted, now).await?;
            page.extend(found.into_iter().map(|stored| stored.value));
            if page.len() > most {
                page.truncate(most);
                let last = page.last().map(|last| {
                    let user = user(last);
                    let shard = Some(shard(user.uuid().as_bytes()));
                    Position { shard, after: user.to_string() }
                });
                return Ok((page, last));
            }
            after = String::new();
        }
        Ok((page, None))
    }

    /// Where a walk goes on.
    pub async fn walk(
        &self,
        org: OrganizationId,
        walk: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Bookmark>, TableError> {
        let marked: Option<Stored<Marked>> =
            or_gone(self.table.get(Key::walk(org, walk), now).await)?;
        Ok(marked.map(|marked| {
            let Marked { shard, after, total } = marked.value;
            Bookmark { at: Position { shard, after }, total }
        }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_for_its_own_query_alone() {
        let places = [
            Position { shard: Some(0), after: String::new() },
            Position { shard: Some(15), after: "ada@contoso.com".to_owned() },
            Position { shard: None, after: "🦊\u{1f}".repeat(9) },
        ];
        for place in places {
            let token = place.token("users");

            assert_eq!(Position::read(&token, "users").unwrap(), place);
            assert_eq!(Position::read(&token, "groups"), None, "{place:?}");
        }
    }

    #[test]
    fn what_we_never_handed_out_is_no_cursor() {
        let place = Position { shard: Some(3), after: "x".repeat(1025) };
        let long = place.token("users");
        let beyond = Position { shard: Some(16), after: String::new() }.token("users");
        for token in ["", "x", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", &long, &beyond] {
            assert_eq!(Position::read(token, "users"), None, "{token}");
        }
    }
}
