//! `/Users`, RFC 7644 §3.

mod change;
mod listed;
mod resource;
mod write;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use scim::schema::USER;
use scim::{Filter, ListQuery, ListResponse, Parameters, Patch, Projection, Resource};
use serde_json::Value;
use store::Provisioned;

use crate::answer::{self, Shown};
use crate::app::App;
use crate::caller::{Caller, Named, Presented};
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::list::Room;
use crate::payload::{LARGEST, Payload};
use crate::unknown;

pub(crate) use resource::version;

/// The routes below `/scim/v2/{organization}`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/Users", get(list).post(create))
        .route("/Users/.search", post(search))
        .route("/Users/{id}", get(read).put(replace).patch(patch).delete(delete))
        .method_not_allowed_fallback(unknown::method)
}

/// `GET /Users`, RFC 7644 §3.4.2.
async fn list(
    State(app): State<App>,
    presented: Presented,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let parameters = Parameters::read(query.as_deref().unwrap_or_default());
    let query = ListQuery::from_query(&USER, &parameters);
    let filter = query.as_ref().ok().and_then(|query| query.filter.as_ref());
    // A key is believed before a query is refused.
    let (caller, named) = app.caller_and_users(presented, filter.and_then(Filter::lookup)).await?;
    let list = app.list::<Provisioned>(&caller, &query?, named, &mut Room::default()).await?;
    Ok(answer::list(list))
}

/// `POST /Users/.search`, RFC 7644 §3.4.3.
async fn search(
    State(app): State<App>,
    presented: Presented,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let query = ListQuery::from_search(&USER, &payload.json(LARGEST)?)?;
    let list = app.list_users(&caller, &query, &mut Room::default()).await?;
    Ok(answer::list(list))
}

/// `POST /Users`, RFC 7644 §3.3.
async fn create(
    State(app): State<App>,
    presented: Presented,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let resource = Resource::read(caller.user_kind(), payload.json(LARGEST)?)?;
    let created = app.create_user(&caller, resource).await?;
    answer::created(&app.written_user(&caller, &created, query.as_deref()).await?)
}

/// `GET /Users/{id}`, RFC 7644 §3.4.1.
async fn read(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let (caller, user) = app.caller_and_user(presented, &id).await?;
    let version = version(&caller, &user);
    conditions.check_read(&version)?;
    let projection = projection(query.as_deref());
    // Groups change without the user.
    if conditions.is_known(&version) && !projection.wants("groups") {
        return answer::not_modified(&version);
    }
    let body = app.user_with_groups(&caller, &user, &projection).await?;
    answer::resource(&shown(&caller, &user, body))
}

/// `PUT /Users/{id}`, RFC 7644 §3.5.1.
async fn replace(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let (caller, user) = app.caller_and_user(presented, &id).await?;
    let wanted = Resource::read(caller.user_kind(), payload.json(LARGEST)?)?;
    let replaced = app.replace_user(&caller, user, &conditions, &wanted).await?;
    answer::resource(&app.written_user(&caller, &replaced, query.as_deref()).await?)
}

/// `PATCH /Users/{id}`, RFC 7644 §3.5.2.
async fn patch(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
    RawQuery(query): RawQuery,
    payload: Payload,
) -> Result<Response, Failure> {
    let (caller, user) = app.caller_and_user(presented, &id).await?;
    let patch = Patch::read(caller.user_kind(), payload.json(LARGEST)?)?;
    let patched = app.patch_user(&caller, user, &conditions, &patch).await?;
    answer::resource(&app.written_user(&caller, &patched, query.as_deref()).await?)
}

/// `DELETE /Users/{id}`, RFC 7644 §3.6.
async fn delete(
    State(app): State<App>,
    presented: Presented,
    Named(id): Named,
    conditions: Conditions,
) -> Result<Response, Failure> {
    let (caller, user) = app.caller_and_user(presented, &id).await?;
    app.delete_user(&caller, user, &conditions).await?;
    answer::no_content()
}

/// Which attributes of a user the query of a request asks for, RFC 7644 §3.9.
fn projection(query: Option<&str>) -> Projection {
    Projection::from_query(&USER, &Parameters::read(query.unwrap_or_default()))
}

fn shown(caller: &Caller, user: &Provisioned, body: Value) -> Shown {
    Shown { body, version: version(caller, user), location: caller.user_url(user.user.value.id) }
}

impl App {
    /// A user as they were just written. That is done, so whatever fails now is left out.
    async fn written_user(
        &self,
        caller: &Caller,
        user: &Provisioned,
        query: Option<&str>,
    ) -> Result<Shown, Failure> {
        let projection = projection(query);
        let body = match self.user_with_groups(caller, user, &projection).await {
            Ok(body) => body,
            Err(error) => {
                web::failure::log(&error, &caller.request_id);
                Value::Object(projection.apply(resource::shown(caller, user)?))
            }
        };
        Ok(shown(caller, user, body))
    }

    /// Users that a query asks for.
    pub(crate) async fn list_users(
        &self,
        caller: &Caller,
        query: &ListQuery,
        room: &mut Room,
    ) -> Result<ListResponse, Failure> {
        let lookup = query.filter.as_ref().and_then(Filter::lookup);
        let named = self.users_of(caller, lookup).await?;
        self.list::<Provisioned>(caller, query, named, room).await
    }

    /// Who calls, and a user of their organization, in one read.
    async fn caller_and_user(
        &self,
        presented: Presented,
        id: &str,
    ) -> Result<(Caller, Provisioned), Failure> {
        let Ok(id) = id.parse() else {
            self.caller(presented).await?;
            return Err(scim::Error::NOT_FOUND.into());
        };
        let now = self.clock.now();
        let (org, hash) = (presented.org, &presented.hash);
        let (key, user) = self.store.scim_key_and_user(org, hash, id, now).await?;
        let caller = self.admit(presented, key, now).await?;
        Ok((caller, user.read()?.ok_or(scim::Error::NOT_FOUND)?))
    }
}
