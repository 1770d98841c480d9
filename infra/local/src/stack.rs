//! The whole account, started and stopped as one thing.
//!
//! It runs on threads of its own, so a test may block or use any runtime around it.

mod assembly;
mod control;
mod data;
mod options;
mod ports;
mod ready;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use entra_sim::Simulator;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub use data::DataError;
pub use options::{Cycles, Data, Options, Seed};
pub use ready::{DemoUser, Ready};

use crate::database::{DatabaseError, LocalDatabase};
use crate::invoke::{Invoke as _, Outcome};
use crate::lambda::{Lambda, Line, Log};
use crate::seed::SeedError;
use crate::services::mail::Outbox;
use crate::services::{ScheduleError, Services, ServicesError};
use crate::template::TemplateError;
use data::DataFolder;

/// The account's number.
pub const ACCOUNT: &str = "123456789012";
/// The account's region.
pub const REGION: &str = "eu-central-1";
/// The stack's name.
pub const NAME: &str = "passerelle";
/// The application that reads users, as the simulated Entra knows it.
pub const READER: &str = "4ead0000-0000-4000-8000-000000000001";
/// The application that changes users.
pub const WRITER: &str = "4ead0000-0000-4000-8000-000000000002";
/// The application by which an administrator looks at the federation of domains.
pub const FEDERATION: &str = "4ead0000-0000-4000-8000-000000000003";

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
    threads: Threads,
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
        let threads = Threads(Some(runtime));
        let log = Arc::new(Log::new(options.show));
        let started = threads.spawn(assembly::assemble(options, log.clone())).await;
        let (parts, ready) =
            started.ok_or_else(|| StartError::Runtime(std::io::Error::other("it panicked")))??;
        Ok(Self {
            entra: parts.entra.clone(),
            outbox: parts.services.outbox().clone(),
            parts: Some(parts),
            threads,
            ready,
            log,
        })
    }

    /// Addresses and names, as `--json` prints them.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// How many requests the table had, where it is [measured](Options::measured).
    pub fn table_requests(&self) -> u64 {
        self.parts.as_ref().map_or(0, |parts| parts.database.requests())
    }

    /// Invokes a function by its logical id and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: serde_json::Value) -> Outcome {
        let Some(parts) = &self.parts else { return Outcome::Throttled };
        let (lambda, function) = (parts.lambda.clone(), function.to_owned());
        let payload = Bytes::from(payload.to_string());
        let running = self.threads.spawn(async move { lambda.invoke(&function, payload).await });
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
        match &self.parts {
            Some(parts) => self.threads.spawn(parts.database.sweep()).await.unwrap_or_default(),
            None => 0,
        }
    }

    /// Ends every process and task, and waits until they have ended.
    pub async fn stop(mut self) {
        if let Some(parts) = self.parts.take() {
            self.threads.spawn(parts.end()).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take()
            && let Some(runtime) = self.threads.0.take()
        {
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

/// The stack's own threads. Dropping a runtime waits for its threads, which panics inside another
/// runtime, and a start that is given up drops it there: so they end by themselves.
struct Threads(Option<Runtime>);

impl Threads {
    /// The result, or `None` when it panicked.
    async fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let running = self.0.as_ref()?.spawn(work);
        match running.await {
            Ok(result) => Some(result),
            Err(error) => {
                tracing::error!(error = %error, "a part of the stack panicked");
                None
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
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
