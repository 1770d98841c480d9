//! Organizations, their domains, and the facts that the first bootstrap fixes for good.

use std::collections::BTreeSet;

use identity::{
    DomainName, FederatedDomain, Organization, OrganizationId, SecretHash, User, UserId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_writes;
use crate::{AuditEntry, Link, Store, Stored, TableError};

/// What the first bootstrap fixes for the whole deployment: passkeys and issuers hang on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Our own origin, without a trailing slash.
    pub base_url: String,
    /// The WebAuthn RP ID.
    pub rp_id: String,
}

impl Deployment {
    /// What the founding of an organization fixes, or else expects.
    pub fn of(organization: &Organization) -> Self {
        Self { base_url: organization.base_url.clone(), rp_id: organization.rp_id.clone() }
    }
}

#[derive(Serialize, Deserialize)]
struct Owner {
    organization: OrganizationId,
}

/// Everything that comes into being with an organization.
#[derive(Debug)]
pub struct Founding<'a, Ring> {
    /// The organization, naming its first administrator.
    pub organization: &'a Organization,
    /// Its first federated domain.
    pub domain: &'a FederatedDomain,
    /// Its signing keys.
    pub ring: &'a Ring,
    /// Its first administrator.
    pub administrator: &'a User,
    /// The link by which the administrator enrols.
    pub link: (&'a SecretHash, &'a Link),
    /// Who did it.
    pub audit: &'a AuditEntry,
}

impl<Ring: Serialize> Founding<'_, Ring> {
    /// First its claim on the domain, then that no parent has an owner, then all the rest.
    fn writes(&self, parents: &[DomainName], deployment: Write) -> Result<Vec<Write>, TableError> {
        let Self { organization, domain, ring, administrator, link, audit } = self;
        let org = organization.id;
        let owner = Owner { organization: org };
        let mut writes = vec![put(Item::new(Key::domain_owner(&domain.name), &owner)?)];
        writes.extend(parents.iter().map(|parent| Write::CheckAbsent(Key::domain_owner(parent))));
        writes.extend([
            deployment,
            put(Item::new(Key::organization(org), organization)?),
            put(Item::new(Key::domain(org, &domain.name), domain)?),
            put(Item::new(Key::key_ring(org), ring)?),
            put(link.1.item(org, link.0)?),
            put(audit.item(org)?),
        ]);
        writes.extend(user_writes(org, administrator)?);
        Ok(writes)
    }
}

/// Stores what is new.
const fn put(item: Item) -> Write {
    Write::Put(item, Expect::Absent)
}

/// Why an organization was not founded.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The deployment was bootstrapped under another base URL.
    #[error("the deployment's base URL is fixed and differs")]
    OtherDeployment(Deployment),
    /// The domain belongs to an organization already.
    #[error("the domain belongs to an organization already")]
    DomainTaken,
    /// A domain above it belongs to an organization.
    #[error("a domain above it belongs to an organization")]
    Subdomain(DomainName),
    /// The table did not do as told.
    #[error("the organization could not be stored")]
    Table(#[source] TableError),
}

impl Store {
    /// The deployment's fixed facts, once bootstrapped.
    pub async fn deployment(&self, now: Timestamp) -> Result<Option<Deployment>, TableError> {
        Ok(self.table.get(Key::deployment(), now).await?.map(|stored| stored.value))
    }

    /// Stores an organization with its domain, keys and first administrator: all or nothing.
    ///
    /// # Errors
    ///
    /// [`FoundError::OtherDeployment`] when an earlier bootstrap fixed other facts,
    /// [`FoundError::DomainTaken`] when the domain has an owner, [`FoundError::Subdomain`] when a
    /// domain above it has one.
    pub async fn found<Ring: Serialize>(
        &self,
        founding: &Founding<'_, Ring>,
        now: Timestamp,
    ) -> Result<(), FoundError> {
        let fixed = Deployment::of(founding.organization);
        let deployment: Option<Stored<Deployment>> =
            self.table.get(Key::deployment(), now).await.map_err(FoundError::Table)?;
        if let Some(stored) = &deployment
            && stored.value != fixed
        {
            return Err(FoundError::OtherDeployment(stored.value.clone()));
        }
        let fixed = match &deployment {
            None => Item::new(Key::deployment(), &fixed).map(put),
            Some(stored) => Ok(Write::Check(Key::deployment(), stored.version)),
        };
        let parents = founding.domain.name.parents().collect::<Vec<_>>();
        let writes = founding.writes(&parents, fixed.map_err(FoundError::Table)?);
        let written = self.table.write(writes.map_err(FoundError::Table)?).await;
        written.map_err(|error| match error {
            TableError::Conflict { position: 0 } => FoundError::DomainTaken,
            TableError::Conflict { position } => match parents.into_iter().nth(position - 1) {
                Some(parent) => FoundError::Subdomain(parent),
                None => FoundError::Table(error),
            },
            other => FoundError::Table(other),
        })
    }

    /// The nearest domain above one that belongs to an organization.
    pub async fn owned_parent(&self, name: &DomainName) -> Result<Option<DomainName>, TableError> {
        let parents = name.parents().collect::<Vec<_>>();
        if parents.is_empty() {
            return Ok(None);
        }
        let found = self.table.get_many(parents.iter().map(Key::domain_owner).collect()).await?;
        Ok(parents.into_iter().find(|parent| found.has(&Key::domain_owner(parent))))
    }

    /// The organization that a domain belongs to. Never changes while the domain has an owner, so
    /// that a caller may remember it.
    pub async fn domain_owner(
        &self,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<Option<OrganizationId>, TableError> {
        let owner: Option<Stored<Owner>> = self.table.get(Key::domain_owner(name), now).await?;
        Ok(owner.map(|stored| stored.value.organization))
    }

    /// An organization.
    pub async fn organization(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Organization>>, TableError> {
        self.table.get(Key::organization(org), now).await
    }

    /// Stores what an organization became.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it is not as it was read any more.
    pub async fn change_organization(
        &self,
        before: &Stored<Organization>,
        organization: &Organization,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let org = before.value.id;
        let item = Item::new(Key::organization(org), organization)?;
        let writes = vec![Write::Put(item, Expect::Version(before.version)), put(audit.item(org)?)];
        self.table.write(writes).await
    }

    /// A domain of an organization.
    pub async fn domain(
        &self,
        org: OrganizationId,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<Option<Stored<FederatedDomain>>, TableError> {
        self.table.get(Key::domain(org, name), now).await
    }

    /// Which of some domains send their sign-ins to us, for this organization.
    pub async fn federated(
        &self,
        org: OrganizationId,
        names: &BTreeSet<DomainName>,
        now: Timestamp,
    ) -> Result<Vec<FederatedDomain>, TableError> {
        let key = |name: &DomainName| Key::domain(org, name);
        let mut found = self.table.get_all(names.iter().map(key).collect()).await?;
        let mut federated = Vec::new();
        for name in names {
            let domain: Option<Stored<FederatedDomain>> = found.take(&key(name), now)?;
            federated.extend(domain.map(|stored| stored.value));
        }
        Ok(federated)
    }

    /// Hands out an enrolment link to a user, and tells who else must know.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user changed in between.
    pub async fn hand_out_link(
        &self,
        org: OrganizationId,
        user: &Stored<User>,
        link: (&SecretHash, &Link),
        alerts: &[crate::OutboxItem],
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let mut writes = vec![
            Write::Check(Key::user(org, user.value.id), user.version),
            Write::Put(link.1.item(org, link.0)?, Expect::Absent),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        for alert in alerts {
            writes.push(Write::Put(alert.item()?, Expect::Absent));
        }
        self.table.write(writes).await
    }

    /// The administrators of an organization, those that still exist.
    pub async fn administrators(
        &self,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<Vec<Stored<User>>, TableError> {
        let key = |user: &UserId| Key::user(organization.id, *user);
        let keys = organization.administrators.iter().map(key).collect::<Vec<_>>();
        let mut found = self.table.get_all(keys.clone()).await?;
        keys.iter().filter_map(|key| found.take(key, now).transpose()).collect()
    }
}
