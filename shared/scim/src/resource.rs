//! A user or a group in canonical form, without the members of a group.

use serde_json::{Map, Value};

use crate::error::{Error, ScimType};
use crate::member;
use crate::path::{Named, Target, resolve};
use crate::schema::{Mutability, ResourceType, Schema};
use crate::value::{MAX_VALUES_OF_ALL, canonical, check_depth, count, invalid};

/// The largest resource, in bytes of JSON.
const MAX_RESOURCE: usize = 64 * 1024;

/// The attributes of one resource, all of them known to its schemas and of the right types.
///
/// Two are equal when every attribute is. `schemas` always says which extensions are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    kind: &'static ResourceType,
    attributes: Map<String, Value>,
}

impl Resource {
    /// A resource without any attribute.
    pub fn empty(kind: &'static ResourceType) -> Self {
        let mut resource = Self { kind, attributes: Map::new() };
        resource.name_schemas();
        resource
    }

    /// Reads the body of a POST or PUT, RFC 7644 §3.3.
    ///
    /// Names are matched in any case; what no schema defines is ignored, and so are `id`, `meta`
    /// and everything else that only the server writes, a password, and the members of a group,
    /// which [`member::listed`] reads.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` if it is no object, nested too deep or names an attribute twice;
    /// `invalidValue` for values of the wrong type or size and a missing required one.
    pub fn read(kind: &'static ResourceType, body: Value) -> Result<Self, Error> {
        check_depth(&body)?;
        let Value::Object(body) = body else { return Err(Error::NO_OBJECT) };
        let mut reader = Reader { resource: Self::empty(kind), seen: Vec::new() };
        for (name, value) in body {
            reader.take(&name, value)?;
        }
        let resource = reader.resource;
        for attribute in resource.kind.core().filter(|attribute| attribute.is_required()) {
            if !resource.attributes.contains_key(attribute.name) {
                return Err(invalid(attribute, "is required"));
            }
        }
        resource.finish()
    }

    /// A resource as the table kept it: what [`kept`](Self::kept) gave.
    pub fn restore(kind: &'static ResourceType, kept: Map<String, Value>) -> Self {
        let mut resource = Self { kind, attributes: kept };
        resource.name_schemas();
        resource
    }

    /// What is to be kept of it: everything but what only the server writes, and members.
    pub fn kept(&self) -> Map<String, Value> {
        let mut kept = Self::empty(self.kind);
        for target in self.targets().filter(|target| !target.attribute.is_read_only()) {
            let mut value = self.at(&target).cloned();
            if let Some(Value::Object(parts)) = &mut value {
                parts.retain(|name, _| {
                    let sub = target.attribute.sub_attribute(name);
                    sub.is_some_and(|sub| !sub.is_read_only())
                });
            }
            if value.is_some() {
                kept.put(&target, value);
            }
        }
        kept.attributes.remove("schemas");
        kept.attributes
    }

    /// The kind of resource.
    pub const fn kind(&self) -> &'static ResourceType {
        self.kind
    }

    /// All attributes by their canonical names; those of an extension under its URN.
    pub const fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// All attributes, to be sent.
    pub fn into_attributes(self) -> Map<String, Value> {
        self.attributes
    }

    /// The value at a path like `userName`, `name.givenName` or one with a URN.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let Some(Named::Attribute(target)) = resolve(self.kind, path) else { return None };
        let value = self.at(&target)?;
        target.sub.map_or(Some(value), |sub| value.get(sub.name))
    }

    /// The text at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// The name to sign in with.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// The client's identifier.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// The name to show.
    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// Whether the user may sign in, where the client says it.
    pub fn active(&self) -> Option<bool> {
        self.get("active")?.as_bool()
    }

    /// Every e-mail address, as often as it is there.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        let emails = self.get("emails").and_then(Value::as_array).map(Vec::as_slice);
        emails.unwrap_or_default().iter().filter_map(|email| email.get("value")?.as_str())
    }

    /// The anchor by which Entra knows the user.
    pub fn immutable_id(&self) -> Option<&str> {
        self.text("immutableId")
    }

    /// Where somebody without a passkey is reached.
    pub fn personal_email(&self) -> Option<&str> {
        self.text("personalEmail")
    }

    /// The identifier of the user's manager.
    pub fn manager(&self) -> Option<&str> {
        self.text("manager.value")
    }

    /// Sets what the server knows: `id`, `meta`, `groups`, `active`, `manager.$ref`, ….
    ///
    /// The value is believed to be canonical; `null` removes. A path that no schema defines does
    /// nothing.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let Some(Named::Attribute(target)) = resolve(self.kind, path) else { return };
        let value = Some(value.into()).filter(|value| !value.is_null());
        let Some(sub) = target.sub else { return self.put(&target, value) };
        let mut whole = self.at(&target).and_then(Value::as_object).cloned().unwrap_or_default();
        match value {
            Some(value) => whole.insert(sub.name.to_owned(), value),
            None => whole.remove(sub.name),
        };
        self.put(&target, (!whole.is_empty()).then_some(Value::Object(whole)));
    }

    /// What this becomes as the body of a PUT over `old`, RFC 7644 §3.5.1.
    ///
    /// What only the server writes stays, and so does what is immutable and not given.
    ///
    /// # Errors
    ///
    /// `mutability` if an immutable attribute would get another value.
    pub fn replacing(mut self, old: &Self) -> Result<Self, Error> {
        for target in old.targets() {
            let Some(present) = old.at(&target) else { continue };
            match target.attribute.mutability {
                Mutability::ReadOnly => self.put(&target, Some(present.clone())),
                Mutability::Immutable if self.at(&target).is_none() => {
                    self.put(&target, Some(present.clone()));
                }
                Mutability::ReadWrite | Mutability::Immutable | Mutability::WriteOnly => {}
            }
        }
        self.check_immutable(old)?;
        self.finish()
    }

    /// The attributes whose values differ, by their full names, without those of the server.
    pub fn changes(&self, other: &Self) -> Vec<String> {
        self.targets()
            .filter(|target| !target.attribute.is_read_only())
            .filter(|target| self.at(target) != other.at(target))
            .map(|target| target.to_string())
            .collect()
    }

    /// The value of a whole attribute.
    pub(crate) fn at(&self, target: &Target) -> Option<&Value> {
        match target.extension {
            None => self.attributes.get(target.attribute.name),
            Some(schema) => self.attributes.get(schema.id)?.get(target.attribute.name),
        }
    }

    /// Sets the canonical value of a whole attribute, or removes it.
    pub(crate) fn put(&mut self, target: &Target, value: Option<Value>) {
        let name = target.attribute.name;
        let Some(schema) = target.extension else {
            match value {
                Some(value) => self.attributes.insert(name.to_owned(), value),
                None => self.attributes.remove(name),
            };
            return;
        };
        let entry = self.attributes.entry(schema.id).or_insert_with(|| Map::new().into());
        if let Value::Object(extension) = entry {
            match value {
                Some(value) => extension.insert(name.to_owned(), value),
                None => extension.remove(name),
            };
        }
        self.name_schemas();
    }

    /// Every attribute that the resource could have, the members of a group apart.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> + use<> {
        let kind = self.kind;
        let core = kind.core().map(Target::core);
        let extended = kind.extensions.iter().flat_map(|schema| {
            schema.attributes.iter().map(|attribute| Target::extended(schema, attribute))
        });
        core.chain(extended).filter(move |target| !member::is_members(kind, target))
    }

    pub(crate) fn check_immutable(&self, old: &Self) -> Result<(), Error> {
        for target in old.targets() {
            let Target { attribute, .. } = target;
            let present = old.at(&target);
            let is_fixed = attribute.mutability == Mutability::Immutable && present.is_some();
            if is_fixed && present != self.at(&target) {
                let detail = "is set and cannot be changed";
                return Err(Error::about(ScimType::Mutability, attribute, detail));
            }
        }
        Ok(())
    }

    /// Refuses what is larger than what is kept. Values are counted beside, because many small ones
    /// take a hundred times their length in memory. Whoever fits can be disabled: neither that nor
    /// what the server adds is measured.
    pub(crate) fn finish(self) -> Result<Self, Error> {
        let mut kept = self.kept();
        kept.remove("active");
        if kept.values().map(count).sum::<usize>() > MAX_VALUES_OF_ALL {
            return Err(Error::TOO_MANY_VALUES);
        }
        let size = serde_json::to_string(&kept).map_or(usize::MAX, |json| json.len());
        if size > MAX_RESOURCE { Err(Error::RESOURCE_TOO_LARGE) } else { Ok(self) }
    }

    /// Drops extensions that have become empty and names the others in `schemas`.
    fn name_schemas(&mut self) {
        let mut schemas = vec![Value::from(self.kind.schema.id)];
        for schema in self.kind.extensions {
            let used = self.attributes.get(schema.id).and_then(Value::as_object);
            if used.is_some_and(|extension| !extension.is_empty()) {
                schemas.push(schema.id.into());
            } else {
                self.attributes.remove(schema.id);
            }
        }
        self.attributes.insert("schemas".to_owned(), Value::Array(schemas));
    }
}

/// Takes the members of a body one by one.
struct Reader {
    resource: Resource,
    seen: Vec<Target>,
}

impl Reader {
    fn take(&mut self, name: &str, value: Value) -> Result<(), Error> {
        match resolve(self.resource.kind, name) {
            Some(Named::Attribute(target)) => self.put(target, value),
            Some(Named::Extension(schema)) => self.extension(schema, value),
            Some(Named::Resource | Named::Unknown) | None => Ok(()),
        }
    }

    fn extension(&mut self, schema: &'static Schema, value: Value) -> Result<(), Error> {
        let members = match value {
            Value::Null => return Ok(()),
            Value::Object(members) => members,
            _ => return Err(EXTENSION_IS_NO_OBJECT),
        };
        for (name, value) in members {
            if let Some(attribute) = schema.attribute(&name) {
                self.put(Target::extended(schema, attribute), value)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, target: Target, value: Value) -> Result<(), Error> {
        let is_ignored = value.is_null()
            || target.attribute.is_read_only()
            || member::is_members(self.resource.kind, &target);
        if is_ignored {
            return Ok(());
        }
        if self.seen.contains(&target) {
            return Err(Error::NAMED_TWICE);
        }
        self.seen.push(target);
        match target.sub {
            None => {
                if let Some(value) = canonical(target.attribute, value)? {
                    self.resource.put(&target, Some(value));
                }
            }
            // `name.givenName` as a key belongs to PATCH, but does no harm here.
            Some(sub) if !target.attribute.is_multi_valued() && !sub.is_read_only() => {
                if let Some(value) = canonical(sub, value)? {
                    self.resource.set(&target.to_string(), value);
                }
            }
            Some(_) => {}
        }
        Ok(())
    }
}

pub(crate) const EXTENSION_IS_NO_OBJECT: Error =
    Error::known(ScimType::InvalidValue, "an extension must be an object");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::patch::{PATCH_SCHEMA, Patch};
    use crate::schema::{ENTERPRISE_URN, GROUP, OWN_URN, USER};

    fn user(body: Value) -> Resource {
        Resource::read(&USER, body).unwrap()
    }

    #[test]
    fn a_replacement_keeps_what_the_client_may_not_change() {
        let mut old =
            user(json!({ "userName": "a", "title": "t", OWN_URN: { "immutableId": "I" } }));
        old.set("id", "1");
        old.set("objectId", "o");
        old.set("groups", json!([{ "value": "g" }]));

        let new =
            user(json!({ "userName": "b", "id": "2", "groups": [] })).replacing(&old).unwrap();

        assert_eq!(new.user_name(), Some("b"));
        assert_eq!(new.text("title"), None);
        assert_eq!(new.text("id"), Some("1"));
        assert_eq!(new.text("objectId"), Some("o"));
        assert_eq!(new.immutable_id(), Some("I"));
        assert_eq!(new.get("groups"), old.get("groups"));

        let other =
            user(json!({ "userName": "b", OWN_URN: { "immutableId": "J" } })).replacing(&old);
        assert_eq!(other.unwrap_err().scim_type(), Some(ScimType::Mutability));
    }

    #[test]
    fn what_is_kept_is_what_the_client_wrote() {
        let body = json!({ "userName": "a", ENTERPRISE_URN: { "manager": { "value": "m" } } });
        let written = user(body.clone());
        let mut shown = written.clone();
        shown.set("id", "1");
        shown.set("objectId", "o");
        shown.set("manager.$ref", "https://x/Users/m");
        shown.set("meta.version", "W/\"1\"");

        assert_eq!(Value::Object(shown.kept()), body);
        assert_eq!(Resource::restore(&USER, shown.kept()), written);

        let mut group = Resource::read(&GROUP, json!({ "displayName": "g" })).unwrap();
        group.set("members", json!([{ "value": "u" }]));
        assert_eq!(Value::Object(group.kept()), json!({ "displayName": "g" }));
    }

    #[test]
    fn changes_are_named_in_full_and_without_those_of_the_server() {
        let old = user(json!({ "userName": "a", "title": "t", "emails": ["e"] }));
        let mut new = user(json!({
            "userName": "a", "emails": ["f"], "name": { "givenName": "g" }, "department": "d",
        }));
        new.set("id", "1");
        let department = format!("{ENTERPRISE_URN}:department");
        assert_eq!(new.changes(&old), ["name", "title", "emails", &department]);
        assert_eq!(new.changes(&new), [""; 0]);
    }

    #[test]
    fn schemas_name_the_extensions_in_use() {
        let mut user = user(json!({ "userName": "a", "schemas": [OWN_URN] }));
        let schemas = |user: &Resource| user.get("schemas").unwrap().as_array().unwrap().len();
        assert_eq!(schemas(&user), 1);
        user.set("department", "d");
        assert_eq!(schemas(&user), 2);
        user.set("department", Value::Null);
        assert_eq!(schemas(&user), 1);
        assert!(!user.attributes().contains_key(ENTERPRISE_URN));
    }

    #[test]
    fn a_resource_beyond_its_size_is_refused() {
        let photos = |count: usize| {
            json!({ "userName": "a", "photos": (0..count)
            .map(|n| format!("{n:08191}"))
            .collect::<Vec<_>>() })
        };
        assert!(Resource::read(&USER, photos(7)).is_ok());
        assert_eq!(Resource::read(&USER, photos(9)), Err(Error::RESOURCE_TOO_LARGE));
    }

    #[test]
    fn whoever_fits_can_be_disabled() {
        let values = |count: usize| {
            let values = (0..count).map(|n| json!({ "value": n.to_string() })).collect::<Value>();
            json!({ "userName": "a", "roles": values.clone(), "photos": values })
        };
        let texts = |last: usize| {
            let mut photos = (0..7).map(|n| format!("{n:08191}")).collect::<Vec<_>>();
            photos.push("x".repeat(last));
            json!({ "userName": "a", "photos": photos })
        };
        let fits = |body: &Value| Resource::read(&USER, body.clone()).is_ok();
        let largest = (0..8_192).rev().map(texts).find(|body| fits(body)).unwrap();
        for body in [largest, values(499)] {
            let mut full = user(body);
            full.set("active", true);
            full.set("id", "1");
            let operation = json!({ "op": "replace", "path": "active", "value": "False" });
            let patch = json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] });
            assert_eq!(Patch::read(&USER, patch).unwrap().apply(&mut full), Ok(()));
            assert_eq!(full.active(), Some(false));
        }
    }

    #[test]
    fn a_resource_of_more_than_a_thousand_values_is_refused_however_it_comes() {
        let values = |count: usize| (0..count).map(|n| json!({ "value": n.to_string() }));
        // The name is a value as well.
        let roles = |count: usize| {
            let (roles, photos) = (values(500).collect::<Value>(), values(count - 500));
            json!({ "userName": "a", "roles": roles, "photos": photos.collect::<Value>() })
        };
        let most = user(roles(999));
        let mut one_more = most.clone();
        one_more.set("title", "t");

        assert_eq!(Resource::read(&USER, roles(1_000)), Err(Error::TOO_MANY_VALUES));
        assert_eq!(one_more.clone().replacing(&most), Err(Error::TOO_MANY_VALUES));
        let operation = json!({ "op": "add", "path": "title", "value": "t" });
        let patch = json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] });
        let patched = Patch::read(&USER, patch).unwrap().apply(&mut most.clone());
        assert_eq!(patched, Err(Error::TOO_MANY_VALUES));
    }
}
