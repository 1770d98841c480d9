//! What a signed assertion says, after every condition in it was found to hold.

use jiff::Timestamp;

use crate::code::{Code, Refusal, shown};
use crate::envelope::{check_header_of, check_issuer};
use crate::instant;
use crate::saml::{ASSERTION, BEARER, DSIG, MICROSOFT_ONLINE, MULTIPLE_AUTHN, PERSISTENT};
use crate::signature::Signed;
use crate::xml::Node;

/// What the assertion must fit to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) recipient: &'a str,
    pub(crate) in_response_to: &'a str,
    pub(crate) now: Timestamp,
}

/// What an accepted assertion claims.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) assertion_id: String,
    /// The NameID: the user's anchor.
    pub(crate) anchor: String,
    /// The attribute `IDPEmail`.
    pub(crate) email: String,
    pub(crate) authn_instant: Timestamp,
    pub(crate) session_index: Option<String>,
    pub(crate) context_class: String,
    /// The certificate slot that verified the signature.
    pub(crate) slot: &'static str,
}

impl Claims {
    /// Whether the one context class is the MFA claim; attributes of this kind are ignored.
    pub(crate) fn mfa(&self) -> bool {
        self.context_class == MULTIPLE_AUTHN
    }
}

/// Reads a signed assertion and refuses it at the first condition that does not hold.
pub(crate) fn read(signed: Signed<'_>, expected: Expected<'_>) -> Result<Claims, Refusal> {
    let node = signed.assertion;
    check_header_of(node, "Assertion", expected.now)?;
    check_issuer(node, "Assertion", expected.issuer)?;
    check_children(node)?;
    let subject = only(node, "Subject")?;
    let anchor = name_id(subject)?;
    confirm(subject, expected)?;
    check_conditions(only(node, "Conditions")?, expected.now)?;
    let email = email(node)?;
    let statement = only(node, "AuthnStatement")?;
    Ok(Claims {
        assertion_id: node.attribute("ID").unwrap_or_default().to_owned(),
        anchor,
        email,
        authn_instant: authn_instant(statement, expected.now)?,
        session_index: statement.attribute("SessionIndex").map(str::to_owned),
        context_class: context_class(statement)?,
        slot: signed.slot,
    })
}

fn invalid(reason: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::TokenInvalid, reason, detail)
}

fn misconfigured(reason: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::Assertion, reason, detail)
}

fn only<'d>(node: Node<'d>, name: &str) -> Result<Node<'d>, Refusal> {
    node.only(ASSERTION, name).ok_or_else(|| {
        let detail = format!("{} must hold exactly one {name}", node.local_name());
        misconfigured("statement_count", detail)
    })
}

fn check_children(node: Node<'_>) -> Result<(), Refusal> {
    const KNOWN: [&str; 5] =
        ["Issuer", "Subject", "Conditions", "AttributeStatement", "AuthnStatement"];
    let known = |child: &Node<'_>| {
        child.is(DSIG, "Signature")
            || (child.namespace() == ASSERTION && KNOWN.contains(&child.local_name()))
    };
    match node.children().into_iter().find(|child| !known(child)) {
        Some(other) => {
            let detail = format!("the Assertion holds {}", shown(other.local_name()));
            Err(misconfigured("unexpected_element", detail))
        }
        None => Ok(()),
    }
}

/// Reads the NameID, persistent and nothing but text; SAML Core §2.2.3.
fn name_id(subject: Node<'_>) -> Result<String, Refusal> {
    let node = only(subject, "NameID")?;
    let format = node.attribute("Format");
    if format != Some(PERSISTENT) {
        let what = "Format of the NameID";
        return Err(Refusal::unequal(Code::Assertion, "name_id_format", what, format, PERSISTENT));
    }
    node.text().ok_or_else(|| {
        misconfigured("name_id", "the NameID holds something besides text, as a comment")
    })
}

/// Checks the one bearer confirmation; SAML Profiles §4.1.4.2.
fn confirm(subject: Node<'_>, expected: Expected<'_>) -> Result<(), Refusal> {
    let confirmation = only(subject, "SubjectConfirmation")?;
    let method = confirmation.attribute("Method");
    if method != Some(BEARER) {
        let what = "Method of the SubjectConfirmation";
        return Err(Refusal::unequal(Code::TokenInvalid, "confirmation", what, method, BEARER));
    }
    let data = only(confirmation, "SubjectConfirmationData")?;
    let cases = [
        ("recipient", "Recipient", expected.recipient),
        ("confirmation_in_response_to", "InResponseTo", expected.in_response_to),
    ];
    for (reason, name, value) in cases {
        let found = data.attribute(name);
        if found != Some(value) {
            let what = format!("{name} of the SubjectConfirmationData");
            return Err(Refusal::unequal(Code::TokenInvalid, reason, &what, found, value));
        }
    }
    if data.attribute("NotBefore").is_some() {
        let detail = "a bearer SubjectConfirmationData must not have NotBefore";
        return Err(invalid("confirmation_not_before", detail));
    }
    let what = "SubjectConfirmationData";
    let _end = still_valid(data, what, "confirmation_expired", expected.now)?;
    Ok(())
}

/// Checks `NotOnOrAfter`, which is outside the interval.
fn still_valid(
    node: Node<'_>,
    what: &str,
    reason: &'static str,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let end = instant_of(node, "NotOnOrAfter", reason)?;
    if instant::is_over(end, now) {
        let detail = format!("NotOnOrAfter of the {what} is {end}, and it is {now} here");
        return Err(invalid(reason, detail));
    }
    Ok(end)
}

fn instant_of(node: Node<'_>, name: &str, reason: &'static str) -> Result<Timestamp, Refusal> {
    let value = node.attribute(name).unwrap_or_default();
    instant::parse(value).ok_or_else(|| {
        invalid(reason, format!("{name} of the {} is {}", node.local_name(), shown(value)))
    })
}

/// Checks the validity and the audience; SAML Core §2.5.1.
fn check_conditions(conditions: Node<'_>, now: Timestamp) -> Result<(), Refusal> {
    let begin = instant_of(conditions, "NotBefore", "not_yet_valid")?;
    if instant::is_future(begin, now) {
        let detail = format!("NotBefore of the Conditions is {begin}, and it is {now} here");
        return Err(invalid("not_yet_valid", detail));
    }
    let end = still_valid(conditions, "Conditions", "expired", now)?;
    if end <= begin {
        let detail = format!("the Conditions end at {end} and begin at {begin}");
        return Err(invalid("expired", detail));
    }
    let known = |child: &Node<'_>| {
        child.is(ASSERTION, "AudienceRestriction") || child.is(ASSERTION, "OneTimeUse")
    };
    if let Some(other) = conditions.children().into_iter().find(|child| !known(child)) {
        let detail = format!("the condition {} is not understood", shown(other.local_name()));
        return Err(invalid("condition", detail));
    }
    let audience = conditions
        .only(ASSERTION, "AudienceRestriction")
        .and_then(|restriction| restriction.only(ASSERTION, "Audience"))
        .and_then(Node::text);
    if audience.as_deref() != Some(MICROSOFT_ONLINE) {
        let found = audience.as_deref();
        let code = Code::TokenInvalid;
        return Err(Refusal::unequal(code, "audience", "Audience", found, MICROSOFT_ONLINE));
    }
    Ok(())
}

fn email(node: Node<'_>) -> Result<String, Refusal> {
    let statement = only(node, "AttributeStatement")?;
    let named: Vec<_> = statement
        .named(ASSERTION, "Attribute")
        .into_iter()
        .filter(|attribute| attribute.attribute("Name") == Some("IDPEmail"))
        .collect();
    let value = match named.as_slice() {
        [attribute] => attribute.only(ASSERTION, "AttributeValue").and_then(Node::text),
        _ => None,
    };
    value.filter(|email| !email.is_empty()).ok_or_else(|| {
        let detail = format!("{} attributes IDPEmail, expected one with a value", named.len());
        Refusal::new(Code::EmailClaim, "email", detail)
    })
}

fn authn_instant(statement: Node<'_>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let at = instant_of(statement, "AuthnInstant", "authn_instant")?;
    if instant::is_future(at, now) {
        let detail = format!("AuthnInstant is {at}, and it is {now} here");
        return Err(invalid("authn_instant", detail));
    }
    if statement.attribute("SessionNotOnOrAfter").is_some() {
        let what = "AuthnStatement";
        let end = instant_of(statement, "SessionNotOnOrAfter", "session_expired")?;
        if instant::is_over(end, now) {
            let detail = format!("SessionNotOnOrAfter of the {what} is {end}");
            return Err(invalid("session_expired", detail));
        }
    }
    Ok(at)
}

/// Reads the one context class, the only place where Entra looks for the MFA claim.
fn context_class(statement: Node<'_>) -> Result<String, Refusal> {
    let context = only(statement, "AuthnContext")?;
    let class = only(context, "AuthnContextClassRef")?;
    class.text().ok_or_else(|| {
        misconfigured("context_class", "the AuthnContextClassRef holds something besides text")
    })
}
