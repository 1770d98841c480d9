//! Where an ARN points: queues, and the lines in which asynchronous invocations wait.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ambient::{Clock, Entropy};

use super::ServicesError;
use super::disk::{DiskError, make_folder};
use super::queue::backlog::Rules;
use super::queue::{Outgoing, Queue, Queues};
use crate::template::model;

/// Largest asynchronous event, and largest message of a queue.
const SIZE_LIMIT: usize = 1024 * 1024;

/// Everything that a payload can be sent to.
#[derive(Debug)]
pub(super) struct Destinations {
    queues: Arc<Queues>,
    lines: BTreeMap<String, Line>,
}

/// The asynchronous invocations of one function, waiting.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The function.
    pub(super) function: model::Function,
    /// Its events.
    pub(super) events: Arc<Queue>,
}

/// Why a payload did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    /// Nothing of this account has the ARN.
    #[error("no such target")]
    NoTarget,
    /// More than the target takes.
    #[error("the payload is too large for the target")]
    TooLarge,
    /// It could not be kept.
    #[error("the payload could not be kept")]
    Disk(#[from] DiskError),
}

impl DeliveryError {
    /// `ERROR_CODE` in a dead-letter queue.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoTarget => "NO_RESOURCE",
            Self::TooLarge => "INVALID_PARAMETER",
            Self::Disk(_) => "SDK_CLIENT_ERROR",
        }
    }
}

impl Destinations {
    /// Opens the lines of all functions beside the queues.
    pub(super) fn open(
        folder: &Path,
        queues: Arc<Queues>,
        functions: &BTreeMap<String, model::Function>,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, ServicesError> {
        make_folder(folder)?;
        let mut lines = BTreeMap::new();
        for function in functions.values() {
            let path = folder.join(format!("{}.journal", function.logical_id));
            // An event's age ends it with a record of its own, not silently.
            let rules =
                Rules { retention: Duration::from_secs(14 * 86_400), max_receive_count: None };
            let events = Queue::open(path, line_settings(function), rules, clock, entropy)?;
            lines.insert(function.arn.clone(), Line { function: function.clone(), events });
        }
        Ok(Self { queues, lines })
    }

    /// The lines of all functions.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// Whether something of this account takes what is sent to `arn`.
    pub(super) fn knows(&self, arn: &str) -> bool {
        self.queues.by_arn(arn).is_some() || self.line(arn).is_some()
    }

    /// Sends `message` to a queue, or its body to a function as an asynchronous event.
    ///
    /// Once this returns the message survives a killed process.
    pub(super) fn send(&self, arn: &str, message: Outgoing) -> Result<(), DeliveryError> {
        let target = match self.line(arn) {
            Some(line) => line.events.clone(),
            None => self.queues.by_arn(arn).ok_or(DeliveryError::NoTarget)?,
        };
        if message.body.len() > target.settings().maximum_message_size as usize {
            return Err(DeliveryError::TooLarge);
        }
        target.send(vec![message])?;
        Ok(())
    }

    /// A function's ARN may carry a version or an alias.
    fn line(&self, arn: &str) -> Option<&Line> {
        self.lines.get(arn).or_else(|| self.lines.get(arn.rsplit_once(':')?.0))
    }
}

/// A line is a queue that nobody sees.
fn line_settings(function: &model::Function) -> model::Queue {
    model::Queue {
        logical_id: function.logical_id.clone(),
        name: function.logical_id.clone(),
        arn: function.arn.clone(),
        url: String::new(),
        fifo: false,
        visibility_timeout: Duration::from_secs(43_200),
        retention: Duration::from_secs(14 * 86_400),
        delay: Duration::ZERO,
        wait_time: Duration::ZERO,
        maximum_message_size: u32::try_from(SIZE_LIMIT).unwrap_or(u32::MAX),
        redrive: None,
    }
}
