//! Who can sign in: people of the simulated tenant, and of others that only have people.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::access_token::AUDIENCE;
use super::state::Registrations;
use crate::app::Site;
use crate::directory::Directory;

/// The template of Global Administrator.
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// The template of Privileged Role Administrator.
pub(crate) const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
/// The template that every member has.
pub(crate) const USER: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

/// Another tenant, which has a name and people and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ForeignTenant {
    /// What it is called.
    pub name: String,
    /// Its people.
    pub people: Vec<ForeignPerson>,
}

/// Somebody of another tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ForeignPerson {
    /// The object id, a GUID.
    pub id: String,
    /// The sign-in name.
    pub user_principal_name: String,
    /// The name shown to people.
    pub display_name: String,
    /// Templates of directory roles.
    pub directory_roles: BTreeSet<String>,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) tenant: String,
    pub(crate) tenant_name: String,
    pub(crate) object_id: String,
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) roles: BTreeSet<String>,
    /// Who signs the account in, when it is not Microsoft itself.
    pub(crate) federated: bool,
}

impl Account {
    /// Whether the person may consent to application permissions for the whole tenant.
    pub(crate) fn may_consent(&self) -> bool {
        [GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR]
            .iter()
            .any(|role| self.roles.contains(*role))
    }
}

/// Whether a scope asks for Graph as it was consented to, by Graph's own name or by the address that
/// stands for it here.
pub(crate) fn is_graph(site: Site, scope: &str) -> bool {
    let resource = scope.strip_suffix("/.default");
    resource.is_some_and(|resource| resource == AUDIENCE || resource == site.url())
}

/// Which tenants a path lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    /// Every organization's.
    Organizations,
    /// One, by its id.
    Tenant(String),
}

impl Realm {
    /// Reads the first segment of a path: an id, a verified domain, `organizations` or `common`.
    pub(crate) fn parse(path: &str, directory: &Directory, known: &Registrations) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        if ["organizations", "common"].contains(&path.as_str()) {
            return Some(Self::Organizations);
        }
        let own = path == directory.tenant_id || directory.domains.contains_key(&path);
        if own {
            return Some(Self::Tenant(directory.tenant_id.clone()));
        }
        known.tenants.contains_key(&path).then_some(Self::Tenant(path))
    }

    pub(crate) fn admits(&self, tenant: &str) -> bool {
        match self {
            Self::Organizations => true,
            Self::Tenant(own) => own == tenant,
        }
    }
}

/// The people that a realm lets in, administrators first.
pub(crate) fn accounts(
    realm: &Realm,
    directory: &Directory,
    known: &Registrations,
) -> Vec<Account> {
    let home = directory.users.values().filter(|user| user.account_enabled).map(|user| Account {
        tenant: directory.tenant_id.clone(),
        tenant_name: directory.tenant_name.clone(),
        object_id: user.id.clone(),
        upn: user.user_principal_name.clone(),
        name: user.display_name.clone(),
        roles: known.roles.get(&user.id).cloned().unwrap_or_default(),
        federated: user.domain().is_some_and(|domain| directory.federations.contains_key(&domain)),
    });
    let mut all: Vec<_> = home.chain(foreign(&known.tenants)).collect();
    all.retain(|account| realm.admits(&account.tenant));
    all.sort_by(|a, b| (!a.may_consent(), &a.upn).cmp(&(!b.may_consent(), &b.upn)));
    all
}

fn foreign(tenants: &BTreeMap<String, ForeignTenant>) -> impl Iterator<Item = Account> {
    tenants.iter().flat_map(|(id, tenant)| {
        tenant.people.iter().map(|person| Account {
            tenant: id.clone(),
            tenant_name: tenant.name.clone(),
            object_id: person.id.clone(),
            upn: person.user_principal_name.clone(),
            name: person.display_name.clone(),
            roles: person.directory_roles.clone(),
            federated: false,
        })
    })
}
