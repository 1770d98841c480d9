//! The judgement of one answer: from the XML text to who signs in, or to why nobody does.

use jiff::SignedDuration;
use serde::Serialize;

use crate::assertion::{self, Claims};
use crate::clock::Now;
use crate::code::{Code, Refusal, shown};
use crate::directory::Directory;
use crate::envelope;
use crate::federation::{FederatedIdpMfaBehavior, InternalDomainFederation};
use crate::graph_user::GraphUser;
use crate::pending::{Freshness, MfaRequest, Pending, Progress, Recent};
use crate::saml::MULTIPLE_AUTHN;
use crate::signature;
use crate::xml::{self, Node};

/// The largest answer that is parsed, in bytes of XML.
pub(crate) const LARGEST_XML: usize = 64 * 1024;

/// How much older than the request a forced authentication may seem: one rounding of a second.
///
/// Both sides read the same machine's clock here, so no greater difference can be honest.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

/// What the judgement looks at besides the answer itself.
pub(crate) struct Bench<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) pending: &'a Pending,
    /// The assertions that were accepted, by id.
    pub(crate) seen: &'a Recent<()>,
    pub(crate) login_srf: &'a str,
    pub(crate) now: Now,
}

/// How strongly the person was authenticated, in the words of Entra's sign-in log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Mfa {
    /// The identity provider's claim counts.
    #[serde(rename = "Federated Multi-Factor")]
    FederatedMultiFactor,
    /// One factor: Entra performs its own second.
    #[serde(rename = "Federated single-factor")]
    FederatedSingleFactor,
}

impl Mfa {
    /// The name that people read.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FederatedMultiFactor => "Federated Multi-Factor",
            Self::FederatedSingleFactor => "Federated single-factor",
        }
    }
}

/// What an accepted answer leads to.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The person signs in.
    SignedIn(Box<Accepted>),
    /// Entra sends the browser there again and asks for the MFA claim.
    AskForMfa,
}

/// Who signs in, and on which claims.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) user: GraphUser,
    pub(crate) claims: Claims,
    pub(crate) mfa: Mfa,
    pub(crate) next: Option<&'static str>,
}

/// Judges the XML of an answer in the order in which Entra resolves it.
pub(crate) fn judge(text: &str, bench: &Bench<'_>) -> Result<Verdict, Refusal> {
    if text.len() > LARGEST_XML {
        let detail = format!("the message has {} bytes, at most {LARGEST_XML}", text.len());
        return Err(Refusal::new(Code::Message, "size", detail));
    }
    let Some(federation) = bench.directory.federations.get(&bench.pending.domain) else {
        let detail = format!("the domain {} is not federated any more", bench.pending.domain);
        return Err(Refusal::new(Code::Realm, "issuer", detail));
    };
    let claims = read(text, federation, bench)?;
    check_replay(&claims, bench)?;
    let user = resolve(&claims, bench)?;
    check_freshness(&claims, bench.pending)?;
    decide(user, claims, federation, bench.pending)
}

fn read(
    text: &str,
    federation: &InternalDomainFederation,
    bench: &Bench<'_>,
) -> Result<Claims, Refusal> {
    let document = xml::parse(text).map_err(|error| Refusal::new(Code::Message, "xml", error))?;
    let Some(root) = Node::root(&document) else {
        return Err(Refusal::new(Code::Message, "xml", "the document is empty"));
    };
    let now = bench.now.simulated;
    let issuer = federation.issuer_uri.as_str();
    let in_response_to = bench.pending.id.as_str();
    let outside = envelope::Expected { destination: bench.login_srf, in_response_to, issuer, now };
    let candidate = envelope::open(root, outside)?;
    let slots = federation.slots();
    let signed = signature::verify_assertion(&document, text, root, candidate, &slots)?;
    let inside = assertion::Expected { issuer, recipient: bench.login_srf, in_response_to, now };
    assertion::read(signed, inside)
}

fn check_replay(claims: &Claims, bench: &Bench<'_>) -> Result<(), Refusal> {
    if bench.seen.get(&claims.assertion_id).is_some() {
        let detail = format!("the assertion {} was used before", shown(&claims.assertion_id));
        return Err(Refusal::new(Code::TokenInvalid, "replay", detail));
    }
    if bench.pending.progress == Progress::Answered {
        let detail = format!("the request {} was answered before", shown(&bench.pending.id));
        return Err(Refusal::new(Code::TokenInvalid, "request_answered", detail));
    }
    Ok(())
}

/// Finds the user and whether the domain may assert it.
fn resolve(claims: &Claims, bench: &Bench<'_>) -> Result<GraphUser, Refusal> {
    let Some(user) = bench.directory.user_by_anchor(&claims.anchor) else {
        let detail = format!("no user has the onPremisesImmutableId {}", shown(&claims.anchor));
        return Err(Refusal::new(Code::UserUnknown, "anchor", detail));
    };
    if !bench.directory.policy_allows(&bench.pending.domain, user) {
        let detail = format!(
            "the trust of {} asserted {}",
            shown(&bench.pending.domain),
            shown(&user.user_principal_name)
        );
        return Err(Refusal::new(Code::DomainPolicy, "root_domain", detail));
    }
    if !claims.email.eq_ignore_ascii_case(&user.user_principal_name) {
        let found = Some(claims.email.as_str());
        let expected = &user.user_principal_name;
        return Err(Refusal::unequal(Code::EmailClaim, "email", "IDPEmail", found, expected));
    }
    if !user.account_enabled {
        let detail = format!("{} is disabled", shown(&user.user_principal_name));
        return Err(Refusal::new(Code::UserDisabled, "disabled", detail));
    }
    Ok(user.clone())
}

/// A forced authentication must not be older than the request for it.
fn check_freshness(claims: &Claims, pending: &Pending) -> Result<(), Refusal> {
    let asked = pending.sent.machine;
    let stale = asked.duration_since(claims.authn_instant) > ROUNDING;
    if pending.fresh == Freshness::Forced && stale {
        let detail = format!(
            "AuthnInstant is {}, and a fresh authentication was asked for at {asked}",
            claims.authn_instant
        );
        return Err(Refusal::new(Code::AuthenticationStale, "force_authn", detail));
    }
    Ok(())
}

/// What the MFA claim is worth for this domain.
fn decide(
    user: GraphUser,
    claims: Claims,
    federation: &InternalDomainFederation,
    pending: &Pending,
) -> Result<Verdict, Refusal> {
    use FederatedIdpMfaBehavior as Behavior;
    let (mfa, next) = match (federation.federated_idp_mfa_behavior, claims.mfa()) {
        (Behavior::AcceptIfMfaDoneByFederatedIdp | Behavior::EnforceMfaByFederatedIdp, true) => {
            (Mfa::FederatedMultiFactor, None)
        }
        (Behavior::AcceptIfMfaDoneByFederatedIdp, false) => {
            (Mfa::FederatedSingleFactor, Some("Entra would ask for its own second factor."))
        }
        (Behavior::RejectMfaByFederatedIdp, _) => (
            Mfa::FederatedSingleFactor,
            Some("The domain rejects the claim: Entra would ask for its own second factor."),
        ),
        (Behavior::EnforceMfaByFederatedIdp, false) => {
            return match pending.mfa {
                MfaRequest::Unasked => Ok(Verdict::AskForMfa),
                MfaRequest::Asked => Err(without_claim(&claims)),
            };
        }
    };
    Ok(Verdict::SignedIn(Box::new(Accepted { user, claims, mfa, next })))
}

fn without_claim(claims: &Claims) -> Refusal {
    let what = "AuthnContextClassRef";
    let found = Some(claims.context_class.as_str());
    Refusal::unequal(Code::MfaMissing, "mfa", what, found, MULTIPLE_AUTHN)
}
