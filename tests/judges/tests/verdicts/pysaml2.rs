//! pysaml2, a service provider with the OASIS schemas.

use ambient::{Clock as _, SystemClock};
use async_trait::async_trait;
use judges::{Forgery, Judge, Person, Program, Response, Site, Spot, Verdict, judge};
use scenarios::Browser;
use scenarios::saml::AuthnRequest;
use serde_json::json;

struct Pysaml2(Program);

#[async_trait]
impl Judge for Pysaml2 {
    async fn request(&mut self, _: &Site, _: &Person) -> String {
        self.0.must("request", json!({}))["url"].as_str().unwrap().to_owned()
    }

    async fn hear(&mut self, _: &Site, response: &Response) -> Verdict {
        Verdict::of(&self.0.ask("response", json!({ "response": response.form_value })))
    }

    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        Some(match forgery {
            Forgery::Byte(Spot::Transform) => "Signature failed to meet constraints on xmldsig",
            Forgery::Byte(_) | Forgery::OtherKey | Forgery::OtherKeyUnderOurCertificate => {
                "Failed to verify signature"
            }
            Forgery::Unsigned => "Signature missing for assertion",
            Forgery::Expired => "ResponseLifetimeExceed",
            Forgery::Early => "ToEarly",
            Forgery::OtherAudience => "AudienceRestrictions conditions not satisfied",
            Forgery::OtherRequest => "UnsolicitedResponse",
            Forgery::OtherRecipient => "No valid recipient",
            Forgery::OtherIssuer => "MissingKey",
            Forgery::Wrapped => "Invalid number of assertions",
        })
    }
}

#[tokio::test]
async fn pysaml2_signs_in_whoever_answers_its_own_requests_and_nobody_by_a_forgery() {
    let site = Site::start().await;
    let mut program = Program::python("pysaml2_judge.py");
    program.must("start", site.federation());

    judge::trial(&site, &mut Pysaml2(program)).await;

    site.close().await;
}

#[tokio::test]
async fn the_schema_accepts_our_responses_and_no_element_out_of_its_place() {
    let site = Site::start().await;
    let mut ada = Person::ada(&site).await;
    let mut program = Program::python("pysaml2_judge.py");
    program.must("start", site.federation());
    let url = judges::person::departure(&site, &ada.upn).await.0;
    let xml = ada.answer(&url).await.xml;

    let passive = AuthnRequest {
        attributes: " IsPassive=\"true\"".to_owned(),
        ..AuthnRequest::new("_passive", SystemClock.now())
    };
    let declined = format!("{}?{}", site.sso_url(), passive.query("state"));
    let declined = Browser::new(&site.ready().base_url).visit(&declined).await;
    let declined = Response::of(&declined).xml;
    assert!(declined.contains("urn:oasis:names:tc:SAML:2.0:status:NoPassive"), "{declined}");

    program.must("schema", json!({ "xml": xml }));
    program.must("schema", json!({ "xml": declined }));
    for (from, to) in [
        ("<samlp:Status>", "<samlp:Status><samlp:Unknown/>"),
        (" Version=\"2.0\"", ""),
        (" ID=\"_", " ID=\"1"),
        ("</saml:Subject>", "</saml:Subject><saml:Subject/>"),
        ("Z\"", "\""),
    ] {
        let broken = xml.replacen(from, to, 1);
        assert_ne!(broken, xml, "{from}");
        let answer = program.ask("schema", json!({ "xml": broken }));
        // A local time is a valid `dateTime`: only the SAML rules want UTC.
        let expected = from != "Z\"";
        assert_eq!(answer.get("refused").is_some(), expected, "{from}: {answer}");
    }
    site.close().await;
}
