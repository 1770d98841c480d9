//! The request to sign somebody in.

use jiff::Timestamp;
use xmldsig::{DS, Namespace};

use crate::names::{ASSERTION, PROTOCOL};

use super::document::Node;
use super::malformed::Malformed;
use super::rules::{Rejected, RequestId, Skew, UnverifiedHeader, boolean, check_children};

/// SAML Core §3.4.1. The signature is tolerated and not verified; everything below `Issuer` asks
/// for things that are the same for everybody here.
const CHILDREN: [(Namespace, &str); 8] = [
    (ASSERTION, "Issuer"),
    (DS, "Signature"),
    (PROTOCOL, "Extensions"),
    (ASSERTION, "Subject"),
    (PROTOCOL, "NameIDPolicy"),
    (ASSERTION, "Conditions"),
    (PROTOCOL, "RequestedAuthnContext"),
    (PROTOCOL, "Scoping"),
];

/// An `AuthnRequest` that somebody's browser brought.
///
/// SAML Core §3.4.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnverifiedAuthn {
    header: UnverifiedHeader,
    force_authn: Option<String>,
    is_passive: Option<String>,
}

/// An `AuthnRequest` that may be answered.
///
/// SAML Core §3.4.1. It has no reply URL: the registered one is used whatever the request asks,
/// since whoever can write a request could otherwise have the answer sent to himself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthnRequest {
    /// The ID that the answer refers to.
    pub id: RequestId,
    /// When Entra issued the request.
    pub issue_instant: Timestamp,
    /// A fresh ceremony is wanted, whatever session there is.
    pub force_authn: bool,
    /// Nothing may be shown to the person.
    pub is_passive: bool,
    /// Where the request says it was sent, if it says so.
    pub destination: Option<String>,
}

impl UnverifiedAuthn {
    pub(super) fn read(root: &Node) -> Result<Self, Malformed> {
        check_children(root, &CHILDREN, &[])?;
        Ok(Self {
            header: UnverifiedHeader::read(root)?,
            force_authn: root.attribute("ForceAuthn").map(str::to_owned),
            is_passive: root.attribute("IsPassive").map(str::to_owned),
        })
    }

    /// Checks that Entra issued the request, about `now`.
    ///
    /// SAML Core §3.2.1.
    ///
    /// # Errors
    ///
    /// [`Rejected`] names the first rule that is broken.
    pub fn accept(self, now: Timestamp, skew: Skew) -> Result<AuthnRequest, Rejected> {
        let header = self.header.accept(now, skew)?;
        Ok(AuthnRequest {
            id: header.id,
            issue_instant: header.issue_instant,
            force_authn: boolean(self.force_authn.as_deref(), "ForceAuthn")?,
            is_passive: boolean(self.is_passive.as_deref(), "IsPassive")?,
            destination: header.destination,
        })
    }
}
