//! `/subscriptions`: who hears of changes of users, and until when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::answer::Answer;
use super::request::Request;
use super::users;
use crate::app::App;
use crate::directory::DirectoryError;
use crate::random;

/// The name of the file that keeps them in the data folder.
pub(crate) const SUBSCRIPTIONS_FILE: &str = "subscriptions.json";

/// The longest life of a subscription to users.
const LONGEST: SignedDuration = SignedDuration::from_mins(41_760);

/// A subscription, as Graph keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id, a GUID.
    pub id: String,
    /// The application that asked for it, and alone sees it.
    pub application_id: String,
    /// What is heard of: `users`.
    pub resource: String,
    /// `updated`, `deleted`, or both with a comma.
    pub change_type: String,
    /// What every notification says again.
    pub client_state: Option<String>,
    /// Where notifications go.
    pub notification_url: String,
    /// Where is told what becomes of the subscription itself.
    pub lifecycle_notification_url: Option<String>,
    /// When it ends.
    pub expiration_date_time: Timestamp,
}

impl Subscription {
    /// Whether somebody hears of such changes.
    pub(crate) fn hears(&self, change: &str) -> bool {
        self.change_type.split(',').any(|kind| kind.trim() == change)
    }

    fn show(&self, base: &str) -> Value {
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert(
                "@odata.context".to_owned(),
                json!(format!("{base}/$metadata#subscriptions/$entity")),
            );
        }
        shown
    }
}

/// What a new subscription, or a change of one, asks for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    resource: Option<String>,
    change_type: Option<String>,
    client_state: Option<String>,
    pub(crate) notification_url: Option<String>,
    pub(crate) lifecycle_notification_url: Option<String>,
    expiration_date_time: Option<Timestamp>,
}

impl Wanted {
    pub(crate) fn read(request: &Request) -> Result<Self, Answer> {
        let body = Value::Object(request.object()?.clone());
        serde_json::from_value(body)
            .map_err(|error| Answer::error(400, "BadRequest", &error.to_string()))
    }
}

fn invalid(message: &str) -> Answer {
    Answer::error(400, "InvalidRequest", message)
}

/// `GET /subscriptions`: those of the application.
pub(crate) fn list(app: &App, request: &Request) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    request.query.only(&["$select"])?;
    let base = app.graph_url();
    let shown: Vec<Value> =
        app.subscriptions_of(&request.claims.appid).iter().map(|one| one.show(&base)).collect();
    Ok(Answer::ok(
        json!({ "@odata.context": format!("{base}/$metadata#subscriptions"), "value": shown }),
    ))
}

/// `POST /subscriptions`, once both addresses have answered.
pub(crate) fn create(app: &App, request: &Request) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    if !request.wishes.greeted {
        return Err(Answer::error(400, "ValidationError", "The addresses were not validated."));
    }
    let wanted = Wanted::read(request)?;
    let resource = wanted.resource.unwrap_or_default();
    if resource.trim_start_matches('/') != "users" {
        return Err(invalid("Only users can be subscribed to here."));
    }
    let change_type = wanted.change_type.unwrap_or_default();
    let known = |kind: &str| ["updated", "deleted"].contains(&kind.trim());
    if change_type.is_empty() || !change_type.split(',').all(known) {
        return Err(invalid("The changeType is not one of updated and deleted."));
    }
    if wanted.client_state.as_ref().is_some_and(|state| state.chars().count() > 128) {
        return Err(invalid("The clientState is longer than 128 characters."));
    }
    let expiration_date_time = end(app, wanted.expiration_date_time)?;
    let made = Subscription {
        id: random::guid(),
        application_id: request.claims.appid.clone(),
        resource,
        change_type,
        client_state: wanted.client_state,
        notification_url: address(wanted.notification_url.as_deref())?,
        lifecycle_notification_url: match wanted.lifecycle_notification_url {
            Some(url) => Some(address(Some(&url))?),
            None => None,
        },
        expiration_date_time,
    };
    let twice = |one: &&Subscription| {
        one.change_type == made.change_type
            && one.resource.trim_start_matches('/') == made.resource.trim_start_matches('/')
    };
    if let Some(one) = app.subscriptions_of(&made.application_id).iter().find(twice) {
        let message =
            format!("Subscription Id {} already exists for the requested combination", one.id);
        return Err(Answer::error(409, "Conflict", &message));
    }
    app.change_subscriptions(|all| {
        all.insert(made.id.clone(), made.clone());
    })?;
    Ok(Answer::created(made.show(&app.graph_url())))
}

/// `GET /subscriptions/{id}`.
pub(crate) fn get(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    Ok(Answer::ok(known(app, request, id)?.show(&app.graph_url())))
}

/// `PATCH /subscriptions/{id}`: a later end.
pub(crate) fn renew(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    let mut renewed = known(app, request, id)?;
    let wanted = Wanted::read(request)?;
    renewed.expiration_date_time = end(app, wanted.expiration_date_time)?;
    app.change_subscriptions(|all| {
        all.insert(renewed.id.clone(), renewed.clone());
    })?;
    Ok(Answer::ok(renewed.show(&app.graph_url())))
}

/// `DELETE /subscriptions/{id}`.
pub(crate) fn delete(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    let known = known(app, request, id)?;
    app.change_subscriptions(|all| {
        all.remove(&known.id);
    })?;
    Ok(Answer::nothing())
}

/// `POST /subscriptions/{id}/reauthorize`.
pub(crate) fn reauthorize(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    known(app, request, id).map(|_| Answer::nothing())
}

fn known(app: &App, request: &Request, id: &str) -> Result<Subscription, Answer> {
    let all = app.subscriptions_of(&request.claims.appid);
    let found = all.into_iter().find(|one| one.id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| Answer::error(404, "ResourceNotFound", "The object was not found."))
}

fn end(app: &App, wanted: Option<Timestamp>) -> Result<Timestamp, Answer> {
    let now = app.now().simulated;
    let wanted = wanted.ok_or_else(|| invalid("expirationDateTime is missing."))?;
    let life = wanted.duration_since(now);
    if life <= SignedDuration::ZERO || life > LONGEST {
        return Err(invalid("Subscription expiration can only be 41760 minutes in the future."));
    }
    Ok(wanted)
}

/// The real one takes nothing but HTTPS; here the identity provider may be on the same machine.
pub(crate) fn address(url: Option<&str>) -> Result<String, Answer> {
    let refused = || invalid("The notificationUrl is not an HTTPS address.");
    let url = url.ok_or_else(refused)?;
    let parsed = Url::parse(url).map_err(|_| refused())?;
    let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1"));
    if parsed.scheme() == "https" || (parsed.scheme() == "http" && local) {
        Ok(url.to_owned())
    } else {
        Err(refused())
    }
}

impl App {
    /// The subscriptions of an application whose end has not come.
    pub(crate) fn subscriptions_of(&self, application: &str) -> Vec<Subscription> {
        let mut all = self.live_subscriptions();
        all.retain(|one| one.application_id == application);
        all
    }

    /// Every subscription whose end has not come.
    pub(crate) fn live_subscriptions(&self) -> Vec<Subscription> {
        let now = self.now().simulated;
        let all = self.subscriptions();
        all.values().filter(|one| now < one.expiration_date_time).cloned().collect()
    }
}

impl From<std::io::Error> for Answer {
    fn from(error: std::io::Error) -> Self {
        DirectoryError::Save(error).into()
    }
}
