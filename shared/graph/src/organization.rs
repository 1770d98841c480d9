//! The tenant itself.

use serde::Deserialize;
use uuid::Uuid;

pub(crate) const SELECT: &str = "id,displayName,verifiedDomains";

/// What a tenant says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// The tenant's id.
    pub id: Uuid,
    /// Its name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The domains that were verified in it.
    #[serde(default)]
    pub verified_domains: Vec<VerifiedDomain>,
}

/// A domain that was verified in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedDomain {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether new users get it.
    #[serde(default)]
    pub is_default: Option<bool>,
    /// Whether it is the tenant's first one, below `onmicrosoft.com`.
    #[serde(default)]
    pub is_initial: Option<bool>,
    /// `Managed` or `Federated`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}
