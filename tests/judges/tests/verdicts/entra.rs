//! The simulated Entra, from its own redirect to its own portal.

use async_trait::async_trait;
use judges::judge::MULTIPLE_AUTHN;
use judges::person::departure;
use judges::{Claims, Forger, Forgery, Judge, Person, Response, Site, Spot, Verdict, judge};
use reqwest::header::{ACCEPT, COOKIE};
use serde_json::Value;

/// A browser at Entra's site.
#[derive(Default)]
pub(super) struct Entra {
    cookie: String,
}

impl Entra {
    /// Posts the form and reads the answer.
    async fn post(&self, site: &Site, response: &Response) -> Value {
        let relay_state = response.relay_state.as_deref().unwrap();
        let fields = [("SAMLResponse", &*response.form_value), ("RelayState", relay_state)];
        let request = site.client().post(&response.action).form(&fields);
        let request = request.header(ACCEPT, "application/json").header(COOKIE, &self.cookie);
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[async_trait]
impl Judge for Entra {
    async fn request(&mut self, site: &Site, person: &Person) -> String {
        let (location, cookie) = departure(site, &person.upn).await;
        self.cookie = cookie;
        location
    }

    async fn hear(&mut self, site: &Site, response: &Response) -> Verdict {
        let answer = self.post(site, response).await;
        let who = &answer["signed_in"];
        let Some(upn) = who["user_principal_name"].as_str() else {
            return Verdict::Refused(answer.to_string());
        };
        assert_eq!(answer["code"], 0);
        assert_eq!(who["mfa"], "Federated Multi-Factor");
        let known = site.entra().users();
        let known = known.iter().find(|user| who["object_id"] == user.id.as_str()).unwrap();
        Verdict::Accepted(Some(Claims {
            anchor: known.on_premises_immutable_id.clone().unwrap(),
            upn: upn.to_owned(),
            context: who["authn_context_class"].as_str().unwrap().to_owned(),
        }))
    }

    fn refusal(&self, forgery: Forgery) -> Option<&'static str> {
        Some(match forgery {
            Forgery::Byte(Spot::Transform) => "\"AADSTS50008\"",
            Forgery::Byte(_) | Forgery::OtherKeyUnderOurCertificate => "\"AADSTS50006\"",
            Forgery::Unsigned => "no Signature stands directly after the Issuer",
            Forgery::OtherKey => "\"AADSTS5000811\"",
            Forgery::Expired => "NotOnOrAfter of the SubjectConfirmationData",
            Forgery::Early => "the Response was issued at",
            Forgery::OtherAudience => "Audience is",
            Forgery::OtherRequest => "InResponseTo of the Response is",
            Forgery::OtherRecipient => "Recipient of",
            Forgery::OtherIssuer => "\"AADSTS50107\"",
            Forgery::Wrapped => "the answer holds 2 assertions",
        })
    }
}

#[tokio::test]
async fn entra_signs_in_whoever_it_sent_and_nobody_by_a_forgery() {
    let site = Site::start().await;

    judge::trial(&site, &mut Entra::default()).await;

    site.close().await;
}

#[tokio::test]
async fn a_refused_forgery_costs_the_person_nothing_and_an_answer_counts_once() {
    let site = Site::start().await;
    let mut ada = Person::ada(&site).await;
    let forger = Forger::new(&site).await;
    let mut entra = Entra::default();
    let url = entra.request(&site, &ada).await;
    let honest = ada.answer(&url).await;

    let refused = entra.post(&site, &forger.forge(&honest, Forgery::Expired).await).await;
    let accepted = entra.post(&site, &honest).await;
    let again = entra.post(&site, &honest).await;

    assert_eq!(refused["code"], 500_089, "{refused}");
    assert_eq!(accepted["signed_in"]["authn_context_class"], MULTIPLE_AUTHN, "{accepted}");
    assert_eq!(again["reason"], "replay", "{again}");
    site.close().await;
}
