//! The domains of a tenant, and how they are federated.

use serde::Deserialize;

pub(crate) const SELECT: &str = "id,authenticationType,isDefault,isInitial,isRoot,isVerified";

/// A domain of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// Its name.
    pub id: String,
    /// `Managed` or `Federated`.
    #[serde(default)]
    pub authentication_type: Option<String>,
    /// Whether new users get it; such a domain cannot be federated.
    #[serde(default)]
    pub is_default: Option<bool>,
    /// Whether it is the tenant's first one, below `onmicrosoft.com`.
    #[serde(default)]
    pub is_initial: Option<bool>,
    /// Whether it decides for itself how its users sign in.
    #[serde(default)]
    pub is_root: Option<bool>,
    /// Whether it was verified.
    #[serde(default)]
    pub is_verified: Option<bool>,
}

impl Domain {
    /// Whether an identity provider signs its users in.
    pub fn is_federated(&self) -> bool {
        self.authentication_type.as_deref() == Some("Federated")
    }
}

/// How a domain is federated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FederationConfiguration {
    /// The configuration's own id.
    pub id: String,
    /// What people are told they are sent to.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The entity id that assertions must come from.
    #[serde(default)]
    pub issuer_uri: Option<String>,
    /// Where browsers are sent to sign in.
    #[serde(default)]
    pub passive_sign_in_uri: Option<String>,
    /// Where browsers are sent to sign out.
    #[serde(default)]
    pub sign_out_uri: Option<String>,
    /// Where programs send passwords.
    #[serde(default)]
    pub active_sign_in_uri: Option<String>,
    /// The document from which Entra takes over a new certificate by itself.
    #[serde(default)]
    pub metadata_exchange_uri: Option<String>,
    /// `saml` or `wsFed`.
    #[serde(default)]
    pub preferred_authentication_protocol: Option<String>,
    /// The certificate of the key that signs, base64 of DER.
    #[serde(default)]
    pub signing_certificate: Option<String>,
    /// The certificate of the key that signs next.
    #[serde(default)]
    pub next_signing_certificate: Option<String>,
    /// What a request for a fresh sign-in asks for.
    #[serde(default)]
    pub prompt_login_behavior: Option<String>,
    /// Whether our second factor is believed.
    #[serde(default)]
    pub federated_idp_mfa_behavior: Option<String>,
    /// Whether requests are signed.
    #[serde(default)]
    pub is_signed_authentication_request_required: Option<bool>,
}
