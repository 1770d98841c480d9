//! The people of the demo organization.

use std::fmt;

use ambient::Entropy;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::{Address, Anchor, Attributes, Block, NotAnAddress, User, UserId};
use jiff::Timestamp;
use uuid::Uuid;

/// A domain of the tenant that is not federated to us.
pub(super) const OTHER_DOMAIN: &str = "fabrikam.test";

/// What is special about a person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Mastered on-premises: the anchor is `base64(objectGUID)`.
    Hybrid,
    /// Made in the cloud: the anchor is the user id.
    Cloud,
    Disabled,
    NoAnchor,
    NoPersonalClaim,
    OutsideTheDomain,
    /// In the simulated tenant alone, mastered on-premises: provisioning brings them.
    Provisioned,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hybrid => "hybrid",
            Self::Cloud => "cloud",
            Self::Disabled => "disabled",
            Self::NoAnchor => "no anchor",
            Self::NoPersonalClaim => "no personal claim",
            Self::OutsideTheDomain => "outside the domain",
            Self::Provisioned => "provisioned",
        })
    }
}

pub(super) struct Person {
    pub(super) upn: &'static str,
    pub(super) name: &'static str,
    pub(super) personal_email: Option<&'static str>,
    pub(super) kind: Kind,
}

/// Everybody but the administrator, whom the bootstrap makes.
pub(super) fn all() -> Vec<Person> {
    use Kind::{Cloud, Disabled, Hybrid, NoAnchor, NoPersonalClaim, OutsideTheDomain, Provisioned};
    let person = |upn, name, personal_email, kind| Person { upn, name, personal_email, kind };
    vec![
        person("ada@contoso.test", "Ada Lovelace", Some("ada@personal.test"), Hybrid),
        person("grace@contoso.test", "Grace Hopper", Some("grace@personal.test"), Cloud),
        person("alan@contoso.test", "Alan Turing", Some("alan@personal.test"), Cloud),
        person("mallory@contoso.test", "Mallory Craig", Some("mallory@personal.test"), Disabled),
        person("noanchor@contoso.test", "Noa Neumann", Some("noa@personal.test"), NoAnchor),
        person("noclaim@contoso.test", "Nora Klein", None, NoPersonalClaim),
        person("joan@contoso.test", "Joan Clarke", Some("joan@personal.test"), Provisioned),
        person("eve@fabrikam.test", "Eve Moneypenny", Some("eve@personal.test"), OutsideTheDomain),
    ]
}

impl Person {
    /// Where the person works.
    fn department(&self) -> &'static str {
        match self.kind {
            Kind::Hybrid | Kind::Cloud | Kind::Provisioned => "Research",
            Kind::Disabled | Kind::NoAnchor | Kind::NoPersonalClaim | Kind::OutsideTheDomain => {
                "Sales"
            }
        }
    }

    /// The person as the first read of the directory would store them.
    pub(super) fn user(&self, now: Timestamp) -> Result<User, NotAnAddress> {
        let id = UserId::mint(&Named { what: "user", upn: self.upn });
        let mut user =
            User::new(id, self.upn.parse::<Address>()?.into(), self.name.to_owned(), now);
        user.object_id = Some(object_id(self.upn));
        user.personal_email = self.personal_email.map(str::parse).transpose()?;
        user.attributes = Attributes {
            mail: Some(self.upn.parse()?),
            department: self.department().parse().ok(),
            country: "GB".parse().ok(),
            ..Attributes::default()
        };
        user.on_premises = matches!(self.kind, Kind::Hybrid | Kind::Provisioned);
        user.anchor = match self.kind {
            Kind::NoAnchor => None,
            Kind::Hybrid | Kind::Provisioned => {
                STANDARD.encode(bytes("objectGUID", self.upn)).parse().ok()
            }
            Kind::Cloud | Kind::Disabled | Kind::NoPersonalClaim | Kind::OutsideTheDomain => {
                Some(Anchor::of(id))
            }
        };
        if self.kind == Kind::Disabled {
            user.block(Block::Entra, now);
        }
        Ok(user)
    }
}

/// A random-looking GUID that belongs to the address.
pub(super) fn object_id(upn: &str) -> Uuid {
    uuid::Builder::from_random_bytes(bytes("object id", upn)).into_uuid()
}

fn bytes(what: &'static str, upn: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    Named { what, upn }.fill(&mut bytes);
    bytes
}

/// Bytes that are the same for the same name.
struct Named<'n> {
    what: &'static str,
    upn: &'n str,
}

impl Entropy for Named<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        for (index, chunk) in bytes.chunks_mut(32).enumerate() {
            let block = digest(&SHA256, format!("{}:{}:{index}", self.what, self.upn).as_bytes());
            for (byte, from) in chunk.iter_mut().zip(block.as_ref()) {
                *byte = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn everybody_is_the_same_person_at_every_start() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut anchors = Vec::new();
        for person in all() {
            let user = person.user(now).unwrap();

            assert_eq!(user, person.user(now).unwrap());
            assert_eq!(user.anchor.is_none(), person.kind == Kind::NoAnchor);
            assert_eq!(user.personal_email.is_none(), person.kind == Kind::NoPersonalClaim);
            assert_eq!(user.blocks.is_empty(), person.kind != Kind::Disabled);
            anchors.extend(user.anchor.map(|anchor| anchor.to_string()));
        }
        anchors.sort();
        anchors.dedup();
        assert_eq!(anchors.len(), all().len() - 1);
        assert!(anchors.iter().any(|anchor| anchor.len() == 24 && anchor.ends_with("==")));
    }
}
