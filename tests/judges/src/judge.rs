//! How a judge is heard.

use async_trait::async_trait;

use crate::forgery::{FORGERIES, Forger, Forgery};
use crate::person::HOSTILE;
use crate::{Person, Response, Site};

/// The context class that Entra takes as MFA.
pub const MULTIPLE_AUTHN: &str = "http://schemas.microsoft.com/claims/multipleauthn";

/// A program that we did not write, and that judges our responses.
#[async_trait]
pub trait Judge {
    /// Where it sends somebody who signs in.
    async fn request(&mut self, site: &Site, person: &Person) -> String;

    /// What it says of a response.
    async fn hear(&mut self, site: &Site, response: &Response) -> Verdict;

    /// What it says of a forgery, or nothing where it has no way to see it: a judge of signatures
    /// sees no more than those.
    fn refusal(&self, forgery: Forgery) -> Option<&'static str>;
}

/// What a judge says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The person is signed in, with these claims if it reads any.
    Accepted(Option<Claims>),
    /// Nobody is, for this reason.
    Refused(String),
}

/// What a judge read out of what was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claims {
    /// The subject.
    pub anchor: String,
    /// The attribute `IDPEmail`.
    pub upn: String,
    /// How the person signed in.
    pub context: String,
}

impl Claims {
    /// What it must have read of somebody.
    pub fn of(person: &Person) -> Self {
        let context = MULTIPLE_AUTHN.to_owned();
        Self { anchor: person.anchor.clone(), upn: person.upn.clone(), context }
    }
}

impl Verdict {
    /// Reads the answer of a [`Program`](crate::Program).
    pub fn of(answer: &serde_json::Value) -> Self {
        if let Some(reason) = answer.get("refused") {
            return Self::Refused(reason.as_str().unwrap().to_owned());
        }
        let claim = |name: &str| answer[name].as_str().map(str::to_owned);
        let claims = claim("anchor").zip(claim("upn")).zip(claim("context"));
        Self::Accepted(claims.map(|((anchor, upn), context)| Claims { anchor, upn, context }))
    }

    fn check(&self, person: &Person, what: &str) {
        match self {
            Self::Accepted(None) => {}
            Self::Accepted(Some(claims)) => assert_eq!(claims, &Claims::of(person), "{what}"),
            Self::Refused(reason) => panic!("{what} of {} was refused: {reason}", person.upn),
        }
    }
}

/// Hears a judge: whoever signs in is accepted under their own name, by the passkey and by the
/// session; each forgery is refused, unless the judge cannot see it, and never changes the name.
pub async fn trial(site: &Site, judge: &mut dyn Judge) {
    let mut ada = Person::ada(site).await;
    accepts(site, judge, &mut ada).await;
    for (upn, anchor) in HOSTILE {
        accepts(site, judge, &mut Person::hired(site, upn, anchor).await).await;
    }
    let forger = Forger::new(site).await;
    for forgery in FORGERIES {
        let url = judge.request(site, &ada).await;
        let honest = ada.answer(&url).await;
        let forged = forger.forge(&honest, forgery).await;
        assert_ne!(forged.xml, honest.xml, "{forgery:?}");

        let verdict = judge.hear(site, &forged).await;

        match (judge.refusal(forgery), &verdict) {
            (Some(why), Verdict::Refused(reason)) => {
                assert!(reason.contains(why), "{forgery:?} was refused, but as {reason}");
            }
            (Some(_), Verdict::Accepted(_)) => panic!("{forgery:?} was accepted"),
            (None, _) => verdict.check(&ada, "a forgery that it cannot see"),
        }
    }
    // Signed anew with nothing changed: so it was the lie that was refused, not the forger.
    let url = judge.request(site, &ada).await;
    let honest = ada.answer(&url).await;
    judge.hear(site, &forger.sign_again(&honest).await).await.check(&ada, "signed again");
    accepts(site, judge, &mut ada).await;
}

async fn accepts(site: &Site, judge: &mut dyn Judge, person: &mut Person) {
    for how in ["by the passkey", "by the session"] {
        let url = judge.request(site, person).await;
        let response = person.answer(&url).await;
        assert_eq!(response.action, site.reply_url());
        judge.hear(site, &response).await.check(person, how);
    }
}
