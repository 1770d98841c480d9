//! xmlsec1 and signxml, who look at the signature alone.

use async_trait::async_trait;
use judges::program::run;
use judges::{Forgery, Judge, Person, Program, Response, Site, Spot, Verdict, judge};

/// Entra sends people; these judges have no requests of their own.
async fn ask(site: &Site, person: &Person) -> String {
    judges::person::departure(site, &person.upn).await.0
}

/// The command-line tool of the XML Security Library.
pub(super) struct Xmlsec1;

#[async_trait]
impl Judge for Xmlsec1 {
    async fn request(&mut self, site: &Site, person: &Person) -> String {
        ask(site, person).await
    }

    async fn hear(&mut self, site: &Site, response: &Response) -> Verdict {
        let certificate = site.file("certificate.pem", &site.certificate);
        let file = site.file("response.xml", &response.xml);
        let output = run(
            "xmlsec1",
            "xmlsec1",
            &[
                "--verify",
                "--enabled-reference-uris",
                "same-doc",
                "--pubkey-cert-pem",
                &certificate,
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
                &file,
            ],
        );
        if output.status.success() {
            Verdict::Accepted(None)
        } else {
            Verdict::Refused(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        match forgery {
            Forgery::Byte(Spot::Signature)
            | Forgery::OtherKey
            | Forgery::OtherKeyUnderOurCertificate => Some("signature verification failed"),
            Forgery::Byte(Spot::Transform) => Some("xmlSecTransformIdListFindByHref"),
            Forgery::Byte(_) => Some("data and digest do not match"),
            Forgery::Unsigned => Some("failed to find default node with name=\"Signature\""),
            _ => None,
        }
    }
}

struct Signxml(Program);

#[async_trait]
impl Judge for Signxml {
    async fn request(&mut self, site: &Site, person: &Person) -> String {
        ask(site, person).await
    }

    async fn hear(&mut self, _: &Site, response: &Response) -> Verdict {
        let asked = serde_json::json!({ "response": response.form_value });
        Verdict::of(&self.0.ask("response", asked))
    }

    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        match forgery {
            // It looks at the signature first, then at the digest.
            Forgery::Byte(Spot::Digest | Spot::Signature | Spot::Transform)
            | Forgery::OtherKey
            | Forgery::OtherKeyUnderOurCertificate => Some("InvalidSignature"),
            Forgery::Byte(_) => Some("InvalidDigest"),
            Forgery::Unsigned => Some("Expected to find XML element Signature"),
            _ => None,
        }
    }
}

#[tokio::test]
async fn xmlsec1_accepts_every_signature_and_refuses_every_forged_one() {
    let site = Site::start().await;

    judge::trial(&site, &mut Xmlsec1).await;

    site.close().await;
}

#[tokio::test]
async fn signxml_accepts_every_signature_and_refuses_every_forged_one() {
    let site = Site::start().await;
    let mut program = Program::python("signxml_judge.py");
    program.must("start", site.federation());

    judge::trial(&site, &mut Signxml(program)).await;

    site.close().await;
}
