//! E-mail addresses and user principal names, which share one shape.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DomainName;

/// `local@domain`, with the spelling that was given.
///
/// Serves as user principal name and as e-mail address: Entra compares both without regard to
/// case, so two are the same when their [`folded`](Self::folded) forms are, and only that form is
/// ever a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    spelling: String,
    domain: DomainName,
}

impl Address {
    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// The form that is compared and used as a key.
    pub fn folded(&self) -> String {
        self.spelling.to_lowercase()
    }

    /// What stands after the last `@`.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }
}

/// The text is not an address of the form `local@domain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as ada@contoso.com")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let good = (1..=64).contains(&local.len())
            && text.len() <= 254
            && !local.contains(|c: char| {
                c.is_whitespace() || c.is_control() || "@<>()[]\\,;:\"".contains(c)
            });
        if !good {
            return Err(NotAnAddress);
        }
        let domain = domain.parse().map_err(|_| NotAnAddress)?;
        Ok(Self { spelling: text.to_owned(), domain })
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.spelling
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Address {}

/// Personal data stays out of logs: the domain is all that is shown.
impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[redacted]@{}", self.domain)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_local_part_and_a_domain() {
        let long = format!("{}@contoso.com", "a".repeat(65));
        let cases = [
            ("ada@contoso.com", true),
            ("Ada.Lovelace+x@Contoso.com", true),
            ("o'neil@contoso.com", true),
            ("jörg@contoso.com", true),
            ("ada", false),
            ("@contoso.com", false),
            ("ada@contoso", false),
            ("ada@@contoso.com", false),
            ("ada lovelace@contoso.com", false),
            ("ada\r\nBcc: x@contoso.com", false),
            ("<ada@contoso.com>", false),
            (&long, false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<Address>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn two_spellings_are_one_address() {
        let one: Address = "Ada@Contoso.com".parse().unwrap();
        let other: Address = "ada@contoso.COM".parse().unwrap();

        assert_eq!(one, other);
        assert_eq!(one.as_str(), "Ada@Contoso.com");
        assert_eq!(one.folded(), "ada@contoso.com");
    }

    #[test]
    fn a_log_never_shows_who_it_is() {
        let address: Address = "ada@contoso.com".parse().unwrap();

        assert_eq!(format!("{address:?}"), "[redacted]@contoso.com");
    }
}
