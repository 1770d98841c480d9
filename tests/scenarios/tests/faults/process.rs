//! The real function processes die while somebody waits: the gateway says so, and a fresh process
//! goes on.

use std::path::Path;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use local::build::{self, Build, Profile, Progress};
use local::invoke::Outcome;
use local::{Options, Seed, Stack};
use scenarios::saml::{AuthnRequest, between, decode};
use scenarios::wire::Upstreams;
use scenarios::{Authenticator, Browser, Effect, Fault, Page, Wire};
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long a call may take to be reached on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The stack with a wire between the functions and their services, and an administrator who has a
/// passkey.
struct Site {
    stack: Stack,
    wire: Wire,
    authenticator: Authenticator,
    asked: usize,
}

impl Site {
    async fn start() -> Self {
        let wire = Wire::unconnected().await;
        let stack = Stack::start(options(&wire)).await.unwrap();
        let ready = stack.ready();
        wire.connect(Upstreams {
            dynamodb: ready.dynamodb_endpoint.clone(),
            kms: ready.kms_endpoint.clone(),
            events: ready.eventbridge_endpoint.clone(),
            ses: ready.ses_endpoint.clone(),
        });
        let payload = json!({
            "action": "bootstrap", "organization": "Contoso", "domain": "contoso.test",
            "email": "admin@contoso.test",
        });
        let outcome = stack.invoke("OperatorFunction", payload).await;
        let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let mut authenticator = Authenticator::default();
        let mut browser = Browser::new(&ready.base_url);
        let page = browser.open_link(answer["enrolment_url"].as_str().unwrap()).await;
        let page = browser.register(&page, &mut authenticator).await;
        assert!(page.recovery_code().is_some(), "{}", page.text);
        Self { stack, wire, authenticator, asked: 0 }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.stack.ready().base_url)
    }

    /// Where a new request of Entra's leads.
    fn sso(&mut self) -> String {
        self.asked += 1;
        let request = AuthnRequest::new(&format!("_{}", self.asked), SystemClock.now());
        format!("/saml/contoso.test/sso?{}", request.query("state"))
    }

    /// Does something while a call of it stalls, kills the function there, and answers what the
    /// browser was told.
    async fn killed(&self, waiting: impl Future<Output = Page>) -> Page {
        let mut waiting = Box::pin(waiting);
        tokio::select! {
            page = &mut waiting => return page,
            () = self.wire.stalled() => {}
        }
        assert_eq!(self.stack.kill("LoginFunction").await, 1);
        self.wire.mend();
        timeout(PATIENCE, waiting).await.expect("the gateway answers")
    }
}

fn options(wire: &Wire) -> Options {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let how = Build {
        cargo: env!("CARGO").to_owned(),
        profile: Profile::Dev,
        progress: Progress::Hidden,
    };
    let functions = build::functions(&template, &how).unwrap();
    let endpoints = ["DYNAMODB", "KMS", "EVENTBRIDGE", "SESV2"];
    let variables =
        endpoints.map(|name| (format!("AWS_ENDPOINT_URL_{name}"), wire.url().to_owned()));
    let variables = variables.into_iter().collect();
    Options { seed: Seed::Empty, concurrency: 1, variables, ..Options::new(template, functions) }
}

/// The calls of a fresh process that opens a sign-in: operation, and how many of the same come
/// before.
const OPENING: [(&str, usize); 3] =
    [("GetItem", 0), ("BatchGetItem", 0), ("TransactWriteItems", 0)];
/// The calls of a fresh process that answers: whose the domain is, the facts, the key ring, the
/// signature, and the write that consumes the request.
const ANSWERING: [(&str, usize); 5] =
    [("GetItem", 0), ("BatchGetItem", 0), ("GetItem", 1), ("Sign", 0), ("TransactWriteItems", 0)];

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_in_the_middle_of_a_sign_in_costs_one_reload() {
    let mut site = Site::start().await;
    for effect in [Effect::Stall, Effect::StallAnswer] {
        for (operation, skip) in OPENING {
            let what = format!("{operation} {skip} {effect:?}");
            site.stack.kill("LoginFunction").await;
            let (mut browser, url) = (site.browser(), site.sso());
            site.wire.fault(Fault { operation, skip, times: 1, effect: effect.clone() });

            let died = site.killed(browser.get(&url)).await;
            let page = browser.visit(&url).await;

            assert_eq!(died.status, 502, "{what}: {}", died.text);
            let page = browser.sign_in(&page, &mut site.authenticator).await;
            assert!(page.answer().is_some(), "{what}: {}", page.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_over_an_answer_gives_it_once_or_never() {
    let mut site = Site::start().await;
    for effect in [Effect::Stall, Effect::StallAnswer] {
        for (operation, skip) in ANSWERING {
            let what = format!("{operation} {skip} {effect:?}");
            let (mut browser, url) = (site.browser(), site.sso());
            let page = browser.visit(&url).await;
            let base_url = site.stack.ready().base_url.clone();
            let response = site.authenticator.get(&page.options(), &base_url);
            let csrf = page.field("csrf").unwrap();
            let fields = [("csrf", csrf.as_str()), ("response", response.as_str())];
            site.stack.kill("LoginFunction").await;
            site.wire.fault(Fault { operation, skip, times: 1, effect: effect.clone() });

            let died = site.killed(browser.post(&page.action(), &fields)).await;
            let reloaded = browser.post(&page.action(), &fields).await;

            assert_eq!(died.status, 502, "{what}: {}", died.text);
            let consumed =
                operation == "TransactWriteItems" && matches!(effect, Effect::StallAnswer);
            if consumed {
                reloaded.assert_refused(410, &what);
            } else {
                assert!(reloaded.answer().is_some(), "{what}: {}", reloaded.text);
            }
            let (mut browser, url) = (site.browser(), site.sso());
            let page = browser.visit(&url).await;
            let page = browser.sign_in(&page, &mut site.authenticator).await;
            assert!(page.answer().is_some(), "{what}: begun anew: {}", page.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_does_not_come_is_counted_and_shown_with_the_number_of_the_request() {
    let mut site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.visit(&site.sso()).await;
    assert!(browser.sign_in(&page, &mut site.authenticator).await.answer().is_some());
    for code in ["ThrottlingException", "DisabledException", "KMSInvalidStateException"] {
        let before = counted(&site.stack);
        let effect = Effect::Refuse(400, code);
        site.wire.fault(Fault { operation: "Sign", skip: 0, times: usize::MAX, effect });
        let url = site.sso();

        let refused = browser.visit(&url).await;
        site.wire.mend();
        let reloaded = browser.visit(&url).await;

        refused.assert_refused(503, code);
        let number = between(&refused.text, "<code>", "</code>").expect("a number");
        assert!(number.len() > 5, "{code}: {number}");
        let logged = site.stack.log().iter().any(|line| line.text.contains(number));
        assert!(logged, "{code}: the log does not know {number}");
        assert_eq!(counted(&site.stack), before + 1, "{code}");
        let (_, response, _) = reloaded.answer().expect(code);
        assert!(decode(&response).contains("SignatureValue>"));
    }
}

/// How many lines count a signature that did not come.
fn counted(stack: &Stack) -> usize {
    let lines = stack.log();
    let metrics = lines.iter().filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
    let of_login = |line: &Value| {
        line["SigningFailed"] == 1
            && line["Function"] == "login"
            && line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Passerelle"
    };
    metrics.filter(of_login).count()
}
