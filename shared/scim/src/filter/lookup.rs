//! Filters that an index answers.

use super::{Comparand, Node, Operator, Subject, Test};
use crate::error::{Error, ScimType};
use crate::path::Target;

/// An entry of an index under which all candidates of a filter are found.
///
/// Texts are as the client spelled them: the index folds what it folds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lookup<'a> {
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
    /// The group, if the user is a member of it.
    MemberOf {
        /// The identifier of the group.
        group: &'a str,
        /// The identifier of the user.
        user: &'a str,
    },
}

impl Lookup<'_> {
    /// How few resources it finds: the fewer, the smaller.
    const fn rank(&self) -> u8 {
        match self {
            Self::MemberOf { .. } => 0,
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
    let Node::And(nodes) = node else { return of_one(node) };
    let found: Vec<_> = nodes.iter().filter_map(of_one).collect();
    let member = found.iter().find_map(|lookup| match lookup {
        Lookup::Member(user) => Some(*user),
        _ => None,
    });
    let id = found.iter().find_map(|lookup| match lookup {
        Lookup::Id(id) => Some(*id),
        _ => None,
    });
    match (id, member) {
        (Some(group), Some(user)) => Some(Lookup::MemberOf { group, user }),
        // Whatever else is asked, only this index knows members.
        (None, Some(user)) => Some(Lookup::Member(user)),
        (_, None) => found.into_iter().min_by_key(Lookup::rank),
    }
}

fn of_one(node: &Node) -> Option<Lookup<'_>> {
    match node {
        Node::Member(user) => Some(Lookup::Member(user)),
        Node::Test(Test {
            subject: Subject::Attribute(target),
            operator: Operator::Equal,
            comparand: Comparand::Text(text, _),
        }) => of_attribute(target, text),
        Node::Values(Subject::Attribute(target), inner) if target.is("emails") => match &**inner {
            Node::And(nodes) => nodes.iter().find_map(of_email),
            node => of_email(node),
        },
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
        ("emails", None | Some("value")) => Some(Lookup::Email(text)),
        ("displayName", None) if target.attribute.is_required() => Some(Lookup::DisplayName(text)),
        _ => None,
    }
}

fn of_email(node: &Node) -> Option<Lookup<'_>> {
    match node {
        Node::Test(Test {
            subject: Subject::Part(part),
            operator: Operator::Equal,
            comparand: Comparand::Text(text, _),
        }) if part.name == "value" => Some(Lookup::Email(text)),
        _ => None,
    }
}

/// What a comparison of members becomes: only one way of asking can be answered.
pub(super) fn member(test: &Test) -> Result<Node, Error> {
    let is_value = match &test.subject {
        Subject::Attribute(target) => target.sub.is_none_or(|sub| sub.name == "value"),
        Subject::Part(part) => part.name == "value",
        Subject::Unknown(_) => false,
    };
    match (&test.operator, &test.comparand) {
        (Operator::Equal, Comparand::Text(id, _)) if is_value => Ok(Node::Member(id.clone())),
        _ => Err(MEMBERS),
    }
}

/// The same for `members[value eq "…"]`.
pub(super) fn member_in_brackets(inner: &Node) -> Result<Node, Error> {
    match inner {
        Node::Test(test) => member(test),
        _ => Err(MEMBERS),
    }
}

/// Members may be asked for once, and nothing may turn the answer round.
pub(super) fn check_members(node: &Node) -> Result<(), Error> {
    let nodes = match node {
        Node::And(nodes) => nodes.as_slice(),
        node => std::slice::from_ref(node),
    };
    let asked = nodes.iter().filter(|node| matches!(node, Node::Member(_))).count();
    if asked > 1 || nodes.iter().any(hides_members) { Err(MEMBERS) } else { Ok(()) }
}

fn hides_members(node: &Node) -> bool {
    match node {
        Node::And(nodes) | Node::Or(nodes) => {
            nodes.iter().any(|node| matches!(node, Node::Member(_)) || hides_members(node))
        }
        Node::Not(node) => matches!(**node, Node::Member(_)) || hides_members(node),
        Node::Test(_) | Node::Values(..) | Node::Member(_) => false,
    }
}

const MEMBERS: Error = Error::known(
    ScimType::InvalidFilter,
    "members: can be asked for once, with eq, alone or joined to the rest by and",
);
