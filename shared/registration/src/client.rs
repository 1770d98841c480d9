//! What our applications ask of Entra.

use std::sync::Arc;

use ambient::{Clock, Entropy};
use entra::{ClientCertificates, Entra, StartError};
use graph::Origin;
use jiff::Timestamp;
use keys::KmsKeys;
use keys::cache::{CachedBy, LIFETIME};
use oidc::{AccessToken, Cloud, Redacted, TenantId, VerifiedIdToken, Verifier};
use store::{Feature, Store};

use crate::{RegistrationError, Settings};

/// Our applications, and what is remembered of them while the function is warm.
#[derive(Clone)]
pub struct Registration {
    store: Store,
    entra: Entra,
    kms: KmsKeys,
    settings: Arc<Settings>,
    certificates: Arc<CachedBy<(), Arc<ClientCertificates>>>,
    clock: Arc<dyn Clock>,
    at_risk: fn(Timestamp),
}

impl Registration {
    /// Speaks to Entra as it is set up, by keys in KMS and certificates in the table. Whenever one of these is
    /// not taken, or the next one is not made, that is counted.
    ///
    /// # Errors
    ///
    /// [`StartError`] when there is no TLS.
    pub fn new(
        settings: Settings,
        kms: KmsKeys,
        store: Store,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        at_risk: fn(Timestamp),
    ) -> Result<Self, StartError> {
        let cloud = settings.cloud.clone();
        let entra = Entra::new(cloud, kms.clone(), Arc::clone(&clock), entropy)?.counting(at_risk);
        Ok(Self {
            store,
            entra,
            kms,
            settings: Arc::new(settings),
            certificates: Arc::new(CachedBy::new(LIFETIME)),
            clock,
            at_risk,
        })
    }

    /// Where Entra is.
    pub const fn cloud(&self) -> &Cloud {
        self.entra.cloud()
    }

    /// Where Graph is.
    pub fn graph(&self) -> &Origin {
        &self.settings.graph
    }

    /// The application that asks for a feature.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::NotRegistered`] where there is none.
    pub fn client_id(&self, feature: Feature) -> Result<&str, RegistrationError> {
        self.settings.client_id(feature).ok_or(RegistrationError::NotRegistered)
    }

    /// The certificates that the applications should hold. A warm function remembers them for a
    /// minute.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] when the table or KMS fails.
    pub async fn certificates(
        &self,
        now: Timestamp,
    ) -> Result<Arc<ClientCertificates>, RegistrationError> {
        let Self { store, kms, settings, at_risk, .. } = self;
        let read = async || {
            let made = crate::certificates(store, (kms, &settings.key), *at_risk, now).await?;
            Ok(Arc::new(made))
        };
        self.certificates.get((), now, read).await
    }

    /// A feature's own token in a tenant, to speak to Graph with.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]; of Entra's, [`follows`](entra::EntraError::follows) says what to do.
    pub async fn token(
        &self,
        tenant: TenantId,
        feature: Feature,
    ) -> Result<AccessToken, RegistrationError> {
        let client_id = self.client_id(feature)?;
        let certificates = self.certificates(self.clock.now()).await?;
        Ok(self.entra.own_token(tenant, client_id, &certificates).await?)
    }

    /// Redeems a code that a feature's application asked for, and checks that the tenant's own issuer
    /// signed the id token.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]; of Entra's, [`follows`](entra::EntraError::follows) says what to do.
    pub async fn redeem(
        &self,
        tenant: TenantId,
        feature: Feature,
        code: (&Redacted, &str, &Verifier),
    ) -> Result<VerifiedIdToken, RegistrationError> {
        let client_id = self.client_id(feature)?;
        let certificates = self.certificates(self.clock.now()).await?;
        Ok(self.entra.redeem(tenant, client_id, &certificates, code).await?)
    }

    /// The same for a code by which somebody lets an application act with their own rights, which is
    /// good for no feature: with the token that carries them, for the request that it was asked for in.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`]; of Entra's, [`follows`](entra::EntraError::follows) says what to do.
    pub async fn redeem_delegated(
        &self,
        tenant: TenantId,
        client_id: &str,
        code: (&Redacted, &str, &Verifier),
    ) -> Result<(VerifiedIdToken, AccessToken), RegistrationError> {
        let certificates = self.certificates(self.clock.now()).await?;
        Ok(self.entra.redeem_delegated(tenant, client_id, &certificates, code).await?)
    }
}
