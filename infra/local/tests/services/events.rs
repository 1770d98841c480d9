//! EventBridge: what is accepted, and who receives it.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use local::services::{Deliveries, ScheduleError};
use local::template::model::{Input, Model, Schedule, ScheduleKind, Target};
use serde_json::{Value, json};

use crate::account::{
    ACCOUNT, Account, PausedClock, REGION, Setting, bus, function, function_arn, functions, queue,
    queue_arn, rule, target,
};

fn entry(detail_type: &str) -> aws_sdk_eventbridge::types::builders::PutEventsRequestEntryBuilder {
    PutEventsRequestEntry::builder()
        .event_bus_name("Bus")
        .source("passerelle")
        .detail_type(detail_type)
        .detail(r#"{"organization":"contoso"}"#)
}

fn outbox() -> Model {
    let pattern = json!({ "source": ["passerelle"], "detail-type": ["outbox.due"] });
    let path = Target {
        input: Input::Path("$.detail.organization".to_owned()),
        ..target(queue_arn("Parts"))
    };
    Model {
        buses: vec![bus("default"), bus("Bus")],
        queues: vec![queue("Events"), queue("Parts")],
        rules: vec![rule("Rule", pattern, vec![target(queue_arn("Events")), path])],
        ..Model::default()
    }
}

#[tokio::test]
async fn an_event_reaches_the_targets_of_the_rules_that_match() {
    let account = Account::start(outbox()).await;
    let due = entry("outbox.due").resources("arn:one").time(DateTime::from_secs(1_800_000_000));

    let answer = account.eventbridge().put_events();
    let answer = answer.entries(due.build()).entries(entry("other").build()).send().await.unwrap();

    assert_eq!(answer.failed_entry_count, 0);
    let ids: Vec<_> = answer.entries().iter().map(|entry| entry.event_id().unwrap()).collect();
    let bodies = account.bodies("Events").await;
    let events: Vec<Value> =
        bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let expected = json!({
        "version": "0",
        "id": ids[0],
        "detail-type": "outbox.due",
        "source": "passerelle",
        "account": ACCOUNT,
        "time": "2027-01-15T08:00:00Z",
        "region": REGION,
        "resources": ["arn:one"],
        "detail": { "organization": "contoso" },
    });
    assert_eq!(events, [expected]);
    assert_eq!(account.bodies("Parts").await, [r#""contoso""#]);
}

#[tokio::test]
async fn at_least_once_may_be_twice() {
    let setting = Setting { deliveries: Deliveries::Twice, ..Setting::of(outbox()) };
    let account = Account::with(setting).await;

    account.eventbridge().put_events().entries(entry("outbox.due").build()).send().await.unwrap();

    let bodies = account.bodies("Events").await;
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "the same event, with the same id");
}

#[tokio::test]
async fn each_entry_is_refused_by_itself() {
    let account = Account::start(outbox()).await;
    let blank = || PutEventsRequestEntry::builder().event_bus_name("Bus");
    let cases = [
        (blank().source("a").detail_type("b"), "InvalidArgument"),
        (blank().source("a").detail("{}"), "InvalidArgument"),
        (blank().detail_type("b").detail("{}"), "InvalidArgument"),
        (blank().source("a").detail_type("b").detail("{"), "MalformedDetail"),
        (blank().source("a").detail_type("b").detail("[]"), "MalformedDetail"),
        (entry("a").source("aws.s3"), "NotAuthorizedForSourceException"),
        (entry("a").event_bus_name("Other"), "ResourceNotFoundException"),
    ];
    let entries = cases.iter().map(|(entry, _)| entry.clone().build());
    let good = entry("outbox.due").build();

    let answer = account.eventbridge().put_events().set_entries(Some(entries.collect()));
    let answer = answer.entries(good).send().await.unwrap();

    assert_eq!(answer.failed_entry_count, 7);
    let codes: Vec<_> = answer.entries().iter().map(|entry| entry.error_code()).collect();
    let expected: Vec<_> = cases.iter().map(|(_, code)| Some(*code)).chain([None]).collect();
    assert_eq!(codes, expected);
    assert_eq!(account.bodies("Events").await.len(), 1);
}

#[tokio::test]
async fn too_many_or_too_large_entries_are_refused_together() {
    let account = Account::start(outbox()).await;
    let events = account.eventbridge();

    let eleven = events.put_events().set_entries(Some(vec![entry("outbox.due").build(); 11]));
    let refused = eleven.send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("ValidationException"));

    let overhead = "passerelle".len() + "outbox.due".len() + r#"{"a":""}"#.len();
    for (surplus, fits) in [(0, true), (1, false)] {
        let filling = "x".repeat(1_048_576 - overhead + surplus);
        let detail = format!(r#"{{"a":"{filling}"}}"#);
        let answer = events.put_events().entries(entry("outbox.due").detail(detail).build());
        assert_eq!(answer.send().await.is_ok(), fits, "{surplus} bytes more");
    }
}

#[tokio::test]
async fn an_event_to_another_bus_goes_one_hop() {
    let everything = json!({ "source": [{ "prefix": "" }] });
    let to = |name: &str| vec![target(bus(name).arn)];
    let mut first = rule("First", everything.clone(), to("Second"));
    first.bus = "Bus".to_owned();
    let mut second = rule("Second", everything.clone(), to("Bus"));
    second.bus = "Second".to_owned();
    let mut kept = rule("Kept", everything, vec![target(queue_arn("Events"))]);
    kept.bus = "Second".to_owned();
    let account = Account::start(Model {
        buses: vec![bus("Bus"), bus("Second")],
        queues: vec![queue("Events")],
        rules: vec![first, second, kept],
        ..Model::default()
    })
    .await;

    account.eventbridge().put_events().entries(entry("any").build()).send().await.unwrap();

    assert_eq!(account.bodies("Events").await.len(), 1);
}

fn sweep(kind: ScheduleKind, input: Input) -> Model {
    let schedule = Schedule {
        logical_id: "Sweep".to_owned(),
        alias: Some("DirectoryFunctionSweep".to_owned()),
        arn: "arn:sweep".to_owned(),
        expression: "rate(1 minute)".to_owned(),
        timezone: None,
        kind,
        targets: vec![Target { input, ..target(function_arn("Directory")) }],
        enabled: true,
    };
    Model {
        functions: functions([function("Directory")]),
        schedules: vec![schedule],
        ..Model::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_fires_after_each_period() {
    let clock = PausedClock::new();
    let input = Input::Constant(r#"{"sweep":"outbox"}"#.to_owned());
    let setting = Setting { clock: clock.clone(), ..Setting::of(sweep(ScheduleKind::Rule, input)) };
    let account = Account::with(setting).await;

    let calls = [
        account.functions.called().await,
        account.functions.called().await,
        account.functions.called().await,
    ];

    for call in &calls {
        assert_eq!(call.function, "Directory");
        assert_eq!(call.payload, json!({ "sweep": "outbox" }));
    }
    for pair in calls.windows(2) {
        let seconds = (pair[1].at - pair[0].at).as_secs_f64();
        assert!((59.0..61.0).contains(&seconds), "{seconds}");
    }
}

#[tokio::test]
async fn a_schedule_fires_now_when_told_to_by_either_of_its_names() {
    let account = Account::start(sweep(ScheduleKind::Rule, Input::Event)).await;

    for name in ["Sweep", "DirectoryFunctionSweep"] {
        account.services.run_schedule(name).unwrap();
        let event = account.functions.called_soon().await.payload;
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(event["source"], "aws.events");
        assert_eq!(event["resources"], json!(["arn:sweep"]));
        assert_eq!(event["detail"], json!({}));
    }
    assert_eq!(account.services.schedules().collect::<Vec<_>>(), ["Sweep"]);
    let unknown = account.services.run_schedule("Other");
    assert!(matches!(unknown, Err(ScheduleError::Unknown(name)) if name == "Other"));
}

#[tokio::test]
async fn the_scheduler_fills_in_its_context() {
    let input = Input::Constant(
        r#"{"arn":"<aws.scheduler.schedule-arn>","n":"<aws.scheduler.attempt-number>"}"#.to_owned(),
    );
    let account = Account::start(sweep(ScheduleKind::Scheduler, input)).await;

    account.services.run_schedule("Sweep").unwrap();

    let payload = account.functions.called_soon().await.payload;
    assert_eq!(payload, json!({ "arn": "arn:sweep", "n": "1" }));
}

#[tokio::test]
async fn a_target_may_receive_a_text_made_from_the_event() {
    let paths = BTreeMap::from([("who".to_owned(), "$.detail.organization".to_owned())]);
    let template = r#"{"for":"<who>","by":"<aws.events.rule-name>"}"#.to_owned();
    let input = Input::Transformer { paths, template };
    let everything = json!({ "source": ["passerelle"] });
    let account = Account::start(Model {
        buses: vec![bus("Bus")],
        queues: vec![queue("Events")],
        rules: vec![rule(
            "Rule",
            everything,
            vec![Target { input, ..target(queue_arn("Events")) }],
        )],
        ..Model::default()
    })
    .await;

    account.eventbridge().put_events().entries(entry("any").build()).send().await.unwrap();

    assert_eq!(account.bodies("Events").await, [r#"{"for":"contoso","by":"Rule"}"#]);
}
