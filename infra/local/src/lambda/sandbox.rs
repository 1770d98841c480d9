//! One process of a function with its runtime API.

use std::io;
use std::net::Ipv4Addr;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::ledger::Ledger;
use super::log::Log;
use super::runtime_api::{Reply, RuntimeApi, Work};
use super::{Settings, memory, process};
use crate::template::model::Function;

/// How often memory is looked at.
const MEMORY_CHECK: Duration = Duration::from_millis(250);

/// A process that is running, or was.
#[derive(Clone)]
pub(super) struct Sandbox {
    pub(super) pid: u32,
    work: mpsc::Sender<Work>,
    kill: Arc<Notify>,
    ended: watch::Receiver<Option<String>>,
    init_error: Arc<Mutex<Option<Bytes>>>,
}

/// How an invocation ended in this process.
pub(super) enum Ending {
    Answered(Bytes),
    Failed(Bytes),
    TimedOut,
    /// The process never asked for its first event.
    InitTimedOut,
    /// The process ended before it took the event, having said why or not.
    DiedBefore(Option<Bytes>, String),
    /// The process ended while it worked on the event.
    DiedDuring(String),
}

impl Sandbox {
    /// Starts a process.
    pub(super) async fn start(
        function: &Function,
        settings: &Settings,
        log: &Arc<Log>,
        ledger: &Arc<Ledger>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let child = process::spawn(function, settings, &address, log)?;
        let pid = child.id().unwrap_or_default();
        ledger.add(pid);
        let (work, taken) = mpsc::channel(1);
        let (ending, ended) = watch::channel(None);
        let init_error = Arc::new(Mutex::new(None));
        let api = RuntimeApi::new(&function.arn, taken, init_error.clone());
        let watcher = Watcher {
            function: function.logical_id.clone(),
            memory: u64::from(function.memory) * 1024 * 1024,
            kill: Arc::new(Notify::new()),
            server: tokio::spawn(api.serve(listener)),
            ledger: ledger.clone(),
            log: log.clone(),
        };
        let kill = watcher.kill.clone();
        tokio::spawn(watcher.watch(child, pid, ending));
        Ok(Self { pid, work, kill, ended, init_error })
    }

    /// Whether it can take another event.
    pub(super) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none() && !self.work.is_closed()
    }

    /// Ends the process; [`Self::gone`] tells when that is done.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }

    /// Waits for the process's end and tells its exit status in words.
    pub(super) async fn gone(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "unknown".to_owned(),
        }
    }

    /// Gives the event to the process and waits for its end, at most the function's timeout.
    pub(super) async fn run(
        &self,
        id: &str,
        payload: Bytes,
        function: &Function,
        init: Duration,
    ) -> Ending {
        let (started, starting) = oneshot::channel();
        let (reply, replying) = oneshot::channel();
        let work = Work { id: id.to_owned(), payload, timeout: function.timeout, started, reply };
        if self.work.send(work).await.is_err() {
            return Ending::DiedBefore(self.init_error(), self.gone().await);
        }
        match tokio::time::timeout(init, starting).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ending::DiedBefore(self.init_error(), self.gone().await),
            Err(_) => {
                self.kill();
                self.gone().await;
                return Ending::InitTimedOut;
            }
        }
        match tokio::time::timeout(function.timeout, replying).await {
            Ok(Ok(Reply::Answered(answer))) => Ending::Answered(answer),
            Ok(Ok(Reply::Failed(error))) => Ending::Failed(error),
            Ok(Err(_)) => Ending::DiedDuring(self.gone().await),
            Err(_) => {
                self.kill();
                self.gone().await;
                Ending::TimedOut
            }
        }
    }

    fn init_error(&self) -> Option<Bytes> {
        self.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Owns the process until it ends.
struct Watcher {
    function: String,
    memory: u64,
    kill: Arc<Notify>,
    server: JoinHandle<()>,
    ledger: Arc<Ledger>,
    log: Arc<Log>,
}

impl Watcher {
    async fn watch(self, mut child: Child, pid: u32, ending: watch::Sender<Option<String>>) {
        let mut check = tokio::time::interval(MEMORY_CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = self.kill.notified() => {
                    if let Err(error) = child.start_kill() {
                        tracing::warn!(error = %error, pid, "a process was not killed");
                    }
                }
                _ = check.tick() => self.check_memory(&mut child, pid),
            }
        };
        self.ledger.remove(pid);
        // First the words, then the end of the runtime API, which wakes whoever waits for them.
        ending.send_replace(Some(status.map_or_else(|error| error.to_string(), words)));
        self.server.abort();
    }

    fn check_memory(&self, child: &mut Child, pid: u32) {
        let Some(used) = memory::resident(pid).filter(|used| *used > self.memory) else { return };
        let megabytes = |bytes: u64| bytes / (1024 * 1024);
        let text = format!(
            "killed: it used {} MB, its MemorySize is {} MB",
            megabytes(used),
            megabytes(self.memory)
        );
        self.log.write(&self.function, &text);
        let _ = child.start_kill();
    }
}

/// As Lambda says it: `exit status 1`, `signal: killed`.
fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => "unknown".to_owned(),
    }
}
