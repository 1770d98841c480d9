//! Whom an enrolment is for, and whether what proved it still enrols them.

use identity::{ClaimRefusal, Proof, SecretHash, User, UserId, claim_may_enrol};
use jiff::Timestamp;
use store::{Action, Actor, Enrolment, Link, Passkey, Stored};
use web::failure::RequestId;

use super::Step;
use crate::app::App;
use crate::failure::Failure;

/// Somebody who proved who they are, and may register a passkey.
pub(super) struct Candidate<'a> {
    pub(super) enrolment: &'a Stored<Enrolment>,
    pub(super) proof: Proof,
    pub(super) user: Stored<User>,
    pub(super) passkeys: Vec<Stored<Passkey>>,
    pub(super) link: Option<(SecretHash, Stored<Link>)>,
}

/// Why a proof that was given enrols nobody any more: much may have happened since.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum MayNotEnrol {
    #[error("the user is gone")]
    UserGone,
    #[error("the user's access is blocked")]
    Blocked,
    #[error("the claim enrols nobody")]
    Claim(#[from] ClaimRefusal),
    #[error("what proved it is used or over")]
    ProofOver(Proof),
    #[error("the user has as many passkeys as there can be")]
    TooManyPasskeys,
}

impl MayNotEnrol {
    /// The word that the audit keeps.
    const fn word(self) -> &'static str {
        match self {
            Self::UserGone => "no_such_user",
            Self::Blocked => ClaimRefusal::Blocked.word(),
            Self::Claim(refusal) => refusal.word(),
            Self::ProofOver(Proof::Link) => "link_over",
            Self::ProofOver(Proof::RecoveryCode) => "recovery_code_over",
            Self::ProofOver(Proof::EmailCode) => "code_over",
            Self::TooManyPasskeys => "too_many_passkeys",
        }
    }
}

impl<'a> Candidate<'a> {
    /// Whoever a step is for: [`None`] as long as nobody proved it. A refusal is audited.
    pub(super) async fn find(
        app: &App,
        step: &'a Step,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Option<Self>, Failure> {
        let Some((enrolment, (id, proof))) =
            step.enrolment().and_then(|stored| Some((stored, stored.value.proven?)))
        else {
            return Ok(None);
        };
        match Self::read(app, step, enrolment, (id, proof), now).await? {
            Ok(candidate) => Ok(Some(candidate)),
            Err(refused) => {
                let stranger = Actor::Stranger;
                let mut audit = app.audit(stranger, Action::EnrolmentRefused, request_id, now);
                audit.subject = Some(id);
                audit.reason = Some(refused.word().to_owned());
                app.store.audit(step.org, &audit).await?;
                Err(refused.into())
            }
        }
    }

    async fn read(
        app: &App,
        step: &Step,
        enrolment: &'a Stored<Enrolment>,
        (id, proof): (UserId, Proof),
        now: Timestamp,
    ) -> Result<Result<Self, MayNotEnrol>, Failure> {
        let evidence = enrolment.value.evidence.as_ref();
        let link = match evidence.filter(|_| proof == Proof::Link) {
            Some(hash) => {
                let link = app.store.link(step.org, hash, now).await?;
                let Some(link) = link.filter(|link| link.value.holds(now)) else {
                    return Ok(Err(MayNotEnrol::ProofOver(proof)));
                };
                Some((hash.clone(), link))
            }
            None => None,
        };
        let Some(user) = app.store.user(step.org, id, now).await? else {
            return Ok(Err(MayNotEnrol::UserGone));
        };
        // After the user, whose version the registration expects: nobody adds one in between.
        let passkeys = app.store.passkeys(step.org, id, now).await?;
        let may = may_enrol(&user.value, proof, evidence, &passkeys, now);
        Ok(may.map(|()| Self { enrolment, proof, user, passkeys, link }))
    }
}

/// Decides whether a proof still enrols somebody.
fn may_enrol(
    user: &User,
    proof: Proof,
    evidence: Option<&SecretHash>,
    passkeys: &[Stored<Passkey>],
    now: Timestamp,
) -> Result<(), MayNotEnrol> {
    match proof {
        Proof::EmailCode => claim_may_enrol(user, now)?,
        Proof::Link | Proof::RecoveryCode if !user.blocks.is_empty() => {
            return Err(MayNotEnrol::Blocked);
        }
        // An enrolment replaces the code, so that it proves one enrolment only.
        Proof::RecoveryCode if user.recovery.as_ref() != evidence => {
            return Err(MayNotEnrol::ProofOver(proof));
        }
        Proof::Link | Proof::RecoveryCode => {}
    }
    let full = passkeys.len() >= usize::from(Passkey::MOST);
    if full { Err(MayNotEnrol::TooManyPasskeys) } else { Ok(()) }
}
