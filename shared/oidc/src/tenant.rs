//! Whose directory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of an Entra tenant, written as Entra does: a GUID in lower case with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Uuid);

/// The text is no tenant's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a tenant")]
pub struct NotATenant;

impl TenantId {
    /// Where Microsoft keeps accounts that belong to no organization.
    const CONSUMERS: Uuid = Uuid::from_u128(0x9188_040d_6c67_4c5b_b112_36a3_04b6_6dad);

    /// The id as a UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Whether it holds personal accounts, which no organization administers.
    pub fn is_consumers(self) -> bool {
        self.0 == Self::CONSUMERS
    }
}

/// For ids that were read from a tenant's id before.
impl From<Uuid> for TenantId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl FromStr for TenantId {
    type Err = NotATenant;

    /// Reads a GUID of 36 characters in any case; the nil one is nobody's.
    fn from_str(text: &str) -> Result<Self, NotATenant> {
        if text.len() != 36 {
            return Err(NotATenant);
        }
        let uuid = Uuid::try_parse(text).map_err(|_| NotATenant)?;
        if uuid.is_nil() { Err(NotATenant) } else { Ok(Self(uuid)) }
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

impl TryFrom<String> for TenantId {
    type Error = NotATenant;

    fn try_from(text: String) -> Result<Self, NotATenant> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.to_string()
    }
}

/// Whom an authorization endpoint lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// People of any organization's tenant; personal accounts are not.
    Organizations,
    /// People of one tenant only.
    Tenant(TenantId),
}

impl fmt::Display for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organizations => formatter.write_str("organizations"),
            Self::Tenant(tenant) => tenant.fmt(formatter),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_a_guid_with_hyphens_names_a_tenant() {
        let cases = [
            ("6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f", true),
            ("6C1D2F3E-8A4B-4C5D-9E6F-0A1B2C3D4E5F", true),
            ("6c1d2f3e8a4b4c5d9e6f0a1b2c3d4e5f", false),
            ("{6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f}", false),
            ("00000000-0000-0000-0000-000000000000", false),
            ("contoso.com", false),
            ("common", false),
            ("../organizations", false),
            ("", false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<TenantId>().is_ok(), good, "{text}");
        }
        let tenant: TenantId = "6C1D2F3E-8A4B-4C5D-9E6F-0A1B2C3D4E5F".parse().unwrap();
        assert_eq!(tenant.to_string(), "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f");
        assert!(!tenant.is_consumers());
        let consumers: TenantId = "9188040d-6c67-4c5b-b112-36a304b66dad".parse().unwrap();
        assert!(consumers.is_consumers());
    }
}
