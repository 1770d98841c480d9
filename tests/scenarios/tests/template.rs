//! `template.yaml` agrees with the code, and keeps its own promises.

#[path = "policy/comparison.rs"]
mod comparison;
mod policy;
#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};

use policy::template;
use serde_json::{Value, json};
use source::{below, read, root, rust_files, words};

/// Each function's logical id and folder.
const FUNCTIONS: [(&str, &str); 7] = [
    ("LoginFunction", "login"),
    ("OauthFunction", "oauth"),
    ("NotificationsFunction", "notifications"),
    ("ScimFunction", "scim"),
    ("OperatorFunction", "operator"),
    ("DirectoryFunction", "directory"),
    ("OffboardingFunction", "offboarding"),
];

fn properties(template: &Value, id: &str) -> Value {
    let properties = template["Resources"][id]["Properties"].clone();
    assert!(properties.is_object(), "the template has no {id}");
    properties
}

fn of_type<'a>(
    template: &'a Value,
    kind: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.filter(move |(_, resource)| resource["Type"] == kind)
}

/// The names between the parentheses of `require("A")`, `require_all(["A", "B"])`, `optional("A")`,
/// in the function and in the crates of ours that it names; `web` is where the readers are.
fn variables_read(folder: &str) -> BTreeSet<String> {
    let manifest = read(&root().join(format!("functions/{folder}/Cargo.toml")));
    let named = manifest.lines().filter_map(|line| line.strip_suffix(".workspace = true"));
    let shared = named.filter(|name| *name != "web").map(|name| format!("shared/{name}/src"));
    let mut folders: Vec<_> = shared.filter(|path| root().join(path).is_dir()).collect();
    folders.push(format!("functions/{folder}/src"));
    let mut names = BTreeSet::new();
    for file in rust_files(&folders) {
        let source = read(&file);
        let source = source.split("#[cfg(test)]").next().unwrap();
        for reader in ["require(", "require_all(", "optional("] {
            for call in source.split(reader).skip(1) {
                let arguments = call.split(')').next().unwrap();
                names.extend(arguments.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    names
}

#[test]
fn every_variable_that_a_function_reads_is_set_and_every_one_set_is_read() {
    let template = template();

    for (id, folder) in FUNCTIONS {
        let variables = properties(&template, id)["Environment"]["Variables"].clone();
        let set: BTreeSet<_> = variables.as_object().unwrap().keys().cloned().collect();
        assert_eq!(set, variables_read(folder), "{id}: set, and read in functions/{folder}");
    }
}

#[test]
fn every_function_is_built_from_a_binary_of_its_own_name() {
    let template = template();

    let ids: BTreeSet<_> =
        of_type(&template, "AWS::Serverless::Function").map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, FUNCTIONS.map(|(id, _)| id).into());
    for (id, folder) in FUNCTIONS {
        let binary = &template["Resources"][id]["Metadata"]["BuildProperties"]["Binary"];
        assert_eq!(binary, folder);
        assert!(root().join("functions").join(folder).join("src/main.rs").is_file());
    }
}

/// cargo-lambda, which `sam build` calls, has a release abort on panics unless the manifest speaks.
#[test]
fn a_panic_at_one_request_ends_no_process() {
    let manifest = read(&root().join("Cargo.toml"));
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    let release = release.split("\n[").next().unwrap();

    assert!(release.lines().any(|line| line == "panic = \"unwind\""), "{release}");
}

#[test]
fn scim_answers_what_provisions_oauth_what_connects_notifications_what_changed_and_login_the_rest()
{
    let template = template();

    let routes: Vec<_> = of_type(&template, "AWS::Serverless::Function")
        .flat_map(|(id, function)| {
            let events = function["Properties"]["Events"].as_object().cloned().unwrap_or_default();
            events.into_iter().map(move |(_, event)| (id.clone(), event))
        })
        .filter(|(_, event)| event["Type"] == "HttpApi")
        .collect();

    let api = json!({ "Ref": "HttpApi" });
    let path = "/scim/v2/{proxy+}";
    let expected = [
        ("LoginFunction".to_owned(), json!({ "ApiId": api })),
        (
            "NotificationsFunction".to_owned(),
            json!({ "ApiId": api, "Method": "POST", "Path": "/notifications/{proxy+}" }),
        ),
        (
            "OauthFunction".to_owned(),
            json!({ "ApiId": api, "Method": "ANY", "Path": "/oauth/{proxy+}" }),
        ),
        ("ScimFunction".to_owned(), json!({ "ApiId": api, "Method": "ANY", "Path": path })),
    ];
    let routes = routes.into_iter().map(|(id, event)| (id, event["Properties"].clone()));
    assert_eq!(routes.collect::<Vec<_>>(), expected);
    // A client gone wild never takes what sign-ins need.
    let settings = &properties(&template, "HttpApi")["RouteSettings"][format!("ANY {path}")];
    assert!(settings["ThrottlingRateLimit"].as_u64().unwrap() >= 25, "Entra's own rate");
}

#[test]
fn an_answer_is_given_before_the_gateway_gives_up() {
    let template = template();

    for function in ["LoginFunction", "NotificationsFunction", "OauthFunction", "ScimFunction"] {
        let timeout = properties(&template, function)["Timeout"].as_u64().unwrap();
        assert!(timeout < 30, "{function}: an HTTP API waits for 30 seconds");
    }
}

#[test]
fn the_table_has_the_keys_the_index_and_the_expiry_that_store_spells() {
    let table = properties(&template(), "Table");
    let code: String =
        rust_files(&["shared/store/src".to_owned()]).iter().map(|file| read(file)).collect();
    let index = &table["GlobalSecondaryIndexes"][0];
    let names = |schema: &Value| {
        schema
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["AttributeName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };

    assert_eq!(names(&table["KeySchema"]), ["pk", "sk"]);
    assert_eq!(names(&index["KeySchema"]), ["index_pk", "index_sk"]);
    assert_eq!(index["IndexName"], "index");
    assert_eq!(table["GlobalSecondaryIndexes"].as_array().unwrap().len(), 1);
    assert_eq!(
        table["TimeToLiveSpecification"],
        json!({ "AttributeName": "expires_at", "Enabled": true })
    );
    for name in ["pk", "sk", "index_pk", "index_sk", "index", "expires_at"] {
        assert!(code.contains(&format!("\"{name}\"")), "store never spells {name}");
    }
}

#[test]
fn the_table_survives_mistakes() {
    let template = template();
    let table = properties(&template, "Table");

    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["DeletionProtectionEnabled"], true);
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
}

#[test]
fn table_keys_and_files_are_kept_when_the_stack_goes() {
    let template = template();
    let kept =
        of_type(&template, "AWS::KMS::Key").chain(of_type(&template, "AWS::DynamoDB::Table"));
    let kept = kept.chain(of_type(&template, "AWS::S3::Bucket"));

    let mut count = 0;
    for (id, resource) in kept {
        count += 1;
        assert_eq!(resource["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
    }
    assert_eq!(count, 5);
}

#[test]
fn files_are_private_encrypted_and_forgotten() {
    let template = template();
    let bucket = properties(&template, "ExportsBucket");

    for guard in
        ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
    {
        assert_eq!(bucket["PublicAccessBlockConfiguration"][guard], true, "{guard}");
    }
    assert!(bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"].is_array());
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["ExpirationInDays"] == 7), "as long as the lists");
    assert!(rules.iter().any(|rule| rule["AbortIncompleteMultipartUpload"].is_object()));
    let policy = &properties(&template, "ExportsBucketPolicy")["PolicyDocument"]["Statement"][0];
    assert_eq!(policy["Effect"], "Deny");
    assert_eq!(policy["Condition"]["Bool"]["aws:SecureTransport"], "false");
}

#[test]
fn keys_sign_for_one_purpose_each_and_for_the_roles_that_need_it() {
    let template = template();
    let mut signers = BTreeMap::new();
    for (id, key) in of_type(&template, "AWS::KMS::Key") {
        let key = &key["Properties"];
        assert_eq!(
            (&key["KeySpec"], &key["KeyUsage"]),
            (&json!("RSA_2048"), &json!("SIGN_VERIFY")),
            "{id}"
        );
        for statement in key["KeyPolicy"]["Statement"].as_array().unwrap() {
            let text = statement.to_string();
            if text.contains("\"kms:Sign\"") || text.contains("kms:*") {
                let roles = [
                    "LoginRole",
                    "OauthRole",
                    "ScimRole",
                    "OperatorRole",
                    "DirectoryRole",
                    ":root",
                ];
                let named = roles.into_iter().filter(|role| text.contains(role));
                signers.entry(id.as_str()).or_insert_with(Vec::new).extend(named);
            }
        }
    }

    let expected = [
        ("ClientAssertionKey", vec!["OauthRole", "DirectoryRole"]),
        ("FederationKey", vec!["LoginRole", "OperatorRole"]),
    ];
    assert_eq!(signers, BTreeMap::from(expected));
}

#[test]
fn whoever_may_sign_may_sign_digests_by_the_keys_own_algorithms_alone() {
    let template = template();
    let policies = |kind: &'static str, name: &'static str| {
        of_type(&template, kind).map(move |(id, resource)| (id, &resource["Properties"][name]))
    };
    let digests = |algorithms: Value| {
        json!({ "StringEquals": {
            "kms:MessageType": "DIGEST",
            "kms:SigningAlgorithm": algorithms,
        } })
    };
    let federation = digests(json!("RSASSA_PKCS1_V1_5_SHA_256"));
    let client = digests(json!(["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]));

    let mut signers = Vec::new();
    let roles = policies("AWS::IAM::RolePolicy", "PolicyDocument");
    for (id, policy) in roles.chain(policies("AWS::KMS::Key", "KeyPolicy")) {
        for statement in policy["Statement"].as_array().unwrap() {
            if statement["Action"].to_string().contains("\"kms:Sign\"") {
                signers.push((id.as_str(), &statement["Condition"]));
            }
        }
    }

    let expected = [
        ("DirectoryPolicy", &client),
        ("LoginPolicy", &federation),
        ("OauthPolicy", &client),
        ("OperatorPolicy", &federation),
        ("ClientAssertionKey", &client),
        ("FederationKey", &federation),
    ];
    assert_eq!(signers, expected);
}

#[test]
fn no_role_grants_a_wildcard_action_or_every_resource() {
    let template = template();

    for (id, policy) in of_type(&template, "AWS::IAM::RolePolicy") {
        for statement in policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap() {
            assert!(!statement["Action"].to_string().contains('*'), "{id}: {statement}");
            assert_ne!(statement["Resource"], "*", "{id}: {statement}");
            // What ends in a star is narrowed by a condition.
            let wide = statement["Resource"].to_string().contains("/*");
            assert!(!wide || statement["Condition"].is_object(), "{id}: {statement}");
        }
    }
}

#[test]
fn no_parameter_is_a_secret() {
    let template = template();

    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert!(parameter.get("NoEcho").is_none(), "{name}");
        let folded = name.to_lowercase();
        assert!(
            !["secret", "password", "token"].iter().any(|word| folded.contains(word)),
            "{name}"
        );
    }
}

#[test]
fn what_is_said_of_a_functions_variables_is_said_of_each_and_of_no_other() {
    let template = template();

    for (id, _) in FUNCTIONS {
        let function = &template["Resources"][id];
        let variables = function["Properties"]["Environment"]["Variables"].as_object().unwrap();
        let skipped = function["Metadata"]["checkov"]["skip"].as_array().unwrap();
        let why = skipped.iter().find(|skip| skip["id"] == "CKV_AWS_173").unwrap();
        let why = why["comment"].as_str().unwrap();
        let words = why.split(|c: char| c != '_' && !c.is_ascii_uppercase());
        let named: BTreeSet<_> = words.filter(|word| word.len() > 1).collect();
        assert_eq!(named, variables.keys().map(String::as_str).collect(), "{id}");
    }
}

#[test]
fn answers_to_entra_go_to_an_address_of_https() {
    let parameter = &template()["Parameters"]["EntraLoginUrl"];

    assert!(parameter["AllowedPattern"].as_str().unwrap().starts_with("^https://"));
    assert!(parameter["Default"].as_str().unwrap().starts_with("https://"));
}

#[test]
fn the_rule_takes_the_events_that_the_bus_says() {
    let code = read(&root().join("shared/bus/src/lib.rs"));
    for (rule, queue) in [("OutboxRule", "OutboxQueue"), ("RoundRule", "RoundQueue")] {
        let rule = properties(&template(), rule);
        let pattern = &rule["EventPattern"];
        let (source, kind) =
            (pattern["source"][0].as_str().unwrap(), pattern["detail-type"][0].as_str().unwrap());

        assert!(code.contains(&format!("SOURCE: &str = \"{source}\"")), "{source}");
        assert!(code.contains(&format!("DETAIL_TYPE: &str = \"{kind}\"")), "{kind}");
        assert_eq!(rule["Targets"][0]["Arn"], json!({ "Fn::GetAtt": [queue, "Arn"] }));
    }
}

#[test]
fn a_message_comes_back_only_after_its_function_gave_up_and_not_for_ever() {
    let template = template();
    let function = properties(&template, "DirectoryFunction");
    for (queue, event) in [("OutboxQueue", "Outbox"), ("RoundQueue", "Rounds")] {
        let queue = properties(&template, queue);

        let (visibility, timeout) = (&queue["VisibilityTimeout"], &function["Timeout"]);

        assert!(visibility.as_u64().unwrap() >= 6 * timeout.as_u64().unwrap());
        assert_eq!(
            queue["RedrivePolicy"]["deadLetterTargetArn"],
            json!({ "Fn::GetAtt": ["OutboxFailureQueue", "Arn"] })
        );
        let source = &function["Events"][event]["Properties"];
        assert_eq!(source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert!(source["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap() >= 2);
    }

    let mut redriven = 0;
    for (id, queue) in of_type(&template, "AWS::SQS::Queue") {
        let queue = &queue["Properties"];
        let Some(most) = queue["RedrivePolicy"]["maxReceiveCount"].as_u64() else { continue };
        redriven += 1;
        let visibility = queue["VisibilityTimeout"].as_u64().unwrap();
        let kept = queue["MessageRetentionPeriod"].as_u64().unwrap();
        assert!(kept > (most + 1) * visibility, "{id}: a message is gone before it is given up");
    }
    assert_eq!(redriven, 2);
}

#[test]
fn every_failure_queue_has_its_alarm() {
    let template = template();
    let watched: BTreeSet<_> = of_type(&template, "AWS::CloudWatch::Alarm")
        .filter(|(_, alarm)| {
            alarm["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
        })
        .map(|(_, alarm)| {
            alarm["Properties"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0].as_str().unwrap()
        })
        .collect();

    let failures: BTreeSet<_> = of_type(&template, "AWS::SQS::Queue")
        .map(|(id, _)| id.as_str())
        .filter(|id| id.ends_with("FailureQueue"))
        .collect();

    assert_eq!(watched, failures);
}

#[test]
fn every_alarm_tells_somebody_and_says_what_to_read() {
    let template = template();
    let operations = read(&root().join("docs/OPERATIONS.md"));
    let rows: Vec<_> = operations.lines().filter(|line| line.starts_with("| `")).collect();

    for (id, alarm) in of_type(&template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]), "{id}");
        let description = words(alarm["AlarmDescription"].as_str().unwrap());
        let path = description.last().unwrap();
        let (runbook, named) = (root().join(path), format!("`{id}`"));
        assert!(runbook.is_file(), "{id} names {}", runbook.display());
        assert!(read(&runbook).contains(&named), "{path} does not say what to do about {id}");
        let link = format!("](../{path})");
        let row = rows.iter().any(|row| row.contains(&named) && row.contains(&link));
        assert!(row, "docs/OPERATIONS.md has no row of {id} that leads to {path}");
    }
}

#[test]
fn no_document_names_an_alarm_that_does_not_exist() {
    let template = template();
    let alarms: BTreeSet<_> =
        of_type(&template, "AWS::CloudWatch::Alarm").map(|(id, _)| id.as_str()).collect();
    let mut documents = below(&root().join("docs"), "md");
    documents.extend(below(&root().join("infra/runbooks"), "md"));

    for document in documents {
        for name in read(&document).split('`').filter(|word| word.ends_with("Alarm")) {
            assert!(alarms.contains(name), "{}: {name}", document.display());
        }
    }
}

#[test]
fn our_own_metrics_in_alarms_are_counted_by_the_function_that_they_name() {
    let template = template();
    let code: BTreeMap<_, Vec<_>> = FUNCTIONS
        .map(|(_, folder)| {
            let files = rust_files(&[format!("functions/{folder}/src")]).into_iter();
            let code =
                files.map(|file| read(&file).split("#[cfg(test)]").next().unwrap().to_owned());
            (folder, code.collect())
        })
        .into();
    // Whoever counts does it under their own name.
    let mut counting = 0;
    for (folder, files) in &code {
        for file in files.iter().filter(|file| file.contains("metric::count")) {
            counting += 1;
            assert!(file.contains(&format!("\"{folder}\"")), "{folder}");
            let others = FUNCTIONS.iter().filter(|(_, other)| other != folder);
            for (_, other) in others {
                assert!(!file.contains(&format!("\"{other}\"")), "{folder} counts as {other}");
            }
        }
    }
    assert!(counting > 9, "{counting}");

    let mut alarms = 0;
    for (id, alarm) in of_type(&template, "AWS::CloudWatch::Alarm") {
        let alarm = &alarm["Properties"];
        if alarm["Namespace"] != web::metric::NAMESPACE {
            continue;
        }
        alarms += 1;
        let metric = alarm["MetricName"].as_str().unwrap();
        let dimensions = alarm["Dimensions"].as_array().unwrap().iter();
        let dimensions: BTreeMap<_, _> = dimensions
            .map(|dimension| {
                let [name, value] = ["Name", "Value"].map(|part| dimension[part].as_str().unwrap());
                (name, value)
            })
            .collect();
        // As it is emitted: CloudWatch knows a metric by exactly these.
        let function = dimensions["Function"];
        let line = web::metric::line(metric, function, jiff::Timestamp::UNIX_EPOCH);
        let line: Value = serde_json::from_str(&line).unwrap();
        let emitted = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0].as_array().unwrap();
        let emitted = emitted.iter().map(|name| name.as_str().unwrap());
        let emitted: BTreeMap<_, _> =
            emitted.map(|name| (name, line[name].as_str().unwrap())).collect();
        assert_eq!(dimensions, emitted, "{id}");
        let word = format!("\"{metric}\"");
        let said = code[function].iter().any(|file| file.contains(&word));
        assert!(said, "{id}: {function} does not count {metric}");
    }
    assert!(alarms > 9, "{alarms}");
}

#[test]
fn the_access_log_holds_no_path_no_query_and_nobodys_address() {
    let format = properties(&template(), "HttpApi")["AccessLogSettings"]["Format"].to_string();

    for variable in
        ["path", "rawPath", "querystring", "sourceIp", "userAgent", "identity", "authorizer"]
    {
        assert!(
            !format.to_lowercase().contains(&format!("context.{}", variable.to_lowercase())),
            "{variable}"
        );
    }
}

#[test]
fn every_log_group_forgets() {
    let template = template();

    for (id, group) in of_type(&template, "AWS::Logs::LogGroup") {
        assert_eq!(
            group["Properties"]["RetentionInDays"],
            json!({ "Ref": "LogRetentionDays" }),
            "{id}"
        );
    }
}

#[test]
fn every_suppressed_check_says_why() {
    let template = template();

    let mut count = 0;
    for (id, resource) in template["Resources"].as_object().unwrap() {
        for skip in resource["Metadata"]["checkov"]["skip"].as_array().into_iter().flatten() {
            count += 1;
            let why = skip["comment"].as_str().unwrap_or_default();
            assert!(words(why).len() > 4, "{id}: {skip}");
        }
    }
    assert!(count > 0);
}

#[test]
fn every_runbook_is_named_by_an_alarm() {
    let text = read(&root().join("template.yaml"));

    for runbook in below(&root().join("infra/runbooks"), "md") {
        let name = runbook.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "README.md" || text.contains(&format!("infra/runbooks/{name}")), "{name}");
    }
}
