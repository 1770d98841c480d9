//! Several operations in one request.

use jiff::SignedDuration;
use scenarios::scim::{entra_user, patch};
use scenarios::{Effect, Fault};
use serde_json::{Value, json};

use crate::{object, path, with_entra};

fn bulk(fail_on_errors: Option<u64>, operations: Value) -> Value {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
    });
    if let Some(errors) = fail_on_errors {
        body["failOnErrors"] = json!(errors);
    }
    body
}

fn statuses(answer: &Value) -> Vec<&str> {
    let operations = answer["Operations"].as_array().unwrap();
    operations.iter().map(|operation| operation["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn many_large_changes_of_one_group_find_room() {
    let (world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let place = format!("/Groups/{}", staff["id"].as_str().unwrap());
    let people = world.pretend_people(40).await;
    let members = people.iter().map(|id| json!({ "value": id })).collect::<Value>();
    let change = |number: usize| {
        let op = if number.is_multiple_of(2) { "add" } else { "remove" };
        let data = patch(json!([{ "op": op, "path": "members", "value": members }]));
        json!({ "method": "PATCH", "path": place, "data": data })
    };
    let operations = (0..27).map(change).collect::<Value>();
    // Nobody else carries anything out, and soon there is no time to.
    let effect = Effect::Refuse(400, "AccessDeniedException");
    world.scim.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    world.clock.hurry(SignedDuration::from_millis(135));

    let answer = entra.post("/Bulk", &bulk(None, operations)).await.expect(200);

    world.clock.hurry(SignedDuration::ZERO);
    world.scim.mend();
    assert_eq!(statuses(&answer), ["204"; 27], "{answer}");
    let staff = entra.get(&place).await.expect(200);
    assert_eq!(staff["members"].as_array().unwrap().len(), 40);
    let waiting = world.records().await.count("#CHANGE#");
    assert!((10..=20).contains(&waiting), "{waiting} changes wait");
}

#[tokio::test]
async fn operations_refer_to_what_others_make_whatever_their_order() {
    let (_world, entra) = with_entra().await;
    let operations = json!([
        { "method": "POST", "path": "/Groups", "bulkId": "staff", "data": {
            "displayName": "Staff", "members": [{ "value": "bulkId:ada" }],
        } },
        { "method": "POST", "path": "/Users", "bulkId": "ada", "data": entra_user("ada", &object(1)) },
        { "method": "post", "path": "/Users", "bulkId": "grace", "data": {
            "userName": "grace@contoso.test",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "bulkId:ada" } },
        } },
        { "method": "PATCH", "path": "/Users/bulkId:ada", "data": patch(json!([{ "op": "replace", "path": "title", "value": "CTO" }])) },
        { "method": "PATCH", "path": "/Groups/bulkId:staff", "data": patch(json!([{ "op": "add", "path": "members", "value": [{ "value": "bulkId:grace" }] }])) },
        { "method": "PATCH", "path": "/Groups/bulkId:staff", "data": patch(json!([{ "op": "remove", "path": "members[value eq \"bulkId:ada\"]" }])) },
    ]);

    let answer = entra.post("/Bulk", &bulk(None, operations)).await.expect(200);

    assert_eq!(statuses(&answer), ["201", "201", "201", "200", "204", "204"], "{answer}");
    let done = answer["Operations"].as_array().unwrap();
    assert_eq!(done[1]["bulkId"], "ada");
    assert!(done[1]["version"].as_str().unwrap().starts_with("W/"));
    let below = |number: usize| {
        let location = done[number]["location"].as_str().unwrap();
        location.strip_prefix(&entra.tenant_url).unwrap().to_owned()
    };
    assert_eq!(below(1), below(3));
    let ada = entra.get(&below(1)).await.expect(200);
    assert_eq!(ada["title"], "CTO");
    let grace = entra.get(&below(2)).await.expect(200);
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(grace[enterprise]["manager"]["value"], ada["id"]);
    let staff = entra.get(&below(0)).await.expect(200);
    assert_eq!(staff["members"].as_array().unwrap().len(), 1);
    assert_eq!(staff["members"][0]["value"], grace["id"]);
    let operations = json!([
        { "method": "PUT", "path": below(1), "version": ada["meta"]["version"], "data": { "userName": "ada@contoso.test" } },
        { "method": "PUT", "path": below(1), "version": ada["meta"]["version"], "data": { "userName": "ada@contoso.test" } },
        { "method": "DELETE", "path": below(0) },
        { "method": "DELETE", "path": below(2) },
    ]);
    let answer = entra.post("/Bulk", &bulk(None, operations)).await.expect(200);
    assert_eq!(statuses(&answer), ["200", "412", "204", "204"], "{answer}");
}

#[tokio::test]
async fn one_failure_stops_as_much_as_the_client_says_and_undoes_nothing() {
    let (_world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let operations = json!([
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "userName": "a" } },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": { "userName": "ada@contoso.test" } },
        { "method": "PATCH", "path": "/Users/bulkId:b", "data": patch(json!([{ "op": "remove", "path": "title" }])) },
        { "method": "DELETE", "path": "/Users/nobody" },
        { "method": "POST", "path": "/Nothing", "bulkId": "c", "data": {} },
        { "method": "POST", "path": "/Users", "bulkId": "d", "data": { "userName": "d" } },
        { "method": "DELETE", "path": path(&ada) },
    ]);
    let cases = [
        (Some(1), vec!["201", "409"]),
        // The first user of the first request is there for the others.
        (Some(3), vec!["409", "409", "409"]),
        (None, vec!["409", "409", "409", "404", "400", "201", "204"]),
    ];
    for (errors, expected) in cases {
        let answer = entra.post("/Bulk", &bulk(errors, operations.clone())).await.expect(200);
        assert_eq!(statuses(&answer), expected, "{errors:?} {answer}");
    }
    let failed = entra.post("/Bulk", &bulk(Some(1), operations)).await.expect(200);
    let first = &failed["Operations"][0];
    assert_eq!(first["response"]["scimType"], "uniqueness");
    assert_eq!(first["response"]["status"], "409");
    assert!(first.get("location").is_none(), "what was never made is nowhere");
}

#[tokio::test]
async fn references_that_form_a_circle_are_refused_alone() {
    let (_world, entra) = with_entra().await;
    let manager = |of: &str| json!({ "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": of } } });
    let mut a = manager("bulkId:b");
    a["userName"] = json!("a");
    let mut b = manager("bulkId:a");
    b["userName"] = json!("b");
    let operations = json!([
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": a },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": b },
        { "method": "POST", "path": "/Users", "bulkId": "c", "data": { "userName": "c" } },
    ]);

    let answer = entra.post("/Bulk", &bulk(None, operations)).await.expect(200);

    assert_eq!(statuses(&answer), ["409", "409", "201"], "{answer}");
}

#[tokio::test]
async fn each_operation_is_decided_at_its_own_instant() {
    let (world, entra) = with_entra().await;
    let mut people = Vec::new();
    for (number, name) in ["ada", "grace"].into_iter().enumerate() {
        people.push(entra.create(&entra_user(name, &object(number))).await);
    }
    world.clock.pass(SignedDuration::from_mins(1));
    let disable = patch(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let of = |user: &Value| json!({ "method": "PATCH", "path": path(user), "data": disable });
    let operations = people.iter().map(of).collect();
    world.clock.hurry(SignedDuration::from_secs(1));

    let answer = entra.post("/Bulk", &bulk(None, operations)).await.expect(200);

    world.clock.hurry(SignedDuration::ZERO);
    assert_eq!(statuses(&answer), ["200"; 2], "{answer}");
    let mut ends = Vec::new();
    for user in &people {
        let id = user["id"].as_str().unwrap().parse().unwrap();
        let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap();
        ends.push(user.value.sessions_valid_from);
    }
    assert!(ends[0] < ends[1], "who signed in before the second one is not left in: {ends:?}");
    let audit = world.records().await.audit();
    let at = |user: &Value| {
        let entries = audit.iter().filter(|entry| entry["action"] == "user_changed");
        let mut entries = entries.filter(|entry| entry["subject"] == user["id"]);
        entries.next().unwrap()["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    };
    assert_eq!(people.iter().map(at).collect::<Vec<_>>(), ends, "it is audited so");
}
