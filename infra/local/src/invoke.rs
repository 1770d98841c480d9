//! Running a function, as every service of the account sees it.

use async_trait::async_trait;
use bytes::Bytes;

/// Runs a deployed function.
#[async_trait]
pub trait Invoke: Send + Sync {
    /// Invokes `function` (its logical id in the template) once with `payload` and waits for the
    /// end. Lambda API, *Invoke* with `RequestResponse`: whoever wants retries makes them.
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome;
}

/// How one invocation ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The handler's answer.
    Answered(Bytes),
    /// The handler's error, or its process's death: `{"errorType":…,"errorMessage":…}`.
    Failed(Bytes),
    /// The template's `Timeout` passed and the process was killed.
    TimedOut,
    /// Every process was busy and the waiting line was full.
    Throttled,
}

impl Outcome {
    /// Whether the function answered.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Answered(_))
    }
}
