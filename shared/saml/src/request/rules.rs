//! The rules that both messages share.

use jiff::{SignedDuration, Timestamp};

use crate::instant;
use crate::names::{ASSERTION, ENTRA};

use super::document::Node;
use super::malformed::Malformed;

/// How far a request's `IssueInstant` may lie from now, to either side.
///
/// SAML Core §1.3.3. The interval is half-open: a request is `0 - skew` old at the least, which
/// is inside, and `skew` old at the most, which is outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Skew(pub SignedDuration);

impl Skew {
    /// Ten minutes: twice what well-kept clocks need.
    pub const TEN_MINUTES: Self = Self(SignedDuration::from_mins(10));
}

/// Why a message that could be read is not answered.
///
/// Says which rule was broken, and never repeats what the sender wrote.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// The issuer is not Microsoft Entra ID.
    #[error("issuer is not microsoft entra id")]
    Issuer,
    /// The version is not 2.0.
    #[error("version is not 2.0")]
    Version,
    /// The ID is not an `NCName` of at most 256 bytes.
    #[error("id is not a short ncname")]
    Id,
    /// An instant is not an `xs:dateTime` in UTC.
    #[error("instant is not a date and time in utc")]
    Instant,
    /// The message is as old as the skew or older.
    #[error("request is too old")]
    Stale,
    /// The message is from further in the future than the skew.
    #[error("request is from the future")]
    Future,
    /// The message says of itself that it is over.
    #[error("request has expired")]
    Expired,
    /// An attribute is not an `xs:boolean`.
    #[error("attribute {0} is not a boolean")]
    Boolean(&'static str),
}

/// The ID of an accepted request: an `NCName` of at most 256 bytes.
///
/// SAML Core §1.3.4. Fit to be a key and to be echoed as `InResponseTo`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RequestId(String);

impl RequestId {
    const MAX: usize = 256;

    fn accept(id: String) -> Result<Self, Rejected> {
        if id.len() <= Self::MAX && is_ncname(&id) { Ok(Self(id)) } else { Err(Rejected::Id) }
    }

    /// The ID as the request spelt it.
    ///
    /// SAML Core §1.3.4.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What every request carries, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct UnverifiedHeader {
    id: String,
    version: String,
    issue_instant: String,
    issuer: String,
    destination: Option<String>,
}

/// What every accepted request carries.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) id: RequestId,
    pub(super) issue_instant: Timestamp,
    pub(super) destination: Option<String>,
}

impl UnverifiedHeader {
    /// Reads the attributes and the issuer of SAML Core §3.2.1.
    pub(super) fn read(root: &Node) -> Result<Self, Malformed> {
        let required = |name: &'static str| {
            root.attribute(name).map(str::to_owned).ok_or(Malformed::MissingAttribute(name))
        };
        let issuer = root.children()?.iter().find(|child| child.is(ASSERTION, "Issuer"));
        let issuer = issuer.ok_or(Malformed::MissingElement("Issuer"))?.text()?;
        Ok(Self {
            id: required("ID")?,
            version: required("Version")?,
            issue_instant: required("IssueInstant")?,
            issuer: issuer.to_owned(),
            destination: root.attribute("Destination").map(str::to_owned),
        })
    }

    /// Checks that Entra issued the request, about now.
    pub(super) fn accept(self, now: Timestamp, skew: Skew) -> Result<Header, Rejected> {
        if self.issuer != ENTRA {
            return Err(Rejected::Issuer);
        }
        if self.version != "2.0" {
            return Err(Rejected::Version);
        }
        let id = RequestId::accept(self.id)?;
        let issue_instant = instant::read(&self.issue_instant).ok_or(Rejected::Instant)?;
        let age = now.duration_since(issue_instant);
        if age >= skew.0 {
            return Err(Rejected::Stale);
        }
        if age < -skew.0 {
            return Err(Rejected::Future);
        }
        Ok(Header { id, issue_instant, destination: self.destination })
    }
}

/// Reads an optional `xs:boolean`, which is false where it is missing.
pub(super) fn boolean(value: Option<&str>, name: &'static str) -> Result<bool, Rejected> {
    match value {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") | None => Ok(false),
        Some(_) => Err(Rejected::Boolean(name)),
    }
}

/// Refuses children that the schema does not know, and any that occur twice.
pub(super) fn check_children(
    root: &Node,
    once: &[(xmldsig::Namespace, &'static str)],
    repeatable: &[(xmldsig::Namespace, &'static str)],
) -> Result<(), Malformed> {
    let children = root.children()?;
    let known = |child: &&Node, names: &[(xmldsig::Namespace, &'static str)]| {
        names.iter().any(|&(namespace, name)| child.is(namespace, name))
    };
    if children.iter().any(|child| !known(&child, once) && !known(&child, repeatable)) {
        return Err(Malformed::UnexpectedElement);
    }
    for &(namespace, name) in once {
        if children.iter().filter(|child| child.is(namespace, name)).count() > 1 {
            return Err(Malformed::DuplicateElement);
        }
    }
    Ok(())
}

/// XML Names §3: a name without a colon.
pub(super) fn is_ncname(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

/// XML §2.3: production `NameStartChar` without the colon.
const fn begins_name(character: char) -> bool {
    matches!(
        character,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}'
    )
}

/// XML §2.3: production `NameChar` without the colon.
const fn continues_name(character: char) -> bool {
    begins_name(character)
        || matches!(
            character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}'
        )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn header(id: &str, version: &str, issue_instant: &str, issuer: &str) -> UnverifiedHeader {
        UnverifiedHeader {
            id: id.to_owned(),
            version: version.to_owned(),
            issue_instant: issue_instant.to_owned(),
            issuer: issuer.to_owned(),
            destination: None,
        }
    }

    #[test]
    fn the_old_end_is_outside_and_the_early_end_inside() {
        let cases = [
            // now,                            skew in seconds, expected
            ("2026-08-21T09:25:00Z", 600, Some(Rejected::Stale)),
            ("2026-08-21T09:24:59.999999999Z", 600, None),
            ("2026-08-21T09:15:00Z", 600, None),
            ("2026-08-21T09:05:00Z", 600, None),
            ("2026-08-21T09:04:59.999999999Z", 600, Some(Rejected::Future)),
            ("2026-08-21T09:15:00Z", 1, None),
            ("2026-08-21T09:15:01Z", 1, Some(Rejected::Stale)),
            ("2026-08-21T09:14:59Z", 1, None),
            ("2026-08-21T09:15:00Z", 0, Some(Rejected::Stale)),
            ("2036-08-21T09:15:00Z", 600, Some(Rejected::Stale)),
            ("2016-08-21T09:15:00Z", 600, Some(Rejected::Future)),
        ];
        for (now, seconds, expected) in cases {
            let skew = Skew(SignedDuration::from_secs(seconds));
            let header = header("_1", "2.0", "2026-08-21T09:15:00Z", ENTRA);
            let accepted = header.accept(now.parse().unwrap(), skew);
            assert_eq!(accepted.err(), expected, "{now} \u{B1} {seconds} s");
        }
    }

    #[test]
    fn the_rules_are_checked_in_the_order_of_their_weight() {
        let cases = [
            (header("1", "1.1", "x", "urn:x"), Rejected::Issuer),
            (header("1", "1.1", "x", ENTRA), Rejected::Version),
            (header("1", "2.0", "x", ENTRA), Rejected::Id),
            (header("_1", "2.0", "x", ENTRA), Rejected::Instant),
        ];
        for (header, expected) in cases {
            let now = "2026-08-21T09:15:00Z".parse().unwrap();
            assert_eq!(header.accept(now, Skew::TEN_MINUTES).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_name_is_what_the_production_says() {
        let cases = [
            ("_", true),
            ("a", true),
            ("_3f0c6c2e-1f52.x", true),
            ("\u{E9}\u{B7}", true),
            ("", false),
            ("1a", false),
            ("-a", false),
            (".a", false),
            ("a:b", false),
            ("a b", false),
            ("a\n", false),
            ("\u{D7}", false),
            ("\u{F7}", false),
            ("\u{37E}", false),
            ("\u{B7}", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_ncname(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_boolean_has_four_spellings_and_a_default() {
        let cases = [
            (Some("true"), Ok(true)),
            (Some("1"), Ok(true)),
            (Some("false"), Ok(false)),
            (Some("0"), Ok(false)),
            (None, Ok(false)),
            (Some("True"), Err(Rejected::Boolean("x"))),
            (Some(" true"), Err(Rejected::Boolean("x"))),
            (Some(""), Err(Rejected::Boolean("x"))),
            (Some("2"), Err(Rejected::Boolean("x"))),
        ];
        for (value, expected) in cases {
            assert_eq!(boolean(value, "x"), expected, "{value:?}");
        }
    }
}
