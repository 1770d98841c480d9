//! What a sign-in reads, in one request, and what it writes, in one transaction.

use identity::{DomainName, FederatedDomain, Organization, OrganizationId, SecretHash, Session};
use identity::{User, UserId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::item::{Item, or_gone};
use crate::schema::Key;
use crate::table::{Expect, Found, Write};
use crate::{AuditEntry, Passkey, Request, Store, Stored, TableError};

/// How long an answered request is remembered: far longer than its own instant is accepted.
const ANSWERED_SECONDS: i64 = 24 * 3600;

/// What a step of a sign-in needs to know.
#[derive(Clone, Debug)]
pub struct Asking<'a> {
    /// The domain whose relying party asks.
    pub domain: &'a DomainName,
    /// The relying party's own id of the request, where it is known: was it answered?
    pub answered: Option<&'a str>,
    /// The pending request.
    pub request: Option<&'a SecretHash>,
    /// The session that the browser says it has.
    pub session: Option<(UserId, &'a SecretHash)>,
    /// The passkey that answered, and whose it says it is.
    pub passkey: Option<(UserId, &'a SecretHash)>,
}

/// What the table says to that. Everything belongs to one organization.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The organization.
    pub organization: Organization,
    /// The domain.
    pub domain: FederatedDomain,
    /// When the relying party's request was answered, if it was.
    pub answered: Option<Timestamp>,
    /// The pending request, when it is not over.
    pub request: Option<Stored<Request>>,
    /// Whoever the session or the passkey names.
    pub user: Option<Stored<User>>,
    /// The session, when it is there.
    pub session: Option<Session>,
    /// The passkey, when it is the user's.
    pub passkey: Option<Stored<Passkey>>,
}

/// A relying party is told who signed in.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// The domain whose relying party asked.
    pub domain: &'a DomainName,
    /// The relying party's own id of the request: answered once.
    pub request_id: &'a str,
    /// Our pending request, where there is one: over with this.
    pub pending: Option<(&'a SecretHash, &'a Stored<Request>)>,
    /// Whoever signed in, as they were when it was decided.
    pub user: &'a Stored<User>,
    /// What it took.
    pub proof: Proof<'a>,
    /// What the audit says of it.
    pub audit: &'a AuditEntry,
}

/// What an answer rests on.
#[derive(Clone, Debug)]
pub enum Proof<'a> {
    /// A session, which must still be there.
    Session(&'a SecretHash),
    /// A ceremony.
    Ceremony(SignedIn<'a>),
}

/// A passkey ceremony that went well.
#[derive(Clone, Debug)]
pub struct SignedIn<'a> {
    /// The passkey, with its new counter, and the version that it had.
    pub passkey: Stored<Passkey>,
    /// The session that begins.
    pub session: (&'a SecretHash, &'a Session),
}

pub(crate) fn session_item(
    org: OrganizationId,
    hash: &SecretHash,
    session: &Session,
) -> Result<Item, TableError> {
    let item = Item::new(Key::session(org, session.user, hash), session)?;
    Ok(item.until(session.ends_at.as_second()))
}

impl Store {
    /// Reads what a step of a sign-in needs, in one request.
    ///
    /// [`None`] when the organization does not have the domain (any more).
    pub async fn facts(
        &self,
        org: OrganizationId,
        asking: &Asking<'_>,
        now: Timestamp,
    ) -> Result<Option<Facts>, TableError> {
        Ok(self.read_facts(org, asking, None, now).await?.map(|(facts, _)| facts))
    }

    /// Reads the organization's key ring beside, in the same request.
    pub async fn facts_and_ring<Ring: DeserializeOwned>(
        &self,
        org: OrganizationId,
        asking: &Asking<'_>,
        now: Timestamp,
    ) -> Result<Option<(Facts, Option<Ring>)>, TableError> {
        let ring = Key::key_ring(org);
        let read = self.read_facts(org, asking, Some(&ring), now).await?;
        let Some((facts, mut found)) = read else { return Ok(None) };
        let ring: Option<Stored<Ring>> = found.take(&ring, now)?;
        Ok(Some((facts, ring.map(|stored| stored.value))))
    }

    async fn read_facts(
        &self,
        org: OrganizationId,
        asking: &Asking<'_>,
        beside: Option<&Key>,
        now: Timestamp,
    ) -> Result<Option<(Facts, Found)>, TableError> {
        let person = asking.passkey.or(asking.session).map(|(user, _)| user);
        let organization = Key::organization(org);
        let domain = Key::domain(org, asking.domain);
        let answered = asking.answered.map(|id| Key::answered(org, asking.domain, id));
        let request = asking.request.map(|id| Key::request(org, id));
        let user = person.map(|user| Key::user(org, user));
        let session = asking.session.map(|(user, hash)| Key::session(org, user, hash));
        let passkey = asking.passkey.map(|(user, hash)| Key::passkey(org, user, hash));
        let optional = [&answered, &request, &user, &session, &passkey];
        let optional = optional.into_iter().flatten().chain(beside);
        let keys = [&organization, &domain].into_iter().chain(optional).cloned().collect();

        let mut found = self.table.get_many(keys).await?;
        let (Some(organization), Some(domain)) =
            (found.take(&organization, now)?, found.take(&domain, now)?)
        else {
            return Ok(None);
        };
        let answered: Option<Stored<Timestamp>> =
            answered.map_or(Ok(None), |key| found.take(&key, now))?;
        let session: Option<Stored<Session>> =
            session.map_or(Ok(None), |key| or_gone(found.take(&key, now)))?;
        let facts = Facts {
            organization: organization.value,
            domain: domain.value,
            answered: answered.map(|stored| stored.value),
            request: request.map_or(Ok(None), |key| or_gone(found.take(&key, now)))?,
            user: user.map_or(Ok(None), |key| found.take(&key, now))?,
            session: session.map(|stored| stored.value),
            passkey: passkey.map_or(Ok(None), |key| found.take(&key, now))?,
        };
        Ok(Some((facts, found)))
    }

    /// Consumes a relying party's request, together with everything that its answer rests on.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the request was answered before; elsewhere when
    /// the user, the pending request or the passkey changed since they were read, or the session
    /// ended.
    pub async fn answer(
        &self,
        org: OrganizationId,
        answered: &Answered<'_>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let Answered { domain, request_id, pending, user, proof, audit } = answered;
        let once = Item::new(Key::answered(org, domain, request_id), &now)?;
        let mut writes = vec![
            Write::Put(once.until(now.as_second() + ANSWERED_SECONDS), Expect::Absent),
            Write::Check(Key::user(org, user.value.id), user.version),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        if let Some((id, request)) = pending {
            writes.push(Write::Delete(Key::request(org, id), request.version));
        }
        match proof {
            Proof::Session(hash) => {
                writes.push(Write::CheckPresent(Key::session(org, user.value.id, hash)));
            }
            Proof::Ceremony(SignedIn { passkey, session }) => {
                let key = Key::passkey(org, user.value.id, &passkey.value.id);
                let item = Item::new(key, &passkey.value)?;
                writes.push(Write::Put(item, Expect::Version(passkey.version)));
                writes.push(Write::Put(session_item(org, session.0, session.1)?, Expect::Absent));
            }
        }
        self.table.write(writes).await
    }

    /// Consumes a relying party's request that is answered with nobody's name, and our pending
    /// request with it. The audit says so as long as its limit allows.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the request was answered before; elsewhere when
    /// the pending request changed since it was read.
    pub async fn decline(
        &self,
        org: OrganizationId,
        (domain, request_id): (&DomainName, &str),
        pending: Option<(&SecretHash, &Stored<Request>)>,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let once = Item::new(Key::answered(org, domain, request_id), &now)?;
        let once = once.until(now.as_second() + ANSWERED_SECONDS);
        let mut writes = vec![Write::Put(once, Expect::Absent)];
        if let Some((id, request)) = pending {
            writes.push(Write::Delete(Key::request(org, id), request.version));
        }
        self.write_and_audit_refusal(org, writes, audit, now).await
    }

    /// Ends one session, and tells whether it was there.
    pub async fn end_session(
        &self,
        org: OrganizationId,
        user: UserId,
        hash: &SecretHash,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, TableError> {
        let key = Key::session(org, user, hash);
        let session: Option<Stored<Session>> = or_gone(self.table.get(key.clone(), now).await)?;
        let Some(session) = session else {
            return Ok(false);
        };
        let writes =
            vec![Write::Delete(key, session.version), Write::Put(audit.item(org)?, Expect::Absent)];
        match self.table.write(writes).await {
            Err(TableError::Conflict { position: 0 }) => Ok(false),
            other => other.map(|()| true),
        }
    }
}
