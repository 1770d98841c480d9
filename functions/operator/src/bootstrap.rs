//! Founds an organization, and lets an administrator in again who lost everything.

use identity::{
    Address, Anchor, FederatedDomain, Organization, OrganizationId, Role, SESSION_HOURS, Secret,
    User, UserId,
};
use jiff::{SignedDuration, Timestamp};
use keys::ring::{KeyRing, SigningKey};
use keys::{CertificateSubject, Validity};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, FoundError, Founding, Link, OutboxItem, Stored, Task};
use url::Url;
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

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
        let name = asked.organization.trim();
        if !(1..=64).contains(&name.chars().count()) {
            return Err(Failure::NotAName);
        }
        let domain = Self::domain(&asked.domain)?;
        let email: Address = asked.email.parse().map_err(|_| Failure::NotAnAddress)?;
        if let Some(org) = self.store.domain_owner(&domain, now).await? {
            return self.recover(org, &domain, &email, request_id, now).await;
        }

        let organization = self.organization(name, now)?;
        let domain = FederatedDomain {
            issuer: format!("{}/saml/{domain}", organization.base_url),
            name: domain,
            organization: organization.id,
            reply_url: self.config.entra_login_url.clone(),
        };
        let administrator = self.administrator(&domain, email, now);
        let organization = Organization { administrators: vec![administrator.id], ..organization };
        let ring = self.ring(&domain, now).await?;
        let token = Secret::mint(&*self.entropy);
        let link = Link::new(administrator.id, now);
        let mut audit = self.audit(Action::OrganizationFounded, request_id, now);
        audit.subject = Some(administrator.id);
        audit.relying_party = Some(domain.issuer.clone());
        audit.key = Some(ring.active.key.as_str().to_owned());
        let founding = Founding {
            organization: &organization,
            domain: &domain,
            ring: &ring,
            administrator: &administrator,
            link: (&token.hash(), &link),
            audit: &audit,
        };
        match self.store.found(&founding, now).await {
            Ok(()) => Ok(self.answer(&organization, &domain, &ring, &token)),
            Err(FoundError::OtherDeployment(fixed)) => Err(Failure::OtherDeployment(fixed)),
            // Somebody else founded it since we looked.
            Err(FoundError::DomainTaken) => Err(Failure::Changed),
            Err(FoundError::Table(error)) => Err(error.into()),
        }
    }

    fn organization(&self, name: &str, now: Timestamp) -> Result<Organization, Failure> {
        let misconfigured = |cause: &str| Failure::Misconfigured("BASE_URL", cause.into());
        let base_url = self.config.base_url.trim_end_matches('/');
        let url = Url::parse(base_url).map_err(|_| misconfigured("not a URL"))?;
        let host = url.domain().ok_or_else(|| misconfigured("passkeys need a host name"))?;
        let local = host == "localhost" || host.ends_with(".localhost");
        if url.scheme() != "https" && !local {
            return Err(misconfigured("passkeys need https"));
        }
        Ok(Organization {
            id: OrganizationId::mint(&*self.entropy),
            name: name.to_owned(),
            base_url: base_url.to_owned(),
            rp_id: host.to_owned(),
            session_hours: SESSION_HOURS,
            administrators: Vec::new(),
            created_at: now,
        })
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
        domain: &identity::DomainName,
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
        if !user.value.blocks.is_empty() {
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
        Ok(self.answer(&organization, &domain, &ring, &token))
    }

    fn answer(
        &self,
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
            "trial": self.config.trial,
            "domain": domain.name,
            "issuer_uri": issuer,
            "sso_url": format!("{issuer}/sso"),
            "slo_url": format!("{issuer}/slo"),
            "metadata_url": format!("{issuer}/metadata"),
            "reply_url": domain.reply_url,
            "certificate_pem": ring.active.pem(),
            "certificate_base64": ring.active.base64(),
            "certificate_not_after": ring.active.not_after,
            "enrolment_url": organization.enrolment_url(token),
            "enrolment_hours": Link::LIFETIME.as_hours(),
        })
    }
}
