//! What is asked of Entra.

use std::sync::Arc;

use ambient::{Clock, Entropy};
use jiff::Timestamp;
use keys::KmsKeys;
use keys::ring::SigningKey;
use oidc::{
    AccessToken, AssertionClaims, ClientCredential, Cloud, Follows, KeySet, Redacted, TenantId,
    TokenForm, UnsignedAssertion, UnverifiedIdToken, VerifiedIdToken, Verifier,
};
use uuid::Uuid;

use crate::key_sets::KeySets;
use crate::{ClientCertificates, EntraError, exchange};

/// The HTTPS client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client could not be made")]
pub struct StartError(#[source] reqwest::Error);

/// The token endpoints and keys of one cloud, asked by one client key in KMS.
#[derive(Clone)]
pub struct Entra {
    http: reqwest::Client,
    cloud: Cloud,
    keys: KmsKeys,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    sets: Arc<KeySets>,
    untaken: fn(Timestamp),
}

impl Entra {
    /// Speaks to a cloud, and has KMS sign.
    ///
    /// # Errors
    ///
    /// [`StartError`] when there is no TLS.
    pub fn new(
        cloud: Cloud,
        keys: KmsKeys,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        let http = exchange::client().map_err(StartError)?;
        Ok(Self { http, cloud, keys, clock, entropy, sets: Arc::default(), untaken: |_| {} })
    }

    /// Has each certificate counted that is not taken, and when.
    #[must_use]
    pub fn counting(self, untaken: fn(Timestamp)) -> Self {
        Self { untaken, ..self }
    }

    /// Where it speaks to.
    pub const fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Asks for an application's own token in a tenant, to speak to Microsoft Graph with.
    ///
    /// # Errors
    ///
    /// [`EntraError`]; its [`follows`](EntraError::follows) says what to do.
    pub async fn own_token(
        &self,
        tenant: TenantId,
        client_id: &str,
        certificates: &ClientCertificates,
    ) -> Result<AccessToken, EntraError> {
        let form = |credential: &ClientCredential<'_>| {
            TokenForm::client_credentials(credential, &self.cloud)
        };
        let body = self.ask(tenant, client_id, certificates, form).await?;
        Ok(oidc::access_token(&body, self.clock.now())?)
    }

    /// Redeems a code for an id token, and checks that the tenant's own issuer signed it.
    ///
    /// # Errors
    ///
    /// [`EntraError`]; its [`follows`](EntraError::follows) says what to do.
    pub async fn redeem(
        &self,
        tenant: TenantId,
        client_id: &str,
        certificates: &ClientCertificates,
        (code, redirect_uri, verifier): (&Redacted, &str, &Verifier),
    ) -> Result<VerifiedIdToken, EntraError> {
        let redeemed = (code, redirect_uri, verifier);
        let body = self.redeemed(tenant, client_id, certificates, redeemed).await?;
        self.verify(tenant, oidc::signed_in(&body)?.id_token).await
    }

    /// The same for a code that stands for somebody's own rights too: with the token that carries
    /// them, to speak to Microsoft Graph with.
    ///
    /// # Errors
    ///
    /// [`EntraError`]; its [`follows`](EntraError::follows) says what to do.
    pub async fn redeem_delegated(
        &self,
        tenant: TenantId,
        client_id: &str,
        certificates: &ClientCertificates,
        redeemed: (&Redacted, &str, &Verifier),
    ) -> Result<(VerifiedIdToken, AccessToken), EntraError> {
        let body = self.redeemed(tenant, client_id, certificates, redeemed).await?;
        let verified = self.verify(tenant, oidc::signed_in(&body)?.id_token).await?;
        Ok((verified, oidc::access_token(&body, self.clock.now())?))
    }

    async fn redeemed(
        &self,
        tenant: TenantId,
        client_id: &str,
        certificates: &ClientCertificates,
        (code, redirect_uri, verifier): (&Redacted, &str, &Verifier),
    ) -> Result<Vec<u8>, EntraError> {
        let form = |credential: &ClientCredential<'_>| {
            TokenForm::authorization_code(credential, code, redirect_uri, verifier)
        };
        self.ask(tenant, client_id, certificates, form).await
    }

    async fn verify(
        &self,
        tenant: TenantId,
        token: UnverifiedIdToken,
    ) -> Result<VerifiedIdToken, EntraError> {
        let now = self.clock.now();
        let read = async || {
            let url = self.cloud.keys_url(tenant);
            let body = exchange::get(&self.http, &url, self.correlation()).await?;
            Ok(KeySet::parse(&body)?)
        };
        let set = self.sets.with(token.key_id(), tenant, now, read).await?;
        Ok(token.verify(&set, &self.cloud)?)
    }

    /// Asks a token endpoint, once by each certificate until one is known.
    async fn ask(
        &self,
        tenant: TenantId,
        client_id: &str,
        certificates: &ClientCertificates,
        form: impl Fn(&ClientCredential<'_>) -> TokenForm,
    ) -> Result<Vec<u8>, EntraError> {
        let url = self.cloud.token_url(tenant);
        let (mut refused, mut failed) = (None, None);
        for key in certificates.each(self.clock.now()) {
            let assertion = match self.assertion(client_id, &url, key).await {
                Ok(assertion) => assertion,
                // Its key may be gone, or not be for us to use any more.
                Err(error) => {
                    tracing::warn!(not_after = %key.not_after, "a certificate's key does not sign: {error}");
                    failed.get_or_insert(error);
                    continue;
                }
            };
            let form = form(&ClientCredential { client_id, assertion: &assertion });
            match exchange::post(&self.http, &url, &form, self.correlation()).await {
                Err(error) if is_about_us(&error) => {
                    tracing::warn!(not_after = %key.not_after, "a certificate is not taken: {error}");
                    (self.untaken)(self.clock.now());
                    // The first refusal is about the certificate that should be there.
                    refused.get_or_insert(error);
                }
                other => return other,
            }
        }
        Err(refused.or(failed).unwrap_or(EntraError::TooLarge))
    }

    /// Proves who we are to one endpoint: one KMS `Sign`.
    async fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        key: &SigningKey,
    ) -> Result<Redacted, EntraError> {
        let claims = AssertionClaims {
            client_id,
            audience,
            certificate: &key.certificate,
            id: self.correlation(),
        };
        let unsigned = UnsignedAssertion::new(&claims, self.clock.now());
        let signature = self.keys.pss_signer(key)?.sign(unsigned.digest()).await?;
        Ok(unsigned.finish(&signature))
    }

    fn correlation(&self) -> Uuid {
        uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid()
    }
}

impl std::fmt::Debug for Entra {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entra").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

/// Whether it is we who are not believed: by another certificate we may be.
fn is_about_us(error: &EntraError) -> bool {
    matches!(error, EntraError::Refused(refusal) if refusal.follows == Follows::Credential)
}
