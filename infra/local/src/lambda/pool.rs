//! The processes of one function.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Entropy, SystemEntropy};
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::ledger::Ledger;
use super::log::Log;
use super::sandbox::{Ending, Sandbox};
use super::{Settings, failure};
use crate::invoke::Outcome;
use crate::template::model::Function;

/// Invocations that may wait for a process. Lambda itself throttles at once; a laptop has fewer
/// processes than an account, so a short line is kinder than errors that AWS would not give.
const LINE: usize = 256;

/// Longest wait in that line: the gateway gives up then anyway.
const PATIENCE: Duration = Duration::from_secs(30);

/// Processes of a function, idle and busy, never more than the concurrency.
pub(super) struct Pool {
    function: Function,
    settings: Arc<Settings>,
    log: Arc<Log>,
    ledger: Arc<Ledger>,
    permits: Semaphore,
    waiting: AtomicUsize,
    closed: AtomicBool,
    idle: Mutex<Vec<Sandbox>>,
    all: Mutex<Vec<Sandbox>>,
}

impl Pool {
    pub(super) fn new(
        function: Function,
        settings: Arc<Settings>,
        log: Arc<Log>,
        ledger: Arc<Ledger>,
    ) -> Self {
        let reserved = function.reserved_concurrency.map_or(usize::MAX, |most| most as usize);
        let permits = Semaphore::new(settings.concurrency.min(reserved));
        Self {
            function,
            settings,
            log,
            ledger,
            permits,
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            idle: Mutex::default(),
            all: Mutex::default(),
        }
    }

    pub(super) fn arn(&self) -> &str {
        &self.function.arn
    }

    /// Runs the function once.
    pub(super) async fn invoke(&self, payload: Bytes) -> Outcome {
        let Some(_permit) = self.permit().await else { return Outcome::Throttled };
        let id = request_id();
        loop {
            let warm = self.warm();
            let sandbox = match &warm {
                Some(sandbox) => sandbox.clone(),
                None => match self.cold().await {
                    Ok(sandbox) => sandbox,
                    Err(outcome) => return outcome,
                },
            };
            let init = self.settings.init_timeout;
            let ending = sandbox.run(&id, payload.clone(), &self.function, init).await;
            // A warm process that ended between two events never saw this one.
            if let (Some(_), Ending::DiedBefore(..)) = (&warm, &ending) {
                self.forget(&sandbox);
                continue;
            }
            return self.conclude(&id, sandbox, ending);
        }
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        lock(&self.all).iter().filter(|one| one.is_alive()).map(|one| one.pid).collect()
    }

    /// Kills what runs now and waits for it.
    pub(super) async fn kill(&self) -> usize {
        let all: Vec<Sandbox> = lock(&self.all).clone();
        let alive: Vec<&Sandbox> = all.iter().filter(|sandbox| sandbox.is_alive()).collect();
        for sandbox in &alive {
            sandbox.kill();
        }
        for sandbox in &alive {
            sandbox.gone().await;
        }
        alive.len()
    }

    /// Takes no more invocations.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.permits.close();
    }

    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Some(permit);
        }
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= LINE {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        let permit = tokio::time::timeout(PATIENCE, self.permits.acquire()).await;
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        permit.ok()?.ok()
    }

    fn warm(&self) -> Option<Sandbox> {
        let mut idle = lock(&self.idle);
        while let Some(sandbox) = idle.pop() {
            if sandbox.is_alive() {
                return Some(sandbox);
            }
        }
        None
    }

    async fn cold(&self) -> Result<Sandbox, Outcome> {
        let started = Sandbox::start(&self.function, &self.settings, &self.log, &self.ledger).await;
        match started {
            Ok(sandbox) => {
                let mut all = lock(&self.all);
                all.retain(Sandbox::is_alive);
                all.push(sandbox.clone());
                // `close` may have come while it started.
                if self.closed.load(Ordering::Acquire) {
                    sandbox.kill();
                }
                Ok(sandbox)
            }
            Err(error) => {
                let text = format!("{} did not start: {error}", self.function.binary);
                self.log.write(&self.function.logical_id, &text);
                Err(Outcome::Failed(failure("Runtime.InvalidEntrypoint", &text)))
            }
        }
    }

    fn forget(&self, sandbox: &Sandbox) {
        lock(&self.all).retain(|one| one.pid != sandbox.pid);
    }

    fn conclude(&self, id: &str, sandbox: Sandbox, ending: Ending) -> Outcome {
        let exited = |status: &str| {
            let message = format!("RequestId: {id} Error: Runtime exited with error: {status}");
            self.log.write(&self.function.logical_id, &message);
            failure("Runtime.ExitError", &message)
        };
        match ending {
            Ending::Answered(answer) => {
                lock(&self.idle).push(sandbox);
                Outcome::Answered(answer)
            }
            Ending::Failed(error) => {
                lock(&self.idle).push(sandbox);
                Outcome::Failed(error)
            }
            Ending::TimedOut => {
                let seconds = self.function.timeout.as_secs_f64();
                let message = format!("RequestId: {id} Task timed out after {seconds:.2} seconds");
                self.log.write(&self.function.logical_id, &message);
                Outcome::TimedOut
            }
            Ending::InitTimedOut => {
                let message = format!("RequestId: {id} Error: it did not ask for an event in time");
                self.log.write(&self.function.logical_id, &message);
                Outcome::Failed(failure("Sandbox.InitTimedout", &message))
            }
            Ending::DiedBefore(Some(error), _) => Outcome::Failed(error),
            Ending::DiedBefore(None, status) | Ending::DiedDuring(status) => {
                Outcome::Failed(exited(&status))
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for sandbox in lock(&self.all).iter() {
            sandbox.kill();
        }
    }
}

/// A random UUID, as Lambda's request ids are.
pub(super) fn request_id() -> String {
    let entropy: &dyn Entropy = &SystemEntropy;
    uuid::Builder::from_random_bytes(entropy.bytes()).into_uuid().to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
