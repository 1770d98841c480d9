//! Codes: asked for, addressed to somebody, and tried.

use identity::{Address, Attempt, Limit, OrganizationId, OutboxId, SecretHash, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::enrolments::enrolment_write;
use crate::limits::{count, count_attempt};
use crate::table::{Expect, Write};
use crate::{AuditEntry, Enrolment, OutboxItem, Store, TableError, Version};

/// A code that was asked for. The sender fills in who it is for, if it is for anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSlip {
    /// The outbox item that sends it; an older one may not fill it in.
    pub sender: OutboxId,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// First instant at which it proves nothing any more.
    pub ends_at: Timestamp,
    /// Who it was sent to, and its hash.
    pub sent: Option<(UserId, SecretHash)>,
}

impl Store {
    /// Asks for a code: the enrolment, what sends the code, and the count that bounds both, for
    /// any typed address alike.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the address has asked too often, at position 1
    /// when the enrolment is not at that version any more.
    pub async fn ask_for_code(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        enrolment: (&Enrolment, Option<Version>),
        sender: &OutboxItem,
        address: &Address,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let writes = vec![
            count_attempt(org, Attempt::AskForCode, address, now),
            enrolment_write(org, request, enrolment.0, enrolment.1)?,
            Write::Put(sender.item()?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Stores what became of a typed code, and counts the try, for any typed address alike.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the address was tried too often, at position 1
    /// when the enrolment is not at that version any more.
    pub async fn judge_code(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        enrolment: (&Enrolment, Version),
        address: &Address,
        refused: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let mut writes = vec![
            count_attempt(org, Attempt::TryCode, address, now),
            enrolment_write(org, request, enrolment.0, Some(enrolment.1))?,
        ];
        if let Some(audit) = refused {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        self.table.write(writes).await
    }

    /// Fills in whom a code goes to, before it is mailed.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 or 1 when the user or the organization was sent too
    /// many codes, at position 2 when the enrolment is not at that version any more.
    pub async fn address_code(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        enrolment: (&Enrolment, Version),
        user: UserId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let per_user = format!("CODES#USER#{user}");
        let writes = vec![
            count(org, &per_user, Limit::CODES_PER_USER, now),
            count(org, "CODES", Limit::CODES_PER_ORGANIZATION, now),
            enrolment_write(org, request, enrolment.0, Some(enrolment.1))?,
        ];
        self.table.write(writes).await
    }
}
