//! The portal's pages: the front page, the way to the identity provider, the end of a sign-in.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form as Body, Path, Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::app::App;
use crate::browser::{self, Form, PORTAL_COOKIE};
use crate::code::{Code, Refusal, shown};
use crate::departure::{Traveller, depart};
use crate::directory::Realm;
use crate::federation::{AuthenticationProtocol, InternalDomainFederation};
use crate::graph_user::GraphUser;
use crate::logout::logout_request;
use crate::pages::{AutoPost, Managed, Portal, SignedIn, page};
use crate::pending::{Freshness, MfaRequest, SignOut};
use crate::random;
use crate::refusal_answer::answer;
use crate::request::{Binding, Carrier, Hint, Outgoing, Shape, Signing};
use crate::saml::MICROSOFT_ONLINE;
use crate::session::Session;

/// How many people the front page offers.
const OFFERED: usize = 20;

/// The parameters of the front page.
#[derive(Debug, Deserialize)]
pub(crate) struct Front {
    #[serde(default)]
    address: String,
}

/// `GET /`: asks for an address.
pub(crate) async fn front(
    State(app): State<Arc<App>>,
    front: Result<Query<Front>, QueryRejection>,
) -> Response {
    let address = front.map(|Query(front)| front.address).unwrap_or_default();
    let (tenant, people) = {
        let directory = app.directory();
        let mut people: Vec<GraphUser> = directory.users.values().take(OFFERED).cloned().collect();
        people.sort_by(|a, b| a.user_principal_name.cmp(&b.user_principal_name));
        (directory.tenant_name.clone(), people)
    };
    page(StatusCode::OK, &Portal { tenant: &tenant, address: &address, people: &people })
}

/// The parameters of a sign-in's start; each but the address may be missing or empty.
#[derive(Debug, Deserialize)]
pub(crate) struct Start {
    address: String,
    #[serde(default)]
    binding: Binding,
    #[serde(default)]
    hint: Hint,
    /// Without it, what the domain requires.
    signed: Option<bool>,
    #[serde(default)]
    force_authn: bool,
    #[serde(default)]
    mfa: bool,
}

impl Start {
    fn shape(&self, federation: &InternalDomainFederation) -> Shape {
        let required = federation.is_signed_authentication_request_required;
        let signed = self.signed.unwrap_or(required);
        Shape {
            binding: self.binding,
            hint: self.hint,
            signing: if signed { Signing::Signed } else { Signing::Unsigned },
            fresh: if self.force_authn { Freshness::Forced } else { Freshness::Any },
            mfa: if self.mfa { MfaRequest::Asked } else { MfaRequest::Unasked },
        }
    }
}

/// `GET /start`: finds the realm of the address and sends the browser there.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    start: Result<Query<Start>, QueryRejection>,
) -> Response {
    let form = browser::form(&headers);
    let refuse = |refusal: Refusal| answer(&app, form, &refusal, &random::guid());
    let start = match start {
        Ok(Query(start)) => start,
        Err(error) => {
            return refuse(Refusal::new(Code::Request, "parameters", error.body_text()));
        }
    };
    let realm = app.directory().realm(start.address.trim());
    match realm {
        Realm::Unknown => {
            let detail = format!("no tenant has the domain of {}", shown(&start.address));
            refuse(Refusal::new(Code::AccountUnknown, "domain", detail))
        }
        Realm::Managed { domain } => managed(&app, form, &start, &domain),
        Realm::Federated { domain, federation } => {
            if federation.preferred_authentication_protocol == AuthenticationProtocol::WsFed {
                let detail = "the domain prefers WS-Federation, which is not simulated";
                return refuse(Refusal::new(Code::Request, "protocol", detail));
            }
            let browser = browser::identify(&headers);
            let address = start.address.trim();
            let traveller = Traveller { domain: &domain, address, browser: &browser };
            match depart(&app, &federation, traveller, start.shape(&federation)) {
                Ok(outgoing) => send_away(&app, form, &federation, &outgoing, &browser),
                Err(error) => refuse(Refusal::new(Code::Request, "signing", error.to_string())),
            }
        }
    }
}

fn managed(app: &App, form: Form, start: &Start, domain: &str) -> Response {
    match form {
        Form::Json => {
            let message = "The domain is managed, and this simulator has no passwords.";
            let body = json!({ "account_type": "Managed", "domain": domain, "message": message });
            Json(body).into_response()
        }
        Form::Page => {
            let tenant = app.directory().tenant_name.clone();
            let address = start.address.trim();
            page(StatusCode::OK, &Managed { tenant: &tenant, address, domain })
        }
    }
}

/// Gives the browser its cookie and the request; a program gets both as JSON.
pub(crate) fn send_away(
    app: &App,
    form: Form,
    federation: &InternalDomainFederation,
    outgoing: &Outgoing,
    browser: &str,
) -> Response {
    let cookie = [(SET_COOKIE, browser::browser_cookie(browser))];
    match (form, &outgoing.carrier) {
        (Form::Json, carrier) => {
            (AppendHeaders(cookie), Json(told(outgoing, carrier, browser))).into_response()
        }
        (Form::Page, Carrier::Location(location)) => {
            let headers = AppendHeaders([(LOCATION, location.clone())]);
            (StatusCode::FOUND, AppendHeaders(cookie), headers).into_response()
        }
        (Form::Page, Carrier::Form { action, fields }) => {
            let tenant = app.directory().tenant_name.clone();
            let brand = &federation.display_name;
            let form = AutoPost { tenant: &tenant, brand, action, fields };
            (AppendHeaders(cookie), page(StatusCode::OK, &form)).into_response()
        }
    }
}

fn told(outgoing: &Outgoing, carrier: &Carrier, browser: &str) -> Value {
    let mut told = json!({
        "request_id": outgoing.id,
        "relay_state": outgoing.relay_state,
        "xml": outgoing.xml,
        "cookie": format!("{}={browser}", browser::BROWSER_COOKIE),
    });
    let (key, value) = match carrier {
        Carrier::Location(location) => ("location", json!(location)),
        Carrier::Form { action, fields } => {
            let fields: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            ("form", json!({ "action": action, "fields": fields }))
        }
    };
    if let Some(object) = told.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
    told
}

/// `GET /common/userrealm/{upn}`: realm discovery as libraries do it.
pub(crate) async fn user_realm(
    State(app): State<Arc<App>>,
    Path(address): Path<String>,
) -> Json<Value> {
    let site = app.site.url();
    let mut realm = json!({
        "ver": "1.0",
        "cloud_instance_name": site.trim_start_matches("http://"),
        "cloud_audience_urn": MICROSOFT_ONLINE,
    });
    let found = app.directory().realm(&address);
    let more = match found {
        Realm::Unknown => json!({ "account_type": "Unknown" }),
        Realm::Managed { domain } => json!({ "account_type": "Managed", "domain_name": domain }),
        Realm::Federated { domain, federation } => json!({
            "account_type": "Federated",
            "domain_name": domain,
            "federation_protocol": match federation.preferred_authentication_protocol {
                AuthenticationProtocol::WsFed => "WSTrust",
                AuthenticationProtocol::Saml => "SAML",
            },
            "federation_metadata_url": federation.metadata_exchange_uri,
            "federation_active_auth_url": federation.active_sign_in_uri,
        }),
    };
    if let (Some(realm), Value::Object(more)) = (realm.as_object_mut(), more) {
        realm.extend(more);
    }
    Json(realm)
}

/// The parameters of the end page.
#[derive(Debug, Deserialize)]
pub(crate) struct End {
    ticket: Option<String>,
}

/// `GET /signed-in`: shows who signed in, by the one-time id and later by the portal's cookie.
pub(crate) async fn signed_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(end): Query<End>,
) -> Response {
    let form = browser::form(&headers);
    let ticket = end.ticket.and_then(|ticket| app.flow().tickets.remove(&ticket));
    let id = ticket.or_else(|| browser::cookie(&headers, PORTAL_COOKIE).map(str::to_owned));
    let session = id.and_then(|id| Some((app.flow().sessions.get(&id)?.clone(), id)));
    let Some((session, id)) = session else {
        let detail = "nobody is signed in here, or the one-time address was used before";
        let refusal = Refusal::new(Code::Request, "ticket", detail);
        return answer(&app, form, &refusal, &random::guid());
    };
    let cookie = AppendHeaders([(SET_COOKIE, browser::portal_cookie(&id))]);
    match form {
        Form::Json => {
            (cookie, Json(json!({ "session": id, "signed_in": session }))).into_response()
        }
        Form::Page => (cookie, signed_in_page(&app, &session, &id)).into_response(),
    }
}

fn signed_in_page(app: &App, session: &Session, id: &str) -> Response {
    let tenant = app.directory().tenant_name.clone();
    let address: String =
        form_urlencoded::byte_serialize(session.user_principal_name.as_bytes()).collect();
    let again = format!("{}/start?address={address}", app.site.url());
    let fresh = format!("{again}&force_authn=true");
    let shown = SignedIn {
        tenant: &tenant,
        session,
        session_id: id,
        mfa: session.mfa.name(),
        again: &again,
        fresh: &fresh,
    };
    page(StatusCode::OK, &shown)
}

/// The body of a sign-out.
#[derive(Debug, Deserialize)]
pub(crate) struct SignOutBody {
    session: String,
}

/// `POST /sign-out`: ends the portal's session and sends the browser to end the other one.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Body<SignOutBody>, FormRejection>,
) -> Response {
    let form = browser::form(&headers);
    let refuse = |reason, detail: &str| {
        answer(&app, form, &Refusal::new(Code::Request, reason, detail), &random::guid())
    };
    let Ok(Body(body)) = body else { return refuse("parameters", "the form has no session") };
    let Some(session) = app.flow().sessions.remove(&body.session) else {
        return refuse("session", "the session is over");
    };
    let federation = app.directory().federations.get(&session.domain).cloned();
    let Some(federation) = federation else {
        return refuse("domain", "the domain is not federated any more");
    };
    let now = app.now().simulated;
    let uri = federation.sign_out_uri.as_str();
    let outgoing = logout_request(uri, &session.anchor, session.session_index.as_deref(), now);
    let pending = SignOut {
        id: outgoing.id.clone(),
        domain: session.domain.clone(),
        relay_state: outgoing.relay_state.clone(),
        address: session.user_principal_name,
    };
    let details = json!({
        "request_id": pending.id,
        "domain": pending.domain,
        "address": pending.address,
        "location": outgoing.location,
    });
    {
        let mut flow = app.flow();
        flow.sign_outs.insert(pending.relay_state.clone(), pending);
        flow.journal.write(now, "logout_sent", details);
    }
    match form {
        Form::Json => Json(json!({ "location": outgoing.location })).into_response(),
        Form::Page => (StatusCode::SEE_OTHER, [(LOCATION, outgoing.location)]).into_response(),
    }
}
