//! The whole account, started and stopped as one thing.
//!
//! It runs on threads of its own, so a test may block or use any runtime around it.

mod control;
mod data;
mod ports;
mod ready;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::{SystemClock, SystemEntropy};
use bytes::Bytes;
use entra_sim::Simulator;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub use data::DataError;
pub use ready::{DemoUser, Ready};

use crate::database::{DatabaseError, LocalDatabase};
use crate::gateway::Gateway;
use crate::invoke::{Invoke as _, Outcome};
use crate::lambda::{self, Lambda, Ledger, Line, Log, Show};
use crate::seed::{self, SeedError};
use crate::services::mail::{MailAccount, Outbox};
use crate::services::{self, Deliveries, ScheduleError, Services, ServicesError, Timing};
use crate::template::{Context, Model, TemplateError};
use data::DataFolder;
use ports::Bound;

/// The account's number.
pub const ACCOUNT: &str = "123456789012";
/// The account's region.
pub const REGION: &str = "eu-central-1";
/// The stack's name.
pub const NAME: &str = "passerelle";

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template to execute.
    pub template: PathBuf,
    /// Folder with the functions' executables, named as the template's `Binary`.
    pub functions: PathBuf,
    /// Port of our site on localhost; the simulated Entra takes the next one. 0 takes free ones.
    pub port: u16,
    /// Where state is kept.
    pub data: Data,
    /// What is there after the first start.
    pub seed: Seed,
    /// Most processes of one function at a time.
    pub concurrency: usize,
    /// Whether the functions' lines are shown.
    pub show: Show,
    /// Variables that every function gets over the template's: `RUST_LOG`, `PATH`, or the address of
    /// a faulty endpoint in a test.
    pub variables: BTreeMap<String, String>,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Pauses before asynchronous invocations are tried again.
    pub timing: Timing,
    /// How often an event reaches its targets.
    pub deliveries: Deliveries,
    /// What SES allows the account.
    pub mail_account: MailAccount,
}

impl Options {
    /// What tests want: free ports, memory, the demo organization, quiet functions.
    pub fn new(template: impl Into<PathBuf>, functions: impl Into<PathBuf>) -> Self {
        Self {
            template: template.into(),
            functions: functions.into(),
            port: 0,
            data: Data::Memory,
            seed: Seed::Demo,
            concurrency: 4,
            show: Show::Nowhere,
            variables: BTreeMap::new(),
            parameters: BTreeMap::new(),
            timing: Timing::default(),
            deliveries: Deliveries::default(),
            mail_account: MailAccount::default(),
        }
    }
}

/// Where state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// In memory and a temporary folder: gone with the stack.
    Memory,
    /// In a folder, for the next start.
    Keep(PathBuf),
    /// In a folder whose old content is deleted first.
    Fresh(PathBuf),
}

/// What is there after the first start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seed {
    /// The demo organization with its users, known to the simulated Entra.
    Demo,
    /// Nothing.
    Empty,
}

/// Why the stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {0} is taken: choose another one with --port")]
    PortTaken(u16),
    /// No port can be had at all.
    #[error("cannot listen on the loopback interface")]
    Listen(#[source] std::io::Error),
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The template cannot be executed.
    #[error("{} cannot be executed", path.display())]
    Template {
        /// The template.
        path: PathBuf,
        /// Why.
        source: TemplateError,
    },
    /// The database did not start.
    #[error("the database did not start")]
    Database(#[from] DatabaseError),
    /// A service did not start.
    #[error("a service did not start")]
    Services(#[from] ServicesError),
    /// The simulated Entra did not start.
    #[error("the simulated Entra did not start")]
    Entra(#[from] entra_sim::StartError),
    /// The demo organization could not be made.
    #[error("the demo organization could not be made")]
    Seed(#[from] SeedError),
    /// The threads could not be started.
    #[error("the stack's threads did not start")]
    Runtime(#[source] std::io::Error),
}

/// A running stack; it stops when dropped, and [`Stack::stop`] also waits for that.
pub struct Stack {
    parts: Option<Parts>,
    runtime: Option<Runtime>,
    ready: Ready,
    log: Arc<Log>,
    entra: Arc<Simulator>,
    outbox: Outbox,
}

struct Parts {
    lambda: Arc<Lambda>,
    services: Arc<Services>,
    entra: Arc<Simulator>,
    database: LocalDatabase,
    servers: Vec<JoinHandle<()>>,
    // Last: its folder goes, and its lock is freed, when everything else is over.
    data: DataFolder,
}

impl Stack {
    /// Starts everything and makes the demo organization if it was asked for and is not there.
    ///
    /// # Errors
    /// [`StartError`] says what stood in the way.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("local-stack")
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let log = Arc::new(Log::new(options.show));
        let started = runtime.spawn(assemble(options, log.clone())).await;
        match started.map_err(|error| StartError::Runtime(std::io::Error::other(error))) {
            Ok(Ok((parts, ready))) => Ok(Self {
                entra: parts.entra.clone(),
                outbox: parts.services.outbox().clone(),
                parts: Some(parts),
                runtime: Some(runtime),
                ready,
                log,
            }),
            Ok(Err(error)) | Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Addresses and names, as `--json` prints them.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Invokes a function by its logical id and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: serde_json::Value) -> Outcome {
        let (Some(parts), Some(runtime)) = (&self.parts, &self.runtime) else {
            return Outcome::Throttled;
        };
        let (lambda, function) = (parts.lambda.clone(), function.to_owned());
        let payload = Bytes::from(payload.to_string());
        let running = runtime.spawn(async move { lambda.invoke(&function, payload).await });
        running.await.unwrap_or(Outcome::Throttled)
    }

    /// Kills every process of a function in the middle of whatever it does; the next event gets a
    /// fresh one. Answers how many there were.
    pub async fn kill(&self, function: &str) -> usize {
        match &self.parts {
            Some(parts) => parts.lambda.kill(function).await,
            None => 0,
        }
    }

    /// Process ids of a function, the idle ones too.
    pub fn processes(&self, function: &str) -> Vec<u32> {
        self.parts.as_ref().map(|parts| parts.lambda.processes(function)).unwrap_or_default()
    }

    /// The newest lines that the functions wrote, oldest first.
    pub fn log(&self) -> Vec<Line> {
        self.log.lines()
    }

    /// The mails and text messages that were sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Fires a schedule now.
    ///
    /// # Errors
    /// [`ScheduleError::Unknown`] when there is none of that name.
    pub fn run_schedule(&self, name: &str) -> Result<(), ScheduleError> {
        match &self.parts {
            Some(parts) => parts.services.run_schedule(name),
            None => Err(ScheduleError::Unknown(name.to_owned())),
        }
    }

    /// The simulated Entra.
    pub fn entra(&self) -> &Simulator {
        &self.entra
    }

    /// Deletes expired items now, as DynamoDB does some day, and tells how many there were.
    pub async fn sweep(&self) -> usize {
        let (Some(parts), Some(runtime)) = (&self.parts, &self.runtime) else { return 0 };
        let _inside = runtime.enter();
        parts.database.sweep().await
    }

    /// Ends every process and task, and waits until they have ended.
    pub async fn stop(mut self) {
        let (Some(parts), Some(runtime)) = (self.parts.take(), self.runtime.take()) else { return };
        let ended = runtime.spawn(async move { parts.end().await });
        if let Err(error) = ended.await {
            tracing::warn!(error = %error, "the stack did not stop cleanly");
        }
        // Everything has ended: there is nothing left to wait for.
        runtime.shutdown_background();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let (Some(parts), Some(runtime)) = (self.parts.take(), self.runtime.take()) {
            end(parts, runtime);
        }
    }
}

/// Waits for the end on a thread of its own: inside the caller's runtime that is not allowed.
fn end(parts: Parts, runtime: Runtime) {
    let thread = std::thread::Builder::new().name("local-stack-end".to_owned());
    let ended = thread.spawn(move || {
        runtime.block_on(parts.end());
        runtime.shutdown_timeout(Duration::from_secs(5));
    });
    if let Ok(ended) = ended {
        let _ = ended.join();
    }
}

impl Parts {
    async fn end(mut self) {
        for server in &self.servers {
            server.abort();
        }
        for server in std::mem::take(&mut self.servers) {
            let _ = server.await;
        }
        self.lambda.stop().await;
        if let Some(services) = Arc::into_inner(self.services) {
            services.stop().await;
        }
        let entra = self.entra;
        let _ = tokio::task::spawn_blocking(move || entra.stop()).await;
    }
}

async fn assemble(options: Options, log: Arc<Log>) -> Result<(Parts, Ready), StartError> {
    let data = DataFolder::open(&options.data)?;
    let bound = ports::bind(options.port).await?;
    let entra = Arc::new(start_entra(&options, &bound, data.path())?);
    let listeners = ports::services(options.port).await?;
    let endpoints = listeners.endpoints();
    let model = read_template(&options, &bound, &endpoints.sqs, &entra.login_srf_url())?;
    let file = data.keeps().then(|| data.path().join("table.sqlite"));
    let database = LocalDatabase::start(file.as_deref(), &model.tables).await?;
    let ready = Ready::new(&bound, &entra, &endpoints, database.endpoint(), &model);
    let ledger = Arc::new(Ledger::reaping(data.path().join("processes")));
    let lambda = Lambda::new(&model.functions, lambda_settings(&options, &ready), log, ledger);
    let routes = model.routes.clone();
    let config = services_config(&options, model, data.path(), lambda.clone());
    let services = Arc::new(Services::start(config, listeners).await?);
    let lambda_api = control::lambda_api(lambda.clone(), services.clone());
    let mut servers = vec![tokio::spawn(control::serve(bound.lambda, lambda_api.clone()))];
    let (share, shared) = tokio::sync::watch::channel(ready.clone());
    let control = control::router(services.clone(), shared, lambda_api);
    let gateway = Gateway::new(&routes, lambda.clone(), control, ready.host());
    for listener in bound.site {
        servers.push(tokio::spawn(gateway.clone().serve(listener)));
    }
    let parts = Parts { lambda, services, entra, database, servers, data };
    let ready = match seeded(&options, &parts, ready).await {
        Ok(ready) => ready,
        Err(error) => {
            parts.end().await;
            return Err(error);
        }
    };
    share.send_replace(ready.clone());
    Ok((parts, ready))
}

async fn seeded(options: &Options, parts: &Parts, ready: Ready) -> Result<Ready, StartError> {
    match options.seed {
        Seed::Empty => Ok(ready),
        Seed::Demo => Ok(seed::demo(ready, &*parts.lambda, &parts.entra, parts.data.path()).await?),
    }
}

fn start_entra(options: &Options, bound: &Bound, folder: &Path) -> Result<Simulator, StartError> {
    let port = if options.port == 0 { 0 } else { bound.port.saturating_add(1) };
    let settings = entra_sim::Settings {
        port,
        data_dir: Some(folder.join("entra")),
        ..entra_sim::Settings::default()
    };
    Simulator::start(settings).map_err(|error| match error {
        entra_sim::StartError::PortTaken(port) => StartError::PortTaken(port),
        other => StartError::Entra(other),
    })
}

fn read_template(
    options: &Options,
    bound: &Bound,
    sqs_endpoint: &str,
    login_srf_url: &str,
) -> Result<Model, StartError> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let context = Context {
        base_url: bound.base_url(),
        sqs_endpoint: sqs_endpoint.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        stack: NAME.to_owned(),
        parameters: options.parameters.clone(),
        known: BTreeMap::from([
            own("EntraLoginUrl", login_srf_url),
            own("MailFrom", "passerelle@contoso.test"),
        ]),
    };
    Model::read(&options.template, &context)
        .map_err(|source| StartError::Template { path: options.template.clone(), source })
}

fn lambda_settings(options: &Options, ready: &Ready) -> lambda::Settings {
    let mut variables: BTreeMap<String, String> = [
        ("AWS_ENDPOINT_URL_DYNAMODB", &ready.dynamodb_endpoint),
        ("AWS_ENDPOINT_URL_KMS", &ready.kms_endpoint),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", &ready.eventbridge_endpoint),
        ("AWS_ENDPOINT_URL_SQS", &ready.sqs_endpoint),
        ("AWS_ENDPOINT_URL_SESV2", &ready.ses_endpoint),
        ("AWS_ENDPOINT_URL_SNS", &ready.sns_endpoint),
        ("AWS_ENDPOINT_URL_LAMBDA", &ready.lambda_endpoint),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .collect();
    variables.extend(options.variables.clone());
    lambda::Settings {
        bin_dir: options.functions.clone(),
        region: REGION.to_owned(),
        concurrency: options.concurrency.max(1),
        variables,
        init_timeout: Duration::from_secs(10),
    }
}

fn services_config(
    options: &Options,
    model: Model,
    folder: &Path,
    functions: Arc<Lambda>,
) -> services::Config {
    services::Config {
        model,
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        data_dir: folder.join("services"),
        functions,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        timing: options.timing,
        deliveries: options.deliveries,
        mail_account: options.mail_account.clone(),
    }
}
