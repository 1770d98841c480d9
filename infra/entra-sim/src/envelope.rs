//! The outside of an answer: the `Response` element, and where its one assertion sits.

use crate::code::{Code, Refusal, shown};
use crate::instant;
use crate::saml::{ASSERTION, DSIG, PROTOCOL, SUCCESS};
use crate::xml::{Node, is_identifier};

use jiff::Timestamp;

/// What the outside of the answer must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// The address that received the answer.
    pub(crate) destination: &'a str,
    /// The id of the request that the RelayState belongs to.
    pub(crate) in_response_to: &'a str,
    /// The issuer of the domain that the request was sent for.
    pub(crate) issuer: &'a str,
    /// The simulator's time.
    pub(crate) now: Timestamp,
}

/// Checks the `Response` and finds the one place where an assertion may be; SAML Core §3.2.2.
///
/// What it finds is believed only after its signature was verified.
pub(crate) fn open<'d>(root: Node<'d>, expected: Expected<'_>) -> Result<Node<'d>, Refusal> {
    if !root.is(PROTOCOL, "Response") {
        let name = format!("{{{}}}{}", root.namespace(), root.local_name());
        let detail = format!("the root element is {}", shown(&name));
        return Err(Refusal::new(Code::ResponseType, "root", detail));
    }
    check_header(root, expected)?;
    check_status(root)?;
    check_issuer(root, "Response", expected.issuer)?;
    check_children(root)?;
    only_assertion(root)
}

/// Checks version, id and issue instant of a message or assertion.
pub(crate) fn check_header_of(node: Node<'_>, what: &str, now: Timestamp) -> Result<(), Refusal> {
    if node.attribute("Version") != Some("2.0") {
        let found = node.attribute("Version");
        let what = format!("Version of the {what}");
        return Err(Refusal::unequal(Code::Message, "version", &what, found, "2.0"));
    }
    let id = node.attribute("ID").unwrap_or_default();
    if !is_identifier(id) {
        let detail = format!("ID of the {what} is {}", shown(id));
        return Err(Refusal::new(Code::MessageId, "id", detail));
    }
    let issued = node.attribute("IssueInstant").unwrap_or_default();
    match instant::parse(issued) {
        None => {
            let detail = format!("IssueInstant of the {what} is {}", shown(issued));
            Err(Refusal::new(Code::Message, "issue_instant", detail))
        }
        Some(at) if instant::is_future(at, now) => {
            let detail = format!("the {what} was issued at {issued}, and it is {now} here");
            Err(Refusal::new(Code::TokenInvalid, "issue_instant", detail))
        }
        Some(_) => Ok(()),
    }
}

/// Checks that the issuer is the registered one, byte for byte.
pub(crate) fn check_issuer(node: Node<'_>, what: &str, expected: &str) -> Result<(), Refusal> {
    let found = node.only(ASSERTION, "Issuer").and_then(Node::text);
    if found.as_deref() == Some(expected) {
        return Ok(());
    }
    let what = format!("Issuer of the {what}");
    Err(Refusal::unequal(Code::Realm, "issuer", &what, found.as_deref(), expected))
}

fn check_header(root: Node<'_>, expected: Expected<'_>) -> Result<(), Refusal> {
    check_header_of(root, "Response", expected.now)?;
    let cases = [
        ("destination", "Destination", expected.destination),
        ("in_response_to", "InResponseTo", expected.in_response_to),
    ];
    for (reason, name, value) in cases {
        let found = root.attribute(name);
        if found != Some(value) {
            let what = format!("{name} of the Response");
            return Err(Refusal::unequal(Code::TokenInvalid, reason, &what, found, value));
        }
    }
    Ok(())
}

/// Reads the status and refuses any but success; SAML Core §3.2.2.2.
pub(crate) fn check_status(root: Node<'_>) -> Result<(), Refusal> {
    let code = root.only(PROTOCOL, "Status").and_then(|s| s.only(PROTOCOL, "StatusCode"));
    let Some(code) = code else {
        return Err(Refusal::new(Code::Message, "status", "the Status is missing or doubled"));
    };
    if code.attribute("Value") == Some(SUCCESS) {
        return Ok(());
    }
    let second = code.only(PROTOCOL, "StatusCode").and_then(|c| c.attribute("Value"));
    let mut detail =
        format!("the status is {}", shown(code.attribute("Value").unwrap_or_default()));
    if let Some(second) = second {
        detail.push_str(&format!(" with {}", shown(second)));
    }
    Err(Refusal::new(Code::FederationResponse, "status", detail))
}

/// Only what A.3 of a response shows may be there: no extension can hide a second assertion.
fn check_children(root: Node<'_>) -> Result<(), Refusal> {
    let known = |child: &Node<'_>| {
        child.is(ASSERTION, "Issuer")
            || child.is(DSIG, "Signature")
            || child.is(PROTOCOL, "Status")
            || child.is(ASSERTION, "Assertion")
            || child.is(ASSERTION, "EncryptedAssertion")
    };
    if let Some(other) = root.children().into_iter().find(|child| !known(child)) {
        let detail = format!("the Response holds {}", shown(other.local_name()));
        return Err(Refusal::new(Code::Assertion, "unexpected_element", detail));
    }
    if !root.holds_elements_only() {
        let detail = "the Response holds text, a comment or an instruction between its elements";
        return Err(Refusal::new(Code::Assertion, "unexpected_text", detail));
    }
    Ok(())
}

fn only_assertion(root: Node<'_>) -> Result<Node<'_>, Refusal> {
    let assertions: Vec<_> = root
        .descendants()
        .into_iter()
        .filter(|n| matches!(n.local_name(), "Assertion" | "EncryptedAssertion"))
        .collect();
    match (assertions.as_slice(), root.only(ASSERTION, "Assertion")) {
        ([one], Some(child)) if one.id() == child.id() => Ok(child),
        ([one], _) if one.local_name() == "EncryptedAssertion" => {
            let detail = "the assertion is encrypted";
            Err(Refusal::new(Code::Assertion, "encrypted_assertion", detail))
        }
        (all, _) => {
            let detail = format!(
                "the answer holds {} assertions, expected one as a child of the Response",
                all.len()
            );
            Err(Refusal::new(Code::Assertion, "assertion_count", detail))
        }
    }
}
