//! On which version of a resource a request insists, RFC 7644 §3.14.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use scim::etag::Condition;

use crate::failure::Failure;

/// `If-Match` and `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    matches: Option<Condition>,
    differs: Option<Condition>,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let read = |name: HeaderName| {
            let values = parts.headers.get_all(name).iter();
            // What is no text names no version.
            let texts = values.map(|value| value.to_str().unwrap_or("?")).collect::<Vec<_>>();
            (!texts.is_empty()).then(|| Condition::read(&texts.join(",")))
        };
        Ok(Self { matches: read(IF_MATCH), differs: read(IF_NONE_MATCH) })
    }
}

impl Conditions {
    /// What an operation of a bulk request says, RFC 7644 §3.7.
    pub(crate) fn of_version(version: Option<&str>) -> Self {
        Self { matches: version.map(Condition::read), differs: None }
    }

    /// Whether the request insists on anything.
    pub(crate) const fn are_any(&self) -> bool {
        self.matches.is_some() || self.differs.is_some()
    }

    /// Lets a write pass that may change this version.
    pub(crate) fn check(&self, version: &str) -> Result<(), Failure> {
        let matches = self.matches.as_ref().is_none_or(|matches| matches.names(version));
        let differs = self.differs.as_ref().is_none_or(|differs| !differs.names(version));
        if matches && differs { Ok(()) } else { Err(scim::Error::STALE_VERSION.into()) }
    }

    /// Whether a reader has this version already.
    pub(crate) fn is_known(&self, version: &str) -> bool {
        self.differs.as_ref().is_some_and(|differs| differs.names(version))
    }

    /// Lets a read pass that insists on this version.
    pub(crate) fn check_read(&self, version: &str) -> Result<(), Failure> {
        let matches = self.matches.as_ref().is_none_or(|matches| matches.names(version));
        if matches { Ok(()) } else { Err(scim::Error::STALE_VERSION.into()) }
    }
}
