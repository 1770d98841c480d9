//! `/Groups`, RFC 7644 §3.

mod listed;
mod members;
mod resource;
mod write;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use identity::GroupId;
use scim::schema::GROUP;
use scim::{Filter, ListQuery, ListResponse, Parameters, Patch, Projection, Resource, member};
use serde_json::Value;
use store::{Group, Stored};

use crate::answer::{self, Shown};
use crate::app::App;
use crate::caller::{Caller, Named, Presented};
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::list::Room;
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
    let query = ListQuery::from_query(&GROUP, &parameters(query.as_deref()));
    let filter = query.as_ref().ok().and_then(|query| query.filter.as_ref());
    // A key is believed before a query is refused.
    let (caller, named) = app.caller_and_groups(presented, filter.and_then(Filter::lookup)).await?;
    let list = app.list::<Stored<Group>>(&caller, &query?, named, &mut Room::default()).await?;
    Ok(answer::list(list))
}

/// `POST /Groups/.search`, RFC 7644 §3.4.3.
async fn search(
    State(app): State<App>,
    presented: Presented,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let query = ListQuery::from_search(&GROUP, &payload.json(LARGEST)?)?;
    let list = app.list_groups(&caller, &query, &mut Room::default()).await?;
    Ok(answer::list(list))
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
    let members = users(&members)?;
    let created = app.create_group(&caller, &wanted, &members).await?;
    let body = members::written(&caller, &created, &members, &projection(query.as_deref()));
    answer::created(&shown(&caller, &created, body))
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
    let (projection, room) = (projection(query.as_deref()), Room::default());
    let body = app.group_with_members(&caller, &group, &projection, &room).await?;
    answer::resource(&shown(&caller, &group, body))
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
    let body = members::written(&caller, &replaced, &members, &projection(query.as_deref()));
    answer::resource(&shown(&caller, &replaced, body))
}

/// `PATCH /Groups/{id}`, RFC 7644 §3.5.2: nothing is answered unless attributes are asked for, so
/// that nobody reads a hundred thousand members because one was added. What was done is never
/// answered as if it had failed: what cannot be read then is not answered either.
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
    let projection = Projection::from_query(&GROUP, &parameters);
    match app.patched_group(&caller, id, &projection).await {
        Ok(shown) => answer::resource(&shown),
        Err(error) => {
            web::failure::log(&error, &caller.request_id);
            answer::no_content()
        }
    }
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

fn shown(caller: &Caller, group: &Stored<Group>, body: Value) -> Shown {
    Shown { body, version: version(group), location: caller.group_url(group.value.id) }
}

impl App {
    /// Groups that a query asks for.
    pub(crate) async fn list_groups(
        &self,
        caller: &Caller,
        query: &ListQuery,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let lookup = query.filter.as_ref().and_then(Filter::lookup);
        let named = self.groups_of(caller, lookup).await?;
        self.list::<Stored<Group>>(caller, query, named, room).await
    }

    /// A group as it is after it was changed, without its members where they fit no answer or cannot
    /// be read.
    async fn patched_group(
        &self,
        caller: &Caller,
        id: GroupId,
        projection: &Projection,
    ) -> Result<Shown, Failure> {
        let group = self.store.group(caller.org, id, caller.now).await?;
        let group = group.ok_or(scim::Error::NOT_FOUND)?;
        let room = Room::default();
        let body = match self.group_with_members(caller, &group, projection, &room).await {
            Ok(body) => body,
            Err(error) => {
                web::failure::log(&error, &caller.request_id);
                Value::Object(projection.apply(resource::shown(caller, &group)))
            }
        };
        Ok(shown(caller, &group, body))
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
        Ok((caller, group.read()?.ok_or(scim::Error::NOT_FOUND)?))
    }
}
