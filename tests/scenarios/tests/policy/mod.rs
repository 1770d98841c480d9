//! What a function may do, and what it was seen doing.
//!
//! [`Policies`] reads the roles of `template.yaml`; [`accesses_of`] names what one recorded request
//! to AWS needs; [`Difference`] compares both ways.

mod access;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;

pub(crate) use access::{Access, Names, accesses_of};

/// What each function's role grants to the function's own code.
#[derive(Debug)]
pub(crate) struct Policies(BTreeMap<String, BTreeSet<Access>>);

impl Policies {
    /// Reads them from a template whose short forms (`!Ref`) are spelled out.
    ///
    /// Statements whose Sid begins with `Runtime` are left out: they are for what Lambda does in
    /// the function's name.
    pub(crate) fn of(template: &Value) -> Self {
        let resources = template["Resources"].as_object().unwrap();
        let of_type = |kind| resources.iter().filter(move |(_, resource)| resource["Type"] == kind);
        let mut policies = BTreeMap::new();
        for (function, resource) in of_type("AWS::Serverless::Function") {
            let role = resource["Properties"]["Role"]["Fn::GetAtt"][0].as_str().unwrap();
            let granted = of_type("AWS::IAM::RolePolicy")
                .map(|(_, policy)| &policy["Properties"])
                .filter(|policy| policy["RoleName"]["Ref"] == role)
                .flat_map(|policy| strings_or_one(&policy["PolicyDocument"]["Statement"]))
                .filter(|statement| !statement["Sid"].as_str().unwrap().starts_with("Runtime"))
                .flat_map(|statement| granted_by(&statement))
                .collect();
            policies.insert(function.clone(), granted);
        }
        assert!(!policies.is_empty(), "the template has no function");
        Self(policies)
    }

    /// What a function, by its logical id, may do.
    pub(crate) fn granted(&self, function: &str) -> &BTreeSet<Access> {
        self.0.get(function).unwrap_or_else(|| panic!("{function} is no function of the template"))
    }

    /// Compares what a function may do with what it was seen doing.
    pub(crate) fn compare(&self, function: &str, recorded: &BTreeSet<Access>) -> Difference {
        let granted = self.granted(function);
        Difference {
            missing: recorded.difference(granted).cloned().collect(),
            unused: granted.difference(recorded).cloned().collect(),
        }
    }
}

/// Where a role and a recording disagree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Done, but not granted: refused on AWS.
    pub(crate) missing: BTreeSet<Access>,
    /// Granted, but never done: more than the least privilege, or a scenario is missing.
    pub(crate) unused: BTreeSet<Access>,
}

fn granted_by(statement: &Value) -> Vec<Access> {
    let resources = strings_or_one(&statement["Resource"]);
    let resources = resources.iter().map(Access::resource).collect::<Vec<_>>();
    let actions = strings_or_one(&statement["Action"]);
    let of_action = |action: &Value| {
        let action = action.as_str().unwrap().to_owned();
        resources.iter().map(move |resource| Access::new(&action, resource)).collect::<Vec<_>>()
    };
    actions.iter().flat_map(of_action).collect()
}

/// IAM and CloudFormation take one thing where a list of one is meant.
fn strings_or_one(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The template with CloudFormation's short forms spelled out, as JSON.
pub(crate) fn template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    spelled_out(serde_yaml_ng::from_str(&text).unwrap())
}

fn spelled_out(value: Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                plain @ ("Ref" | "Condition") => plain.to_owned(),
                function => format!("Fn::{function}"),
            };
            let argument = match (name.as_str(), spelled_out(tagged.value)) {
                ("Fn::GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').unwrap();
                    json!([resource, attribute])
                }
                (_, argument) => argument,
            };
            json!({ name: argument })
        }
        Yaml::Mapping(entries) => {
            let spell =
                |(key, value): (Yaml, Yaml)| (key.as_str().unwrap().to_owned(), spelled_out(value));
            Value::Object(entries.into_iter().map(spell).collect())
        }
        Yaml::Sequence(entries) => entries.into_iter().map(spelled_out).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}
