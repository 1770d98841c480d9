//! A strict reader of small XML documents.
//!
//! Knows namespaces and well-formedness, and refuses everything that a SAML message has no need
//! of: document types, entities, processing instructions, depth, masses of attributes. Knows
//! nothing of SAML but that no two elements share an ID.

use std::collections::BTreeSet;

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::{AttrError, Attribute};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceError, QName, ResolveResult};
use xmldsig::{Namespace, is_legal};

use super::malformed::Malformed;
use super::rules::is_ncname;

const MAX_DEPTH: usize = 16;
const MAX_ATTRIBUTES: usize = 32;

/// The spellings of ID attributes in SAML and XML Signature.
const ID_NAMES: [&str; 4] = ["ID", "Id", "id", "AssertionID"];

/// An element with everything that was inside.
#[derive(Debug, Default)]
pub(super) struct Node {
    namespace: String,
    name: String,
    attributes: Vec<Named>,
    children: Vec<Self>,
    /// The character data of the element itself, whole across comments and children.
    text: String,
}

/// An attribute by its expanded name.
#[derive(Debug)]
struct Named {
    namespace: String,
    name: String,
    value: String,
}

impl Node {
    /// Compares the expanded name.
    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace.uri && self.name == name
    }

    /// The value of the attribute that has no namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let named = |attribute: &&Named| attribute.namespace.is_empty() && attribute.name == name;
        self.attributes.iter().find(named).map(|attribute| attribute.value.as_str())
    }

    /// The child elements in document order, if there is no text between them.
    pub(super) fn children(&self) -> Result<&[Self], Malformed> {
        if is_white(&self.text) { Ok(&self.children) } else { Err(Malformed::UnexpectedText) }
    }

    /// The text, if there are no child elements.
    pub(super) fn text(&self) -> Result<&str, Malformed> {
        if self.children.is_empty() { Ok(&self.text) } else { Err(Malformed::UnexpectedElement) }
    }
}

/// Reads a document, which ends with its document element.
pub(super) fn parse(xml: &str) -> Result<Node, Malformed> {
    if !xml.chars().all(is_legal) {
        return Err(Malformed::Character);
    }
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::default();
    loop {
        let event = reader.read_event().map_err(|error| syntax(&error))?;
        if let Event::Eof = event {
            return builder.root.ok_or(Malformed::Syntax);
        }
        builder.take(&reader, event)?;
    }
}

/// The elements that are open, and the document element once it is closed.
#[derive(Debug, Default)]
struct Builder {
    begun: bool,
    open: Vec<Node>,
    root: Option<Node>,
    ids: BTreeSet<String>,
}

impl Builder {
    fn take(&mut self, reader: &NsReader<&[u8]>, event: Event<'_>) -> Result<(), Malformed> {
        let first = !std::mem::replace(&mut self.begun, true);
        match event {
            Event::Start(start) => self.start(reader, &start),
            Event::Empty(start) => {
                self.start(reader, &start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            // The XML standard forbids the end of a CDATA section in text.
            Event::Text(text) if text.contains("]]>") => Err(Malformed::Syntax),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(_) if self.open.is_empty() => Err(self.misplaced()),
            Event::CData(data) => self.text(&data.xml10_content()),
            Event::GeneralRef(_) if self.open.is_empty() => Err(self.misplaced()),
            Event::GeneralRef(reference) => self.text(resolve(&reference)?.as_str()),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::Decl(declaration) if first => check_declaration(&declaration),
            Event::Decl(_) => Err(Malformed::Syntax),
            Event::PI(_) => Err(Malformed::ProcessingInstruction),
            Event::DocType(_) => Err(Malformed::Doctype),
        }
    }

    fn start(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<(), Malformed> {
        if self.root.is_some() {
            return Err(Malformed::TrailingContent);
        }
        if self.open.len() == MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        let attributes = attributes(reader, start)?;
        for id in attributes.iter().filter(|attribute| is_id(attribute)) {
            if !self.ids.insert(id.value.clone()) {
                return Err(Malformed::DuplicateId);
            }
        }
        check_name(start.name())?;
        let (namespace, name) = reader.resolver().resolve_element(start.name());
        let namespace = uri(&namespace)?;
        let name = name.into_inner().to_owned();
        self.open.push(Node { namespace, name, attributes, ..Node::default() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Malformed> {
        let node = self.open.pop().ok_or(Malformed::Syntax)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Malformed> {
        match self.open.last_mut() {
            Some(node) => node.text.push_str(text),
            None if is_white(text) => {}
            None => return Err(self.misplaced()),
        }
        Ok(())
    }

    /// What to say of content outside the document element.
    const fn misplaced(&self) -> Malformed {
        if self.root.is_some() { Malformed::TrailingContent } else { Malformed::Syntax }
    }
}

fn attributes(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Vec<Named>, Malformed> {
    // Counted first, because the check for duplicates takes the square of the number.
    if start.attributes().with_checks(false).count() > MAX_ATTRIBUTES {
        return Err(Malformed::TooManyAttributes);
    }
    let mut named: Vec<Named> = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| match error {
            AttrError::Duplicated(..) => Malformed::DuplicateAttribute,
            _ => Malformed::Syntax,
        })?;
        if attribute.key.as_namespace_binding().is_some() {
            check_binding(&attribute)?;
            continue;
        }
        check_name(attribute.key)?;
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let (namespace, name) = (uri(&namespace)?, name.into_inner().to_owned());
        if named.iter().any(|other| other.namespace == namespace && other.name == name) {
            return Err(Malformed::DuplicateAttribute);
        }
        named.push(Named { namespace, name, value: value(&attribute)? });
    }
    Ok(named)
}

/// Refuses a namespace declaration whose value would have to be normalised before it is compared,
/// or that takes a prefix back (XML Names §2.2).
fn check_binding(attribute: &Attribute<'_>) -> Result<(), Malformed> {
    let prefix = attribute.key.as_ref().strip_prefix("xmlns:");
    let raw = attribute.value.as_ref();
    let prefix_is_sound = prefix.is_none_or(|prefix| is_ncname(prefix) && !raw.is_empty());
    if prefix_is_sound && !raw.contains(['&', '<', '\t', '\r', '\n']) {
        Ok(())
    } else {
        Err(Malformed::Syntax)
    }
}

fn value(attribute: &Attribute<'_>) -> Result<String, Malformed> {
    if attribute.value.contains('<') {
        return Err(Malformed::Syntax);
    }
    let value =
        attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Malformed::Entity)?;
    if value.chars().all(is_legal) { Ok(value.into_owned()) } else { Err(Malformed::Character) }
}

/// Resolves a character reference or one of the five predefined entities.
fn resolve(reference: &BytesRef<'_>) -> Result<String, Malformed> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) if is_legal(character) => Ok(character.to_string()),
        Ok(Some(_)) | Err(_) => Err(Malformed::Character),
        Ok(None) => {
            resolve_predefined_entity(reference).map(str::to_owned).ok_or(Malformed::Entity)
        }
    }
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Malformed> {
    let version = declaration.version().map_err(|_| Malformed::Declaration)?;
    let utf_8 = match declaration.encoding() {
        None => true,
        Some(Ok(encoding)) => encoding.eq_ignore_ascii_case("utf-8"),
        Some(Err(_)) => false,
    };
    if version == "1.0" && utf_8 { Ok(()) } else { Err(Malformed::Declaration) }
}

fn check_name(name: QName<'_>) -> Result<(), Malformed> {
    let (local, prefix) = name.decompose();
    let sound =
        is_ncname(local.into_inner()) && prefix.is_none_or(|prefix| is_ncname(prefix.into_inner()));
    if sound { Ok(()) } else { Err(Malformed::Syntax) }
}

fn uri(resolved: &ResolveResult<'_>) -> Result<String, Malformed> {
    match resolved {
        ResolveResult::Bound(namespace) => Ok(namespace.into_inner().to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(_) => Err(Malformed::UnboundPrefix),
    }
}

fn is_id(attribute: &Named) -> bool {
    match attribute.namespace.as_str() {
        "" => ID_NAMES.contains(&attribute.name.as_str()),
        "http://www.w3.org/XML/1998/namespace" => attribute.name == "id",
        _ => false,
    }
}

/// XML §2.3: production `S`, narrower than Unicode's white space.
fn is_white(text: &str) -> bool {
    text.chars().all(|character| matches!(character, ' ' | '\t' | '\r' | '\n'))
}

const fn syntax(error: &quick_xml::Error) -> Malformed {
    match error {
        quick_xml::Error::Namespace(NamespaceError::TooManyBindings(_)) => {
            Malformed::TooManyAttributes
        }
        _ => Malformed::Syntax,
    }
}
