//! Why one object could not be provisioned.

use thiserror::Error;

/// Why one object could not be provisioned.
#[derive(Clone, Debug, PartialEq, Error)]
pub(crate) enum Fault {
    /// The token is refused; nothing else can succeed.
    #[error("the server refuses the credentials with {0}")]
    Credentials(u16),
    /// A query is answered with 404, so this is no SCIM server; nothing else can succeed.
    #[error("the server answers a query with 404")]
    NotScim,
    /// The server cannot be reached or did not answer in time.
    #[error("{0}")]
    Silent(String),
    /// The server answered with an error.
    #[error("the server answers {status}{}{}", shown(.kind), shown(.detail))]
    Refused { status: u16, kind: Option<String>, detail: Option<String> },
    /// The answer lacks what RFC 7644 asks for.
    #[error("the answer {0}")]
    Malformed(&'static str),
    /// The matching query found several resources.
    #[error("several resources match (DuplicateTargetEntries)")]
    SeveralMatch,
    /// The object has no value in any matching attribute.
    #[error("no matching attribute has a value")]
    NothingToMatch,
}

impl Fault {
    /// Whether the whole job fails with it.
    pub(crate) fn is_everyones(&self) -> bool {
        matches!(self, Self::Credentials(_) | Self::NotScim)
    }

    /// The status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Credentials(status) => Some(*status),
            Self::NotScim => Some(404),
            Self::Silent(_) | Self::Malformed(_) | Self::SeveralMatch | Self::NothingToMatch => {
                None
            }
        }
    }
}

fn shown(part: &Option<String>) -> String {
    part.as_ref().map(|part| format!(" ({part})")).unwrap_or_default()
}
