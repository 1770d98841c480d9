//! The map of the simulator's addresses, and the headers that every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post, put};

use crate::app::App;
use crate::control::{groups, lifecycle, provisioning};
use crate::login_srf::LARGEST_FORM;
use crate::{assets, control, graph, login_srf, oauth, portal, provisioning_page};

/// No form-action: the forms lead on to the identity provider, and Chromium checks each redirect
/// after a form against it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router(app: Arc<App>) -> Router {
    let federation = put(control::put_federation)
        .patch(control::patch_federation)
        .delete(control::delete_federation);
    let user = put(control::put_user).patch(control::patch_user).delete(control::delete_user);
    let group = put(groups::put).patch(groups::patch).delete(groups::delete);
    let member = put(groups::add_member).delete(groups::remove_member);
    let assignment = put(lifecycle::assign).delete(lifecycle::unassign);
    let job = get(provisioning::state).put(provisioning::configure).delete(provisioning::forget);
    Router::new()
        .route("/", get(portal::front))
        .route("/start", get(portal::start))
        .route("/common/userrealm/{upn}", get(portal::user_realm))
        .route("/login.srf", post(login_srf::response).get(login_srf::logout_response))
        .route("/signed-in", get(portal::signed_in))
        .route("/sign-out", post(portal::sign_out))
        .route("/federationmetadata/saml20/federationmetadata.xml", get(assets::metadata))
        .route("/assets/style.css", get(assets::style))
        .route("/assets/post.js", get(assets::post_script))
        .route("/assets/icon.svg", get(assets::icon))
        .route("/_sim/state", get(control::state))
        .route("/_sim/users/{upn}", user)
        .route("/_sim/users/{upn}/soft-delete", post(lifecycle::soft_delete))
        .route("/_sim/users/{upn}/restore", post(lifecycle::restore))
        .route("/_sim/groups/{group}", group)
        .route("/_sim/groups/{group}/members", post(groups::change_members))
        .route("/_sim/groups/{group}/members/{member}", member)
        .route("/_sim/assignments/{object}", assignment)
        .route("/_sim/provisioning", job)
        .route("/_sim/provisioning/test", post(provisioning::test))
        .route("/_sim/provisioning/cycle", post(provisioning::cycle))
        .route("/_sim/provisioning/restart", post(provisioning::restart))
        .route("/_sim/provisioning/on-demand", post(provisioning::on_demand))
        .route("/_sim/provisioning/log", get(provisioning::log))
        .route("/provisioning", get(provisioning_page::show))
        .route("/provisioning/{action}", post(provisioning_page::act))
        .route("/_sim/domains/{domain}", put(control::put_domain))
        .route("/_sim/domains/{domain}/federation", federation)
        .route("/_sim/policy", put(control::put_policy))
        .route("/_sim/clock", put(control::put_clock))
        .route("/_sim/log", get(control::log))
        .route("/v1.0/{*path}", any(graph::serve))
        .route("/_sim/graph", get(graph::control::state).put(graph::control::configure))
        .route("/_sim/graph/faults", put(graph::control::put_faults))
        .route("/_sim/graph/delivery", put(graph::control::put_delivery))
        .route("/_sim/graph/lifecycle", post(graph::control::announce))
        .route("/_sim/graph/token", post(graph::control::token))
        .merge(oauth::routes())
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

/// Answers only under its own names, so that no other site's name can be pointed here, and adds
/// the headers of a careful site.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let port = app.site.port;
    let names = ["127.0.0.1", "portal.localhost", "localhost"];
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !names.iter().any(|name| host == format!("{name}:{port}")) {
        return (StatusCode::MISDIRECTED_REQUEST, "not a name of the simulator").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
