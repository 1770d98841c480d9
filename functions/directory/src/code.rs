//! Finds out whom a typed address belongs to, and mails them the code, if a claim may enrol them.
//!
//! All of it happens after the person has been answered, so that neither the answer nor its time
//! tells whether anybody has the address.

use courier::{Language, mail};
use identity::{
    Address, ClaimRefusal, Code, Method, OrganizationId, SecretHash, User, claim_may_enrol,
};
use jiff::Timestamp;
use store::{Action, CodeSlip, Enrolment, OutboxItem, Stored, TableError};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::outbox::Outcome;

/// How often a slip is filled in anew because the person typed something meanwhile.
const RACES: u32 = 5;

/// Why no code is sent; the audit keeps the word.
enum Unsent {
    Over,
    NoUser,
    Refused(Box<User>, ClaimRefusal),
    TooMany(Box<User>),
}

/// A code whose slip is filled in.
struct Addressed {
    user: User,
    to: Address,
    language: Language,
}

impl App {
    pub(crate) async fn send_code(
        &self,
        item: &OutboxItem,
        enrolment: &SecretHash,
        seed: &[u8],
        request_id: &RequestId,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let code = Code::of(seed);
        match self.address(item, enrolment, &code, now).await? {
            Ok(addressed) => {
                let organization = self.store.organization(item.organization, now).await?;
                let name = organization.map(|stored| stored.value.name).unwrap_or_default();
                let minutes = u32::try_from(Code::LIFETIME.as_mins()).unwrap_or_default();
                let letter = mail::code(addressed.language, &name, &code.reveal(), minutes)?;
                self.courier.send(&letter.to(addressed.to)).await?;
                let mut audit = self.audit(Action::CodeSent, request_id, now);
                audit.subject = Some(addressed.user.id);
                Ok(Outcome { audit: Some(audit), next: Vec::new() })
            }
            Err(unsent) => self.explain(item, unsent, request_id, now).await,
        }
    }

    /// How somebody signs in. Whoever is in the organization's own directory costs no read.
    async fn method_of(
        &self,
        org: OrganizationId,
        user: &User,
        now: Timestamp,
    ) -> Result<Method, Failure> {
        if user.directory.is_none() {
            return Ok(Method::Passkey);
        }
        let organization = self.store.organization(org, now).await?;
        Ok(organization.map_or(Method::Passkey, |stored| stored.value.method_of(user)))
    }

    /// Fills in whom the code goes to, in the slip that the person's browser waits with.
    async fn address(
        &self,
        item: &OutboxItem,
        enrolment: &SecretHash,
        code: &Code,
        now: Timestamp,
    ) -> Result<Result<Addressed, Unsent>, Failure> {
        for _ in 0..RACES {
            let stored = self.store.enrolment(item.organization, enrolment, now).await?;
            let Some((stored, slip, typed)) = stored.as_ref().and_then(|stored| {
                let slip = stored.value.slip.as_ref()?;
                Some((stored, slip, stored.value.typed.as_ref()?))
            }) else {
                return Ok(Err(Unsent::Over));
            };
            if slip.sender != item.id || now >= slip.ends_at {
                return Ok(Err(Unsent::Over));
            }
            let name = typed.clone().into();
            let user = self.store.user_named(item.organization, &name, now).await?;
            let Some(Stored { value: user, .. }) = user else {
                return Ok(Err(Unsent::NoUser));
            };
            let method = self.method_of(item.organization, &user, now).await?;
            if let Err(refusal) = claim_may_enrol(&user, method, now) {
                return Ok(Err(Unsent::Refused(Box::new(user), refusal)));
            }
            let Some(to) = user.personal_email.clone() else {
                return Ok(Err(Unsent::Refused(Box::new(user), ClaimRefusal::NoClaim)));
            };
            let language = Language::from_tag(&stored.value.language).unwrap_or_default();
            // A slip that is filled in already was, by a try of ours that got no further. The
            // address may be somebody else's since: what proves one is never sent to another.
            if let Some((sent_to, _)) = &slip.sent {
                let same = *sent_to == user.id;
                return Ok(if same {
                    Ok(Addressed { user, to, language })
                } else {
                    Err(Unsent::Over)
                });
            }
            let filled = fill(&stored.value, slip, &user, code.hash(enrolment));
            let change = (&filled, stored.version);
            let placed =
                self.store.address_code(item.organization, enrolment, change, user.id, now);
            match placed.await {
                Ok(()) => return Ok(Ok(Addressed { user, to, language })),
                Err(TableError::Conflict { position: 0 | 1 }) => {
                    return Ok(Err(Unsent::TooMany(Box::new(user))));
                }
                Err(TableError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(TableError::Conflict { position: 1 }.into())
    }

    /// What the audit says when no code is sent, and who else must know.
    async fn explain(
        &self,
        item: &OutboxItem,
        unsent: Unsent,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        let mut next = Vec::new();
        let (action, subject, reason) = match unsent {
            Unsent::Over => (Action::EnrolmentRefused, None, "request_over"),
            Unsent::NoUser => (Action::EnrolmentRefused, None, "no_such_user"),
            Unsent::TooMany(user) => (Action::EnrolmentRefused, Some(user), "too_many_codes"),
            Unsent::Refused(user, refusal @ ClaimRefusal::ChangedLately) => {
                next = self.ask_all(item.organization, user.id).await?;
                (Action::EnrolmentWaits, Some(user), refusal.word())
            }
            Unsent::Refused(user, refusal) => {
                (Action::EnrolmentRefused, Some(user), refusal.word())
            }
        };
        let mut audit = self.audit(action, request_id, now);
        audit.subject = subject.map(|user| user.id);
        audit.reason = Some(reason.to_owned());
        Ok(Outcome { audit: Some(audit), next })
    }
}

fn fill(before: &Enrolment, slip: &CodeSlip, user: &User, hash: SecretHash) -> Enrolment {
    let slip = CodeSlip { sent: Some((user.id, hash)), ..slip.clone() };
    Enrolment { slip: Some(slip), ..before.clone() }
}
