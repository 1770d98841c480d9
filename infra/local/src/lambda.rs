//! Runs functions as AWS Lambda does: one process per concurrent invocation, kept warm.
//!
//! No HTTP events, no retries: bytes in, an [`Outcome`] out. Lambda's own names are kept in logs and
//! errors, so that what is seen here is what CloudWatch would show.

mod api;
mod ledger;
mod log;
mod memory;
mod pool;
mod process;
mod runtime_api;
mod sandbox;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use api::{Asynchronously, router};
pub use ledger::Ledger;
pub use log::{Line, Log, Show};

use crate::invoke::{Invoke, Outcome};
use crate::template::model::Function;
use pool::Pool;

/// Lambda's limit for a synchronous request or response: 6 MB.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// Lambda's limit for an asynchronous event: 1 MB.
pub const EVENT_LIMIT: usize = 1024 * 1024;

/// How functions are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder with one executable per function, named as in the template's `Binary`.
    pub bin_dir: PathBuf,
    /// `AWS_REGION`.
    pub region: String,
    /// Most processes of one function at a time.
    pub concurrency: usize,
    /// Variables of every function besides the template's: endpoints, `PATH`.
    pub variables: BTreeMap<String, String>,
    /// Longest wait for a new process to ask for its first event; Lambda's init phase, 10 seconds.
    pub init_timeout: Duration,
}

/// All functions of the account.
pub struct Lambda {
    pools: BTreeMap<String, Arc<Pool>>,
    log: Arc<Log>,
}

impl Lambda {
    /// Prepares the functions; a process starts with the first invocation that needs it.
    pub fn new(
        functions: &BTreeMap<String, Function>,
        settings: Settings,
        log: Arc<Log>,
        ledger: Arc<Ledger>,
    ) -> Arc<Self> {
        let settings = Arc::new(settings);
        let pool = |function: &Function| {
            Arc::new(Pool::new(function.clone(), settings.clone(), log.clone(), ledger.clone()))
        };
        let pools = functions.iter().map(|(id, function)| (id.clone(), pool(function))).collect();
        Arc::new(Self { pools, log })
    }

    /// The ARN of the function of that logical id.
    pub fn arn(&self, function: &str) -> Option<&str> {
        self.pools.get(function).map(|pool| pool.arn())
    }

    /// Process ids of a function, the idle ones too.
    pub fn processes(&self, function: &str) -> Vec<u32> {
        self.pools.get(function).map(|pool| pool.processes()).unwrap_or_default()
    }

    /// Kills every process of a function, in the middle of whatever it does, and waits until they
    /// are gone. Answers how many there were.
    pub async fn kill(&self, function: &str) -> usize {
        match self.pools.get(function) {
            Some(pool) => pool.kill().await,
            None => 0,
        }
    }

    /// Ends every process and starts no more.
    pub async fn stop(&self) {
        for pool in self.pools.values() {
            pool.close();
        }
        for pool in self.pools.values() {
            pool.kill().await;
        }
    }

    /// What the functions wrote.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }
}

#[async_trait]
impl Invoke for Lambda {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        let Some(pool) = self.pools.get(function).cloned() else {
            return Outcome::Failed(failure(
                "ResourceNotFoundException",
                &format!("there is no function {function}"),
            ));
        };
        // A task of its own: an invocation goes on when its caller hangs up, as on AWS.
        match tokio::spawn(async move { pool.invoke(payload).await }).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(failure("Runtime.Unknown", &error.to_string())),
        }
    }
}

/// An error in Lambda's form.
fn failure(kind: &str, message: &str) -> Bytes {
    serde_json::json!({ "errorType": kind, "errorMessage": message }).to_string().into()
}
