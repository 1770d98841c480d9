//! The tenant URL: where the server is, and Entra's flags in its query.

use serde::{Deserialize, Serialize};
use url::Url;

use super::error::ProvisioningError;

/// The flag that makes Entra's PATCH conform to RFC 7644 §3.5.2.
const COMPLIANT: &str = "aadOptscim062020";
/// The flag that forces the behaviour of 2017 once the other one is the default.
const CLASSIC: &str = "AzureAdScimPatch2017";

/// How Entra writes a PATCH.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Entra's own: `"Replace"`, `"False"`, one operation for each attribute.
    #[default]
    Classic,
    /// With `aadOptscim062020` in the tenant URL: as RFC 7644 §3.5.2 has it.
    Compliant,
}

/// A parsed tenant URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TenantUrl {
    /// Without a slash at the end.
    base: String,
    /// As it was typed.
    query: Option<String>,
}

impl TenantUrl {
    /// Reads what an administrator typed.
    pub(crate) fn parse(text: &str) -> Result<Self, ProvisioningError> {
        let url = Url::parse(text.trim()).map_err(|_| ProvisioningError::TenantUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ProvisioningError::TenantUrl);
        }
        let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        let mut base = url;
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base: base.as_str().trim_end_matches('/').to_owned(), query })
    }

    /// The base address without query.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The dialect that the flags ask for.
    pub(crate) fn dialect(&self) -> Dialect {
        let query = self.query.as_deref().unwrap_or_default();
        let has =
            |flag: &str| query.split(['&', '?']).any(|part| part.split('=').next() == Some(flag));
        if has(COMPLIANT) && !has(CLASSIC) { Dialect::Compliant } else { Dialect::Classic }
    }

    /// The same URL with the flag of a dialect at the end of its query.
    pub(crate) fn flagged(&self, dialect: Dialect) -> String {
        let flag = match dialect {
            Dialect::Classic => CLASSIC,
            Dialect::Compliant => COMPLIANT,
        };
        let query = self.query.as_ref().map(|query| format!("{query}&")).unwrap_or_default();
        format!("{}?{query}{flag}", self.base)
    }

    /// The address of an endpoint: the flags travel in every request's query.
    pub(crate) fn address(&self, path: &str, query: Option<&str>) -> String {
        let parts: Vec<&str> = self.query.as_deref().into_iter().chain(query).collect();
        let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
        format!("{}{path}{query}", self.base)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_flag_in_the_query_decides_the_dialect_and_travels_along() {
        let cases = [
            ("https://a.test/scim", Dialect::Classic, "https://a.test/scim/Users?x=1"),
            ("https://a.test/scim/", Dialect::Classic, "https://a.test/scim/Users?x=1"),
            (
                "https://a.test/scim?aadOptscim062020",
                Dialect::Compliant,
                "https://a.test/scim/Users?aadOptscim062020&x=1",
            ),
            (
                "https://a.test/scim/?a=b&aadOptscim062020=",
                Dialect::Compliant,
                "https://a.test/scim/Users?a=b&aadOptscim062020=&x=1",
            ),
            (
                "https://a.test/scim?aadOptscim062020&AzureAdScimPatch2017",
                Dialect::Classic,
                "https://a.test/scim/Users?aadOptscim062020&AzureAdScimPatch2017&x=1",
            ),
        ];
        for (typed, dialect, address) in cases {
            let url = TenantUrl::parse(typed).unwrap();

            assert_eq!(url.dialect(), dialect, "{typed}");
            assert_eq!(url.address("/Users", Some("x=1")), address, "{typed}");
            for wanted in [Dialect::Classic, Dialect::Compliant] {
                let flagged = TenantUrl::parse(typed).unwrap().flagged(wanted);
                let again = TenantUrl::parse(&flagged).unwrap();
                assert!(again.dialect() == wanted || typed.contains(CLASSIC), "{flagged}");
            }
        }
        assert!(TenantUrl::parse("ftp://a.test").is_err());
        assert!(TenantUrl::parse("scim").is_err());
    }
}
