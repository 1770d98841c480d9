//! How keys are spelled: the only place that knows.
//!
//! | pattern | `pk` | `sk` | cost |
//! |---|---|---|---|
//! | the deployment's fixed facts | `DEPLOYMENT` | `DEPLOYMENT` | 1 get, at bootstrap |
//! | domain → organization | `DOMAIN#{name}` | `OWNER` | 1 get, cached while warm |
//! | organization | `ORG#{org}` | `ORGANIZATION` | in a batch |
//! | federated domain | `ORG#{org}#DOMAIN#{name}` | `DOMAIN` | in a batch |
//! | key ring | `ORG#{org}#KEYS` | `RING` | 1 get, cached for a minute |
//! | user | `ORG#{org}#USER#{user}` | `USER` | in a batch |
//! | user's passkey | `ORG#{org}#USER#{user}` | `PASSKEY#{sha256}` | in a batch; all of one user: 1 query |
//! | user's session | `ORG#{org}#USER#{user}` | `SESSION#{sha256}` | in a batch |
//! | user name → user | `ORG#{org}#USER_NAME#{folded}` | `OWNER` | 1 get; claimed |
//! | anchor → user | `ORG#{org}#ANCHOR#{anchor}` | `OWNER` | claimed |
//! | object id → user | `ORG#{org}#OBJECT#{uuid}` | `OWNER` | claimed |
//! | credential → user | `ORG#{org}#CREDENTIAL#{sha256}` | `OWNER` | claimed |
//! | provisioning key | `ORG#{org}#SCIM_KEY#{sha256}` | `KEY` | in a batch, at every request: revoked means revoked |
//! | list of provisioning keys | `ORG#{org}#SCIM_KEYS` | `{key}` | 1 query |
//! | pending request | `ORG#{org}#REQUEST#{sha256}` | `REQUEST` | in a batch |
//! | enrolment of a request | `ORG#{org}#REQUEST#{sha256}` | `ENROLMENT` | in a batch |
//! | answered request of a relying party | `ORG#{org}#ANSWERED#{sha256}` | `ANSWERED` | claimed |
//! | enrolment link | `ORG#{org}#LINK#{sha256}` | `LINK` | 1 get |
//! | counted attempts | `ORG#{org}#LIMIT#{what}#{window}` | `LIMIT` | in the transaction that they bound |
//! | outbox item | `ORG#{org}#OUTBOX#{id}` | `OUTBOX` | 1 get; due ones by index |
//! | audit entry | `ORG#{org}#AUDIT#{day}#{shard}` | `{instant}#{id}` | in the transaction that it reports |
//!
//! The index names candidates only: `OUTBOX#{shard}` by the instant at which an item is due, and
//! `ORG#{org}#USERS#{shard}` by folded user name. Both are spread over [`SHARDS`] partitions.

use identity::{
    Anchor, DomainName, OrganizationId, OutboxId, ScimKeyId, SecretHash, UserId, UserName,
};
use jiff::Timestamp;

/// How many partitions a list is spread over.
pub const SHARDS: u8 = 16;

/// Where an item is: partition and sort key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(crate) fn deployment() -> Self {
        Self::new("DEPLOYMENT".to_owned(), "DEPLOYMENT")
    }

    pub(crate) fn domain_owner(name: &DomainName) -> Self {
        Self::new(format!("DOMAIN#{name}"), "OWNER")
    }

    pub(crate) fn organization(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}"), "ORGANIZATION")
    }

    pub(crate) fn domain(org: OrganizationId, name: &DomainName) -> Self {
        Self::new(format!("ORG#{org}#DOMAIN#{name}"), "DOMAIN")
    }

    pub(crate) fn key_ring(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#KEYS"), "RING")
    }

    pub(crate) fn user(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "USER")
    }

    pub(crate) fn passkey(org: OrganizationId, user: UserId, credential: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), format!("PASSKEY#{}", credential.as_str()))
    }

    pub(crate) fn session(org: OrganizationId, user: UserId, session: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), format!("SESSION#{}", session.as_str()))
    }

    pub(crate) fn user_name(org: OrganizationId, name: &UserName) -> Self {
        Self::new(format!("ORG#{org}#USER_NAME#{}", name.folded()), "OWNER")
    }

    pub(crate) fn anchor(org: OrganizationId, anchor: &Anchor) -> Self {
        Self::new(format!("ORG#{org}#ANCHOR#{anchor}"), "OWNER")
    }

    pub(crate) fn object(org: OrganizationId, object_id: &str) -> Self {
        Self::new(format!("ORG#{org}#OBJECT#{object_id}"), "OWNER")
    }

    pub(crate) fn credential(org: OrganizationId, credential: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#CREDENTIAL#{}", credential.as_str()), "OWNER")
    }

    pub(crate) fn scim_key(org: OrganizationId, key: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#SCIM_KEY#{}", key.as_str()), "KEY")
    }

    /// The partition in which an organization's provisioning keys are listed.
    pub(crate) fn scim_keys(org: OrganizationId) -> String {
        format!("ORG#{org}#SCIM_KEYS")
    }

    pub(crate) fn listed_scim_key(org: OrganizationId, key: ScimKeyId) -> Self {
        Self::new(Self::scim_keys(org), key.to_string())
    }

    pub(crate) fn request(org: OrganizationId, request: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#REQUEST#{}", request.as_str()), "REQUEST")
    }

    pub(crate) fn enrolment(org: OrganizationId, request: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#REQUEST#{}", request.as_str()), "ENROLMENT")
    }

    pub(crate) fn answered(org: OrganizationId, issuer: &str, request: &str) -> Self {
        let hash = SecretHash::of(&[issuer.as_bytes(), request.as_bytes()]);
        Self::new(format!("ORG#{org}#ANSWERED#{}", hash.as_str()), "ANSWERED")
    }

    pub(crate) fn link(org: OrganizationId, link: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#LINK#{}", link.as_str()), "LINK")
    }

    pub(crate) fn limit(org: OrganizationId, what: &str, window: i64) -> Self {
        Self::new(format!("ORG#{org}#LIMIT#{what}#{window}"), "LIMIT")
    }

    pub(crate) fn outbox(org: OrganizationId, item: OutboxId) -> Self {
        Self::new(format!("ORG#{org}#OUTBOX#{item}"), "OUTBOX")
    }

    /// What an outbox key was made of.
    pub(crate) fn outbox_ids(&self) -> Option<(OrganizationId, OutboxId)> {
        let (org, item) = self.pk.strip_prefix("ORG#")?.split_once("#OUTBOX#")?;
        Some((org.parse().ok()?, item.parse().ok()?))
    }

    pub(crate) fn audit(org: OrganizationId, at: Timestamp, id: OutboxId) -> Self {
        let shard = shard(id.uuid().as_bytes());
        let day = at.strftime("%Y-%m-%d");
        Self::new(format!("ORG#{org}#AUDIT#{day}#{shard}"), format!("{at:.9}#{id}"))
    }
}

/// Where an item stands in the index: partition and sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexKey {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl IndexKey {
    pub(crate) fn outbox(id: OutboxId, due_at: Timestamp) -> Self {
        Self { pk: Self::outbox_shard(shard(id.uuid().as_bytes())), sk: instant(due_at) }
    }

    pub(crate) fn outbox_shard(shard: u8) -> String {
        format!("OUTBOX#{shard}")
    }

    pub(crate) fn user(org: OrganizationId, user: UserId, name: &UserName) -> Self {
        let shard = shard(user.uuid().as_bytes());
        Self { pk: format!("ORG#{org}#USERS#{shard}"), sk: name.folded() }
    }
}

/// An instant whose text sorts as time does.
pub(crate) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

fn shard(bytes: &[u8]) -> u8 {
    bytes.first().copied().unwrap_or_default() % SHARDS
}
