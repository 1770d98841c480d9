//! The local stack with release functions, and people who can sign in.

use std::path::Path;

use local::invoke::Outcome;
use local::{Options, Stack};
use scenarios::{Authenticator, Browser};
use serde_json::{Value, json};

use crate::Failure;
use crate::answer::{check, question};

/// Demo users who have an anchor, one per connection.
const PEOPLE: [&str; 3] = ["ada@contoso.test", "grace@contoso.test", "alan@contoso.test"];
/// The function that signs in.
pub(crate) const LOGIN: &str = "LoginFunction";

/// A running stack.
pub(crate) struct Account {
    pub(crate) stack: Stack,
    pub(crate) people: Vec<Person>,
}

/// Somebody with a passkey and a session.
pub(crate) struct Person {
    pub(crate) browser: Browser,
    pub(crate) authenticator: Authenticator,
}

impl Account {
    /// Starts everything and lets the demo users enrol.
    pub(crate) async fn start(template: &Path, functions: &Path) -> Result<Self, Failure> {
        Self::with(Options::new(template, functions)).await
    }

    /// The same, of a stack that is started in another way.
    pub(crate) async fn with(options: Options) -> Result<Self, Failure> {
        let stack = Stack::start(options).await?;
        let mut account = Self { stack, people: Vec::new() };
        // The administrator is let in by bootstrap alone.
        let mut links = vec![account.stack.ready().bootstrap_url.clone()];
        for upn in PEOPLE {
            links.push(account.invite(upn).await?);
        }
        for link in links {
            let mut person = Person {
                browser: Browser::new(&account.stack.ready().base_url),
                authenticator: Authenticator::default(),
            };
            let page = person.browser.open_link(&link).await;
            person.browser.register(&page, &mut person.authenticator).await;
            person.sign_in(&account.sso_path()).await?;
            account.people.push(person);
        }
        Ok(account)
    }

    /// Where Entra sends the browser, without the host.
    pub(crate) fn sso_path(&self) -> String {
        let ready = self.stack.ready();
        ready.sso_url.trim_start_matches(&ready.base_url).to_owned()
    }

    /// The processes that sign in.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.stack.processes(LOGIN)
    }

    pub(crate) async fn stop(self) {
        self.stack.stop().await;
    }

    /// Asks the operator for something, of the demo organization.
    pub(crate) async fn operate(&self, action: &str, asked: Value) -> Result<Value, Failure> {
        let mut payload = json!({ "action": action, "domain": self.stack.ready().domain });
        if let (Some(payload), Value::Object(asked)) = (payload.as_object_mut(), asked) {
            payload.extend(asked);
        }
        match self.stack.invoke("OperatorFunction", payload).await {
            Outcome::Answered(answer) => Ok(serde_json::from_slice(&answer)?),
            outcome => Err(format!("the operator refused to {action}: {outcome:?}").into()),
        }
    }

    /// A one-time link, as the operator hands it out.
    async fn invite(&self, upn: &str) -> Result<String, Failure> {
        let answer = self.operate("invite", json!({ "email": upn })).await?;
        let link = answer.get("enrolment_url").and_then(Value::as_str);
        Ok(link.ok_or("an invitation without a link")?.to_owned())
    }
}

impl Person {
    /// A sign-in that the session answers: one request.
    pub(crate) async fn sign_in_silently(&mut self, sso: &str) -> Result<(), Failure> {
        let (id, query) = question();
        let page = self.browser.get(&format!("{sso}?{query}")).await;
        check(&page.text, &id)
    }

    /// A sign-in with the passkey, in a browser without a session: the page, then the answer.
    pub(crate) async fn sign_in(&mut self, sso: &str) -> Result<(), Failure> {
        self.browser.cookies.clear();
        let (id, query) = question();
        let page = self.browser.get(&format!("{sso}?{query}")).await;
        let page = self.browser.sign_in(&page, &mut self.authenticator).await;
        check(&page.text, &id)
    }
}
