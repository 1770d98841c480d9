//! Why Entra gave nothing.

use keys::{CertificateShape, SignError};
use oidc::{Follows, MalformedAnswer, MalformedKeySet, Rejected, TokenRefusal};

/// Why Entra gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum EntraError {
    /// The token endpoint refused; [`TokenRefusal::follows`] says what to do about it.
    #[error("Entra refused")]
    Refused(#[from] TokenRefusal),
    /// There was no answer in time, or the connection broke.
    #[error("Entra did not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The answer has more than any answer of Entra's.
    #[error("Entra's answer is too large")]
    TooLarge,
    /// The answer is none.
    #[error("Entra's answer makes no sense")]
    Malformed(#[source] MalformedAnswer),
    /// The keys are none.
    #[error("Entra's keys make no sense")]
    Keys(#[from] MalformedKeySet),
    /// The keys were not given.
    #[error("Entra did not give its keys ({0})")]
    NoKeys(u16),
    /// The keys could not be had a moment ago, and are not asked for again yet.
    #[error("Entra did not give its keys a moment ago")]
    NoKeysYet,
    /// The id token says nothing.
    #[error("the id token is refused")]
    IdToken(#[from] Rejected),
    /// Our assertion could not be signed.
    #[error("the client assertion could not be signed")]
    Sign(#[from] SignError),
    /// Our own certificate is none.
    #[error("the client certificate is none")]
    Certificate(#[from] CertificateShape),
}

impl From<MalformedAnswer> for EntraError {
    fn from(error: MalformedAnswer) -> Self {
        match error {
            MalformedAnswer::IdToken(rejected) => Self::IdToken(rejected),
            other => Self::Malformed(other),
        }
    }
}

impl EntraError {
    /// What follows from it.
    pub fn follows(&self) -> Follows {
        match self {
            Self::Refused(refusal) => refusal.follows,
            Self::Unreachable(_) | Self::NoKeys(_) | Self::NoKeysYet | Self::Sign(_) => {
                Follows::Again(None)
            }
            Self::TooLarge | Self::Malformed(_) | Self::Keys(_) | Self::Certificate(_) => {
                Follows::Bug
            }
            Self::IdToken(_) => Follows::Person,
        }
    }
}
