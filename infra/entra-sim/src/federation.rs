//! Domains of the tenant and how a federated one is signed in to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// A domain of the tenant, with the names of Graph's `domain` resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// The domain name in lower case.
    pub id: String,
    /// Whether the name was verified; only such a domain is found by realm discovery.
    #[serde(default = "yes")]
    pub is_verified: bool,
    /// Whether the domain decides for itself; otherwise it inherits from the nearest root above.
    #[serde(default = "yes")]
    pub is_root: bool,
    /// Whether new users get this domain; such a domain cannot be federated.
    #[serde(default)]
    pub is_default: bool,
}

fn yes() -> bool {
    true
}

impl Domain {
    /// A verified root domain that is not the default one.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { id: name.to_ascii_lowercase(), is_verified: true, is_root: true, is_default: false }
    }
}

/// What Graph's `internalDomainFederation` says about one federated domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct InternalDomainFederation {
    /// The configuration's id, a GUID; minted when it is empty.
    pub id: String,
    /// The name shown when the browser is sent away.
    pub display_name: String,
    /// The identity provider's `Issuer`, unique over all domains.
    pub issuer_uri: String,
    /// Where the browser is sent to sign in.
    pub passive_sign_in_uri: String,
    /// Where the browser is sent to sign out.
    pub sign_out_uri: String,
    /// The WS-Trust or ECP address; stored, never called.
    pub active_sign_in_uri: Option<String>,
    /// The address of the metadata exchange document; stored, never called.
    pub metadata_exchange_uri: Option<String>,
    /// The protocol of the browser's round trip; only SAML is simulated.
    pub preferred_authentication_protocol: AuthenticationProtocol,
    /// The certificate that signs assertions: base64 of the DER form on one line.
    pub signing_certificate: String,
    /// The certificate that is accepted as well, in the same form.
    pub next_signing_certificate: Option<String>,
    /// What an MFA claim of the identity provider is worth.
    pub federated_idp_mfa_behavior: FederatedIdpMfaBehavior,
    /// What `prompt=login` turns into.
    pub prompt_login_behavior: PromptLoginBehavior,
    /// Whether requests carry an enveloped signature.
    pub is_signed_authentication_request_required: bool,
    /// Where people of the domain reset a password; stored, never called.
    pub password_reset_uri: Option<String>,
}

/// The protocol by which a federated domain signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticationProtocol {
    /// WS-Federation, which this simulator cannot speak yet.
    WsFed,
    /// SAML 2.0.
    #[default]
    Saml,
}

/// What Entra does with the identity provider's MFA claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FederatedIdpMfaBehavior {
    /// The claim counts; without it Entra performs its own MFA.
    #[default]
    AcceptIfMfaDoneByFederatedIdp,
    /// The claim counts; without it Entra sends the browser there again.
    EnforceMfaByFederatedIdp,
    /// The claim is ignored and Entra always performs its own MFA.
    RejectMfaByFederatedIdp,
}

/// What reaches the identity provider for `prompt=login`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PromptLoginBehavior {
    /// A fresh password authentication is asked for.
    #[default]
    TranslateToFreshPasswordAuthentication,
    /// `prompt=login` is passed as it is.
    NativeSupport,
    /// Only freshness is asked for.
    Disabled,
}

impl InternalDomainFederation {
    /// The certificates that may sign for the domain, in the order in which they are tried.
    pub(crate) fn slots(&self) -> Vec<(&'static str, Vec<u8>)> {
        let next = self.next_signing_certificate.as_deref();
        [("signingCertificate", Some(self.signing_certificate.as_str())), (NEXT, next)]
            .into_iter()
            .filter_map(|(slot, value)| Some((slot, certificate_der(value?)?)))
            .collect()
    }
}

/// The name of the second certificate slot.
pub(crate) const NEXT: &str = "nextSigningCertificate";

/// Reads a certificate slot: base64 of DER on one line, an X.509 certificate with an RSA key of
/// at least 2048 bits.
pub(crate) fn certificate_der(value: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(value).ok()?;
    let certificate = Certificate::from_der(&der).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    let rsa = key.algorithm.oid.to_string() == "1.2.840.113549.1.1.1";
    // The SubjectPublicKeyInfo of a 2048-bit key takes 294 bytes with the usual exponent.
    (rsa && key.to_der().ok()?.len() >= 290).then_some(der)
}
