//! What every measured answer must be: signed, with an assertion, to the request that was sent.

use std::sync::atomic::{AtomicU64, Ordering};

use ambient::{Clock as _, SystemClock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scenarios::saml::{AuthnRequest, between};

use crate::Failure;

static ASKED: AtomicU64 = AtomicU64::new(0);

/// A fresh request of the HTTP-Redirect binding: its id, and the query.
pub(crate) fn question() -> (String, String) {
    let id = format!("_bench-{}", ASKED.fetch_add(1, Ordering::Relaxed));
    let query = AuthnRequest::new(&id, SystemClock.now()).query("estsredirect=2&estsrequest=abc");
    (id, query)
}

/// Checks that a page carries a signed assertion in answer to the request of this id.
pub(crate) fn check(page: &str, id: &str) -> Result<(), Failure> {
    let field = between(page, "name=\"SAMLResponse\"", ">");
    let value = field.and_then(|field| between(field, "value=\"", "\""));
    let value = value.ok_or_else(|| format!("no answer to {id}: {page}"))?;
    let xml = String::from_utf8(STANDARD.decode(value)?)?;
    let answers = format!("InResponseTo=\"{id}\"");
    for wanted in ["Assertion ", "SignatureValue>", "multipleauthn", &answers] {
        if !xml.contains(wanted) {
            return Err(format!("an answer without {wanted}: {xml}").into());
        }
    }
    Ok(())
}
