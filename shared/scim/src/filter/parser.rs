//! Reading filters and paths: one function a rule of RFC 7644 §3.4.2.2.
//!
//! Beyond the rules: texts without quotes, operators that touch the quote after them, a
//! sub-attribute after brackets within a filter, any amount of space. Entra or the standard's own
//! examples write each of these.

use super::comparison::Literal;
use super::{Comparand, INVALID, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Node, Operator, Subject};
use super::{TOO_LARGE, Test};
use crate::error::Error;
use crate::path::{Named, is_name, is_urn_character, resolve};
use crate::schema::{Attribute, Kind, ResourceType};

/// What names mean at a place.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    /// Attributes of a kind of resource.
    Resource(&'static ResourceType),
    /// Parts of an attribute's value: within brackets.
    Value(&'static Attribute),
    /// Nothing: within the brackets of what no schema defines.
    Unknown,
}

/// A text that is being read.
pub(crate) struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    terms: usize,
    malformed: Error,
}

impl<'a> Parser<'a> {
    /// Begins; `malformed` is the error for what fits no rule outside brackets.
    pub(crate) fn new(text: &'a str, malformed: Error) -> Result<Self, Error> {
        if text.len() > MAX_LENGTH {
            return Err(TOO_LARGE);
        }
        Ok(Self { rest: text, depth: 0, terms: 0, malformed })
    }

    /// `FILTER`, up to the end of the text.
    pub(crate) fn filter(mut self, scope: Scope) -> Result<Node, Error> {
        let node = self.any(scope)?;
        self.end()?;
        Ok(node)
    }

    /// Nothing but space is left.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed.clone()) }
    }

    /// What stands in brackets, if a bracket is next.
    pub(crate) fn brackets(&mut self, scope: Scope) -> Result<Option<Node>, Error> {
        if !self.take("[") {
            return Ok(None);
        }
        let inner = self.nested(scope)?;
        if self.take("]") { Ok(Some(inner)) } else { Err(INVALID) }
    }

    /// `.sub`, if a dot is next.
    pub(crate) fn sub(&mut self) -> Result<Option<&'a str>, Error> {
        let Some(rest) = self.rest.strip_prefix('.') else { return Ok(None) };
        self.rest = rest;
        let name = self.name();
        if is_name(name) { Ok(Some(name)) } else { Err(self.malformed.clone()) }
    }

    /// The longest piece that could be a name, with or without a URN.
    pub(crate) fn name(&mut self) -> &'a str {
        self.space();
        let end = self.rest.find(|c| !is_urn_character(c)).unwrap_or(self.rest.len());
        self.split(end)
    }

    /// `FILTER = … *( SP "or" SP … )`.
    fn any(&mut self, scope: Scope) -> Result<Node, Error> {
        let mut nodes = vec![self.all(scope)?];
        while self.word("or") {
            nodes.push(self.all(scope)?);
        }
        Ok(Node::any(nodes))
    }

    fn all(&mut self, scope: Scope) -> Result<Node, Error> {
        let mut nodes = vec![self.one(scope)?];
        while self.word("and") {
            nodes.push(self.one(scope)?);
        }
        Ok(Node::all(nodes))
    }

    fn one(&mut self, scope: Scope) -> Result<Node, Error> {
        if self.take("(") {
            return self.parentheses(scope);
        }
        if self.not() {
            return Ok(Node::Not(Box::new(self.parentheses(scope)?)));
        }
        self.comparison(scope)
    }

    /// After `(`.
    fn parentheses(&mut self, scope: Scope) -> Result<Node, Error> {
        let node = self.nested(scope)?;
        if self.take(")") { Ok(node) } else { Err(INVALID) }
    }

    fn nested(&mut self, scope: Scope) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(TOO_LARGE);
        }
        let node = self.any(scope)?;
        self.depth -= 1;
        Ok(node)
    }

    /// `attrExp / valuePath`.
    fn comparison(&mut self, scope: Scope) -> Result<Node, Error> {
        let name = self.name();
        let subject = subject(scope, name)?;
        if self.rest.trim_start_matches(is_space).starts_with('[')
            && !matches!(scope, Scope::Value(_))
        {
            return self.values(subject);
        }
        self.test(subject).map(Node::Test)
    }

    /// `valuePath`, and what may follow it: `emails[type eq "work"].value eq "…"` asks for one
    /// value of which both is true.
    fn values(&mut self, subject: Subject) -> Result<Node, Error> {
        let inside = match &subject {
            Subject::Attribute(target) if target.sub.is_some() => return Err(INVALID),
            Subject::Attribute(target) if target.attribute.kind != Kind::Complex => {
                return Err(INVALID);
            }
            Subject::Attribute(target) => Scope::Value(target.attribute),
            Subject::Part(_) | Subject::Unknown(_) => Scope::Unknown,
        };
        let Some(mut inner) = self.brackets(inside)? else { return Err(INVALID) };
        if let Some(sub) = self.sub()? {
            let test = self.test(self::subject(inside, sub)?)?;
            inner = Node::all(vec![inner, Node::Test(test)]);
        }
        Ok(Node::Values(subject, Box::new(inner)))
    }

    /// `SP "pr"`, or `SP compareOp SP compValue`.
    fn test(&mut self, subject: Subject) -> Result<Test, Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(TOO_LARGE);
        }
        if !self.rest.starts_with(is_space) {
            return Err(INVALID);
        }
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let Some(operator) = Operator::parse(self.split(end)) else { return Err(INVALID) };
        if operator == Operator::Present {
            return Ok(Test { subject, operator, comparand: Comparand::Null });
        }
        let literal = self.literal()?;
        let comparand = Comparand::read(&subject, operator, literal)?;
        Ok(Test { subject, operator, comparand })
    }

    fn literal(&mut self) -> Result<Literal, Error> {
        let touches = !self.rest.starts_with(is_space);
        self.space();
        if self.rest.starts_with('"') {
            return self.quoted().map(Literal::Quoted);
        }
        let is_end = |c: char| is_space(c) || matches!(c, '(' | ')' | '[' | ']' | '"');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let text = self.split(end);
        let is_broken = touches || text.is_empty() || self.rest.starts_with(['(', '[', '"']);
        if is_broken { Err(INVALID) } else { Ok(Literal::Bare(text.to_owned())) }
    }

    /// A JSON string.
    fn quoted(&mut self) -> Result<String, Error> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(place, c)| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end.then_some(place + 1)
        });
        let Some(end) = end else { return Err(INVALID) };
        serde_json::from_str(self.split(end)).map_err(|_| INVALID)
    }

    /// `not` before a parenthesis, which is taken too.
    fn not(&mut self) -> bool {
        self.space();
        let Some((word, rest)) = self.rest.split_at_checked(3) else { return false };
        let Some(inside) = rest.trim_start_matches(is_space).strip_prefix('(') else {
            return false;
        };
        let found = word.eq_ignore_ascii_case("not");
        if found {
            self.rest = inside;
        }
        found
    }

    /// A whole word between spaces or parentheses.
    fn word(&mut self, expected: &str) -> bool {
        self.space();
        let Some((word, rest)) = self.rest.split_at_checked(expected.len()) else { return false };
        let found = word.eq_ignore_ascii_case(expected)
            && rest.starts_with(|c: char| is_space(c) || c == '(');
        if found {
            self.rest = rest;
        }
        found
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    /// Takes what stands before a place, which is always one between characters.
    fn split(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What a name means at a place.
fn subject(scope: Scope, name: &str) -> Result<Subject, Error> {
    match scope {
        Scope::Resource(kind) => match resolve(kind, name) {
            None => Err(INVALID),
            Some(Named::Attribute(target)) => Ok(Subject::Attribute(target)),
            Some(Named::Resource | Named::Extension(_) | Named::Unknown) => {
                Ok(Subject::Unknown(name.to_owned()))
            }
        },
        Scope::Value(_) | Scope::Unknown if !is_name(name) => Err(INVALID),
        Scope::Value(attribute) => Ok(attribute
            .sub_attribute(name)
            .map_or_else(|| Subject::Unknown(name.to_owned()), Subject::Part)),
        Scope::Unknown => Ok(Subject::Unknown(name.to_owned())),
    }
}
