//! What the OAuth side knows: what survives a restart, and what is under way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::{Account, ForeignTenant};
use super::fault::Faults;
use super::issuer_key::IssuerKeys;
use super::registration::{Application, Consent};
use crate::pending::Recent;

/// The name of the registrations' file in the data folder.
pub(crate) const OAUTH_FILE: &str = "oauth.json";

/// How long a code may be redeemed.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Everything that survives a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Registrations {
    /// By client id.
    pub(crate) applications: BTreeMap<String, Application>,
    /// By tenant, then by client id.
    pub(crate) consents: BTreeMap<String, BTreeMap<String, Consent>>,
    /// Delegated permissions that a tenant's administrator consented to for everybody in it, by tenant,
    /// then by client id.
    pub(crate) delegations: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Templates of directory roles, by object id.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
    /// By id.
    pub(crate) tenants: BTreeMap<String, ForeignTenant>,
    /// How long a consent takes until the token endpoint knows of it.
    pub(crate) replication_seconds: i64,
}

impl Registrations {
    /// Whether a tenant's consent covers delegated permissions.
    pub(crate) fn delegates(
        &self,
        tenant: &str,
        client_id: &str,
        scopes: &BTreeSet<String>,
    ) -> bool {
        let given = self.delegations.get(tenant).and_then(|given| given.get(client_id));
        scopes.is_empty() || given.is_some_and(|given| given.is_superset(scopes))
    }

    /// The permissions that a tenant's consent gives an application, once it is known everywhere.
    pub(crate) fn granted(
        &self,
        tenant: &str,
        client_id: &str,
        now: Timestamp,
    ) -> Option<&BTreeSet<String>> {
        let consent = self.consents.get(tenant)?.get(client_id)?;
        let delay = SignedDuration::from_secs(self.replication_seconds);
        (now.duration_since(consent.at) >= delay).then_some(&consent.roles)
    }
}

/// A code that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
    pub(crate) account: Account,
    /// The delegated permissions of Graph that it stands for.
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) spent: bool,
}

impl Code {
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.issued_at) >= CODE_LIFETIME
    }
}

/// The state of the OAuth side.
#[derive(Debug, Default)]
pub(crate) struct OAuth {
    pub(crate) known: Registrations,
    pub(crate) codes: Recent<Code>,
    /// The `jti` of each assertion that was taken.
    pub(crate) assertions: Recent<()>,
    pub(crate) keys: IssuerKeys,
    pub(crate) faults: Faults,
}

impl OAuth {
    pub(crate) fn new(known: Registrations) -> Self {
        Self { known, ..Self::default() }
    }
}
