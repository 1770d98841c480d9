//! Tokens for Graph.

use async_trait::async_trait;
use graph::{AccessToken, TokenError, TokenSource};
use oidc::{Follows, TenantId};
use store::{Feature, TableError};
use uuid::Uuid;

use crate::{Registration, RegistrationError};

/// A feature's own tokens, for whoever speaks to Graph.
#[derive(Clone)]
pub struct Tokens {
    registration: Registration,
    feature: Feature,
}

impl Tokens {
    /// Of the application that asks for a feature.
    pub const fn new(registration: Registration, feature: Feature) -> Self {
        Self { registration, feature }
    }
}

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, tenant: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
        match self.registration.token(TenantId::from(tenant), self.feature).await {
            Ok(token) => Ok(AccessToken::new(token.reveal().to_owned(), token.expires_at())),
            Err(error) => Err(refused(error)),
        }
    }
}

/// What follows from having no token, for Graph.
fn refused(error: RegistrationError) -> TokenError {
    match &error {
        RegistrationError::Entra(entra) => match entra.follows() {
            Follows::Again(after) => {
                TokenError::Retry(after.and_then(|after| after.try_into().ok()))
            }
            Follows::Consent => TokenError::ConsentLost(None),
            Follows::Credential | Follows::Person | Follows::Tenant | Follows::Bug => {
                TokenError::Bug(error.into())
            }
        },
        RegistrationError::Table(TableError::Unavailable(_)) | RegistrationError::Changed => {
            TokenError::Retry(None)
        }
        RegistrationError::Table(_)
        | RegistrationError::NotRegistered
        | RegistrationError::Certificate(_)
        | RegistrationError::Subject(_) => TokenError::Bug(error.into()),
    }
}
