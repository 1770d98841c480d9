//! Faults that tests and people ask for, by endpoint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What goes wrong from now on; everything absent goes well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Faults {
    /// What the token endpoint answers instead.
    pub(crate) token: Option<Outage>,
    /// What the keys' address answers instead.
    pub(crate) keys: Option<Outage>,
    /// What is wrong with id tokens.
    pub(crate) id_token: Option<IdTokenFault>,
    /// Delegated permissions that Graph does not know here, as those that are newer than a cloud.
    pub(crate) unknown_scopes: BTreeSet<String>,
}

/// An endpoint that does not do its work for some requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outage {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Seconds for `Retry-After`.
    #[serde(default)]
    pub(crate) retry_after: Option<u32>,
    /// The error code.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// The number of the error.
    #[serde(default)]
    pub(crate) aadsts: Option<u32>,
    /// For how many requests.
    #[serde(default = "one")]
    pub(crate) times: u32,
}

const fn one() -> u32 {
    1
}

/// Takes one request's fault away, if there is any left.
pub(crate) fn take(outage: &mut Option<Outage>) -> Option<Outage> {
    let current = outage.as_mut()?;
    let taken = current.clone();
    current.times = current.times.saturating_sub(1);
    if current.times == 0 {
        *outage = None;
    }
    Some(taken)
}

/// What is wrong with an id token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdTokenFault {
    /// Another issuer.
    Issuer,
    /// Another audience.
    Audience,
    /// Another nonce.
    Nonce,
    /// Another tenant, in issuer and claim alike.
    Tenant,
    /// Unsigned.
    AlgorithmNone,
    /// Signed with HS256 and the public key as its secret.
    PublicKeyAsSecret,
    /// Over for an hour.
    Expired,
    /// Good in an hour.
    NotYetValid,
    /// A key that no set has.
    UnknownKey,
    /// A known key's name, and another key's signature.
    Signature,
}
