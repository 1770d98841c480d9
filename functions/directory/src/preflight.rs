//! Looks at everybody of an organization for what stands before their first sign-in: a page of users
//! at a time into lists, then whom the tenant has beside them, then the lists into files.
//!
//! Where it goes on is stored with every page, in one write. So it may die anywhere, and whoever
//! comes next goes on, looking once more at the users of one page, or writing one part again.

mod asking;
mod file;
mod lists;

use std::collections::BTreeSet;

use exports::ExportError;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{
    Address, ClaimUse, DomainName, Method, Obstacle, OrganizationId, PreflightId, User, UserId,
    obstacles,
};
use store::{
    Action, Finding, Findings, Inquiry, Look, Order, OutboxItem, Position, Preflight, Step, Stored,
    TableError, Task, Upload, Writing,
};

use self::file::Part;
use self::lists::Lists;
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::outbox::{Outcome, Turn};

/// How many users are looked at at once: what is found of them fits one transaction.
const LOOKED_AT: usize = 200;
/// How often files begin again because an upload is gone: then there are none.
const RESTARTS: u32 = 3;
/// How many personal addresses are looked up at once.
const AT_ONCE: usize = 16;

impl App {
    /// Once a tenant is read: begins a look, unless there ever was one. The round is over all the same:
    /// if it cannot begin now, it does so after the next one.
    pub(crate) async fn look_for_the_first_time(
        &self,
        org: OrganizationId,
        request_id: &RequestId,
    ) {
        match self.begin_to_look(org, request_id).await {
            // An administrator was faster.
            Ok(()) | Err(TableError::Conflict { .. }) => {}
            Err(error) => web::failure::log(&error, request_id),
        }
    }

    async fn begin_to_look(
        &self,
        org: OrganizationId,
        request_id: &RequestId,
    ) -> Result<(), TableError> {
        let now = self.clock.now();
        if self.store.preflight(org, now).await?.is_some() {
            return Ok(());
        }
        let look = Look::begin(PreflightId::mint(&*self.entropy), now);
        let task = Task::LookAtEverybody { look: look.id };
        let item = OutboxItem::new(&*self.entropy, org, task, now);
        let audit = self.audit(Action::PreflightBegun, request_id, now);
        self.store.begin_preflight(org, None, look, &item, &audit).await?;
        self.announce(&[item], request_id).await;
        Ok(())
    }

    /// Goes on with a look, as long as there is time. One that ended, or was never begun, is done.
    pub(crate) async fn look_at_everybody(
        &self,
        item: &OutboxItem,
        look: PreflightId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let org = item.organization;
        let mut lists: Option<Lists> = None;
        let mut came_further = false;
        let mut stored = self.store.preflight(org, self.clock.now()).await?;
        while let Some(before) = stored {
            let Some(under_way) = before.value.look.clone().filter(|it| it.id == look) else {
                break;
            };
            if self.clock.now() >= turn.long_ends {
                return Err(Failure::out_of_time(came_further));
            }
            let step = under_way.step.clone();
            let kept = match step {
                Step::Looking { behind } => {
                    let lists = self.lists(&mut lists, org, &under_way).await?;
                    self.look_at_some(org, &before, under_way, behind.as_ref(), lists).await
                }
                Step::Asking(inquiry) => {
                    let lists = self.lists(&mut lists, org, &under_way).await?;
                    self.ask_some(org, &before, under_way, inquiry, lists, turn).await
                }
                Step::Writing(writing) => {
                    self.write_some(org, &before, under_way, writing, turn).await
                }
            };
            stored = match kept {
                Ok(kept) => Some(kept),
                // Somebody else goes on with it, whose lease began when ours was over.
                Err(Failure::Table(TableError::Conflict { .. })) => {
                    return Err(Failure::Unfinished);
                }
                Err(failure) => return Err(failure),
            };
            came_further = true;
        }
        Ok(Outcome::default())
    }

    /// The lists as the look left them, read once in an invocation.
    async fn lists<'l>(
        &self,
        lists: &'l mut Option<Lists>,
        org: OrganizationId,
        look: &Look,
    ) -> Result<&'l mut Lists, Failure> {
        match lists {
            Some(lists) => Ok(lists),
            None => Ok(lists.insert(Lists::of(&self.store, org, look, &*self.clock).await?)),
        }
    }

    /// Looks at a page of users.
    async fn look_at_some(
        &self,
        org: OrganizationId,
        before: &Stored<Preflight>,
        mut look: Look,
        behind: Option<&Position>,
        lists: &mut Lists,
    ) -> Result<Stored<Preflight>, Failure> {
        let now = self.clock.now();
        if look.expected.is_none() {
            look.expected = Some(self.store.count_users(org).await?);
        }
        let page = self.store.list_users(org, Order::Stored, behind, LOOKED_AT, now).await?;
        let users: Vec<&User> = page.items.iter().map(|user| &user.user.value).collect();
        let found = self.found(org, &users).await?;
        for (user, obstacles) in users.iter().zip(found) {
            look.looked_at += 1;
            for obstacle in obstacles {
                lists.add(&mut look, obstacle, Finding::of(user));
            }
        }
        look.step = match page.next {
            Some(next) => Step::Looking { behind: Some(next) },
            None => Step::Asking(Inquiry::default()),
        };
        let preflight = Preflight { look: Some(look), ..before.value.clone() };
        Ok(self.store.keep_preflight(org, before, preflight, &lists.changed()).await?)
    }

    /// What stands before each of some users.
    async fn found(
        &self,
        org: OrganizationId,
        users: &[&User],
    ) -> Result<Vec<BTreeSet<Obstacle>>, Failure> {
        let addresses = users.iter().filter_map(|user| user.user_name.address());
        let names: BTreeSet<DomainName> = addresses
            .flat_map(|address| {
                std::iter::once(address.domain().clone()).chain(address.domain().parents())
            })
            .collect();
        let now = self.clock.now();
        let federated = self.store.federated(org, &names, now).await?;
        let organization = self.store.organization(org, now).await?;
        let method = |user: &User| {
            let organization = organization.as_ref().map(|stored| &stored.value);
            organization.map_or(Method::Passkey, |it| it.method_of(user))
        };
        let claims: Vec<_> =
            users.iter().map(|user| (user.id, user.personal_email.clone())).collect();
        let claims = stream::iter(claims).map(|(user, address)| self.claim_use(org, user, address));
        let claims: Vec<_> = claims.buffered(AT_ONCE).try_collect().await?;
        let found = users.iter().zip(claims);
        Ok(found
            .map(|(user, claim)| obstacles((user, method(user)), &federated, claim, now))
            .collect())
    }

    async fn claim_use(
        &self,
        org: OrganizationId,
        user: UserId,
        address: Option<Address>,
    ) -> Result<ClaimUse, TableError> {
        let Some(address) = address else { return Ok(ClaimUse::Alone) };
        match self.store.shares_claim(org, user, &address).await? {
            true => Ok(ClaimUse::Shared),
            false => Ok(ClaimUse::Alone),
        }
    }

    /// Writes a part of both files; the last one ends the look.
    async fn write_some(
        &self,
        org: OrganizationId,
        before: &Stored<Preflight>,
        mut look: Look,
        writing: Writing,
        turn: &Turn<'_>,
    ) -> Result<Stored<Preflight>, Failure> {
        let now = self.clock.now();
        let part = Part::read(&self.store, org, &look, writing.pages, now).await?;
        let preflight = match self.write_part(org, look.id, &writing, part).await {
            Ok(after) if after.csv.is_whole && after.json.is_whole => {
                let findings = before.value.findings.clone();
                let findings = findings.map(|findings| Findings { written: true, ..findings });
                Preflight { look: None, findings }
            }
            Ok(after) => {
                look.step = Step::Writing(after);
                Preflight { look: Some(look), ..before.value.clone() }
            }
            // Completed, but nobody heard of it, or too old: the lists are there still.
            Err(ExportError::Gone) if writing.restarts < RESTARTS => {
                let restarts = writing.restarts + 1;
                let done =
                    |upload: Upload| if upload.is_whole { upload } else { Upload::default() };
                let (csv, json) = (done(writing.csv), done(writing.json));
                look.step = Step::Writing(Writing { pages: 0, csv, json, restarts });
                Preflight { look: Some(look), ..before.value.clone() }
            }
            Err(gone @ ExportError::Gone) => {
                web::failure::log(&gone, turn.request_id);
                web::metric::count("ExportPostponed", "directory", now);
                Preflight { look: None, ..before.value.clone() }
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.store.keep_preflight(org, before, preflight, &[]).await?)
    }
}
