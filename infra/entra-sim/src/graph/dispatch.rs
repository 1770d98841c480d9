//! Which call it is.

use super::answer::Answer;
use super::request::Request;
use super::{delta, memberships, recycle_bin, subscriptions, tenant, users};
use crate::app::App;

/// Does what a request asks for.
pub(crate) fn dispatch(app: &App, request: &Request) -> Answer {
    let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
    if request.claims.tid != app.directory().tenant_id {
        return match app.of_the_crowd(&request.claims.tid) {
            Ok(Some(tenant)) => dispatch(&tenant, request),
            Ok(None) => tenant::foreign(app, request).unwrap_or_else(|answer| answer),
            Err(error) => error.into(),
        };
    }
    let outcome = match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["users"]) => users::list(app, request),
        ("POST", ["users"]) => users::create(app, request),
        ("GET", ["users", "delta" | "delta()" | "microsoft.graph.delta()"]) => {
            delta::round(app, request)
        }
        ("GET", ["users", id]) => users::get(app, request, id),
        ("PATCH", ["users", id]) => users::patch(app, request, id),
        ("DELETE", ["users", id]) => users::delete(app, request, id),
        ("POST", ["users", id, "revokeSignInSessions"]) => users::revoke(app, request, id),
        ("GET", ["users", id, "transitiveMemberOf"]) => memberships::list(app, request, id),
        ("POST", ["users", id, "assignLicense"]) => users::assign_license(app, request, id),
        ("GET", ["directory", "deletedItems", id]) => recycle_bin::get(app, request, id),
        ("DELETE", ["directory", "deletedItems", id]) => recycle_bin::purge(app, request, id),
        ("POST", ["directory", "deletedItems", id, "restore"]) => {
            recycle_bin::restore(app, request, id)
        }
        ("GET", ["organization"]) => tenant::organization(app, request),
        ("GET", ["domains"]) => tenant::domains(app, request),
        ("GET", ["domains", name]) => tenant::domain(app, request, name),
        ("GET", ["domains", name, "federationConfiguration"]) => {
            tenant::federation(app, request, name)
        }
        ("GET", ["subscriptions"]) => subscriptions::list(app, request),
        ("POST", ["subscriptions"]) => subscriptions::create(app, request),
        ("GET", ["subscriptions", id]) => subscriptions::get(app, request, id),
        ("PATCH", ["subscriptions", id]) => subscriptions::renew(app, request, id),
        ("DELETE", ["subscriptions", id]) => subscriptions::delete(app, request, id),
        ("POST", ["subscriptions", id, "reauthorize"]) => {
            subscriptions::reauthorize(app, request, id)
        }
        (_, [known, ..])
            if ["users", "organization", "domains", "directory", "subscriptions"]
                .contains(known) =>
        {
            let message = "Specified HTTP method is not allowed for the request target.";
            Err(Answer::error(405, "Request_BadRequest", message))
        }
        _ => Err(Answer::error(400, "BadRequest", "Resource not found for the segment.")),
    };
    outcome.unwrap_or_else(|answer| answer)
}
