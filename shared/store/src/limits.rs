//! What may happen only so often within a window of time, and what the audit says of one too many.

use identity::{Address, Attempt, Limit, OrganizationId, SecretHash};
use jiff::Timestamp;

use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{AuditEntry, Store, TableError};

impl Store {
    /// Audits that an address was used too often: once a window, so that whoever goes on does not
    /// fill the table.
    pub async fn audit_limit(
        &self,
        org: OrganizationId,
        attempt: Attempt,
        address: &Address,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let once = Limit { times: 1, ..attempt.limit() };
        let told = count(org, &format!("TOLD#{}", of_address(attempt, address)), once, now);
        self.audit_once(org, told, audit).await
    }

    /// Audits that somebody came with a link that is over, as often as its limit allows.
    pub async fn audit_over_link(
        &self,
        org: OrganizationId,
        link: &SecretHash,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let told = format!("TOLD#LINK#{}", link.as_str());
        self.audit_once(org, count(org, &told, Limit::OVER_LINKS, now), audit).await
    }

    async fn audit_once(
        &self,
        org: OrganizationId,
        told: Write,
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        match self.table.write(vec![told, Write::Put(audit.item(org)?, Expect::Absent)]).await {
            Err(TableError::Conflict { position: 0 }) => Ok(()),
            told => told,
        }
    }
}

/// Counts one more attempt for a typed address.
pub(crate) fn count_attempt(
    org: OrganizationId,
    attempt: Attempt,
    address: &Address,
    now: Timestamp,
) -> Write {
    count(org, &of_address(attempt, address), attempt.limit(), now)
}

/// Counts one more of something.
pub(crate) fn count(org: OrganizationId, what: &str, limit: Limit, now: Timestamp) -> Write {
    let key = Key::limit(org, what, limit.window(now));
    Write::Count { key, limit: limit.times, expires_at: limit.window_end(now) }
}

/// What is counted for a typed address, whose text stays out of keys.
fn of_address(attempt: Attempt, address: &Address) -> String {
    let what = match attempt {
        Attempt::AskForCode => "CODES",
        Attempt::TryCode => "TRIES",
        Attempt::TryRecoveryCode => "RECOVERIES",
    };
    let hash = SecretHash::of(&[address.folded().as_bytes()]);
    format!("{what}#ADDRESS#{}", hash.as_str())
}
