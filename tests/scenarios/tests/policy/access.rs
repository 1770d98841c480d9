//! What one recorded request to AWS needs: actions, and on what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

/// An IAM action on a resource, both by the template's names: `kms:Sign` on `FederationKey`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    pub(crate) action: String,
    pub(crate) resource: String,
}

impl Access {
    pub(crate) fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned() }
    }

    /// What a statement of a role names: the resource `Table`, its index `Table/index/index`, or
    /// `identity/*` of SES.
    pub(crate) fn resource(stated: &Value) -> String {
        if let Some(id) = stated["Fn::GetAtt"][0].as_str() {
            assert_eq!(stated["Fn::GetAtt"][1], "Arn", "{stated}");
            return id.to_owned();
        }
        let text = stated["Fn::Sub"].as_str().unwrap_or_else(|| panic!("{stated} is no resource"));
        match text.strip_prefix("${").and_then(|text| text.split_once(".Arn}")) {
            Some((id, rest)) => format!("{id}{rest}"),
            None => text.rsplit(':').next().unwrap().to_owned(),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

/// The template's names for what goes by another name in an account.
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Each variable that the template sets to a resource leads from the name there to the
    /// template's.
    pub(crate) fn of(
        template: &Value,
        environments: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Self {
        let mut names = BTreeMap::new();
        for (function, environment) in environments {
            let variables = &template["Resources"][function]["Properties"]["Environment"];
            for (variable, name) in environment {
                let stated = &variables["Variables"][variable];
                let id = stated["Ref"].as_str().or(stated["Fn::GetAtt"][0].as_str());
                if let Some(id) = id {
                    names.insert(name.clone(), id.to_owned());
                }
            }
        }
        Self(names)
    }

    fn of_resource(&self, name: &Value) -> String {
        let name = name.as_str().unwrap_or_default();
        self.0.get(name).cloned().unwrap_or_else(|| format!("nobody knows what: {name:?}"))
    }
}

/// What one request needs.
///
/// `operation` is the header `X-Amz-Target` (`DynamoDB_20120810.GetItem`) or, for services without
/// it, method and path (`POST /v2/email/outbound-emails`,
/// `PUT /bucket/key`). A transaction needs the actions of what
/// it holds; there is none called `TransactWriteItems`.
pub(crate) fn accesses_of(operation: &str, body: &Value, names: &Names) -> BTreeSet<Access> {
    let name = operation.rsplit('.').next().unwrap_or_default();
    let one = |service: &str, resource: String| {
        BTreeSet::from([Access { action: format!("{service}:{name}"), resource }])
    };
    match operation.split('.').next().unwrap_or_default() {
        "DynamoDB_20120810" => of_table(name, body, names),
        "TrentService" => one("kms", names.of_resource(&body["KeyId"])),
        "AWSEvents" => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            entries.flat_map(|it| one("events", names.of_resource(&it["EventBusName"]))).collect()
        }
        _ if operation == "POST /v2/email/outbound-emails" => {
            assert_eq!(names.of_resource(&body["FromEmailAddress"]), "MailFrom", "the one sender");
            BTreeSet::from([Access::new("ses:SendEmail", "identity/*")])
        }
        _ => of_objects(operation, names),
    }
}

fn of_table(operation: &str, body: &Value, names: &Names) -> BTreeSet<Access> {
    let on = |action: &str, request: &Value| {
        let table = names.of_resource(&request["TableName"]);
        let index = request["IndexName"].as_str();
        let resource = index.map_or(table.clone(), |index| format!("{table}/index/{index}"));
        Access { action: format!("dynamodb:{action}"), resource }
    };
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let entries = body["TransactItems"].as_array().into_iter().flatten();
            let entries = entries.flat_map(|entry| entry.as_object().unwrap());
            entries.map(|(kind, request)| on(item_action(kind), request)).collect()
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let tables = tables.map(|(table, _)| names.of_resource(&table.as_str().into()));
            tables.map(|table| Access::new("dynamodb:BatchGetItem", &table)).collect()
        }
        other => BTreeSet::from([on(other, body)]),
    }
}

/// By method and path, `PUT /bucket/key?x-id=PutObject`. Every step of an upload is a `PutObject` to
/// IAM.
fn of_objects(operation: &str, names: &Names) -> BTreeSet<Access> {
    let (method, address) = operation.split_once(' ').unwrap();
    let action = match method {
        "GET" => "s3:GetObject",
        "PUT" | "POST" => "s3:PutObject",
        other => panic!("no IAM action is known for {other} {address}"),
    };
    let bucket = address.split('/').nth(1).unwrap_or_default();
    BTreeSet::from([Access::new(action, &format!("{}/*", names.of_resource(&bucket.into())))])
}

fn item_action(kind: &str) -> &'static str {
    match kind {
        "Get" => "GetItem",
        "Put" => "PutItem",
        "Update" => "UpdateItem",
        "Delete" => "DeleteItem",
        "ConditionCheck" => "ConditionCheckItem",
        other => panic!("a transaction has no action called {other}"),
    }
}
