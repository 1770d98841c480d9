//! Sending a browser away to its identity provider, and remembering that it was sent.

use serde_json::json;

use crate::app::App;
use crate::federation::InternalDomainFederation;
use crate::pending::{Freshness, MfaRequest, Pending, Progress};
use crate::request::{Outgoing, Shape, authn_request};
use crate::request_key::SigningError;

/// Whom to send, and from which browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traveller<'a> {
    pub(crate) domain: &'a str,
    pub(crate) address: &'a str,
    pub(crate) browser: &'a str,
}

/// Makes the request, remembers it and notes it in the journal.
pub(crate) fn depart(
    app: &App,
    federation: &InternalDomainFederation,
    traveller: Traveller<'_>,
    shape: Shape,
) -> Result<Outgoing, SigningError> {
    let sent = app.now();
    let destination = federation.passive_sign_in_uri.as_str();
    let address = traveller.address;
    let key = || app.request_key();
    let outgoing = authn_request(shape, destination, address, sent.simulated, key)?;
    let pending = Pending {
        id: outgoing.id.clone(),
        domain: traveller.domain.to_owned(),
        relay_state: outgoing.relay_state.clone(),
        browser: traveller.browser.to_owned(),
        address: address.to_owned(),
        sent,
        fresh: shape.fresh,
        mfa: shape.mfa,
        progress: Progress::Open,
    };
    let details = json!({
        "request_id": outgoing.id,
        "domain": traveller.domain,
        "address": address,
        "binding": shape.binding,
        "hint": shape.hint,
        "force_authn": shape.fresh == Freshness::Forced,
        "mfa_asked": shape.mfa == MfaRequest::Asked,
        "relay_state": outgoing.relay_state,
        "destination": destination,
        "xml": outgoing.xml,
    });
    let mut flow = app.flow();
    flow.pending.insert(pending.relay_state.clone(), pending);
    flow.journal.write(sent.simulated, "request_sent", details);
    Ok(outgoing)
}
