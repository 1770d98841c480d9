//! How keys are spelled: the only place that knows.
//!
//! | pattern | `pk` | `sk` | cost |
//! |---|---|---|---|
//! | the deployment's fixed facts | `DEPLOYMENT` | `DEPLOYMENT` | 1 get, at bootstrap |
//! | domain → organization | `DOMAIN#{name}` | `OWNER` | 1 get, cached while warm; its parents in a batch, at bootstrap |
//! | certificates of our client key | `DEPLOYMENT` | `CLIENT_CERTIFICATES` | 1 get, cached for a minute |
//! | Entra tenant → organization | `TENANT#{uuid}` | `OWNER` | claimed |
//! | organization | `ORG#{org}` | `ORGANIZATION` | in a batch |
//! | connection to an Entra tenant | `ORG#{org}#CONNECTION` | `CONNECTION` | in a batch |
//! | journey to Microsoft and back | `ORG#{org}#JOURNEY#{sha256}` | `JOURNEY` | in a batch; once |
//! | what somebody of the tenant saw of how the domains are federated | `ORG#{org}#FEDERATION` | `CHECK` | 1 get |
//! | federated domain | `ORG#{org}#DOMAIN#{name}` | `DOMAIN` | in a batch |
//! | key ring | `ORG#{org}#KEYS` | `RING` | in a batch, cached for a minute |
//! | user | `ORG#{org}#USER#{user}` | `USER` | in a batch |
//! | what provisioning keeps of a user | `ORG#{org}#USER#{user}` | `PROFILE` | in a batch |
//! | group that a user may be in | `ORG#{org}#USER#{user}` | `GROUP#{group}` | all of one user: 1 query |
//! | user's passkey | `ORG#{org}#USER#{user}` | `PASSKEY#{sha256}` | in a batch; all of one user: 1 query |
//! | that a user's anchor in Entra is to be seen to | `ORG#{org}#USER#{user}` | `UNANCHORED` | due ones by index, in a batch |
//! | that a user's account in Entra is to be seen to | `ORG#{org}#USER#{user}` | `ACCOUNT` | in a batch |
//! | that a user leaves | `ORG#{org}#USER#{user}` | `LEAVING` | the next ones by index, in a batch |
//! | user's session | `ORG#{org}#USER#{user}` | `SESSION#{sha256}` | in a batch |
//! | user name → user | `ORG#{org}#USER_NAME#{folded}` | `OWNER` | 1 get; claimed |
//! | anchor → user | `ORG#{org}#ANCHOR#{anchor}` | `OWNER` | claimed |
//! | object id → user | `ORG#{org}#OBJECT#{uuid}` | `OWNER` | claimed |
//! | external id → user | `ORG#{org}#EXTERNAL#{sha256}` | `OWNER` | 1 get; claimed |
//! | e-mail address → users | `ORG#{org}#EMAIL#{sha256 of folded}` | `{user}` | 1 query |
//! | personal address → users | `ORG#{org}#CLAIM#{sha256 of folded}` | `{user}` | 1 query |
//! | credential → user | `ORG#{org}#CREDENTIAL#{sha256}` | `OWNER` | claimed |
//! | provisioning key | `ORG#{org}#SCIM_KEY#{sha256}` | `KEY` | in a batch, at every request: revoked means revoked |
//! | list of provisioning keys | `ORG#{org}#SCIM_KEYS` | `{key}` | 1 query |
//! | group | `ORG#{org}#GROUP#{group}` | `GROUP` | 1 get |
//! | member of a group | `ORG#{org}#GROUP#{group}#MEMBERS#{shard}` | `{user}` | 1 get; all of a group: 16 queries |
//! | part of a staged change | `ORG#{org}#GROUP#{group}#CHANGE#{change}` | `{number}` | in a batch |
//! | group with a staged change | `ORG#{org}#FOLDING` | `{group}` | all of them: 1 query |
//! | external id → group | `ORG#{org}#GROUP_EXTERNAL#{sha256}` | `OWNER` | 1 get; claimed |
//! | group name → group | `ORG#{org}#GROUP_NAME#{sha256 of folded}` | `OWNER` | 1 get; claimed |
//! | how many users, groups | `ORG#{org}#COUNT#USERS`, `…#GROUPS` | `{shard}` | 1 query |
//! | user who is to be in Entra | `ORG#{org}#PUSHES#{shard}` | `{user}` | in a batch; a page: 1 to 16 queries |
//! | account in Entra, by user and object id, of somebody who was deleted here | `ORG#{org}#GONE#{uuid}` | `GONE` | in the transaction that would make its user |
//! | repair of a user's anchor in Entra | `ORG#{org}#REPAIRS#{shard}` | `{user}` | in a batch; a page: 1 to 16 queries |
//! | that a user's account in Entra waits until the tenant lets us see to it | `ORG#{org}#ACCOUNTS_LEFT` | `{user}` | in a batch; a page: 1 query, after a consent |
//! | how many of those who are to be in Entra wait, are in conflict | `ORG#{org}#COUNT#PENDING`, `…#CONFLICTS` | `{shard}` | all in a batch |
//! | how many provisioning keys | `ORG#{org}#COUNT#SCIM_KEYS` | `0` | in the transaction that it bounds |
//! | where a walk through a list goes on | `ORG#{org}#WALK#{sha256}` | `WALK` | 1 get |
//! | pending request | `ORG#{org}#REQUEST#{sha256}` | `REQUEST` | in a batch |
//! | enrolment of a request | `ORG#{org}#REQUEST#{sha256}` | `ENROLMENT` | in a batch |
//! | answered request of a relying party | `ORG#{org}#ANSWERED#{sha256}` | `ANSWERED` | in a batch; claimed |
//! | enrolment link | `ORG#{org}#LINK#{sha256}` | `LINK` | 1 get |
//! | counted attempts, and that one too many was audited | `ORG#{org}#LIMIT#{what}#{window}` | `LIMIT` | in the transaction that they bound |
//! | how far reading the directory has come | `ORG#{org}#IMPORT` | `IMPORT` | 1 get and 1 write a page |
//! | how a tenant is read, where not as usual | `ORG#{org}#IMPORT` | `RULES` | 1 get a round; in a batch |
//! | search for whoever is missing in the tenant | `ORG#{org}#MISSING` | `MISSING` | 1 get; 1 write each 100 users; in a batch |
//! | page of those whom a search misses | `ORG#{org}#MISSING#{id}#{number}` | `PAGE` | in a batch |
//! | subscription to what changes in the tenant | `ORG#{org}#SUBSCRIPTION` | `SUBSCRIPTION` | 1 get a notice, and a round |
//! | user who is to be read at once | `ORG#{org}#NOTICED` | `OBJECT#{uuid}` | all of them: 1 query; gone with their reading |
//! | whom a round told of and left out | `ORG#{org}#LEFT_OUT` | `{uuid}` | due ones by index, in batches |
//! | preflight | `ORG#{org}#PREFLIGHT` | `PREFLIGHT` | 1 get; 1 write each 200 users |
//! | page of what a preflight found | `ORG#{org}#PREFLIGHT#{id}#{obstacle}#{number}` | `PAGE` | in a batch |
//! | outbox item | `ORG#{org}#OUTBOX#{id}` | `OUTBOX` | 1 get; due ones by index |
//! | audit entry | `ORG#{org}#AUDIT#{day}#{shard}` | `{instant}#{id}` | in the transaction that it reports |
//!
//! The index names candidates only: `OUTBOX#{shard}` by the instant at which an item is due that
//! somebody waits for, `OUTBOX#ROUND#{shard}` by instant and id of a round of reading, of which an
//! organization has one, `OUTBOX#LONG#{shard}` by organization and instant of whatever else takes long,
//! `ORG#{org}#USERS#{shard}` by folded user name, and `ORG#{org}#GROUPS#{shard}` by folded display
//! name and group. All are spread over [`SHARDS`] partitions; `OUTBOX#LONG#{shard}` by organization.
//! `ORG#{org}#UNANCHORED` names users by the instant from which their anchor is seen to, and
//! `ORG#{org}#LEAVING` by the instant at which their last day is over. `ORG#{org}#LEFT_OUT` names whom a
//! round left out by the instant from which they are asked for.

use identity::{
    Address, Anchor, ChangeId, DomainName, GroupId, Obstacle, OrganizationId, OutboxId,
    PreflightId, ScimKeyId, SearchId, SecretHash, UserId, UserName,
};
use jiff::Timestamp;
use uuid::Uuid;

/// How many partitions a list is spread over.
pub const SHARDS: u8 = 16;

/// Where an item is: partition and sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    pub(crate) fn client_certificates() -> Self {
        Self::new("DEPLOYMENT".to_owned(), "CLIENT_CERTIFICATES")
    }

    pub(crate) fn tenant_owner(tenant: Uuid) -> Self {
        Self::new(format!("TENANT#{}", tenant.as_hyphenated()), "OWNER")
    }

    pub(crate) fn connection(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#CONNECTION"), "CONNECTION")
    }

    pub(crate) fn journey(org: OrganizationId, journey: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#JOURNEY#{}", journey.as_str()), "JOURNEY")
    }

    pub(crate) fn organization(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}"), "ORGANIZATION")
    }

    pub(crate) fn domain(org: OrganizationId, name: &DomainName) -> Self {
        Self::new(format!("ORG#{org}#DOMAIN#{name}"), "DOMAIN")
    }

    pub(crate) fn federation_check(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#FEDERATION"), "CHECK")
    }

    pub(crate) fn key_ring(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#KEYS"), "RING")
    }

    pub(crate) fn user(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "USER")
    }

    /// The user in whose partition a key is.
    pub(crate) fn user_id(&self, org: OrganizationId) -> Option<UserId> {
        self.pk.strip_prefix(&format!("ORG#{org}#USER#"))?.parse().ok()
    }

    pub(crate) fn profile(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "PROFILE")
    }

    pub(crate) fn candidate(org: OrganizationId, user: UserId, group: GroupId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), format!("GROUP#{group}"))
    }

    /// The group of a candidate.
    pub(crate) fn candidate_group(&self) -> Option<GroupId> {
        self.sk.strip_prefix("GROUP#")?.parse().ok()
    }

    pub(crate) fn passkey(org: OrganizationId, user: UserId, credential: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), format!("PASSKEY#{}", credential.as_str()))
    }

    pub(crate) fn unanchored(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "UNANCHORED")
    }

    pub(crate) fn account(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "ACCOUNT")
    }

    /// The partition of those whose account waits until the tenant lets us see to it.
    pub(crate) fn left_accounts(org: OrganizationId) -> String {
        format!("ORG#{org}#ACCOUNTS_LEFT")
    }

    pub(crate) fn left_account(org: OrganizationId, user: UserId) -> Self {
        Self::new(Self::left_accounts(org), user.to_string())
    }

    pub(crate) fn leaving(org: OrganizationId, user: UserId) -> Self {
        Self::new(format!("ORG#{org}#USER#{user}"), "LEAVING")
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

    pub(crate) fn external(org: OrganizationId, external_id: &str) -> Self {
        Self::new(format!("ORG#{org}#EXTERNAL#{}", hash(external_id)), "OWNER")
    }

    /// The partition of those who have an e-mail address.
    pub(crate) fn email(org: OrganizationId, folded: &str) -> String {
        format!("ORG#{org}#EMAIL#{}", hash(folded))
    }

    pub(crate) fn user_of_email(org: OrganizationId, folded: &str, user: UserId) -> Self {
        Self::new(Self::email(org, folded), user.to_string())
    }

    /// The partition of those who have a personal address.
    pub(crate) fn claim(org: OrganizationId, address: &Address) -> String {
        format!("ORG#{org}#CLAIM#{}", hash(&address.folded()))
    }

    pub(crate) fn user_of_claim(org: OrganizationId, address: &Address, user: UserId) -> Self {
        Self::new(Self::claim(org, address), user.to_string())
    }

    pub(crate) fn credential(org: OrganizationId, credential: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#CREDENTIAL#{}", credential.as_str()), "OWNER")
    }

    /// The claim of the credential whose passkey a key is.
    pub(crate) fn credential_of(org: OrganizationId, passkey: &Self) -> Option<Self> {
        let credential = passkey.sk.strip_prefix("PASSKEY#")?;
        Some(Self::new(format!("ORG#{org}#CREDENTIAL#{credential}"), "OWNER"))
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

    pub(crate) fn answered(org: OrganizationId, domain: &DomainName, request: &str) -> Self {
        let hash = SecretHash::of(&[domain.as_str().as_bytes(), request.as_bytes()]);
        Self::new(format!("ORG#{org}#ANSWERED#{}", hash.as_str()), "ANSWERED")
    }

    pub(crate) fn link(org: OrganizationId, link: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#LINK#{}", link.as_str()), "LINK")
    }

    pub(crate) fn limit(org: OrganizationId, what: &str, window: i64) -> Self {
        Self::new(format!("ORG#{org}#LIMIT#{what}#{window}"), "LIMIT")
    }

    pub(crate) fn import(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#IMPORT"), "IMPORT")
    }

    pub(crate) fn reading_rules(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#IMPORT"), "RULES")
    }

    pub(crate) fn subscription(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#SUBSCRIPTION"), "SUBSCRIPTION")
    }

    /// How the sort keys of users begin who are to be read at once.
    pub(crate) const NOTICED: &str = "OBJECT#";

    /// The partition of the users who are to be read at once.
    pub(crate) fn all_noticed(org: OrganizationId) -> String {
        format!("ORG#{org}#NOTICED")
    }

    /// When somebody was noticed last.
    pub(crate) fn latest_notice(org: OrganizationId) -> Self {
        Self::new(Self::all_noticed(org), "LATEST")
    }

    pub(crate) fn noticed(org: OrganizationId, object: Uuid) -> Self {
        let object = object.as_hyphenated();
        Self::new(Self::all_noticed(org), format!("{}{object}", Self::NOTICED))
    }

    /// The partition of those whom rounds left out.
    pub(crate) fn all_left_out(org: OrganizationId) -> String {
        format!("ORG#{org}#LEFT_OUT")
    }

    pub(crate) fn left_out(org: OrganizationId, object: Uuid) -> Self {
        Self::new(Self::all_left_out(org), object.as_hyphenated().to_string())
    }

    pub(crate) fn preflight(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#PREFLIGHT"), "PREFLIGHT")
    }

    /// A page of what a preflight found of one obstacle.
    pub(crate) fn findings(
        org: OrganizationId,
        preflight: PreflightId,
        obstacle: Obstacle,
        number: u64,
    ) -> Self {
        let word = obstacle.word();
        Self::new(format!("ORG#{org}#PREFLIGHT#{preflight}#{word}#{number}"), "PAGE")
    }

    pub(crate) fn missing(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#MISSING"), "MISSING")
    }

    /// A page of those whom a search misses.
    pub(crate) fn missed(org: OrganizationId, search: SearchId, number: u64) -> Self {
        Self::new(format!("ORG#{org}#MISSING#{search}#{number}"), "PAGE")
    }

    pub(crate) fn outbox(org: OrganizationId, item: OutboxId) -> Self {
        Self::new(format!("ORG#{org}#OUTBOX#{item}"), "OUTBOX")
    }

    pub(crate) fn group(org: OrganizationId, group: GroupId) -> Self {
        Self::new(format!("ORG#{org}#GROUP#{group}"), "GROUP")
    }

    /// One of the partitions of a group's members.
    pub(crate) fn members(org: OrganizationId, group: GroupId, shard: u8) -> String {
        format!("ORG#{org}#GROUP#{group}#MEMBERS#{shard}")
    }

    pub(crate) fn member(org: OrganizationId, group: GroupId, user: UserId) -> Self {
        let shard = shard(user.uuid().as_bytes());
        Self::new(Self::members(org, group, shard), user.to_string())
    }

    pub(crate) fn chunk(
        org: OrganizationId,
        group: GroupId,
        change: ChangeId,
        number: usize,
    ) -> Self {
        Self::new(format!("ORG#{org}#GROUP#{group}#CHANGE#{change}"), format!("{number:06}"))
    }

    pub(crate) fn group_external(org: OrganizationId, external_id: &str) -> Self {
        Self::new(format!("ORG#{org}#GROUP_EXTERNAL#{}", hash(external_id)), "OWNER")
    }

    pub(crate) fn group_name(org: OrganizationId, folded: &str) -> Self {
        Self::new(format!("ORG#{org}#GROUP_NAME#{}", hash(folded)), "OWNER")
    }

    /// The partition of the groups whose changes wait to be carried out.
    pub(crate) fn all_folding(org: OrganizationId) -> String {
        format!("ORG#{org}#FOLDING")
    }

    pub(crate) fn folding(org: OrganizationId, group: GroupId) -> Self {
        Self::new(Self::all_folding(org), group.to_string())
    }

    /// The partition in which users are counted.
    pub(crate) fn user_counts(org: OrganizationId) -> String {
        format!("ORG#{org}#COUNT#USERS")
    }

    pub(crate) fn user_count(org: OrganizationId, user: UserId) -> Self {
        let shard = shard(user.uuid().as_bytes());
        Self::new(Self::user_counts(org), shard.to_string())
    }

    /// The partition in which groups are counted.
    pub(crate) fn group_counts(org: OrganizationId) -> String {
        format!("ORG#{org}#COUNT#GROUPS")
    }

    pub(crate) fn group_count(org: OrganizationId, group: GroupId) -> Self {
        let shard = shard(group.uuid().as_bytes());
        Self::new(Self::group_counts(org), shard.to_string())
    }

    /// One of the partitions of those who are to be in Entra.
    pub(crate) fn pushes(org: OrganizationId, shard: u8) -> String {
        format!("ORG#{org}#PUSHES#{shard}")
    }

    pub(crate) fn push(org: OrganizationId, user: UserId) -> Self {
        Self::new(Self::pushes(org, shard(user.uuid().as_bytes())), user.to_string())
    }

    /// One of the partitions of those whose anchor is being repaired.
    pub(crate) fn repairs(org: OrganizationId, shard: u8) -> String {
        format!("ORG#{org}#REPAIRS#{shard}")
    }

    pub(crate) fn repair(org: OrganizationId, user: UserId) -> Self {
        Self::new(Self::repairs(org, shard(user.uuid().as_bytes())), user.to_string())
    }

    /// Whoever was deleted here, by their own id or their object's.
    pub(crate) fn gone(org: OrganizationId, id: Uuid) -> Self {
        Self::new(format!("ORG#{org}#GONE#{}", id.as_hyphenated()), "GONE")
    }

    /// One of the counters of those who wait to be in Entra.
    pub(crate) fn pending_count(org: OrganizationId, shard: u8) -> Self {
        Self::new(format!("ORG#{org}#COUNT#PENDING"), shard.to_string())
    }

    /// One of the counters of those about whom somebody has to decide.
    pub(crate) fn conflict_count(org: OrganizationId, shard: u8) -> Self {
        Self::new(format!("ORG#{org}#COUNT#CONFLICTS"), shard.to_string())
    }

    pub(crate) fn scim_key_count(org: OrganizationId) -> Self {
        Self::new(format!("ORG#{org}#COUNT#SCIM_KEYS"), "0")
    }

    pub(crate) fn walk(org: OrganizationId, walk: &SecretHash) -> Self {
        Self::new(format!("ORG#{org}#WALK#{}", walk.as_str()), "WALK")
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
    /// What somebody waits for.
    pub(crate) fn prompt(id: OutboxId, due_at: Timestamp) -> Self {
        Self { pk: Self::prompt_shard(shard(id.uuid().as_bytes())), sk: instant(due_at) }
    }

    pub(crate) fn prompt_shard(shard: u8) -> String {
        format!("OUTBOX#{shard}")
    }

    /// A round of reading.
    pub(crate) fn round(id: OutboxId, due_at: Timestamp) -> Self {
        let pk = Self::round_shard(shard(id.uuid().as_bytes()));
        // Many are due at the same instant: each has a place of its own.
        Self { pk, sk: format!("{}#{id}", instant(due_at)) }
    }

    /// When a round is due, by its place.
    pub(crate) fn instant_of(place: &str) -> &str {
        place.split_once('#').map_or(place, |(instant, _)| instant)
    }

    pub(crate) fn round_shard(shard: u8) -> String {
        format!("OUTBOX#ROUND#{shard}")
    }

    /// Whatever else takes long.
    pub(crate) fn long(org: OrganizationId, due_at: Timestamp) -> Self {
        let pk = Self::long_shard(shard(org.uuid().as_bytes()));
        Self { pk, sk: format!("{org}#{}", instant(due_at)) }
    }

    pub(crate) fn long_shard(shard: u8) -> String {
        format!("OUTBOX#LONG#{shard}")
    }

    /// Behind everything long of an organization.
    pub(crate) fn behind_long(org: OrganizationId) -> String {
        format!("{org}#~")
    }

    pub(crate) fn unanchored(org: OrganizationId, user: UserId, due_at: Timestamp) -> Self {
        Self { pk: Self::all_unanchored(org), sk: format!("{}#{user}", instant(due_at)) }
    }

    pub(crate) fn leaving(org: OrganizationId, user: UserId, at: Timestamp) -> Self {
        Self { pk: Self::all_leaving(org), sk: format!("{}#{user}", instant(at)) }
    }

    pub(crate) fn all_leaving(org: OrganizationId) -> String {
        format!("ORG#{org}#LEAVING")
    }

    pub(crate) fn all_unanchored(org: OrganizationId) -> String {
        format!("ORG#{org}#UNANCHORED")
    }

    pub(crate) fn left_out(org: OrganizationId, object: Uuid, due_at: Timestamp) -> Self {
        let object = object.as_hyphenated();
        Self { pk: Self::all_left_out(org), sk: format!("{}#{object}", instant(due_at)) }
    }

    pub(crate) fn all_left_out(org: OrganizationId) -> String {
        format!("ORG#{org}#LEFT_OUT")
    }

    /// When somebody who is left out is asked for, by their place.
    pub(crate) fn left_out_due_at(place: &str) -> Option<Timestamp> {
        place.split_once('#')?.0.parse().ok()
    }

    pub(crate) fn user(org: OrganizationId, user: UserId, name: &UserName) -> Self {
        let shard = shard(user.uuid().as_bytes());
        Self { pk: Self::users_shard(org, shard), sk: name.folded() }
    }

    pub(crate) fn users_shard(org: OrganizationId, shard: u8) -> String {
        format!("ORG#{org}#USERS#{shard}")
    }

    /// The name is cut to what a sort key holds; groups of one name stand in the order of their ids.
    pub(crate) fn group(org: OrganizationId, group: GroupId, folded: &str) -> Self {
        let shard = shard(group.uuid().as_bytes());
        let name = folded.get(..folded.floor_char_boundary(900)).unwrap_or_default();
        Self { pk: Self::groups_shard(org, shard), sk: format!("{name}\u{1f}{group}") }
    }

    pub(crate) fn groups_shard(org: OrganizationId, shard: u8) -> String {
        format!("ORG#{org}#GROUPS#{shard}")
    }
}

/// An instant whose text sorts as time does.
pub(crate) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// Keeps what people are called out of keys, and keys short.
fn hash(text: &str) -> String {
    SecretHash::of(&[text.as_bytes()]).as_str().to_owned()
}

pub(crate) fn shard(bytes: &[u8]) -> u8 {
    bytes.first().copied().unwrap_or_default() % SHARDS
}
