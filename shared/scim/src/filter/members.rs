//! Which members of a group a filter needs to see: who asks whether somebody is in a group of a
//! hundred thousand has none of the others read.

use super::Comparand;
use super::{Node, Operator, Subject, Test};

/// Members of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Members<'a> {
    /// Those of these identifiers who are members; nobody where there are none.
    Named(Vec<&'a str>),
    /// All of them.
    All,
}

/// Whom a filter asks for.
pub(super) fn asked(node: &Node) -> Members<'_> {
    let mut named = Vec::new();
    if note(node, &mut named).is_none() {
        return Members::All;
    }
    named.sort_unstable();
    named.dedup();
    Members::Named(named)
}

/// Notes whom a filter names; [`None`] if it asks for members without naming them.
fn note<'a>(node: &'a Node, named: &mut Vec<&'a str>) -> Option<()> {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().try_for_each(|node| note(node, named)),
        Node::Not(node) => note(node, named),
        Node::Test(Test { subject: Subject::Attribute(target), operator, comparand })
            if target.is("members") =>
        {
            let is_value = target.sub.is_none_or(|sub| sub.name == "value");
            match (operator, comparand) {
                (Operator::Equal, Comparand::Text(text, _)) if is_value => named.push(text),
                _ => return None,
            }
            Some(())
        }
        Node::Values(Subject::Attribute(target), inner) if target.is("members") => {
            named.extend(values(inner)?);
            Some(())
        }
        Node::Test(_) | Node::Values(..) => Some(()),
    }
}

/// In brackets: the only values that can be meant.
fn values(node: &Node) -> Option<Vec<&str>> {
    match node {
        Node::And(nodes) => nodes.iter().find_map(values),
        Node::Or(nodes) => {
            nodes.iter().map(values).collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        node => node.selected_value().map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;
    use crate::schema::GROUP;

    #[test]
    fn only_members_who_are_named_are_needed_where_they_decide() {
        let cases: [(&str, Option<&[&str]>); 13] = [
            ("displayName pr", Some(&[])),
            ("shoes[members pr]", Some(&[])),
            (
                "members eq \"b\" or not (members.value eq \"a\" and members eq \"b\")",
                Some(&["a", "b"]),
            ),
            ("members[value eq \"a\" and type eq \"User\"]", Some(&["a"])),
            ("members[value eq \"a\" or (value eq \"b\" and not (type pr))]", Some(&["a", "b"])),
            ("members[type eq \"User\"].value eq \"a\"", Some(&["a"])),
            ("members[value eq \"a\" or type eq \"User\"]", None),
            ("members[not (value eq \"a\")]", None),
            ("members ne \"a\"", None),
            ("members eq null", None),
            ("members.type eq \"a\"", None),
            ("members co \"a\"", None),
            ("displayName pr and (id eq \"g\" or members pr)", None),
        ];
        for (text, expected) in cases {
            let filter = Filter::parse(text, &GROUP);
            let expected = expected.map_or(Members::All, |named| Members::Named(named.to_vec()));
            assert_eq!(filter.as_ref().map(Filter::members), Ok(expected), "{text}");
        }
    }
}
