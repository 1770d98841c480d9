//! Event source mappings: a queue's messages, in batches, to a function.
//!
//! Lambda Developer Guide, *Using Lambda with Amazon SQS*. What a function does not finish stays
//! hidden until the queue's visibility timeout and is then delivered again.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::Queue;
use super::attribute::md5_of_body;
use super::backlog::{Receipt, Received, Want};
use super::service::{handle, system_attributes};
use crate::invoke::{Invoke, Outcome};
use crate::services::disk::DiskError;
use crate::services::tasks::Tasks;
use crate::services::trouble;
use crate::template::model::{self, BatchFailures};

/// Bytes after which a batch takes no further message: with one more of 1 MiB and the records'
/// other fields it stays below the 6 MB of an invocation.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Concurrent batches where the template sets no `MaximumConcurrency`: what Lambda starts with.
const CONCURRENCY: u32 = 5;

/// One poll asks for at most this many messages.
const POLL_COUNT: usize = 10;

/// One poll waits at most this long.
const POLL_WAIT: Duration = Duration::from_secs(20);

/// A queue that feeds a function.
pub(in crate::services) struct Mapping {
    /// What the template says of it.
    pub(in crate::services) settings: model::Mapping,
    /// Where the messages are.
    pub(in crate::services) queue: Arc<Queue>,
    /// Who runs the function.
    pub(in crate::services) functions: Arc<dyn Invoke>,
    /// Of the account.
    pub(in crate::services) region: String,
    /// Sender of the messages.
    pub(in crate::services) account: String,
}

impl Mapping {
    /// Polls until ended; invocations under way end with it and their messages come back.
    pub(in crate::services) async fn run(self, tasks: Tasks) {
        let most = self.settings.maximum_concurrency.unwrap_or(CONCURRENCY);
        let slots = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(1)));
        let mapping = Arc::new(self);
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let batch = match mapping.gather().await {
                Ok(batch) => batch,
                Err(error) => {
                    trouble::log(&error, "a queue could not be polled");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let mapping = mapping.clone();
            tasks.spawn(async move {
                mapping.process(batch).await;
                drop(slot);
            });
        }
    }

    /// Waits for a first message and then, within the batching window, for a full batch.
    async fn gather(&self) -> Result<Vec<Received>, DiskError> {
        let size = usize::try_from(self.settings.batch_size).unwrap_or(1).max(1);
        let mut batch = Vec::new();
        while batch.is_empty() {
            batch = self.queue.receive(self.want(size, &batch), POLL_WAIT).await?;
        }
        let mut end = pin!(tokio::time::sleep(self.settings.window));
        while batch.len() < size && bytes(&batch) < BATCH_BYTES {
            let want = self.want(size, &batch);
            let wait = self.settings.window.min(POLL_WAIT);
            let more = tokio::select! {
                biased;
                () = &mut end, if !wait.is_zero() => break,
                more = self.queue.receive(want, wait) => more?,
            };
            if more.is_empty() && wait.is_zero() {
                break;
            }
            batch.extend(more);
        }
        Ok(batch)
    }

    fn want(&self, size: usize, batch: &[Received]) -> Want {
        Want {
            count: (size - batch.len()).min(POLL_COUNT),
            bytes: BATCH_BYTES - bytes(batch),
            visibility: self.queue.settings().visibility_timeout,
        }
    }

    async fn process(&self, batch: Vec<Received>) {
        let records: Vec<_> = batch.iter().map(|received| self.record(received)).collect();
        let payload = Bytes::from(json!({ "Records": records }).to_string());
        let outcome = self.functions.invoke(&self.settings.function, payload).await;
        let failed = failed(&outcome, self.settings.failures, &batch);
        if !failed.is_empty() {
            tracing::warn!(
                function = self.settings.function,
                messages = failed.len(),
                "messages stay in their queue because the function did not finish them"
            );
        }
        let finished: Vec<Receipt> = batch
            .iter()
            .filter(|received| !failed.contains(received.message.id.as_str()))
            .map(|received| received.receipt.clone())
            .collect();
        if let Err(error) = self.queue.delete(&finished) {
            trouble::log(&error, "finished messages could not be deleted and will come again");
        }
    }

    /// One of `Records`, as Lambda documents it.
    fn record(&self, received: &Received) -> Value {
        let message = &received.message;
        let attributes: serde_json::Map<_, _> = message
            .attributes
            .iter()
            .map(|(name, attribute)| (name.clone(), attribute.for_function()))
            .collect();
        json!({
            "messageId": message.id,
            "receiptHandle": handle(&received.receipt),
            "body": message.body,
            "attributes": system_attributes(message, &self.account),
            "messageAttributes": attributes,
            "md5OfBody": md5_of_body(&message.body),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue.settings().arn,
            "awsRegion": self.region,
        })
    }
}

fn bytes(batch: &[Received]) -> usize {
    batch.iter().map(|received| received.message.size()).sum()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: Option<String>,
}

/// Decides which messages of a batch were not finished, by their ids.
///
/// Lambda Developer Guide, *Implementing partial batch responses*: an answer that is no JSON, or
/// names a message that is empty, missing or not of the batch, fails the whole batch; nothing, or
/// an empty list, is success.
fn failed<'b>(
    outcome: &Outcome,
    failures: BatchFailures,
    batch: &'b [Received],
) -> HashSet<&'b str> {
    let all = || batch.iter().map(|received| received.message.id.as_str()).collect();
    let Outcome::Answered(answer) = outcome else { return all() };
    match failures {
        BatchFailures::WholeBatch => return HashSet::new(),
        BatchFailures::Reported if answer.is_empty() => return HashSet::new(),
        BatchFailures::Reported => {}
    }
    let Ok(response) = serde_json::from_slice::<Option<BatchResponse>>(answer) else {
        return all();
    };
    let named = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
    named
        .into_iter()
        .map(|failure| {
            let id = failure.item_identifier?;
            batch.iter().map(|received| received.message.id.as_str()).find(|one| *one == id)
        })
        .collect::<Option<HashSet<_>>>()
        .unwrap_or_else(all)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::services::queue::attribute::Attributes;
    use crate::services::queue::backlog::Message;

    fn batch() -> Vec<Received> {
        ["a", "b"]
            .map(|id| Received {
                receipt: Receipt { message: id.to_owned(), delivery: "1".to_owned() },
                message: Message {
                    id: id.to_owned(),
                    body: "body".to_owned(),
                    attributes: Attributes::new(),
                    trace_header: None,
                    sent_at: Timestamp::UNIX_EPOCH,
                    visible_at: Timestamp::UNIX_EPOCH,
                    receive_count: 1,
                    first_received_at: None,
                    source_arn: None,
                },
            })
            .to_vec()
    }

    #[test]
    fn an_answer_names_what_failed_and_a_wrong_answer_fails_everything() {
        let cases: [(&str, &[&str]); 11] = [
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, &["b"]),
            (r#"{"batchItemFailures":[]}"#, &[]),
            (r#"{"batchItemFailures":null}"#, &[]),
            ("{}", &[]),
            ("null", &[]),
            ("", &[]),
            ("not json", &["a", "b"]),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, &["a", "b"]),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, &["a", "b"]),
            (r#"{"batchItemFailures":[{"other":"a"}]}"#, &["a", "b"]),
            (r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#, &["a", "b"]),
        ];
        for (answer, expected) in cases {
            let outcome = Outcome::Answered(Bytes::from(answer));
            let expected: HashSet<_> = expected.iter().copied().collect();
            let batch = batch();
            assert_eq!(failed(&outcome, BatchFailures::Reported, &batch), expected, "{answer}");
            let none = HashSet::new();
            assert_eq!(failed(&outcome, BatchFailures::WholeBatch, &batch), none, "{answer}");
        }
    }

    #[test]
    fn a_function_that_did_not_answer_finished_nothing() {
        let both = HashSet::from(["a", "b"]);
        for outcome in [Outcome::Failed(Bytes::new()), Outcome::TimedOut, Outcome::Throttled] {
            for failures in [BatchFailures::WholeBatch, BatchFailures::Reported] {
                assert_eq!(failed(&outcome, failures, &batch()), both, "{outcome:?}");
            }
        }
    }
}
