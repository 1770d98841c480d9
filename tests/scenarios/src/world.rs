//! The functions in this process, by a clock that a story turns, with the account around them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region};
use axum::extract::Request;
use axum::serve;
use bytes::Bytes;
use entra_sim::{
    Delivery, Domain, InternalDomainFederation, PromptLoginBehavior, Settings, Simulator,
};
use identity::{Anchor, Block, OrganizationId, OutboxId, User, UserId, UserName};
use jiff::{SignedDuration, Timestamp};
use lambda_http::RequestExt as _;
use local::database::LocalDatabase;
use local::invoke::{Invoke, Outcome};
use local::services::mail::{MailAccount, Message};
use local::services::{Config, Deliveries, Listeners, Ports, Services, Timing};
use local::template::{Context, Model};
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry, OutboxItem, Store, Table};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::saml::AuthnRequest;
use crate::wire::{Seen, Upstreams};
use crate::{Browser, TestClock, Wire, exchanges};

/// The domain of the organization that every world has.
pub const DOMAIN: &str = "contoso.test";
/// Where Entra takes answers.
pub const REPLY_URL: &str = "https://entra.test/login.srf";
/// The number that every request to the site has.
pub const SITE_REQUEST: &str = "site-request";
/// The application that reads users.
pub const READER: &str = "11111111-2222-4333-8444-555555555555";
/// The application that changes users.
pub const WRITER: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";
/// The application by which an administrator looks at the federation of domains.
pub const FEDERATION: &str = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff";
const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "123456789012";

/// An account with one organization in it.
pub struct World {
    /// Turned by the story; the account's own services go by the real one.
    pub clock: Arc<TestClock>,
    /// Between `login` and its services.
    pub login: Wire,
    /// Between `operator` and its services.
    pub operator: Wire,
    /// Between `directory` and its services.
    pub directory: Wire,
    /// Between `scim` and its services.
    pub scim: Wire,
    /// Between `oauth` and its services, Microsoft apart.
    pub oauth: Wire,
    /// Between `notifications` and its services.
    pub notifications: Wire,
    /// Between `offboarding` and its services; [`dispatch`](Self::dispatch) is its bus.
    pub offboarding: Wire,
    /// What stands for Microsoft; its clock is set by [`agree`](Self::agree).
    pub microsoft: Simulator,
    /// Our site.
    pub base_url: String,
    /// The organization.
    pub organization: OrganizationId,
    /// What bootstrap answered.
    pub bootstrap: Value,
    /// Each function's variables.
    pub environments: BTreeMap<String, BTreeMap<String, String>>,
    /// The table, without a wire.
    pub store: Store,
    /// The login function, without a socket before it.
    pub(crate) router: axum::Router,
    /// The table, without any code of ours.
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) table: String,
    pub(crate) operator_config: operator::Config,
    /// Whether events reach nobody.
    pub(crate) is_mute: bool,
    functions: Arc<Functions>,
    services: Services,
    _database: LocalDatabase,
    _folder: TempDir,
}

/// The functions that events and queues invoke.
struct Functions {
    operator: operator::App,
    directory: directory::App,
    offboarding: offboarding::App,
}

#[async_trait]
impl Invoke for Functions {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        let answer = match function {
            "OperatorFunction" => {
                let payload = serde_json::from_slice(&payload).unwrap();
                let answer = self.operator.carry_out(payload, "operator-request").await;
                answer.map_err(|error| json!({ "errorType": error.error_type, "errorMessage": error.error_message }))
            }
            "DirectoryFunction" => {
                let event = serde_json::from_slice(&payload).unwrap();
                let answer = self.directory.carry_out(event, "directory-request").await;
                let answer = answer.map(|reply| serde_json::to_value(reply).unwrap());
                answer.map_err(
                    |error| json!({ "errorType": "Failure", "errorMessage": error.to_string() }),
                )
            }
            "OffboardingFunction" => {
                let event = serde_json::from_slice(&payload).unwrap();
                let answer = self.offboarding.carry_out(event, "offboarding-request").await;
                let answer = answer.map(|dispatched| serde_json::to_value(dispatched).unwrap());
                answer.map_err(
                    |error| json!({ "errorType": "Failure", "errorMessage": error.to_string() }),
                )
            }
            other => panic!("no function is called {other}"),
        };
        match answer {
            Ok(answer) => Outcome::Answered(answer.to_string().into()),
            Err(error) => Outcome::Failed(error.to_string().into()),
        }
    }
}

/// Functions that are there only once the services are.
struct Later(tokio::sync::OnceCell<Arc<Functions>>);

#[async_trait]
impl Invoke for Later {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        match self.0.get() {
            Some(functions) => functions.invoke(function, payload).await,
            None => Outcome::Throttled,
        }
    }
}

impl World {
    /// An account whose events arrive once.
    pub async fn start() -> Self {
        Self::with(Deliveries::Once).await
    }

    /// An account whose events reach nobody: what is due the story brings, or a sweep, so that it knows which
    /// calls are whose.
    pub async fn mute() -> Self {
        Self::build(Deliveries::Once, false, true).await
    }

    /// An account whose organization's domain is federated in the simulated tenant, which takes its
    /// answers.
    pub async fn federated() -> Self {
        let world = Self::build(Deliveries::Once, true, false).await;
        let text = |name: &str| world.bootstrap[name].as_str().unwrap().to_owned();
        let federation = InternalDomainFederation {
            display_name: "Contoso".to_owned(),
            issuer_uri: text("issuer_uri"),
            passive_sign_in_uri: text("sso_url"),
            sign_out_uri: text("slo_url"),
            signing_certificate: text("certificate_base64"),
            prompt_login_behavior: PromptLoginBehavior::Disabled,
            ..InternalDomainFederation::default()
        };
        world.microsoft.federate(Domain::named(DOMAIN), federation).unwrap();
        world
    }

    /// An account whose events arrive as often as said.
    pub async fn with(deliveries: Deliveries) -> Self {
        Self::build(deliveries, false, false).await
    }

    async fn build(deliveries: Deliveries, answers_microsoft: bool, is_mute: bool) -> Self {
        let clock = Arc::new(TestClock::at("2026-03-02T09:00:00Z"));
        let folder = tempfile::tempdir().unwrap();
        let site = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://localhost:{}", site.local_addr().unwrap().port());
        let listeners = Listeners::bind(Ports::default()).await.unwrap();
        let endpoints = listeners.endpoints();
        let settings = Settings { exchanges: exchanges(), ..Settings::default() };
        let microsoft = Simulator::start(settings).unwrap();
        // A story that is about notices turns them on.
        microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
        let taken = microsoft.login_srf_url();
        let reply_url = if answers_microsoft { &taken } else { REPLY_URL };
        let model = model_at(&base_url, &endpoints.sqs, &microsoft.url(), reply_url);
        let functions = model.functions.iter();
        let environments =
            functions.map(|(id, function)| (id.clone(), function.environment.clone()));
        let environments = environments.collect::<BTreeMap<_, _>>();
        let environment = |function: &str| environments[function].clone();
        let oauth_env = environment("OauthFunction");
        let notifications_env = environment("NotificationsFunction");
        let offboarding_env = environment("OffboardingFunction");
        let (login_env, scim_env, operator_env, directory_env) = (
            environment("LoginFunction"),
            environment("ScimFunction"),
            environment("OperatorFunction"),
            environment("DirectoryFunction"),
        );
        let mut tables = model.tables.clone();
        for table in &mut tables {
            // It goes by the real clock; and whatever is past its end must be refused all the same.
            table.ttl_attribute = None;
        }
        let database = LocalDatabase::start(None, &tables).await.unwrap();
        let upstreams = Upstreams {
            dynamodb: database.endpoint().to_owned(),
            kms: endpoints.kms.clone(),
            events: endpoints.eventbridge.clone(),
            ses: endpoints.ses.clone(),
            s3: endpoints.s3.clone(),
        };
        let later = Arc::new(Later(tokio::sync::OnceCell::new()));
        let config = Config {
            model,
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            data_dir: folder.path().to_owned(),
            functions: later.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            timing: Timing::default(),
            deliveries,
            mail_account: MailAccount::default(),
        };
        let services = Services::start(config, listeners).await.unwrap();

        let events = crate::mute::start().await;
        let unheard = Upstreams { events, ..upstreams.clone() };
        let upstreams = if is_mute { unheard.clone() } else { upstreams };
        let [login, scim, oauth, notifications, operator, directory] = [
            Wire::start(upstreams.clone()).await,
            Wire::start(upstreams.clone()).await,
            Wire::start(upstreams.clone()).await,
            Wire::start(upstreams.clone()).await,
            Wire::start(upstreams.clone()).await,
            Wire::start(upstreams).await,
        ];
        let offboarding = Wire::start(unheard).await;
        let entropy = Arc::new(SystemEntropy);
        let table = login_env["TABLE"].clone();
        let operator_config = operator::Config::read(operator_env).unwrap();
        let functions = Arc::new(Functions {
            operator: operator::App::with(
                &aws(operator.url()).await,
                operator_config.clone(),
                clock.clone(),
                entropy.clone(),
            ),
            directory: directory::App::with(
                &aws(directory.url()).await,
                directory::Config::read(directory_env).unwrap(),
                clock.clone(),
                entropy.clone(),
            )
            .unwrap(),
            offboarding: offboarding::App::with(
                &aws(offboarding.url()).await,
                offboarding::Config::read(offboarding_env).unwrap(),
                clock.clone(),
            ),
        });
        assert!(later.0.set(functions.clone()).is_ok());
        let app = login::App::with(
            &aws(login.url()).await,
            login::Config::read(login_env).unwrap(),
            clock.clone(),
            entropy.clone(),
        );
        let router = login::router(app);
        let app = scim_function::App::with(
            &aws(scim.url()).await,
            scim_function::Config::read(scim_env).unwrap(),
            clock.clone(),
            entropy.clone(),
        );
        let connecting = oauth::App::with(
            &aws(oauth.url()).await,
            oauth::Config::read(oauth_env).unwrap(),
            clock.clone(),
            entropy,
        );
        let connecting = oauth::router(connecting.unwrap());
        let hearing = notifications::App::with(
            &aws(notifications.url()).await,
            notifications::Config::read(notifications_env).unwrap(),
            clock.clone(),
        );
        let hearing = notifications::router(hearing);
        // As the API routes them.
        let [people, clients] = [router.clone(), scim_function::router(app)];
        let served = axum::Router::new().fallback(async move |request: Request| {
            let path = request.uri().path();
            let function = match path {
                _ if path.starts_with("/scim/v2/") => clients,
                _ if path.starts_with("/oauth/") => connecting,
                _ if path.starts_with("/notifications/") => hearing,
                _ => people,
            };
            let mut context = lambda_http::Context::default();
            SITE_REQUEST.clone_into(&mut context.request_id);
            function.oneshot(request.with_lambda_context(context)).await
        });
        tokio::spawn(async move { serve(site, served).await.unwrap() });
        let unwired = aws(database.endpoint()).await;
        let store = Store::new(Table::new(&unwired, table.clone()));
        let dynamodb = aws_sdk_dynamodb::Client::new(&unwired);

        let payload = json!({
            "action": "bootstrap",
            "organization": "Contoso",
            "domain": DOMAIN,
            "email": format!("admin@{DOMAIN}"),
        });
        let outcome = functions.invoke("OperatorFunction", payload.to_string().into()).await;
        let Outcome::Answered(bootstrap) = outcome else { panic!("{outcome:?}") };
        let bootstrap: Value = serde_json::from_slice(&bootstrap).unwrap();
        let organization = bootstrap["organization"].as_str().unwrap().parse().unwrap();
        operator.calls();
        Self {
            clock,
            login,
            operator,
            directory,
            scim,
            oauth,
            notifications,
            offboarding,
            microsoft,
            base_url,
            organization,
            bootstrap,
            environments,
            store,
            router,
            dynamodb,
            table,
            operator_config,
            is_mute,
            functions,
            services,
            _database: database,
            _folder: folder,
        }
    }

    /// What the story's clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets Microsoft's clock show what the story's shows.
    pub fn agree(&self) {
        let ahead = self.now().duration_since(SystemClock.now());
        self.microsoft.set_clock_offset(ahead).unwrap();
    }

    /// A browser that never was at our site.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.base_url)
    }

    /// A new user `{name}@contoso.test` with an anchor and a personal address.
    pub async fn user(&self, name: &str) -> User {
        self.user_with(name, |_| ()).await
    }

    /// The same, changed before it is stored.
    pub async fn user_with(&self, name: &str, change: impl FnOnce(&mut User)) -> User {
        let id = UserId::mint(&SystemEntropy);
        let user_name: UserName = format!("{name}@{DOMAIN}").parse().unwrap();
        let mut user = User::new(id, user_name, name.to_owned(), self.now());
        user.anchor = Some(Anchor::of(id));
        user.personal_email = Some(format!("{name}@personal.test").parse().unwrap());
        change(&mut user);
        self.store.create_user(self.organization, &user).await.unwrap();
        user
    }

    /// Takes a user's access away, as Entra's word will.
    pub async fn block(&self, user: &User) {
        let entry = self.entry(Action::AccessTaken);
        let (org, id) = (self.organization, user.id);
        let follows = self.store.block_user(org, id, Block::Entra, &entry).await.unwrap();
        self.carry_out(&follows).await;
    }

    /// Gives back what [`block`](Self::block) took.
    pub async fn unblock(&self, user: &User) {
        let entry = self.entry(Action::AccessGiven);
        let (org, id) = (self.organization, user.id);
        let follows = self.store.unblock_user(org, id, Block::Entra, &entry).await.unwrap();
        self.carry_out(&follows).await;
    }

    /// Carries out what follows from a write of the story's own.
    async fn carry_out(&self, follows: &[OutboxItem]) {
        let due: Vec<_> = follows.iter().map(|item| (item.organization, item.id)).collect();
        if !due.is_empty() {
            self.batch(&due).await;
        }
    }

    fn entry(&self, action: Action) -> AuditEntry {
        AuditEntry::new(OutboxId::mint(&SystemEntropy), self.now(), Actor::System, action)
    }

    /// Where a minimal request of Entra's leads, with an id of its own.
    pub fn sso(&self, id: &str) -> String {
        self.sso_of(&AuthnRequest::new(id, self.now()))
    }

    /// Where a request leads.
    pub fn sso_of(&self, request: &AuthnRequest) -> String {
        format!("/saml/{DOMAIN}/sso?{}", request.query("estsredirect=2&estsrequest=abc"))
    }

    /// Invokes the operator function.
    pub async fn operate(&self, payload: Value) -> Result<Value, Value> {
        match self.functions.invoke("OperatorFunction", payload.to_string().into()).await {
            Outcome::Answered(answer) => Ok(serde_json::from_slice(&answer).unwrap()),
            Outcome::Failed(error) => Err(serde_json::from_slice(&error).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// Lets the schedules run: the one-minute sweep, then the dispatch of rounds, each to its end.
    pub async fn sweep(&self) -> Outcome {
        let swept = self.sweep_outbox().await;
        self.dispatch().await;
        swept
    }

    /// Lets the one-minute sweep run.
    pub async fn sweep_outbox(&self) -> Outcome {
        let payload = json!({ "sweep": "outbox" });
        self.functions.invoke("DirectoryFunction", payload.to_string().into()).await
    }

    /// Lets rounds that are due be dispatched, and brings each that is named to the directory function.
    /// Where that fails, whatever was named gets lost.
    pub async fn dispatch(&self) -> Outcome {
        let before = self.offboarding.seen().len();
        let outcome = self.claim_rounds().await;
        if !matches!(outcome, Outcome::Answered(_)) {
            return outcome;
        }
        let said = self.offboarding.seen().into_iter().skip(before);
        let entries =
            said.flat_map(|call| call.body["Entries"].as_array().cloned().unwrap_or_default());
        for entry in entries {
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            let event = json!({ "detail-type": entry["DetailType"], "detail": detail });
            self.messages(vec![event]).await;
        }
        outcome
    }

    /// Lets rounds that are due be claimed and named, and brings them to nobody.
    pub async fn claim_rounds(&self) -> Outcome {
        let payload = json!({ "dispatch": "rounds" });
        self.functions.invoke("OffboardingFunction", payload.to_string().into()).await
    }

    /// Brings what is due to the directory function, as a batch of its queue: each as the bus names it.
    pub async fn batch(&self, due: &[(OrganizationId, OutboxId)]) -> Value {
        let mut events = Vec::with_capacity(due.len());
        // Whoever has it: its lease will be over.
        let later = self.now() + SignedDuration::from_hours(24);
        for (organization, item) in due {
            // Of another release nobody knows what it is.
            let known = self.store.outbox(*organization, *item, later).await.ok().flatten();
            let is_round = known.is_some_and(|item| item.value.task.is_of_everybody());
            let kind = if is_round { "round.due" } else { "outbox.due" };
            let detail = json!({ "organization": organization, "item": item });
            events.push(json!({ "detail-type": kind, "detail": detail }));
        }
        self.messages(events).await
    }

    /// Brings events to the directory function, as a batch of its queue.
    async fn messages(&self, events: Vec<Value>) -> Value {
        let message = |event: &Value| {
            let item = event["detail"]["item"].as_str().unwrap();
            json!({ "messageId": item, "body": event.to_string() })
        };
        let records = events.iter().map(message).collect::<Vec<_>>();
        let payload = json!({ "Records": records }).to_string();
        match self.functions.invoke("DirectoryFunction", payload.into()).await {
            Outcome::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the newest mail to an address.
    pub async fn mail(&self, to: &str) -> Message {
        self.services.outbox().wait_for(|message| message.to == to).await
    }

    /// Waits for a mail to an address that is none of these.
    pub async fn new_mail(&self, to: &str, known: &[Message]) -> Message {
        let is_new = |message: &Message| !known.iter().any(|known| known.id == message.id);
        self.services.outbox().wait_for(|message| message.to == to && is_new(message)).await
    }

    /// What the functions said on the bus under a `detail-type`, each as often as they did.
    pub fn said(&self, detail_type: &str) -> Vec<Value> {
        said_in(self.directory.seen().into_iter().chain(self.oauth.seen()), detail_type)
    }

    /// What the directory function said on the bus under a `detail-type`, as far as it arrived there.
    pub fn arrived(&self, detail_type: &str) -> Vec<Value> {
        said_in(self.directory.seen().into_iter().filter(|call| call.passed), detail_type)
    }

    /// The mails to an address so far, newest first.
    pub fn mails(&self, to: &str) -> Vec<Message> {
        let mut messages = self.services.outbox().messages();
        messages.retain(|message| message.to == to);
        messages
    }

    /// The code of the newest mail to an address.
    pub async fn code(&self, to: &str) -> String {
        code_of(&self.mail(to).await)
    }
}

/// The six digits of a mail.
pub fn code_of(message: &Message) -> String {
    let text = message.text.as_deref().unwrap();
    let words = text.split_whitespace();
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    words.into_iter().find(digits).expect("a code").to_owned()
}

/// `template.yaml`, as the local stack reads it.
pub fn model(base_url: &str, sqs_endpoint: &str) -> Model {
    model_at(base_url, sqs_endpoint, "https://login.microsoftonline.com", REPLY_URL)
}

/// The same with another Microsoft.
fn model_at(base_url: &str, sqs_endpoint: &str, microsoft: &str, reply_url: &str) -> Model {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let context = Context {
        base_url: base_url.to_owned(),
        sqs_endpoint: sqs_endpoint.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        stack: "passerelle".to_owned(),
        parameters: BTreeMap::from([
            own("EntraLoginUrl", reply_url),
            own("MailFrom", "passerelle@contoso.test"),
            own("EntraUrl", microsoft),
            own("GraphUrl", &format!("{microsoft}/v1.0")),
            own("EntraReaderId", READER),
            own("EntraWriterId", WRITER),
            own("EntraFederationId", FEDERATION),
        ]),
        known: BTreeMap::new(),
    };
    Model::read(&template, &context).unwrap()
}

/// How functions reach the services: all of them through one address.
pub async fn aws(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .load()
        .await
}

/// What is said on the bus under a `detail-type` by these calls.
fn said_in(calls: impl Iterator<Item = Seen>, detail_type: &str) -> Vec<Value> {
    let entries =
        calls.flat_map(|call| call.body["Entries"].as_array().cloned().unwrap_or_default());
    let of_it = entries.filter(|entry| entry["DetailType"] == detail_type);
    of_it.map(|entry| serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap()).collect()
}
