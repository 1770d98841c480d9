//! Writing a filter down again.

use std::fmt::{Display, Formatter, Result};

use super::{Comparand, Node, Operator, Subject, Test};

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(nodes) => list(f, nodes, " and "),
            Self::Or(nodes) => list(f, nodes, " or "),
            Self::Not(node) => write!(f, "not ({node})"),
            Self::Test(test) => test.fmt(f),
            Self::Values(subject, inner) => write!(f, "{subject}[{inner}]"),
        }
    }
}

/// Only an `or` within an `and` needs its parentheses.
fn list(f: &mut Formatter<'_>, nodes: &[Node], between: &str) -> Result {
    for (place, node) in nodes.iter().enumerate() {
        if place > 0 {
            f.write_str(between)?;
        }
        match node {
            Node::Or(_) => write!(f, "({node})")?,
            _ => node.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.subject, self.operator.name())?;
        match self.operator {
            Operator::Present => Ok(()),
            _ => write!(f, " {}", self.comparand),
        }
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Attribute(target) => target.fmt(f),
            Self::Part(attribute) => f.write_str(attribute.name),
            Self::Unknown(name) => f.write_str(name),
        }
    }
}

impl Display for Comparand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            // Reading a long number may round it, and reading what was rounded may round again.
            Self::Number(text, _) => f.write_str(text),
            value => value.to_value().fmt(f),
        }
    }
}
