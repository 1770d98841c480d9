//! The SQS API in AWS JSON 1.0 (`AmazonSQS`).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::attribute::{Attributes, md5_of_attributes, md5_of_body};
use super::backlog::{Message, Receipt, Received, Want};
use super::{Outgoing, Queue, Queues};
use crate::services::protocol::{
    Refusal, aws_json, input, operation, require_signature, unknown_operation,
};
use crate::services::server::Service;

/// Longest `DelaySeconds`.
const DELAY_LIMIT: u64 = 900;
/// Longest `WaitTimeSeconds`.
const WAIT_LIMIT: u64 = 20;
/// Longest `VisibilityTimeout`.
const VISIBILITY_LIMIT: u64 = 43_200;
/// Most messages in one request.
const BATCH_LIMIT: usize = 10;

/// The queue service of one account and region.
pub(in crate::services) struct Sqs {
    queues: Arc<Queues>,
    account: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfQueue<T> {
    queue_url: String,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Deserialize)]
struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: Attributes,
    #[serde(default)]
    message_system_attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<T> {
    entries: Vec<Entry<T>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<T> {
    id: String,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    max_number_of_messages: Option<u64>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    receipt_handle: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeVisibility {
    receipt_handle: String,
    visibility_timeout: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueAttributes {
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueName {
    queue_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
}

impl Sqs {
    /// Serves `queues`.
    pub(in crate::services) fn new(queues: Arc<Queues>, account: String) -> Self {
        Self { queues, account }
    }

    async fn run(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        require_signature(request)?;
        let body = request.body();
        match operation(request.headers(), "AmazonSQS")? {
            "ChangeMessageVisibility" => {
                let (queue, input) = self.of_queue::<ChangeVisibility>(body)?;
                change_visibility(&queue, &input).map(|()| json!({}))
            }
            "ChangeMessageVisibilityBatch" => {
                let (queue, input) = self.of_queue::<Batch<ChangeVisibility>>(body)?;
                batch(input, |entry| change_visibility(&queue, &entry).map(|()| json!({})))
            }
            "DeleteMessage" => {
                let (queue, input) = self.of_queue::<Delete>(body)?;
                delete(&queue, &input)
            }
            "DeleteMessageBatch" => {
                let (queue, input) = self.of_queue::<Batch<Delete>>(body)?;
                batch(input, |entry| delete(&queue, &entry))
            }
            "GetQueueAttributes" => {
                let (queue, input) = self.of_queue::<GetQueueAttributes>(body)?;
                queue_attributes(&queue, &input.attribute_names)
            }
            "GetQueueUrl" => {
                let input: QueueName = input(body)?;
                let queue = self.queues.by_name(&input.queue_name).ok_or_else(no_queue)?;
                Ok(json!({ "QueueUrl": queue.settings().url }))
            }
            "ListQueues" => self.list(&input(body)?),
            "PurgeQueue" => {
                let (queue, _) = self.of_queue::<Nothing>(body)?;
                queue.purge()?;
                Ok(json!({}))
            }
            "ReceiveMessage" => {
                let (queue, input) = self.of_queue::<Receive>(body)?;
                self.receive(&queue, &input).await
            }
            "SendMessage" => {
                let (queue, input) = self.of_queue::<Send>(body)?;
                send(&queue, input)
            }
            "SendMessageBatch" => {
                let (queue, input) = self.of_queue::<Batch<Send>>(body)?;
                send_batch(&queue, input)
            }
            other => Err(unknown_operation(other)),
        }
    }

    /// Reads an input that names a queue. Only the last part of the URL decides which.
    fn of_queue<T: for<'de> Deserialize<'de>>(
        &self,
        body: &[u8],
    ) -> Result<(Arc<Queue>, T), Refusal> {
        let input: OfQueue<T> = input(body)?;
        let name = input.queue_url.rsplit('/').next().unwrap_or_default();
        Ok((self.queues.by_name(name).ok_or_else(no_queue)?, input.rest))
    }

    fn list(&self, input: &ListQueues) -> Result<Value, Refusal> {
        let urls: Vec<_> = self
            .queues
            .all()
            .map(|queue| queue.settings())
            .filter(|settings| settings.name.starts_with(&input.queue_name_prefix))
            .map(|settings| &settings.url)
            .collect();
        Ok(if urls.is_empty() { json!({}) } else { json!({ "QueueUrls": urls }) })
    }

    async fn receive(&self, queue: &Queue, input: &Receive) -> Result<Value, Refusal> {
        let count = input.max_number_of_messages.unwrap_or(1);
        if !(1..=BATCH_LIMIT as u64).contains(&count) {
            return Err(invalid("Value for parameter MaxNumberOfMessages is invalid."));
        }
        let settings = queue.settings();
        let visibility = seconds(input.visibility_timeout, VISIBILITY_LIMIT, "VisibilityTimeout")?;
        let wait = seconds(input.wait_time_seconds, WAIT_LIMIT, "WaitTimeSeconds")?;
        let want = Want {
            count: usize::try_from(count).unwrap_or(1),
            bytes: usize::MAX,
            visibility: visibility.unwrap_or(settings.visibility_timeout),
        };
        let received = queue.receive(want, wait.unwrap_or(settings.wait_time)).await?;
        let messages: Vec<_> = received.iter().map(|one| self.shown(one, input)).collect();
        Ok(if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) })
    }

    fn shown(&self, received: &Received, input: &Receive) -> Value {
        let message = &received.message;
        let names = input.attribute_names.iter().chain(&input.message_system_attribute_names);
        let names: HashSet<_> = names.map(String::as_str).collect();
        let mut system = system_attributes(message, &self.account);
        system.retain(|name, _| names.contains("All") || names.contains(name.as_str()));
        let chosen: Attributes = message
            .attributes
            .iter()
            .filter(|(name, _)| input.message_attribute_names.iter().any(|n| names_it(n, name)))
            .map(|(name, attribute)| (name.clone(), attribute.clone()))
            .collect();
        let mut shown = Map::from_iter([
            ("MessageId".to_owned(), json!(message.id)),
            ("ReceiptHandle".to_owned(), json!(handle(&received.receipt))),
            ("MD5OfBody".to_owned(), json!(md5_of_body(&message.body))),
            ("Body".to_owned(), json!(message.body)),
        ]);
        if !system.is_empty() {
            shown.insert("Attributes".to_owned(), Value::Object(system));
        }
        if let Some(sum) = md5_of_attributes(&chosen) {
            shown.insert("MD5OfMessageAttributes".to_owned(), json!(sum));
            shown.insert("MessageAttributes".to_owned(), json!(chosen));
        }
        Value::Object(shown)
    }
}

impl Service for Sqs {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.run(&request).await;
        let refused = answer.as_ref().err().map(|refusal| refusal.code);
        let mut response = aws_json("1.0", answer);
        // SDKs made for the older query protocol know the errors by their older names.
        if let Some(name) = refused.and_then(older_name) {
            response.headers_mut().insert("x-amzn-query-error", HeaderValue::from_static(name));
        }
        response
    }
}

/// The attributes that SQS itself keeps of a message.
pub(super) fn system_attributes(message: &Message, account: &str) -> Map<String, Value> {
    let millis = |at: Timestamp| json!(at.as_millisecond().to_string());
    let mut attributes = Map::from_iter([
        ("ApproximateReceiveCount".to_owned(), json!(message.receive_count.to_string())),
        ("SentTimestamp".to_owned(), millis(message.sent_at)),
        ("SenderId".to_owned(), json!(account)),
    ]);
    if let Some(at) = message.first_received_at {
        attributes.insert("ApproximateFirstReceiveTimestamp".to_owned(), millis(at));
    }
    if let Some(arn) = &message.source_arn {
        attributes.insert("DeadLetterQueueSourceArn".to_owned(), json!(arn));
    }
    if let Some(header) = &message.trace_header {
        attributes.insert("AWSTraceHeader".to_owned(), json!(header));
    }
    attributes
}

/// `ReceiptHandle`: opaque to its holder.
pub(super) fn handle(receipt: &Receipt) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", receipt.message, receipt.delivery))
}

fn receipt(handle: &str) -> Result<Receipt, Refusal> {
    let decoded = URL_SAFE_NO_PAD.decode(handle).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (message, delivery) = text.split_once(' ').ok_or_else(|| {
        Refusal::new(
            "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            "The input receipt handle is invalid.",
        )
    })?;
    Ok(Receipt { message: message.to_owned(), delivery: delivery.to_owned() })
}

fn send(queue: &Queue, input: Send) -> Result<Value, Refusal> {
    let outgoing = outgoing(queue, input)?;
    let sent = queue.send(vec![outgoing])?;
    sent.first().map(sent_entry).ok_or_else(no_queue)
}

fn send_batch(queue: &Queue, input: Batch<Send>) -> Result<Value, Refusal> {
    require_batch(&input)?;
    let size: usize = input.entries.iter().map(|entry| entry.rest.message_body.len()).sum();
    if size > queue.settings().maximum_message_size as usize {
        return Err(Refusal::new(
            "com.amazonaws.sqs#BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ));
    }
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        match outgoing(queue, entry.rest) {
            Ok(outgoing) => good.push((entry.id, outgoing)),
            Err(refusal) => failed.push(failed_entry(&entry.id, &refusal)),
        }
    }
    let (ids, messages): (Vec<_>, Vec<_>) = good.into_iter().unzip();
    let sent = queue.send(messages)?;
    let successful: Vec<_> =
        ids.iter().zip(&sent).map(|(id, message)| with_id(sent_entry(message), id)).collect();
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn sent_entry(message: &Message) -> Value {
    let mut entry = Map::from_iter([
        ("MessageId".to_owned(), json!(message.id)),
        ("MD5OfMessageBody".to_owned(), json!(md5_of_body(&message.body))),
    ]);
    if let Some(sum) = md5_of_attributes(&message.attributes) {
        entry.insert("MD5OfMessageAttributes".to_owned(), json!(sum));
    }
    Value::Object(entry)
}

fn outgoing(queue: &Queue, input: Send) -> Result<Outgoing, Refusal> {
    let most = queue.settings().maximum_message_size as usize;
    let attributes: usize =
        input.message_attributes.iter().map(|(name, one)| name.len() + one.size()).sum();
    if input.message_body.is_empty() {
        return Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ));
    }
    if input.message_body.len() + attributes > most {
        return Err(invalid(&format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )));
    }
    if !input.message_body.chars().all(is_allowed) {
        return Err(Refusal::new(
            "com.amazonaws.sqs#InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
             #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ));
    }
    if input.message_attributes.len() > 10
        || !input.message_attributes.values().all(|a| a.is_valid())
    {
        return Err(invalid("The message attributes are invalid."));
    }
    let trace = input.message_system_attributes.get("AWSTraceHeader");
    Ok(Outgoing {
        trace_header: trace.and_then(|attribute| attribute.string_value.clone()),
        delay: seconds(input.delay_seconds, DELAY_LIMIT, "DelaySeconds")?,
        body: input.message_body,
        attributes: input.message_attributes,
    })
}

/// SQS takes what XML 1.0 can carry.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn delete(queue: &Queue, input: &Delete) -> Result<Value, Refusal> {
    queue.delete(&[receipt(&input.receipt_handle)?])?;
    Ok(json!({}))
}

fn change_visibility(queue: &Queue, input: &ChangeVisibility) -> Result<(), Refusal> {
    let visibility =
        seconds(Some(input.visibility_timeout), VISIBILITY_LIMIT, "VisibilityTimeout")?;
    queue.hold(&receipt(&input.receipt_handle)?, visibility.unwrap_or_default()).ok_or_else(|| {
        Refusal::new(
            "com.amazonaws.sqs#MessageNotInflight",
            "The message is not available for the visibility timeout change.",
        )
    })
}

fn batch<T>(
    input: Batch<T>,
    mut act: impl FnMut(T) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    require_batch(&input)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        match act(entry.rest) {
            Ok(value) => successful.push(with_id(value, &entry.id)),
            Err(refusal) => failed.push(failed_entry(&entry.id, &refusal)),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn require_batch<T>(input: &Batch<T>) -> Result<(), Refusal> {
    let ids: HashSet<_> = input.entries.iter().map(|entry| entry.id.as_str()).collect();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let refusal = if input.entries.is_empty() {
        ("com.amazonaws.sqs#EmptyBatchRequest", "There should be at least one entry.")
    } else if input.entries.len() > BATCH_LIMIT {
        ("com.amazonaws.sqs#TooManyEntriesInBatchRequest", "Maximum number of entries is 10.")
    } else if ids.len() < input.entries.len() {
        ("com.amazonaws.sqs#BatchEntryIdsNotDistinct", "Two or more entries have the same Id.")
    } else if !ids.iter().all(|id| (1..=80).contains(&id.len()) && id.chars().all(allowed)) {
        ("com.amazonaws.sqs#InvalidBatchEntryId", "A batch entry id is malformed.")
    } else {
        return Ok(());
    };
    Err(Refusal::new(refusal.0, refusal.1))
}

fn with_id(mut entry: Value, id: &str) -> Value {
    if let Some(fields) = entry.as_object_mut() {
        fields.insert("Id".to_owned(), json!(id));
    }
    entry
}

fn failed_entry(id: &str, refusal: &Refusal) -> Value {
    json!({
        "Id": id,
        "SenderFault": refusal.status.is_client_error(),
        "Code": refusal.code.rsplit('#').next(),
        "Message": refusal.message,
    })
}

fn queue_attributes(queue: &Queue, names: &[String]) -> Result<Value, Refusal> {
    let settings = queue.settings();
    let counts = queue.counts();
    let created = queue.created_at().as_second().to_string();
    let mut all = BTreeMap::from([
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("CreatedTimestamp", created.clone()),
        ("DelaySeconds", settings.delay.as_secs().to_string()),
        ("LastModifiedTimestamp", created),
        ("MaximumMessageSize", settings.maximum_message_size.to_string()),
        ("MessageRetentionPeriod", settings.retention.as_secs().to_string()),
        ("QueueArn", settings.arn.clone()),
        ("ReceiveMessageWaitTimeSeconds", settings.wait_time.as_secs().to_string()),
        ("SqsManagedSseEnabled", "true".to_owned()),
        ("VisibilityTimeout", settings.visibility_timeout.as_secs().to_string()),
    ]);
    if let Some(redrive) = &settings.redrive {
        let policy = json!({
            "deadLetterTargetArn": redrive.target_arn,
            "maxReceiveCount": redrive.max_receive_count,
        });
        all.insert("RedrivePolicy", policy.to_string());
    }
    if names.is_empty() {
        return Ok(json!({}));
    }
    all.retain(|name, _| names.iter().any(|wanted| wanted == "All" || wanted == name));
    Ok(json!({ "Attributes": all }))
}

/// Whether a name of *ReceiveMessage*'s `MessageAttributeNames` asks for the attribute `name`.
fn names_it(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some("") => true,
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    }
}

fn seconds(value: Option<u64>, limit: u64, name: &str) -> Result<Option<Duration>, Refusal> {
    match value {
        Some(seconds) if seconds > limit => Err(invalid(&format!(
            "Value {seconds} for parameter {name} is invalid. Reason: Must be between 0 and {limit}."
        ))),
        other => Ok(other.map(Duration::from_secs)),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

fn no_queue() -> Refusal {
    Refusal::new(
        "com.amazonaws.sqs#QueueDoesNotExist",
        "The specified queue does not exist for this wsdl version.",
    )
}

fn older_name(code: &str) -> Option<&'static str> {
    Some(match code.rsplit('#').next()? {
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct;Sender",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong;Sender",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest;Sender",
        "InvalidBatchEntryId" => "AWS.SimpleQueueService.InvalidBatchEntryId;Sender",
        "InvalidMessageContents" => "InvalidMessageContents;Sender",
        "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight;Sender",
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue;Sender",
        "ReceiptHandleIsInvalid" => "ReceiptHandleIsInvalid;Sender",
        "TooManyEntriesInBatchRequest" => {
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest;Sender"
        }
        _ => return None,
    })
}
