//! Identifiers of our own making.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use ambient::Entropy;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use uuid::Uuid;

/// Marks the identifiers of organizations.
#[derive(Debug)]
pub enum OrganizationKind {}
/// Marks the identifiers of users.
#[derive(Debug)]
pub enum UserKind {}
/// Marks the identifiers of outbox items.
#[derive(Debug)]
pub enum OutboxKind {}
/// Marks the identifiers of groups.
#[derive(Debug)]
pub enum GroupKind {}
/// Marks the identifiers of staged changes of a group's members.
#[derive(Debug)]
pub enum ChangeKind {}
/// Marks the identifiers of provisioning keys.
#[derive(Debug)]
pub enum ScimKeyKind {}
/// Marks the identifiers of preflights.
#[derive(Debug)]
pub enum PreflightKind {}

/// Marks the identifiers of searches for missing users.
#[derive(Debug)]
pub enum SearchKind {}

/// Marks the identifiers of directories.
#[derive(Debug)]
pub enum DirectoryKind {}

/// One company served by the deployment.
pub type OrganizationId = Id<OrganizationKind>;
/// A person of an organization; never changes, and is the anchor of those who bring none.
pub type UserId = Id<UserKind>;
/// A directory of an organization.
pub type DirectoryId = Id<DirectoryKind>;
/// One thing that must happen once a decision is stored.
pub type OutboxId = Id<OutboxKind>;
/// A group of people of an organization.
pub type GroupId = Id<GroupKind>;
/// One change of a group's members that is too large for one write.
pub type ChangeId = Id<ChangeKind>;
/// One provisioning key, as lists and the audit name it: it tells nothing of the key itself.
pub type ScimKeyId = Id<ScimKeyKind>;
/// One look at everybody of an organization.
pub type PreflightId = Id<PreflightKind>;
/// One search for whoever of an organization is missing in its tenant.
pub type SearchId = Id<SearchKind>;

/// 128 random bits, typed by what they name, written as 32 lower-case hexadecimal digits.
///
/// The bits are laid out as a version 4 UUID (RFC 9562 §5.4), so that a user's identifier is also
/// their WebAuthn user handle.
pub struct Id<Kind> {
    uuid: Uuid,
    kind: PhantomData<fn() -> Kind>,
}

impl<Kind> Id<Kind> {
    /// Makes a new identifier.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self::from_uuid(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Takes a UUID that names this kind of thing.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// Takes the 16 bytes that an authenticator holds as its user handle.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    /// The identifier as a UUID.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of 32 lower-case hexadecimal digits")]
pub struct NotAnId;

impl<Kind> FromStr for Id<Kind> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits = text.len() == 32
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !digits {
            return Err(NotAnId);
        }
        Uuid::try_parse(text).map(Self::from_uuid).map_err(|_| NotAnId)
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.as_simple().fmt(formatter)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<Kind> Eq for Id<Kind> {}

/// By their bits, as their spellings sort.
impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_the_spelling_that_we_write_is_read() {
        let cases = [
            ("6b0f1b2c3d4e4f60817263544536271a", true),
            ("6B0F1B2C3D4E4F60817263544536271A", false),
            ("6b0f1b2c-3d4e-4f60-8172-63544536271a", false),
            ("6b0f1b2c3d4e4f60817263544536271", false),
            ("", false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<UserId>().is_ok(), good, "{text}");
        }
        let id: UserId = "6b0f1b2c3d4e4f60817263544536271a".parse().unwrap();
        assert_eq!(id.to_string(), "6b0f1b2c3d4e4f60817263544536271a");
    }
}
