//! The request to sign somebody out.

use jiff::Timestamp;
use xmldsig::{DS, Namespace};

use crate::instant;
use crate::names::{ASSERTION, PROTOCOL};

use super::document::Node;
use super::malformed::Malformed;
use super::rules::{Rejected, RequestId, Skew, UnverifiedHeader, check_children};

/// SAML Core §3.7.1. The signature is tolerated and not verified.
const CHILDREN: [(Namespace, &str); 6] = [
    (ASSERTION, "Issuer"),
    (DS, "Signature"),
    (PROTOCOL, "Extensions"),
    (ASSERTION, "BaseID"),
    (ASSERTION, "NameID"),
    (ASSERTION, "EncryptedID"),
];
const SESSION_INDEX: (Namespace, &str) = (PROTOCOL, "SessionIndex");

/// A `LogoutRequest` that somebody's browser brought.
///
/// SAML Core §3.7.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnverifiedLogout {
    header: UnverifiedHeader,
    not_on_or_after: Option<String>,
    name_id: Option<String>,
    session_index: Vec<String>,
}

/// A `LogoutRequest` that may be answered.
///
/// SAML Core §3.7.1. It is unsigned: at the most it ends the session of the browser that
/// brought it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutRequest {
    /// The ID that the answer refers to.
    pub id: RequestId,
    /// When Entra issued the request.
    pub issue_instant: Timestamp,
    /// Who is to be signed out, if Entra says so.
    pub name_id: Option<String>,
    /// Which sessions are to end; none named means all of them.
    pub session_index: Vec<String>,
    /// Where the request says it was sent, if it says so.
    pub destination: Option<String>,
}

impl UnverifiedLogout {
    pub(super) fn read(root: &Node) -> Result<Self, Malformed> {
        check_children(root, &CHILDREN, &[SESSION_INDEX])?;
        let header = UnverifiedHeader::read(root)?;
        let mut name_id = None;
        let mut session_index = Vec::new();
        for child in root.children()? {
            if child.is(ASSERTION, "NameID") {
                name_id = Some(child.text()?.to_owned());
            } else if child.is(SESSION_INDEX.0, SESSION_INDEX.1) {
                session_index.push(child.text()?.to_owned());
            }
        }
        let not_on_or_after = root.attribute("NotOnOrAfter").map(str::to_owned);
        Ok(Self { header, not_on_or_after, name_id, session_index })
    }

    /// Checks that Entra issued the request, about `now`, and that it still holds.
    ///
    /// SAML Core §3.7.1: `NotOnOrAfter` is the first instant outside, moved by the skew.
    ///
    /// # Errors
    ///
    /// [`Rejected`] names the first rule that is broken.
    pub fn accept(self, now: Timestamp, skew: Skew) -> Result<LogoutRequest, Rejected> {
        let header = self.header.accept(now, skew)?;
        if let Some(end) = self.not_on_or_after {
            let end = instant::read(&end).ok_or(Rejected::Instant)?;
            if now.duration_since(end) >= skew.0 {
                return Err(Rejected::Expired);
            }
        }
        Ok(LogoutRequest {
            id: header.id,
            issue_instant: header.issue_instant,
            name_id: self.name_id,
            session_index: self.session_index,
            destination: header.destination,
        })
    }
}
