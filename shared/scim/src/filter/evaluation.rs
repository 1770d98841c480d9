//! Asking a resource.
//!
//! An attribute without a value equals `null`, differs from everything else and answers no to
//! every other question. One with several answers yes as soon as one value does.

use serde_json::Value;

use super::{Comparand, Node, Operator, Subject, Test};
use crate::resource::Resource;
use crate::schema::Attribute;

pub(super) fn resource_matches(node: &Node, resource: &Resource) -> bool {
    match node {
        Node::And(nodes) => nodes.iter().all(|node| resource_matches(node, resource)),
        Node::Or(nodes) => nodes.iter().any(|node| resource_matches(node, resource)),
        Node::Not(node) => !resource_matches(node, resource),
        Node::Test(test) => match &test.subject {
            Subject::Attribute(target) => {
                let whole = values(resource.at(target));
                let leaf = target.leaf();
                match target.sub {
                    None => is_true(test, leaf, whole),
                    Some(sub) => {
                        is_true(test, leaf, whole.filter_map(|element| element.get(sub.name)))
                    }
                }
            }
            Subject::Part(_) | Subject::Unknown(_) => is_true_of_nothing(test),
        },
        Node::Values(Subject::Attribute(target), inner) => {
            values(resource.at(target)).any(|element| element_matches(inner, element))
        }
        Node::Values(Subject::Part(_) | Subject::Unknown(_), _) => false,
    }
}

pub(super) fn element_matches(node: &Node, element: &Value) -> bool {
    match node {
        Node::And(nodes) => nodes.iter().all(|node| element_matches(node, element)),
        Node::Or(nodes) => nodes.iter().any(|node| element_matches(node, element)),
        Node::Not(node) => !element_matches(node, element),
        Node::Test(test) => match &test.subject {
            Subject::Part(part) => is_true(test, part, element.get(part.name).into_iter()),
            Subject::Attribute(_) | Subject::Unknown(_) => is_true_of_nothing(test),
        },
        Node::Values(..) => false,
    }
}

/// Each value of an attribute that may have one, many or none.
fn values(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (one, many) = match value {
        Some(Value::Array(many)) => (None, many.as_slice()),
        one => (one, [].as_slice()),
    };
    one.into_iter().chain(many)
}

fn is_true<'a>(
    test: &Test,
    attribute: &'static Attribute,
    values: impl Iterator<Item = &'a Value>,
) -> bool {
    let default = attribute.sub_attribute("value").filter(|_| test.operator != Operator::Present);
    let compared = default.unwrap_or(attribute);
    let mut values = values
        .filter_map(|value| default.map_or(Some(value), |default| value.get(default.name)))
        .peekable();
    if values.peek().is_none() {
        return is_true_of_nothing(test);
    }
    values.any(|value| is_true_of(test, compared, value))
}

/// Whether it is true of an attribute without a value.
pub(super) fn is_true_of_nothing(test: &Test) -> bool {
    match test.operator {
        Operator::Equal => test.comparand == Comparand::Null,
        Operator::NotEqual => test.comparand != Comparand::Null,
        _ => false,
    }
}

fn is_true_of(test: &Test, attribute: &Attribute, value: &Value) -> bool {
    let order = || test.comparand.order(attribute, value);
    match test.operator {
        Operator::Equal => order().is_some_and(|order| order.is_eq()),
        Operator::NotEqual => order().is_none_or(|order| order.is_ne()),
        Operator::Greater => order().is_some_and(|order| order.is_gt()),
        Operator::GreaterOrEqual => order().is_some_and(|order| order.is_ge()),
        Operator::Less => order().is_some_and(|order| order.is_lt()),
        Operator::LessOrEqual => order().is_some_and(|order| order.is_le()),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            test.comparand.is_in(test.operator, attribute, value)
        }
        Operator::Present => true,
    }
}
