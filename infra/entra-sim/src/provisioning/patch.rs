//! PATCH messages: what differs between source and target, written in either dialect.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::mapping::{ACTIVE, Rule};
use super::target::Target;
use super::tenant_url::Dialect;
use crate::graph_user::GraphUser;

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Replace,
    Remove,
}

impl Verb {
    pub(crate) fn name(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (Dialect::Classic, Self::Add) => "Add",
            (Dialect::Classic, Self::Replace) => "Replace",
            (Dialect::Classic, Self::Remove) => "Remove",
            (Dialect::Compliant, Self::Add) => "add",
            (Dialect::Compliant, Self::Replace) => "replace",
            (Dialect::Compliant, Self::Remove) => "remove",
        }
    }
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) verb: Verb,
    pub(crate) target: Target,
    pub(crate) value: Value,
}

/// One operation as it goes on the wire.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Operation {
    pub(crate) op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Value>,
}

/// The body of a PATCH.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Operation>,
}

impl Message {
    pub(crate) fn new(operations: Vec<Operation>) -> Self {
        Self { schemas: [PATCH_OP], operations }
    }

    /// Writes changes in a dialect.
    ///
    /// The classic one has an operation for each attribute. The compliant one gathers what has no
    /// value path into one operation without a path, whose keys are the paths.
    pub(crate) fn of(changes: &[Change], dialect: Dialect) -> Self {
        let (alone, gathered) = match dialect {
            Dialect::Classic => (changes.iter().collect::<Vec<_>>(), Vec::new()),
            Dialect::Compliant => changes.iter().partition(|change| change.target.is_selection()),
        };
        let mut operations: Vec<Operation> =
            alone.into_iter().map(|change| single(change, dialect)).collect();
        for verb in [Verb::Add, Verb::Replace, Verb::Remove] {
            let same: Vec<&Change> =
                gathered.iter().filter(|change| change.verb == verb).copied().collect();
            match same.as_slice() {
                [] => {}
                [change] => operations.push(single(change, dialect)),
                several if verb == Verb::Remove => {
                    operations.extend(several.iter().map(|change| single(change, dialect)));
                }
                several => operations.push(Operation {
                    op: verb.name(dialect),
                    path: None,
                    value: Some(keyed(several, dialect)),
                }),
            }
        }
        Self::new(operations)
    }
}

fn single(change: &Change, dialect: Dialect) -> Operation {
    Operation {
        op: change.verb.name(dialect),
        path: Some(change.target.to_string()),
        value: (change.verb != Verb::Remove).then(|| written(&change.value, dialect)),
    }
}

fn keyed(changes: &[&Change], dialect: Dialect) -> Value {
    let pairs =
        changes.iter().map(|change| (change.target.to_string(), written(&change.value, dialect)));
    Value::Object(Map::from_iter(pairs))
}

/// The classic dialect sends what the switch yields: text, not a boolean.
fn written(value: &Value, dialect: Dialect) -> Value {
    match (value, dialect) {
        (Value::Bool(true), Dialect::Classic) => json!("True"),
        (Value::Bool(false), Dialect::Classic) => json!("False"),
        _ => value.clone(),
    }
}

/// What an update must change in the target. A value that the source does not have is left as
/// it is: Entra does not provision nulls.
pub(crate) fn difference(rules: &[Rule], user: &GraphUser, target: &Value) -> Vec<Change> {
    let active = state(user.account_enabled, target);
    let attributes = rules.iter().filter_map(|rule| {
        let wanted = (rule.read)(user).filter(|value| !value.is_empty())?;
        change(rule.target, json!(wanted), rule.target.read(target))
    });
    active.into_iter().chain(attributes).collect()
}

/// What the user's state must change in the target.
pub(crate) fn state(active: bool, target: &Value) -> Option<Change> {
    let current = ACTIVE.read(target).and_then(|value| match value {
        Value::Bool(value) => Some(json!(value)),
        Value::String(text) => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::Bool),
        _ => None,
    });
    change(ACTIVE, json!(active), current.as_ref())
}

pub(crate) fn change(target: Target, wanted: Value, current: Option<&Value>) -> Option<Change> {
    match current {
        Some(current) if *current == wanted => None,
        Some(_) => Some(Change { verb: Verb::Replace, target, value: wanted }),
        None => Some(Change { verb: Verb::Add, target, value: wanted }),
    }
}
