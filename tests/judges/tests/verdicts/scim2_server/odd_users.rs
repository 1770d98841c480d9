//! Users, and here and there a group, that a server should refuse, or take although they are not as they should be.

use serde_json::{Value, json};

use super::dice::Dice;
use super::model::{Kind, Model};
use super::people::{ENTERPRISE, OWN, People, USER};

const KINDS: [&str; 30] = [
    "taken-name",
    "taken-name-in-other-case",
    "taken-external-id",
    "no-name",
    "empty-name",
    "name-is-number",
    "name-is-null",
    "active-is-word",
    "active-is-text",
    "text-for-emails",
    "object-for-emails",
    "number-for-title",
    "two-primaries",
    "unknown-attribute",
    "nulls",
    "read-only",
    "schemas-missing",
    "schemas-foreign",
    "schemas-without-extension",
    "extension-is-text",
    "list",
    "no-json",
    "media-type",
    "other-case",
    "empty-values",
    "unknown-member",
    "no-display-name",
    "text-for-name",
    "no-base64",
    "unknown-part",
];

/// One of the kinds, dealt from the deck of that name so that each has its turn, and what is to be sent.
pub(super) fn odd(
    dice: &mut Dice,
    people: &mut People,
    model: &Model,
    deck: &'static str,
) -> (&'static str, Value) {
    let mut user = people.user(dice, model);
    let odd = KINDS[dice.deal(deck, KINDS.len())];
    let taken = dice.pick(model.all(Kind::User)).body.clone();
    match odd {
        "taken-name" => user["userName"] = taken["userName"].clone(),
        "taken-name-in-other-case" => {
            user["userName"] = taken["userName"].as_str().unwrap().to_uppercase().into();
        }
        "taken-external-id" if taken["externalId"].is_string() => {
            user["externalId"] = taken["externalId"].clone();
        }
        "taken-external-id" => {
            return (
                "taken-name",
                json!({
                    "schemas": [USER], "userName": taken["userName"],
                }),
            );
        }
        "no-name" => user = json!({ "schemas": [USER], "displayName": "x" }),
        "empty-name" => user["userName"] = "".into(),
        "name-is-number" => user["userName"] = 42.into(),
        "name-is-null" => user["userName"] = Value::Null,
        "active-is-word" => user["active"] = "maybe".into(),
        "active-is-text" => user["active"] = (*dice.pick(&["True", "false"])).into(),
        "text-for-emails" => user["emails"] = "a@x.test".into(),
        "object-for-emails" => user["emails"] = json!({ "value": "a@x.test" }),
        "number-for-title" => user["title"] = 42.into(),
        "text-for-name" => user["name"] = "Ada".into(),
        "no-base64" => user["x509Certificates"] = json!([{ "value": "no base 64!" }]),
        "unknown-part" => user["name"] = json!({ "familyName": "x", "shoe": "42" }),
        "two-primaries" => {
            user["emails"] = json!([
                { "value": "a@x.test", "primary": true },
                { "value": "b@x.test", "primary": true },
            ]);
        }
        "unknown-attribute" => user["shoeSize"] = "42".into(),
        "nulls" => {
            user["title"] = Value::Null;
            user["emails"] = Value::Null;
            user["name"] = Value::Null;
        }
        "read-only" => {
            user["id"] = "mine".into();
            user["meta"] = json!({ "resourceType": "User", "version": "mine" });
            user["groups"] = json!([{ "value": "mine" }]);
            user[OWN] = json!({ "objectId": "mine" });
            user["schemas"] = json!([USER, ENTERPRISE, OWN]);
        }
        "schemas-missing" => {
            user.as_object_mut().unwrap().remove("schemas");
        }
        "schemas-foreign" => user["schemas"] = json!(["urn:x:y"]),
        "schemas-without-extension" => {
            user["schemas"] = json!([USER]);
            user[ENTERPRISE] = json!({ "department": "R&D" });
        }
        "extension-is-text" => {
            user["schemas"] = json!([USER, ENTERPRISE]);
            user[ENTERPRISE] = "R&D".into();
        }
        "list" => user = json!([user]),
        "other-case" => {
            let body = user.as_object().unwrap().clone();
            let names = body.into_iter().map(|(name, value)| {
                let name = if name.contains(':') { name } else { dice.recased(&name) };
                (name, value)
            });
            user = Value::Object(names.collect());
        }
        "empty-values" => {
            user["title"] = "".into();
            user["emails"] = json!([]);
            user["name"] = json!({});
        }
        "unknown-member" => {
            user = people.group(dice, model);
            user["members"] = json!([{ "value": "nobody", "type": "User" }]);
        }
        "no-display-name" => {
            user = people.group(dice, model);
            user.as_object_mut().unwrap().remove("displayName");
        }
        _ => {}
    }
    (odd, user)
}
