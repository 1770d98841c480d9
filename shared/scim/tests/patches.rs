//! The algebra of patches, on requests made at random in both dialects.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use proptest::sample::select;
use scim::schema::{ENTERPRISE_URN, GROUP, RESOURCE_TYPES, USER};
use scim::{BulkRequest, ListQuery, MemberChange, Parameters, Patch, Resource, ScimType, member};
use serde_json::{Map, Value, json};

fn operation(op: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let op = select(op);
    let text = select(vec!["a", "A", "b", "work", ""]);
    let of_text = (
        select(vec![
            "title",
            "USERNAME",
            "name.givenName",
            "department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
            "manager",
            "emails[type eq \"work\"].value",
            "emails[type eq \"home\" and primary eq true].value",
            "emails[value eq \"a\"].value",
            "emails[value sw \"a\"].display",
            "emails.display",
            "addresses[type eq \"work\"].locality",
            "roles",
            "shoeSize",
            "id",
            "immutableId",
        ]),
        text.clone().prop_map(Value::from),
    );
    let of_boolean = (
        select(vec!["active", "emails[type eq \"work\"].primary", "emails.primary"]),
        select(vec![json!(true), json!("False"), json!("TRUE"), json!(null), json!("x")]),
    );
    let email = (text.clone(), select(vec!["work", "home"]), proptest::option::of(any::<bool>()))
        .prop_map(
            |(value, kind, primary)| json!({ "value": value, "type": kind, "primary": primary }),
        );
    let of_list = (
        select(vec!["emails", "emails[type eq \"work\"]", "roles", "phoneNumbers"]),
        proptest::collection::vec(email, 0..4).prop_map(Value::from),
    );
    let of_object = (
        select(vec!["", "name", "manager", ENTERPRISE_URN, "addresses[type eq \"work\"]"]),
        text.prop_map(|text| {
            json!({ "title": text, "givenName": text, "value": text, "department": text, "locality": text })
        }),
    );
    (op, prop_oneof![4 => of_text, 2 => of_boolean, 3 => of_list, 2 => of_object])
        .prop_map(|(op, (path, value))| json!({ "op": op, "path": path, "value": value }))
}

const EVERY: &[&str] = &["add", "Replace", "remove"];

fn user() -> impl Strategy<Value = Resource> {
    proptest::collection::vec(operation(&["add"]), 0..6).prop_map(|operations| {
        let mut user = Resource::read(&USER, json!({ "userName": "someone" })).unwrap();
        for operation in operations {
            let _ = patch([operation]).map(|patch| patch.apply(&mut user));
        }
        user
    })
}

fn patch(operations: impl Into<Vec<Value>>) -> Result<Patch, scim::Error> {
    Patch::read(&USER, json!({ "Operations": operations.into() }))
}

fn is_canonical(user: &Resource) -> bool {
    let sent = Value::Object(user.attributes().clone());
    Resource::read(&USER, sent).as_ref() == Ok(user)
        && Resource::restore(&USER, user.kept()) == *user
}

/// JSON of any shape, with names that mean something here and there.
fn json() -> impl Strategy<Value = Value> {
    let name = select(vec![
        "schemas",
        "Operations",
        "op",
        "path",
        "value",
        "userName",
        "emails",
        "members",
        "active",
        "name",
        "type",
        "primary",
        "method",
        "bulkId",
        "data",
        "filter",
        "count",
        "cursor",
        "sortBy",
        "x",
        ENTERPRISE_URN,
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![
            "add",
            "remove",
            "members",
            "emails[type eq \"work\"].value",
            "POST",
            "/Users",
            "bulkId:a",
            "a",
            "",
            "members[value eq \"a\"]",
            "userName eq \"a\"",
        ])
        .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_replacement_twice_is_a_replacement_once(
        user in user(),
        operation in operation(&["replace", "Replace"]),
    ) {
        let Ok(patch) = patch([operation]) else { return Ok(()) };
        let mut once = user;
        if patch.apply(&mut once).is_ok() {
            let mut twice = once.clone();
            let again = patch.apply(&mut twice);
            // What was selected by the very part that was written is not there any more.
            prop_assert!(again.is_ok() || again.unwrap_err().scim_type() == Some(ScimType::NoTarget));
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn whatever_a_patch_leaves_is_canonical(
        user in user(),
        operations in proptest::collection::vec(operation(EVERY), 1..5),
    ) {
        prop_assert!(is_canonical(&user));
        let Ok(patch) = patch(operations) else { return Ok(()) };
        let mut after = user;
        let _ = patch.apply(&mut after);
        prop_assert!(is_canonical(&after), "{}", Value::Object(after.into_attributes()));
    }

    #[test]
    fn a_patch_is_the_sequence_of_its_operations_or_nothing(
        user in user(),
        operations in proptest::collection::vec(operation(EVERY), 1..5),
    ) {
        let mut by_one = user.clone();
        let mut failed = false;
        for operation in &operations {
            failed = failed || patch([operation.clone()]).and_then(|patch| patch.apply(&mut by_one)).is_err();
        }
        let mut at_once = user.clone();
        let answer = patch(operations).and_then(|patch| patch.apply(&mut at_once));
        if answer.is_err() {
            prop_assert_eq!(&at_once, &user);
            prop_assert!(failed);
        } else if !failed {
            prop_assert_eq!(at_once, by_one);
        }
    }

    #[test]
    fn what_is_added_and_removed_again_was_never_there(
        user in user(),
        kind in select(vec!["work", "home", "new"]),
    ) {
        let address = "somebody-new@example.com";
        let add = json!({ "op": "add", "path": "emails", "value": [{ "value": address, "type": kind }] });
        let selected = format!("emails[value eq \"{address}\"]");
        for remove in [
            json!({ "op": "remove", "path": selected }),
            json!({ "op": "Remove", "path": "emails", "value": [{ "value": address }] }),
            json!({ "op": "replace", "path": selected, "value": null }),
        ] {
            let mut after = user.clone();
            patch([add.clone(), remove]).unwrap().apply(&mut after).unwrap();
            prop_assert_eq!(&after, &user);
        }
    }

    #[test]
    fn member_changes_say_what_the_operations_say(
        operations in proptest::collection::vec(
            (select(vec!["add", "remove", "replace", "all"]), proptest::collection::vec(0..6_u8, 0..4)),
            1..6,
        ),
        before in proptest::collection::btree_set(0..6_u8, 0..6),
    ) {
        let mut expected = before.clone();
        let mut body = Vec::new();
        for (op, ids) in &operations {
            let value: Vec<_> = ids.iter().map(|id| json!({ "value": id.to_string() })).collect();
            match *op {
                "add" => expected.extend(ids),
                "remove" => expected.retain(|id| !ids.contains(id)),
                "replace" => expected = ids.iter().copied().collect(),
                _ => expected.clear(),
            }
            body.push(match *op {
                "all" => json!({ "op": "remove", "path": "members" }),
                op => json!({ "op": op, "path": "members", "value": value }),
            });
        }
        let patch = Patch::read(&GROUP, json!({ "Operations": body })).unwrap();
        let mut members = before;
        for change in patch.members() {
            let parsed = |ids: &[String]| ids.iter().map(|id| id.parse::<u8>().unwrap()).collect::<Vec<_>>();
            match change {
                MemberChange::Add(ids) => members.extend(parsed(ids)),
                MemberChange::Remove(ids) => {
                    let ids = parsed(ids);
                    members.retain(|id| !ids.contains(id));
                }
                MemberChange::RemoveAll => members.clear(),
                MemberChange::Replace(ids) => members = parsed(ids).into_iter().collect(),
            }
        }
        prop_assert_eq!(members, expected);
        prop_assert!(!patch.touches_attributes());
    }

    #[test]
    fn no_json_makes_anything_panic(body in json(), resource in json()) {
        for kind in RESOURCE_TYPES {
            let _ = member::listed(&body);
            let _ = ListQuery::from_search(kind, &body);
            let resource = Resource::read(kind, resource.clone());
            for body in [body.clone(), json!({ "Operations": [body] })] {
                if let (Ok(patch), Ok(resource)) = (Patch::read(kind, body), &resource) {
                    let _ = patch.apply(&mut resource.clone());
                }
            }
        }
        for body in [body.clone(), json!({ "Operations": [body] })] {
            let count = body["Operations"].as_array().map(Vec::len);
            if let Ok(request) = BulkRequest::read(body) {
                prop_assert_eq!(Some(request.plan().len()), count);
            }
        }
    }

    #[test]
    fn no_query_makes_anything_panic(raw in "[a-zA-Z=&?%+0-9\" -]{0,64}", text in ".{0,32}") {
        for raw in [raw, text] {
            let parameters = Parameters::read(&raw);
            let _ = ListQuery::from_query(&USER, &parameters);
            let _ = scim::etag::Condition::read(&raw).names("W/\"1\"");
        }
    }
}
