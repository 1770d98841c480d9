#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;

use serde_json::json;

use super::*;

fn post(bulk_id: &str, data: Value) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data })
}

fn read(operations: Value) -> BulkRequest {
    BulkRequest::read(json!({ "schemas": [BULK_SCHEMA], "Operations": operations })).unwrap()
}

fn order(operations: Value) -> Vec<(usize, Option<Error>)> {
    let plan = read(operations).plan();
    plan.into_iter().map(|step| (step.place, step.operation.err())).collect()
}

#[test]
fn an_operation_is_read_or_fails_alone() {
    let data = json!({});
    let cases = [
        (json!({ "method": "post", "path": "/Users", "bulkId": "a", "data": data }), None),
        (json!({ "METHOD": "PUT", "Path": "Groups/1", "data": data }), None),
        (json!({ "method": "PATCH", "path": "/Users/bulkId:a", "data": data }), None),
        (json!({ "method": "DELETE", "path": "/Users/1" }), None),
        (json!({ "method": "GET", "path": "/Users/1" }), Some(NO_OPERATION)),
        (json!({ "path": "/Users/1" }), Some(NO_OPERATION)),
        (json!("x"), Some(NO_OPERATION)),
        (json!({ "method": "DELETE", "path": "/Users" }), Some(NO_PATH)),
        (json!({ "method": "DELETE", "path": "/Users/1/2" }), Some(NO_PATH)),
        (json!({ "method": "DELETE", "path": "/Schemas/1" }), Some(NO_PATH)),
        (json!({ "method": "DELETE" }), Some(NO_PATH)),
        (
            json!({ "method": "POST", "path": "/Users/1", "bulkId": "a", "data": data }),
            Some(NO_PATH),
        ),
        (json!({ "method": "POST", "path": "/Users", "data": data }), Some(NO_BULK_ID)),
        (
            json!({ "method": "POST", "path": "/Users", "bulkId": "", "data": data }),
            Some(NO_BULK_ID),
        ),
        (json!({ "method": "PUT", "path": "/Users/1" }), Some(NO_DATA)),
        (json!({ "method": "PUT", "path": "/Users/1", "data": [] }), Some(NO_DATA)),
    ];
    for (operation, expected) in cases {
        let entry = Entry::read(operation.clone());
        assert_eq!(entry.operation.err(), expected, "{operation}");
    }
}

#[test]
fn a_request_that_is_none_fails_whole() {
    let many = vec![json!({}); MAX_OPERATIONS + 1];
    let cases = [
        (json!([]), Error::NO_OBJECT),
        (json!({}), NO_OPERATIONS),
        (json!({ "Operations": {} }), NO_OPERATIONS),
        (json!({ "schemas": ["urn:x"], "Operations": [] }), NO_BULK),
        (json!({ "Operations": [], "failOnErrors": -1 }), FAIL_ON_ERRORS),
        (json!({ "Operations": many }), Error::TOO_MANY_OPERATIONS),
    ];
    for (body, expected) in cases {
        assert_eq!(BulkRequest::read(body).err(), Some(expected));
    }
}

#[test]
fn what_is_referred_to_comes_first_and_the_rest_stays_in_order() {
    let manager = |of: &str| json!({ "manager": { "value": format!("bulkId:{of}") } });
    let circle = Some(Error::CIRCULAR_REFERENCE);
    let cases = [
        (json!([post("a", json!({})), post("b", json!({}))]), vec![(0, None), (1, None)]),
        (json!([post("a", manager("b")), post("b", json!({}))]), vec![(1, None), (0, None)]),
        (
            json!([post("a", manager("b")), post("b", manager("c")), post("c", json!({}))]),
            vec![(2, None), (1, None), (0, None)],
        ),
        (
            json!([post("a", manager("b")), post("b", manager("a")), post("c", json!({}))]),
            vec![(2, None), (0, circle.clone()), (1, circle.clone())],
        ),
        (json!([post("a", manager("a"))]), vec![(0, circle)]),
    ];
    for (operations, expected) in cases {
        assert_eq!(order(operations.clone()), expected, "{operations}");
    }
    let lost = order(json!([post("a", manager("z"))]));
    assert_eq!(lost[0].1.as_ref().unwrap().scim_type(), Some(ScimType::InvalidValue));
    let twice = order(json!([post("a", json!({})), post("a", json!({}))]));
    assert!(twice.iter().all(|(_, error)| *error == Some(REPEATED_BULK_ID)));
}

#[test]
fn references_are_filled_in_paths_and_bodies() {
    let request = read(json!([
        post("u", json!({})),
        { "method": "PATCH", "path": "/Groups/bulkId:g", "data": { "members": [{ "value": "bulkId:u" }] } },
        { "method": "POST", "path": "/Groups", "bulkId": "g", "data": {} },
    ]));
    let plan = request.plan();
    let places: Vec<_> = plan.iter().map(|step| step.place).collect();
    assert_eq!(places, [0, 2, 1]);

    let created =
        HashMap::from([("u", "1"), ("g", "2")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    let patch = plan[2].operation.clone().unwrap();
    let filled = patch.clone().resolved(&created).unwrap();
    assert_eq!(filled.id.as_deref(), Some("2"));
    assert_eq!(filled.data, json!({ "members": [{ "value": "1" }] }));
    assert_eq!(patch.resolved(&HashMap::new()), Err(Error::UNMET_REFERENCE));
}

#[test]
fn a_reference_is_one_only_where_an_id_may_stand() {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let patch = |path: &str, value: Value| json!({ "Operations": [{ "op": "add", "path": path, "value": value }] });
    let (one, text) = (json!({ "value": "bulkId:u" }), json!("bulkId:u"));
    let cases = [
        (json!({ "members": [one] }), true),
        (json!({ "Members": ["bulkId:u"] }), true),
        (json!({ urn: { "manager": one } }), true),
        (json!({ "manager": text }), true),
        (patch("members", json!([one])), true),
        (patch("MANAGER", text.clone()), true),
        (patch("manager.value", text.clone()), true),
        (patch(&format!("{urn}:manager"), one.clone()), true),
        (patch(urn, json!({ "manager": one })), true),
        (patch("members[value eq \"bulkId:u\"]", json!(null)), true),
        (patch("members[type eq \"x\" and value eq\"bulk\\u0049d:u\"]", json!(null)), true),
        (patch(&format!("{urn}:manager[value eq \"bulkId:u\"]"), json!(null)), true),
        (json!({ "Operations": [{ "op": "add", "value": { "members": [one] } }] }), true),
        (
            json!({ "Operations": [{ "op": "add", "value": { format!("{urn}:manager.value"): text } }] }),
            true,
        ),
        (json!({ "displayName": text }), false),
        (json!({ "emails": [one] }), false),
        (json!({ "members": [{ "value": "u", "display": text }] }), false),
        (patch("displayName", text.clone()), false),
        (patch("emails[type eq \"work\"].value", text.clone()), false),
        (patch("emails[value eq \"bulkId:u\"]", json!(null)), false),
        (patch("displayName[value eq \"x:members\"]", text.clone()), false),
        (
            json!({ "Operations": [{ "op": "add", "path": "bulkId:u", "value": { "title": text } }] }),
            false,
        ),
    ];
    let created = HashMap::from([("u".to_owned(), "1".to_owned())]);
    for (data, refers) in cases {
        let operation = json!([{ "method": "PUT", "path": "/Users/7", "data": data }]);
        let Ok(operation) = read(operation).operations.remove(0).operation else {
            unreachable!("{data}")
        };
        assert_eq!(operation.references().contains("u"), refers, "{data}");
        let resolved = operation.resolved(&created).unwrap();
        assert_eq!(resolved.data != data, refers, "{data}");
        assert_eq!(resolved.data.to_string().contains("bulkId:"), !refers, "{data}");
    }
}

#[test]
fn a_path_is_changed_between_its_quotes_alone() {
    let created = HashMap::from([("u \"1\"".to_owned(), "1".to_owned())]);
    let cases = [
        (r#"members[value eq "bulkId:u \"1\""]"#, r#"members[value eq "1"]"#),
        (
            r#"members[value eq "é\\" or value eq "bulkId:u \"1\""]"#,
            r#"members[value eq "é\\" or value eq "1"]"#,
        ),
        (r#"members[value eq bulkId:u]"#, r#"members[value eq bulkId:u]"#),
        (r#"members[value eq "bulkId:u"#, r#"members[value eq "bulkId:u"#),
        (
            r#"members[value eq "\x" or value eq "bulkId:u \"1\""]"#,
            r#"members[value eq "\x" or value eq "1"]"#,
        ),
    ];
    for (path, expected) in cases {
        let data = json!({ "Operations": [{ "op": "remove", "path": path }] });
        let operation = json!([{ "method": "PATCH", "path": "/Groups/7", "data": data }]);
        let operation = read(operation).operations.remove(0).operation.unwrap();
        let resolved = operation.resolved(&created).unwrap();
        assert_eq!(resolved.data["Operations"][0]["path"], expected);
    }
}

#[test]
fn as_many_errors_as_accepted_stop_the_rest() {
    for (accepted, errors, expected) in [
        (None, 9, false),
        (Some(1), 0, false),
        (Some(1), 1, true),
        (Some(2), 1, false),
        (Some(0), 1, true),
    ] {
        let body = json!({ "Operations": [post("a", json!({}))], "failOnErrors": accepted });
        let request = BulkRequest::read(body).unwrap();
        let mut response = BulkResponse::to(&request);
        let plan = request.plan();
        for _ in 0..errors {
            response.push(BulkResult::failure(&plan[0], None, &Error::USER_NAME_TAKEN));
        }
        assert_eq!(response.is_stopped(), expected, "{accepted:?} {errors}");
    }
}

#[test]
fn the_answer_repeats_the_request_in_its_order() {
    let request = read(json!([
        post("a", json!({ "manager": "bulkId:b" })),
        post("b", json!({})),
        { "method": "DELETE", "path": "/Users/3" },
    ]));
    let mut response = BulkResponse::to(&request);
    let plan = request.plan();
    response.push(BulkResult::success(&plan[0], 201, "https://x/Users/2", Some("W/\"1\"")));
    response.push(BulkResult::failure(&plan[1], None, &Error::USER_NAME_TAKEN));
    response.push(BulkResult::success(&plan[2], 204, "https://x/Users/3", None));
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": [
            {
                "method": "POST",
                "bulkId": "a",
                "status": "409",
                "response": Error::USER_NAME_TAKEN.to_json(),
            },
            {
                "method": "POST",
                "bulkId": "b",
                "status": "201",
                "location": "https://x/Users/2",
                "version": "W/\"1\"",
            },
            { "method": "DELETE", "status": "204", "location": "https://x/Users/3" },
        ],
    });
    assert_eq!(response.into_json(), expected);
}
