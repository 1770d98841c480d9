//! An account with a small template, whose functions do what a test says.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::{Clock, SystemClock, SystemEntropy};
use async_trait::async_trait;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use jiff::Timestamp;
use local::invoke::{Invoke, Outcome};
use local::services::mail::MailAccount;
use local::services::{Config, Deliveries, Listeners, Ports, Services, ServicesError, Timing};
use local::template::model::{self, Model};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const KEY: &str = "6a3dbe2e-3f0c-4a52-9d5f-000000000001";
pub(crate) const SECRET_KEY: &str = "6a3dbe2e-3f0c-4a52-9d5f-000000000002";

/// Longer than anything takes, shorter than patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an account is started with.
pub(crate) struct Setting {
    pub(crate) model: Model,
    pub(crate) deliveries: Deliveries,
    pub(crate) mail_account: MailAccount,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Setting {
    pub(crate) fn of(model: Model) -> Self {
        Self {
            model,
            deliveries: Deliveries::Once,
            mail_account: MailAccount::Production,
            clock: Arc::new(SystemClock),
        }
    }
}

/// A running account.
pub(crate) struct Account {
    pub(crate) services: Services,
    pub(crate) functions: Arc<Functions>,
    setting: Setting,
    folder: TempDir,
}

impl Account {
    pub(crate) async fn start(model: Model) -> Self {
        Self::with(Setting::of(model)).await
    }

    pub(crate) async fn with(setting: Setting) -> Self {
        Self::open(setting, tempfile::tempdir().unwrap(), Functions::new()).await.unwrap()
    }

    pub(crate) async fn open(
        setting: Setting,
        folder: TempDir,
        functions: Arc<Functions>,
    ) -> Result<Self, ServicesError> {
        let config = Config {
            model: setting.model.clone(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            data_dir: folder.path().to_owned(),
            functions: functions.clone(),
            clock: setting.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            timing: Timing::default(),
            deliveries: setting.deliveries,
            mail_account: setting.mail_account.clone(),
        };
        let listeners = Listeners::bind(Ports::default()).await?;
        let services = Services::start(config, listeners).await?;
        Ok(Self { services, functions, setting, folder })
    }

    /// Stops and starts again over the same files.
    pub(crate) async fn restarted(self) -> Self {
        self.services.stop().await;
        Self::open(self.setting, self.folder, self.functions).await.unwrap()
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops; answers the folder with the files.
    pub(crate) async fn stopped(self) -> TempDir {
        self.services.stop().await;
        self.folder
    }

    pub(crate) fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::from_conf(
            aws_sdk_kms::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static(REGION))
                .credentials_provider(credentials())
                .endpoint_url(&self.services.endpoints().kms)
                .build(),
        )
    }

    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::from_conf(
            aws_sdk_eventbridge::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static(REGION))
                .credentials_provider(credentials())
                .endpoint_url(&self.services.endpoints().eventbridge)
                .build(),
        )
    }

    pub(crate) fn ses(&self) -> aws_sdk_sesv2::Client {
        aws_sdk_sesv2::Client::from_conf(
            aws_sdk_sesv2::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::from_static(REGION))
                .credentials_provider(credentials())
                .endpoint_url(&self.services.endpoints().ses)
                .build(),
        )
    }

    /// Calls SQS in its JSON protocol.
    pub(crate) async fn sqs(&self, operation: &str, mut input: Value) -> (u16, Value) {
        if let Some(name) = input.get("QueueUrl").and_then(Value::as_str) {
            input["QueueUrl"] = json!(format!("http://anywhere/{ACCOUNT}/{name}"));
        }
        let answer = reqwest::Client::new()
            .post(&self.services.endpoints().sqs)
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", "AWS4-HMAC-SHA256 whatever")
            .body(input.to_string())
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The bodies of up to ten messages of a queue, which stay hidden afterwards.
    pub(crate) async fn bodies(&self, queue: &str) -> Vec<String> {
        let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
        let (_, answer) = self.sqs("ReceiveMessage", input).await;
        let messages = answer.get("Messages").and_then(Value::as_array).cloned();
        let messages = messages.unwrap_or_default();
        messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect()
    }
}

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "test")
}

/// Functions that answer what a test laid ready, and `null` when nothing is left.
pub(crate) struct Functions {
    answers: Mutex<VecDeque<Outcome>>,
    calls: mpsc::UnboundedSender<Call>,
    seen: tokio::sync::Mutex<mpsc::UnboundedReceiver<Call>>,
}

/// One invocation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) payload: Value,
    pub(crate) at: Instant,
}

impl Functions {
    pub(crate) fn new() -> Arc<Self> {
        let (calls, seen) = mpsc::unbounded_channel();
        let seen = tokio::sync::Mutex::new(seen);
        Arc::new(Self { answers: Mutex::default(), calls, seen })
    }

    /// Lays answers ready, for the next invocations in turn.
    pub(crate) fn will(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.answers.lock().unwrap().extend(outcomes);
    }

    /// Waits for the next invocation, in a test whose time is paused: a day passes in no time.
    pub(crate) async fn called(&self) -> Call {
        self.called_within(Duration::from_secs(86_400)).await
    }

    /// Waits for the next invocation, in a test whose time is real.
    pub(crate) async fn called_soon(&self) -> Call {
        self.called_within(PATIENCE).await
    }

    async fn called_within(&self, patience: Duration) -> Call {
        let mut seen = self.seen.lock().await;
        tokio::time::timeout(patience, seen.recv()).await.unwrap().unwrap()
    }
}

#[async_trait]
impl Invoke for Functions {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        let payload = serde_json::from_slice(&payload).unwrap();
        let call = Call { function: function.to_owned(), payload, at: tokio_now() };
        let answer = self.answers.lock().unwrap().pop_front();
        self.calls.send(call).unwrap();
        answer.unwrap_or(Outcome::Answered(Bytes::from("null")))
    }
}

#[expect(clippy::disallowed_methods, reason = "tells how long the runtime's paused time has run")]
fn tokio_now() -> Instant {
    Instant::now()
}

/// A clock that stands still and leaps with the runtime's paused time.
pub(crate) struct PausedClock {
    start: Instant,
}

impl PausedClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { start: tokio_now() })
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + self.start.elapsed()
    }
}

pub(crate) fn failure(message: &str) -> Outcome {
    let error = json!({ "errorType": "Error", "errorMessage": message });
    Outcome::Failed(Bytes::from(error.to_string()))
}

pub(crate) fn answer(value: &Value) -> Outcome {
    Outcome::Answered(Bytes::from(value.to_string()))
}

pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(crate) fn queue(name: &str) -> model::Queue {
    model::Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: queue_arn(name),
        url: format!("http://sqs/{ACCOUNT}/{name}"),
        fifo: false,
        visibility_timeout: Duration::from_secs(30),
        retention: Duration::from_secs(345_600),
        delay: Duration::ZERO,
        wait_time: Duration::ZERO,
        maximum_message_size: 1_048_576,
        redrive: None,
    }
}

pub(crate) fn redriven(name: &str, target: &str, max_receive_count: u32) -> model::Queue {
    let redrive = model::Redrive { target_arn: queue_arn(target), max_receive_count };
    model::Queue { redrive: Some(redrive), ..queue(name) }
}

pub(crate) fn function(name: &str) -> model::Function {
    model::Function {
        logical_id: name.to_owned(),
        arn: function_arn(name),
        binary: name.to_owned(),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(3),
        memory: 128,
        reserved_concurrency: None,
        asynchronous: model::Asynchronous::default(),
    }
}

pub(crate) fn functions(
    all: impl IntoIterator<Item = model::Function>,
) -> BTreeMap<String, model::Function> {
    all.into_iter().map(|function| (function.logical_id.clone(), function)).collect()
}

pub(crate) fn bus(name: &str) -> model::Bus {
    model::Bus {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}"),
    }
}

pub(crate) fn target(arn: String) -> model::Target {
    model::Target {
        id: "Target".to_owned(),
        arn,
        input: model::Input::Event,
        retry: model::Retry::default(),
        dead_letter: None,
        message_group: None,
    }
}

pub(crate) fn rule(name: &str, pattern: Value, targets: Vec<model::Target>) -> model::Rule {
    model::Rule {
        logical_id: name.to_owned(),
        bus: "Bus".to_owned(),
        pattern,
        targets,
        enabled: true,
    }
}

pub(crate) fn key(id: &str, spec: &str, usage: &str, alias: &str) -> model::Key {
    model::Key {
        logical_id: alias.to_owned(),
        id: id.to_owned(),
        arn: format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}"),
        spec: spec.to_owned(),
        usage: usage.to_owned(),
        enabled: true,
        aliases: vec![format!("alias/{alias}")],
        tags: BTreeMap::new(),
    }
}

pub(crate) fn keys() -> Model {
    Model {
        keys: vec![
            key(KEY, "RSA_2048", "SIGN_VERIFY", "federation"),
            key(SECRET_KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "secrets"),
        ],
        ..Model::default()
    }
}
