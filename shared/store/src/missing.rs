//! The search for whoever is missing in the tenant: it asks for each user by their object id, notes who
//! is not there, and takes their access, or waits until somebody decides.
//!
//! An organization has one search: the one that its latest round of everybody began.

use identity::{OrganizationId, SearchId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connections::works_with;
use crate::imports::{Changing, changing};
use crate::item::Item;
use crate::notices::marks;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{
    AuditEntry, Import, ImportError, OutboxItem, Position, Store, Stored, TableError, Version,
};

/// How long a list is kept, and somebody may decide about it: as long as the audit.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How long after a search those are asked for again of whom it could not be said.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A search for whoever is missing in the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingSearch {
    /// Names it, and its list.
    pub id: SearchId,
    /// The tenant that is asked.
    pub tenant: Uuid,
    /// When it began.
    pub began_at: Timestamp,
    /// When the reading began that it follows. Whoever came here, or was linked by their name, since may be
    /// the reading's own, and says nothing about whether the tenant is ours.
    pub read_since: Timestamp,
    /// How many users were found there, of those who were here, as that account, before.
    pub found: u64,
    /// How many were found who came here, or were linked by their name, since.
    pub new: u64,
    /// How many were not.
    pub missing: u64,
    /// Of how many it could not be said.
    pub unknown: u64,
    /// How many pages the list has.
    pub pages: u64,
    /// Of how many on the list it could not be said when they were to lose access.
    pub left: u64,
    /// Whether somebody has to decide however few are missing: about the list before nobody did, or they
    /// dismissed it.
    pub wary: bool,
    /// How far it has come.
    pub step: MissingStep,
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingStep {
    /// The tenant is asked for everybody, one by one.
    Asking {
        /// Behind which place of our own list; nothing at the beginning.
        behind: Option<Position>,
        /// How often the tenant was asked for the users behind it in vain.
        tries: u32,
    },
    /// More are missing than may lose access unasked: nobody does until somebody decides.
    Held {
        /// Since when.
        since: Timestamp,
    },
    /// Those who are missing lose access, a page of the list at a time.
    Taking {
        /// How many pages are done.
        page: u64,
        /// How often the tenant was asked for the users of the next one in vain.
        tries: u32,
        /// First instant at which anybody does.
        not_before: Timestamp,
        /// Whether somebody decided so.
        approved: bool,
    },
    /// It is over.
    Over {
        /// Since when.
        at: Timestamp,
        /// How it ended.
        end: MissingEnd,
    },
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingEnd {
    /// Nobody is missing.
    Nobody,
    /// Nobody is missing of whom it could be said, and of some it could not.
    Unknown,
    /// Whoever was missing lost access.
    Taken,
    /// Somebody decided that they keep it.
    Dismissed,
    /// The tenant was let go meanwhile, or its consent is gone.
    Stopped,
}

impl MissingSearch {
    /// One that begins.
    pub const fn begin(id: SearchId, tenant: Uuid, read_since: Timestamp, now: Timestamp) -> Self {
        Self {
            id,
            tenant,
            began_at: now,
            read_since,
            found: 0,
            new: 0,
            missing: 0,
            unknown: 0,
            pages: 0,
            left: 0,
            wary: false,
            step: MissingStep::Asking { behind: None, tries: 0 },
        }
    }

    /// The same in the place of another one: whom somebody had to decide about loses nothing by a search
    /// that finds fewer, or more beside them.
    #[must_use]
    pub fn after(self, before: Option<&Self>) -> Self {
        let wary = before.is_some_and(|before| match before.step {
            MissingStep::Held { .. } | MissingStep::Taking { approved: true, .. } => true,
            MissingStep::Asking { .. } | MissingStep::Taking { approved: false, .. } => before.wary,
            MissingStep::Over { end, .. } => match end {
                MissingEnd::Dismissed => true,
                MissingEnd::Stopped | MissingEnd::Unknown => before.wary,
                MissingEnd::Nobody | MissingEnd::Taken => false,
            },
        });
        // Whoever came with a reading that nobody judged is no sign either that the tenant is ours.
        let unjudged = before.filter(|before| {
            let stopped = matches!(
                before.step,
                MissingStep::Over { end: MissingEnd::Stopped | MissingEnd::Unknown, .. }
            );
            let asking = matches!(before.step, MissingStep::Asking { .. });
            before.tenant == self.tenant && (asking || stopped)
        });
        let read_since = unjudged.map_or(self.read_since, |it| it.read_since.min(self.read_since));
        Self { wary, read_since, ..self }
    }

    /// Whether another one is due, though nobody was read anew: it was stopped, nobody decided for as long
    /// as its list was kept, or of some it could not be said, a day ago. Whoever dismissed a list is asked
    /// after the next reading of everybody.
    pub fn is_due_again(&self, now: Timestamp) -> bool {
        match self.step {
            MissingStep::Asking { .. } | MissingStep::Taking { .. } => false,
            MissingStep::Held { .. } => self.held_since(now).is_none(),
            MissingStep::Over { end: MissingEnd::Stopped, .. } => true,
            MissingStep::Over { end: MissingEnd::Dismissed, .. } => false,
            MissingStep::Over { at, .. } => {
                self.unknown + self.left > 0 && now.duration_since(at) >= AGAIN_AFTER
            }
        }
    }

    /// Whether another one is due for somebody who is missing since then: it is over, and began before.
    /// One that goes on is first seen to its end, and one that is held decided about.
    pub fn is_before(&self, missing_since: Timestamp) -> bool {
        matches!(self.step, MissingStep::Over { .. }) && self.began_at < missing_since
    }

    /// Whether it says that a tenant is the one whose accounts our users are: few were missing, or somebody
    /// decided about them.
    pub fn vouches_for(&self, tenant: Uuid) -> bool {
        let ends = [MissingEnd::Nobody, MissingEnd::Taken];
        let is_judged = matches!(&self.step, MissingStep::Over { end, .. } if ends.contains(end));
        is_judged && self.tenant == tenant
    }

    /// The same at another step.
    #[must_use]
    pub fn at(&self, step: MissingStep) -> Self {
        Self { step, ..self.clone() }
    }

    /// Whether its task has something to do.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.step, MissingStep::Asking { .. } | MissingStep::Taking { .. })
    }

    /// Since when somebody has to decide, if that is so.
    pub fn held_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self.step {
            MissingStep::Held { since } if now < self.kept_until() => Some(since),
            _ => None,
        }
    }

    /// How many users the tenant was asked for.
    pub const fn asked(&self) -> u64 {
        self.found + self.new + self.missing + self.unknown
    }

    /// First instant at which the list is kept no more.
    fn kept_until(&self) -> Timestamp {
        self.began_at.checked_add(KEPT).unwrap_or(self.began_at)
    }
}

impl Store {
    /// The latest search of an organization, once there was one.
    pub async fn missing_search(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<MissingSearch>>, TableError> {
        self.table.get(Key::missing(org), now).await
    }

    /// Keeps that a round which told of everybody is over, and begins a search with what carries it out:
    /// all or nothing. The search of version `replaced`, 0 for none, is over with it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when somebody else reads the same directory, at position 1
    /// when the search before went on.
    pub async fn end_whole_round(
        &self,
        org: OrganizationId,
        (before, import): (Version, &Import),
        (replaced, search): (Version, &MissingSearch),
        item: &OutboxItem,
    ) -> Result<Stored<Import>, TableError> {
        let writes = vec![
            Write::Put(Item::new(Key::import(org), import)?, Expect::read(before)),
            Write::Put(Item::new(Key::missing(org), search)?, Expect::read(replaced)),
            Write::Put(item.item()?, Expect::Absent),
        ];
        self.table.write(writes).await?;
        Ok(Stored { value: import.clone(), version: before + 1 })
    }

    /// Begins a search in the place of the one of version `replaced`, 0 for none, with what carries it out:
    /// both or neither.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the search before went on.
    pub async fn begin_missing_search(
        &self,
        org: OrganizationId,
        (replaced, search): (Version, &MissingSearch),
        item: &OutboxItem,
    ) -> Result<(), TableError> {
        let writes = vec![
            Write::Put(Item::new(Key::missing(org), search)?, Expect::read(replaced)),
            Write::Put(item.item()?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Keeps how far a search has come, with the users whom it misses since, who are a page of the list,
    /// with what the audit says of it, and with what must happen next: all or nothing.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else went on with it, or another one began.
    pub async fn keep_missing_search(
        &self,
        org: OrganizationId,
        before: &Stored<MissingSearch>,
        mut search: MissingSearch,
        missed: &[UserId],
        follows: Option<(&AuditEntry, Option<&OutboxItem>)>,
    ) -> Result<Stored<MissingSearch>, TableError> {
        let mut writes = Vec::new();
        if !missed.is_empty() {
            let key = Key::missed(org, search.id, search.pages);
            let page = Item::new(key, &missed)?.until(search.kept_until().as_second());
            writes.push(Write::Put(page, Expect::Absent));
            search.pages += 1;
        }
        let item = Item::new(Key::missing(org), &search)?;
        writes.insert(0, Write::Put(item, Expect::Version(before.version)));
        if let Some((audit, next)) = follows {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
            if let Some(next) = next {
                writes.push(Write::Put(next.item()?, Expect::Absent));
            }
        }
        self.table.write(writes).await?;
        Ok(Stored { value: search, version: before.version + 1 })
    }

    /// Takes the access of somebody whom the tenant of a search does not have. What it said may be old by
    /// now: the account is read once more.
    ///
    /// # Errors
    ///
    /// [`ImportError::Stale`] when user or search are not as they were read, or the organization is
    /// connected to that tenant no more.
    pub async fn take_missing(
        &self,
        org: OrganizationId,
        search: &Stored<MissingSearch>,
        (before, user): (&Stored<User>, &User),
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, ImportError> {
        let Changing { mut writes, mut follows, .. } = changing(org, before, user, audit)?;
        writes.push(Write::Check(Key::missing(org), search.version));
        writes.push(Write::CheckThat(Key::connection(org), works_with(search.value.tenant)));
        let again = OutboxItem::pushed(org, audit.at);
        writes.push(Write::Put(again.item()?, Expect::Anything));
        follows.push(again);
        writes.extend(marks(org, &before.value.object_id.into_iter().collect(), audit.at)?);
        self.table.write(writes).await.map(|()| follows).map_err(|error| match error {
            TableError::Conflict { .. } => ImportError::Stale,
            other => ImportError::Table(other),
        })
    }

    /// Pages of a search's list, at most a hundred, in their order.
    pub async fn missed(
        &self,
        org: OrganizationId,
        search: SearchId,
        pages: std::ops::Range<u64>,
        now: Timestamp,
    ) -> Result<Vec<Vec<UserId>>, TableError> {
        let key = |number| Key::missed(org, search, number);
        let mut found = self.table.get_many(pages.clone().map(key).collect()).await?;
        let mut read = Vec::new();
        for number in pages {
            let page: Option<Stored<Vec<UserId>>> = found.take(&key(number), now)?;
            read.push(page.map(|page| page.value).unwrap_or_default());
        }
        Ok(read)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn search(step: MissingStep, wary: bool, unknown: u64) -> MissingSearch {
        let (id, began) = (SearchId::from_uuid(Uuid::nil()), at("2026-03-02T09:00:00Z"));
        let search = MissingSearch::begin(id, Uuid::nil(), began, began);
        MissingSearch { step, wary, unknown, ..search }
    }

    #[test]
    fn what_somebody_had_to_decide_about_is_taken_by_no_later_search_and_what_is_unknown_comes_again()
     {
        let noon = at("2026-03-02T12:00:00Z");
        let over = |end| MissingStep::Over { at: noon, end };
        let taking =
            |approved| MissingStep::Taking { page: 0, tries: 0, not_before: noon, approved };
        let asking = || MissingStep::Asking { behind: None, tries: 0 };
        let cases = [
            // step, wary before, wary afterwards, due again at once
            (asking(), false, false, false),
            (asking(), true, true, false),
            (taking(false), false, false, false),
            (taking(true), false, true, false),
            (MissingStep::Held { since: noon }, false, true, false),
            (over(MissingEnd::Dismissed), false, true, false),
            (over(MissingEnd::Stopped), true, true, true),
            (over(MissingEnd::Stopped), false, false, true),
            (over(MissingEnd::Unknown), true, true, false),
            (over(MissingEnd::Taken), true, false, false),
            (over(MissingEnd::Nobody), true, false, false),
        ];
        let day = at("2026-03-03T12:00:00Z");
        for (step, wary, afterwards, due) in cases {
            let before = search(step.clone(), wary, 0);
            let after = search(asking(), false, 0).after(Some(&before));
            assert_eq!(after.wary, afterwards, "{before:?}");
            assert_eq!(before.is_due_again(noon), due, "{before:?}");
            let unknown = search(step, wary, 1);
            // Whoever dismissed the list decided about those too.
            let comes_again = match unknown.step {
                MissingStep::Over { end, .. } => end != MissingEnd::Dismissed,
                _ => false,
            };
            assert_eq!(unknown.is_due_again(day), comes_again, "{unknown:?}");
        }
        assert!(!search(asking(), true, 0).after(None).wary);
    }

    #[test]
    fn for_whoever_is_missing_since_then_another_search_is_due_once_the_one_before_is_over() {
        let (began, later) = (at("2026-03-02T09:00:00Z"), at("2026-03-02T09:00:01Z"));
        let over = |end| MissingStep::Over { at: later, end };
        let taking = MissingStep::Taking { page: 0, tries: 0, not_before: later, approved: false };
        let cases = [
            // step, due, whether the tenant is known to be ours by it
            (MissingStep::Asking { behind: None, tries: 0 }, false, false),
            (taking, false, false),
            (MissingStep::Held { since: later }, false, false),
            (over(MissingEnd::Nobody), true, true),
            (over(MissingEnd::Taken), true, true),
            (over(MissingEnd::Dismissed), true, false),
            (over(MissingEnd::Stopped), true, false),
            (over(MissingEnd::Unknown), true, false),
        ];
        for (step, due, vouches) in cases {
            let search = search(step, false, 0);
            assert_eq!(search.is_before(later), due, "{search:?}");
            assert!(!search.is_before(began), "it asked for them too: {search:?}");
            assert_eq!(search.vouches_for(Uuid::nil()), vouches, "{search:?}");
            assert!(!search.vouches_for(Uuid::max()), "another tenant: {search:?}");
        }
    }
}
