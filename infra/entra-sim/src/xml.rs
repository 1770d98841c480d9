//! Reading XML strictly: namespaces exact, no DTD, no second reading of the same element.

use bergshamra_xml::uppsala::parser::Parser;
use bergshamra_xml::{Document, Element, NodeId, NodeKind};

/// The deepest nesting that is read.
const DEEPEST: u32 = 64;

/// Parses a document without a DTD.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    let parser = Parser::new().with_forbid_dtd(true).with_forbid_entities(true);
    parser.with_max_depth(DEEPEST).parse(text).map_err(|error| error.to_string())
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl<'d> Node<'d> {
    /// The root element.
    pub(crate) fn root(document: &'d Document<'d>) -> Option<Self> {
        document.document_element().map(|id| Self { document, id })
    }

    /// The element with an id that the verifier gave.
    pub(crate) fn at(document: &'d Document<'d>, id: NodeId) -> Self {
        Self { document, id }
    }

    /// The parser's name for the element.
    pub(crate) fn id(self) -> NodeId {
        self.id
    }

    fn element(self) -> Option<&'d Element<'d>> {
        self.document.element(self.id)
    }

    /// The name without prefix.
    pub(crate) fn local_name(self) -> &'d str {
        self.element().map_or("", |element| element.name.local_name.as_ref())
    }

    /// The namespace, empty when there is none.
    pub(crate) fn namespace(self) -> &'d str {
        self.element().and_then(|e| e.name.namespace_uri.as_deref()).unwrap_or("")
    }

    /// Whether the element has exactly this name.
    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        self.namespace() == namespace && self.local_name() == local
    }

    /// The value of an attribute that is in no namespace.
    pub(crate) fn attribute(self, name: &str) -> Option<&'d str> {
        let attributes = &self.element()?.attributes;
        let plain = |a: &&bergshamra_xml::Attribute<'_>| {
            a.name.namespace_uri.is_none() && *a.name.local_name == *name
        };
        attributes.iter().find(plain).map(|attribute| &*attribute.value)
    }

    /// The child elements in document order.
    pub(crate) fn children(self) -> Vec<Self> {
        let ids = self.document.children(self.id).into_iter();
        ids.map(|id| Self { document: self.document, id })
            .filter(|node| node.element().is_some())
            .collect()
    }

    /// The child elements of one name.
    pub(crate) fn named(self, namespace: &str, local: &str) -> Vec<Self> {
        self.children().into_iter().filter(|child| child.is(namespace, local)).collect()
    }

    /// The one child element of a name; nothing when it is missing or there are several.
    pub(crate) fn only(self, namespace: &str, local: &str) -> Option<Self> {
        match self.named(namespace, local).as_slice() {
            [single] => Some(*single),
            _ => None,
        }
    }

    /// The text of an element that holds text alone; a comment or child inside makes it nothing,
    /// so that no two readers can see two values.
    pub(crate) fn text(self) -> Option<String> {
        let mut text = String::new();
        for id in self.document.children(self.id) {
            match self.document.node_kind(id)? {
                NodeKind::Text(part) | NodeKind::CData(part) => text.push_str(part),
                _ => return None,
            }
        }
        Some(text)
    }

    /// Whether the element holds child elements and white space alone.
    pub(crate) fn holds_elements_only(self) -> bool {
        self.document.children(self.id).into_iter().all(|id| match self.document.node_kind(id) {
            Some(NodeKind::Element(_)) => true,
            Some(NodeKind::Text(text)) => text.trim().is_empty(),
            _ => false,
        })
    }

    /// Every element below this one.
    pub(crate) fn descendants(self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut open = self.children();
        while let Some(node) = open.pop() {
            open.extend(node.children());
            found.push(node);
        }
        found
    }
}

/// Whether a value is an `xs:ID`: a letter or underscore, then letters, digits, `.`, `-`, `_`.
pub(crate) fn is_identifier(value: &str) -> bool {
    let mut characters = value.chars();
    let first = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && characters.all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}
