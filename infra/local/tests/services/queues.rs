//! SQS in its JSON protocol.

use std::time::Duration;

use local::template::model::Model;
use serde_json::{Value, json};

use crate::account::{ACCOUNT, Account, queue, queue_arn, redriven};

fn model() -> Model {
    Model { queues: vec![redriven("Work", "Dead", 2), queue("Dead")], ..Model::default() }
}

async fn receive(account: &Account, queue: &str, more: Value) -> Vec<Value> {
    let mut input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, answer) = account.sqs("ReceiveMessage", input).await;
    assert_eq!(status, 200, "{answer}");
    answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default()
}

async fn send(account: &Account, body: &str) -> Value {
    let (status, answer) =
        account.sqs("SendMessage", json!({ "QueueUrl": "Work", "MessageBody": body })).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn a_message_is_hidden_while_held_and_gone_when_deleted() {
    let account = Account::start(model()).await;
    let sent = send(&account, "hello").await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");

    let first = receive(&account, "Work", json!({})).await;
    assert_eq!(first[0]["MessageId"], sent["MessageId"]);
    assert!(first[0].get("Attributes").is_none(), "none were asked for");
    assert!(receive(&account, "Work", json!({})).await.is_empty());

    let handle = first[0]["ReceiptHandle"].clone();
    let show = json!({ "QueueUrl": "Work", "ReceiptHandle": handle, "VisibilityTimeout": 0 });
    assert_eq!(account.sqs("ChangeMessageVisibility", show.clone()).await.0, 200);
    let second = receive(&account, "Work", json!({ "AttributeNames": ["All"] })).await;
    assert_eq!(second[0]["Attributes"]["ApproximateReceiveCount"], "2");
    assert_ne!(second[0]["ReceiptHandle"], handle);

    let (status, refused) = account.sqs("ChangeMessageVisibility", show).await;
    assert_eq!(status, 400);
    assert_eq!(refused["__type"], "com.amazonaws.sqs#MessageNotInflight");
    let stale = json!({ "QueueUrl": "Work", "ReceiptHandle": handle });
    assert_eq!(account.sqs("DeleteMessage", stale).await.0, 200);
    assert_eq!(attribute(&account, "ApproximateNumberOfMessagesNotVisible").await, "1");
    let latest = json!({ "QueueUrl": "Work", "ReceiptHandle": second[0]["ReceiptHandle"] });
    assert_eq!(account.sqs("DeleteMessage", latest.clone()).await.0, 200);
    assert_eq!(attribute(&account, "ApproximateNumberOfMessagesNotVisible").await, "0");
    assert_eq!(account.sqs("DeleteMessage", latest).await.0, 200, "deleting twice is no error");
}

async fn attribute(account: &Account, name: &str) -> String {
    let input = json!({ "QueueUrl": "Work", "AttributeNames": [name] });
    let (_, answer) = account.sqs("GetQueueAttributes", input).await;
    answer["Attributes"][name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message() {
    let account = Account::start(model()).await;

    let polling = receive(&account, "Work", json!({ "WaitTimeSeconds": 20 }));
    let sending = async {
        // The poll is under way once the queue has been asked for something else in between.
        attribute(&account, "QueueArn").await;
        send(&account, "hello").await
    };
    let (messages, _) =
        tokio::time::timeout(Duration::from_secs(15), futures_util::future::join(polling, sending))
            .await
            .unwrap();

    assert_eq!(messages[0]["Body"], "hello");
}

#[tokio::test]
async fn a_message_received_too_often_moves_to_the_dead_letter_queue() {
    let account = Account::start(model()).await;
    let sent = send(&account, "poison").await;
    let shown = json!({ "VisibilityTimeout": 0 });
    assert_eq!(receive(&account, "Work", shown.clone()).await.len(), 1);
    assert_eq!(receive(&account, "Work", shown.clone()).await.len(), 1);

    assert!(receive(&account, "Work", shown).await.is_empty());

    let dead = receive(&account, "Dead", json!({ "MessageSystemAttributeNames": ["All"] })).await;
    assert_eq!(dead[0]["MessageId"], sent["MessageId"]);
    assert_eq!(dead[0]["Attributes"]["DeadLetterQueueSourceArn"], queue_arn("Work"));
    assert_eq!(attribute(&account, "ApproximateNumberOfMessages").await, "0");
}

#[tokio::test]
async fn what_was_accepted_survives_a_restart() {
    let account = Account::start(model()).await;
    for body in ["deleted", "held", "waiting"] {
        send(&account, body).await;
    }
    let one = json!({ "MaxNumberOfMessages": 1 });
    let deleted = receive(&account, "Work", one.clone()).await;
    let input = json!({ "QueueUrl": "Work", "ReceiptHandle": deleted[0]["ReceiptHandle"] });
    account.sqs("DeleteMessage", input).await;
    let held = receive(&account, "Work", one).await;
    assert_eq!(held[0]["Body"], "held");

    let account = account.restarted().await;

    let messages = receive(&account, "Work", json!({ "AttributeNames": ["All"] })).await;
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (&message["Body"], &message["Attributes"]["ApproximateReceiveCount"]))
        .collect();
    assert_eq!(seen, [(&json!("held"), &json!("2")), (&json!("waiting"), &json!("1"))]);
}

#[tokio::test]
async fn a_batch_answers_for_each_entry() {
    let account = Account::start(model()).await;
    let attributes = json!({ "a": { "DataType": "Number", "StringValue": "7" } });
    let entries = json!([
        { "Id": "good", "MessageBody": "one", "MessageAttributes": attributes },
        { "Id": "empty", "MessageBody": "" },
        { "Id": "late", "MessageBody": "two", "DelaySeconds": 901 },
        { "Id": "odd", "MessageBody": "\u{1}" },
    ]);
    let input = json!({ "QueueUrl": "Work", "Entries": entries });

    let (status, answer) = account.sqs("SendMessageBatch", input).await;

    assert_eq!(status, 200);
    assert_eq!(answer["Successful"][0]["Id"], "good");
    let failed: Vec<_> = answer["Failed"].as_array().unwrap().iter().map(|e| &e["Code"]).collect();
    assert_eq!(failed, ["MissingParameter", "InvalidParameterValue", "InvalidMessageContents"]);
    let names = json!({ "MessageAttributeNames": ["All"] });
    let received = receive(&account, "Work", names).await;
    assert_eq!(received[0]["MessageAttributes"], attributes);
    assert_eq!(
        received[0]["MD5OfMessageAttributes"],
        answer["Successful"][0]["MD5OfMessageAttributes"]
    );

    let delete = json!([
        { "Id": "1", "ReceiptHandle": received[0]["ReceiptHandle"] },
        { "Id": "2", "ReceiptHandle": "nonsense" },
    ]);
    let input = json!({ "QueueUrl": "Work", "Entries": delete });
    let (_, answer) = account.sqs("DeleteMessageBatch", input).await;
    assert_eq!(answer["Successful"], json!([{ "Id": "1" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn requests_that_sqs_refuses_are_refused() {
    let account = Account::start(model()).await;
    let twice = json!([{ "Id": "a", "MessageBody": "x" }, { "Id": "a", "MessageBody": "y" }]);
    let eleven: Vec<_> =
        (0..11).map(|id| json!({ "Id": id.to_string(), "MessageBody": "x" })).collect();
    let large = "x".repeat(1_048_577);
    let of = |more: Value| {
        let mut input = json!({ "QueueUrl": "Work" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let cases = [
        ("SendMessage", json!({ "QueueUrl": "None", "MessageBody": "x" }), "QueueDoesNotExist"),
        ("GetQueueUrl", json!({ "QueueName": "None" }), "QueueDoesNotExist"),
        ("SendMessage", of(json!({ "MessageBody": large })), "InvalidParameterValue"),
        ("SendMessageBatch", of(json!({ "Entries": [] })), "EmptyBatchRequest"),
        ("SendMessageBatch", of(json!({ "Entries": twice })), "BatchEntryIdsNotDistinct"),
        ("SendMessageBatch", of(json!({ "Entries": eleven })), "TooManyEntriesInBatchRequest"),
        ("ReceiveMessage", of(json!({ "MaxNumberOfMessages": 11 })), "InvalidParameterValue"),
        ("ReceiveMessage", of(json!({ "MaxNumberOfMessages": 0 })), "InvalidParameterValue"),
        ("ReceiveMessage", of(json!({ "WaitTimeSeconds": 21 })), "InvalidParameterValue"),
        ("DeleteMessage", of(json!({ "ReceiptHandle": "x" })), "ReceiptHandleIsInvalid"),
        ("DeleteMessage", of(json!({})), "SerializationException"),
        ("CreateQueue", json!({ "QueueName": "New" }), "UnknownOperationException"),
    ];
    for (operation, input, expected) in cases {
        let (status, answer) = account.sqs(operation, input).await;
        let code = answer["__type"].as_str().unwrap().rsplit('#').next().unwrap();
        assert_eq!((status, code), (400, expected), "{operation}");
    }
}

#[tokio::test]
async fn queues_tell_about_themselves_and_can_be_emptied() {
    let account = Account::start(model()).await;
    send(&account, "hello").await;
    let url = |name: &str| format!("http://sqs/{ACCOUNT}/{name}");

    let (_, found) = account.sqs("GetQueueUrl", json!({ "QueueName": "Work" })).await;
    assert_eq!(found["QueueUrl"], url("Work"));
    let (_, all) = account.sqs("ListQueues", json!({})).await;
    assert_eq!(all["QueueUrls"], json!([url("Dead"), url("Work")]));
    let policy: Value = serde_json::from_str(&attribute(&account, "RedrivePolicy").await).unwrap();
    let expected = json!({ "deadLetterTargetArn": queue_arn("Dead"), "maxReceiveCount": 2 });
    assert_eq!(policy, expected);
    assert_eq!(attribute(&account, "ApproximateNumberOfMessages").await, "1");

    account.sqs("PurgeQueue", json!({ "QueueUrl": "Work" })).await;

    assert_eq!(attribute(&account, "ApproximateNumberOfMessages").await, "0");
}
