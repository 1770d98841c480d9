//! node-saml, a service provider that remembers its requests.

use async_trait::async_trait;
use judges::{Forgery, Judge, Person, Program, Response, Site, Verdict, judge};
use serde_json::json;

pub(super) struct NodeSaml(pub(super) Program);

impl NodeSaml {
    pub(super) fn start(site: &Site) -> Self {
        let mut program = Program::node("node_saml.js");
        program.must("start", site.federation());
        Self(program)
    }
}

#[async_trait]
impl Judge for NodeSaml {
    async fn request(&mut self, _: &Site, _: &Person) -> String {
        self.0.must("request", json!({}))["url"].as_str().unwrap().to_owned()
    }

    async fn hear(&mut self, _: &Site, response: &Response) -> Verdict {
        Verdict::of(&self.0.ask("response", json!({ "response": response.form_value })))
    }

    /// It compares neither the recipient nor, in a response, the issuer.
    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        match forgery {
            Forgery::Byte(_)
            | Forgery::Unsigned
            | Forgery::OtherKey
            | Forgery::OtherKeyUnderOurCertificate => Some("Invalid signature"),
            Forgery::Expired => Some("No valid subject confirmation"),
            Forgery::Early => Some("SAML assertion not yet valid"),
            Forgery::OtherAudience => Some("SAML assertion audience mismatch"),
            Forgery::OtherRequest => Some("InResponseTo is not valid"),
            Forgery::OtherRecipient | Forgery::OtherIssuer => None,
            Forgery::Wrapped => Some("multiple assertions"),
        }
    }
}

#[tokio::test]
async fn node_saml_signs_in_whoever_answers_its_own_requests_and_nobody_by_a_forgery() {
    let site = Site::start().await;
    let mut node_saml = NodeSaml::start(&site);

    judge::trial(&site, &mut node_saml).await;

    site.close().await;
}

#[tokio::test]
async fn node_saml_takes_an_answer_once() {
    let site = Site::start().await;
    let mut node_saml = NodeSaml::start(&site);
    let mut ada = Person::ada(&site).await;
    let url = node_saml.request(&site, &ada).await;
    let response = ada.answer(&url).await;

    let first = node_saml.hear(&site, &response).await;
    let second = node_saml.hear(&site, &response).await;

    assert!(matches!(first, Verdict::Accepted(_)), "{first:?}");
    assert!(matches!(second, Verdict::Refused(_)), "{second:?}");
    site.close().await;
}
