//! Asynchronous invocations, in paused time: Lambda's own pauses, and no waiting.

use local::invoke::Outcome;
use local::template::model::{Asynchronous, Function, Model};
use serde_json::{Value, json};

use crate::account::{
    Account, Call, PausedClock, Setting, bus, failure, function, function_arn, functions, queue,
    queue_arn, rule, target,
};

fn reporting() -> Function {
    Function {
        asynchronous: Asynchronous {
            on_failure: Some(queue_arn("Failures")),
            dead_letter: Some(queue_arn("Letters")),
            ..Asynchronous::default()
        },
        ..function("Directory")
    }
}

async fn start(function: Function) -> Account {
    let model = Model {
        functions: functions([function]),
        queues: vec![queue("Failures"), queue("Letters")],
        buses: vec![bus("Bus")],
        rules: vec![rule(
            "Rule",
            json!({ "source": ["x"] }),
            vec![target(function_arn("Directory"))],
        )],
        ..Model::default()
    };
    Account::with(Setting { clock: PausedClock::new(), ..Setting::of(model) }).await
}

async fn calls(account: &Account, count: usize) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..count {
        calls.push(account.functions.called().await);
    }
    calls
}

/// Waits, in paused time, until a queue has a message.
async fn letter(account: &Account, queue: &str) -> Value {
    let input = json!({
        "QueueUrl": queue, "WaitTimeSeconds": 20, "MessageAttributeNames": ["All"],
    });
    let (_, answer) = account.sqs("ReceiveMessage", input).await;
    answer["Messages"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_is_tried_again_after_one_and_two_minutes() {
    let account = start(reporting()).await;
    account.functions.will([failure("first"), Outcome::TimedOut]);
    account.services.invoke_later(&function_arn("Directory"), r#"{"n":1}"#).unwrap();

    let calls = calls(&account, 3).await;

    assert!(calls.iter().all(|call| call.payload == json!({ "n": 1 })));
    let pauses: Vec<_> = calls.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect();
    assert_eq!(pauses, [60, 120]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_failed_three_times_goes_where_failures_go() {
    let account = start(reporting()).await;
    account.functions.will(["one", "two", "three"].map(failure));
    account.services.invoke_later(&function_arn("Directory"), r#"{"n":1}"#).unwrap();
    calls(&account, 3).await;

    let failed = letter(&account, "Failures").await;
    let record: Value = serde_json::from_str(failed["Body"].as_str().unwrap()).unwrap();
    assert_eq!(record["version"], "1.0");
    assert_eq!(record["requestPayload"], json!({ "n": 1 }));
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    let arn = format!("{}:$LATEST", function_arn("Directory"));
    assert_eq!(record["requestContext"]["functionArn"], arn);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorMessage"], "three");

    let letter = letter(&account, "Letters").await;
    assert_eq!(letter["Body"], r#"{"n":1}"#);
    let attributes = &letter["MessageAttributes"];
    assert_eq!(attributes["RequestID"]["StringValue"], record["requestContext"]["requestId"]);
    assert_eq!(attributes["ErrorCode"]["StringValue"], "200");
    let message = attributes["ErrorMessage"]["StringValue"].as_str().unwrap();
    assert!(message.contains("three"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_no_attempt() {
    let account = start(reporting()).await;
    account.functions.will([Outcome::Throttled, Outcome::Throttled, failure("one")]);
    account.services.invoke_later(&function_arn("Directory"), "{}").unwrap();

    let calls = calls(&account, 4).await;

    let pauses: Vec<_> = calls.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 60]);
}

#[tokio::test(start_paused = true)]
async fn the_functions_own_limits_hold() {
    let never = Asynchronous { maximum_retries: 0, ..reporting().asynchronous };
    let account = start(Function { asynchronous: never, ..reporting() }).await;
    account.functions.will([failure("only")]);
    account.services.invoke_later(&function_arn("Directory"), "{}").unwrap();
    calls(&account, 1).await;

    let record = letter(&account, "Failures").await;
    let record: Value = serde_json::from_str(record["Body"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);

    let short = std::time::Duration::from_secs(60);
    let short = Asynchronous { maximum_age: short, ..reporting().asynchronous };
    let account = start(Function { asynchronous: short, ..reporting() }).await;
    account.functions.will([failure("first")]);
    account.services.invoke_later(&function_arn("Directory"), "{}").unwrap();
    calls(&account, 1).await;
    tokio::time::advance(std::time::Duration::from_secs(61)).await;

    let record = letter(&account, "Failures").await;
    let record: Value = serde_json::from_str(record["Body"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
}

#[tokio::test]
async fn an_event_survives_a_restart_until_it_is_done() {
    let account =
        Account::start(Model { functions: functions([function("Directory")]), ..Model::default() })
            .await;
    account.functions.will([failure("the process died")]);
    account.services.invoke_later(&function_arn("Directory"), r#"{"n":1}"#).unwrap();
    account.functions.called_soon().await;

    let account = account.restarted().await;

    assert_eq!(account.functions.called_soon().await.payload, json!({ "n": 1 }));
    assert!(account.services.invoke_later("arn:other", "{}").is_err());
}
