//! The whole stack with a wire between the functions and their services.

use std::time::Duration;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use identity::{Anchor, OrganizationId, User, UserId};
use local::build;
use local::invoke::Outcome;
use local::services::mail::Message;
use local::{Options, Seed, Stack};
use scenarios::saml::AuthnRequest;
use scenarios::wire::Upstreams;
use scenarios::{Authenticator, Browser, Page, Wire};
use serde_json::{Value, json};
use store::{Store, Table};
use tokio::time::timeout;

/// How long a call may take to be reached on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The stack with a wire between the functions and their services, and an administrator who has a
/// passkey.
pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) wire: Wire,
    pub(crate) administrator: Authenticator,
    pub(crate) base_url: String,
    /// The table, without the wire.
    pub(crate) store: Store,
    pub(crate) organization: OrganizationId,
    /// How many items of the outbox wait for the sweep.
    pub(crate) stuck: usize,
    asked: usize,
    users: usize,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let wire = Wire::unconnected().await;
        let stack = Stack::start(options(&wire)).await.unwrap();
        let ready = stack.ready();
        wire.connect(Upstreams {
            dynamodb: ready.dynamodb_endpoint.clone(),
            kms: ready.kms_endpoint.clone(),
            events: ready.eventbridge_endpoint.clone(),
            ses: ready.ses_endpoint.clone(),
            s3: ready.s3_endpoint.clone(),
        });
        let payload = json!({
            "action": "bootstrap", "organization": "Contoso", "domain": "contoso.test",
            "email": "admin@contoso.test",
        });
        let answer = invoke(&stack, payload).await;
        let mut administrator = Authenticator::default();
        let base_url = ready.base_url.clone();
        let mut browser = Browser::new(&base_url);
        let page = browser.open_link(answer["enrolment_url"].as_str().unwrap()).await;
        let page = browser.register(&page, &mut administrator).await;
        assert!(page.recovery_code().is_some(), "{}", page.text);
        let aws = scenarios::world::aws(&ready.dynamodb_endpoint).await;
        let store = Store::new(Table::new(&aws, ready.table.clone()));
        let organization = answer["organization"].as_str().unwrap().parse().unwrap();
        Self {
            stack,
            wire,
            administrator,
            base_url,
            store,
            organization,
            stuck: 0,
            asked: 0,
            users: 0,
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.base_url)
    }

    /// A new request of Entra's.
    pub(crate) fn request(&mut self) -> AuthnRequest {
        self.asked += 1;
        AuthnRequest::new(&format!("_{}", self.asked), SystemClock.now())
    }

    /// Somebody new with a personal address.
    pub(crate) async fn user(&mut self) -> User {
        self.users += 1;
        let (id, name) = (UserId::mint(&SystemEntropy), format!("user-{}", self.users));
        let user_name = format!("{name}@contoso.test").parse().unwrap();
        let mut user = User::new(id, user_name, name.clone(), SystemClock.now());
        user.anchor = Some(Anchor::of(id));
        user.personal_email = Some(format!("{name}@personal.test").parse().unwrap());
        self.store.create_user(self.organization, &user).await.unwrap();
        user
    }

    /// A one-time link for somebody.
    pub(crate) async fn link(&self, user: &User) -> String {
        let email = user.user_name.as_str();
        let payload = json!({ "action": "invite", "domain": "contoso.test", "email": email });
        invoke(&self.stack, payload).await["enrolment_url"].as_str().unwrap().to_owned()
    }

    /// The mails to somebody's personal address, newest first.
    pub(crate) fn mails(&self, user: &User) -> Vec<Message> {
        let to = user.personal_email.as_ref().unwrap().as_str();
        let mut mails = self.stack.outbox().messages();
        mails.retain(|mail| mail.to == to);
        mails
    }

    /// Waits until no function is at anything.
    pub(crate) async fn quiet(&self) {
        let quiet = async { while self.waiting().await > self.stuck {} };
        timeout(PATIENCE, quiet).await.expect("the outbox is empty");
    }

    /// How many items wait in the outbox.
    pub(crate) async fn waiting(&self) -> usize {
        let later = SystemClock.now() + jiff::SignedDuration::from_hours(1);
        let prompt = self.store.due_outbox(100, later).await.unwrap();
        let long = self.store.due_long_outbox(100, later).await.unwrap();
        prompt.len() + long.len()
    }

    /// Does something until a call stalls, kills the function there, and answers what the browser
    /// was told.
    pub(crate) async fn killed(&self, waiting: impl Future<Output = Page>) -> Page {
        let mut waiting = Box::pin(waiting);
        tokio::select! {
            page = &mut waiting => {
                self.wire.mend();
                return page;
            }
            () = self.wire.stalled() => {}
        }
        self.stack.kill("LoginFunction").await;
        self.wire.mend();
        timeout(PATIENCE, waiting).await.expect("the gateway answers")
    }
}

async fn invoke(stack: &Stack, payload: Value) -> Value {
    let outcome = stack.invoke("OperatorFunction", payload).await;
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    serde_json::from_slice(&answer).unwrap()
}

fn options(wire: &Wire) -> Options {
    let (template, functions) = build::tested(env!("CARGO")).unwrap();
    let endpoints = ["DYNAMODB", "KMS", "EVENTBRIDGE", "SESV2"];
    let variables =
        endpoints.map(|name| (format!("AWS_ENDPOINT_URL_{name}"), wire.url().to_owned()));
    let variables = variables.into_iter().collect();
    Options { seed: Seed::Empty, concurrency: 1, variables, ..Options::new(template, functions) }
}
