//! Who may register a passkey, and by what proof.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Address, Method, Role, User};

/// How a person proved who they are before they register a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Six digits sent to the personal e-mail address.
    EmailCode,
    /// A one-time link that an administrator or the operator handed out.
    Link,
    /// The recovery code that was shown at an earlier enrolment.
    RecoveryCode,
}

impl Proof {
    /// The word that the audit keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::EmailCode => "email_code",
            Self::Link => "link",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// How long a changed claim waits for an administrator.
const SETTLING: SignedDuration = SignedDuration::from_hours(24);

/// Why a personal claim does not enrol somebody. The person is never told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Access was taken away.
    #[error("the user's access is blocked")]
    Blocked,
    /// The person signs in with Microsoft.
    #[error("the user signs in with Microsoft")]
    MicrosoftAccount,
    /// An administrator enrols by link only.
    #[error("administrators enrol by link only")]
    Administrator,
    /// A claim enrols only somebody who never had a passkey.
    #[error("the user has enrolled before")]
    EnrolledBefore,
    /// Nobody gave a personal address.
    #[error("the user has no personal address")]
    NoClaim,
    /// The claim changed within 24 hours and waits for an administrator's approval.
    #[error("the personal address changed within 24 hours")]
    ChangedLately,
}

impl ClaimRefusal {
    /// The word that the audit keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "user_blocked",
            Self::MicrosoftAccount => "microsoft_account",
            Self::Administrator => "administrator",
            Self::EnrolledBefore => "enrolled_before",
            Self::NoClaim => "no_claim",
            Self::ChangedLately => "claim_changed_lately",
        }
    }
}

/// Decides whether a personal claim may enrol a person, who signs in by a method, now.
///
/// # Errors
///
/// [`ClaimRefusal`] names the first reason against it.
pub fn claim_may_enrol(user: &User, method: Method, now: Timestamp) -> Result<(), ClaimRefusal> {
    if !user.has_access(now) {
        Err(ClaimRefusal::Blocked)
    } else if method == Method::Microsoft {
        Err(ClaimRefusal::MicrosoftAccount)
    } else if user.role == Role::Administrator {
        Err(ClaimRefusal::Administrator)
    } else if user.enrolled_at.is_some() {
        Err(ClaimRefusal::EnrolledBefore)
    } else if user.personal_email.is_none() {
        Err(ClaimRefusal::NoClaim)
    } else if settled_address(user, now).is_none() {
        Err(ClaimRefusal::ChangedLately)
    } else {
        Ok(())
    }
}

/// The personal address of somebody, unless it changed within 24 hours: what proves nothing yet is
/// sent nothing that proves something.
pub fn settled_address(user: &User, now: Timestamp) -> Option<&Address> {
    let changed = user.claim_changed_at.is_some_and(|at| now.duration_since(at) < SETTLING);
    user.personal_email.as_ref().filter(|_| !changed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;
    use crate::{Block, UserId};

    #[test]
    fn a_claim_enrols_only_a_member_who_never_had_a_passkey_and_whose_claim_has_settled() {
        type Change = fn(&mut User);
        let now: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        let cases: [(Change, Result<(), ClaimRefusal>); 8] = [
            (|_| (), Ok(())),
            (|user| user.blocks = [Block::Entra].into(), Err(ClaimRefusal::Blocked)),
            (|user| user.role = Role::Administrator, Err(ClaimRefusal::Administrator)),
            (
                |user| user.enrolled_at = Some(Timestamp::UNIX_EPOCH),
                Err(ClaimRefusal::EnrolledBefore),
            ),
            (|user| user.personal_email = None, Err(ClaimRefusal::NoClaim)),
            (
                |user| user.claim_changed_at = "2026-01-01T12:00:01Z".parse().ok(),
                Err(ClaimRefusal::ChangedLately),
            ),
            (|user| user.claim_changed_at = "2026-01-01T12:00:00Z".parse().ok(), Ok(())),
            (
                |user| user.claim_changed_at = "2026-01-03T12:00:00Z".parse().ok(),
                Err(ClaimRefusal::ChangedLately),
            ),
        ];
        for (position, (change, expected)) in cases.into_iter().enumerate() {
            let name = "ada@contoso.com".parse().unwrap();
            let mut user = User::new(UserId::mint(&SystemEntropy), name, "Ada".to_owned(), now);
            user.personal_email = Some("ada@personal.test".parse().unwrap());
            change(&mut user);
            assert_eq!(claim_may_enrol(&user, Method::Passkey, now), expected, "row {position}");
            let elsewhere = match expected {
                Err(ClaimRefusal::Blocked) => expected,
                _ => Err(ClaimRefusal::MicrosoftAccount),
            };
            let refused = claim_may_enrol(&user, Method::Microsoft, now);
            assert_eq!(refused, elsewhere, "row {position}");
        }
    }
}
