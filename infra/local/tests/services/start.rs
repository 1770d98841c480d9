//! Starting, refusing to start, and what every endpoint demands.

use std::error::Error;
use std::path::Path;

use local::services::ServicesError;
use local::template::model::Model;
use serde_json::json;

use crate::account::{
    Account, Functions, KEY, Setting, bus, failure, function, function_arn, functions, key, keys,
    queue, queue_arn, redriven, rule, target,
};

#[tokio::test]
async fn a_request_without_a_signature_is_refused_and_every_answer_has_an_id() {
    let account = Account::start(keys()).await;
    let endpoints = account.services.endpoints().clone();
    let client = reqwest::Client::new();

    let requests = [
        client.post(&endpoints.kms).header("x-amz-target", "TrentService.ListKeys"),
        client.post(&endpoints.eventbridge).header("x-amz-target", "AWSEvents.PutEvents"),
        client.post(&endpoints.sqs).header("x-amz-target", "AmazonSQS.ListQueues"),
        client.get(format!("{}/v2/email/account", endpoints.ses)),
        client.post(&endpoints.sns).body("Action=Publish&PhoneNumber=%2B491&Message=x"),
    ];
    for request in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{}", answer.url());
        assert!(answer.headers().contains_key("x-amzn-requestid"));
        let header = answer.headers().get("x-amzn-errortype").cloned();
        let body = answer.text().await.unwrap();
        let named = header.is_some_and(|name| name == "MissingAuthenticationToken");
        assert!(named || body.contains("MissingAuthenticationToken"), "{body}");
    }

    let unknown = client.post(&endpoints.kms).header("authorization", "AWS4-HMAC-SHA256 x");
    let unknown = unknown.header("x-amz-target", "TrentService.Shred").send().await.unwrap();
    assert_eq!(unknown.status(), 400);
    assert!(unknown.text().await.unwrap().contains("UnknownOperationException"));
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it() {
    let model = Model { queues: vec![queue("Queue")], ..keys() };
    for file in ["kms/keys.json", "sqs/Queue.journal", "outbox/outbox.journal"] {
        let folder = Account::start(model.clone()).await.stopped().await;
        let path = folder.path().join(file);
        std::fs::write(&path, "{\"broken\"\n").unwrap();

        let refused = Account::open(Setting::of(model.clone()), folder, Functions::new()).await;

        let error = refused.err().unwrap();
        assert!(matches!(error, ServicesError::Disk(_)), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
}

/// What a killed process leaves behind is what is in its files at that instant: a copy of them,
/// taken while it runs, is the same.
#[tokio::test]
async fn nothing_accepted_is_lost_when_the_process_is_killed() {
    let model = Model {
        queues: vec![queue("Queue")],
        functions: functions([function("Directory")]),
        ..keys()
    };
    let running = Account::start(model.clone()).await;
    let input = json!({ "QueueUrl": "Queue", "MessageBody": "accepted" });
    assert_eq!(running.sqs("SendMessage", input).await.0, 200);
    let made = running.kms().create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    running.functions.will([failure("killed")]);
    running.services.invoke_later(&function_arn("Directory"), r#"{"n":1}"#).unwrap();
    running.functions.called_soon().await;
    let left = tempfile::tempdir().unwrap();
    copy(running.folder(), left.path());

    let after = Account::open(Setting::of(model), left, Functions::new()).await.unwrap();

    assert_eq!(after.bodies("Queue").await, ["accepted"]);
    assert!(after.kms().describe_key().key_id(made).send().await.is_ok());
    assert_eq!(after.functions.called_soon().await.payload, json!({ "n": 1 }));
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn two_stacks_cannot_share_a_folder() {
    let folder = Account::start(keys()).await.stopped().await;
    let other = std::fs::File::open(folder.path().join("services.lock")).unwrap();
    other.try_lock().unwrap();

    let refused = Account::open(Setting::of(keys()), folder, Functions::new()).await;

    assert!(matches!(refused.err().unwrap(), ServicesError::Busy(_)));
}

#[tokio::test]
async fn what_the_template_asks_for_in_vain_is_named() {
    let schedule = |expression: &str| local::template::model::Schedule {
        logical_id: "Sweep".to_owned(),
        alias: None,
        arn: "arn:schedule".to_owned(),
        expression: expression.to_owned(),
        timezone: None,
        kind: local::template::model::ScheduleKind::Rule,
        targets: Vec::new(),
        enabled: true,
    };
    let source = json!({ "source": ["a"] });
    let cases = [
        (
            Model { keys: vec![key(KEY, "ECC_NIST_P256", "SIGN_VERIFY", "a")], ..Model::default() },
            "a cannot be served: this KeySpec is not served",
        ),
        (
            Model { queues: vec![redriven("Queue", "Other", 3)], ..Model::default() },
            "Queue cannot be served: its dead-letter queue is not in the template",
        ),
        (
            Model {
                buses: vec![bus("Bus")],
                rules: vec![rule("Rule", source, vec![target(queue_arn("None"))])],
                ..Model::default()
            },
            "Rule cannot be served: nothing here serves its target \
             arn:aws:sqs:eu-central-1:123456789012:None",
        ),
        (
            Model {
                rules: vec![rule("Rule", json!({ "source": "a" }), vec![])],
                ..Model::default()
            },
            "the event pattern is not valid at $.source: a field is matched by a list of values \
             that is not empty",
        ),
        (
            Model { schedules: vec![schedule("rate(1 minutes)")], ..Model::default() },
            "the schedule expression is not valid: rate(…) holds a positive number and minutes, \
             hours or days",
        ),
    ];
    for (model, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let refused = Account::open(Setting::of(model), folder, Functions::new()).await;

        let error = refused.err().unwrap();
        let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn nothing_answers_after_stop() {
    let account = Account::start(keys()).await;
    let endpoints = account.services.endpoints().clone();
    assert!(reqwest::get(&endpoints.outbox).await.is_ok());

    account.stopped().await;

    assert!(reqwest::get(&endpoints.outbox).await.unwrap_err().is_connect());
    assert!(reqwest::get(&endpoints.kms).await.unwrap_err().is_connect());
}
