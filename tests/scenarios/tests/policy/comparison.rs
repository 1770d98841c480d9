//! Whether the comparison itself can fail: a role and a recording that differ, and each service's calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::FUNCTIONS;
use crate::policy::{Access, Difference, Names, Policies, accesses_of, template};

#[test]
fn a_role_and_a_recording_are_compared_both_ways() {
    let policies = Policies::of(&json!({ "Resources": {
        "LoginFunction": {
            "Type": "AWS::Serverless::Function",
            "Properties": { "Role": { "Fn::GetAtt": ["LoginRole", "Arn"] } },
        },
        "LoginPolicy": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": { "RoleName": { "Ref": "LoginRole" }, "PolicyDocument": { "Statement": [
                { "Sid": "RuntimeLogs", "Action": ["logs:PutLogEvents"] },
                {
                    "Sid": "Items",
                    "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
                    "Resource": { "Fn::GetAtt": ["Table", "Arn"] },
                },
                {
                    "Sid": "Sign",
                    "Action": "kms:Sign",
                    "Resource": { "Fn::GetAtt": ["AuditKey", "Arn"] },
                },
            ] } },
        },
    } }));
    let names = names();
    let at = |kind: &str| json!({ kind: { "TableName": "the-table" } });
    let body = json!({ "TransactItems": [at("Put"), at("Update"), at("Put")] });
    let mut recorded = accesses_of("DynamoDB_20120810.TransactWriteItems", &body, &names);
    for table in ["the-table", "another"] {
        let body = json!({ "TableName": table });
        recorded.extend(accesses_of("DynamoDB_20120810.GetItem", &body, &names));
    }
    let body = json!({ "KeyId": "the-key" });
    recorded.extend(accesses_of("TrentService.Sign", &body, &names));

    let difference = policies.compare("LoginFunction", &recorded);

    let missing = BTreeSet::from([
        Access::new("dynamodb:GetItem", "nobody knows what: \"another\""),
        Access::new("dynamodb:UpdateItem", "Table"),
        Access::new("kms:Sign", "FederationKey"),
    ]);
    let unused = BTreeSet::from([Access::new("kms:Sign", "AuditKey")]);
    assert_eq!(difference, Difference { missing, unused });
}

/// What things are called in an account, by the template's own variables.
fn names() -> Names {
    let set = [
        ("OperatorFunction", "TABLE", "the-table"),
        ("OperatorFunction", "BUS", "the-bus"),
        ("OperatorFunction", "FEDERATION_KEY", "the-key"),
        ("DirectoryFunction", "MAIL_FROM", "us@example.com"),
    ];
    let mut environments = BTreeMap::<_, BTreeMap<_, _>>::new();
    for (function, variable, name) in set {
        let environment = environments.entry(function.to_owned()).or_default();
        environment.insert(variable.to_owned(), name.to_owned());
    }
    Names::of(&template(), &environments)
}

#[test]
fn every_service_that_functions_call_has_its_actions() {
    let table = json!({ "TableName": "the-table" });
    let cases = [
        ("TrentService.Sign", json!({ "KeyId": "the-key" }), "kms:Sign", "FederationKey"),
        ("TrentService.Sign", json!({ "KeyId": "k" }), "kms:Sign", "nobody knows what: \"k\""),
        (
            "AWSEvents.PutEvents",
            json!({ "Entries": [{ "EventBusName": "the-bus" }] }),
            "events:PutEvents",
            "Bus",
        ),
        (
            "DynamoDB_20120810.BatchGetItem",
            json!({ "RequestItems": { "the-table": {} } }),
            "dynamodb:BatchGetItem",
            "Table",
        ),
        (
            "DynamoDB_20120810.TransactGetItems",
            json!({ "TransactItems": [{ "Get": table }] }),
            "dynamodb:GetItem",
            "Table",
        ),
        (
            "DynamoDB_20120810.Query",
            json!({ "TableName": "the-table", "IndexName": "index" }),
            "dynamodb:Query",
            "Table/index/index",
        ),
        (
            "POST /v2/email/outbound-emails",
            json!({ "FromEmailAddress": "us@example.com" }),
            "ses:SendEmail",
            "identity/*",
        ),
    ];

    for (operation, body, action, resource) in cases {
        let needed = accesses_of(operation, &body, &names());
        assert_eq!(needed, BTreeSet::from([Access::new(action, resource)]), "{operation}");
    }
    let policies = Policies::of(&template());
    let everything: BTreeSet<_> =
        FUNCTIONS.iter().flat_map(|(id, _)| policies.granted(id)).cloned().collect();
    for (action, resource) in [("kms:Sign", "FederationKey"), ("ses:SendEmail", "identity/*")] {
        assert!(everything.contains(&Access::new(action, resource)), "{action}");
    }
}
