//! What a token endpoint is asked, RFC 6749 §4.1.3, §4.4.2.

use url::form_urlencoded;

use crate::{Cloud, Redacted, Verifier};

/// Who asks: our application, by an assertion that was signed for this very endpoint.
#[derive(Clone, Copy, Debug)]
pub struct ClientCredential<'a> {
    /// Our application's id.
    pub client_id: &'a str,
    /// What [`UnsignedAssertion::finish`](crate::UnsignedAssertion::finish) gave.
    pub assertion: &'a Redacted,
}

/// A form for the token endpoint.
#[derive(Clone, Debug)]
pub struct TokenForm(Redacted);

impl TokenForm {
    /// Asks for a token of our own, to speak to Microsoft Graph in the endpoint's tenant.
    pub fn client_credentials(credential: &ClientCredential<'_>, cloud: &Cloud) -> Self {
        Self::new(
            credential,
            &[("grant_type", "client_credentials"), ("scope", &cloud.graph_scope())],
        )
    }

    /// Redeems a code, once.
    pub fn authorization_code(
        credential: &ClientCredential<'_>,
        code: &Redacted,
        redirect_uri: &str,
        verifier: &Verifier,
    ) -> Self {
        Self::new(
            credential,
            &[
                ("grant_type", "authorization_code"),
                ("code", code.reveal()),
                ("redirect_uri", redirect_uri),
                ("code_verifier", verifier.reveal().reveal()),
            ],
        )
    }

    fn new(credential: &ClientCredential<'_>, grant: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", credential.client_id)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", credential.assertion.reveal())
            .extend_pairs(grant);
        Self(Redacted::new(form.finish()))
    }

    /// The body, as `application/x-www-form-urlencoded`.
    pub fn body(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    fn pairs(form: &TokenForm) -> Vec<(String, String)> {
        form_urlencoded::parse(form.body().as_bytes()).into_owned().collect()
    }

    #[test]
    fn both_grants_prove_the_client_by_its_assertion() {
        let assertion = Redacted::new("a.b.c".to_owned());
        let credential = ClientCredential { client_id: "c", assertion: &assertion };
        let cloud =
            Cloud::new("https://login.microsoftonline.com", "https://graph.microsoft.com").unwrap();
        let verifier = Verifier::mint(&SystemEntropy);
        let code = Redacted::new("0.&code".to_owned());

        let own = pairs(&TokenForm::client_credentials(&credential, &cloud));
        let redeemed =
            TokenForm::authorization_code(&credential, &code, "https://id/cb", &verifier);
        let redeemed = pairs(&redeemed);

        let client = [
            ("client_id", "c"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "a.b.c"),
        ];
        let expect = |grant: &[(&str, &str)]| -> Vec<(String, String)> {
            let all = client.iter().chain(grant);
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(
            own,
            expect(&[
                ("grant_type", "client_credentials"),
                ("scope", "https://graph.microsoft.com/.default"),
            ])
        );
        assert_eq!(
            redeemed,
            expect(&[
                ("grant_type", "authorization_code"),
                ("code", "0.&code"),
                ("redirect_uri", "https://id/cb"),
                ("code_verifier", verifier.reveal().reveal()),
            ])
        );
    }

    #[test]
    fn a_form_is_not_shown_by_a_log() {
        let assertion = Redacted::new("a.b.secret".to_owned());
        let credential = ClientCredential { client_id: "c", assertion: &assertion };
        let verifier = Verifier::mint(&SystemEntropy);
        let form = TokenForm::authorization_code(&credential, &assertion, "https://x", &verifier);

        assert!(!format!("{form:?} {credential:?}").contains("secret"));
    }
}
