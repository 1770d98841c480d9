//! Changing a resource by operations, RFC 7644 §3.5.2, in both dialects that Entra speaks.
//!
//! Beyond the standard, because Entra does not work otherwise: `op` in any case, texts for
//! booleans, keys with dots and URNs in a value without a path, a value path that selects nothing
//! creates what it describes, what no schema defines is ignored, and `remove` may list in `value`
//! what is to go. A boolean that is given no value stays what it is: `null` is absent, and nobody
//! gets access back by what is absent.

mod edit;
mod reader;

use serde_json::Value;

use crate::error::{Error, ScimType};
use crate::member::{self, MemberChange};
use crate::resource::Resource;
use crate::schema::ResourceType;
use crate::value::check_depth;
use edit::Edit;
use reader::Reader;

/// The URN of a PATCH request.
pub(crate) const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The most changes of attributes in one request; those of members do not count.
pub(crate) const MAX_EDITS: usize = 200;

/// What a PATCH request does, read and typed before anything is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    edits: Vec<Edit>,
    members: Vec<MemberChange>,
}

impl Patch {
    /// Reads the body of a PATCH.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` for what is no such body, `invalidPath` and `invalidFilter` for a malformed
    /// path, `noTarget` for a removal without one, `mutability` for a path that only the server
    /// writes, `invalidValue` for a value of the wrong type or size.
    pub fn read(kind: &'static ResourceType, body: Value) -> Result<Self, Error> {
        check_depth(&body)?;
        let mut reader = Reader::new(kind);
        for operation in operations(body)? {
            reader.operation(operation)?;
        }
        let Reader { edits, members, .. } = reader;
        Ok(Self { edits, members: members.into_iter().map(without_repeats).collect() })
    }

    /// Changes the resource by all operations, or by none if one fails.
    ///
    /// # Errors
    ///
    /// `mutability` if a required attribute would go or an immutable one change, `noTarget` if a
    /// value path selects nothing and does not say what to create, `invalidValue` if there would
    /// be too many values.
    pub fn apply(&self, resource: &mut Resource) -> Result<(), Error> {
        let mut copy = resource.clone();
        for edit in &self.edits {
            edit.apply(&mut copy)?;
        }
        for attribute in resource.kind().core().filter(|attribute| attribute.is_required()) {
            let path = attribute.name;
            if resource.get(path).is_some() && copy.get(path).is_none() {
                let detail = "is required and cannot be removed";
                return Err(Error::about(ScimType::Mutability, attribute, detail));
            }
        }
        copy.check_immutable(resource)?;
        *resource = copy.finish()?;
        Ok(())
    }

    /// What happens to the members of a group, in this order.
    pub fn members(&self) -> &[MemberChange] {
        &self.members
    }

    /// Whether anything but members is to be changed.
    pub const fn touches_attributes(&self) -> bool {
        !self.edits.is_empty()
    }
}

/// The operations of a body, RFC 7644 §3.5.2.
fn operations(body: Value) -> Result<Vec<Value>, Error> {
    let Value::Object(body) = body else { return Err(Error::NO_OBJECT) };
    let mut found = None;
    for (name, value) in body {
        if name.eq_ignore_ascii_case("schemas") {
            let Value::Array(schemas) = value else { return Err(NO_PATCH) };
            let is_ours = |schema: &Value| {
                schema.as_str().is_some_and(|schema| schema.eq_ignore_ascii_case(PATCH_SCHEMA))
            };
            if !schemas.is_empty() && !schemas.iter().any(is_ours) {
                return Err(NO_PATCH);
            }
        } else if name.eq_ignore_ascii_case("Operations") {
            if found.is_some() {
                return Err(Error::NAMED_TWICE);
            }
            found = Some(value);
        }
    }
    match found {
        Some(Value::Array(operations)) if !operations.is_empty() => Ok(operations),
        _ => Err(NO_OPERATIONS),
    }
}

fn without_repeats(change: MemberChange) -> MemberChange {
    match change {
        MemberChange::Add(ids) => MemberChange::Add(member::without_repeats(ids)),
        MemberChange::Remove(ids) => MemberChange::Remove(member::without_repeats(ids)),
        MemberChange::Replace(ids) => MemberChange::Replace(member::without_repeats(ids)),
        MemberChange::RemoveAll => MemberChange::RemoveAll,
    }
}

const NO_PATCH: Error =
    Error::known(ScimType::InvalidSyntax, "the body does not say that it is a PatchOp");
const NO_OPERATIONS: Error =
    Error::known(ScimType::InvalidSyntax, "Operations must be a list of at least one operation");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::MAX_EMAILS;
    use crate::schema::{GROUP, USER};

    fn operations(count: usize, operation: &Value) -> Value {
        json!({ "Operations": vec![operation; count] })
    }

    #[test]
    fn changes_of_attributes_are_counted_and_those_of_members_are_not() {
        let title = json!({ "op": "add", "path": "title", "value": "t" });
        assert!(Patch::read(&USER, operations(MAX_EDITS, &title)).is_ok());
        let error = Patch::read(&USER, operations(MAX_EDITS + 1, &title)).unwrap_err();
        assert_eq!(error.scim_type(), Some(ScimType::InvalidValue));

        let member = json!({ "op": "remove", "path": "members[value eq \"a\"]" });
        let patch = Patch::read(&GROUP, operations(10_000, &member)).unwrap();
        assert_eq!(patch.members(), [MemberChange::Remove(vec!["a".to_owned()])]);
    }

    #[test]
    fn no_value_of_a_boolean_changes_nothing_and_a_removal_by_name_removes_it() {
        let before = Resource::read(&USER, json!({ "userName": "a", "active": false })).unwrap();
        let core = USER.schema.id;
        for nothing in [json!(null), json!(""), json!([]), json!([null]), json!([""])] {
            for operation in [
                json!({ "op": "Replace", "path": "active", "value": nothing }),
                json!({ "op": "Add", "path": "ACTIVE", "value": nothing }),
                json!({ "op": "replace", "path": format!("{core}:active"), "value": nothing }),
                json!({ "op": "replace", "value": { "active": nothing } }),
                json!({ "op": "replace", "path": "", "value": { "active": nothing } }),
                json!({ "op": "add", "path": core, "value": { "active": nothing } }),
            ] {
                let mut user = before.clone();
                let patch = Patch::read(&USER, operations(1, &operation)).unwrap();
                patch.apply(&mut user).unwrap();
                assert_eq!(user, before, "{operation}");
            }
            let remove = json!({ "op": "remove", "path": "active", "value": nothing });
            let mut user = before.clone();
            Patch::read(&USER, operations(1, &remove)).unwrap().apply(&mut user).unwrap();
            assert_eq!(user.get("active"), None, "{remove}");
        }
    }

    #[test]
    fn what_the_server_said_of_an_old_manager_is_not_said_of_a_new_one() {
        let mut user = Resource::read(&USER, json!({ "userName": "a", "manager": "1" })).unwrap();
        user.set("manager.$ref", "https://x/Users/1");
        let other = json!({ "op": "replace", "path": "manager.value", "value": "2" });
        Patch::read(&USER, operations(1, &other)).unwrap().apply(&mut user).unwrap();
        assert_eq!(user.get("manager"), Some(&json!({ "value": "2" })));
    }

    #[test]
    fn a_removal_lists_as_many_values_as_there_can_be_and_repeats_cost_nothing() {
        let remove = |path: &str, count: usize| {
            let listed: Vec<_> = (0..count).map(|n| json!({ "value": format!("{n}@x") })).collect();
            json!({ "op": "remove", "path": path, "value": listed })
        };
        for (path, most) in [("emails", MAX_EMAILS), ("roles", 1_000)] {
            assert!(Patch::read(&USER, operations(1, &remove(path, most))).is_ok(), "{path}");
            let error = Patch::read(&USER, operations(1, &remove(path, most + 1))).unwrap_err();
            assert_eq!(error.detail(), format!("{path}: takes at most {most} values"));
        }

        let list = |texts: &[&str]| texts.iter().map(|text| json!({ "value": text })).collect();
        let repeated: Vec<_> = (0..1_000).map(|_| "A").collect();
        let [once, often] = [&["a"][..], &repeated].map(|texts| {
            let value: Value = list(texts);
            let remove = json!({ "op": "remove", "path": "roles", "value": value });
            Patch::read(&USER, operations(1, &remove)).unwrap()
        });
        assert_eq!(once, often, "in any case, and each once");
    }

    #[test]
    fn a_removal_takes_what_agrees_in_every_part_that_it_lists() {
        let phones = json!([
            { "value": "1", "type": "work" },
            { "value": "1", "type": "home" },
            { "value": "2", "type": "work", "primary": true },
            { "value": "3" },
        ]);
        let user = json!({ "userName": "a", "phoneNumbers": phones });
        let cases = [
            (json!([{ "value": "1", "type": "WORK" }, { "value": "3" }]), vec![1, 2]),
            (json!([{ "type": "work", "primary": false }, "nobody"]), vec![1, 3]),
            (json!([{ "value": "3", "type": "work" }]), vec![0, 1, 2, 3]),
            (json!([{ "primary": true }, {}, { "shoeSize": 1 }, null]), vec![0, 1, 2, 3]),
            (json!([{ "value": "1" }, { "value": "3" }, { "type": "work" }]), vec![]),
        ];
        for (value, left) in cases {
            let mut user = Resource::read(&USER, user.clone()).unwrap();
            let remove = json!({ "op": "Remove", "path": "phoneNumbers", "value": value });
            Patch::read(&USER, operations(1, &remove)).unwrap().apply(&mut user).unwrap();
            let expected: Vec<_> =
                left.into_iter().map(|place: usize| phones[place].clone()).collect();
            let expected = (!expected.is_empty()).then(|| Value::from(expected));
            assert_eq!(user.get("phoneNumbers"), expected.as_ref(), "{remove}");
        }
    }

    #[test]
    fn values_are_counted_where_they_end_up() {
        let mut user = Resource::read(&USER, json!({ "userName": "a" })).unwrap();
        let emails: Vec<_> = (0..MAX_EMAILS).map(|n| format!("{n}@x")).collect();
        let fill = json!({ "op": "add", "path": "emails", "value": emails });
        Patch::read(&USER, operations(1, &fill)).unwrap().apply(&mut user).unwrap();
        let full = user.clone();

        for more in [
            json!({ "op": "add", "path": "emails", "value": "more@x" }),
            json!({ "op": "add", "path": "emails[type eq \"work\"].value", "value": "more@x" }),
        ] {
            let error = Patch::read(&USER, operations(1, &more)).unwrap().apply(&mut user);
            assert_eq!(
                error.unwrap_err().detail(),
                format!("emails: takes at most {MAX_EMAILS} values")
            );
            assert_eq!(user, full);
        }
    }
}
