//! `/Groups`, RFC 7644 §3.

mod listed;
mod members;
mod resource;
mod write;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use scim::schema::GROUP;
use scim::{Filter, ListQuery, ListResponse, Parameters, Patch, Projection, Resource, member};
use store::{Group, Stored};

use crate::answer::{self, Shown};
use crate::app::App;
use crate::caller::{Caller, Named, Presented};
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::payload::{LARGEST, LARGEST_GROUP, Payload};
use crate::unknown;

pub(crate) use members::users;
pub(crate) use resource::version;

/// The routes below `/scim/v2/{organization}`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/Groups", get(list).post(create))
        .route("/Groups/.search", post(search))
        .route("/Groups/{id}", get(read).put(replace).patch(patch).delete(delete))
        .method_not_allowed_fallback(unknown::method)
}

/// `GET /Groups`, RFC 7644 §3.4.2.
async fn list(
    State(app): State<App>,
    presented: Presented,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let query = ListQuery::from_query(&GROUP, &parameters(query.as_deref()))?;
    Ok(answer::document(&app.list_groups(&caller, &query).await?.into_json()))
}

/// `POST /Groups/.search`, RFC 7644 §3.4.3.
async fn search(
    State(app): State<App>,
    presented: Presented,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let query = ListQuery::from_search(&GROUP, &payload.json(LARGEST)?)?;
    Ok(answer::document(&app.list_groups(&caller, &query).await?.into_json()))
}

/// `POST /Groups`, RFC 7644 §3.3.
async fn create(
    State(app): State<App>,
    presented: Presented,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let body = payload.json(LARGEST_GROUP)?;
    let members = member::listed(&body)?.unwrap_or_default();
    let wanted = Resource::read(&GROUP, body)?;
    let created = app.create_group(&caller, &wanted, &users(&members)?).await?;
    answer::created(&app.shown_group(&caller, &created, &projection(query.as_deref())).await?)
}

/// `GET /Groups/{id}`, RFC 7644 §3.4.1.
async fn read(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (caller, group) = app.caller_and_group(presented, &id).await?;
    let version = version(&group);
    conditions.check_read(&version)?;
    if conditions.is_known(&version) {
        return answer::not_modified(&version);
    }
    answer::resource(&app.shown_group(&caller, &group, &projection(query.as_deref())).await?)
}

/// `PUT /Groups/{id}`, RFC 7644 §3.5.1.
async fn replace(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let (caller, group) = app.caller_and_group(presented, &id).await?;
    let body = payload.json(LARGEST_GROUP)?;
    let members = users(&member::listed(&body)?.unwrap_or_default())?;
    let wanted = Resource::read(&GROUP, body)?;
    let replaced = app.replace_group(&caller, group, &conditions, &wanted, &members).await?;
    answer::resource(&app.shown_group(&caller, &replaced, &projection(query.as_deref())).await?)
}

/// `PATCH /Groups/{id}`, RFC 7644 §3.5.2: nothing is answered unless attributes are asked for, so
/// that nobody reads a hundred thousand members because one was added.
async fn patch(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let (caller, group) = app.caller_and_group(presented, &id).await?;
    let patch = Patch::read(&GROUP, payload.json(LARGEST_GROUP)?)?;
    let id = group.value.id;
    app.patch_group(&caller, group, &conditions, &patch).await?;
    let parameters = parameters(query.as_deref());
    if parameters.get("attributes").or(parameters.get("excludedAttributes")).is_none() {
        return answer::no_content();
    }
    let patched = app.store.group(caller.org, id, caller.now).await?;
    let patched = patched.ok_or(scim::Error::NOT_FOUND)?;
    let projection = Projection::from_query(&GROUP, &parameters);
    answer::resource(&app.shown_group(&caller, &patched, &projection).await?)
}

/// `DELETE /Groups/{id}`, RFC 7644 §3.6.
async fn delete(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
) -> Result<Response, Failure> {
    let (caller, group) = app.caller_and_group(presented, &id).await?;
    app.delete_group(&caller, group, &conditions).await?;
    answer::no_content()
}

fn parameters(query: Option<&str>) -> Parameters {
    Parameters::read(query.unwrap_or_default())
}

/// Which attributes of a group the query of a request asks for, RFC 7644 §3.9.
fn projection(query: Option<&str>) -> Projection {
    Projection::from_query(&GROUP, &parameters(query))
}

impl App {
    /// Groups that a query asks for.
    pub(crate) async fn list_groups(
        &self,
        caller: &Caller,
        query: &ListQuery,
    ) -> Result<ListResponse, Failure> {
        let lookup = query.filter.as_ref().and_then(Filter::lookup);
        let named = self.groups_of(caller, lookup).await?;
        self.list::<Stored<Group>>(caller, query, named).await
    }

    /// A group as an answer shows it, with its members where they are asked for.
    async fn shown_group(
        &self,
        caller: &Caller,
        group: &Stored<Group>,
        projection: &Projection,
    ) -> Result<Shown, Failure> {
        Ok(Shown {
            body: self.group_with_members(caller, group, projection).await?,
            version: version(group),
            location: caller.group_url(group.value.id),
        })
    }

    /// Who calls, and a group of their organization, in one read.
    async fn caller_and_group(
        &self,
        presented: Presented,
        id: &str,
    ) -> Result<(Caller, Stored<Group>), Failure> {
        let Ok(id) = id.parse() else {
            self.caller(presented).await?;
            return Err(scim::Error::NOT_FOUND.into());
        };
        let now = self.clock.now();
        let (org, hash) = (presented.org, &presented.hash);
        let (key, group) = self.store.scim_key_and_group(org, hash, id, now).await?;
        let caller = self.admit(presented, key, now).await?;
        Ok((caller, group.ok_or(scim::Error::NOT_FOUND)?))
    }
}
