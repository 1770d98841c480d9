//! Founds an organization, and lets an administrator in again who lost everything.

use identity::{
    Address, Anchor, DomainName, FederatedDomain, Mode, Organization, OrganizationId, Role,
    SESSION_HOURS, Secret, User, UserId,
};
use jiff::{SignedDuration, Timestamp};
use keys::ring::{KeyRing, SigningKey};
use keys::{CertificateSubject, Validity};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Deployment, FoundError, Founding, Link, OutboxItem, Stored, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::{name, site};

/// How long a federation certificate holds. Entra does not ask for more, and a rollover replaces
/// it long before.
const CERTIFICATE_LIFETIME: SignedDuration = SignedDuration::from_hours(3 * 365 * 24);

/// Asks for an organization with its first domain and administrator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bootstrap {
    /// What its people call it.
    organization: String,
    /// The domain that Entra will federate.
    domain: String,
    /// The administrator's work address, which is their user principal name.
    email: String,
}

impl App {
    /// Founds the organization once. Where it exists, the administrator of that address gets a new
    /// link, and every administrator is told.
    pub(crate) async fn bootstrap(
        &self,
        asked: Bootstrap,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let name = name::read(&asked.organization).ok_or(Failure::NotAName)?;
        let domain = Self::domain(&asked.domain)?;
        let email: Address = asked.email.parse().map_err(|_| Failure::NotAnAddress)?;
        if let Some(org) = self.store.domain_owner(&domain, now).await? {
            return self.recover(org, &domain, &email, request_id, now).await;
        }
        let organization = self.organization(name, now)?;
        let domain = self.federated(&organization, domain)?;
        // Nothing is signed for what the table would refuse.
        self.may_found(&organization, &domain.name, now).await?;
        self.found(organization, &domain, email, request_id, now).await
    }

    async fn may_found(
        &self,
        organization: &Organization,
        domain: &DomainName,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if let Some(fixed) = self.store.deployment(now).await?
            && fixed != Deployment::of(organization)
        {
            return Err(Failure::OtherDeployment(fixed));
        }
        match self.store.owned_parent(domain).await? {
            Some(parent) => Err(Failure::Subdomain(parent)),
            None => Ok(()),
        }
    }

    async fn found(
        &self,
        organization: Organization,
        domain: &FederatedDomain,
        email: Address,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let administrator = self.administrator(domain, email, now);
        let organization = Organization {
            administrators: vec![administrator.id],
            domains: vec![domain.name.clone()],
            ..organization
        };
        let ring = self.ring(domain, now).await?;
        let token = Secret::mint(&*self.entropy);
        let link = Link::new(administrator.id, now);
        let mut audit = self.audit(Action::OrganizationFounded, request_id, now);
        audit.subject = Some(administrator.id);
        audit.relying_party = Some(domain.issuer.clone());
        audit.key = Some(ring.active.key.as_str().to_owned());
        let founding = Founding {
            organization: &organization,
            domain,
            ring: &ring,
            administrator: &administrator,
            link: (&token.hash(), &link),
            audit: &audit,
        };
        match self.store.found(&founding, now).await {
            Ok(()) => Ok(answer(&organization, domain, &ring, &token)),
            // What was decided before the signature, in a race against another bootstrap.
            Err(FoundError::OtherDeployment(fixed)) => Err(Failure::OtherDeployment(fixed)),
            Err(FoundError::DomainTaken) => Err(Failure::Changed),
            Err(FoundError::Subdomain(parent)) => Err(Failure::Subdomain(parent)),
            Err(FoundError::Table(error)) => Err(error.into()),
        }
    }

    fn organization(&self, name: &str, now: Timestamp) -> Result<Organization, Failure> {
        let misconfigured = |why: &str| Failure::Misconfigured("BASE_URL", why.into());
        let (base_url, host) = site::origin(&self.config.base_url).map_err(misconfigured)?;
        Ok(Organization {
            id: OrganizationId::mint(&*self.entropy),
            name: name.to_owned(),
            base_url: base_url.to_owned(),
            rp_id: host,
            session_hours: SESSION_HOURS,
            administrators: Vec::new(),
            domains: Vec::new(),
            directories: Vec::new(),
            mode: Mode::default(),
            created_at: now,
        })
    }

    fn federated(
        &self,
        organization: &Organization,
        name: DomainName,
    ) -> Result<FederatedDomain, Failure> {
        let misconfigured = |why: &str| Failure::Misconfigured("ENTRA_LOGIN_URL", why.into());
        let reply_url = site::reply_url(&self.config.entra_login_url).map_err(misconfigured)?;
        let issuer = format!("{}/saml/{name}", organization.base_url);
        Ok(FederatedDomain { name, organization: organization.id, issuer, reply_url })
    }

    fn administrator(&self, domain: &FederatedDomain, email: Address, now: Timestamp) -> User {
        let id = UserId::mint(&*self.entropy);
        let name = email.as_str().to_owned();
        // Somebody of another domain administers, and signs in to Entra elsewhere.
        let anchor = domain.covers(&email).then(|| Anchor::of(id));
        User { role: Role::Administrator, anchor, ..User::new(id, email.into(), name, now) }
    }

    async fn ring(&self, domain: &FederatedDomain, now: Timestamp) -> Result<KeyRing, Failure> {
        let key = self.key()?;
        let name: String = domain.name.as_str().chars().take(64).collect();
        let not_after = now.checked_add(CERTIFICATE_LIFETIME).unwrap_or(now);
        let validity = Validity::new(now, not_after)?;
        let subject = CertificateSubject::parse(&name)?;
        let certificate = self.keys.certificate(&key, &subject, validity).await?;
        Ok(KeyRing::start(SigningKey::new(key, &certificate), now)?)
    }

    /// Lets an administrator in again by a new link, and tells every administrator.
    async fn recover(
        &self,
        org: OrganizationId,
        domain: &DomainName,
        email: &Address,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let organization = self.store.organization(org, now).await?;
        let organization = organization.ok_or(Failure::NoOrganization)?.value;
        let domain = self.store.domain(org, domain, now).await?;
        let domain = domain.ok_or(Failure::NoOrganization)?.value;
        let ring = self.store.key_ring::<KeyRing>(org, now).await?;
        let ring = ring.ok_or(Failure::NoOrganization)?.value;
        let administrators = self.store.administrators(&organization, now).await?;
        let named = |user: &&Stored<User>| user.value.user_name.address() == Some(email);
        let user = administrators.iter().find(named).ok_or(Failure::NotAnAdministrator)?;
        if !user.value.has_access(now) {
            return Err(Failure::Blocked);
        }

        let alert = Task::AlertRecoveries { administrators: None, user: user.value.id };
        let alerts = [OutboxItem::new(&*self.entropy, org, alert, now)];
        let token = Secret::mint(&*self.entropy);
        let link = Link::new(user.value.id, now);
        let mut audit = self.audit(Action::LinkHandedOut, request_id, now);
        audit.subject = Some(user.value.id);
        audit.reason = Some("recovery".to_owned());
        let link = (&token.hash(), &link);
        self.store.hand_out_link(org, user, link, &alerts, &audit).await?;
        self.announce(&alerts, request_id).await;
        Ok(answer(&organization, &domain, &ring, &token))
    }
}

fn answer(
    organization: &Organization,
    domain: &FederatedDomain,
    ring: &KeyRing,
    token: &Secret,
) -> Value {
    let issuer = &domain.issuer;
    json!({
        "organization": organization.id,
        "base_url": organization.base_url,
        "rp_id": organization.rp_id,
        "trial": site::is_trial(&organization.rp_id),
        "domain": domain.name,
        "issuer_uri": issuer,
        "sso_url": domain.sso_url(),
        "slo_url": domain.slo_url(),
        "metadata_url": format!("{issuer}/metadata"),
        "reply_url": domain.reply_url,
        "certificate_pem": ring.active.pem(),
        "certificate_base64": ring.active.base64(),
        "certificate_not_after": ring.active.not_after,
        "enrolment_url": organization.enrolment_url(token),
        "enrolment_hours": Link::LIFETIME.as_hours(),
    })
}
