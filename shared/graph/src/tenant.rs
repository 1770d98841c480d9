//! The calls, in one tenant.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::address::{Address, literal};
use crate::answer::Answer;
use crate::call::Call;
use crate::client::{Graph, Work};
use crate::domain::{self, Domain, FederationConfiguration};
use crate::error::{GraphError, Trace};
use crate::link::Link;
use crate::membership::{self, Membership};
use crate::new_user::{NewUser, UserChange};
use crate::organization::{self, Organization};
use crate::page::{Next, Page, Written};
use crate::subscription::{self, NewSubscription, Subscription};
use crate::user::{self, DirectoryUser};

/// How many users a page is asked to have: the most that Graph gives.
const PAGE: usize = 999;
/// How many pages of a short list are read at most.
const FEW: usize = 20;

/// One tenant, for one piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'graph> {
    pub(crate) graph: &'graph Graph,
    pub(crate) work: Work,
}

impl<'graph> Tenant<'graph> {
    pub(crate) fn new(graph: &'graph Graph, work: Work) -> Self {
        Self { graph, work }
    }

    /// `GET /organization`: what the tenant says of itself.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn organization(&self) -> Result<Organization, GraphError> {
        let address = Address::new("/organization").query("$select", organization::SELECT);
        let found: Vec<Organization> = self.all(Call::get(address)).await?;
        let ours = found.into_iter().find(|organization| organization.id == self.work.tenant);
        ours.ok_or_else(|| GraphError::bug("the answer is about another tenant", self.trace()))
    }

    /// `GET /domains`: all domains.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn domains(&self) -> Result<Vec<Domain>, GraphError> {
        self.all(Call::get(Address::new("/domains").query("$select", domain::SELECT))).await
    }

    /// `GET /domains/{id}`: one domain.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn domain(&self, name: &str) -> Result<Domain, GraphError> {
        let address = Address::new("/domains").segment(name).query("$select", domain::SELECT);
        self.read(Call::get(address)).await
    }

    /// `GET /domains/{id}/federationConfiguration`: how a domain is federated, if it is.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn federation(
        &self,
        domain: &str,
    ) -> Result<Option<FederationConfiguration>, GraphError> {
        let address = Address::new("/domains").segment(domain).then("federationConfiguration");
        // Microsoft documents that this call takes no parameters.
        let found: Vec<FederationConfiguration> = self.all(Call::get(address)).await?;
        Ok(found.into_iter().next())
    }

    /// `GET /users`: the first page of all users.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn users(&self) -> Result<Page<DirectoryUser>, GraphError> {
        let address = Address::new("/users").query("$select", user::SELECT);
        self.page(Call::get(address.query("$top", &PAGE.to_string()))).await
    }

    /// `GET /users?$count=true`: about how many users there are, a while ago; [`None`] where Graph does
    /// not say.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn count_users(&self) -> Result<Option<u64>, GraphError> {
        #[derive(Deserialize)]
        struct Counted {
            #[serde(default, rename = "@odata.count")]
            count: Option<u64>,
        }
        let address = Address::new("/users").query("$count", "true").query("$select", "id");
        let counted: Counted = self.read(Call::get(address.query("$top", "1")).counted()).await?;
        Ok(counted.count)
    }

    /// Another page of users, where the last one said.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn more_users(&self, link: &Link) -> Result<Page<DirectoryUser>, GraphError> {
        self.page(Call::follow(link.clone())).await
    }

    /// `GET /users/delta`: the first page of the first round, which tells of every user.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn changes(&self) -> Result<Page<DirectoryUser>, GraphError> {
        let address = Address::new("/users/delta").query("$select", user::SELECT);
        self.round(Call::get(address)).await
    }

    /// Another page of a round of changes, or the first one of the next round, where the last one
    /// said.
    ///
    /// # Errors
    ///
    /// [`GraphError::Gone`] when everything has to be read anew; else as every call.
    pub async fn more_changes(&self, link: &Link) -> Result<Page<DirectoryUser>, GraphError> {
        self.round(Call::follow(link.clone())).await
    }

    /// `GET /users/{id}`: one user.
    ///
    /// # Errors
    ///
    /// [`GraphError::NotFound`], also just after the user was made; [`GraphError::Unread`] where what
    /// is said of them makes no sense; else as every call.
    pub async fn user(&self, id: Uuid) -> Result<DirectoryUser, GraphError> {
        let answer = self.graph.call(self.work, &user_call(id)).await?;
        let user = self.read_user(&answer)?;
        if user.id == id { Ok(user) } else { Err(GraphError::Unread(self.trace_of(&answer))) }
    }

    pub(crate) fn read_user(&self, answer: &Answer) -> Result<DirectoryUser, GraphError> {
        let written: serde_json::Value = self.parse(answer)?;
        DirectoryUser::deserialize(&written).map_err(|_| GraphError::Unread(self.trace_of(answer)))
    }

    /// `GET /users/{id}/transitiveMemberOf`: whether a user holds a directory role now, by themselves or
    /// through a group. Roles that they may only activate, and those that the tenant made itself, are
    /// not told.
    ///
    /// # Errors
    ///
    /// [`GraphError::NotFound`]; else as every call.
    pub async fn holds_role(&self, id: Uuid) -> Result<bool, GraphError> {
        let address = user_address(id).then("transitiveMemberOf");
        let address = address.query("$select", membership::SELECT);
        let held: Vec<Membership> =
            self.all(Call::get(address.query("$top", &PAGE.to_string()))).await?;
        Ok(held.iter().any(Membership::is_role))
    }

    /// The user who has a sign-in name, if there is one.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn user_named(&self, name: &str) -> Result<Option<DirectoryUser>, GraphError> {
        self.user_where("userPrincipalName", name).await
    }

    /// The user who has an anchor, if there is one. The directory compares it without regard to
    /// case; whoever asks compares it exactly.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn user_anchored(&self, anchor: &str) -> Result<Option<DirectoryUser>, GraphError> {
        self.user_where("onPremisesImmutableId", anchor).await
    }

    async fn user_where(
        &self,
        property: &'static str,
        value: &str,
    ) -> Result<Option<DirectoryUser>, GraphError> {
        let address = Address::new("/users")
            .query("$filter", &format!("{property} eq {}", literal(value)))
            .query("$select", user::SELECT)
            .query("$top", "2");
        let page: Page<DirectoryUser> = self.page(Call::get(address)).await?;
        match page.value.into_iter().next() {
            None if !page.unread.is_empty() => Err(GraphError::Unread(self.trace())),
            found => Ok(found),
        }
    }

    /// `POST /users`: makes a user.
    ///
    /// # Errors
    ///
    /// [`GraphError::Conflict`] when a name is taken, by this very call too if its first answer got
    /// lost; else as every call.
    pub async fn create_user(&self, user: &NewUser) -> Result<DirectoryUser, GraphError> {
        self.read(create_call(user)).await
    }

    /// `PATCH /users/{id}`: changes a user.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn change_user(&self, id: Uuid, change: &UserChange) -> Result<(), GraphError> {
        let answer = self.graph.call(self.work, &change_call(id, change)).await?;
        // Anything else that means well is somebody's in between.
        if answer.status == 204 {
            Ok(())
        } else {
            let trace = self.trace_of(&answer);
            Err(GraphError::bug("the answer to a change is not what Graph promises", trace))
        }
    }

    /// `DELETE /users/{id}`: moves a user to the recycle bin, for thirty days.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn delete_user(&self, id: Uuid) -> Result<(), GraphError> {
        self.done(delete_call(id)).await
    }

    /// `GET /directory/deletedItems/{id}`: whether a user is in the recycle bin.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn is_in_recycle_bin(&self, id: Uuid) -> Result<bool, GraphError> {
        let address = Address::new("/directory/deletedItems").segment(&id.to_string());
        match self.done(Call::get(address.query("$select", "id"))).await {
            Ok(()) => Ok(true),
            Err(GraphError::NotFound(trace)) if trace.is_no_such_object() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `POST /directory/deletedItems/{id}/restore`: takes a user out of the recycle bin.
    ///
    /// # Errors
    ///
    /// [`GraphError::Conflict`] when a name was given away meanwhile; else as every call.
    pub async fn restore_user(&self, id: Uuid) -> Result<(), GraphError> {
        let address = Address::new("/directory/deletedItems").segment(&id.to_string());
        self.done(Call::post(address.then("restore")).with(&json!({}))).await
    }

    /// `POST /users/{id}/revokeSignInSessions`: ends a user's sessions, within minutes.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn revoke_sessions(&self, id: Uuid) -> Result<(), GraphError> {
        #[derive(Deserialize)]
        struct Revoked {
            value: bool,
        }
        let answer = self.graph.call(self.work, &revoke_call(id)).await?;
        // Said with or without words; whatever else is said is not that it is done.
        match answer.body.is_empty() || self.parse::<Revoked>(&answer)?.value {
            true => Ok(()),
            false => Err(GraphError::bug("no session was ended", self.trace_of(&answer))),
        }
    }

    /// `POST /subscriptions`: has changes of users told from now on. Graph asks both addresses first.
    ///
    /// # Errors
    ///
    /// [`GraphError::Conflict`] where the application has one already, by this very call too if its
    /// first answer got lost; else as every call.
    pub async fn subscribe(&self, new: &NewSubscription) -> Result<Subscription, GraphError> {
        self.read(Call::post(Address::new("/subscriptions")).with(new)).await
    }

    /// `GET /subscriptions`: those of the application in this tenant.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, GraphError> {
        let address = Address::new("/subscriptions").query("$select", subscription::SELECT);
        self.all(Call::get(address)).await
    }

    /// `PATCH /subscriptions/{id}`: a later end, which also answers a wish for reauthorization.
    ///
    /// # Errors
    ///
    /// [`GraphError::NotFound`] when it is gone; else as every call.
    pub async fn renew_subscription(
        &self,
        id: Uuid,
        ends_at: Timestamp,
    ) -> Result<Subscription, GraphError> {
        let change = json!({ "expirationDateTime": ends_at });
        self.read(Call::patch(subscription_address(id)).with(&change)).await
    }

    /// `DELETE /subscriptions/{id}`: nothing is told any more. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// As every call: [`GraphError`].
    pub async fn unsubscribe(&self, id: Uuid) -> Result<(), GraphError> {
        match self.done(Call::delete(subscription_address(id))).await {
            Err(GraphError::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    /// `POST /users/{id}/assignLicense`: assigns licences, by the ids of their SKUs. One that the user
    /// has already stays.
    ///
    /// # Errors
    ///
    /// [`GraphError::Bug`] with status 400 when one is not to be had, or the user has no usage
    /// location; else as every call.
    pub async fn assign_licences(&self, id: Uuid, skus: &[Uuid]) -> Result<(), GraphError> {
        // Whoever is answered instead is somebody's in between.
        #[derive(Deserialize)]
        struct Assigned {
            #[serde(rename = "id")]
            _id: Uuid,
        }
        let added: Vec<_> =
            skus.iter().map(|sku| json!({ "skuId": sku, "disabledPlans": [] })).collect();
        let body = json!({ "addLicenses": added, "removeLicenses": [] });
        let call = Call::post(user_address(id).then("assignLicense")).with(&body);
        self.read::<Assigned>(call).await.map(drop)
    }

    /// Makes a call whose answer says nothing more than that it was done.
    async fn done(&self, call: Call) -> Result<(), GraphError> {
        self.graph.call(self.work, &call).await.map(|_| ())
    }

    async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, GraphError> {
        let answer = self.graph.call(self.work, &call).await?;
        self.parse(&answer)
    }

    async fn page<T: DeserializeOwned>(&self, call: Call) -> Result<Page<T>, GraphError> {
        let answer = self.graph.call(self.work, &call).await?;
        let written: Written = self.parse(&answer)?;
        written.accept(&self.graph.origin).map_err(|foreign| {
            GraphError::caused("the next page leads elsewhere", self.trace_of(&answer), foreign)
        })
    }

    async fn round(&self, call: Call) -> Result<Page<DirectoryUser>, GraphError> {
        let page = self.page(call.pages_of(PAGE)).await?;
        match page.next {
            Next::More(_) | Next::Round(_) => Ok(page),
            Next::End => Err(GraphError::bug("a round of changes has no end", self.trace())),
        }
    }

    /// All of a short list, of which everything is read or nothing.
    async fn all<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, GraphError> {
        let mut page: Page<T> = self.page(call).await?;
        let mut all = page.value;
        for _ in 1..FEW {
            if !page.unread.is_empty() {
                break;
            }
            let Next::More(link) = page.next else { return Ok(all) };
            page = self.page(Call::follow(link)).await?;
            all.append(&mut page.value);
        }
        Err(GraphError::bug("a short list has no end, or makes no sense", self.trace()))
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, GraphError> {
        // Where, and not what: the error itself would quote whatever stands there.
        serde_json::from_slice(&answer.body).map_err(|error| {
            let place = format!("{:?} error at byte {}", error.classify(), error.column());
            GraphError::caused(
                "the answer is not what Graph promises",
                self.trace_of(answer),
                place,
            )
        })
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace { correlation: self.work.correlation, ..Trace::default() }
    }

    pub(crate) fn trace_of(&self, answer: &Answer) -> Trace {
        Trace {
            request_id: answer.request_id.clone(),
            status: Some(answer.status),
            code: answer.code(),
            ..self.trace()
        }
    }
}

pub(crate) fn user_call(id: Uuid) -> Call {
    Call::get(user_address(id).query("$select", user::SELECT))
}

pub(crate) fn create_call(user: &NewUser) -> Call {
    Call::post(Address::new("/users")).with(user)
}

pub(crate) fn change_call(id: Uuid, change: &UserChange) -> Call {
    Call::patch(user_address(id)).with(change)
}

pub(crate) fn delete_call(id: Uuid) -> Call {
    Call::delete(user_address(id))
}

pub(crate) fn revoke_call(id: Uuid) -> Call {
    Call::post(user_address(id).then("revokeSignInSessions"))
}

fn user_address(id: Uuid) -> Address {
    Address::new("/users").segment(&id.to_string())
}

fn subscription_address(id: Uuid) -> Address {
    Address::new("/subscriptions").segment(&id.to_string())
}
