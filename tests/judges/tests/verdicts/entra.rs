//! The simulated Entra, from its own redirect to its own portal.

use async_trait::async_trait;
use judges::judge::MULTIPLE_AUTHN;
use judges::person::departure;
use judges::{Claims, Forger, Forgery, Judge, Person, Response, Site, Verdict, judge};
use reqwest::header::{ACCEPT, COOKIE};
use serde_json::Value;

/// A browser at Entra's site.
#[derive(Default)]
struct Entra {
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

    fn is_blind_to(&self, _: Forgery) -> bool {
        false
    }
}

#[tokio::test]
async fn entra_signs_in_whoever_it_sent_and_nobody_by_a_forgery() {
    let site = Site::start().await;

    judge::trial(&site, &mut Entra::default()).await;

    site.close().await;
}

#[tokio::test]
async fn entra_says_of_each_forgery_what_is_wrong() {
    let site = Site::start().await;
    let mut ada = Person::ada(&site).await;
    let forger = Forger::new(&site).await;
    let mut entra = Entra::default();
    for (forgery, code) in [
        (Forgery::Byte("<saml:AttributeValue>"), 50006),
        (Forgery::OtherKey, 5_000_811),
        (Forgery::OtherKeyUnderOurCertificate, 50006),
        (Forgery::Expired, 500_089),
        (Forgery::OtherAudience, 500_089),
        (Forgery::OtherIssuer, 50107),
    ] {
        let url = entra.request(&site, &ada).await;
        let honest = ada.answer(&url).await;

        let refused = entra.post(&site, &forger.forge(&honest, forgery).await).await;
        let accepted = entra.post(&site, &honest).await;
        let again = entra.post(&site, &honest).await;

        assert_eq!(refused["code"], code, "{forgery:?}: {refused}");
        assert_eq!(accepted["signed_in"]["authn_context_class"], MULTIPLE_AUTHN, "{accepted}");
        assert_eq!(again["reason"], "replay", "{again}");
    }
    site.close().await;
}
