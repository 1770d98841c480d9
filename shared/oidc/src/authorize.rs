//! Where a browser is sent: to sign in, or to consent for a whole organization.

use url::Url;

use crate::{Authority, Challenge, Cloud, NotACloud};

/// What the person is asked to do although a session might answer for them, OIDC Core §3.1.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing in particular.
    None,
    /// To choose one of their accounts.
    SelectAccount,
}

/// What a sign-in asks for that is only about who somebody is.
pub const SIGN_IN_SCOPE: &str = "openid profile email";

/// A request to sign somebody in: code and PKCE, OIDC Core §3.1.2.1, RFC 7636 §4.3.
#[derive(Clone, Copy, Debug)]
pub struct Authorization<'a> {
    /// Whom it lets in.
    pub authority: Authority,
    /// Our application's id.
    pub client_id: &'a str,
    /// Where the answer goes: one that is registered, byte for byte.
    pub redirect_uri: &'a str,
    /// What is asked for, RFC 6749 §3.3: [`SIGN_IN_SCOPE`], or [`Cloud::delegated_scope`].
    pub scope: &'a str,
    /// Comes back as it is; ties the answer to the browser that asked.
    pub state: &'a str,
    /// Comes back inside the id token; ties it to this request.
    pub nonce: &'a str,
    /// Ties the code to whoever redeems it.
    pub challenge: &'a Challenge,
    /// What the person is asked to do.
    pub prompt: Prompt,
    /// The account that is expected, as a person would type it.
    pub login_hint: Option<&'a str>,
}

impl Authorization<'_> {
    /// The address that the browser is sent to.
    ///
    /// # Errors
    ///
    /// [`NotACloud`] never, for a cloud that was made.
    pub fn url(&self, cloud: &Cloud) -> Result<String, NotACloud> {
        let mut url = Url::parse(&cloud.authorize_url(self.authority)).map_err(|_| NotACloud)?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", self.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("response_mode", "query")
            .append_pair("scope", self.scope)
            .append_pair("state", self.state)
            .append_pair("nonce", self.nonce)
            .append_pair("code_challenge", self.challenge.as_str())
            .append_pair("code_challenge_method", "S256");
        match self.prompt {
            Prompt::None => {}
            Prompt::SelectAccount => {
                query.append_pair("prompt", "select_account");
            }
        }
        if let Some(hint) = self.login_hint {
            query.append_pair("login_hint", hint);
        }
        drop(query);
        Ok(url.into())
    }
}

/// A request to an administrator to consent for the whole tenant: Entra's v2 admin consent.
#[derive(Clone, Copy, Debug)]
pub struct AdminConsent<'a> {
    /// Whose administrator is asked.
    pub authority: Authority,
    /// The application that asks: one for each reach of what it may do.
    pub client_id: &'a str,
    /// Where the answer goes: one that is registered, byte for byte.
    pub redirect_uri: &'a str,
    /// Comes back as it is; ties the answer to the browser that asked.
    pub state: &'a str,
}

impl AdminConsent<'_> {
    /// The address that the browser is sent to. It asks for everything that the application's
    /// registration declares, which is how Entra asks for application permissions.
    ///
    /// # Errors
    ///
    /// [`NotACloud`] never, for a cloud that was made.
    pub fn url(&self, cloud: &Cloud) -> Result<String, NotACloud> {
        let url = cloud.admin_consent_url(self.authority);
        let mut url = Url::parse(&url).map_err(|_| NotACloud)?;
        url.query_pairs_mut()
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("state", self.state)
            .append_pair("scope", &cloud.graph_scope());
        Ok(url.into())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;
    use crate::Verifier;

    fn cloud() -> Cloud {
        Cloud::new("https://login.microsoftonline.com", "https://graph.microsoft.com").unwrap()
    }

    #[test]
    fn a_sign_in_asks_for_a_code_with_everything_that_ties_it_down() {
        let verifier = Verifier::mint(&SystemEntropy);
        let challenge = verifier.challenge();
        let request = Authorization {
            authority: Authority::Organizations,
            client_id: "11111111-2222-4333-8444-555555555555",
            redirect_uri: "https://id.contoso.com/oauth/callback/sign-in",
            scope: SIGN_IN_SCOPE,
            state: "a b&c=d",
            nonce: "n",
            challenge: &challenge,
            prompt: Prompt::SelectAccount,
            login_hint: Some("ada+x@contoso.com"),
        };

        let url = Url::parse(&request.url(&cloud()).unwrap()).unwrap();

        assert_eq!(url.origin().ascii_serialization(), "https://login.microsoftonline.com");
        assert_eq!(url.path(), "/organizations/oauth2/v2.0/authorize");
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let expected = [
            ("client_id", "11111111-2222-4333-8444-555555555555"),
            ("response_type", "code"),
            ("redirect_uri", "https://id.contoso.com/oauth/callback/sign-in"),
            ("response_mode", "query"),
            ("scope", "openid profile email"),
            ("state", "a b&c=d"),
            ("nonce", "n"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
            ("login_hint", "ada+x@contoso.com"),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn delegated_permissions_are_asked_for_at_graph_and_never_for_later() {
        let tenant = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();
        let challenge = Verifier::mint(&SystemEntropy).challenge();
        let names = ["Domain-InternalFederation.Read.All", "Domain.Read.All"];
        let request = Authorization {
            authority: Authority::Tenant(tenant),
            client_id: "c",
            redirect_uri: "https://id.contoso.com/oauth/callback/federation",
            scope: &cloud().delegated_scope(&names),
            state: "s",
            nonce: "n",
            challenge: &challenge,
            prompt: Prompt::SelectAccount,
            login_hint: None,
        };

        let url = Url::parse(&request.url(&cloud()).unwrap()).unwrap();

        assert_eq!(url.path(), format!("/{tenant}/oauth2/v2.0/authorize"));
        let scope = url.query_pairs().find(|(name, _)| name == "scope").unwrap().1.into_owned();
        assert_eq!(
            scope,
            "openid profile https://graph.microsoft.com/Domain-InternalFederation.Read.All \
             https://graph.microsoft.com/Domain.Read.All"
        );
        assert!(!scope.contains("offline_access"));
    }

    #[test]
    fn a_consent_names_the_tenant_and_the_scope_that_v2_demands() {
        let tenant = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();
        let consent = AdminConsent {
            authority: Authority::Tenant(tenant),
            client_id: "c",
            redirect_uri: "https://id.contoso.com/oauth/callback/consent",
            state: "s",
        };

        assert_eq!(
            consent.url(&cloud()).unwrap(),
            "https://login.microsoftonline.com/6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f/v2.0/adminconsent\
             ?client_id=c&redirect_uri=https%3A%2F%2Fid.contoso.com%2Foauth%2Fcallback%2Fconsent\
             &state=s&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        );
    }
}
