//! Changes of members that are too many for one transaction: stored aside in chunks, decided by one
//! write to the group, and seen by every reader from then on. How they are carried out is in `folds`.

use std::collections::BTreeSet;

use ambient::Entropy;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use identity::{ChangeId, GroupId, OrganizationId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::memberships::{MemberChange, Membership};
use crate::schema::Key;
use crate::table::{Expect, Write, number};
use crate::write::Clause;
use crate::{Group, ProvisionError, Store, TableError};

/// How many users one chunk is about, on average.
const CHUNK: usize = 1_000;
/// How many chunks one transaction stores: less than 1 MB.
const CHUNKS_AT_ONCE: usize = 40;
/// How long a chunk is kept that nobody decided about, in seconds. Whatever waits longer than its
/// first fold lasts stays until it is carried out.
const KEPT_SECONDS: i64 = 30 * 86_400;

/// A change that is decided, and how far it was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folding {
    pub(crate) change: ChangeId,
    /// How many chunks it has.
    pub(crate) chunks: usize,
    /// How many of them, from the first one on, are carried out.
    pub(crate) applied: usize,
}

/// Users who join and users who leave, 16 bytes each.
#[derive(Serialize, Deserialize)]
pub(crate) struct Chunk {
    joining: String,
    leaving: String,
}

impl Folding {
    /// How many changes of one group may wait.
    pub(crate) const MOST: usize = 20;

    pub(crate) fn value(&self) -> Result<AttributeValue, TableError> {
        serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(self)
            .map_err(|error| TableError::Shape(error.into()))
    }

    fn keys(&self, org: OrganizationId, group: GroupId) -> impl Iterator<Item = Key> {
        (self.applied..self.chunks).map(move |number| Key::chunk(org, group, self.change, number))
    }

    /// The chunk that would say what becomes of somebody, unless it is carried out.
    fn key_of(&self, org: OrganizationId, group: GroupId, user: UserId) -> Option<Key> {
        let number = chunk_of(user, self.chunks);
        (number >= self.applied).then(|| Key::chunk(org, group, self.change, number))
    }

    /// That this change is the one whose turn it is, and that it got so far.
    pub(crate) fn is_next(&self) -> Clause {
        Clause::new("#v.folding[0].change = :change AND #v.folding[0].applied = :applied")
            .with(":change", AttributeValue::S(self.change.to_string()))
            .with(":applied", number(self.applied))
    }
}

impl Chunk {
    fn pack(members: &[(UserId, Membership)]) -> Self {
        let pack = |which| {
            let some = members.iter().filter(|(_, membership)| *membership == which);
            let bytes = some.flat_map(|(user, _)| *user.uuid().as_bytes()).collect::<Vec<_>>();
            STANDARD_NO_PAD.encode(bytes)
        };
        Self { joining: pack(Membership::Begins), leaving: pack(Membership::Ends) }
    }

    pub(crate) fn unpack(&self) -> Result<Vec<(UserId, Membership)>, TableError> {
        let mut members = Vec::new();
        for (packed, membership) in
            [(&self.joining, Membership::Begins), (&self.leaving, Membership::Ends)]
        {
            let bytes = STANDARD_NO_PAD.decode(packed);
            let bytes = bytes.map_err(|error| TableError::Shape(error.into()))?;
            let users = bytes.as_chunks().0.iter().map(|bytes| UserId::from_bytes(*bytes));
            members.extend(users.map(|user| (user, membership)));
        }
        Ok(members)
    }
}

impl Store {
    /// Stores a change aside, where nobody sees it yet.
    pub(crate) async fn stage(
        &self,
        org: OrganizationId,
        group: GroupId,
        members: &MemberChange,
        at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Folding, ProvisionError> {
        let strangers = self.strangers(org, &members.joining()).await?;
        if let Some(stranger) = strangers.first() {
            return Err(ProvisionError::NoUser(*stranger));
        }
        let change = ChangeId::mint(entropy);
        let end = at.as_second() + KEPT_SECONDS;
        let mut chunks = vec![Vec::new(); members.len().div_ceil(CHUNK)];
        for (user, membership) in members.iter() {
            let number = chunk_of(user, chunks.len());
            chunks.get_mut(number).into_iter().for_each(|chunk| chunk.push((user, membership)));
        }
        let mut puts = Vec::new();
        for (number, some) in chunks.iter().enumerate() {
            let item = Item::new(Key::chunk(org, group, change, number), &Chunk::pack(some))?;
            puts.push(Write::Put(item.until(end), Expect::Absent));
        }
        let folding = Folding { change, chunks: puts.len(), applied: 0 };
        for some in puts.chunks(CHUNKS_AT_ONCE) {
            self.table.write(some.to_vec()).await?;
        }
        Ok(folding)
    }

    /// Takes chunks away whose change was refused. Where that is not sure they stay: the change may
    /// have been decided and only the answer lost. What is left then, or what fails here, ends by
    /// itself.
    pub(crate) async fn unstage(
        &self,
        org: OrganizationId,
        group: GroupId,
        change: &Folding,
        refused: &ProvisionError,
    ) {
        if let ProvisionError::Table(TableError::Unavailable(_)) = refused {
            return;
        }
        let _ = self.remove_chunks(org, group, change).await;
    }

    pub(crate) async fn remove_chunks(
        &self,
        org: OrganizationId,
        group: GroupId,
        change: &Folding,
    ) -> Result<(), TableError> {
        let removals = change.keys(org, group).map(Write::Remove).collect::<Vec<_>>();
        for some in removals.chunks(CHUNKS_AT_ONCE) {
            self.table.write(some.to_vec()).await?;
        }
        Ok(())
    }

    /// Lets what waits stay until it is carried out, however long that takes.
    pub(crate) async fn keep_chunks(
        &self,
        org: OrganizationId,
        group: &Group,
    ) -> Result<(), TableError> {
        let keep = |key| {
            let there = Clause::new("attribute_exists(pk)");
            Write::Update(key, Clause::new("REMOVE expires_at"), there)
        };
        let keys = group.folding.iter().flat_map(|change| change.keys(org, group.id));
        let kept = keys.map(keep).collect::<Vec<_>>();
        for some in kept.chunks(CHUNKS_AT_ONCE) {
            self.table.write(some.to_vec()).await?;
        }
        Ok(())
    }

    /// What waits to be carried out, in its order; [`None`] when some of it was carried out since
    /// the group was read. `before` is what waited when that was last asked.
    pub(crate) async fn staged(
        &self,
        org: OrganizationId,
        group: &Group,
        before: &mut Vec<Folding>,
        now: Timestamp,
    ) -> Result<Option<Vec<(UserId, Membership)>>, TableError> {
        let keys = group.folding.iter().flat_map(|change| change.keys(org, group.id));
        self.staged_at(keys.collect(), group, before, now).await
    }

    /// The same about some users: one chunk of each change is read for each of them.
    pub(crate) async fn staged_of(
        &self,
        org: OrganizationId,
        group: &Group,
        users: &[UserId],
        before: &mut Vec<Folding>,
        now: Timestamp,
    ) -> Result<Option<Vec<(UserId, Membership)>>, TableError> {
        let mut keys = Vec::new();
        for change in &group.folding {
            let of_each = users.iter().filter_map(|user| change.key_of(org, group.id, *user));
            let of_each = of_each.collect::<BTreeSet<_>>();
            keys.extend(of_each);
        }
        let staged = self.staged_at(keys, group, before, now).await?;
        let about = |(about, _): &(UserId, Membership)| users.contains(about);
        Ok(staged.map(|staged| staged.into_iter().filter(about).collect()))
    }

    async fn staged_at(
        &self,
        keys: Vec<Key>,
        group: &Group,
        before: &mut Vec<Folding>,
        now: Timestamp,
    ) -> Result<Option<Vec<(UserId, Membership)>>, TableError> {
        if keys.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut found = self.table.get_all(keys.clone()).await?;
        let mut members = Vec::new();
        for key in &keys {
            match found.take::<Chunk>(key, now)? {
                Some(chunk) => members.extend(chunk.value.unpack()?),
                None if *before == group.folding => return Err(lost()),
                None => {
                    before.clone_from(&group.folding);
                    return Ok(None);
                }
            }
        }
        Ok(Some(members))
    }
}

/// Which of so many chunks is about somebody: ids are random, so that all are about as large, and
/// whoever asks about one user reads one of them.
fn chunk_of(user: UserId, chunks: usize) -> usize {
    let hash = user.uuid().as_u128() % u128::try_from(chunks.max(1)).unwrap_or(1);
    usize::try_from(hash).unwrap_or_default()
}

pub(crate) fn lost() -> TableError {
    TableError::Shape("a part of a staged change is lost".into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    #[test]
    fn a_chunk_unpacks_to_what_was_packed_and_a_full_one_is_small() {
        let mint = |number: usize| {
            let membership =
                if number.is_multiple_of(3) { Membership::Ends } else { Membership::Begins };
            (UserId::mint(&SystemEntropy), membership)
        };
        let mut members = (0..CHUNK).map(mint).collect::<Vec<_>>();

        let chunk = Chunk::pack(&members);
        let mut unpacked = chunk.unpack().unwrap();

        members.sort_by_key(|(user, _)| *user);
        unpacked.sort_by_key(|(user, _)| *user);
        assert_eq!(unpacked, members);
        assert!(chunk.joining.len() + chunk.leaving.len() < 22_000);
    }
}
