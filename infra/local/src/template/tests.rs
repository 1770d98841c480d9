#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::model::{BatchFailures, Input, Model, Redrive, ScheduleKind};
use super::{Context, TemplateError};

const FIXTURE: &str = include_str!("fixture.yaml");

fn context(parameters: &[(&str, &str)]) -> Context {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Context {
        base_url: "http://localhost:8080".to_owned(),
        sqs_endpoint: "http://127.0.0.1:9000".to_owned(),
        region: "eu-central-1".to_owned(),
        account: "123456789012".to_owned(),
        stack: "demo".to_owned(),
        parameters: parameters.iter().map(own).collect::<BTreeMap<_, _>>(),
        known: BTreeMap::from([own(&("Stage", "test")), own(&("NotDeclared", "x"))]),
    }
}

fn fixture(parameters: &[(&str, &str)]) -> Model {
    Model::parse(FIXTURE, &context(parameters)).unwrap()
}

#[test]
fn a_function_has_its_binary_and_the_merged_environment() {
    let model = fixture(&[("Needed", "yes")]);

    let web = &model.functions["WebFunction"];

    assert_eq!(web.binary, "web");
    assert_eq!(web.timeout, Duration::from_secs(7));
    assert_eq!(web.memory, 256);
    let expected = [
        ("ALL", "a-eu-central-1-${literal}-demo"),
        ("API", "http://localhost:8080"),
        ("BOTH", "own"),
        ("FROM_MAP", "small"),
        ("JOINED", "x/http://127.0.0.1:9000/123456789012/demo-Jobs"),
        ("KEY", model.keys[0].arn.as_str()),
        ("SECOND", "two"),
        ("TABLE", "demo-Items"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(web.environment, BTreeMap::from(expected));
}

#[test]
fn a_resource_whose_condition_is_false_does_not_exist() {
    assert!(fixture(&[("Needed", "yes")]).topics.is_empty());
    assert_eq!(fixture(&[("Needed", "yes"), ("Stage", "prod")]).topics[0].name, "demo-News");
}

#[test]
fn routes_tell_method_path_and_default() {
    let model = fixture(&[("Needed", "yes")]);

    let mut routes: Vec<_> = model
        .routes
        .iter()
        .map(|route| (route.method.as_deref(), route.path.as_deref(), route.function.as_str()))
        .collect();
    routes.sort_unstable();

    assert_eq!(
        routes,
        [
            (None, None, "WebFunction"),
            (None, Some("/any/{rest+}"), "WebFunction"),
            (Some("GET"), Some("/items/{id}"), "WebFunction"),
        ]
    );
}

#[test]
fn queues_mappings_rules_and_schedules_are_resolved() {
    let model = fixture(&[("Needed", "yes")]);

    let jobs = model.queues.iter().find(|queue| queue.logical_id == "Jobs").unwrap();
    let failed = "arn:aws:sqs:eu-central-1:123456789012:demo-Failed".to_owned();
    assert_eq!(jobs.visibility_timeout, Duration::from_secs(90));
    assert_eq!(jobs.redrive, Some(Redrive { target_arn: failed.clone(), max_receive_count: 3 }));

    let [mapping] = model.mappings.as_slice() else { panic!("{:?}", model.mappings) };
    assert_eq!(mapping.queue_arn, jobs.arn);
    assert_eq!(mapping.function, "WorkFunction");
    assert_eq!((mapping.batch_size, mapping.maximum_concurrency), (5, Some(2)));
    assert_eq!(mapping.window, Duration::from_secs(1));
    assert_eq!(mapping.failures, BatchFailures::Reported);

    let [rule] = model.rules.as_slice() else { panic!("{:?}", model.rules) };
    assert_eq!(rule.bus, "demo");
    assert_eq!(rule.pattern, json!({"source": ["demo"]}));
    assert_eq!(rule.targets[0].arn, jobs.arn);
    assert_eq!(rule.targets[0].input, Input::Event);

    let names: Vec<_> = model
        .schedules
        .iter()
        .map(|one| (one.logical_id.as_str(), one.expression.as_str()))
        .collect();
    assert_eq!(names, [("Nightly", "cron(0 3 * * ? *)"), ("Tidy", "rate(1 minute)")]);
    assert_eq!(model.schedules[1].alias.as_deref(), Some("WorkFunctionTidy"));
    assert_eq!(model.schedules[1].kind, ScheduleKind::Rule);
    assert_eq!(model.schedules[1].targets[0].input, Input::Constant(r#"{"tidy":true}"#.to_owned()));
    assert_eq!(model.functions["WorkFunction"].asynchronous.on_failure, Some(failed));
}

#[test]
fn a_key_has_a_stable_id_and_its_aliases() {
    let (one, two) = (fixture(&[("Needed", "yes")]), fixture(&[("Needed", "yes")]));

    assert_eq!(one.keys, two.keys);
    assert_eq!(one.keys[0].aliases, ["alias/demo/signing"]);
    assert_eq!(
        (one.keys[0].spec.as_str(), one.keys[0].usage.as_str()),
        ("RSA_2048", "SIGN_VERIFY")
    );
    assert_eq!(one.keys[0].tags["purpose"], "signing");
}

#[test]
fn a_mistake_names_its_line_and_place() {
    let needed = ("Needed", "yes");
    let cases = [
        // replaced,             by,                     parameters, message
        (
            "!Ref Items",
            "!Ref Nothing",
            needed,
            "line 35, WebFunction.Environment.Variables.TABLE: there is no parameter or resource `Nothing`",
        ),
        (
            "!Ref Items",
            "!GetAtt Odd.Arn",
            needed,
            "line 35, WebFunction.Environment.Variables.TABLE: refers to `Odd`, and the local stack knows no such value of AWS::Odd::Thing",
        ),
        (
            "!Ref Items",
            "!ImportValue X",
            needed,
            "line 35, WebFunction.Environment.Variables.TABLE: nothing here exports `X`",
        ),
        (
            "Timeout: 7",
            "Timeout: soon",
            needed,
            "line 35, WebFunction.Timeout: a whole number is needed here",
        ),
        (
            "  Type: SQS",
            "  Type: Kafka",
            needed,
            "line 60, WorkFunction.Events.Jobs.Properties: events of type `Kafka` are not executed by the local stack",
        ),
        (
            "Circle: !Equals",
            "Circle: !Not [!Condition Circle] #",
            needed,
            "Circle: the value refers to itself",
        ),
        (
            "Timeout: 7",
            "Timeout: 7",
            ("Other", "x"),
            "Needed: this parameter has no default and was not given",
        ),
    ];
    for (replaced, by, parameter, message) in cases {
        let text = FIXTURE.replacen(replaced, by, 1);

        let error = Model::parse(&text, &context(&[parameter])).expect_err(by);

        assert!(matches!(error, TemplateError::Invalid { .. }));
        assert!(error.to_string().contains(message), "{by}: {error}");
    }
}

#[test]
fn the_real_template_is_understood() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let parameters = [
        ("MailFrom", "passerelle@contoso.test"),
        ("EntraLoginUrl", "http://127.0.0.1:8081/login.srf"),
    ];

    let model = Model::read(&path, &context(&parameters)).unwrap();

    let functions: Vec<_> = model.functions.values().map(|one| one.binary.as_str()).collect();
    assert_eq!(
        functions,
        ["directory", "login", "notifications", "oauth", "offboarding", "operator", "scim"]
    );
    let operator = &model.functions["OperatorFunction"].environment;
    assert_eq!(operator["BASE_URL"], "http://localhost:8080");
    assert_eq!(operator["ENTRA_LOGIN_URL"], "http://127.0.0.1:8081/login.srf");
    assert_eq!(model.tables[0].ttl_attribute.as_deref(), Some("expires_at"));
    assert!(model.routes.iter().any(|route| route.path.is_none()));
    assert!(model.schedules.iter().any(|one| one.logical_id == "Sweep"));
    assert_eq!(model.rules[0].targets[0].arn, model.mappings[0].queue_arn);
    assert_eq!(model.keys.len(), 3);
    assert!(model.keys.iter().all(|key| key.aliases.len() == 1));
}
