//! What the server says of itself, RFC 7644 §4.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use identity::SecretHash;
use scim::discovery::Kinds;
use scim::schema::GROUP;
use scim::{Parameters, discovery, etag};
use serde_json::Value;

use crate::answer::{self, Shown};
use crate::app::App;
use crate::caller::{Named, Presented};
use crate::conditions::Conditions;
use crate::failure::Failure;
use crate::unknown;

/// How many digits of a document's hash name its version.
const VERSION: usize = 16;

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

type Asked = (State<App>, Presented, Conditions, RawQuery);

async fn config(asked: Asked) -> Result<Response, Failure> {
    tell(asked, "/ServiceProviderConfig", |base, _| Some(discovery::service_provider_config(base)))
        .await
}

async fn resource_types(asked: Asked) -> Result<Response, Failure> {
    tell(asked, "/ResourceTypes", |base, kinds| Some(discovery::resource_types(base, kinds))).await
}

async fn resource_type(Named(name): Named, asked: Asked) -> Result<Response, Failure> {
    let path = format!("/ResourceTypes/{name}");
    tell(asked, &path, |base, kinds| discovery::resource_type(base, kinds, &name)).await
}

async fn schemas(asked: Asked) -> Result<Response, Failure> {
    tell(asked, "/Schemas", |base, kinds| Some(discovery::schemas(base, kinds))).await
}

async fn schema(Named(urn): Named, asked: Asked) -> Result<Response, Failure> {
    let path = format!("/Schemas/{urn}");
    tell(asked, &path, |base, kinds| discovery::schema(base, kinds, &urn)).await
}

/// Discovery cannot be filtered: RFC 7644 §4 asks for a 403.
async fn tell(
    (State(app), presented, conditions, RawQuery(query)): Asked,
    path: &str,
    document: impl FnOnce(&str, Kinds<'_>) -> Option<Value>,
) -> Result<Response, Failure> {
    let caller = app.caller(presented).await?;
    let parameters = Parameters::read(query.as_deref().unwrap_or_default());
    if parameters.get("filter").is_some() {
        return Err(scim::Error::DISCOVERY_FILTER.into());
    }
    let kinds = [caller.user_kind(), &GROUP];
    let mut body = document(&caller.base(), &kinds).ok_or(scim::Error::NOT_FOUND)?;
    let version = tag(&mut body);
    conditions.check_read(&version)?;
    if conditions.is_known(&version) {
        return answer::not_modified(&version);
    }
    answer::resource(&Shown { body, version, location: format!("{}{path}", caller.base()) })
}

/// Names the version of a document, and of each that it lists, by what it says: what changes with
/// a deployment changes its name.
fn tag(document: &mut Value) -> String {
    let listed = document.get_mut("Resources").and_then(Value::as_array_mut);
    for resource in listed.into_iter().flatten() {
        tag(resource);
    }
    let hash = SecretHash::of(&[document.to_string().as_bytes()]);
    let version = etag::weak(&hash.as_str().chars().take(VERSION).collect::<String>());
    if let Some(meta) = document.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("version".to_owned(), version.as_str().into());
    }
    version
}
