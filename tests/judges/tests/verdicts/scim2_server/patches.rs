//! Changes in the standard's own dialect, RFC 7644 §3.5.2.

use serde_json::{Value, json};

use super::dice::Dice;
use super::model::{Kind, Known, Model};
use super::people::{ENTERPRISE, OWN, People, USER, members, word};

const PLAIN: [&str; 6] = ["displayName", "nickName", "title", "userType", "locale", "timezone"];
const MANY: [&str; 6] = ["emails", "phoneNumbers", "ims", "addresses", "roles", "entitlements"];

/// The body of a PATCH.
pub(super) fn body(operations: &Value) -> Value {
    scenarios::scim::patch(operations.clone())
}

/// Operations that a client may well mean.
pub(super) fn usual(
    dice: &mut Dice,
    people: &mut People,
    model: &Model,
    known: &Known,
) -> (&'static str, Value) {
    if known.kind == Kind::Group {
        return of_group(dice, people, model, known);
    }
    let op = *dice.pick(&["add", "replace"]);
    let plain = *dice.pick(&PLAIN);
    let many = *dice.pick(&MANY);
    match dice.roll(20) {
        0 => ("plain", json!([{ "op": op, "path": plain, "value": word(dice) }])),
        1 => ("remove-plain", json!([{ "op": "remove", "path": plain }])),
        2 => (
            "no-path",
            json!([{ "op": op, "value": {
            plain: word(dice), "active": dice.chance(50),
            "name": { "givenName": word(dice) },
        } }]),
        ),
        3 => ("part", json!([{ "op": op, "path": "name.givenName", "value": word(dice) }])),
        4 => ("remove-part", json!([{ "op": "remove", "path": "name.givenName" }])),
        5 => {
            ("complex", json!([{ "op": op, "path": "name", "value": people.value(dice, "name") }]))
        }
        6 => (
            "add-values",
            json!([
                { "op": "add", "path": many, "value": people.value(dice, many) },
            ]),
        ),
        7 => (
            "add-value",
            json!([
                { "op": "add", "path": many, "value": [people.element(dice, many, false)] },
            ]),
        ),
        8 => (
            "replace-values",
            json!([
                { "op": "replace", "path": many, "value": people.value(dice, many) },
            ]),
        ),
        9 => ("remove-values", json!([{ "op": "remove", "path": many }])),
        10 => match selected(dice, known, many) {
            Some(filter) => (
                "remove-selected",
                json!([
                    { "op": "remove", "path": format!("{many}[{filter}]") },
                ]),
            ),
            None => ("remove-values", json!([{ "op": "remove", "path": many }])),
        },
        11 => match selected(dice, known, many) {
            Some(filter) => {
                let part = if many == "addresses" { "locality" } else { "value" };
                let value = format!("{}-{}", word(dice), dice.roll(100_000));
                (
                    "part-of-selected",
                    json!([
                        { "op": "replace", "path": format!("{many}[{filter}].{part}"), "value": value },
                    ]),
                )
            }
            None => ("plain", json!([{ "op": op, "path": plain, "value": word(dice) }])),
        },
        12 => match selected(dice, known, many) {
            Some(filter) => (
                "replace-selected",
                json!([{
                    "op": "replace", "path": format!("{many}[{filter}]"),
                    "value": people.element(dice, many, false),
                }]),
            ),
            None => ("plain", json!([{ "op": op, "path": plain, "value": word(dice) }])),
        },
        13 => {
            let department = format!("{ENTERPRISE}:department");
            ("extension", json!([{ "op": op, "path": department, "value": word(dice) }]))
        }
        14 => (
            "extension-no-path",
            json!([{ "op": op, "value": {
            ENTERPRISE: { "costCenter": word(dice) },
        } }]),
        ),
        15 => {
            let path =
                format!("{ENTERPRISE}:{}", dice.pick(&["department", "manager", "division"]));
            ("remove-extension-part", json!([{ "op": "remove", "path": path }]))
        }
        16 => {
            let manager = json!({ "value": dice.pick(model.all(Kind::User)).name });
            let path = format!("{ENTERPRISE}:manager");
            ("manager", json!([{ "op": op, "path": path, "value": manager }]))
        }
        17 => ("active", json!([{ "op": "replace", "path": "active", "value": dice.chance(50) }])),
        18 => (
            "rename",
            json!([
                { "op": "replace", "path": "userName", "value": people.user_name(dice) },
                { "op": op, "path": format!("{USER}:{plain}"), "value": word(dice) },
            ]),
        ),
        _ => (
            "several",
            json!([
                { "op": "add", "path": many, "value": [people.element(dice, many, true)] },
                { "op": "remove", "path": plain },
                { "op": "replace", "path": "name.familyName", "value": word(dice) },
                { "op": "add", "path": "externalId", "value": people.external_id(dice) },
            ]),
        ),
    }
}

/// What selects a value that is there.
fn selected(dice: &mut Dice, known: &Known, many: &str) -> Option<String> {
    let values = known.body[many].as_array()?;
    let value = dice.pick(values);
    let parts = ["value", "type", "streetAddress"].into_iter();
    let parts = parts.filter(|part| value[*part].is_string()).collect::<Vec<_>>();
    if parts.is_empty() {
        return None;
    }
    let part = *dice.pick(&parts);
    let text = &value[part];
    let first = format!("{part} eq {text}");
    Some(if dice.chance(20) { format!("{first} and {part} pr") } else { first })
}

fn of_group(
    dice: &mut Dice,
    people: &mut People,
    model: &Model,
    known: &Known,
) -> (&'static str, Value) {
    let some = members(dice, model, 3);
    let present = known.body["members"].as_array().cloned().unwrap_or_default();
    match dice.roll(7) {
        0 => {
            let name = format!("{} {}", word(dice), people.external_id(dice));
            ("rename", json!([{ "op": "replace", "path": "displayName", "value": name }]))
        }
        1 | 2 => ("add-members", json!([{ "op": "add", "path": "members", "value": some }])),
        3 if !present.is_empty() => {
            let path = format!("members[value eq {}]", dice.pick(&present)["value"]);
            ("remove-member", json!([{ "op": "remove", "path": path }]))
        }
        4 => ("replace-members", json!([{ "op": "replace", "path": "members", "value": some }])),
        5 => ("remove-members", json!([{ "op": "remove", "path": "members" }])),
        _ => ("no-path", json!([{ "op": "add", "value": { "members": some } }])),
    }
}

/// Operations that a server should refuse, or take with a word of its own.
pub(super) fn odd(dice: &mut Dice, model: &Model, known: &Known) -> (&'static str, Value) {
    let taken = dice.pick(model.all(Kind::User));
    let (what, operations) = match dice.deal("odd patches", 26) {
        0 => ("unknown-op", json!([{ "op": "move", "path": "title", "value": "x" }])),
        1 => ("op-in-capitals", json!([{ "op": "Replace", "path": "title", "value": "x" }])),
        2 => ("unknown-path", json!([{ "op": "add", "path": "shoeSize", "value": "42" }])),
        3 => ("unknown-part", json!([{ "op": "add", "path": "name.shoe", "value": "42" }])),
        4 => ("malformed-path", json!([{ "op": "add", "path": "emails[", "value": "x" }])),
        5 => ("path-with-space", json!([{ "op": "add", "path": "user name", "value": "x" }])),
        6 => ("malformed-filter", json!([{ "op": "remove", "path": "emails[type xx \"a\"]" }])),
        7 => ("remove-without-path", json!([{ "op": "remove" }])),
        8 => ("add-without-value", json!([{ "op": "add", "path": "title" }])),
        9 => ("remove-required", json!([{ "op": "remove", "path": "userName" }])),
        10 => ("remove-read-only", json!([{ "op": "remove", "path": "id" }])),
        11 => ("replace-read-only", json!([{ "op": "replace", "path": "id", "value": "mine" }])),
        12 => (
            "replace-meta",
            json!([
                { "op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z" },
            ]),
        ),
        13 => (
            "replace-own-read-only",
            json!([
                { "op": "replace", "path": format!("{OWN}:immutableId"), "value": "mine" },
            ]),
        ),
        14 => (
            "nothing-selected-remove",
            json!([
                { "op": "remove", "path": "emails[type eq \"nowhere\"]" },
            ]),
        ),
        15 => (
            "nothing-selected-replace",
            json!([
                { "op": "replace", "path": "emails[type eq \"nowhere\"].value", "value": "n@x.test" },
            ]),
        ),
        16 => (
            "nothing-selected-by-other",
            json!([
                { "op": "replace", "path": "emails[type ne \"work\" and type ne \"home\" and type ne \"other\" and type pr].value", "value": "n@x.test" },
            ]),
        ),
        17 => {
            ("text-for-boolean", json!([{ "op": "replace", "path": "active", "value": "maybe" }]))
        }
        18 => (
            "object-for-text",
            json!([
                { "op": "replace", "path": "title", "value": { "x": "y" } },
            ]),
        ),
        19 => (
            "taken-name",
            json!([
                { "op": "replace", "path": "userName", "value": taken.body["userName"] },
            ]),
        ),
        20 => (
            "last-fails",
            json!([
                { "op": "replace", "path": "title", "value": "must not stay" },
                { "op": "remove", "path": "userName" },
            ]),
        ),
        21 => ("null-value", json!([{ "op": "replace", "path": "title", "value": null }])),
        22 => ("remove-absent", json!([{ "op": "remove", "path": "profileUrl" }])),
        23 => ("no-operations", json!([])),
        24 => {
            return (
                "foreign-message",
                json!({
                    "schemas": ["urn:x:y"],
                    "Operations": [{ "op": "add", "path": "title", "value": "x" }],
                }),
            );
        }
        _ => (
            "second-primary",
            json!([{
                "op": "add", "path": "emails",
                "value": [{ "value": format!("second-{}@x.test", dice.roll(1000)), "primary": true }],
            }]),
        ),
    };
    // A name is nobody else's when it is their own.
    let what = if what == "taken-name" && taken.name == known.name { "own-name" } else { what };
    (what, body(&operations))
}
