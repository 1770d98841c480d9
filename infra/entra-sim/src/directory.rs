//! The tenant: its users, groups, domains and policy. No HTTP, no XML.

mod changes;
mod groups;
mod recycle_bin;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::federation::{Domain, InternalDomainFederation, NEXT, certificate_der};
use crate::graph_group::GraphGroup;
use crate::graph_user::{GraphUser, domain_of};
use crate::policy::{Authentication, RootDomains};
use crate::random;

pub(crate) use recycle_bin::DeletedUser;

/// Everything about the tenant that survives a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Directory {
    pub(crate) tenant_id: String,
    pub(crate) tenant_name: String,
    /// By object id.
    pub(crate) users: BTreeMap<String, GraphUser>,
    /// The recycle bin, by object id.
    #[serde(default)]
    pub(crate) deleted: BTreeMap<String, DeletedUser>,
    /// By object id.
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, GraphGroup>,
    /// Object ids of the users and groups that are assigned to the application.
    #[serde(default)]
    pub(crate) assigned: BTreeSet<String>,
    /// Counts every change of a user or group.
    #[serde(default)]
    pub(crate) revision: u64,
    /// The last change of each object that ever was, by object id.
    #[serde(default)]
    pub(crate) changed: BTreeMap<String, u64>,
    /// The last change of each property of a user, by object id; those that are not here are as old
    /// as the user.
    #[serde(default)]
    pub(crate) changed_properties: BTreeMap<String, BTreeMap<String, u64>>,
    /// When each user was made, as a revision, by object id.
    #[serde(default)]
    pub(crate) made: BTreeMap<String, u64>,
    /// Object ids of users who are gone for good.
    #[serde(default)]
    pub(crate) gone: BTreeSet<String>,
    /// By name in lower case.
    pub(crate) domains: BTreeMap<String, Domain>,
    /// By domain name in lower case.
    pub(crate) federations: BTreeMap<String, InternalDomainFederation>,
    pub(crate) policy: RootDomains,
    pub(crate) clock_offset_seconds: i64,
}

/// Why a change of the tenant was refused.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// The sign-in name is not `local@domain`.
    #[error("the user principal name is not an address")]
    UserPrincipalName,
    /// Another user has the sign-in name.
    #[error("another user has this user principal name")]
    UserPrincipalNameTaken,
    /// Another user has the anchor.
    #[error("another user has this onPremisesImmutableId")]
    ImmutableIdTaken,
    /// The anchor is empty, longer than 64 characters or holds a space, `$` or `_`.
    #[error("the onPremisesImmutableId is not one that Graph accepts")]
    ImmutableId,
    /// No user has the sign-in name.
    #[error("no user has this user principal name")]
    UserUnknown,
    /// No group has the name.
    #[error("no group has this display name")]
    GroupUnknown,
    /// A group has no name.
    #[error("the group has no display name")]
    GroupName,
    /// No such domain, or it is not federated.
    #[error("the domain is not federated")]
    NotFederated,
    /// A domain of Microsoft's cannot be federated.
    #[error("a domain below onmicrosoft.com cannot be federated")]
    OnMicrosoft,
    /// The tenant's default domain cannot be federated.
    #[error("the default domain cannot be federated")]
    DefaultDomain,
    /// The domain is not verified.
    #[error("the domain is not verified")]
    Unverified,
    /// The issuer is empty or registered for another domain.
    #[error("the issuerUri is empty or belongs to another domain")]
    IssuerUri,
    /// A sign-in or sign-out address is no `http` or `https` URL.
    #[error("{0} is not an http or https address")]
    Uri(&'static str),
    /// A certificate slot does not hold base64 of a DER certificate with an RSA key of 2048 bits.
    #[error("{0} is not base64 of an X.509 certificate with an RSA key of at least 2048 bits")]
    Certificate(&'static str),
    /// The patch does not fit the resource.
    #[error("the patch does not fit the resource")]
    Patch(#[source] serde_json::Error),
    /// The change could not be written to the data folder.
    #[error("the directory could not be saved")]
    Save(#[source] io::Error),
}

/// What realm discovery says about an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Realm {
    /// The domain is not one of the tenant's.
    Unknown,
    /// Microsoft itself signs the domain's users in.
    Managed { domain: String },
    /// An identity provider signs the domain's users in.
    Federated { domain: String, federation: Box<InternalDomainFederation> },
}

impl Directory {
    /// Stores a user under its object id, or under a fresh one.
    pub(crate) fn put_user(&mut self, mut user: GraphUser) -> Result<GraphUser, DirectoryError> {
        check_user(&mut user)?;
        for other in self.users.values().filter(|other| other.id != user.id) {
            if other.user_principal_name.eq_ignore_ascii_case(&user.user_principal_name) {
                return Err(DirectoryError::UserPrincipalNameTaken);
            }
            let anchor = &user.on_premises_immutable_id;
            if anchor.is_some() && *anchor == other.on_premises_immutable_id {
                return Err(DirectoryError::ImmutableIdTaken);
            }
        }
        self.keep_user(user.clone());
        Ok(user)
    }

    /// Stores many users, each under its object id or a fresh one: all of them or none.
    pub(crate) fn put_users(&mut self, users: Vec<GraphUser>) -> Result<(), DirectoryError> {
        let mut changed = self.users.clone();
        let mut stored = Vec::with_capacity(users.len());
        for mut user in users {
            check_user(&mut user)?;
            changed.insert(user.id.clone(), user.clone());
            stored.push(user);
        }
        let (mut names, mut anchors) = (HashSet::new(), HashSet::new());
        for user in changed.values() {
            if !names.insert(user.user_principal_name.to_ascii_lowercase()) {
                return Err(DirectoryError::UserPrincipalNameTaken);
            }
            let anchor = &user.on_premises_immutable_id;
            if anchor.is_some() && !anchors.insert(anchor.clone()) {
                return Err(DirectoryError::ImmutableIdTaken);
            }
        }
        stored.into_iter().for_each(|user| self.keep_user(user));
        Ok(())
    }

    fn keep_user(&mut self, user: GraphUser) {
        if self.users.get(&user.id) != Some(&user) {
            let restored = self.deleted.remove(&user.id).is_some();
            self.gone.remove(&user.id);
            self.touch(&user.id);
            match self.users.get(&user.id).cloned() {
                Some(known) if !restored => self.note_properties(&known, &user),
                Some(_) | None => self.note_made(&user.id),
            }
            self.users.insert(user.id.clone(), user);
        }
    }

    /// Federates a domain, or replaces its configuration.
    pub(crate) fn federate(
        &mut self,
        domain: Domain,
        mut federation: InternalDomainFederation,
    ) -> Result<(), DirectoryError> {
        let name = domain.id.to_ascii_lowercase();
        check_domain(&domain, &name)?;
        check_federation(&federation)?;
        let issuer = &federation.issuer_uri;
        let taken = self.federations.iter().any(|(d, f)| *d != name && f.issuer_uri == *issuer);
        if taken {
            return Err(DirectoryError::IssuerUri);
        }
        if federation.id.is_empty() {
            federation.id = random::guid();
        }
        self.domains.insert(name.clone(), Domain { id: name.clone(), ..domain });
        self.federations.insert(name, federation);
        Ok(())
    }

    /// Adds or replaces a domain without changing how it signs in.
    pub(crate) fn put_domain(&mut self, domain: Domain) {
        let name = domain.id.to_ascii_lowercase();
        self.domains.insert(name.clone(), Domain { id: name, ..domain });
    }

    /// Makes a domain managed again.
    pub(crate) fn unfederate(&mut self, domain: &str) -> Result<(), DirectoryError> {
        let removed = self.federations.remove(&domain.to_ascii_lowercase());
        removed.map(|_| ()).ok_or(DirectoryError::NotFederated)
    }

    /// The configuration of a federated domain.
    pub(crate) fn federation(
        &self,
        domain: &str,
    ) -> Result<&InternalDomainFederation, DirectoryError> {
        let found = self.federations.get(&domain.to_ascii_lowercase());
        found.ok_or(DirectoryError::NotFederated)
    }

    /// Finds how the users of an address's domain sign in; a sub-domain inherits from its root.
    pub(crate) fn realm(&self, address: &str) -> Realm {
        let Some(domain) = domain_of(address) else { return Realm::Unknown };
        if !self.domains.get(&domain).is_some_and(|d| d.is_verified) {
            return Realm::Unknown;
        }
        let root = self.root_of(&domain);
        match self.federations.get(&root) {
            Some(found) => Realm::Federated { domain: root, federation: Box::new(found.clone()) },
            None => Realm::Managed { domain },
        }
    }

    /// The nearest domain at or above `domain` that decides for itself.
    pub(crate) fn root_of(&self, domain: &str) -> String {
        let mut name = domain;
        loop {
            if self.domains.get(name).is_some_and(|found| found.is_root) {
                return name.to_owned();
            }
            let Some((_, parent)) = name.split_once('.') else { return domain.to_owned() };
            name = parent;
        }
    }

    /// The user whose anchor is exactly this, letter case included.
    pub(crate) fn user_by_anchor(&self, anchor: &str) -> Option<&GraphUser> {
        self.users.values().find(|u| u.on_premises_immutable_id.as_deref() == Some(anchor))
    }

    /// The user with this sign-in name, whatever its case.
    pub(crate) fn user_by_name(&self, name: &str) -> Option<&GraphUser> {
        self.users.values().find(|u| u.user_principal_name.eq_ignore_ascii_case(name))
    }

    /// Whether the policy lets the trust of `trust_domain` assert `user`.
    pub(crate) fn policy_allows(&self, trust_domain: &str, user: &GraphUser) -> bool {
        let Some(domain) = user.domain() else { return false };
        let user_root = self.root_of(&domain);
        let authentication = if self.federations.contains_key(&user_root) {
            Authentication::Federated
        } else {
            Authentication::Managed
        };
        self.policy.allows(&self.root_of(trust_domain), &user_root, authentication)
    }
}

fn check_user(user: &mut GraphUser) -> Result<(), DirectoryError> {
    if user.domain().is_none() {
        return Err(DirectoryError::UserPrincipalName);
    }
    if let Some(anchor) = &user.on_premises_immutable_id {
        let refused = |c: char| c.is_whitespace() || c == '$' || c == '_';
        if anchor.is_empty() || anchor.chars().count() > 64 || anchor.contains(refused) {
            return Err(DirectoryError::ImmutableId);
        }
    }
    if user.id.is_empty() {
        user.id = random::guid();
    }
    Ok(())
}

fn check_domain(domain: &Domain, name: &str) -> Result<(), DirectoryError> {
    if name == "onmicrosoft.com" || name.ends_with(".onmicrosoft.com") {
        return Err(DirectoryError::OnMicrosoft);
    }
    if !domain.is_verified {
        return Err(DirectoryError::Unverified);
    }
    if domain.is_default {
        return Err(DirectoryError::DefaultDomain);
    }
    Ok(())
}

fn check_federation(federation: &InternalDomainFederation) -> Result<(), DirectoryError> {
    if federation.issuer_uri.is_empty() {
        return Err(DirectoryError::IssuerUri);
    }
    let addresses = [
        ("passiveSignInUri", &federation.passive_sign_in_uri),
        ("signOutUri", &federation.sign_out_uri),
    ];
    for (property, address) in addresses {
        let url = url::Url::parse(address).map_err(|_| DirectoryError::Uri(property))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(DirectoryError::Uri(property));
        }
    }
    if certificate_der(&federation.signing_certificate).is_none() {
        return Err(DirectoryError::Certificate("signingCertificate"));
    }
    match &federation.next_signing_certificate {
        Some(next) if certificate_der(next).is_none() => Err(DirectoryError::Certificate(NEXT)),
        Some(_) | None => Ok(()),
    }
}
