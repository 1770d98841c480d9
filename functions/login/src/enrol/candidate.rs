//! Whom an enrolment is for, and whether what proved it still enrols them.

use identity::{ClaimRefusal, Method, Proof, SecretHash, User, claim_may_enrol};
use jiff::Timestamp;
use store::{Action, Actor, Enrolment, Link, Passkey, Proven, Stored};
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
    #[error("the user signs in with Microsoft")]
    MicrosoftAccount,
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
            Self::MicrosoftAccount => ClaimRefusal::MicrosoftAccount.word(),
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
        let Some((enrolment, proven)) =
            step.enrolment().and_then(|stored| Some((stored, stored.value.proven?)))
        else {
            return Ok(None);
        };
        match Self::read(app, step, enrolment, proven, now).await? {
            Ok(candidate) => Ok(Some(candidate)),
            Err(refused) => {
                let stranger = Actor::Stranger;
                let mut audit = app.audit(stranger, Action::EnrolmentRefused, request_id, now);
                audit.subject = Some(proven.user);
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
        proven: Proven,
        now: Timestamp,
    ) -> Result<Result<Self, MayNotEnrol>, Failure> {
        let Proven { user: id, proof, .. } = proven;
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
        let method = step.enrolling.organization.method_of(&user.value);
        let may = may_enrol((&user.value, method), proven, evidence, &passkeys, now);
        Ok(may.map(|()| Self { enrolment, proof, user, passkeys, link }))
    }
}

/// Decides whether a proof still enrols somebody.
fn may_enrol(
    (user, method): (&User, Method),
    Proven { proof, since, .. }: Proven,
    evidence: Option<&SecretHash>,
    passkeys: &[Stored<Passkey>],
    now: Timestamp,
) -> Result<(), MayNotEnrol> {
    if proof == Proof::EmailCode {
        claim_may_enrol(user, method, now)?;
    }
    if !user.has_access(now) {
        return Err(MayNotEnrol::Blocked);
    }
    if method == Method::Microsoft {
        return Err(MayNotEnrol::MicrosoftAccount);
    }
    // An enrolment replaces the recovery code, so that it proves one enrolment only.
    let used = proof == Proof::RecoveryCode && user.recovery.as_ref() != evidence;
    // Access was taken and given back: what was pending then is over.
    let ended = since < user.sessions_valid_from;
    if used || ended {
        return Err(MayNotEnrol::ProofOver(proof));
    }
    let full = passkeys.len() >= usize::from(Passkey::MOST);
    if full { Err(MayNotEnrol::TooManyPasskeys) } else { Ok(()) }
}
