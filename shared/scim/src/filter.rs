//! Filters, RFC 7644 §3.4.2.2: the whole grammar, and what Entra writes beyond it.
//!
//! The grammar is ours: docs/adr/0007. Depth and terms are capped while parsing, so that nothing
//! later needs to fear the size of a filter.

mod comparison;
mod evaluation;
mod lookup;
mod members;
mod parser;
mod print;

use std::fmt;

use serde_json::Value;

use crate::error::{Error, ScimType};
use crate::path::Target;
use crate::resource::Resource;
use crate::schema::{Attribute, ResourceType};

pub(crate) use comparison::Comparand;
pub use lookup::Lookup;
pub use members::Members;
pub(crate) use parser::{Parser, Scope};

/// The longest filter or path, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;
/// The deepest nesting of parentheses and brackets.
pub const MAX_DEPTH: usize = 32;
/// The most comparisons in one filter.
pub const MAX_TERMS: usize = 64;

/// A question that each resource of a kind answers with yes or no.
///
/// Printing gives a filter that parses to an equal one.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    node: Node,
}

impl Filter {
    /// Parses a filter over resources of a kind.
    ///
    /// An attribute that no schema defines has no value anywhere, RFC 7644 §3.4.2.2.
    ///
    /// # Errors
    ///
    /// `invalidFilter` if it is malformed, too long, too deep, has too many terms, or compares
    /// what cannot be compared so.
    pub fn parse(text: &str, kind: &'static ResourceType) -> Result<Self, Error> {
        let node = Parser::new(text, INVALID)?.filter(Scope::Resource(kind))?;
        Ok(Self { node })
    }

    /// Whether the resource answers yes. A group must have those of its members whom the filter
    /// [asks for](Self::members).
    pub fn matches(&self, resource: &Resource) -> bool {
        evaluation::resource_matches(&self.node, resource)
    }

    /// Whether the answer may depend on an attribute, named as the schema spells it: what is costly
    /// to find need not be looked for otherwise.
    pub fn mentions(&self, attribute: &str) -> bool {
        self.node.mentions(attribute)
    }

    /// The members that a group needs to have for the filter to be answered.
    pub fn members(&self) -> Members<'_> {
        members::asked(&self.node)
    }

    /// The index entry under which every resource that could match is found, if there is one.
    ///
    /// Those found must still be asked with [`matches`](Self::matches).
    pub fn lookup(&self) -> Option<Lookup<'_>> {
        lookup::lookup(&self.node)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

pub(crate) const INVALID: Error = Error::known(ScimType::InvalidFilter, "the filter is malformed");
pub(crate) const TOO_LARGE: Error = Error::known(
    ScimType::InvalidFilter,
    "the filter is too long, is nested too deep or has too many terms",
);

/// A filter, or what stands in the brackets of a value path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// All of two or more, none of them an `And`.
    And(Vec<Self>),
    /// Any of two or more, none of them an `Or`.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A comparison.
    Test(Test),
    /// `emails[…]`: one value that matches, alone.
    Values(Subject, Box<Self>),
}

impl Node {
    /// All of several; only here do such nodes come into being.
    fn all(nodes: Vec<Self>) -> Self {
        Self::join(nodes, Self::And, |node| match node {
            Self::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Any of several.
    fn any(nodes: Vec<Self>) -> Self {
        Self::join(nodes, Self::Or, |node| match node {
            Self::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    fn join(
        nodes: Vec<Self>,
        make: impl Fn(Vec<Self>) -> Self,
        open: impl Fn(Self) -> Result<Vec<Self>, Self>,
    ) -> Self {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match open(node) {
                Ok(inner) => flat.extend(inner),
                Err(node) => flat.push(node),
            }
        }
        match <[Self; 1]>::try_from(flat) {
            Ok([only]) => only,
            Err(flat) => make(flat),
        }
    }

    fn mentions(&self, name: &str) -> bool {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(|node| node.mentions(name)),
            Self::Not(node) => node.mentions(name),
            Self::Test(Test { subject, .. }) | Self::Values(subject, _) => match subject {
                Subject::Attribute(target) => target.attribute.name == name,
                Subject::Part(_) | Subject::Unknown(_) => false,
            },
        }
    }

    /// In brackets: what they say of a value, if they say it by `eq` and `and` alone.
    pub(crate) fn described(&self) -> Option<Vec<(&'static Attribute, Value)>> {
        match self {
            Self::And(nodes) => {
                let all: Option<Vec<_>> = nodes.iter().map(Self::described).collect();
                Some(all?.concat())
            }
            Self::Test(Test {
                subject: Subject::Part(part),
                operator: Operator::Equal,
                comparand,
            }) if *comparand != Comparand::Null => Some(vec![(*part, comparand.to_value())]),
            _ => None,
        }
    }

    /// In brackets: the text of `value eq "…"`, if they say this and nothing else.
    pub(crate) fn selected_value(&self) -> Option<&str> {
        match self {
            Self::Test(Test {
                subject: Subject::Part(part),
                operator: Operator::Equal,
                comparand: Comparand::Text(text, _),
            }) if part.name == "value" => Some(text),
            _ => None,
        }
    }

    /// Whether one value of a multi-valued attribute matches what stands in the brackets.
    pub(crate) fn matches_element(&self, element: &Value) -> bool {
        evaluation::element_matches(self, element)
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) subject: Subject,
    pub(crate) operator: Operator,
    pub(crate) comparand: Comparand,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// An attribute of the resource.
    Attribute(Target),
    /// Within brackets: a part of the value.
    Part(&'static Attribute),
    /// What no schema defines, as it was written.
    Unknown(String),
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Subject {
    /// The attribute that what decides is a part of.
    fn whole(&self) -> Option<&'static Attribute> {
        match self {
            Self::Attribute(target) => Some(target.attribute),
            Self::Part(_) | Self::Unknown(_) => None,
        }
        .filter(|whole| self.decisive() != Some(*whole))
    }

    /// The attribute whose type and case rule decide: of a complex one its `value`.
    fn decisive(&self) -> Option<&'static Attribute> {
        let leaf = match self {
            Self::Attribute(target) => target.leaf(),
            Self::Part(attribute) => attribute,
            Self::Unknown(_) => return None,
        };
        Some(leaf.sub_attribute("value").unwrap_or(leaf))
    }
}

/// How it is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// Takes no comparand; [`Comparand::Null`] stands for it.
    Present,
}

impl Operator {
    const ALL: [(&'static str, Self); 10] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("co", Self::Contains),
        ("sw", Self::StartsWith),
        ("ew", Self::EndsWith),
        ("gt", Self::Greater),
        ("ge", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("le", Self::LessOrEqual),
        ("pr", Self::Present),
    ];

    fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, operator)| operator)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
            Self::Present => "pr",
        }
    }

    /// Whether it looks into a text.
    const fn is_textual(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }

    /// Whether it needs an order.
    const fn is_ordering(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{GROUP, USER};

    fn is_refused(text: &str) -> bool {
        Filter::parse(text, &USER).is_err()
    }

    #[test]
    fn depth_terms_and_length_end_where_they_say() {
        let nested = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
        let negated =
            |depth: usize| format!("{}title pr{}", "not (".repeat(depth), ")".repeat(depth));
        let terms = |count: usize| vec!["title pr"; count].join(" or ");
        let long = |length: usize| format!("title eq \"{}\"", "x".repeat(length - 11));
        let cases = [
            (nested(MAX_DEPTH), nested(MAX_DEPTH + 1)),
            (negated(MAX_DEPTH), negated(MAX_DEPTH + 1)),
            (terms(MAX_TERMS), terms(MAX_TERMS + 1)),
            (long(MAX_LENGTH), long(MAX_LENGTH + 1)),
        ];
        for (within, beyond) in cases {
            assert!(!is_refused(&within), "{within:.40}");
            assert_eq!(Filter::parse(&beyond, &USER), Err(TOO_LARGE), "{beyond:.40}");
        }
        assert!(is_refused(&"(".repeat(MAX_LENGTH)));
        assert!(is_refused(&"not(".repeat(MAX_LENGTH / 4)));
        assert!(is_refused(&"emails[".repeat(MAX_LENGTH / 7)));
        assert!(is_refused(&"x[".repeat(MAX_LENGTH / 2)));
    }

    #[test]
    fn a_filter_mentions_what_its_answer_depends_on() {
        let cases = [
            ("groups pr", true),
            ("title pr or not (groups.value eq \"g\")", true),
            ("groups[display sw \"a\"] and title pr", true),
            ("title pr", false),
            ("shoes[groups pr]", false),
        ];
        for (text, expected) in cases {
            let filter = Filter::parse(text, &USER);
            assert_eq!(filter.map(|filter| filter.mentions("groups")), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_index_is_asked_where_it_holds_all_candidates() {
        let user = |text| Filter::parse(text, &USER);
        let cases = [
            ("userName eq \"a\"", Some(Lookup::UserName("a"))),
            ("id eq \"a\" and userName eq \"b\"", Some(Lookup::Id("a"))),
            ("title pr and externalId eq \"a\"", Some(Lookup::ExternalId("a"))),
            ("emails eq \"a\"", Some(Lookup::Email("a"))),
            ("emails.value eq \"a\"", Some(Lookup::Email("a"))),
            ("emails[value eq \"a\"]", Some(Lookup::Email("a"))),
            ("emails[value eq \"a\" or type eq \"b\"]", None),
            ("emails[not (value eq \"a\")]", None),
            ("emails.type eq \"a\"", None),
            ("displayName eq \"a\"", None),
            ("userName ne \"a\"", None),
            ("userName eq \"a\" or title pr", None),
            ("not (userName eq \"a\")", None),
            ("externalId eq null", None),
            ("department eq \"a\"", None),
            ("shoeSize eq 43", Some(Lookup::Nothing)),
            ("userName eq \"a\" and shoeSize pr", Some(Lookup::Nothing)),
            ("shoes[size eq 43]", Some(Lookup::Nothing)),
            ("title pr or shoeSize eq 43", None),
            ("not (shoeSize eq 43)", None),
            ("shoeSize eq null", None),
            ("shoeSize ne 43", None),
        ];
        for (text, expected) in cases {
            let filter = user(text);
            assert_eq!(filter.as_ref().ok().and_then(Filter::lookup), expected, "{text}");
        }
        let group = |text| Filter::parse(text, &GROUP);
        let cases = [
            ("displayName eq \"a\" and members eq \"u\"", Some(Lookup::Member("u"))),
            ("members[value eq \"u\" and type eq \"User\"]", Some(Lookup::Member("u"))),
            ("id eq \"g\" and members.value eq \"u\"", Some(Lookup::Id("g"))),
            ("members eq \"u\" or members eq \"w\"", None),
            ("not (members eq \"u\")", None),
            ("members ne \"u\"", None),
            ("members pr", None),
            ("userName eq \"a\"", Some(Lookup::Nothing)),
            ("userName eq null and displayName eq \"a\"", Some(Lookup::DisplayName("a"))),
        ];
        for (text, expected) in cases {
            let filter = group(text);
            assert_eq!(filter.as_ref().ok().and_then(Filter::lookup), expected, "{text}");
        }
    }
}
