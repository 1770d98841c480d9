//! The canonical emitter: what it writes is exclusive canonical XML already.

use std::collections::BTreeMap;

use crate::character::{self, IllegalCharacter};

/// A namespace and the prefix under which it is written.
///
/// XML Names §3. The empty prefix writes a default namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Namespace {
    /// The prefix of element names.
    pub prefix: &'static str,
    /// The namespace name, compared character by character.
    pub uri: &'static str,
}

/// An element under construction.
///
/// Exclusive C14N §2. Names are constants of a standard, values come from anywhere: every value
/// is escaped, and what XML cannot carry is refused. Attributes have no prefix; a second
/// attribute of the same name replaces the first.
///
/// ```
/// # use xmldsig::{Element, Namespace};
/// const NS: Namespace = Namespace { prefix: "p", uri: "urn:example" };
/// let note = Element::new(NS, "Note").attribute("to", "\"Ada\"").text("1 < 2");
/// assert_eq!(
///     note.canonical().unwrap(),
///     "<p:Note xmlns:p=\"urn:example\" to=\"&quot;Ada&quot;\">1 &lt; 2</p:Note>",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Element {
    namespace: Namespace,
    name: &'static str,
    attributes: BTreeMap<&'static str, String>,
    children: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Element(Element),
    Text(String),
    /// Where the signature's value will stand.
    Hole,
}

/// The namespaces in force while rendering, innermost last.
type Scope = Vec<Namespace>;

impl Element {
    /// Begins an element without attributes and content.
    ///
    /// XML Names §3.
    #[must_use]
    pub const fn new(namespace: Namespace, name: &'static str) -> Self {
        Self { namespace, name, attributes: BTreeMap::new(), children: Vec::new() }
    }

    /// Sets an attribute.
    ///
    /// Canonical XML §2.3.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }

    /// Appends a child element.
    ///
    /// Canonical XML §2.3.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Appends character data.
    ///
    /// Canonical XML §2.3.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// Renders the element as exclusive canonical XML without comments.
    ///
    /// Exclusive C14N §2: attributes sorted, each namespace declared where it is first used, no
    /// empty-element tags, the escapes of Canonical XML §2.3.
    ///
    /// # Errors
    ///
    /// [`IllegalCharacter`] if a value holds a character that XML cannot carry.
    pub fn canonical(&self) -> Result<String, IllegalCharacter> {
        self.check()?;
        Ok(self.filled(""))
    }

    /// Refuses values that XML cannot carry.
    pub(crate) fn check(&self) -> Result<(), IllegalCharacter> {
        for value in self.attributes.values() {
            character::check(value)?;
        }
        for child in &self.children {
            match child {
                Node::Element(element) => element.check()?,
                Node::Text(text) => character::check(text)?,
                Node::Hole => {}
            }
        }
        Ok(())
    }

    /// Leaves a hole for a value that is not known yet.
    pub(crate) fn hole(mut self) -> Self {
        self.children.push(Node::Hole);
        self
    }

    /// Puts `child` before everything else.
    pub(crate) fn insert_first(&mut self, child: Self) {
        self.children.insert(0, Node::Element(child));
    }

    /// Puts `child` behind the first child element, or first if there is none.
    pub(crate) fn insert_after_first_child(&mut self, child: Self) {
        let first = self.children.iter().position(|node| matches!(node, Node::Element(_)));
        self.children.insert(first.map_or(0, |index| index + 1), Node::Element(child));
    }

    /// Renders a checked element, its holes filled with `filling`.
    pub(crate) fn filled(&self, filling: &str) -> String {
        let mut out = String::new();
        self.render(&mut out, &mut Scope::new(), filling);
        out
    }

    fn render(&self, out: &mut String, scope: &mut Scope, filling: &str) {
        let outer = scope.len();
        out.push('<');
        self.push_name(out);
        self.declare(out, scope);
        for (name, value) in &self.attributes {
            push_attribute(out, name, value);
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.render(out, scope, filling),
                Node::Text(text) => push_text(out, text),
                Node::Hole => push_text(out, filling),
            }
        }
        out.push_str("</");
        self.push_name(out);
        out.push('>');
        scope.truncate(outer);
    }

    fn push_name(&self, out: &mut String) {
        if !self.namespace.prefix.is_empty() {
            out.push_str(self.namespace.prefix);
            out.push(':');
        }
        out.push_str(self.name);
    }

    /// Declares the element's own namespace unless it is in force already.
    fn declare(&self, out: &mut String, scope: &mut Scope) {
        let Namespace { prefix, uri } = self.namespace;
        let in_force = scope.iter().rev().find(|namespace| namespace.prefix == prefix);
        // Before any declaration, no prefix means no namespace.
        let in_force = in_force.map(|namespace| namespace.uri).or(prefix.is_empty().then_some(""));
        if in_force == Some(uri) {
            return;
        }
        if prefix.is_empty() {
            push_attribute(out, "xmlns", uri);
        } else {
            out.push_str(" xmlns:");
            out.push_str(prefix);
            push_value(out, uri);
        }
        scope.push(self.namespace);
    }
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    push_value(out, value);
}

/// Writes `="value"` with the escapes of Canonical XML §2.3 for attributes.
fn push_value(out: &mut String, value: &str) {
    out.push_str("=\"");
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Writes character data with the escapes of Canonical XML §2.3 for text.
fn push_text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const A: Namespace = Namespace { prefix: "a", uri: "urn:a" };
    const B: Namespace = Namespace { prefix: "b", uri: "urn:b" };
    const OTHER_A: Namespace = Namespace { prefix: "a", uri: "urn:other" };
    const DEFAULT: Namespace = Namespace { prefix: "", uri: "urn:default" };
    const NONE: Namespace = Namespace { prefix: "", uri: "" };

    #[test]
    fn a_namespace_is_declared_where_it_is_first_used_and_again_beside_it() {
        let root = Element::new(A, "r")
            .child(Element::new(B, "x").child(Element::new(B, "y")).child(Element::new(A, "z")))
            .child(Element::new(B, "x"));

        assert_eq!(
            root.canonical().unwrap(),
            "<a:r xmlns:a=\"urn:a\"><b:x xmlns:b=\"urn:b\"><b:y></b:y><a:z></a:z></b:x>\
             <b:x xmlns:b=\"urn:b\"></b:x></a:r>"
        );
    }

    #[test]
    fn a_prefix_may_change_its_meaning_inside_and_gets_it_back_outside() {
        let root = Element::new(A, "r")
            .child(Element::new(OTHER_A, "x").child(Element::new(A, "y")))
            .child(Element::new(A, "z"));

        assert_eq!(
            root.canonical().unwrap(),
            "<a:r xmlns:a=\"urn:a\"><a:x xmlns:a=\"urn:other\"><a:y xmlns:a=\"urn:a\"></a:y></a:x>\
             <a:z></a:z></a:r>"
        );
    }

    #[test]
    fn a_default_namespace_is_undeclared_for_a_child_without_one() {
        let root = Element::new(NONE, "r")
            .child(Element::new(DEFAULT, "x").child(Element::new(NONE, "y")));

        assert_eq!(
            root.canonical().unwrap(),
            "<r><x xmlns=\"urn:default\"><y xmlns=\"\"></y></x></r>"
        );
    }

    #[test]
    fn attributes_are_sorted_by_code_point_and_the_last_value_stays() {
        let root = Element::new(A, "r")
            .attribute("b", "1")
            .attribute("a", "2")
            .attribute("Z", "3")
            .attribute("b", "4");

        assert_eq!(
            root.canonical().unwrap(),
            "<a:r xmlns:a=\"urn:a\" Z=\"3\" a=\"2\" b=\"4\"></a:r>"
        );
    }

    #[test]
    fn text_and_attributes_escape_different_characters() {
        let every = "\t\n\r &<>\"'\u{1F600}";
        let root = Element::new(NONE, "r").attribute("v", every).text(every);

        assert_eq!(
            root.canonical().unwrap(),
            "<r v=\"&#x9;&#xA;&#xD; &amp;&lt;>&quot;'\u{1F600}\">\t\n&#xD; &amp;&lt;&gt;\"'\u{1F600}</r>"
        );
    }

    #[test]
    fn what_xml_cannot_carry_is_refused_wherever_it_stands() {
        let illegal = Err(IllegalCharacter('\u{0}'));
        assert_eq!(Element::new(A, "r").text("x\0").canonical(), illegal);
        assert_eq!(Element::new(A, "r").attribute("v", "\0").canonical(), illegal);
        let deep = Element::new(A, "r").child(Element::new(B, "x").text("\0"));
        assert_eq!(deep.canonical(), illegal);
    }

    #[test]
    fn the_place_behind_the_first_child_skips_text() {
        let mut root = Element::new(NONE, "r").text("t").child(Element::new(NONE, "x"));
        root.insert_after_first_child(Element::new(NONE, "y"));
        assert_eq!(root.canonical().unwrap(), "<r>t<x></x><y></y></r>");

        let mut empty = Element::new(NONE, "r");
        empty.insert_after_first_child(Element::new(NONE, "y"));
        assert_eq!(empty.canonical().unwrap(), "<r><y></y></r>");
    }
}
