//! The session that a browser says it has, as its cookie spells it.

use crate::{OrganizationId, Secret, SecretHash, Session, UserId};

/// The session that a browser says it has: whose, and the hash of what it holds.
///
/// The user's id tells where to look, so that one read finds both.
#[derive(Clone, Debug)]
pub struct HeldSession {
    /// Whose it is, it says.
    pub user: UserId,
    /// What the table knows it by.
    pub hash: SecretHash,
}

impl HeldSession {
    /// The name of an organization's cookie: sessions of two organizations live side by side.
    pub fn cookie_name(org: OrganizationId) -> String {
        format!("s-{org}")
    }

    /// What the cookie of a new session holds.
    pub fn cookie_value(session: &Session, secret: &Secret) -> String {
        format!("{}.{}", session.user, secret.reveal())
    }

    /// Reads what a cookie holds.
    pub fn parse(value: &str) -> Option<Self> {
        let (user, secret) = value.split_once('.')?;
        let secret: Secret = secret.parse().ok()?;
        Some(Self { user: user.parse().ok()?, hash: secret.hash() })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use jiff::Timestamp;

    use super::*;
    use crate::Method;

    #[test]
    fn a_cookie_is_read_as_it_was_written_and_no_other_way() {
        let user = UserId::mint(&SystemEntropy);
        let secret = Secret::mint(&SystemEntropy);
        let (at, ends_at) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let session = Session { user, by: Method::Passkey, authenticated_at: at, ends_at };
        let value = HeldSession::cookie_value(&session, &secret);

        let held = HeldSession::parse(&value).unwrap();

        assert_eq!((held.user, held.hash), (user, secret.hash()));
        for bad in ["", ".", &format!("{value}x"), &value.replace('.', ""), &secret.reveal()] {
            assert!(HeldSession::parse(bad).is_none(), "{bad}");
        }
    }
}
