//! Looks at everybody of an organization: how far one has come, what it found, and what of it is
//! written to files.

use std::collections::BTreeMap;

use identity::{Obstacle, OrganizationId, PreflightId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, OutboxItem, Position, Store, Stored, TableError};

/// How many users one page of a list names.
pub const FINDINGS_OF_A_PAGE: usize = 50;
/// How many pages one request reads: in one answer of DynamoDB's at their largest.
const PAGES_AT_ONCE: usize = 20;
/// How long findings are kept: long enough to mend something and look again.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a look keeps another one from beginning: longer than one of a million users takes.
const UNDISTURBED: SignedDuration = SignedDuration::from_hours(24);

/// An organization's preflight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The look that is under way, if one is.
    pub look: Option<Look>,
    /// What the latest look found, once one ended.
    pub findings: Option<Findings>,
}

impl Preflight {
    /// What the latest look found, as long as its lists are kept.
    pub fn kept(&self, now: Timestamp) -> Option<&Findings> {
        self.findings.as_ref().filter(|findings| now < findings.kept_until())
    }

    /// What the latest look found, once there are files of it: they are written after its lists.
    pub fn written(&self, now: Timestamp) -> Option<&Findings> {
        self.kept(now).filter(|findings| findings.written)
    }

    /// Whether a look may begin: none is under way, or one that has found what there is, or will not
    /// end any more.
    pub fn may_begin(&self, now: Timestamp) -> bool {
        self.look.as_ref().is_none_or(|look| {
            matches!(look.step, Step::Writing(_)) || now.duration_since(look.began_at) > UNDISTURBED
        })
    }
}

/// A look that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Names it.
    pub id: PreflightId,
    /// When it began.
    pub began_at: Timestamp,
    /// How many users there were to look at then, once they are counted.
    pub expected: Option<u64>,
    /// How many were looked at.
    pub looked_at: u64,
    /// How many users the tenant told of, if it could be asked.
    pub told: Option<u64>,
    /// How many users each obstacle stands before.
    pub counts: BTreeMap<Obstacle, u64>,
    /// How often it began from the beginning again, since its place was lost.
    pub restarts: u32,
    /// What is being done.
    pub step: Step,
}

/// What a look is at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking at users.
    Looking {
        /// Behind which place of the list; nothing at the beginning.
        behind: Option<Position>,
    },
    /// Asking the tenant who it has, and comparing them with our users.
    Asking(Inquiry),
    /// Writing what was found to files.
    Writing(Writing),
}

/// How far asking the tenant has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// Which tenant, once it told of somebody.
    pub tenant: Option<Uuid>,
    /// Where its list goes on, exactly as Graph said; nothing at the beginning.
    pub next: Option<String>,
    /// How often it was asked for this page in vain.
    pub attempts: u32,
}

/// How far the files have come: both hold the same users in the same order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writing {
    /// How many pages are written, those of all lists counted through.
    pub pages: u64,
    /// The table of values.
    pub csv: Upload,
    /// The lines of JSON.
    pub json: Upload,
    /// How often it began from the beginning again, since an upload was gone.
    pub restarts: u32,
}

/// A file that is written in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// What names the upload, where there is more than one part.
    pub id: Option<String>,
    /// The parts, as they were named.
    pub parts: Vec<String>,
    /// Whether the file is there.
    pub is_whole: bool,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The look.
    pub id: PreflightId,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How many users were looked at.
    pub looked_at: u64,
    /// How many users the tenant told of; [`None`] where it was not asked, or not to the end.
    pub told: Option<u64>,
    /// How many users each obstacle stands before.
    pub counts: BTreeMap<Obstacle, u64>,
    /// Whether it is written to files.
    pub written: bool,
}

/// A user before whom an obstacle stands, as they were called then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Who, if they are a user of the organization.
    pub user: Option<UserId>,
    /// The user name.
    pub user_name: String,
    /// What pages and mails call them.
    pub display_name: String,
    /// Entra's object id, where it is known.
    pub object_id: Option<Uuid>,
    /// Who has what they were to have, where that is the obstacle.
    pub held_by: Option<Holder>,
}

/// A user who has what another one was to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who.
    pub user: UserId,
    /// What pages and mails call them.
    pub display_name: String,
}

/// A page of one obstacle's list.
#[derive(Clone, Debug)]
pub struct FindingsPage {
    /// Whose list.
    pub obstacle: Obstacle,
    /// Which page, from 0.
    pub number: u64,
    /// The users, at most [`FINDINGS_OF_A_PAGE`].
    pub findings: Vec<Finding>,
}

impl Look {
    /// A look that begins.
    pub const fn begin(id: PreflightId, now: Timestamp) -> Self {
        let step = Step::Looking { behind: None };
        let counts = BTreeMap::new();
        let (expected, told) = (None, None);
        Self { id, began_at: now, expected, looked_at: 0, told, counts, restarts: 0, step }
    }

    /// The same from the beginning, when where it was to go on is worth nothing any more. What it found
    /// counts for nothing, and is written over.
    pub fn again(&self) -> Self {
        Self { restarts: self.restarts + 1, ..Self::begin(self.id, self.began_at) }
    }

    /// What it found, when it ends.
    pub fn end(&self, now: Timestamp) -> Findings {
        let Self { id, began_at, looked_at, told, counts, .. } = self.clone();
        Findings { id, began_at, ended_at: now, looked_at, told, counts, written: false }
    }
}

impl Findings {
    /// First instant at which nothing of it is kept any more.
    pub fn kept_until(&self) -> Timestamp {
        lists_end(self.began_at)
    }
}

impl Finding {
    /// What is kept of a user.
    pub fn of(user: &User) -> Self {
        Self {
            user: Some(user.id),
            user_name: shortened(user.user_name.as_str()),
            display_name: shortened(&user.display_name),
            object_id: user.object_id,
            held_by: None,
        }
    }

    /// What is kept of an object of the tenant, who may be nobody here.
    pub fn of_object(
        object: Uuid,
        known: Option<UserId>,
        user_name: &str,
        display_name: &str,
    ) -> Self {
        Self {
            user: known,
            user_name: shortened(user_name),
            display_name: shortened(display_name),
            object_id: Some(object),
            held_by: None,
        }
    }
}

impl Holder {
    /// What is kept of whoever has it.
    pub fn of(user: &User) -> Self {
        Self { user: user.id, display_name: shortened(&user.display_name) }
    }
}

/// As much of a name as is kept, in bytes: a page of the longest ones is far below what an item holds,
/// and whatever one page of the tenant's list finds is below what a transaction does.
const SHORT: usize = 256;

fn shortened(name: &str) -> String {
    name[..name.floor_char_boundary(SHORT)].to_owned()
}

/// How many pages the list of so many users has.
pub const fn pages_of(users: u64) -> u64 {
    users.div_ceil(FINDINGS_OF_A_PAGE as u64)
}

fn lists_end(began_at: Timestamp) -> Timestamp {
    began_at.checked_add(KEPT).unwrap_or(began_at)
}

impl Store {
    /// The preflight of an organization, once there was one.
    pub async fn preflight(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Preflight>>, TableError> {
        self.table.get(Key::preflight(org), now).await
    }

    /// Begins a look, with what carries it out and what the audit says of it: all or nothing.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the preflight is not as it was read any more.
    pub async fn begin_preflight(
        &self,
        org: OrganizationId,
        before: Option<&Stored<Preflight>>,
        look: Look,
        item: &OutboxItem,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let findings = before.and_then(|before| before.value.findings.clone());
        let preflight = Preflight { look: Some(look), findings };
        let expect = Expect::read(before.map_or(0, |before| before.version));
        let writes = vec![
            Write::Put(Item::new(Key::preflight(org), &preflight)?, expect),
            Write::Put(item.item()?, Expect::Absent),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Keeps how far a look has come, with the pages that it added to or began, at most 98: all or
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else went on with it.
    pub async fn keep_preflight(
        &self,
        org: OrganizationId,
        before: &Stored<Preflight>,
        preflight: Preflight,
        pages: &[FindingsPage],
    ) -> Result<Stored<Preflight>, TableError> {
        let item = Item::new(Key::preflight(org), &preflight)?;
        let mut writes = vec![Write::Put(item, Expect::Version(before.version))];
        if let Some(look) = &preflight.look {
            let end = lists_end(look.began_at).as_second();
            for page in pages {
                let key = Key::findings(org, look.id, page.obstacle, page.number);
                let item = Item::new(key, &page.findings)?.until(end);
                writes.push(Write::Put(item, Expect::Anything));
            }
        }
        self.table.write(writes).await?;
        Ok(Stored { value: preflight, version: before.version + 1 })
    }

    /// Pages of the lists of one look, in the order asked; one that is not there is empty.
    pub async fn findings(
        &self,
        org: OrganizationId,
        look: PreflightId,
        pages: &[(Obstacle, u64)],
        now: Timestamp,
    ) -> Result<Vec<Vec<Finding>>, TableError> {
        let mut read = Vec::with_capacity(pages.len());
        for some in pages.chunks(PAGES_AT_ONCE) {
            let key =
                |(obstacle, number): &(Obstacle, u64)| Key::findings(org, look, *obstacle, *number);
            let mut found = self.table.get_many(some.iter().map(key).collect()).await?;
            for page in some {
                let page: Option<Stored<Vec<Finding>>> = found.take(&key(page), now)?;
                read.push(page.map(|page| page.value).unwrap_or_default());
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_of_a_page_of_the_tenant_fit_one_transaction() {
        let name = "\u{1f600}".repeat(256);
        let user = UserId::mint(&ambient::SystemEntropy);
        let one = Finding {
            held_by: Some(Holder { user, display_name: shortened(&name) }),
            ..Finding::of_object(user.uuid(), Some(user), &name, &name)
        };
        let bytes = serde_json::to_vec(&one).unwrap().len();
        assert!(bytes > 3 * SHORT, "{bytes}");
        // 999 objects of a page, each on three lists: DynamoDB takes 4 MB.
        assert!(999 * 3 * bytes < 4_000_000, "{bytes}");
    }

    #[test]
    fn a_list_has_as_many_pages_as_it_needs() {
        for (users, pages) in [(0, 0), (1, 1), (50, 1), (51, 2), (1_000_000, 20_000)] {
            assert_eq!(pages_of(users), pages, "{users}");
        }
    }
}
