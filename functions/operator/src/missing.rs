//! Users who are missing in the tenant: who they are, and what somebody decides about exactly them.

use identity::{Block, OrganizationId, SearchId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{
    Action, AuditEntry, MissingEnd, MissingSearch, MissingStep, OutboxItem, Stage, Stored, Task,
};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// How many pages of the list one answer reads.
const PAGES: u64 = 20;
/// With how many users an answer is full: it has whole pages of the list.
const USERS: usize = 50;

/// Asks who is missing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListMissing {
    /// A domain of the organization.
    domain: String,
    /// Where the last page ended.
    next: Option<String>,
}

/// Decides that those who are missing lose access.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveMissing {
    /// A domain of the organization.
    domain: String,
    /// Which list, as `list_missing` names it.
    search: SearchId,
    /// How many are on it, as `list_missing` counts them.
    missing: u64,
}

/// Decides that everybody keeps access.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DismissMissing {
    /// A domain of the organization.
    domain: String,
    /// Which list, as `list_missing` names it.
    search: SearchId,
}

impl App {
    /// What the latest search found, with a page of its list.
    pub(crate) async fn list_missing(&self, asked: ListMissing) -> Result<Value, Failure> {
        let now = self.clock.now();
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let Some(stored) = self.store.missing_search(org, now).await? else {
            return Ok(json!({ "search": null, "users": [], "next": null }));
        };
        let search = stored.value;
        let first = match asked.next.as_deref() {
            Some(place) => place_in(&search, place).ok_or(Failure::NotAPlace)?,
            None => 0,
        };
        let last = search.pages.min(first.saturating_add(PAGES));
        let (mut listed, mut next) = (Vec::new(), first);
        for page in self.store.missed(org, search.id, first..last, now).await? {
            if listed.len() >= USERS {
                break;
            }
            listed.extend(page);
            next += 1;
        }
        let users = self.store.all_provisioned(org, &listed, now).await?.into_iter().map(|user| {
            let user = user.user.value;
            json!({
                "user": user.id,
                "user_name": user.user_name,
                "display_name": user.display_name,
                "object_id": user.object_id,
                "blocked": user.blocks.contains(&Block::Entra),
            })
        });
        let users: Vec<Value> = users.collect();
        let (state, since) = standing(&search, now);
        Ok(json!({
            "search": search.id,
            "tenant": search.tenant,
            "began_at": search.began_at,
            "state": state,
            "since": since,
            "asked": search.asked(),
            "found": search.found,
            "new": search.new,
            "missing": search.missing,
            "unknown": search.unknown,
            "left": search.left,
            "users": users,
            "next": (next < search.pages).then(|| format!("{}.{next}", search.id)),
        }))
    }

    /// Has the access of those on a list taken: each is asked for once more before.
    pub(crate) async fn approve_missing(
        &self,
        asked: ApproveMissing,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, held) = self.held(&asked.domain, asked.search, now).await?;
        if held.value.missing != asked.missing {
            return Err(Failure::OtherCount);
        }
        let connection = self.store.connection(org, now).await?.map(|stored| stored.value);
        let same =
            |it: &store::Connection| it.stage == Stage::Connected && it.tenant == held.value.tenant;
        connection.filter(same).ok_or(Failure::NoTenant)?;
        let step = MissingStep::Taking { page: 0, tries: 0, not_before: now, approved: true };
        let task = Task::LookForMissing { search: asked.search };
        let item = OutboxItem::new(&*self.entropy, org, task, now);
        let audit = self.audit(Action::MissingApproved, request_id, now);
        self.decide(org, &held, step, &audit, Some(&item)).await?;
        self.announce(&[item], request_id).await;
        Ok(json!({ "search": asked.search, "missing": asked.missing, "state": "taking" }))
    }

    /// Lets everybody on a list keep their access.
    pub(crate) async fn dismiss_missing(
        &self,
        asked: DismissMissing,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, held) = self.held(&asked.domain, asked.search, now).await?;
        let step = MissingStep::Over { at: now, end: MissingEnd::Dismissed };
        let audit = self.audit(Action::MissingDismissed, request_id, now);
        self.decide(org, &held, step, &audit, None).await?;
        let (search, missing) = (asked.search, held.value.missing);
        Ok(json!({ "search": search, "missing": missing, "state": "dismissed" }))
    }

    /// Stores what was decided about the list as it was read.
    async fn decide(
        &self,
        org: OrganizationId,
        held: &Stored<MissingSearch>,
        step: MissingStep,
        audit: &AuditEntry,
        next: Option<&OutboxItem>,
    ) -> Result<(), Failure> {
        let decided = MissingSearch { left: 0, ..held.value.at(step) };
        self.store.keep_missing_search(org, held, decided, &[], Some((audit, next))).await?;
        Ok(())
    }

    /// The list that waits for a decision, if it is this one.
    async fn held(
        &self,
        domain: &str,
        search: SearchId,
        now: Timestamp,
    ) -> Result<(OrganizationId, Stored<MissingSearch>), Failure> {
        let org = self.owner(&Self::domain(domain)?, now).await?;
        let stored = self.store.missing_search(org, now).await?.ok_or(Failure::NothingHeld)?;
        if stored.value.id != search {
            return Err(Failure::OtherSearch);
        }
        if stored.value.held_since(now).is_none() {
            return Err(Failure::NothingHeld);
        }
        Ok((org, stored))
    }
}

/// The page of a search's list at which the next answer begins.
fn place_in(search: &MissingSearch, place: &str) -> Option<u64> {
    let (of, page) = place.split_once('.')?;
    let same = of == search.id.to_string();
    page.parse().ok().filter(|page| same && *page < search.pages)
}

/// How a search stands, in a word, and since when.
fn standing(search: &MissingSearch, now: Timestamp) -> (&'static str, Timestamp) {
    match search.step {
        MissingStep::Asking { .. } => ("asking", search.began_at),
        MissingStep::Held { since } if search.held_since(now).is_none() => ("expired", since),
        MissingStep::Held { since } => ("held", since),
        MissingStep::Taking { .. } => ("taking", search.began_at),
        MissingStep::Over { at, end } => (
            match end {
                MissingEnd::Nobody => "nobody",
                MissingEnd::Unknown => "unknown",
                MissingEnd::Taken => "taken",
                MissingEnd::Dismissed => "dismissed",
                MissingEnd::Stopped => "stopped",
            },
            at,
        ),
    }
}
