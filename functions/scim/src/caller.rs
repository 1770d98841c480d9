//! Who calls: what a request shows, and what the table says to it.

use axum::extract::{FromRequestParts, RawPathParams};
use http::header::AUTHORIZATION;
use http::request::Parts;
use identity::{GroupId, OrganizationId, OutboxId, ScimClient, ScimKey, SecretHash, UserId};
use jiff::{SignedDuration, Timestamp};
use lambda_http::request::RequestContext;
use scim::ResourceType;
use scim::schema::{USER, USER_OF_OTHERS};
use store::{Action, Actor, AuditEntry, KeyUse, ProvisioningKey, Stored};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// How long before the end of a key an alarm says so.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long a request may begin new things.
const LONGEST: SignedDuration = SignedDuration::from_secs(15);

/// A key that is well-formed, of an organization that may exist: nothing that may be acted on.
///
/// RFC 6750 §2.1. Whatever is not even that is refused without asking the table.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) org: OrganizationId,
    pub(crate) hash: SecretHash,
    pub(crate) request_id: RequestId,
    address: String,
}

/// A key that opens the organization now.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) org: OrganizationId,
    pub(crate) key: ProvisioningKey,
    pub(crate) request_id: RequestId,
    /// When the request came; what it decides has an instant of its own.
    pub(crate) now: Timestamp,
}

impl<S: Send + Sync> FromRequestParts<S> for Presented {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let unauthorized = || Failure::from(scim::Error::UNAUTHORIZED);
        let path = RawPathParams::from_request_parts(parts, state).await;
        let path = path.map_err(|_| unauthorized())?;
        let mut named = path.iter().filter(|(name, _)| *name == "organization");
        let org = named.next().and_then(|(_, value)| value.parse().ok());
        let hash = bearer(parts).map(|key| key.hash());
        let request_id = RequestId::of(parts);
        let (org, hash) = org.zip(hash).ok_or_else(unauthorized)?;
        Ok(Self { org, hash, request_id, address: address(parts) })
    }
}

/// Which one of several is meant: what the path ends in.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = RawPathParams::from_request_parts(parts, state).await;
        let path = path.map_err(|_| scim::Error::NOT_FOUND)?;
        let last = path.iter().last().map(|(_, value)| value.to_owned());
        Ok(Self(last.ok_or(scim::Error::NOT_FOUND)?))
    }
}

/// The one key of the one `Authorization` header.
fn bearer(parts: &Parts) -> Option<ScimKey> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (headers.next(), headers.next()) else {
        return None;
    };
    let (scheme, key) = only.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { key.trim().parse().ok() } else { None }
}

/// The address that API Gateway saw, never one that a header names.
fn address(parts: &Parts) -> String {
    let seen = match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    };
    seen.unwrap_or_default()
}

impl App {
    /// Believes a key that the table has under its organization and whose time is not over.
    ///
    /// A wrong, revoked or expired key and a foreign or unknown organization are one answer.
    pub(crate) async fn admit(
        &self,
        presented: Presented,
        found: Option<Stored<ProvisioningKey>>,
        now: Timestamp,
    ) -> Result<Caller, Failure> {
        let key = found.filter(|key| key.value.holds(now)).ok_or(scim::Error::UNAUTHORIZED)?;
        let Presented { org, hash, request_id, address } = presented;
        if key.value.is_use_worth_recording(now) {
            let used = KeyUse { at: now, address };
            if let Err(error) = self.store.record_scim_key_use(org, &hash, &key, used).await {
                web::failure::log(&error, &request_id);
            }
            let end = key.value.expires_at;
            if end.is_some_and(|end| end.duration_since(now) <= EXPIRES_SOON) {
                web::metric::count("ScimKeyExpires", "scim", now);
            }
        }
        Ok(Caller { org, key: key.value, request_id, now })
    }

    /// The same, where nothing else is read together with the key.
    pub(crate) async fn caller(&self, presented: Presented) -> Result<Caller, Failure> {
        let now = self.clock.now();
        let found = self.store.scim_key(presented.org, &presented.hash, now).await?;
        self.admit(presented, found, now).await
    }

    /// Whether nothing long may be begun any more: the answer must leave before the gateway gives
    /// up.
    pub(crate) fn is_late(&self, caller: &Caller) -> bool {
        self.clock.now().duration_since(caller.now) >= LONGEST
    }

    /// Begins an entry of the audit of what is decided at `now`: who, by which key.
    pub(crate) fn audit(&self, caller: &Caller, action: Action, now: Timestamp) -> AuditEntry {
        let id = OutboxId::mint(&*self.entropy);
        let mut entry = AuditEntry::new(id, now, Actor::Client(caller.key.id), action);
        entry.request_id = Some(caller.request_id.as_str().to_owned());
        entry
    }
}

impl Caller {
    /// Where the organization's resources are.
    pub(crate) fn base(&self) -> String {
        format!("{}/scim/v2/{}", self.key.base_url, self.org)
    }

    /// What a user is to this client: Entra alone says which anchor somebody has.
    pub(crate) fn user_kind(&self) -> &'static ResourceType {
        match self.key.client {
            ScimClient::Entra => &USER,
            ScimClient::Other => &USER_OF_OTHERS,
        }
    }

    /// Where a user is, RFC 7644 §3.1.
    pub(crate) fn user_url(&self, user: UserId) -> String {
        format!("{}/Users/{user}", self.base())
    }

    /// Where a group is, RFC 7644 §3.1.
    pub(crate) fn group_url(&self, group: GroupId) -> String {
        format!("{}/Groups/{group}", self.base())
    }
}
