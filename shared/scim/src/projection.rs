//! Which attributes an answer has, RFC 7644 §3.9.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::path::{Named, Target, resolve};
use crate::query::Parameters;
use crate::resource::Resource;
use crate::schema::{Attribute, ResourceType, Returned, Schema};

/// The attributes that a client asked for, or asked to be left out.
///
/// Names that no schema defines ask for nothing. If both lists are given, what is asked for and
/// not left out is returned.
#[derive(Clone, Debug)]
pub struct Projection {
    kind: &'static ResourceType,
    only: Option<Vec<Named>>,
    without: Vec<Named>,
}

impl Projection {
    /// Reads `attributes` and `excludedAttributes` of a query.
    pub fn from_query(kind: &'static ResourceType, parameters: &Parameters) -> Self {
        let list = |name| parameters.get(name).map(|list| names(kind, list.split(',')));
        Self {
            kind,
            only: list("attributes").filter(|_| parameters.get("attributes") != Some("")),
            without: list("excludedAttributes").unwrap_or_default(),
        }
    }

    pub(crate) fn from_lists(
        kind: &'static ResourceType,
        only: Option<&Value>,
        without: Option<&Value>,
    ) -> Self {
        let list = |value: &Value| match value {
            Value::Array(items) => names(kind, items.iter().filter_map(Value::as_str)),
            Value::String(list) => names(kind, list.split(',')),
            _ => Vec::new(),
        };
        let is_empty = |value: &&Value| match value {
            Value::Array(items) => items.is_empty(),
            Value::String(list) => list.is_empty(),
            _ => true,
        };
        Self {
            kind,
            only: only.filter(|value| !is_empty(value)).map(list),
            without: without.map(list).unwrap_or_default(),
        }
    }

    /// Whether an attribute, or a part of it, would be returned: what is costly to find need not
    /// be looked for otherwise.
    pub fn wants(&self, path: &str) -> bool {
        match resolve(self.kind, path) {
            Some(Named::Attribute(target)) => self.share(&target) != Share::Nothing,
            _ => false,
        }
    }

    /// The resource as it is returned.
    pub fn apply(&self, resource: Resource) -> Map<String, Value> {
        let mut answer = Map::new();
        for (name, value) in resource.into_attributes() {
            let extension = self.kind.extensions.iter().find(|schema| schema.id == name);
            let value = match (extension, value) {
                (Some(schema), Value::Object(members)) => {
                    let members = self.extension(schema, members);
                    (!members.is_empty()).then_some(Value::Object(members))
                }
                (_, value) => match self.kind.attribute(&name) {
                    Some(attribute) => self.cut(&Target::core(attribute), value),
                    None => None,
                },
            };
            if let Some(value) = value {
                answer.insert(name, value);
            }
        }
        self.name_schemas(&mut answer);
        answer
    }

    /// Names those schemas alone whose attributes are in the answer, RFC 7643 §3.
    fn name_schemas(&self, answer: &mut Map<String, Value>) {
        let extensions = self.kind.extensions.iter().map(|schema| schema.id);
        let left_out = extensions.filter(|id| !answer.contains_key(*id)).collect::<Vec<_>>();
        if let Some(Value::Array(schemas)) = answer.get_mut("schemas") {
            schemas.retain(|schema| schema.as_str().is_none_or(|id| !left_out.contains(&id)));
        }
    }

    fn extension(
        &self,
        schema: &'static Schema,
        members: Map<String, Value>,
    ) -> Map<String, Value> {
        let members = members.into_iter().filter_map(|(name, value)| {
            let target = Target::extended(schema, schema.attribute(&name)?);
            Some((name, self.cut(&target, value)?))
        });
        members.collect()
    }

    fn cut(&self, target: &Target, mut value: Value) -> Option<Value> {
        if self.share(target) == Share::Nothing {
            return None;
        }
        // Once for all values: there may be thousands.
        let subs = target.attribute.sub_attributes.iter();
        let left =
            subs.filter(|sub| self.share(&Target { sub: Some(sub), ..*target }) != Share::Nothing);
        let left = left.map(|sub| sub.name).collect::<Vec<_>>();
        let is_left = |name: &String| left.contains(&name.as_str());
        match &mut value {
            Value::Object(parts) => parts.retain(|name, _| is_left(name)),
            Value::Array(items) => {
                for item in &mut *items {
                    if let Value::Object(parts) = item {
                        parts.retain(|name, _| is_left(name));
                    }
                }
                items.retain(|item| item.as_object().is_none_or(|parts| !parts.is_empty()));
            }
            _ => {}
        }
        let is_empty = match &value {
            Value::Object(parts) => parts.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        (!is_empty).then_some(value)
    }

    /// How much of an attribute, or of a part of one, is returned.
    fn share(&self, target: &Target) -> Share {
        match returned(target) {
            Returned::Always => return Share::Something,
            Returned::Never => return Share::Nothing,
            Returned::Default | Returned::Request => {}
        }
        if self.without.iter().any(|named| covers(named, target)) {
            return Share::Nothing;
        }
        let is_returned = match &self.only {
            None => returned(target) == Returned::Default,
            Some(only) => only.iter().any(|named| covers(named, target) || is_part(named, target)),
        };
        if is_returned { Share::Something } else { Share::Nothing }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Share {
    Nothing,
    Something,
}

/// The stricter of what the whole and the part say; a whole that is always returned is so whole.
fn returned(target: &Target) -> Returned {
    let of = |attribute: &Attribute| attribute.returned;
    match (of(target.attribute), target.sub.map(of)) {
        (whole, None) => whole,
        (Returned::Never, _) | (_, Some(Returned::Never)) => Returned::Never,
        (Returned::Always, _) => Returned::Always,
        (Returned::Request, _) | (_, Some(Returned::Request)) => Returned::Request,
        (Returned::Default, Some(Returned::Always | Returned::Default)) => Returned::Default,
    }
}

/// Whether a name covers all of a target.
fn covers(named: &Named, target: &Target) -> bool {
    match named {
        Named::Resource => target.extension.is_none(),
        Named::Extension(schema) => target.extension == Some(schema),
        Named::Attribute(named) => {
            let whole = Target { sub: None, ..*target };
            named == target || *named == whole
        }
        Named::Unknown => false,
    }
}

/// Whether a name means a part of a target that is a whole.
fn is_part(named: &Named, target: &Target) -> bool {
    match named {
        Named::Attribute(named) => Target { sub: None, ..*named } == *target,
        Named::Resource | Named::Extension(_) | Named::Unknown => false,
    }
}

/// What a list names, each once: never more than the schemas define, however long it is.
fn names<'a>(kind: &ResourceType, list: impl Iterator<Item = &'a str>) -> Vec<Named> {
    let mut names = BTreeMap::new();
    for name in list {
        match resolve(kind, name.trim()) {
            Some(named @ Named::Resource) => names.insert(String::new(), named),
            Some(named @ Named::Extension(schema)) => names.insert(schema.id.to_owned(), named),
            Some(named @ Named::Attribute(target)) => names.insert(target.to_string(), named),
            Some(Named::Unknown) | None => None,
        };
    }
    names.into_values().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::schema::{ENTERPRISE_URN, GROUP, USER};

    fn names_of(query: &str) -> Vec<String> {
        let mut user = Resource::empty(&USER);
        user.set("id", "1");
        user.set("userName", "u");
        user.set("name", json!({ "givenName": "g", "familyName": "f" }));
        user.set("emails", json!([{ "value": "e", "type": "work" }]));
        user.set("department", "d");
        user.set("costCenter", "c");
        let projection = Projection::from_query(&USER, &Parameters::read(query));
        let answer = projection.apply(user);
        assert!(answer.contains_key("id") && answer.contains_key("schemas"), "{query}");
        let mut names = Vec::new();
        for (name, value) in answer {
            match value {
                Value::Object(parts) => {
                    names.extend(parts.keys().map(|part| {
                        format!("{}.{part}", name.rsplit(':').nth(1).unwrap_or(&name))
                    }));
                }
                Value::Array(items) if name == "emails" => {
                    let parts = items.iter().filter_map(Value::as_object).flat_map(Map::keys);
                    names.extend(parts.map(|part| format!("emails.{part}")));
                }
                _ => names.push(name),
            }
        }
        names.retain(|name| name != "schemas" && name != "id");
        names
    }

    #[test]
    fn what_is_asked_for_is_returned_with_the_minimum_and_nothing_else() {
        let enterprise = ["2.0.costCenter", "2.0.department"];
        let rest = ["userName", "name.familyName", "name.givenName", "emails.type", "emails.value"];
        let all = [enterprise.as_slice(), &rest].concat();
        let without = |gone: &[&str]| {
            all.iter().copied().filter(|name| !gone.contains(name)).collect::<Vec<_>>()
        };
        let cases: Vec<(String, Vec<&str>)> = vec![
            (String::new(), all.clone()),
            ("attributes=".to_owned(), all.clone()),
            ("attributes=userName".to_owned(), vec!["userName"]),
            ("attributes=USERNAME, name.givenname".to_owned(), vec!["userName", "name.givenName"]),
            ("attributes=emails.value".to_owned(), vec!["emails.value"]),
            ("attributes=shoeSize".to_owned(), vec![]),
            (format!("attributes={ENTERPRISE_URN}"), enterprise.to_vec()),
            (format!("attributes={ENTERPRISE_URN}:department"), vec!["2.0.department"]),
            ("excludedAttributes=id,schemas".to_owned(), all.clone()),
            ("excludedAttributes=userName".to_owned(), without(&["userName"])),
            ("excludedAttributes=name.givenName".to_owned(), without(&["name.givenName"])),
            ("excludedAttributes=emails".to_owned(), without(&["emails.type", "emails.value"])),
            (format!("excludedAttributes={ENTERPRISE_URN}"), without(&enterprise)),
            (
                "attributes=name&excludedAttributes=name.givenName".to_owned(),
                vec!["name.familyName"],
            ),
        ];
        for (query, mut expected) in cases {
            let mut answer = names_of(&query);
            answer.sort();
            expected.sort_unstable();
            assert_eq!(answer, expected, "{query}");
        }
    }

    #[test]
    fn a_name_counts_once_however_often_it_is_there_and_unknown_ones_not_at_all() {
        let repeated =
            ["userName", "USERNAME", "shoeSize", "urn:x:y", ENTERPRISE_URN, "name.givenName"];
        let many = repeated.iter().cycle().take(60_000).copied().collect::<Vec<_>>();
        let [asked, listed] = [Value::from(many.join(",")), Value::from(many)];
        let query = format!("attributes={0}&excludedAttributes={0}", asked.as_str().unwrap());
        for projection in [
            Projection::from_query(&USER, &Parameters::read(&query)),
            Projection::from_lists(&USER, Some(&asked), Some(&asked)),
            Projection::from_lists(&USER, Some(&listed), Some(&listed)),
        ] {
            assert_eq!(projection.only.map(|only| only.len()), Some(3));
            assert_eq!(projection.without.len(), 3);
        }
    }

    #[test]
    fn schemas_are_those_of_what_is_returned() {
        let cases = [
            ("", true),
            ("attributes=userName", false),
            ("attributes=schemas", false),
            ("attributes=department", true),
            ("attributes=costCenter", false),
            ("excludedAttributes=department", false),
            ("excludedAttributes=userName", true),
        ];
        for (query, expected) in cases {
            let mut user = Resource::empty(&USER);
            user.set("userName", "u");
            user.set("department", "d");
            let projection = Projection::from_query(&USER, &Parameters::read(query));
            let answer = projection.apply(user);
            let schemas = answer.get("schemas").and_then(Value::as_array);
            let named = schemas.is_some_and(|schemas| schemas.contains(&ENTERPRISE_URN.into()));
            assert_eq!(named, expected, "{query}");
        }
    }

    #[test]
    fn the_costly_is_wanted_only_where_it_would_be_returned() {
        let cases = [
            ("", true),
            ("excludedAttributes=members", false),
            ("excludedAttributes=members.value", true),
            ("attributes=id", false),
            ("attributes=displayName,members", true),
            ("attributes=members.value", true),
        ];
        for (query, expected) in cases {
            let projection = Projection::from_query(&GROUP, &Parameters::read(query));
            assert_eq!(projection.wants("members"), expected, "{query}");
        }
    }
}
