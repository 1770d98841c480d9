//! `/login.srf`: where answers arrive, and where they are judged.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::app::App;
use crate::browser::{self, BROWSER_COOKIE, Form};
use crate::code::{Code, Refusal};
use crate::departure::{Traveller, depart};
use crate::logout::{self, Query};
use crate::pages::{SignedOut, page};
use crate::pending::{Freshness, MfaRequest, Pending, Progress, SignOut};
use crate::portal::send_away;
use crate::random;
use crate::refusal_answer::answer;
use crate::request::{Binding, Carrier, Hint, Shape, Signing};
use crate::session::Session;
use crate::verdict::{Bench, Verdict, judge};

/// The largest form that is read: a message and a RelayState, both escaped.
pub(crate) const LARGEST_FORM: usize = 512 * 1024;

/// What became of an answer.
enum Outcome {
    SignedIn { session: Box<Session>, ticket: String },
    AskForMfa(Box<Pending>),
}

/// `POST /login.srf`: a `Response` of the POST binding, SAML Bindings §3.5.
pub(crate) async fn response(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = browser::form(&headers);
    let correlation_id = random::guid();
    let outcome = receive(&app, &headers, &body);
    note(&app, &outcome, &correlation_id);
    match outcome {
        Err(refusal) => answer(&app, form, &refusal, &correlation_id),
        Ok(Outcome::SignedIn { session, ticket }) => {
            arrive(&app, form, &session, &ticket, &correlation_id)
        }
        Ok(Outcome::AskForMfa(pending)) => ask_again(&app, form, &pending, &correlation_id),
    }
}

/// Reads the form, finds the request it answers, judges the answer and remembers it.
fn receive(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Outcome, Refusal> {
    let (xml, relay_state) = read_form(headers, body)?;
    let now = app.now();
    let directory = app.directory();
    let mut flow = app.flow();
    let Some(pending) = flow.pending.get(&relay_state).cloned() else {
        let detail = "the RelayState is none that was sent";
        return Err(Refusal::new(Code::Request, "relay_state", detail));
    };
    if browser::cookie(headers, BROWSER_COOKIE) != Some(pending.browser.as_str()) {
        let detail = format!(
            "the cookie {BROWSER_COOKIE} is not that of the browser that was sent to sign in"
        );
        return Err(Refusal::new(Code::Browser, "browser", detail));
    }
    if pending.is_over(now.machine) {
        let detail = format!("the request was sent at {}", pending.sent.machine);
        return Err(Refusal::new(Code::FlowExpired, "expired_request", detail));
    }
    let login_srf = app.site.login_srf_url();
    let seen = &flow.seen;
    let bench =
        Bench { directory: &directory, pending: &pending, seen, login_srf: &login_srf, now };
    let verdict = judge(&xml, &bench)?;
    if let Some(pending) = flow.pending.get_mut(&relay_state) {
        pending.progress = Progress::Answered;
    }
    let accepted = match verdict {
        Verdict::AskForMfa => return Ok(Outcome::AskForMfa(Box::new(pending))),
        Verdict::SignedIn(accepted) => accepted,
    };
    flow.seen.insert(accepted.claims.assertion_id.clone(), ());
    let session = Session::new(*accepted, &pending.domain, &pending.id, now.simulated);
    let (id, ticket) = (random::secret(), random::secret());
    flow.sessions.insert(id.clone(), session.clone());
    flow.tickets.insert(ticket.clone(), id);
    Ok(Outcome::SignedIn { session: Box::new(session), ticket })
}

/// Reads the two fields of the form and undoes the base64.
fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<(String, String), Refusal> {
    let binding = |reason, detail: &str| Refusal::new(Code::Binding, reason, detail);
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(binding("content_type", "the body is not a form"));
    }
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let single = |name: &'static str| {
        let mut values = fields.iter().filter(|(found, _)| found == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value.as_str()),
            (None, _) => Err(binding("missing_field", &format!("the form has no {name}"))),
            (Some(_), Some(_)) => {
                Err(binding("duplicate_field", &format!("the form has {name} twice")))
            }
        }
    };
    let (message, relay_state) = (single("SAMLResponse")?, single("RelayState")?);
    let message: String = message.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD
        .decode(message)
        .map_err(|_| binding("encoding", "the SAMLResponse is not base64"))?;
    let xml = String::from_utf8(bytes).map_err(|_| {
        let detail = "the SAMLResponse is not UTF-8 text; by POST it must not be deflated";
        Refusal::new(Code::Message, "deflated", detail)
    })?;
    Ok((xml, relay_state.to_owned()))
}

fn note(app: &App, outcome: &Result<Outcome, Refusal>, correlation_id: &str) {
    let details = match outcome {
        Ok(Outcome::SignedIn { session, .. }) => json!({
            "code": 0, "reason": "signed_in", "signed_in": session,
        }),
        Ok(Outcome::AskForMfa(pending)) => json!({
            "code": Code::MfaMissing.number(), "reason": "mfa_asked_again",
            "request_id": pending.id,
        }),
        Err(refusal) => refused(refusal),
    };
    app.note(app.now().simulated, "answer_judged", with_correlation(details, correlation_id));
}

fn refused(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code.number(),
        "reason": refusal.reason,
        "detail": refusal.detail,
    })
}

fn with_correlation(mut details: Value, correlation_id: &str) -> Value {
    if let Some(details) = details.as_object_mut() {
        details.insert("correlation_id".to_owned(), json!(correlation_id));
    }
    details
}

/// Sends the browser to the portal with a one-time id.
fn arrive(app: &App, form: Form, session: &Session, ticket: &str, correlation: &str) -> Response {
    let location = format!("{}/signed-in?ticket={ticket}", app.site.portal_url());
    match form {
        Form::Page => (StatusCode::FOUND, [(LOCATION, location)]).into_response(),
        Form::Json => Json(json!({
            "code": 0,
            "message": "Signed in.",
            "correlation_id": correlation,
            "signed_in": session,
            "location": location,
        }))
        .into_response(),
    }
}

/// Sends the browser to the identity provider once more, and this time asks for the MFA claim.
fn ask_again(app: &App, form: Form, pending: &Pending, correlation_id: &str) -> Response {
    let federation = app.directory().federations.get(&pending.domain).cloned();
    let Some(federation) = federation else {
        let refusal = Refusal::new(Code::Realm, "issuer", "the domain is not federated any more");
        return answer(app, form, &refusal, correlation_id);
    };
    let signed = federation.is_signed_authentication_request_required;
    let shape = Shape {
        binding: Binding::Redirect,
        hint: Hint::Username,
        signing: if signed { Signing::Signed } else { Signing::Unsigned },
        fresh: Freshness::Any,
        mfa: MfaRequest::Asked,
    };
    let (domain, browser) = (pending.domain.as_str(), pending.browser.as_str());
    let traveller = Traveller { domain, address: &pending.address, browser };
    match depart(app, &federation, traveller, shape) {
        Err(error) => {
            let refusal = Refusal::new(Code::Request, "signing", error.to_string());
            answer(app, form, &refusal, correlation_id)
        }
        Ok(outgoing) => match (form, &outgoing.carrier) {
            (Form::Json, Carrier::Location(location)) => Json(json!({
                "code": Code::MfaMissing.number(),
                "reason": "mfa_asked_again",
                "message": Code::MfaMissing.meaning(),
                "correlation_id": correlation_id,
                "signed_in": null,
                "location": location,
                "request_id": outgoing.id,
                "relay_state": outgoing.relay_state,
            }))
            .into_response(),
            _ => send_away(app, form, &federation, &outgoing, browser),
        },
    }
}

/// `GET /login.srf`: a `LogoutResponse` of the Redirect binding, SAML Bindings §3.4.
pub(crate) async fn logout_response(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Response {
    let form = browser::form(&headers);
    let correlation_id = random::guid();
    let outcome = finish_sign_out(&app, raw.as_deref().unwrap_or_default());
    let details = match &outcome {
        Ok(sign_out) => json!({ "code": 0, "reason": "signed_out", "request_id": sign_out.id }),
        Err(refusal) => refused(refusal),
    };
    let details = with_correlation(details, &correlation_id);
    app.note(app.now().simulated, "logout_judged", details);
    match outcome {
        Err(refusal) => answer(&app, form, &refusal, &correlation_id),
        Ok(sign_out) => signed_out(&app, form, &sign_out, &correlation_id),
    }
}

fn finish_sign_out(app: &App, raw: &str) -> Result<SignOut, Refusal> {
    let query = Query::parse(raw)?;
    if query.value("SAMLResponse").is_none() {
        let detail = "the query has no SAMLResponse; a sign-in is answered by POST";
        return Err(Refusal::new(Code::Binding, "missing_field", detail));
    }
    let relay_state = query.value("RelayState").unwrap_or_default();
    let now = app.now().simulated;
    let directory = app.directory();
    let mut flow = app.flow();
    let Some(sign_out) = flow.sign_outs.get(relay_state).cloned() else {
        if flow.pending.get(relay_state).is_some() {
            let detail = "the answer to a sign-in came in a query";
            return Err(Refusal::new(Code::UnsupportedBinding, "binding", detail));
        }
        let detail = "the RelayState is none that was sent";
        return Err(Refusal::new(Code::Request, "relay_state", detail));
    };
    let Some(federation) = directory.federations.get(&sign_out.domain) else {
        let detail = "the domain is not federated any more";
        return Err(Refusal::new(Code::Realm, "issuer", detail));
    };
    let expected = logout::Expected {
        sign_out: &sign_out,
        issuer: &federation.issuer_uri,
        destination: &app.site.login_srf_url(),
        slots: &federation.slots(),
        now,
    };
    logout::judge(&query, expected)?;
    flow.sign_outs.remove(relay_state);
    Ok(sign_out)
}

fn signed_out(app: &App, form: Form, sign_out: &SignOut, correlation_id: &str) -> Response {
    match form {
        Form::Json => Json(json!({
            "code": 0,
            "message": "Signed out.",
            "correlation_id": correlation_id,
            "signed_out": { "user_principal_name": sign_out.address, "domain": sign_out.domain },
        }))
        .into_response(),
        Form::Page => {
            let tenant = app.directory().tenant_name.clone();
            let shown = SignedOut {
                tenant: &tenant,
                home: &app.site.url(),
                address: &sign_out.address,
                domain: &sign_out.domain,
            };
            page(StatusCode::OK, &shown)
        }
    }
}
