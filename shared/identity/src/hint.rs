//! Whom a relying party expects to sign in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Address, User};

/// What a relying party says of who is about to sign in: never believed, only compared, and shown
/// where it is an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Hint {
    text: String,
    address: Option<Address>,
}

impl Hint {
    /// The work address that it is, if it is one.
    pub const fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// Whether it is about this user. What nobody can read is about nobody.
    pub fn names(&self, user: &User) -> bool {
        self.text.to_lowercase() == user.user_name.folded()
    }
}

/// Space around it is nobody's name.
impl From<String> for Hint {
    fn from(text: String) -> Self {
        let text = text.trim().to_owned();
        Self { address: text.parse().ok(), text }
    }
}

impl From<Hint> for String {
    fn from(hint: Hint) -> Self {
        hint.text
    }
}

/// Personal data stays out of logs: the domain is all that is shown, where there is one.
impl fmt::Debug for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => fmt::Debug::fmt(address, formatter),
            None => formatter.write_str("[redacted]"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use jiff::Timestamp;

    use super::*;
    use crate::UserId;

    #[test]
    fn a_hint_is_about_whoever_has_just_that_name_and_shown_when_it_is_an_address() {
        let cases = [
            // what is said, what is shown, whether it is about Ada
            ("ada@contoso.com", Some("ada@contoso.com"), true),
            (" ADA@contoso.com\t", Some("ADA@contoso.com"), true),
            ("\u{a0}ada@contoso.com\n", Some("ada@contoso.com"), true),
            ("grace@contoso.com", Some("grace@contoso.com"), false),
            ("ada", None, false),
            ("CONTOSO\\ada", None, false),
            ("Ada <ada@contoso.com>", None, false),
            ("ada@contoso.com;grace@contoso.com", None, false),
            ("", None, false),
        ];
        let id = UserId::mint(&SystemEntropy);
        let upn: Address = "Ada@Contoso.com".parse().unwrap();
        let user = User::new(id, upn.into(), "Ada".to_owned(), Timestamp::UNIX_EPOCH);
        for (said, shown, about) in cases {
            let hint = Hint::from(said.to_owned());
            assert_eq!(hint.address().map(Address::as_str), shown, "{said}");
            assert_eq!(hint.names(&user), about, "{said}");
        }
    }

    #[test]
    fn a_log_never_shows_whom_a_relying_party_expects() {
        let shown = |text: &str| format!("{:?}", Hint::from(text.to_owned()));

        assert_eq!(shown("ada@contoso.com"), "[redacted]@contoso.com");
        assert_eq!(shown("Ada Lovelace"), "[redacted]");
    }
}
