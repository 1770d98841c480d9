//! Where Microsoft is: one of its clouds, or whatever stands for it.

use url::Url;

use crate::{Authority, TenantId};

/// A cloud of Microsoft's, by the addresses that differ from one to another.
///
/// ```
/// let cloud = oidc::Cloud::new("https://login.microsoftonline.com", "https://graph.microsoft.com");
///
/// assert_eq!(cloud.unwrap().graph_scope(), "https://graph.microsoft.com/.default");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    authority: String,
    graph: String,
}

/// An address is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin such as https://login.microsoftonline.com")]
pub struct NotACloud;

impl Cloud {
    /// Takes the origin that signs people in, and the name under which Microsoft Graph is asked
    /// for, which is its origin.
    ///
    /// # Errors
    ///
    /// [`NotACloud`] unless both are origins: a scheme, a host, a port, nothing else. `http` is
    /// for the loopback address only.
    pub fn new(authority: &str, graph: &str) -> Result<Self, NotACloud> {
        Ok(Self { authority: origin(authority)?, graph: origin(graph)? })
    }

    /// The origin that signs people in.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What is asked for to speak to Microsoft Graph as an application: whatever was consented to.
    pub fn graph_scope(&self) -> String {
        format!("{}/.default", self.graph)
    }

    /// What is asked for to speak to Microsoft Graph with somebody's own rights, once: who they are,
    /// and these permissions. Without `offline_access`, so that nothing outlives the hour of a token,
    /// OIDC Core §11.
    pub fn delegated_scope(&self, permissions: &[&str]) -> String {
        let mut scope = "openid profile".to_owned();
        for permission in permissions {
            scope.push(' ');
            scope.push_str(&self.graph_permission(permission));
        }
        scope
    }

    /// A delegated permission of Microsoft Graph, as it is asked for and given.
    pub fn graph_permission(&self, name: &str) -> String {
        format!("{}/{name}", self.graph)
    }

    /// Who issues the id tokens of a tenant, OIDC Core §2: compared as a string.
    pub fn issuer(&self, tenant: TenantId) -> String {
        format!("{}/{tenant}/v2.0", self.authority)
    }

    /// Where tokens of a tenant are asked for, RFC 6749 §3.2; also the audience of a client
    /// assertion.
    pub fn token_url(&self, tenant: TenantId) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.authority)
    }

    /// Where the keys are that a tenant's id tokens are signed with.
    pub fn keys_url(&self, tenant: TenantId) -> String {
        format!("{}/{tenant}/discovery/v2.0/keys", self.authority)
    }

    pub(crate) fn authorize_url(&self, authority: Authority) -> String {
        format!("{}/{authority}/oauth2/v2.0/authorize", self.authority)
    }

    pub(crate) fn admin_consent_url(&self, authority: Authority) -> String {
        format!("{}/{authority}/v2.0/adminconsent", self.authority)
    }
}

fn origin(text: &str) -> Result<String, NotACloud> {
    let url = Url::parse(text).map_err(|_| NotACloud)?;
    let local = ["127.0.0.1", "localhost"];
    let safe = match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(|host| local.contains(&host)),
        _ => false,
    };
    let origin = url.origin().ascii_serialization();
    // Written the same way, so that nothing was dropped and strings compare as they should.
    if safe && origin == text { Ok(origin) } else { Err(NotACloud) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_two_origins_and_plain_http_is_local() {
        let graph = "https://graph.microsoft.com";
        let cases = [
            ("https://login.microsoftonline.com", true),
            ("https://login.microsoftonline.us", true),
            ("https://login.partner.microsoftonline.cn", true),
            ("http://127.0.0.1:8081", true),
            ("http://localhost:8081", true),
            ("http://login.microsoftonline.com", false),
            ("https://login.microsoftonline.com/", false),
            ("https://login.microsoftonline.com/common", false),
            ("https://user@login.microsoftonline.com", false),
            ("https://LOGIN.microsoftonline.com", false),
            ("ftp://login.microsoftonline.com", false),
            ("login.microsoftonline.com", false),
            ("", false),
        ];
        for (authority, good) in cases {
            assert_eq!(Cloud::new(authority, graph).is_ok(), good, "{authority}");
        }
    }

    #[test]
    fn every_address_is_of_the_cloud_and_the_tenant() {
        let cloud = Cloud::new("https://login.microsoftonline.us", "https://graph.microsoft.us");
        let cloud = cloud.unwrap();
        let tenant = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();

        let base = "https://login.microsoftonline.us/6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";
        assert_eq!(cloud.issuer(tenant), format!("{base}/v2.0"));
        assert_eq!(cloud.token_url(tenant), format!("{base}/oauth2/v2.0/token"));
        assert_eq!(cloud.keys_url(tenant), format!("{base}/discovery/v2.0/keys"));
        assert_eq!(cloud.graph_scope(), "https://graph.microsoft.us/.default");
    }
}
