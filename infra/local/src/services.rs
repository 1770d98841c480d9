//! The services of the account: KMS, EventBridge, SQS, SES, SNS, S3, each on a loopback port of its
//! own and spoken to by the unmodified SDKs.
//!
//! Signatures of requests are required, and verified by S3 alone, where a signed link is all that
//! opens a file; elsewhere they are not: there are no credentials here. Whatever a service accepted survives a killed process. Nothing outlives [`Services::stop`].

pub mod mail;

mod asynchronous;
mod delivery;
mod disk;
mod events;
mod kms;
mod protocol;
mod queue;
mod s3;
mod server;
mod tasks;
mod trouble;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};

use self::asynchronous::Worker;
use self::delivery::Destinations;
pub use self::disk::DiskError;
use self::disk::make_folder;
pub use self::events::expression::ExpressionError;
pub use self::events::pattern::PatternError;
use self::events::schedule::Schedule;
use self::events::{Buses, EventBridge, Surroundings};
use self::kms::Kms;
use self::mail::{MailAccount, Outbox, OutboxPages, Ses, Sns};
use self::queue::mapping::Mapping;
use self::queue::service::Sqs;
use self::queue::{Outgoing, Queues};
use self::s3::S3;
use self::server::{Listener, Service};
use self::tasks::Tasks;
use crate::invoke::Invoke;
use crate::template::model::Model;

/// Ports to listen on; 0 takes a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// KMS.
    pub kms: u16,
    /// EventBridge.
    pub eventbridge: u16,
    /// SQS.
    pub sqs: u16,
    /// SES v2.
    pub ses: u16,
    /// SNS.
    pub sns: u16,
    /// S3.
    pub s3: u16,
    /// The page that shows mails and text messages.
    pub outbox: u16,
}

/// Where the services are: `http://127.0.0.1:PORT` each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_KMS`.
    pub kms: String,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`.
    pub eventbridge: String,
    /// `AWS_ENDPOINT_URL_SQS`.
    pub sqs: String,
    /// `AWS_ENDPOINT_URL_SESV2`.
    pub ses: String,
    /// `AWS_ENDPOINT_URL_SNS`.
    pub sns: String,
    /// `AWS_ENDPOINT_URL_S3`.
    pub s3: String,
    /// A page for people at `/`, JSON for tests at `/outbox.json`.
    pub outbox: String,
}

/// Bound ports that nobody answers yet.
///
/// They come first, because a template's `!Ref` of a queue names the endpoint.
#[derive(Debug)]
pub struct Listeners {
    kms: Listener,
    eventbridge: Listener,
    sqs: Listener,
    ses: Listener,
    sns: Listener,
    s3: Listener,
    outbox: Listener,
}

/// What the services are started with.
pub struct Config {
    /// The resources to serve.
    pub model: Model,
    /// The account's number.
    pub account: String,
    /// The account's region.
    pub region: String,
    /// Where state is kept; one process at a time.
    pub data_dir: PathBuf,
    /// Runs functions.
    pub functions: Arc<dyn Invoke>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids, nonces and keys.
    pub entropy: Arc<dyn Entropy>,
    /// Pauses of asynchronous invocations.
    pub timing: Timing,
    /// How often an event reaches its targets.
    pub deliveries: Deliveries,
    /// What SES allows the account.
    pub mail_account: MailAccount,
}

/// How long asynchronous invocations pause. Lambda Developer Guide, *Asynchronous invocation*.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// Before the first retry.
    pub first_retry: Duration,
    /// Before every further retry.
    pub further_retry: Duration,
    /// After the first throttling; it doubles.
    pub throttle_pause: Duration,
}

impl Default for Timing {
    /// Lambda's own: a minute, two minutes, a second.
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(60),
            further_retry: Duration::from_secs(120),
            throttle_pause: Duration::from_secs(1),
        }
    }
}

impl Timing {
    /// The pause after attempt number `attempts`.
    fn retry_pause(&self, attempts: u32) -> Duration {
        if attempts <= 1 { self.first_retry } else { self.further_retry }
    }
}

/// How often an event reaches its targets: EventBridge promises at least once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Deliveries {
    /// As it nearly always is.
    #[default]
    Once,
    /// As it may be: for tests.
    Twice,
}

impl Deliveries {
    fn count(self) -> usize {
        match self {
            Self::Once => 1,
            Self::Twice => 2,
        }
    }
}

/// Why the services did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// A port is taken.
    #[error("cannot listen on port {port} of the loopback interface")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the data folder.
    #[error("{} is in use by another local stack", .0.display())]
    Busy(PathBuf),
    /// State cannot be read or kept; the message names the file.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A key pair could not be made.
    #[error("a key pair could not be generated")]
    KeyGeneration,
    /// A rule's pattern is not valid.
    #[error("the rule {rule} cannot be served")]
    Pattern {
        /// Its logical id.
        rule: String,
        /// What is wrong.
        #[source]
        source: PatternError,
    },
    /// A schedule's expression is not valid.
    #[error("the schedule {schedule} cannot be served")]
    Expression {
        /// Its logical id.
        schedule: String,
        /// What is wrong.
        #[source]
        source: ExpressionError,
    },
    /// A resource of the template asks for something that is not served.
    #[error("{resource} cannot be served: {problem}")]
    Template {
        /// Its logical id.
        resource: String,
        /// What is wrong.
        problem: String,
    },
}

/// Why a schedule did not fire.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// There is none of that name.
    #[error("no schedule is called {0}")]
    Unknown(String),
    /// What it sends could not be kept.
    #[error("the schedule's input could not be delivered")]
    Undelivered(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Listeners {
    /// Takes the ports.
    ///
    /// # Errors
    /// [`ServicesError::Listen`] names the port that is taken.
    pub async fn bind(ports: Ports) -> Result<Self, ServicesError> {
        Ok(Self {
            kms: Listener::bind(ports.kms).await?,
            eventbridge: Listener::bind(ports.eventbridge).await?,
            sqs: Listener::bind(ports.sqs).await?,
            ses: Listener::bind(ports.ses).await?,
            sns: Listener::bind(ports.sns).await?,
            s3: Listener::bind(ports.s3).await?,
            outbox: Listener::bind(ports.outbox).await?,
        })
    }

    /// Where the services will be.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            kms: self.kms.url(),
            eventbridge: self.eventbridge.url(),
            sqs: self.sqs.url(),
            ses: self.ses.url(),
            sns: self.sns.url(),
            s3: self.s3.url(),
            outbox: self.outbox.url(),
        }
    }
}

/// The running services. Dropping them stops them too.
pub struct Services {
    endpoints: Endpoints,
    schedules: Vec<Arc<Schedule>>,
    outbox: Outbox,
    buses: Arc<Buses>,
    tasks: Tasks,
    _lock: File,
}

impl Services {
    /// Opens all state and answers on `listeners`.
    ///
    /// # Errors
    /// [`ServicesError::Disk`] names a damaged file; [`ServicesError::Busy`] when another process
    /// has the folder; the others name the resource of the template that cannot be served.
    pub async fn start(config: Config, listeners: Listeners) -> Result<Self, ServicesError> {
        let endpoints = listeners.endpoints();
        let lock = lock_folder(&config.data_dir)?;
        let parts = tokio::task::spawn_blocking(move || Parts::open(config)).await;
        let parts = parts.map_err(|_| ServicesError::KeyGeneration)??;
        let tasks = Tasks::new();
        let schedules = parts.schedules.clone();
        let outbox = parts.outbox.clone();
        let buses = parts.buses.clone();
        parts.serve(listeners, &tasks);
        Ok(Self { endpoints, schedules, outbox, buses, tasks, _lock: lock })
    }

    /// Where the services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The mails and text messages that were sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Names of all schedules, as [`run_schedule`](Self::run_schedule) takes them.
    pub fn schedules(&self) -> impl Iterator<Item = &str> {
        self.schedules.iter().map(|schedule| schedule.name())
    }

    /// Fires a schedule now, whether enabled or not.
    ///
    /// # Errors
    /// [`ScheduleError::Unknown`] when there is none of that name.
    pub fn run_schedule(&self, name: &str) -> Result<(), ScheduleError> {
        let schedule = self
            .schedules
            .iter()
            .find(|schedule| schedule.is(name))
            .ok_or_else(|| ScheduleError::Unknown(name.to_owned()))?;
        schedule.fire().map_err(|error| ScheduleError::Undelivered(Box::new(error)))
    }

    /// Keeps an asynchronous event for the function of that ARN, as Lambda's *Invoke* with `Event`
    /// does.
    ///
    /// # Errors
    /// [`ScheduleError::Undelivered`] when it could not be kept.
    pub fn invoke_later(&self, function_arn: &str, event: &str) -> Result<(), ScheduleError> {
        let sent = self.buses.destinations().send(function_arn, Outgoing::body(event.to_owned()));
        sent.map_err(|error| ScheduleError::Undelivered(Box::new(error)))
    }

    /// Ends everything that was started, and waits until it has ended.
    pub async fn stop(self) {
        self.tasks.end().await;
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.tasks.abandon();
    }
}

/// Everything opened and nothing running.
struct Parts {
    kms: Kms,
    queues: Arc<Queues>,
    buses: Arc<Buses>,
    schedules: Vec<Arc<Schedule>>,
    mappings: Vec<Mapping>,
    workers: Vec<Worker>,
    outbox: Outbox,
    s3: S3,
    config: Config,
}

impl Parts {
    fn open(config: Config) -> Result<Self, ServicesError> {
        let (clock, entropy) = (&config.clock, &config.entropy);
        let (region, account, model) = (&config.region, &config.account, &config.model);
        let folder = |name: &str| config.data_dir.join(name);
        let kms = Kms::open(
            &folder("kms"),
            region,
            account,
            &model.keys,
            clock.clone(),
            entropy.clone(),
        )?;
        let queues = Arc::new(Queues::open(&folder("sqs"), &model.queues, clock, entropy)?);
        let destinations = Arc::new(Destinations::open(
            &folder("lambda"),
            queues.clone(),
            &model.functions,
            clock,
            entropy,
        )?);
        let around = Surroundings {
            destinations: destinations.clone(),
            deliveries: config.deliveries,
            account: account.clone(),
            region: region.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let buses = Arc::new(Buses::new(model, around)?);
        let schedules = model.schedules.iter();
        let schedules = schedules
            .map(|settings| Schedule::new(settings, &buses, clock).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let workers = destinations.lines().map(|line| Worker {
            line: line.clone(),
            functions: config.functions.clone(),
            buses: buses.clone(),
            timing: config.timing,
            clock: clock.clone(),
        });
        let workers = workers.collect();
        let mappings = mappings(&config, &queues)?;
        let outbox = Outbox::open(&folder("outbox"))?;
        let s3 = S3::open(&folder("s3"), region, &model.buckets, clock.clone(), entropy.clone())?;
        Ok(Self { kms, queues, buses, schedules, mappings, workers, outbox, s3, config })
    }

    fn serve(self, listeners: Listeners, tasks: &Tasks) {
        let Config { clock, entropy, account, mail_account, .. } = self.config;
        let serve = Serve { tasks, entropy: &entropy };
        serve.spawn(listeners.kms, self.kms);
        serve.spawn(listeners.eventbridge, EventBridge::new(self.buses));
        serve.spawn(listeners.sqs, Sqs::new(self.queues, account));
        let outbox = self.outbox;
        let ses = Ses::new(outbox.clone(), mail_account.clone(), clock.clone(), entropy.clone());
        serve.spawn(listeners.ses, ses);
        let topics = self.config.model.topics;
        let sns = Sns::new(outbox.clone(), mail_account, topics, clock, entropy.clone());
        serve.spawn(listeners.sns, sns);
        serve.spawn(listeners.s3, self.s3);
        serve.spawn(listeners.outbox, OutboxPages::new(outbox));
        for schedule in self.schedules {
            tasks.spawn(schedule.run());
        }
        for worker in self.workers {
            tasks.spawn(worker.run(tasks.clone()));
        }
        for mapping in self.mappings {
            tasks.spawn(mapping.run(tasks.clone()));
        }
    }
}

struct Serve<'a> {
    tasks: &'a Tasks,
    entropy: &'a Arc<dyn Entropy>,
}

impl Serve<'_> {
    fn spawn<S: Service>(&self, listener: Listener, service: S) {
        self.tasks.spawn(listener.serve(
            Arc::new(service),
            self.entropy.clone(),
            self.tasks.clone(),
        ));
    }
}

fn mappings(config: &Config, queues: &Queues) -> Result<Vec<Mapping>, ServicesError> {
    let enabled = config.model.mappings.iter().filter(|settings| settings.enabled);
    enabled
        .map(|settings| {
            let queue = queues.by_arn(&settings.queue_arn);
            let queue = queue.filter(|_| config.model.functions.contains_key(&settings.function));
            Ok(Mapping {
                settings: settings.clone(),
                queue: queue.ok_or_else(|| ServicesError::Template {
                    resource: settings.logical_id.clone(),
                    problem: "its queue or its function is not in the template".to_owned(),
                })?,
                functions: config.functions.clone(),
                region: config.region.clone(),
                account: config.account.clone(),
            })
        })
        .collect()
}

/// Two stacks writing the same files would damage them; the system frees the lock of a killed one.
fn lock_folder(folder: &Path) -> Result<File, ServicesError> {
    make_folder(folder)?;
    let path = folder.join("services.lock");
    let file = File::create(&path).map_err(DiskError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ServicesError::Busy(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(DiskError::io(&path)(error).into()),
    }
}
