//! What the server says of itself, RFC 7644 §4.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use scim::discovery::Kinds;
use scim::schema::GROUP;
use scim::{Parameters, discovery};
use serde_json::Value;

use crate::answer;
use crate::app::App;
use crate::caller::{Named, Presented};
use crate::failure::Failure;
use crate::unknown;

/// The routes below `/scim/v2/{organization}`: to be read, and nothing else.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/ServiceProviderConfig", get(config))
        .route("/ResourceTypes", get(resource_types))
        .route("/ResourceTypes/{name}", get(resource_type))
        .route("/Schemas", get(schemas))
        .route("/Schemas/{urn}", get(schema))
        .method_not_allowed_fallback(unknown::method)
}

type Asked = (State<App>, Presented, RawQuery);

async fn config(asked: Asked) -> Result<Response, Failure> {
    tell(asked, |base, _| Some(discovery::service_provider_config(base))).await
}

async fn resource_types(asked: Asked) -> Result<Response, Failure> {
    tell(asked, |base, kinds| Some(discovery::resource_types(base, kinds))).await
}

async fn resource_type(Named(name): Named, asked: Asked) -> Result<Response, Failure> {
    tell(asked, |base, kinds| discovery::resource_type(base, kinds, &name)).await
}

async fn schemas(asked: Asked) -> Result<Response, Failure> {
    tell(asked, |base, kinds| Some(discovery::schemas(base, kinds))).await
}

async fn schema(Named(urn): Named, asked: Asked) -> Result<Response, Failure> {
    tell(asked, |base, kinds| discovery::schema(base, kinds, &urn)).await
}

/// Discovery cannot be filtered: RFC 7644 §4 asks for a 403.
async fn tell(
    (State(app), presented, RawQuery(query)): Asked,
    document: impl FnOnce(&str, Kinds<'_>) -> Option<Value>,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let parameters = Parameters::read(query.as_deref().unwrap_or_default());
    if parameters.get("filter").is_some() {
        return Err(scim::Error::DISCOVERY_FILTER.into());
    }
    let kinds = [caller.user_kind(), &GROUP];
    let document = document(&caller.base(), &kinds).ok_or(scim::Error::NOT_FOUND)?;
    Ok(answer::document(&document))
}
