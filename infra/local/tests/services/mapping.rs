//! Event source mappings: batches to a function, and what comes back.

use std::time::Duration;

use local::template::model::{BatchFailures, Mapping, Model, Queue};
use serde_json::{Value, json};

use crate::account::{
    ACCOUNT, Account, PausedClock, REGION, Setting, answer, failure, function, functions, queue,
    queue_arn, redriven,
};

fn mapping(batch_size: u32, window: u64) -> Mapping {
    Mapping {
        logical_id: "Mapping".to_owned(),
        queue_arn: queue_arn("Outbox"),
        function: "Directory".to_owned(),
        batch_size,
        window: Duration::from_secs(window),
        maximum_concurrency: Some(2),
        failures: BatchFailures::Reported,
        enabled: true,
    }
}

fn model(outbox: Queue, mapping: Mapping) -> Model {
    Model {
        functions: functions([function("Directory")]),
        queues: vec![outbox, queue("Failures")],
        mappings: vec![mapping],
        ..Model::default()
    }
}

/// Messages stay hidden for longer than a batch takes to fill.
fn patient(name: &str) -> Queue {
    Queue { visibility_timeout: Duration::from_secs(360), ..queue(name) }
}

async fn send(account: &Account, bodies: &[&str]) {
    let entries: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(position, body)| json!({ "Id": position.to_string(), "MessageBody": body }))
        .collect();
    let input = json!({ "QueueUrl": "Outbox", "Entries": entries });
    let (status, answer) = account.sqs("SendMessageBatch", input).await;
    assert_eq!((status, answer["Failed"].clone()), (200, json!([])));
}

fn bodies(payload: &Value) -> Vec<&str> {
    let records = payload["Records"].as_array().unwrap();
    records.iter().map(|record| record["body"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_record_has_the_shape_that_lambda_documents() {
    let account = Account::start(model(queue("Outbox"), mapping(10, 0))).await;
    let attributes = json!({ "kind": { "DataType": "String", "StringValue": "mail" } });
    let input =
        json!({ "QueueUrl": "Outbox", "MessageBody": "hello", "MessageAttributes": attributes });
    let (_, sent) = account.sqs("SendMessage", input).await;

    let call = account.functions.called_soon().await;

    assert_eq!(call.function, "Directory");
    let record = &call.payload["Records"][0];
    assert_eq!(record["messageId"], sent["MessageId"]);
    assert_eq!(record["body"], "hello");
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], queue_arn("Outbox"));
    assert_eq!(record["awsRegion"], REGION);
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["attributes"]["SenderId"], ACCOUNT);
    for name in ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] {
        let millis = record["attributes"][name].as_str().unwrap();
        assert_eq!(millis.len(), 13, "{name}");
    }
    let expected = json!({
        "stringValue": "mail", "stringListValues": [], "binaryListValues": [], "dataType": "String",
    });
    assert_eq!(record["messageAttributes"]["kind"], expected);
    let fields: Vec<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields.len(), 9, "{fields:?}");
}

#[tokio::test(start_paused = true)]
async fn a_window_fills_a_batch_and_a_full_batch_does_not_wait() {
    let model = model(patient("Outbox"), mapping(3, 60));
    let account = Account::with(Setting { clock: PausedClock::new(), ..Setting::of(model) }).await;
    send(&account, &["a", "b", "c", "d"]).await;

    let first = account.functions.called().await;
    let second = account.functions.called().await;

    assert_eq!(bodies(&first.payload), ["a", "b", "c"]);
    assert_eq!(bodies(&second.payload), ["d"]);
    let waited = (second.at - first.at).as_secs();
    assert!((55..=61).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn only_what_the_function_names_comes_again() {
    let model = model(patient("Outbox"), mapping(10, 60));
    let account = Account::with(Setting { clock: PausedClock::new(), ..Setting::of(model) }).await;
    send(&account, &["a", "b"]).await;
    let visible = json!({ "QueueUrl": "Outbox", "AttributeNames": ["All"] });
    account.functions.will([failure("first")]);

    let first = account.functions.called().await;
    assert_eq!(bodies(&first.payload), ["a", "b"]);
    let b = first.payload["Records"][1]["messageId"].clone();
    account.functions.will([answer(&json!({ "batchItemFailures": [{ "itemIdentifier": b }] }))]);
    let second = account.functions.called().await;
    assert_eq!(bodies(&second.payload), ["a", "b"], "a failed function finished nothing");
    let third = account.functions.called().await;
    assert_eq!(bodies(&third.payload), ["b"]);
    assert_eq!(third.payload["Records"][0]["attributes"]["ApproximateReceiveCount"], "3");

    let (_, attributes) = account.sqs("GetQueueAttributes", visible).await;
    assert_eq!(attributes["Attributes"]["ApproximateNumberOfMessages"], "0");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_too_often_goes_to_the_failure_queue() {
    let model = model(redriven("Outbox", "Failures", 2), mapping(1, 0));
    let account = Account::with(Setting { clock: PausedClock::new(), ..Setting::of(model) }).await;
    account.functions.will([failure("first"), failure("second")]);
    send(&account, &["poison"]).await;
    account.functions.called().await;
    account.functions.called().await;

    let input = json!({
        "QueueUrl": "Failures", "WaitTimeSeconds": 20, "MessageSystemAttributeNames": ["All"],
    });
    let mut answer = json!({});
    for _ in 0..10 {
        if answer.get("Messages").is_none() {
            answer = account.sqs("ReceiveMessage", input.clone()).await.1;
        }
    }

    let message = &answer["Messages"][0];
    assert_eq!(message["Body"], "poison");
    assert_eq!(message["Attributes"]["DeadLetterQueueSourceArn"], queue_arn("Outbox"));
}
