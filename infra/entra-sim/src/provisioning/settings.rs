//! How the provisioning job is set up: what an administrator types into the portal.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::tenant_url::{Dialect, TenantUrl};

/// A provisioning job's configuration, as an administrator types it into the portal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// The "Tenant URL": the SCIM base address, with Entra's flags in its query if any.
    pub tenant_url: String,
    /// The "Secret Token".
    pub token: Token,
    /// Which attribute mapping is set.
    #[serde(default)]
    pub mapping: Mapping,
    /// Which users and groups are in scope.
    #[serde(default)]
    pub scope: Scope,
    /// Whether the group mapping is enabled.
    #[serde(default)]
    pub groups: GroupMapping,
    /// Which of the two documented sets of shapes is sent.
    #[serde(default)]
    pub shapes: Shapes,
    /// How fast requests follow one another.
    #[serde(default)]
    pub pace: Pace,
    /// How many objects are worked on at a time.
    #[serde(default = "eight")]
    pub concurrency: usize,
    /// How many members one PATCH adds or removes at most; Entra's own figure is not documented.
    #[serde(default = "hundred")]
    pub members_per_patch: usize,
    /// How often one request is tried when the server is busy or does not answer.
    #[serde(default = "three")]
    pub attempts: u32,
    /// How long the first of these tries waits for the next one; it doubles each time.
    #[serde(default = "second")]
    pub pause: SignedDuration,
    /// How long a request may take.
    #[serde(default = "patience")]
    pub timeout: SignedDuration,
    /// How long a cycle waits for the next one; Entra's is about forty minutes. Without it,
    /// cycles run only when they are asked for.
    #[serde(default)]
    pub interval: Option<SignedDuration>,
}

fn eight() -> usize {
    8
}

fn hundred() -> usize {
    100
}

fn three() -> u32 {
    3
}

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

fn patience() -> SignedDuration {
    SignedDuration::from_secs(30)
}

impl Provisioning {
    /// Everything as the portal offers it first, and no cycles but those that are asked for.
    #[must_use]
    pub fn new(tenant_url: &str, token: &str) -> Self {
        Self {
            tenant_url: tenant_url.to_owned(),
            token: Token::new(token),
            mapping: Mapping::default(),
            scope: Scope::default(),
            groups: GroupMapping::default(),
            shapes: Shapes::default(),
            pace: Pace::default(),
            concurrency: eight(),
            members_per_patch: hundred(),
            attempts: three(),
            pause: second(),
            timeout: patience(),
            interval: None,
        }
    }

    /// The same with the dialect's flag in the tenant URL.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        if let Ok(url) = TenantUrl::parse(&self.tenant_url)
            && url.dialect() != dialect
        {
            self.tenant_url = url.flagged(dialect);
        }
        self
    }

    /// Whether a change from `before` makes Entra look at every object again.
    pub(crate) fn restarts(&self, before: &Self) -> bool {
        self.mapping != before.mapping
            || self.scope != before.scope
            || self.groups != before.groups
            || self.tenant_url != before.tenant_url
    }
}

/// A bearer token that prints itself as `[redacted]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Wraps the token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.to_owned())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// Which attribute mapping is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// What a non-gallery application starts with: `externalId` from `mailNickname`.
    #[default]
    Default,
    /// What this product's guide asks for: `externalId` from `objectId`, the anchor and the
    /// personal address in the product's extension.
    Recommended,
}

/// Which users and groups are in scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// "Sync only assigned users and groups".
    #[default]
    Assigned,
    /// "Sync all users and groups".
    Everyone,
}

/// Whether the group mapping is enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupMapping {
    /// Groups are provisioned with their direct members.
    #[default]
    Enabled,
    /// Groups are left alone.
    Disabled,
}

/// Which of the two documented sets of shapes is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shapes {
    /// Those under "SCIM protocol requests and responses": absent values are left out, values of
    /// filters are quoted, a manager is set by the extension's path.
    #[default]
    Reference,
    /// Those under "Handling provisioning and deprovisioning of users": explicit nulls, a
    /// misspelt schema, an unquoted value, a manager as an array of one reference.
    Tutorial,
}

/// How fast requests follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// At most so many requests in a second.
    PerSecond(u32),
    /// As fast as the answers come.
    Unlimited,
}

impl Default for Pace {
    /// The 25 requests in a second that Entra asks every application to sustain.
    fn default() -> Self {
        Self::PerSecond(25)
    }
}
