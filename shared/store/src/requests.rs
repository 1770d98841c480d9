//! Requests that wait for somebody to sign in or to enrol.

use identity::{DomainName, Hint, OrganizationId, SecretHash};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Store, TableError, Version};

/// What one browser is in the middle of. Its id is in our URLs, its other half in a cookie: only
/// who holds both may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The hash of what the browser that began it holds.
    pub browser: SecretHash,
    /// What the relying party asked, if one did.
    pub authn: Option<PendingAuthn>,
    /// Whom the relying party thinks it is about. Never believed.
    pub hint: Option<Hint>,
    /// The passkey ceremony that was last begun.
    pub ceremony: Option<Ceremony>,
    /// First instant at which it is over.
    pub ends_at: Timestamp,
}

impl Request {
    /// How long somebody may take.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

    /// The end of a request that begins now.
    pub fn end(now: Timestamp) -> Timestamp {
        now.checked_add(Self::LIFETIME).unwrap_or(now)
    }
}

/// What a relying party asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAuthn {
    /// The domain that it was sent to.
    pub domain: DomainName,
    /// The request's own id, echoed as `InResponseTo`.
    pub id: String,
    /// A ceremony before this instant will not do: set when it asked to sign in anew.
    pub not_before: Option<Timestamp>,
    /// Whether nobody may be asked for it.
    #[serde(default)]
    pub passive: bool,
    /// To be echoed byte for byte.
    pub relay_state: Option<String>,
}

/// A passkey ceremony between its challenge and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// What `passkey` must remember of it.
    pub state: String,
    /// First instant at which an answer comes too late.
    pub ends_at: Timestamp,
}

impl Ceremony {
    /// How long an answer may take.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

    /// A ceremony that begins now.
    pub fn begin(state: String, now: Timestamp) -> Self {
        Self { state, ends_at: now.checked_add(Self::LIFETIME).unwrap_or(now) }
    }
}

pub(crate) fn request_item(
    org: OrganizationId,
    id: &SecretHash,
    request: &Request,
) -> Result<Item, TableError> {
    Ok(Item::new(Key::request(org, id), request)?.until(request.ends_at.as_second()))
}

impl Store {
    /// Remembers a request.
    pub async fn open_request(
        &self,
        org: OrganizationId,
        id: &SecretHash,
        request: &Request,
    ) -> Result<(), TableError> {
        self.table.write(vec![Write::Put(request_item(org, id, request)?, Expect::Absent)]).await
    }

    /// Stores what a request became when its answer was refused, with what the audit says of it as
    /// long as its limit allows.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it is not at that version any more.
    pub async fn refuse(
        &self,
        org: OrganizationId,
        id: &SecretHash,
        request: &Request,
        expected: Version,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let writes = vec![Write::Put(request_item(org, id, request)?, Expect::Version(expected))];
        self.write_and_audit_refusal(org, writes, audit, now).await
    }

    /// Stores what a request became.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it is not at that version any more.
    pub async fn change_request(
        &self,
        org: OrganizationId,
        id: &SecretHash,
        request: &Request,
        expected: Version,
    ) -> Result<(), TableError> {
        let item = request_item(org, id, request)?;
        self.table.write(vec![Write::Put(item, Expect::Version(expected))]).await
    }
}
