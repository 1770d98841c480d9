//! `/token`: codes and client credentials for tokens; the client proves itself by its certificate.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::access_token::{Claims, LIFETIME};
use super::account::{Realm, is_graph};
use super::fault;
use super::id_token::{self, Subject};
use super::refusal::OAuthRefusal;
use super::{assertion, state::OAuth};
use crate::app::App;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters of a request, each once.
struct Form(BTreeMap<String, String>);

impl Form {
    fn read(body: &str) -> Result<Self, OAuthRefusal> {
        let mut read = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body.as_bytes()).into_owned() {
            if read.insert(name.clone(), value).is_some() {
                let detail = format!("The parameter {name} is there twice.");
                return Err(OAuthRefusal::new("invalid_request", 9_002_313, detail));
            }
        }
        Ok(Self(read))
    }

    fn get(&self, name: &str) -> Result<&str, OAuthRefusal> {
        self.0.get(name).map(String::as_str).ok_or_else(|| {
            let detail = format!("The parameter {name} is missing.");
            OAuthRefusal::new("invalid_request", 900_144, detail)
        })
    }
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    body: String,
) -> Response {
    if let Some(outage) = fault::take(&mut app.oauth().faults.token) {
        return outage.into_response();
    }
    let now = app.now().simulated;
    let answer = serve(&app, &path, &body, now);
    let told = match &answer {
        Ok(_) => json!({ "tenant": path }),
        Err(refusal) => json!({ "tenant": path, "refused": refusal.number }),
    };
    app.note(now, "oauth_token_asked", told);
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn serve(app: &App, path: &str, body: &str, now: Timestamp) -> Result<Value, OAuthRefusal> {
    let form = Form::read(body)?;
    let realm = {
        let directory = app.directory();
        Realm::parse(path, &directory, &app.oauth().known)
    };
    let of_the_crowd = || app.crowd().has(path).then(|| Realm::Tenant(path.to_ascii_lowercase()));
    let realm = realm
        .or_else(of_the_crowd)
        .ok_or_else(|| OAuthRefusal::new("invalid_request", 90_002, "No tenant has this name."))?;
    let client_id = form.get("client_id")?;
    let endpoint = format!("{}/{path}/oauth2/v2.0/token", app.site.url());
    let mut oauth = app.oauth();
    authenticate(&mut oauth, &form, client_id, &endpoint, now)?;
    match form.get("grant_type")? {
        "client_credentials" => own_token(app, &oauth, &form, &realm, client_id, now),
        "authorization_code" => redeem(app, &mut oauth, &form, &realm, client_id, now),
        _ => Err(OAuthRefusal::new("unsupported_grant_type", 70_003, "No such grant is served.")),
    }
}

fn authenticate(
    oauth: &mut OAuth,
    form: &Form,
    client_id: &str,
    endpoint: &str,
    now: Timestamp,
) -> Result<(), OAuthRefusal> {
    let application = oauth.known.applications.get(client_id).ok_or_else(|| {
        OAuthRefusal::new("unauthorized_client", 700_016, "No application has this id.")
    })?;
    if form.0.contains_key("client_secret") {
        let detail = "The application has no secret.";
        return Err(OAuthRefusal::new("invalid_client", 7_000_215, detail));
    }
    if form.get("client_assertion_type").ok() != Some(ASSERTION_TYPE) {
        let detail = "The request must hold a client assertion.";
        return Err(OAuthRefusal::new("invalid_client", 7_000_218, detail));
    }
    let proof = form.get("client_assertion")?;
    let claims = assertion::check(proof, client_id, application, endpoint, now)?;
    if oauth.assertions.get(&claims.jti).is_some() {
        return Err(OAuthRefusal::new("invalid_client", 700_024, "The assertion was used before."));
    }
    oauth.assertions.insert(claims.jti, ());
    Ok(())
}

fn own_token(
    app: &App,
    oauth: &OAuth,
    form: &Form,
    realm: &Realm,
    client_id: &str,
    now: Timestamp,
) -> Result<Value, OAuthRefusal> {
    let Realm::Tenant(tenant) = realm else {
        let detail = "An application's own token is asked for at one tenant.";
        return Err(OAuthRefusal::new("invalid_request", 9_002_330, detail));
    };
    if !is_graph(app.site, form.get("scope")?) {
        let detail = "The scope must be the .default of a resource.";
        return Err(OAuthRefusal::new("invalid_scope", 1_002_012, detail));
    }
    let roles = oauth.known.granted(tenant, client_id, now).cloned();
    let roles = roles.or_else(|| app.crowd().granted(tenant, client_id).cloned());
    let roles = roles.ok_or_else(|| {
        let detail = "The application was not found in the directory.";
        OAuthRefusal::new("unauthorized_client", 700_016, detail)
    })?;
    let claims = Claims::new(tenant, client_id, roles.into_iter().collect(), now);
    let token = app.access_tokens.issue(&claims).map_err(|_| unsigned())?;
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": LIFETIME.as_secs(),
        "ext_expires_in": LIFETIME.as_secs(),
        "access_token": token,
    }))
}

fn redeem(
    app: &App,
    oauth: &mut OAuth,
    form: &Form,
    realm: &Realm,
    client_id: &str,
    now: Timestamp,
) -> Result<Value, OAuthRefusal> {
    let refuse = |number, detail: &str| OAuthRefusal::new("invalid_grant", number, detail);
    let (redirect_uri, verifier) = (form.get("redirect_uri")?, form.get("code_verifier")?);
    let code = oauth.codes.get_mut(form.get("code")?);
    let code = code.filter(|code| code.client_id == client_id);
    let code = code.ok_or_else(|| refuse(70_000, "The code is not one of this application's."))?;
    if code.spent {
        return Err(refuse(54_005, "The code was redeemed before."));
    }
    // From here on it is spent, whatever is wrong with the rest.
    code.spent = true;
    let code = code.clone();
    if code.is_over(now) {
        return Err(refuse(70_008, "The code is over."));
    }
    if code.redirect_uri != redirect_uri {
        return Err(refuse(50_011, "The redirect URI differs."));
    }
    if URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) != code.challenge {
        return Err(refuse(501_481, "The code verifier does not fit the challenge."));
    }
    if !realm.admits(&code.account.tenant) {
        return Err(refuse(70_000, "The code is of another tenant."));
    }
    let application = oauth.known.applications.get(client_id);
    let site = app.site.url();
    let subject = Subject {
        site: &site,
        client_id,
        nonce: code.nonce.as_deref(),
        account: &code.account,
        roles: application.is_some_and(|application| application.directory_role_claims),
    };
    let fault = oauth.faults.id_token;
    let id_token = id_token::issue(&mut oauth.keys, &subject, fault, now);
    let id_token = id_token.map_err(|_| unsigned())?;
    // Whatever was granted before comes along, as soon as anything of the resource is asked for.
    let given = oauth.known.delegations.get(&code.account.tenant);
    let given = given.and_then(|given| given.get(client_id)).filter(|_| !code.scopes.is_empty());
    let scopes = ["openid", "profile", "email"].into_iter().map(str::to_owned);
    let scopes = scopes.chain(given.into_iter().flatten().cloned());
    let scope = scopes.collect::<Vec<_>>().join(" ");
    let delegated = Claims::delegated(&code.account, client_id, scope.clone(), now);
    Ok(json!({
        "token_type": "Bearer",
        "scope": scope,
        "expires_in": LIFETIME.as_secs(),
        "access_token": app.access_tokens.issue(&delegated).map_err(|_| unsigned())?,
        "id_token": id_token,
    }))
}

fn unsigned() -> OAuthRefusal {
    OAuthRefusal::new("server_error", 90_033, "The token cannot be signed.")
}
