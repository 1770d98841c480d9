//! Asynchronous invocations: tried, tried again, then sent to the failure destination.
//!
//! Lambda Developer Guide, *How Lambda handles errors and retries with asynchronous invocation*.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::delivery::Line;
use super::events::Buses;
use super::queue::Outgoing;
use super::queue::attribute::{Attribute, Attributes};
use super::queue::backlog::{Received, Want};
use super::tasks::Tasks;
use super::{Timing, trouble};
use crate::invoke::{Invoke, Outcome};

/// Asynchronous invocations of one function at the same time.
const CONCURRENCY: usize = 10;

/// Longest pause before a throttled invocation is tried again.
const THROTTLE_PAUSE_LIMIT: Duration = Duration::from_secs(300);

/// Longest time that a received event is kept from another worker: longer than any attempt.
const HOLD: Duration = Duration::from_secs(43_200);

/// Invokes one function with the events of its line.
pub(super) struct Worker {
    /// The events.
    pub(super) line: Line,
    /// Who runs the function.
    pub(super) functions: Arc<dyn Invoke>,
    /// Where failed events go.
    pub(super) buses: Arc<Buses>,
    /// How long the pauses are.
    pub(super) timing: Timing,
    /// Tells the age of events.
    pub(super) clock: Arc<dyn Clock>,
}

/// How one attempt ended.
enum Verdict {
    /// Done.
    Succeeded,
    /// To be tried again after a pause.
    Again(Duration),
    /// Not to be tried again.
    GaveUp { condition: &'static str, outcome: Option<Outcome> },
}

impl Worker {
    /// Works until ended; an event under way is tried again after the next start.
    pub(super) async fn run(self, tasks: Tasks) {
        let slots = Arc::new(Semaphore::new(CONCURRENCY));
        let worker = Arc::new(self);
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let want = Want { count: 1, bytes: usize::MAX, visibility: HOLD };
            let received = match worker.line.events.receive(want, HOLD).await {
                Ok(received) => received,
                Err(error) => {
                    trouble::log(&error, "asynchronous events could not be read");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            // At most one was asked for, so the slot is its own until the attempt has ended.
            let worker = worker.clone();
            tasks.spawn(async move {
                for event in received {
                    worker.attempt(event).await;
                }
                drop(slot);
            });
        }
    }

    async fn attempt(&self, event: Received) {
        let payload = Bytes::from(event.message.body.clone());
        let verdict = if self.is_too_old(&event) {
            Verdict::GaveUp { condition: "EventAgeExceeded", outcome: None }
        } else {
            self.judge(&event, self.unthrottled(&event, payload).await)
        };
        match verdict {
            Verdict::Succeeded => self.finish(&event),
            Verdict::Again(pause) => {
                self.line.events.hold(&event.receipt, pause);
            }
            Verdict::GaveUp { condition, outcome } => {
                if self.report(&event, condition, outcome.as_ref()) {
                    self.finish(&event);
                } else {
                    self.line.events.hold(&event.receipt, Duration::from_secs(60));
                }
            }
        }
    }

    /// Throttling is no attempt: it is waited out, up to the age at which events end.
    async fn unthrottled(&self, event: &Received, payload: Bytes) -> Outcome {
        let mut pause = self.timing.throttle_pause;
        loop {
            let outcome =
                self.functions.invoke(&self.line.function.logical_id, payload.clone()).await;
            if outcome != Outcome::Throttled || self.is_too_old(event) {
                return outcome;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(THROTTLE_PAUSE_LIMIT);
        }
    }

    fn judge(&self, event: &Received, outcome: Outcome) -> Verdict {
        let attempts = event.message.receive_count;
        match outcome {
            Outcome::Answered(_) => Verdict::Succeeded,
            Outcome::Throttled => {
                Verdict::GaveUp { condition: "EventAgeExceeded", outcome: Some(outcome) }
            }
            Outcome::Failed(_) | Outcome::TimedOut
                if attempts <= self.line.function.asynchronous.maximum_retries =>
            {
                tracing::warn!(
                    function = self.line.function.logical_id,
                    attempts,
                    "an asynchronous invocation failed and will be tried again"
                );
                Verdict::Again(self.timing.retry_pause(attempts))
            }
            Outcome::Failed(_) | Outcome::TimedOut => {
                Verdict::GaveUp { condition: "RetriesExhausted", outcome: Some(outcome) }
            }
        }
    }

    fn is_too_old(&self, event: &Received) -> bool {
        event.message.sent_at + self.line.function.asynchronous.maximum_age <= self.clock.now()
    }

    fn finish(&self, event: &Received) {
        if let Err(error) = self.line.events.delete(std::slice::from_ref(&event.receipt)) {
            trouble::log(&error, "a finished event could not be deleted and will come again");
        }
    }

    /// Sends a failed event to the failure destination and the dead-letter queue, if there are.
    fn report(&self, event: &Received, condition: &str, outcome: Option<&Outcome>) -> bool {
        let function = &self.line.function;
        tracing::error!(
            function = function.logical_id,
            condition,
            "an asynchronous invocation failed for good"
        );
        let envelope = self.envelope(event, condition, outcome);
        let destination = function
            .asynchronous
            .on_failure
            .as_ref()
            .map(|arn| self.buses.send_result(arn, &function.arn, &envelope));
        let dead_letter = function.asynchronous.dead_letter.as_ref().map(|arn| {
            let message = Outgoing {
                attributes: dead_letter_attributes(event, outcome),
                ..Outgoing::body(event.message.body.clone())
            };
            self.buses.destinations().send(arn, message)
        });
        let mut reported = true;
        for result in [destination, dead_letter].into_iter().flatten() {
            if let Err(error) = result {
                trouble::log(&error, "a failed event could not be sent where failures go");
                reported = false;
            }
        }
        reported
    }

    /// The record of an invocation that a destination receives.
    fn envelope(&self, event: &Received, condition: &str, outcome: Option<&Outcome>) -> Value {
        let mut envelope = json!({
            "version": "1.0",
            "timestamp": format!("{:.3}", self.clock.now()),
            "requestContext": {
                "requestId": event.message.id,
                "functionArn": format!("{}:$LATEST", self.line.function.arn),
                "condition": condition,
                "approximateInvokeCount": event.message.receive_count,
            },
            "requestPayload": value_of(event.message.body.as_bytes()),
        });
        if let (Some(outcome), Some(fields)) = (outcome, envelope.as_object_mut()) {
            let context = json!({
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            });
            fields.insert("responseContext".to_owned(), context);
            fields.insert("responsePayload".to_owned(), response_payload(event, outcome));
        }
        envelope
    }
}

fn response_payload(event: &Received, outcome: &Outcome) -> Value {
    let id = &event.message.id;
    match outcome {
        Outcome::Answered(bytes) | Outcome::Failed(bytes) => value_of(bytes),
        Outcome::TimedOut => {
            json!({ "errorType": "Sandbox.Timedout",
                    "errorMessage": format!("RequestId: {id} Error: Task timed out") })
        }
        Outcome::Throttled => {
            json!({ "errorType": "TooManyRequestsException", "errorMessage": "Rate exceeded" })
        }
    }
}

/// `RequestID`, `ErrorCode` and `ErrorMessage` (its first kilobyte) beside the original event.
fn dead_letter_attributes(event: &Received, outcome: Option<&Outcome>) -> Attributes {
    let message = outcome.map_or_else(
        || "the event was too old".to_owned(),
        |outcome| response_payload(event, outcome).to_string(),
    );
    let code = Attribute { data_type: "Number".to_owned(), ..Attribute::text("200") };
    Attributes::from([
        ("RequestID".to_owned(), Attribute::text(event.message.id.clone())),
        ("ErrorCode".to_owned(), code),
        (
            "ErrorMessage".to_owned(),
            Attribute::text(message.chars().take(1000).collect::<String>()),
        ),
    ])
}

/// JSON as it is, anything else as a text.
fn value_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}
