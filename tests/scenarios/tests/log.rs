//! What the real functions write when their variables ask for everything: lines of JSON without
//! anybody's cookie, token, link, code or address.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ambient::{Clock as _, SystemClock, SystemEntropy};
use identity::{Anchor, User, UserId};
use local::build;
use local::invoke::Outcome;
use local::services::mail::Message;
use local::{Options, Seed, Stack};
use scenarios::saml::{AuthnRequest, between};
use scenarios::wire::Upstreams;
use scenarios::world::code_of;
use scenarios::{Authenticator, Browser, Effect, Fault, Page, Wire};
use serde_json::{Value, json};
use store::{Store, Table};

/// What whoever sets a function up might set to see more.
const LOUD: [(&str, &str); 4] = [
    ("RUST_LOG", "trace"),
    ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("RUST_BACKTRACE", "full"),
];

/// The functions, each behind a script that sets what the stack's own runtime would overrule; and
/// their template.
fn functions(folder: &Path) -> PathBuf {
    let (template, built) = build::tested(env!("CARGO")).unwrap();
    let exports = LOUD.map(|(name, value)| format!("export {name}={value}\n")).concat();
    for name in ["login", "operator", "directory", "scim"] {
        let (function, file) = (built.join(name), folder.join(name));
        let script = format!("#!/bin/sh\n{exports}exec '{}' \"$@\"\n", function.display());
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    }
    template
}

/// The stack, its functions' services behind a wire.
async fn start(folder: &Path) -> (Stack, Wire) {
    let template = functions(folder);
    let wire = Wire::unconnected().await;
    let mut options = Options { seed: Seed::Empty, ..Options::new(template, folder) };
    for service in ["DYNAMODB", "KMS", "EVENTBRIDGE", "SESV2"] {
        let name = format!("AWS_ENDPOINT_URL_{service}");
        options.variables.insert(name, wire.url().to_owned());
    }
    let stack = Stack::start(options).await.unwrap();
    let ready = stack.ready();
    wire.connect(Upstreams {
        dynamodb: ready.dynamodb_endpoint.clone(),
        kms: ready.kms_endpoint.clone(),
        events: ready.eventbridge_endpoint.clone(),
        ses: ready.ses_endpoint.clone(),
        s3: ready.s3_endpoint.clone(),
    });
    (stack, wire)
}

async fn operate(stack: &Stack, mut payload: Value) -> Value {
    payload["domain"] = json!("contoso.test");
    match stack.invoke("OperatorFunction", payload).await {
        Outcome::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A new request of Entra's, and where it leads.
fn sso(id: &str) -> String {
    let query = AuthnRequest::new(id, SystemClock.now()).query("a-relay-state");
    format!("/saml/contoso.test/sso?{query}&login_hint=grace%40contoso.test")
}

/// What nobody may read in a log.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn of(&mut self, browser: &Browser, page: &Page) {
        self.0.extend(page.hidden().into_iter().map(|(_, value)| value));
        self.0.extend(page.recovery_code());
        self.0
            .extend(browser.cookies.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
    }

    fn url(&mut self, url: &str) {
        let words = url.split(['/', '?', '&', '=']).filter(|word| word.len() > 20);
        self.0.extend(words.map(str::to_owned));
    }
}

/// Somebody with a personal address, and the mail that follows.
async fn grace(stack: &Stack, organization: &Value) {
    let ready = stack.ready();
    let aws = scenarios::world::aws(&ready.dynamodb_endpoint).await;
    let store = Store::new(Table::new(&aws, ready.table.clone()));
    let id = UserId::mint(&SystemEntropy);
    let name = "grace@contoso.test".parse().unwrap();
    let mut user = User::new(id, name, "Grace Hopper".to_owned(), SystemClock.now());
    user.anchor = Some(Anchor::of(id));
    user.personal_email = Some("grace@personal.test".parse().unwrap());
    let organization = organization.as_str().unwrap().parse().unwrap();
    store.create_user(organization, &user).await.unwrap();
}

async fn mailed(stack: &Stack) -> Message {
    stack.outbox().wait_for(|mail| mail.to == "grace@personal.test").await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_makes_a_function_log_more_than_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, wire) = start(folder.path()).await;
    let asked = json!({
        "action": "bootstrap", "organization": "Contoso", "email": "admin@contoso.test",
    });
    let bootstrap = operate(&stack, asked).await;
    grace(&stack, &bootstrap["organization"]).await;
    let mut secrets = Secrets::default();
    for known in ["grace", "Grace", "admin@", "@contoso.test", "personal.test", "a-relay-state"] {
        secrets.0.push(known.to_owned());
    }
    let mut browser = Browser::new(&stack.ready().base_url);
    let mut authenticator = Authenticator::default();

    // By a link, whose token is in the address.
    let link = bootstrap["enrolment_url"].as_str().unwrap();
    secrets.url(link);
    let page = browser.open_link(link).await;
    secrets.of(&browser, &page);
    let page = browser.register(&page, &mut authenticator).await;
    secrets.of(&browser, &page);
    // By a code.
    let mut other = Browser::new(&stack.ready().base_url);
    let page = other.begin_enrolment(&sso("_code")).await;
    let page = other.submit(&page, &[("address", "grace@contoso.test")]).await;
    secrets.of(&other, &page);
    let code = code_of(&mailed(&stack).await);
    let page = other.submit(&page, &[("code", &code)]).await;
    let page = other.register(&page, &mut Authenticator::default()).await;
    secrets.of(&other, &page);
    secrets.0.push(code);
    // By the passkey; and by the session, after KMS and the table failed.
    let url = sso("_passkey");
    secrets.url(&url);
    let mut third = Browser::new(&stack.ready().base_url);
    let page = third.visit(&url).await;
    secrets.url(&page.action());
    secrets.of(&third, &page);
    let response = authenticator.get(&page.options(), &stack.ready().base_url);
    secrets.0.push(between(&response, "\"signature\":\"", "\"").unwrap().to_owned());
    let page = third.submit(&page, &[("response", &response)]).await;
    assert!(page.answer().is_some(), "{}", page.text);
    secrets.of(&third, &page);
    let failing = [("Sign", "DisabledException"), ("TransactWriteItems", "AccessDeniedException")];
    for (operation, code) in failing {
        let effect = Effect::Refuse(400, code);
        wire.fault(Fault { operation, skip: 0, times: usize::MAX, effect });
        other.visit(&sso(operation)).await.assert_refused(503, operation);
        wire.mend_spent(operation);
    }
    let page = other.visit(&sso("_silent")).await;
    assert!(page.answer().is_some(), "{}", page.text);
    secrets.of(&other, &page);

    let lines = stack.log();
    let of_login = lines.iter().filter(|line| line.function == "LoginFunction");
    let of_login = of_login.map(|line| &*line.text).collect::<Vec<_>>();
    let parsed = of_login.iter().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let parsed = parsed.collect::<Vec<_>>();
    assert!(parsed.iter().any(|line| line["SigningFailed"] == 1), "{of_login:?}");
    let errors = parsed.iter().filter(|line| line["level"] == "ERROR").count();
    assert_eq!(errors, 2, "one for each that failed: {of_login:?}");
    for line in &parsed {
        let metric = line.get("_aws").is_some();
        assert!(metric || ["ERROR", "WARN", "INFO"].iter().any(|level| line["level"] == *level));
    }
    let secrets = secrets.0.iter().filter(|secret| secret.len() >= 5).collect::<Vec<_>>();
    assert!(secrets.len() > 30, "{secrets:?}");
    for line in &lines {
        for secret in &secrets {
            assert!(!line.text.contains(secret.as_str()), "{secret} in {}", line.text);
        }
    }
    stack.stop().await;
}
