//! Filters that an index answers.

use super::evaluation::is_true_of_nothing;
use super::{Comparand, Node, Operator, Subject, Test};
use crate::path::Target;

/// An entry of an index under which all candidates of a filter are found.
///
/// Texts are as the client spelled them: the index folds what it folds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lookup<'a> {
    /// Nothing: the filter asks for what the kind of resource does not define.
    Nothing,
    /// The resource with the identifier.
    Id(&'a str),
    /// The user with the name.
    UserName(&'a str),
    /// The resource with the client's identifier.
    ExternalId(&'a str),
    /// Users with the e-mail address.
    Email(&'a str),
    /// Groups with the name.
    DisplayName(&'a str),
    /// Groups that the user is a member of.
    Member(&'a str),
}

impl Lookup<'_> {
    /// How few resources it finds: the fewer, the smaller.
    const fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Id(_) => 1,
            Self::UserName(_) => 2,
            Self::ExternalId(_) => 3,
            Self::Member(_) => 4,
            Self::Email(_) => 5,
            Self::DisplayName(_) => 6,
        }
    }
}

pub(super) fn lookup(node: &Node) -> Option<Lookup<'_>> {
    match node {
        Node::And(nodes) => nodes.iter().filter_map(of_one).min_by_key(Lookup::rank),
        node => of_one(node),
    }
}

fn of_one(node: &Node) -> Option<Lookup<'_>> {
    match node {
        // No resource has a value for it.
        Node::Test(test @ Test { subject: Subject::Unknown(_), .. }) => {
            (!is_true_of_nothing(test)).then_some(Lookup::Nothing)
        }
        Node::Values(Subject::Unknown(_), _) => Some(Lookup::Nothing),
        Node::Test(Test {
            subject: Subject::Attribute(target),
            operator: Operator::Equal,
            comparand: Comparand::Text(text, _),
        }) => of_attribute(target, text),
        Node::Values(Subject::Attribute(target), inner) => {
            let text = match &**inner {
                Node::And(nodes) => nodes.iter().find_map(Node::selected_value),
                node => node.selected_value(),
            };
            of_value(target, text?)
        }
        _ => None,
    }
}

fn of_attribute<'a>(target: &Target, text: &'a str) -> Option<Lookup<'a>> {
    if target.extension.is_some() {
        return None;
    }
    match (target.attribute.name, target.sub.map(|sub| sub.name)) {
        ("id", None) => Some(Lookup::Id(text)),
        ("userName", None) => Some(Lookup::UserName(text)),
        ("externalId", None) => Some(Lookup::ExternalId(text)),
        (_, None | Some("value")) if of_value(target, text).is_some() => of_value(target, text),
        ("displayName", None) if target.attribute.is_required() => Some(Lookup::DisplayName(text)),
        _ => None,
    }
}

/// Of an attribute with several values, of which one is the text.
fn of_value<'a>(target: &Target, text: &'a str) -> Option<Lookup<'a>> {
    match target.attribute.name {
        _ if target.extension.is_some() => None,
        "emails" => Some(Lookup::Email(text)),
        "members" => Some(Lookup::Member(text)),
        _ => None,
    }
}
