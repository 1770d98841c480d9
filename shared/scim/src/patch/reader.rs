//! From the JSON of an operation to edits.

use serde_json::{Map, Value};

use super::MAX_EDITS;
use super::edit::{Change, Edit, Parts, Selections, parts};
use crate::error::{Error, ScimType};
use crate::filter::{Node, Parser, Scope};
use crate::member::{self, MemberChange, is_members};
use crate::path::{Named, Target, resolve};
use crate::resource::EXTENSION_IS_NO_OBJECT;
use crate::schema::{Attribute, Kind, ResourceType, Schema};
use crate::value::{canonical, elements, invalid, limit, too_many};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// Whether the client named the attribute by a path, or as a key among others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Path,
    Key,
}

/// A path, RFC 7644 §3.5.2.
struct Place {
    named: Named,
    filter: Option<Node>,
}

/// Collects what operations do.
pub(super) struct Reader {
    kind: &'static ResourceType,
    pub(super) edits: Vec<Edit>,
    pub(super) members: Vec<MemberChange>,
}

impl Reader {
    pub(super) const fn new(kind: &'static ResourceType) -> Self {
        Self { kind, edits: Vec::new(), members: Vec::new() }
    }

    pub(super) fn operation(&mut self, operation: Value) -> Result<(), Error> {
        let Value::Object(operation) = operation else { return Err(NO_OPERATION) };
        let mut op = None;
        let mut path = None;
        let mut value = None;
        for (name, given) in operation {
            let slot = match name.to_ascii_lowercase().as_str() {
                "op" => &mut op,
                "path" => &mut path,
                "value" => &mut value,
                _ => continue,
            };
            if slot.replace(given).is_some() {
                return Err(Error::NAMED_TWICE);
            }
        }
        let op = self::op(op)?;
        if op != Op::Remove && value.is_none() {
            return Err(NO_VALUE);
        }
        let path = match path {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(path)) => path,
            Some(_) => return Err(INVALID_PATH),
        };
        if path.trim().is_empty() {
            return self.keys(op, value.unwrap_or_default());
        }
        let place = place(self.kind, path.trim())?;
        self.at(op, place, value, Way::Path)
    }

    /// An operation without a path: each key of its value is one.
    fn keys(&mut self, op: Op, value: Value) -> Result<(), Error> {
        if op == Op::Remove {
            return Err(NO_TARGET);
        }
        let Value::Object(keys) = value else { return Err(VALUE_IS_NO_OBJECT) };
        for (key, value) in keys {
            let Ok(place) = place(self.kind, &key) else { continue };
            self.at(op, place, Some(value), Way::Key)?;
        }
        Ok(())
    }

    fn at(&mut self, op: Op, place: Place, value: Option<Value>, way: Way) -> Result<(), Error> {
        match place.named {
            Named::Unknown => Ok(()),
            Named::Resource => self.keys(op, value.unwrap_or_default()),
            Named::Extension(schema) => self.extension(op, schema, value.unwrap_or_default()),
            Named::Attribute(target) if is_members(self.kind, &target) => {
                self.change_members(op, &target, place.filter, value)
            }
            Named::Attribute(target) => {
                if let Some(read_only) = read_only(&target) {
                    // Okta repeats the id among the keys; Entra sends references.
                    let is_harmless = matches!(read_only.name, "schemas" | "$ref");
                    if way == Way::Key || is_harmless {
                        return Ok(());
                    }
                    let detail = "is written by the server only";
                    return Err(Error::about(ScimType::Mutability, read_only, detail));
                }
                let value = value.unwrap_or_default();
                let edit = match op {
                    Op::Remove => removal(target, place.filter, value)?,
                    Op::Add | Op::Replace => change(op, target, place.filter, value)?,
                };
                edit.map_or(Ok(()), |edit| self.push(edit))
            }
        }
    }

    fn push(&mut self, edit: Edit) -> Result<(), Error> {
        if self.edits.len() >= MAX_EDITS {
            return Err(TOO_MANY_EDITS);
        }
        self.edits.push(edit);
        Ok(())
    }

    /// The URN of an extension as a path or a key: all its attributes.
    fn extension(&mut self, op: Op, schema: &'static Schema, value: Value) -> Result<(), Error> {
        if op == Op::Remove || value.is_null() {
            for attribute in schema.attributes.iter().filter(|it| !it.is_read_only()) {
                self.push(Edit::Set(Target::extended(schema, attribute), None))?;
            }
            return Ok(());
        }
        let Value::Object(keys) = value else { return Err(EXTENSION_IS_NO_OBJECT) };
        for (key, value) in keys {
            let Ok(place) = place(self.kind, &format!("{}:{key}", schema.id)) else { continue };
            self.at(op, place, Some(value), Way::Key)?;
        }
        Ok(())
    }

    /// Members come out as changes of their own.
    fn change_members(
        &mut self,
        op: Op,
        target: &Target,
        filter: Option<Node>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let Some(sub) = target.sub else {
            let change = match (filter, op) {
                (None, _) => member_change(op, &value.unwrap_or_default())?,
                (Some(filter), Op::Remove) => {
                    Some(MemberChange::Remove(selected(&filter).ok_or(MEMBERS_BY_VALUE)?))
                }
                (Some(_), Op::Add | Op::Replace) => {
                    return Err(MEMBERS_FIXED);
                }
            };
            if let Some(change) = change {
                self.join(change);
            }
            return Ok(());
        };
        if sub.name == "$ref" { Ok(()) } else { Err(MEMBERS_FIXED) }
    }

    /// Adds a change of members, into the last one where that says the same.
    fn join(&mut self, change: MemberChange) {
        if matches!(change, MemberChange::RemoveAll | MemberChange::Replace(_)) {
            self.members.clear();
        }
        match (self.members.last_mut(), change) {
            (
                Some(MemberChange::Add(last) | MemberChange::Replace(last)),
                MemberChange::Add(ids),
            )
            | (Some(MemberChange::Remove(last)), MemberChange::Remove(ids)) => last.extend(ids),
            (Some(last @ MemberChange::RemoveAll), MemberChange::Add(ids)) => {
                *last = MemberChange::Replace(ids);
            }
            (Some(MemberChange::RemoveAll), MemberChange::Remove(_)) => {}
            (_, change) => self.members.push(change),
        }
    }
}

fn op(op: Option<Value>) -> Result<Op, Error> {
    let Some(Value::String(op)) = op else { return Err(NO_OPERATION) };
    match op.to_ascii_lowercase().as_str() {
        "add" => Ok(Op::Add),
        "replace" => Ok(Op::Replace),
        "remove" => Ok(Op::Remove),
        _ => Err(NO_OPERATION),
    }
}

/// `PATH = attrPath / valuePath [subAttr]`.
fn place(kind: &'static ResourceType, text: &str) -> Result<Place, Error> {
    let mut parser = Parser::new(text, INVALID_PATH)?;
    let named = resolve(kind, parser.name()).ok_or(INVALID_PATH)?;
    let scope = match named {
        Named::Attribute(Target { attribute, sub: None, .. }) if attribute.is_multi_valued() => {
            Scope::Value(attribute)
        }
        _ => Scope::Unknown,
    };
    let Some(filter) = parser.brackets(scope)? else {
        parser.end()?;
        return Ok(Place { named, filter: None });
    };
    let sub = parser.sub()?;
    parser.end()?;
    let named = match (named, scope, sub) {
        (Named::Attribute(target), Scope::Value(attribute), Some(sub)) => attribute
            .sub_attribute(sub)
            .map_or(Named::Unknown, |sub| Named::Attribute(Target { sub: Some(sub), ..target })),
        (named @ (Named::Attribute(_) | Named::Unknown), Scope::Value(_), None) => named,
        (Named::Unknown, _, _) => Named::Unknown,
        _ => return Err(INVALID_PATH),
    };
    Ok(Place { named, filter: Some(filter) })
}

/// The part of a target that only the server writes, if there is one.
fn read_only(target: &Target) -> Option<&'static Attribute> {
    let whole = Some(target.attribute).filter(|attribute| attribute.is_read_only());
    whole.or(target.sub.filter(|sub| sub.is_read_only()))
}

fn removal(target: Target, filter: Option<Node>, value: Value) -> Result<Option<Edit>, Error> {
    let attribute = target.attribute;
    if let Some(sub) = target.sub {
        return Ok(Some(part_edit(target, filter, sub, None)));
    }
    if filter.is_some() {
        return Ok(Some(Edit::Within(target, filter, Change::Remove)));
    }
    if !attribute.is_multi_valued() || value.is_null() {
        return Ok(Some(Edit::Set(target, None)));
    }
    // What a removal lists in its value is what goes.
    let items = match value {
        Value::Array(items) => items,
        value => vec![value],
    };
    if items.len() > limit(attribute) {
        return Err(too_many(attribute));
    }
    let mut selections = Selections::default();
    for item in items {
        if let Some(object) = object(attribute, item)? {
            let mut selection = parts(attribute, object)?;
            selection.retain(|(part, _)| part.name != "primary");
            selections.add(selection);
        }
    }
    Ok(Some(Edit::Withdraw(target, selections)))
}

fn change(
    op: Op,
    target: Target,
    filter: Option<Node>,
    value: Value,
) -> Result<Option<Edit>, Error> {
    let attribute = target.attribute;
    if let Some(sub) = target.sub {
        let value = canonical(sub, value).map_err(|error| error.within(attribute))?;
        return Ok(Some(part_edit(target, filter, sub, value)));
    }
    if filter.is_some() {
        let Some(object) = object(attribute, value)? else {
            return Ok(Some(Edit::Within(target, filter, Change::Remove)));
        };
        let parts = parts(attribute, object)?;
        if parts.is_empty() {
            return Ok(None);
        }
        let change = if op == Op::Add { Change::Merge(parts) } else { Change::Substitute(parts) };
        return Ok(Some(Edit::Within(target, filter, change)));
    }
    if attribute.is_multi_valued() {
        let elements = elements(attribute, value)?;
        let edit = if op == Op::Add { Edit::Append } else { Edit::Assign };
        return Ok(Some(edit(target, elements)));
    }
    if attribute.kind != Kind::Complex {
        let value = canonical(attribute, value)?;
        // Neither true nor false says nothing: who takes their word back removes it by name.
        if value.is_none() && attribute.kind == Kind::Boolean {
            return Ok(None);
        }
        return Ok(Some(Edit::Set(target, value)));
    }
    let Some(object) = object(attribute, value)? else {
        return Ok(Some(Edit::Set(target, None)));
    };
    Ok(Some(Edit::Merge(target, parts(attribute, object)?)))
}

fn part_edit(
    target: Target,
    filter: Option<Node>,
    sub: &'static Attribute,
    value: Option<Value>,
) -> Edit {
    let whole = Target { sub: None, ..target };
    let parts: Parts = vec![(sub, value)];
    if target.attribute.is_multi_valued() {
        Edit::Within(whole, filter, Change::Merge(parts))
    } else {
        Edit::Merge(whole, parts)
    }
}

/// The object that is meant by a value for a complex attribute; none for no value.
fn object(attribute: &Attribute, value: Value) -> Result<Option<Map<String, Value>>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Object(object) => Ok(Some(object)),
        Value::String(text) if attribute.sub_attribute("value").is_some() => {
            Ok(Some(Map::from_iter([("value".to_owned(), Value::String(text))])))
        }
        Value::Array(items) => {
            let mut items = items.into_iter();
            match (items.next(), items.next()) {
                (None, _) => Ok(None),
                (Some(item @ (Value::Object(_) | Value::String(_) | Value::Null)), None) => {
                    object(attribute, item)
                }
                _ => Err(invalid(attribute, "takes one value")),
            }
        }
        _ => Err(invalid(attribute, "must be an object")),
    }
}

fn member_change(op: Op, value: &Value) -> Result<Option<MemberChange>, Error> {
    if value.is_null() {
        return Ok((op != Op::Add).then_some(MemberChange::RemoveAll));
    }
    let ids = member::ids(value)?;
    Ok(match (op, ids.is_empty()) {
        (Op::Replace, true) => Some(MemberChange::RemoveAll),
        (Op::Replace, false) => Some(MemberChange::Replace(ids)),
        (Op::Add | Op::Remove, true) => None,
        (Op::Add, false) => Some(MemberChange::Add(ids)),
        (Op::Remove, false) => Some(MemberChange::Remove(ids)),
    })
}

/// The members that brackets select, if they say it by `value eq` alone.
fn selected(filter: &Node) -> Option<Vec<String>> {
    match filter {
        Node::Or(nodes) => {
            let ids: Option<Vec<_>> = nodes.iter().map(selected).collect();
            Some(ids?.concat())
        }
        node => node.selected_value().map(|id| vec![id.to_owned()]),
    }
}

pub(super) const INVALID_PATH: Error = Error::known(ScimType::InvalidPath, "the path is malformed");
const NO_TARGET: Error = Error::known(ScimType::NoTarget, "remove needs a path");
const NO_OPERATION: Error = Error::known(
    ScimType::InvalidSyntax,
    "each operation must be an object whose op is add, replace or remove",
);
const NO_VALUE: Error = Error::known(ScimType::InvalidValue, "add and replace need a value");
const VALUE_IS_NO_OBJECT: Error =
    Error::known(ScimType::InvalidValue, "without a path, the value must be an object");
const TOO_MANY_EDITS: Error =
    Error::known(ScimType::InvalidValue, "a request can change at most 200 attributes");
const MEMBERS_BY_VALUE: Error =
    Error::known(ScimType::InvalidFilter, "members: can be selected by value eq only");
const MEMBERS_FIXED: Error = Error::known(
    ScimType::Mutability,
    "members: can be added and removed, but a member cannot be changed",
);
