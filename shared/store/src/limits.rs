//! What may happen only so often within a window of time, and what the audit says of one too many.

use identity::{Address, Attempt, DomainName, Limit, OrganizationId, SecretHash};
use jiff::Timestamp;

use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{Actor, AuditEntry, Store, TableError};

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

    /// Audits that a request which was answered came again: once a window for each who brings it.
    pub async fn audit_replay(
        &self,
        org: OrganizationId,
        (domain, request_id): (&DomainName, &str),
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let who = match &audit.actor {
            Actor::User(user) => user.to_string(),
            _ => "NOBODY".to_owned(),
        };
        let hash = SecretHash::of(&[domain.as_str().as_bytes(), request_id.as_bytes()]);
        let told = format!("TOLD#REPLAY#{}#{who}", hash.as_str());
        self.audit_once(org, count(org, &told, Limit::REPLAYS, now), audit).await
    }

    /// Audits that nobody is signed in although somebody could have been, as often as its limit
    /// allows.
    pub async fn audit_refusal(
        &self,
        org: OrganizationId,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        self.audit_once(org, count_refusal(org, audit, now), audit).await
    }

    /// Writes, and audits a refusal with it; beyond the limit of the audit, only writes.
    pub(crate) async fn write_and_audit_refusal(
        &self,
        org: OrganizationId,
        writes: Vec<Write>,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let counted = writes.len();
        let mut all = writes.clone();
        all.push(count_refusal(org, audit, now));
        all.push(Write::Put(audit.item(org)?, Expect::Absent));
        match self.table.write(all).await {
            Err(TableError::Conflict { position }) if position == counted => {
                self.table.write(writes).await
            }
            written => written,
        }
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

/// Counts one more refusal: of the user whom it is about, or of all whom nobody knows.
fn count_refusal(org: OrganizationId, audit: &AuditEntry, now: Timestamp) -> Write {
    let whose = audit.subject.map_or_else(|| "NOBODY".to_owned(), |user| user.to_string());
    count(org, &format!("TOLD#REFUSAL#{whose}"), Limit::REFUSALS, now)
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
