//! Makes, lists and takes away the keys of provisioning clients.

use identity::{DomainName, Organization, OrganizationId, ScimClient, ScimKey, ScimKeyId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, ProvisioningKey, TableError};
use web::failure::RequestId;

use crate::app::App;
use crate::directory::find;
use crate::failure::Failure;
use crate::name;

/// The longest life that a key may be given.
const MOST_DAYS: i64 = 3650;

/// Asks for a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateScimKey {
    /// A domain of the organization.
    domain: String,
    /// What lists and the audit call it.
    name: String,
    /// Who will provision with it.
    client: ScimClient,
    /// The directory that the users whom it makes are in; the organization's own where nothing is
    /// said.
    directory_id: Option<String>,
    /// How long it holds; for ever where nothing is said.
    expires_days: Option<i64>,
}

/// Asks which keys there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListScimKeys {
    /// A domain of the organization.
    domain: String,
}

/// Takes a key away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeScimKey {
    /// A domain of the organization.
    domain: String,
    /// Its id, as lists show it; never the key itself.
    key_id: String,
}

impl App {
    /// Answers a new key, this once, and where it is used.
    pub(crate) async fn create_scim_key(
        &self,
        asked: CreateScimKey,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let name = name::read(&asked.name).ok_or(Failure::NotAKeyName)?;
        let expires_at = asked.expires_days.map(|days| expiry(days, now)).transpose()?;
        let organization = self.organization_of(&asked.domain, now).await?;
        let directory = asked.directory_id.as_deref();
        let directory = directory.map(|id| find(&organization, id)).transpose()?;
        let secret = ScimKey::mint(&*self.entropy);
        let key = ProvisioningKey {
            id: ScimKeyId::mint(&*self.entropy),
            name: name.to_owned(),
            client: asked.client,
            directory: directory.map(|directory| directory.id),
            base_url: organization.base_url.clone(),
            created_at: now,
            expires_at,
            last_used: None,
        };
        let mut audit = self.audit(Action::ScimKeyCreated, request_id, now);
        audit.key = Some(key.id.to_string());
        audit.reason = Some(key.client.as_str().to_owned());
        let org = organization.id;
        match self.store.create_scim_key(org, &secret.hash(), &key, &audit).await {
            Err(TableError::Conflict { position: 0 }) => return Err(Failure::TooManyKeys),
            other => other?,
        }
        Ok(json!({
            "tenant_url": tenant_url(&organization),
            "key": secret.reveal(),
            "key_id": key.id,
            "name": key.name,
            "client": key.client,
            "directory_id": key.directory,
            "expires_at": key.expires_at,
        }))
    }

    /// Answers what is known of every key.
    pub(crate) async fn list_scim_keys(&self, asked: ListScimKeys) -> Result<Value, Failure> {
        let now = self.clock.now();
        let organization = self.organization_of(&asked.domain, now).await?;
        let keys = self.store.scim_keys(organization.id, now).await?;
        let keys = keys.iter().map(|key| shown(key, now)).collect::<Vec<_>>();
        Ok(json!({ "tenant_url": tenant_url(&organization), "keys": keys }))
    }

    /// Takes a key away: the next request with it is refused.
    pub(crate) async fn revoke_scim_key(
        &self,
        asked: RevokeScimKey,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let id: ScimKeyId = asked.key_id.parse().map_err(|_| Failure::NotAKeyId)?;
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let mut audit = self.audit(Action::ScimKeyRevoked, request_id, now);
        audit.key = Some(id.to_string());
        let revoked = self.store.revoke_scim_key(org, id, &audit).await?;
        let revoked = revoked.ok_or(Failure::NoKey)?;
        Ok(json!({ "revoked": true, "key_id": revoked.id, "name": revoked.name }))
    }

    async fn organization_of(&self, domain: &str, now: Timestamp) -> Result<Organization, Failure> {
        let org = self.owner(&Self::domain(domain)?, now).await?;
        let organization = self.store.organization(org, now).await?;
        Ok(organization.ok_or(Failure::NoOrganization)?.value)
    }

    pub(crate) async fn owner(
        &self,
        domain: &DomainName,
        now: Timestamp,
    ) -> Result<OrganizationId, Failure> {
        self.store.domain_owner(domain, now).await?.ok_or(Failure::NoOrganization)
    }
}

fn expiry(days: i64, now: Timestamp) -> Result<Timestamp, Failure> {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Failure::NotAnExpiry);
    }
    now.checked_add(SignedDuration::from_hours(24 * days)).map_err(|_| Failure::NotAnExpiry)
}

fn tenant_url(organization: &Organization) -> String {
    format!("{}/scim/v2/{}", organization.base_url, organization.id)
}

/// What anybody may see of a key who may see that there is one.
fn shown(key: &ProvisioningKey, now: Timestamp) -> Value {
    let days_left = key.expires_at.map(|end| end.duration_since(now).as_hours().max(0) / 24);
    json!({
        "key_id": key.id,
        "name": key.name,
        "client": key.client,
        "directory_id": key.directory,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "days_left": days_left,
        "holds": key.holds(now),
        "last_used_at": key.last_used.as_ref().map(|used| used.at),
        "last_used_from": key.last_used.as_ref().map(|used| &used.address),
    })
}
