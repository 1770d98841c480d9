//! Whether a person may sign in to a relying party now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FederatedDomain, Method, Organization, User, UserId};

/// Why somebody is not signed in. Each is a page that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Access was taken away.
    #[error("the user's access is blocked")]
    Blocked,
    /// The person signs in with Microsoft, which could only send them back to us.
    #[error("the user signs in with Microsoft")]
    MicrosoftAccount,
    /// Entra could not match an assertion.
    #[error("the user has no anchor")]
    NoAnchor,
    /// Entra would refuse the assertion with 5000820.
    #[error("the user's name is outside the domain that asks")]
    OutsideDomain,
}

impl Refusal {
    /// The word that the audit keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "user_blocked",
            Self::MicrosoftAccount => "microsoft_account",
            Self::NoAnchor => "user_without_anchor",
            Self::OutsideDomain => "user_outside_domain",
        }
    }
}

/// Decides whether a person, who signs in by a method, may sign in with a passkey under a domain now.
///
/// # Errors
///
/// [`Refusal`] says what stands against it, the person's own block first.
pub fn may_sign_in(
    user: &User,
    method: Method,
    domain: &FederatedDomain,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !user.has_access(now) {
        Err(Refusal::Blocked)
    } else if method == Method::Microsoft {
        Err(Refusal::MicrosoftAccount)
    } else if !user.user_name.address().is_some_and(|address| domain.covers(address)) {
        Err(Refusal::OutsideDomain)
    } else if user.anchor.is_none() {
        Err(Refusal::NoAnchor)
    } else {
        Ok(())
    }
}

/// What one sign-in lets a browser do for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who signed in.
    pub user: UserId,
    /// How: only a passkey's speaks to relying parties.
    #[serde(default)]
    pub by: Method,
    /// When that happened: what relying parties are told, for as long as it lasts.
    pub authenticated_at: Timestamp,
    /// First instant at which the session is over.
    pub ends_at: Timestamp,
}

impl Session {
    /// A session that begins with a sign-in, and ends with the user's last day at the latest.
    pub fn begin(user: &User, organization: &Organization, by: Method, now: Timestamp) -> Self {
        let ends_at = now.checked_add(organization.session_lifetime()).unwrap_or(now);
        let ends_at = user.last_day.as_ref().map_or(ends_at, |day| day.over_at.min(ends_at));
        Self { user: user.id, by, authenticated_at: now, ends_at }
    }
}

/// Decides whether a session still speaks for its user, and is fresh enough for who asks.
///
/// `not_before` is the instant that a forced sign-in was asked for, if it was.
pub fn accept_session(
    session: &Session,
    user: &User,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    session.user == user.id
        && now < session.ends_at
        && !user.has_left(now)
        && session.authenticated_at >= user.sessions_valid_from
        && session.authenticated_at <= now
        && not_before.is_none_or(|instant| session.authenticated_at >= instant)
}

/// Decides whether somebody may administer an organization now.
pub fn may_administer(user: &User, organization: &Organization, now: Timestamp) -> bool {
    user.has_access(now) && organization.administrators.contains(&user.id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;
    use crate::{Anchor, Block, LastDay, OrganizationId};

    const NOON: &str = "2026-01-01T12:00:00Z";

    fn user(name: &str) -> User {
        let id = UserId::mint(&SystemEntropy);
        let mut user =
            User::new(id, name.parse().unwrap(), "Ada".to_owned(), NOON.parse().unwrap());
        user.anchor = Some(Anchor::of(id));
        user
    }

    #[test]
    fn a_block_speaks_before_a_missing_anchor_or_a_foreign_name() {
        let domain = FederatedDomain {
            name: "contoso.com".parse().unwrap(),
            organization: OrganizationId::mint(&SystemEntropy),
            issuer: "https://id.example.org/saml/contoso.com".to_owned(),
            reply_url: "https://login.example.org/login.srf".to_owned(),
        };
        let mut blocked = user("ada@fabrikam.com");
        blocked.block(Block::Entra, NOON.parse().unwrap());
        let mut bare = user("ada@contoso.com");
        bare.anchor = None;
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let leaves = |date: &str| {
            let mut user = user("ada@contoso.com");
            user.last_day = LastDay::new(date.parse().unwrap(), "UTC").ok();
            user
        };
        let cases = [
            (user("ada@contoso.com"), Ok(())),
            (user("ada@corp.contoso.com"), Ok(())),
            (user("ada@fabrikam.com"), Err(Refusal::OutsideDomain)),
            (user("ada"), Err(Refusal::OutsideDomain)),
            (bare, Err(Refusal::NoAnchor)),
            (blocked, Err(Refusal::Blocked)),
            (leaves("2026-01-01"), Err(Refusal::Blocked)),
            (leaves("2026-01-02"), Ok(())),
        ];
        for (user, expected) in cases {
            assert_eq!(may_sign_in(&user, Method::Passkey, &domain, now), expected, "{user:?}");
            let elsewhere = match expected {
                Err(Refusal::Blocked) => expected,
                _ => Err(Refusal::MicrosoftAccount),
            };
            assert_eq!(may_sign_in(&user, Method::Microsoft, &domain, now), elsewhere, "{user:?}");
        }
    }

    #[test]
    fn a_session_ends_at_its_end_and_with_the_users_access() {
        let noon: Timestamp = NOON.parse().unwrap();
        let mut user = user("ada@contoso.com");
        let session = Session {
            user: user.id,
            by: Method::Passkey,
            authenticated_at: noon,
            ends_at: "2026-01-01T20:00:00Z".parse().unwrap(),
        };
        let cases = [
            // now, a forced sign-in asked for at, accepted
            ("2026-01-01T11:59:59Z", None, false),
            (NOON, None, true),
            ("2026-01-01T19:59:59Z", None, true),
            ("2026-01-01T20:00:00Z", None, false),
            ("2026-01-01T13:00:00Z", Some(NOON), true),
            ("2026-01-01T13:00:00Z", Some("2026-01-01T12:00:01Z"), false),
        ];
        for (now, asked, expected) in cases {
            let asked = asked.map(|instant| instant.parse().unwrap());
            let accepted = accept_session(&session, &user, asked, now.parse().unwrap());
            assert_eq!(accepted, expected, "{now} {asked:?}");
        }

        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // One that began before the day was set, and one of later, which ends with it by itself.
        let mut leaver = user.clone();
        leaver.last_day = LastDay::new("2025-12-31".parse().unwrap(), "Pacific/Honolulu").ok();
        assert_eq!(leaver.last_day.as_ref().unwrap().over_at, at("2026-01-01T10:00:00Z"));
        assert!(!accept_session(&session, &leaver, None, noon));
        let organization = Organization {
            id: OrganizationId::mint(&SystemEntropy),
            name: "Contoso".to_owned(),
            base_url: "https://id.example.org".to_owned(),
            rp_id: "id.example.org".to_owned(),
            session_hours: 8,
            administrators: Vec::new(),
            domains: Vec::new(),
            directories: Vec::new(),
            mode: crate::Mode::Hybrid,
            created_at: noon,
        };
        let early = at("2026-01-01T09:00:00Z");
        let begun = Session::begin(&leaver, &organization, Method::Passkey, early);
        assert_eq!(begun.ends_at, at("2026-01-01T10:00:00Z"));
        assert!(
            Session::begin(&user, &organization, Method::Passkey, early).ends_at > begun.ends_at
        );
        user.block(Block::Administrator, at("2026-01-01T12:00:01Z"));
        user.unblock(Block::Administrator, at("2026-01-01T12:30:00Z"));
        // The second one was minted by somebody who read the user before the block.
        for minted in [NOON, "2026-01-01T12:29:59Z"] {
            let session = Session { authenticated_at: at(minted), ..session.clone() };
            assert!(!accept_session(&session, &user, None, at("2026-01-01T13:00:00Z")), "{minted}");
        }
        let later = Session { authenticated_at: at("2026-01-01T12:30:00Z"), ..session };
        assert!(accept_session(&later, &user, None, at("2026-01-01T13:00:00Z")));
    }
}
