//! Why an answer to a ceremony is refused.

use webauthn_rs::prelude::WebauthnError;

/// Why an answer to a ceremony is refused, by what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not an answer to a ceremony at all.
    #[error("the answer is not a credential")]
    Malformed,
    /// It answers another challenge.
    #[error("the answer is to another challenge")]
    Challenge,
    /// It was made for another site, or within a frame of one.
    #[error("the answer was made for another site")]
    Origin,
    /// The authenticator did not verify its user.
    #[error("the authenticator did not verify its user")]
    UserVerification,
    /// The signature counter went back: two copies of the authenticator may exist.
    #[error("the signature counter went back")]
    Cloned,
    /// The browser says that the credential cannot be found without a user name.
    #[error("the credential is not discoverable")]
    NotDiscoverable,
    /// Its signature or anything else does not hold.
    #[error("the answer does not hold")]
    Invalid(#[source] WebauthnError),
}

impl From<WebauthnError> for Refused {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::MismatchedChallenge => Self::Challenge,
            WebauthnError::InvalidRPOrigin
            | WebauthnError::InvalidRPIDHash
            | WebauthnError::CredentialCrossOrigin => Self::Origin,
            WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => {
                Self::UserVerification
            }
            WebauthnError::CredentialPossibleCompromise => Self::Cloned,
            other => Self::Invalid(other),
        }
    }
}
