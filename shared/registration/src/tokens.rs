//! Tokens for Graph.

use std::collections::BTreeSet;

use async_trait::async_trait;
use graph::{AccessToken, Permission, TokenError, TokenSource};
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
            // What the tenant took back one by one, Graph would say of each call alone.
            Ok(token) if !token.is_opaque() && !suffices(self.feature, token.roles()) => {
                Err(TokenError::ConsentLost(Some("no_roles".to_owned())))
            }
            Ok(token) => Ok(AccessToken::new(token.reveal().to_owned(), token.expires_at())),
            Err(error) => Err(refused(error)),
        }
    }
}

/// Whether these permissions are good for anything of a feature.
pub fn suffices(feature: Feature, granted: &BTreeSet<String>) -> bool {
    let needed: &[Permission] = match feature {
        Feature::ReadUsers => &[Permission::UserRead],
        Feature::WriteUsers => &[
            Permission::UserReadWrite,
            Permission::UserEnableDisable,
            Permission::UserRevokeSessions,
        ],
    };
    let granted = || granted.iter().map(String::as_str);
    needed.iter().any(|permission| permission.is_covered_by(granted()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_needs_a_permission_that_is_good_for_a_part_of_it() {
        let cases: [(&[&str], [bool; 2]); 7] = [
            // granted, to read, to write
            (&[], [false, false]),
            (&["Organization.Read.All"], [false, false]),
            (&["User.Read.All"], [true, false]),
            (&["Directory.Read.All"], [true, false]),
            (&["User.RevokeSessions.All"], [false, true]),
            (&["User.EnableDisableAccount.All", "User.Read.All"], [true, true]),
            (&["Directory.ReadWrite.All"], [true, true]),
        ];
        for (granted, expected) in cases {
            let granted = granted.iter().map(|name| (*name).to_owned()).collect();
            let found = Feature::ALL.map(|feature| suffices(feature, &granted));
            assert_eq!(found, expected, "{granted:?}");
        }
    }
}
