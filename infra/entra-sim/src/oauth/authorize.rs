//! `/authorize`: asks who signs in, and sends a code to the application.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form as Body, Path, Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::access_token::AUDIENCE;
use super::account::{Account, Realm, accounts};
use super::refusal::{OAuthRefusal, redirect};
use super::state::Code;
use crate::app::App;
use crate::pages::{AccountPicker, Choice, page};
use crate::random;

/// What an application asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    response_type: String,
    response_mode: Option<String>,
    #[serde(default)]
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    prompt: Option<String>,
    login_hint: Option<String>,
}

/// What somebody chose.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    account: Option<String>,
}

/// A request whose redirect URI is to be trusted.
struct Trusted {
    asked: Asked,
    realm: Realm,
    name: String,
}

fn trust(app: &App, path: &str, asked: Asked) -> Result<Trusted, OAuthRefusal> {
    let directory = app.directory();
    let oauth = app.oauth();
    let realm = Realm::parse(path, &directory, &oauth.known)
        .ok_or_else(|| OAuthRefusal::new("invalid_request", 90_002, "No tenant has this name."))?;
    let application = oauth.known.applications.get(&asked.client_id).ok_or_else(|| {
        OAuthRefusal::new("unauthorized_client", 700_016, "No application has this id.")
    })?;
    if !application.redirect_uris.contains(&asked.redirect_uri) {
        let detail = "The redirect URI is not one that is registered.";
        return Err(OAuthRefusal::new("invalid_request", 50_011, detail));
    }
    Ok(Trusted { realm, name: application.display_name.clone(), asked })
}

/// The delegated permissions of Graph that are asked for, by Graph's own name or by the address that
/// stands for it here; those of another resource, and those that nobody declared, are none.
fn scopes(app: &App, asked: &Asked) -> Result<BTreeSet<String>, OAuthRefusal> {
    let oauth = app.oauth();
    let application = oauth.known.applications.get(&asked.client_id);
    let site = app.site.url();
    let mut scopes = BTreeSet::new();
    for scope in asked.scope.split(' ').filter(|scope| !scope.is_empty()) {
        if ["openid", "profile", "email", "offline_access"].contains(&scope) {
            continue;
        }
        let of = |resource: &str| scope.strip_prefix(resource)?.strip_prefix('/');
        let name = of(AUDIENCE).or_else(|| of(&site)).unwrap_or_default();
        let declared = application.is_some_and(|application| application.scopes.contains(name));
        if !declared || oauth.faults.unknown_scopes.contains(name) {
            let detail = "The resource has no such scope.";
            return Err(OAuthRefusal::new("invalid_client", 650_053, detail));
        }
        scopes.insert(name.to_owned());
    }
    Ok(scopes)
}

/// What the rest of the request must be; the application is told otherwise.
fn check(asked: &Asked) -> Result<(), OAuthRefusal> {
    let refuse = |number, detail: &str| Err(OAuthRefusal::new("invalid_request", number, detail));
    if asked.response_type != "code" {
        return Err(OAuthRefusal::new(
            "unsupported_response_type",
            700_054,
            "Only code is served.",
        ));
    }
    if asked.response_mode.as_deref().is_some_and(|mode| mode != "query") {
        return refuse(70_007, "Only the response mode query is served.");
    }
    if !asked.scope.split(' ').any(|scope| scope == "openid") {
        return refuse(90_014, "The scope openid is missing.");
    }
    // Entra lets confidential clients do without; here everybody proves possession.
    let challenge = asked.code_challenge.as_deref().unwrap_or_default();
    if asked.code_challenge_method.as_deref() != Some("S256") || challenge.len() != 43 {
        return refuse(9_002_325, "A proof key of method S256 is required.");
    }
    match asked.prompt.as_deref() {
        Some("none") => {
            Err(OAuthRefusal::new("interaction_required", 50_058, "Nobody is signed in."))
        }
        Some("select_account" | "login" | "consent") | None => Ok(()),
        Some(_) => refuse(90_023, "The prompt is not one that is known."),
    }
}

/// `GET /{tenant}/oauth2/v2.0/authorize`.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    RawQuery(raw): RawQuery,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let tenant = app.directory().tenant_name.clone();
    let trusted = match read(&app, &path, asked) {
        Ok(trusted) => trusted,
        Err(refusal) => return refusal.page(&tenant),
    };
    let Trusted { asked, realm, name } = trusted;
    let scopes = match check(&asked).and_then(|()| scopes(&app, &asked)) {
        Ok(scopes) => scopes,
        Err(refusal) => {
            return refusal.redirect(&asked.redirect_uri, asked.state.as_deref(), None);
        }
    };
    let accounts = accounts(&realm, &app.directory(), &app.oauth().known);
    let hint = asked.login_hint.unwrap_or_default().to_lowercase();
    let choices: Vec<_> = accounts.iter().map(|account| choice(account, &hint)).collect();
    let action = format!("/{path}/oauth2/v2.0/authorize?{}", raw.unwrap_or_default());
    let picker = AccountPicker {
        tenant: &tenant,
        application: &name,
        action: &action,
        choices: &choices,
        permissions: &[],
        delegated: &scopes.into_iter().collect::<Vec<_>>(),
    };
    page(StatusCode::OK, &picker)
}

pub(crate) fn choice(account: &Account, hint: &str) -> Choice {
    Choice {
        id: account.object_id.clone(),
        name: account.name.clone(),
        upn: account.upn.clone(),
        tenant: account.tenant_name.clone(),
        administrator: account.may_consent(),
        federated: account.federated,
        hinted: account.upn.to_lowercase() == hint,
    }
}

fn read(
    app: &App,
    path: &str,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Trusted, OAuthRefusal> {
    let Query(asked) =
        asked.map_err(|error| OAuthRefusal::new("invalid_request", 900_144, error.body_text()))?;
    trust(app, path, asked)
}

/// `POST /{tenant}/oauth2/v2.0/authorize`: somebody chose an account, or went away.
pub(crate) async fn choose(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
    chosen: Result<Body<Chosen>, FormRejection>,
) -> Response {
    let tenant = app.directory().tenant_name.clone();
    let trusted = match read(&app, &path, asked) {
        Ok(trusted) => trusted,
        Err(refusal) => return refusal.page(&tenant),
    };
    let Trusted { asked, realm, .. } = trusted;
    let state = asked.state.as_deref();
    let scopes = match check(&asked).and_then(|()| scopes(&app, &asked)) {
        Ok(scopes) => scopes,
        Err(refusal) => return refusal.redirect(&asked.redirect_uri, state, None),
    };
    let wanted = chosen.ok().and_then(|Body(chosen)| chosen.account);
    let Some(wanted) = wanted else {
        let refusal = OAuthRefusal::new("access_denied", 65_004, "The person went away.");
        return refusal.redirect(&asked.redirect_uri, state, None);
    };
    let account = accounts(&realm, &app.directory(), &app.oauth().known)
        .into_iter()
        .find(|account| account.object_id == wanted);
    let Some(account) = account else {
        let detail = "The account is of another tenant than the one that is asked for.";
        return OAuthRefusal::new("invalid_request", 50_020, detail).page(&tenant);
    };
    let now = app.now().simulated;
    if !app.oauth().known.delegates(&account.tenant, &asked.client_id, &scopes) {
        // What is asked for here only an administrator can allow, for everybody at once.
        if !account.may_consent() {
            let detail = "Only an administrator can allow this.";
            return OAuthRefusal::new("access_denied", 90_094, detail).page(&tenant);
        }
        let changed = app.change_registrations(|known| {
            let given = known.delegations.entry(account.tenant.clone()).or_default();
            given.entry(asked.client_id.clone()).or_default().extend(scopes.iter().cloned());
        });
        if changed.is_err() {
            return OAuthRefusal::new("server_error", 90_033, "The consent cannot be kept.")
                .page(&tenant);
        }
        let details = json!({ "tenant": account.tenant, "by": account.upn, "scopes": scopes });
        app.note(now, "oauth_delegated", details);
    }
    let details = json!({ "tenant": account.tenant, "account": account.upn });
    let code = Code {
        client_id: asked.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        challenge: asked.code_challenge.clone().unwrap_or_default(),
        nonce: asked.nonce.clone(),
        account,
        scopes,
        issued_at: now,
        spent: false,
    };
    let value = format!("0.{}", random::blob(200));
    app.oauth().codes.insert(value.clone(), code);
    app.note(now, "oauth_code_issued", details);
    let session = random::guid();
    let mut parameters = vec![("code", value.as_str())];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("session_state", &session));
    redirect(&asked.redirect_uri, &parameters)
}
