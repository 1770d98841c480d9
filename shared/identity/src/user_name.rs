//! The name by which one person of an organization is known to whoever provisions them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Address, DomainName, UserId};

/// A `userName` of 1 to 256 characters, with the spelling that was given.
///
/// RFC 7643 §4.1.1 makes it required, unique and case-insensitive: two are the same when their
/// [`folded`](Self::folded) forms are, and only that form is ever a key. Of a person who signs in
/// to Entra it is the user principal name, and has an [`address`](Self::address).
///
/// ```
/// let name: identity::UserName = "Ada@Contoso.com".parse()?;
/// assert_eq!(name, "ada@contoso.com".parse()?);
/// assert!(name.address().is_some());
/// assert!("lovelace".parse::<identity::UserName>()?.address().is_none());
/// # Ok::<(), identity::NotAUserName>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName {
    spelling: String,
    address: Option<Address>,
}

impl UserName {
    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// The form that is compared and used as a key: at most 1,024 bytes.
    pub fn folded(&self) -> String {
        self.spelling.to_lowercase()
    }

    /// The name that somebody has in Entra for a moment, while their anchor is repaired: their own id,
    /// in a domain whose people Microsoft signs in itself. Nobody else has it.
    ///
    /// # Errors
    ///
    /// [`NotAUserName`] where the domain is too long for a name.
    pub fn temporary(user: UserId, domain: &DomainName) -> Result<Self, NotAUserName> {
        format!("{user}@{}", domain.as_str()).parse()
    }

    /// Whose [`temporary`](Self::temporary) name it is, if it has the shape of one.
    pub fn temporary_of(&self) -> Option<UserId> {
        let (local, _) = self.spelling.rsplit_once('@')?;
        local.to_ascii_lowercase().parse().ok()
    }

    /// The name as a user principal name and work address, when it has the shape of one.
    pub const fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }
}

/// The text is blank, longer than 256 characters, or holds control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user name of 1 to 256 printable characters")]
pub struct NotAUserName;

impl FromStr for UserName {
    type Err = NotAUserName;

    fn from_str(text: &str) -> Result<Self, NotAUserName> {
        let good = !text.trim().is_empty()
            && text.chars().count() <= 256
            && !text.contains(char::is_control);
        if good {
            Ok(Self { spelling: text.to_owned(), address: text.parse().ok() })
        } else {
            Err(NotAUserName)
        }
    }
}

impl TryFrom<String> for UserName {
    type Error = NotAUserName;

    fn try_from(text: String) -> Result<Self, NotAUserName> {
        text.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.spelling
    }
}

/// Every address is shorter than a name may be.
impl From<Address> for UserName {
    fn from(address: Address) -> Self {
        Self { spelling: address.as_str().to_owned(), address: Some(address) }
    }
}

impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for UserName {}

/// Personal data stays out of logs: the domain is all that is shown, where there is one.
impl fmt::Debug for UserName {
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
    use super::*;

    #[test]
    fn a_name_is_any_printable_text_of_at_most_256_characters() {
        let longest = "é".repeat(256);
        let too_long = "é".repeat(257);
        let cases = [
            // text, a name, an address
            ("ada@contoso.com", true, true),
            ("lovelace", true, false),
            ("Ada Lovelace", true, false),
            ("ada@@contoso.com", true, false),
            ("🦊", true, false),
            (&longest, true, false),
            (&too_long, false, false),
            ("", false, false),
            (" ", false, false),
            ("ada\r\n@contoso.com", false, false),
            ("ada\u{0}", false, false),
        ];
        for (text, good, address) in cases {
            let name = text.parse::<UserName>();
            assert_eq!(name.is_ok(), good, "{text:?}");
            assert_eq!(name.is_ok_and(|name| name.address().is_some()), address, "{text:?}");
        }
    }

    #[test]
    fn two_spellings_are_one_name_and_each_is_kept() {
        let one: UserName = "Ada@Contoso.com".parse().unwrap();
        let other: UserName = "ada@contoso.COM".parse().unwrap();

        assert_eq!(one, other);
        assert_eq!(one.as_str(), "Ada@Contoso.com");
        assert_eq!(String::from(one), "Ada@Contoso.com");
    }

    #[test]
    fn a_temporary_name_says_whose_it_is_and_no_other_name_says_so() {
        let ada = UserId::from_bytes([0xad; 16]);
        let domain: DomainName = "contoso.onmicrosoft.com".parse().unwrap();

        let name = UserName::temporary(ada, &domain).unwrap();

        assert_eq!(name.as_str(), format!("{ada}@contoso.onmicrosoft.com"));
        assert_eq!(name.temporary_of(), Some(ada));
        let upper: UserName = name.as_str().to_uppercase().parse().unwrap();
        assert_eq!(upper.temporary_of(), Some(ada), "Entra's spelling is its own");
        for other in ["ada@contoso.com", &ada.to_string(), &format!("x{ada}@contoso.com")] {
            assert_eq!(other.parse::<UserName>().unwrap().temporary_of(), None, "{other}");
        }
    }

    #[test]
    fn the_folded_form_of_the_longest_name_fits_a_sort_key() {
        for wide in ["🦊", "\u{130}", "\u{23a}"] {
            let name: UserName = wide.repeat(256).parse().unwrap();
            assert!(name.folded().len() <= 1024, "{wide}");
        }
    }

    #[test]
    fn a_log_never_shows_who_it_is() {
        let cases = [("ada@contoso.com", "[redacted]@contoso.com"), ("lovelace", "[redacted]")];
        for (text, shown) in cases {
            assert_eq!(format!("{:?}", text.parse::<UserName>().unwrap()), shown);
        }
    }
}
