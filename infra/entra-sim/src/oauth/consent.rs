//! `/adminconsent`: an administrator decides for their whole tenant.

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form as Body, Path, Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::account::{Realm, accounts, is_graph};
use super::authorize::choice;
use super::refusal::{OAuthRefusal, redirect};
use super::registration::{Application, Consent};
use crate::app::App;
use crate::pages::{AccountPicker, page};

/// What an application asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
    #[serde(default)]
    scope: String,
}

/// What somebody decided.
#[derive(Debug, Deserialize)]
pub(crate) struct Decided {
    account: Option<String>,
}

struct Trusted {
    asked: Asked,
    realm: Realm,
    application: Application,
}

fn trust(
    app: &App,
    path: &str,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Trusted, OAuthRefusal> {
    let Query(asked) =
        asked.map_err(|error| OAuthRefusal::new("invalid_request", 900_144, error.body_text()))?;
    let directory = app.directory();
    let oauth = app.oauth();
    // `common` is for the older endpoint only.
    let realm = Some(path).filter(|path| *path != "common");
    let realm = realm.and_then(|path| Realm::parse(path, &directory, &oauth.known));
    let realm = realm
        .ok_or_else(|| OAuthRefusal::new("invalid_request", 90_002, "No tenant has this name."))?;
    let application = oauth.known.applications.get(&asked.client_id).cloned().ok_or_else(|| {
        OAuthRefusal::new("unauthorized_client", 700_016, "No application has this id.")
    })?;
    if !application.redirect_uris.contains(&asked.redirect_uri) {
        let detail = "The redirect URI is not one that is registered.";
        return Err(OAuthRefusal::new("invalid_request", 50_011, detail));
    }
    if !is_graph(app.site, &asked.scope) {
        let detail = "The scope must be the .default of Microsoft Graph.";
        return Err(OAuthRefusal::new("invalid_request", 900_144, detail));
    }
    Ok(Trusted { asked, realm, application })
}

/// `GET /{tenant}/v2.0/adminconsent`.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    RawQuery(raw): RawQuery,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let tenant = app.directory().tenant_name.clone();
    let Trusted { realm, application, .. } = match trust(&app, &path, asked) {
        Ok(trusted) => trusted,
        Err(refusal) => return refusal.page(&tenant),
    };
    let accounts = accounts(&realm, &app.directory(), &app.oauth().known);
    let choices: Vec<_> = accounts.iter().map(|account| choice(account, "")).collect();
    let permissions: Vec<_> = application.roles.iter().cloned().collect();
    let action = format!("/{path}/v2.0/adminconsent?{}", raw.unwrap_or_default());
    let picker = AccountPicker {
        tenant: &tenant,
        application: &application.display_name,
        action: &action,
        choices: &choices,
        permissions: &permissions,
        delegated: &[],
    };
    page(StatusCode::OK, &picker)
}

/// `POST /{tenant}/v2.0/adminconsent`.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    decided: Result<Body<Decided>, FormRejection>,
) -> Response {
    let tenant = app.directory().tenant_name.clone();
    let Trusted { asked, realm, application } = match trust(&app, &path, asked) {
        Ok(trusted) => trusted,
        Err(refusal) => return refusal.page(&tenant),
    };
    let state = asked.state.as_deref();
    let wanted = decided.ok().and_then(|Body(decided)| decided.account);
    let Some(wanted) = wanted else {
        let refusal = OAuthRefusal::new("access_denied", 65_004, "The administrator declined.");
        // Entra says `admin_consent=True` beside the error too.
        return refusal.redirect(&asked.redirect_uri, state, Some("True"));
    };
    let account = accounts(&realm, &app.directory(), &app.oauth().known)
        .into_iter()
        .find(|account| account.object_id == wanted);
    let Some(account) = account else {
        let detail = "The account is of another tenant than the one that is asked for.";
        return OAuthRefusal::new("invalid_request", 50_020, detail).page(&tenant);
    };
    if !account.may_consent() {
        let detail = "Only an administrator can allow this for everybody.";
        return OAuthRefusal::new("access_denied", 90_094, detail).page(&tenant);
    }
    let at = app.now().simulated;
    let consent = Consent { roles: application.roles, by: account.upn.clone(), at };
    let changed = app.change_registrations(|known| {
        known
            .consents
            .entry(account.tenant.clone())
            .or_default()
            .insert(asked.client_id.clone(), consent);
    });
    if changed.is_err() {
        return OAuthRefusal::new("server_error", 90_033, "The consent cannot be kept.")
            .page(&tenant);
    }
    app.note(at, "oauth_consented", json!({ "tenant": account.tenant, "by": account.upn }));
    let mut parameters = vec![
        ("admin_consent", "True"),
        ("tenant", account.tenant.as_str()),
        ("scope", asked.scope.as_str()),
    ];
    parameters.extend(state.map(|state| ("state", state)));
    redirect(&asked.redirect_uri, &parameters)
}
