//! What an operation does to a resource.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::error::{Error, ScimType};
use crate::filter::Node;
use crate::path::Target;
use crate::resource::Resource;
use crate::schema::Attribute;
use crate::value::{
    Elements, canonical, folded, invalid, is_husk, is_primary, limit, too_many, unmark,
    without_repeats,
};

/// Parts of a complex value and what they become; none takes the part away.
pub(super) type Parts = Vec<(&'static Attribute, Option<Value>)>;

/// One change of one attribute; values are canonical.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    /// A single value, or none.
    Set(Target, Option<Value>),
    /// Parts of a single complex value.
    Merge(Target, Parts),
    /// More values.
    Append(Target, Vec<Value>),
    /// These values instead of all others.
    Assign(Target, Vec<Value>),
    /// Away with the values that agree with one of these.
    Withdraw(Target, Selections),
    /// The values that the filter selects, or all.
    Within(Target, Option<Node>, Change),
}

/// What happens to a value among several.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// It goes.
    Remove,
    /// These parts change and the others stay.
    Merge(Parts),
    /// It consists of these parts and of what selected it.
    Substitute(Parts),
}

/// What values look like that are to go, by the names of the parts that are known of them.
///
/// Folded once, so that each value is looked up instead of held against one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selections(BTreeMap<Vec<&'static str>, Selection>);

/// What some parts together say of values that are to go.
#[derive(Clone, Debug, PartialEq)]
struct Selection {
    parts: Vec<&'static Attribute>,
    said: BTreeSet<String>,
}

impl Selections {
    /// Adds values of which these parts are known, where any is.
    pub(super) fn add(&mut self, parts: Parts) {
        let parts = parts.into_iter().filter_map(|(part, value)| Some((part, value?)));
        let mut parts = parts.collect::<Vec<_>>();
        if parts.is_empty() {
            return;
        }
        parts.sort_by_key(|(part, _)| part.name);
        let names = parts.iter().map(|(part, _)| part.name).collect();
        let said = parts.iter().map(|(part, value)| folded(part, value)).collect::<Value>();
        let parts = parts.into_iter().map(|(part, _)| part).collect();
        let known = self.0.entry(names);
        let known = known.or_insert_with(|| Selection { parts, said: BTreeSet::new() });
        known.said.insert(said.to_string());
    }

    fn select(&self, element: &Value) -> bool {
        self.0.values().any(|selection| {
            let parts = selection.parts.iter();
            let said = parts.map(|part| Some(folded(part, element.get(part.name)?)));
            let said = said.collect::<Option<Vec<_>>>().map(Value::from);
            said.is_some_and(|said| selection.said.contains(&said.to_string()))
        })
    }
}

impl Edit {
    pub(super) fn apply(&self, resource: &mut Resource) -> Result<(), Error> {
        match self {
            Self::Set(target, value) => resource.put(target, value.clone()),
            Self::Merge(target, parts) => {
                let mut whole = object(resource.at(target));
                merge(&mut whole, parts);
                whole.retain(|name, _| !is_read_only(target.attribute, name));
                resource.put(target, (!whole.is_empty()).then_some(Value::Object(whole)));
            }
            Self::Append(target, more) => {
                let mut list = Elements::default();
                for element in array(resource.at(target)).into_iter().chain(more.iter().cloned()) {
                    list.add(target.attribute, element);
                }
                put_list(resource, target, list.finish(target.attribute)?);
            }
            Self::Assign(target, elements) => {
                let mut list = Elements::default();
                for element in elements {
                    list.add(target.attribute, element.clone());
                }
                put_list(resource, target, list.finish(target.attribute)?);
            }
            Self::Withdraw(target, selections) => {
                let mut list = array(resource.at(target));
                list.retain(|element| !selections.select(element));
                put_list(resource, target, list);
            }
            Self::Within(target, filter, change) => {
                let list = array(resource.at(target));
                let list = within(target.attribute, list, filter.as_ref(), change)?;
                put_list(resource, target, list);
            }
        }
        Ok(())
    }
}

/// The parts of an attribute that an object names, without what only the server writes.
pub(super) fn parts(attribute: &Attribute, object: Map<String, Value>) -> Result<Parts, Error> {
    let mut parts = Parts::new();
    for (name, value) in object {
        let Some(sub) = attribute.sub_attribute(&name) else { continue };
        if parts.iter().any(|(part, _)| *part == sub) {
            return Err(Error::NAMED_TWICE);
        }
        if !sub.is_read_only() {
            parts.push((sub, canonical(sub, value).map_err(|error| error.within(attribute))?));
        }
    }
    Ok(parts)
}

fn within(
    attribute: &'static Attribute,
    mut list: Vec<Value>,
    filter: Option<&Node>,
    change: &Change,
) -> Result<Vec<Value>, Error> {
    let is_selected = |element: &Value| filter.is_none_or(|filter| filter.matches_element(element));
    let parts = match change {
        Change::Remove => {
            list.retain(|element| !is_selected(element));
            return Ok(list);
        }
        Change::Merge(parts) | Change::Substitute(parts) => parts,
    };
    let selected: Vec<usize> =
        (0..).zip(&list).filter(|(_, it)| is_selected(it)).map(|(n, _)| n).collect();
    let selected = if selected.is_empty() {
        if parts.iter().all(|(_, value)| value.is_none()) {
            return Ok(list);
        }
        list.push(created(filter, parts)?);
        vec![list.len() - 1]
    } else {
        selected
    };
    for place in &selected {
        let Some(Value::Object(element)) = list.get_mut(*place) else { continue };
        if matches!(change, Change::Substitute(_)) {
            *element = filter.and_then(described).unwrap_or_default();
        }
        merge(element, parts);
    }
    mark(attribute, &mut list, &selected, parts)?;
    let mut list = without_repeats(attribute, list, &selected);
    list.retain(|element| element.as_object().is_none_or(|parts| !is_husk(attribute, parts)));
    if list.len() > limit(attribute) { Err(too_many(attribute)) } else { Ok(list) }
}

/// Lets one value alone be the primary one, RFC 7644 §3.5.2.
fn mark(
    attribute: &Attribute,
    list: &mut [Value],
    changed: &[usize],
    parts: &Parts,
) -> Result<(), Error> {
    let marked: Vec<usize> = (0..)
        .zip(list.iter())
        .filter(|(place, element)| changed.contains(place) && is_primary(element))
        .map(|(place, _)| place)
        .collect();
    match marked.as_slice() {
        [] => Ok(()),
        [marked] => {
            let others = (0..).zip(list.iter_mut()).filter(|(place, _)| place != marked);
            others.for_each(|(_, element)| unmark(element));
            Ok(())
        }
        _ if parts.iter().any(|(part, _)| part.name == "primary") => {
            Err(invalid(attribute, "only one value can be primary"))
        }
        _ => Ok(()),
    }
}

/// The value that a filter describes, where none is: Entra relies on its being created.
///
/// A filter that describes something else than what is to be written describes nothing.
fn created(filter: Option<&Node>, parts: &Parts) -> Result<Value, Error> {
    let Some(filter) = filter else { return Ok(Value::Object(Map::new())) };
    let described = described(filter).ok_or(NOTHING_SELECTED)?;
    let contradicts = parts.iter().any(|(part, value)| {
        let said = described.get(part.name).map(|said| folded(part, said));
        said.is_some() && said != value.as_ref().map(|value| folded(part, value))
    });
    if contradicts { Err(NOTHING_SELECTED) } else { Ok(Value::Object(described)) }
}

/// What a filter says of a value by `eq` alone, if there can be such a value.
fn described(filter: &Node) -> Option<Map<String, Value>> {
    let mut parts = Map::new();
    for (part, value) in filter.described()? {
        let value = canonical(part, value).ok()??;
        if parts.insert(part.name.to_owned(), value.clone()).is_some_and(|other| other != value) {
            return None;
        }
    }
    Some(parts)
}

fn merge(whole: &mut Map<String, Value>, parts: &Parts) {
    for (part, value) in parts {
        match value {
            Some(value) => whole.insert(part.name.to_owned(), value.clone()),
            None => whole.remove(part.name),
        };
    }
}

fn is_read_only(attribute: &Attribute, name: &str) -> bool {
    attribute.sub_attribute(name).is_none_or(Attribute::is_read_only)
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn array(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn put_list(resource: &mut Resource, target: &Target, list: Vec<Value>) {
    resource.put(target, (!list.is_empty()).then_some(Value::Array(list)));
}

const NOTHING_SELECTED: Error =
    Error::known(ScimType::NoTarget, "the path selects no value and does not say what to create");
