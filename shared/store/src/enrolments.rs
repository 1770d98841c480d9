//! Enrolments: from a typed address, a link or a recovery code to a registered passkey.

use identity::{
    Address, Attempt, Organization, OrganizationId, Proof, SecretHash, Session, User, UserId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, or_gone};
use crate::limits::count_attempt;
use crate::requests::request_item;
use crate::schema::Key;
use crate::sign_ins::session_item;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{
    AuditEntry, Ceremony, CodeSlip, Link, OutboxItem, Passkey, Request, Store, Stored, TableError,
    Version,
};

/// How far one request's enrolment has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The work address that was typed, whether or not anybody has it.
    pub typed: Option<Address>,
    /// The code that is on its way, or there.
    pub slip: Option<CodeSlip>,
    /// Whom it enrols, and how they proved it.
    pub proven: Option<Proven>,
    /// The link or the recovery code that proved it: used up by the registration.
    pub evidence: Option<SecretHash>,
    /// The registration ceremony that was last begun.
    pub registration: Option<Ceremony>,
    /// The language of the person's browser, as a tag.
    pub language: String,
    /// First instant at which it is over.
    pub ends_at: Timestamp,
}

/// Whom an enrolment enrols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// Who it is.
    pub user: UserId,
    /// How they proved it.
    pub proof: Proof,
    /// When the proof was asked for or handed out: if access was taken since, it proves nothing.
    pub since: Timestamp,
}

/// What a step of an enrolment needs to know.
#[derive(Clone, Debug)]
pub struct Enrolling {
    /// The organization.
    pub organization: Organization,
    /// The request that it belongs to.
    pub request: Stored<Request>,
    /// How far it has come, once it began.
    pub enrolment: Option<Stored<Enrolment>>,
}

/// A passkey is registered, and everything that comes with it.
#[derive(Clone, Debug)]
pub struct NewPasskey<'a> {
    /// The request that the enrolment belongs to.
    pub request: &'a SecretHash,
    /// The enrolment, as it was when it was decided: over with this.
    pub enrolment: &'a Stored<Enrolment>,
    /// The link that proved it, used up with this.
    pub link: Option<(&'a SecretHash, &'a Stored<Link>)>,
    /// The user as they will be, and the version that they had.
    pub user: &'a Stored<User>,
    /// The passkey.
    pub passkey: &'a Passkey,
    /// The session that begins.
    pub session: (&'a SecretHash, &'a Session),
    /// Tells the work address.
    pub report: &'a OutboxItem,
    /// What the audit says of it.
    pub audit: &'a AuditEntry,
}

impl Store {
    /// A pending request, its enrolment and their organization, in one read.
    ///
    /// [`None`] when there is no such request (any more).
    pub async fn enrolling(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Enrolling>, TableError> {
        let keys =
            [Key::organization(org), Key::request(org, request), Key::enrolment(org, request)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [organization, request, enrolment] = keys;
        let organization: Option<Stored<Organization>> = found.take(&organization, now)?;
        let request = or_gone(found.take(&request, now))?;
        let (Some(organization), Some(request)) = (organization, request) else { return Ok(None) };
        // Whoever is in the middle of one that makes no sense begins with another request.
        let enrolment = match found.take(&enrolment, now) {
            Err(TableError::Shape(_)) => return Ok(None),
            other => other?,
        };
        Ok(Some(Enrolling { organization: organization.value, request, enrolment }))
    }

    /// An enrolment, for whoever sends its code.
    pub async fn enrolment(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Stored<Enrolment>>, TableError> {
        or_gone(self.table.get(Key::enrolment(org, request), now).await)
    }

    /// Remembers a request that begins with a proof: a link was opened.
    pub async fn open_enrolment(
        &self,
        org: OrganizationId,
        id: &SecretHash,
        request: &Request,
        enrolment: &Enrolment,
    ) -> Result<(), TableError> {
        let writes = vec![
            Write::Put(request_item(org, id, request)?, Expect::Absent),
            enrolment_write(org, id, enrolment, None)?,
        ];
        self.table.write(writes).await
    }

    /// Stores how far an enrolment has come; `expected` is [`None`] when it begins.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it is not at that version any more.
    pub async fn change_enrolment(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        enrolment: &Enrolment,
        expected: Option<Version>,
    ) -> Result<(), TableError> {
        self.table.write(vec![enrolment_write(org, request, enrolment, expected)?]).await
    }

    /// Stores what an enrolment became when an answer was refused, with what the audit says of it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it is not at that version any more.
    pub async fn refuse_enrolment(
        &self,
        org: OrganizationId,
        request: &SecretHash,
        (enrolment, expected): (&Enrolment, Version),
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let writes = vec![
            enrolment_write(org, request, enrolment, Some(expected))?,
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Counts one more wrong recovery code for a typed address, with what the audit says of it.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the address was tried too often.
    pub async fn refuse_recovery(
        &self,
        org: OrganizationId,
        address: &Address,
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let writes = vec![
            count_attempt(org, Attempt::TryRecoveryCode, address, now),
            Write::Put(audit.item(org)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Registers a passkey, with everything that comes with it: all or nothing.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when the credential is registered already; elsewhere
    /// when the enrolment, the link or the user changed since they were read.
    pub async fn enrol(&self, org: OrganizationId, new: &NewPasskey<'_>) -> Result<(), TableError> {
        let user = &new.user.value;
        let claim = Item::new(Key::credential(org, &new.passkey.id), &user.id)?;
        let passkey = Key::passkey(org, user.id, &new.passkey.id);
        let mut writes = vec![
            Write::Put(claim, Expect::Absent),
            Write::Put(Item::new(passkey, new.passkey)?, Expect::Absent),
            Write::Put(user_item(org, user)?, Expect::Version(new.user.version)),
            Write::Delete(Key::enrolment(org, new.request), new.enrolment.version),
            Write::Put(session_item(org, new.session.0, new.session.1)?, Expect::Absent),
            Write::Put(new.report.item()?, Expect::Absent),
            Write::Put(new.audit.item(org)?, Expect::Absent),
        ];
        if let Some((hash, link)) = new.link {
            let used = Link { used_at: Some(new.audit.at), ..link.value.clone() };
            writes.push(Write::Put(used.item(org, hash)?, Expect::Version(link.version)));
        }
        self.table.write(writes).await
    }
}

pub(crate) fn enrolment_write(
    org: OrganizationId,
    request: &SecretHash,
    enrolment: &Enrolment,
    expected: Option<Version>,
) -> Result<Write, TableError> {
    let item = Item::new(Key::enrolment(org, request), enrolment)?;
    let expect = expected.map_or(Expect::Absent, Expect::Version);
    Ok(Write::Put(item.until(enrolment.ends_at.as_second()), expect))
}
