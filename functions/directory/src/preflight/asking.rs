//! Asks the tenant who it has: whoever is nobody here, or has a name or an anchor that is another
//! one's here, does not show by our own users. A page of its list at a time, each by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graph::{DirectoryUser, GraphError, Next, Page};
use identity::{
    Anchor, Listed, Match, Method, Obstacle, OrganizationId, UserName, obstacles_there,
    signs_in_here,
};
use store::{
    Feature, Finding, Holder, Inquiry, Known, Look, LookUp, NamesOf, Preflight, Stage, Step,
    Stored, TableError, Writing,
};
use uuid::Uuid;

use super::lists::Lists;
use crate::app::App;
use crate::failure::Failure;
use crate::import::{Directory, ReadingError};
use crate::outbox::Turn;

/// How often Graph is asked for the same page again, with longer and longer pauses, a quarter of an hour
/// in all where Graph asks for no longer ones: then the look ends without the rest, and says so.
const ATTEMPTS: u32 = 5;
/// How often a look begins again, because the list could not be gone on with.
const RESTARTS: u32 = 2;

/// An object of the tenant, with what of it may be somebody else's here.
struct Object<'a> {
    told: &'a DirectoryUser,
    known: Option<&'a Known>,
    name: Option<UserName>,
    /// The anchor, where there is one: [`None`] within where it can be none.
    anchor: Option<Option<Anchor>>,
}

impl<'a> Object<'a> {
    fn new(told: &'a DirectoryUser, known: Option<&'a Known>) -> Self {
        let name = told.user_principal_name.value().and_then(|name| name.parse().ok());
        let anchor = told.on_premises_immutable_id.value().map(|text| text.parse().ok());
        Self { told, known, name, anchor }
    }

    /// Whose it is decides: what is its own here needs no look.
    fn look_ups(&self) -> [Option<LookUp<'_>>; 2] {
        let own = self.known.map(|known| &known.user.value);
        let name = self.name.as_ref();
        let name =
            name.filter(|name| own.is_none_or(|own| own.user_name.folded() != name.folded()));
        let anchor = self.anchor.as_ref().and_then(Option::as_ref);
        let anchor =
            anchor.filter(|anchor| own.is_none_or(|own| own.anchor.as_ref() != Some(anchor)));
        [name.map(LookUp::UserName), anchor.map(LookUp::Anchor)]
    }

    fn listed(&self, name_held: bool, anchor_held: bool) -> Listed {
        let own = self.known.and_then(|known| known.user.value.anchor.as_ref());
        let anchor = match &self.anchor {
            Some(_) if own.is_some_and(|own| !own.is_legal()) => Match::Free,
            Some(Some(_)) if anchor_held => Match::Taken,
            Some(Some(anchor)) if anchor.is_legal() || self.known.is_some() => Match::Free,
            Some(_) => Match::Illegal,
            None => Match::Free,
        };
        let name = match &self.name {
            Some(_) if name_held => Match::Taken,
            Some(_) => Match::Free,
            None => Match::Illegal,
        };
        Listed {
            known: self.known.is_some(),
            guest: self.told.user_type.value().is_some_and(|kind| kind == "Guest"),
            enabled: self.told.account_enabled.value() == Some(&true),
            anchor,
            name,
        }
    }

    /// Whoever has it here, unless it is this object, or will become it by their name when the tenant
    /// is read.
    fn other<'k>(&self, holder: Option<&'k Known>) -> Option<&'k Known> {
        holder.filter(|holder| {
            let their = &holder.user.value;
            let same_name =
                self.name.as_ref().is_some_and(|name| name.folded() == their.user_name.folded());
            match their.object_id {
                Some(object) => object != self.told.id,
                None => holder.names == NamesOf::Client || !same_name,
            }
        })
    }

    fn finding(&self, held_by: Option<&Known>) -> Finding {
        let text = |told: Option<&String>| told.map(String::as_str).unwrap_or_default().to_owned();
        let (name, shown) =
            (text(self.told.user_principal_name.value()), text(self.told.display_name.value()));
        let known = self.known.map(|known| known.user.value.id);
        let held_by = held_by.map(|holder| Holder::of(&holder.user.value));
        Finding { held_by, ..Finding::of_object(self.told.id, known, &name, &shown) }
    }
}

impl App {
    /// Asks for a page of the tenant's users; without a connection there is nobody to ask. What was
    /// found until then is shown from the moment at which nobody else is asked for.
    pub(super) async fn ask_some(
        &self,
        org: OrganizationId,
        before: &Stored<Preflight>,
        mut look: Look,
        inquiry: Inquiry,
        lists: &mut Lists,
        turn: &Turn<'_>,
    ) -> Result<Stored<Preflight>, Failure> {
        let connection = self.store.connection(org, self.clock.now()).await?;
        let connection = connection.filter(|connection| connection.value.stage == Stage::Connected);
        let page = match &connection {
            Some(connection) => {
                let directory = self.directory(org, &connection.value, turn);
                let page = page_of(&directory, &inquiry).await;
                page.map(|page| Some((directory.tenant, page)))
            }
            None => Ok(None),
        };
        let mut postponed = None;
        match page {
            Err(NoPage::Postponed(ReadingError::Graph(lost @ GraphError::ConsentLost(_)))) => {
                if let Some(connection) = &connection {
                    self.refused(org, connection, (Feature::ReadUsers, lost), turn).await?;
                }
                (look.told, look.step) = (None, Step::Writing(Writing::default()));
            }
            Ok(Some((tenant, page))) => {
                turn.answered();
                for (obstacle, finding) in self.found_there(org, &page.value).await? {
                    lists.add(&mut look, obstacle, finding);
                }
                let read = u64::try_from(page.value.len()).unwrap_or(u64::MAX);
                look.told = Some(look.told.unwrap_or_default().saturating_add(read));
                look.step = match page.next {
                    Next::More(link) => Step::Asking(Inquiry {
                        tenant: Some(tenant),
                        next: Some(link.as_str().to_owned()),
                        attempts: 0,
                    }),
                    Next::Round(_) | Next::End => Step::Writing(Writing::default()),
                };
            }
            Err(NoPage::Postponed(error)) if inquiry.attempts < ATTEMPTS => {
                look.step = Step::Asking(Inquiry { attempts: inquiry.attempts + 1, ..inquiry });
                postponed = Some(error);
            }
            Err(NoPage::Lost) if look.restarts < RESTARTS => {
                look = look.again();
                *lists = Lists::default();
            }
            Err(NoPage::Postponed(error) | NoPage::Never(error)) => {
                web::failure::log(&error, turn.request_id);
                (look.told, look.step) = (None, Step::Writing(Writing::default()));
            }
            Ok(None) | Err(NoPage::Lost) => {
                (look.told, look.step) = (None, Step::Writing(Writing::default()));
            }
        }
        // An answer that names nobody is none: somebody has let us ask.
        look.told = look.told.filter(|told| *told > 0 || matches!(look.step, Step::Asking(_)));
        let findings = match &look.step {
            Step::Writing(_) => Some(look.end(self.clock.now())),
            Step::Looking { .. } | Step::Asking(_) => before.value.findings.clone(),
        };
        let preflight = Preflight { look: Some(look), findings };
        let kept = self.store.keep_preflight(org, before, preflight, &lists.changed()).await?;
        match postponed {
            Some(error) => Err(error.into()),
            None => Ok(kept),
        }
    }

    /// What stands before each of some objects of the tenant, besides what our own users show.
    async fn found_there(
        &self,
        org: OrganizationId,
        told: &[DirectoryUser],
    ) -> Result<Vec<(Obstacle, Finding)>, TableError> {
        let now = self.clock.now();
        let ids: BTreeSet<Uuid> = told.iter().map(|told| told.id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let known: HashMap<Uuid, Known> = self.store.users_of_objects(org, &ids, now).await?;
        let organization = self.store.organization(org, now).await?;
        let needs_nothing = |known: &Known| {
            let user = &known.user.value;
            let organization = organization.as_ref().map(|stored| &stored.value);
            let method = organization.map_or(Method::Passkey, |it| it.method_of(user));
            !signs_in_here((user, method), now)
        };
        // Graph may name somebody twice.
        let told: BTreeMap<Uuid, &DirectoryUser> =
            told.iter().map(|told| (told.id, told)).collect();
        let objects: Vec<Object<'_>> = told
            .into_values()
            .map(|told| Object::new(told, known.get(&told.id)))
            .filter(|object| !object.known.is_some_and(needs_nothing))
            .collect();
        let look_ups: Vec<LookUp<'_>> =
            objects.iter().flat_map(|object| object.look_ups().into_iter().flatten()).collect();
        let mut holders = self.store.holders(org, &look_ups, now).await?.into_iter();
        let mut found = Vec::new();
        for object in &objects {
            // As many as were looked up, in the same order.
            let [name, anchor] =
                object.look_ups().map(|look_up| look_up.and_then(|_| holders.next().flatten()));
            let [name, anchor] = [object.other(name.as_ref()), object.other(anchor.as_ref())];
            for obstacle in obstacles_there(&object.listed(name.is_some(), anchor.is_some())) {
                let of_name = name.filter(|_| obstacle == Obstacle::NameTaken);
                let held_by = of_name.or(anchor.filter(|_| obstacle == Obstacle::AnchorTaken));
                found.push((obstacle, object.finding(held_by)));
            }
        }
        Ok(found)
    }
}

/// Why there is no page of the tenant's users.
enum NoPage {
    /// Later there may be.
    Postponed(ReadingError),
    /// There will be none.
    Never(ReadingError),
    /// Where the list was to go on is worth nothing: it is of another tenant, or too old.
    Lost,
}

async fn page_of(
    directory: &Directory<'_>,
    inquiry: &Inquiry,
) -> Result<Page<DirectoryUser>, NoPage> {
    if inquiry.tenant.is_some_and(|tenant| tenant != directory.tenant) {
        return Err(NoPage::Lost);
    }
    let page = match &inquiry.next {
        None => directory.graph.users().await,
        Some(text) => {
            let link = directory.origin.link(text).map_err(|_| NoPage::Lost)?;
            directory.graph.more_users(&link).await
        }
    };
    page.map_err(|error| match error {
        GraphError::Retry(_) | GraphError::ConsentLost(_) => NoPage::Postponed(error.into()),
        _ if inquiry.next.is_some() => NoPage::Lost,
        _ => NoPage::Never(error.into()),
    })
}
