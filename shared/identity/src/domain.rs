//! DNS domains that Entra federates to us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Address, OrganizationId};

/// A DNS domain name in lower case, of at least two labels.
///
/// RFC 1035 §2.3.1 with the digits that RFC 1123 §2.1 allows: letters, digits and inner hyphens, labels
/// of at most 63 octets, 253 in all. Internationalized names are given in their `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this domain or one below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0 == self.0
            || other.0.strip_suffix(&self.0).is_some_and(|labels| labels.ends_with('.'))
    }

    /// The domains above this one, the nearest first.
    pub fn parents(&self) -> impl Iterator<Item = Self> {
        let names = std::iter::successors(parent(&self.0), |&name| parent(name));
        names.map(|name| Self(name.to_owned()))
    }
}

/// What is left without the first label, if that are two labels.
fn parent(name: &str) -> Option<&str> {
    let (_, above) = name.split_once('.')?;
    above.contains('.').then_some(above)
}

/// The text is not a domain name of two or more labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a domain name such as contoso.com")]
pub struct NotADomainName;

impl FromStr for DomainName {
    type Err = NotADomainName;

    fn from_str(text: &str) -> Result<Self, NotADomainName> {
        let name = text.to_ascii_lowercase();
        let labels = name.split('.').collect::<Vec<_>>();
        let good =
            name.len() <= 253 && labels.len() >= 2 && labels.iter().all(|label| is_label(label));
        if good { Ok(Self(name)) } else { Err(NotADomainName) }
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl TryFrom<String> for DomainName {
    type Error = NotADomainName;

    fn try_from(text: String) -> Result<Self, NotADomainName> {
        text.parse()
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A domain whose sign-ins Entra redirects to us, with everything that was fixed when it was set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedDomain {
    /// The domain.
    pub name: DomainName,
    /// The organization whose people sign in under it.
    pub organization: OrganizationId,
    /// Our entity id for it: unique world-wide, compared by Entra byte for byte.
    pub issuer: String,
    /// Where every answer goes; a request never chooses another place.
    pub reply_url: String,
}

impl FederatedDomain {
    /// Where Entra sends people to sign in.
    pub fn sso_url(&self) -> String {
        format!("{}/sso", self.issuer)
    }

    /// Where Entra sends people to sign out.
    pub fn slo_url(&self) -> String {
        format!("{}/slo", self.issuer)
    }

    /// Whether an address lies under the root that Entra's token validation policy asks for.
    pub fn covers(&self, address: &Address) -> bool {
        self.name.covers(address.domain())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_labels_of_letters_digits_and_inner_hyphens() {
        let long = format!("{}.com", "a".repeat(64));
        let cases = [
            ("contoso.com", true),
            ("Contoso.COM", true),
            ("a-1.b2.test", true),
            ("contoso", false),
            ("", false),
            ("contoso..com", false),
            ("-contoso.com", false),
            ("contoso-.com", false),
            ("con_toso.com", false),
            ("contoso.com.", false),
            ("contoso.com/..", false),
            ("contoso.com#", false),
            (&long, false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<DomainName>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it_only() {
        let root: DomainName = "contoso.com".parse().unwrap();
        let cases = [
            ("contoso.com", true),
            ("corp.contoso.com", true),
            ("notcontoso.com", false),
            ("contoso.com.evil.test", false),
            ("fabrikam.com", false),
        ];
        for (other, covered) in cases {
            assert_eq!(root.covers(&other.parse().unwrap()), covered, "{other}");
        }
    }

    #[test]
    fn the_parents_of_a_domain_have_two_labels_or_more() {
        let cases: [(&str, &[&str]); 4] = [
            ("contoso.com", &[]),
            ("corp.contoso.com", &["contoso.com"]),
            ("A.Corp.Contoso.com", &["corp.contoso.com", "contoso.com"]),
            ("contoso.co.uk", &["co.uk"]),
        ];
        for (name, expected) in cases {
            let domain: DomainName = name.parse().unwrap();
            let parents = domain.parents().map(String::from).collect::<Vec<_>>();
            assert_eq!(parents, expected, "{name}");
            assert!(domain.parents().all(|parent| parent.covers(&domain)), "{name}");
        }
    }
}
