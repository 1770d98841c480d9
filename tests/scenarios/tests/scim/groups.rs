//! Groups: made empty, filled, emptied, deleted; small and large.

use scenarios::scim::entra_user;
use scenarios::{Provisioner, World};
use serde_json::{Value, json};

use crate::{group_path, id, object, with_entra};

/// Users whom nobody knows by more than their name.
async fn users(entra: &Provisioner, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let user = entra_user(&format!("user-{number}"), &object(number));
        ids.push(id(&entra.create(&user).await).to_owned());
    }
    ids
}

fn members(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    let mut ids =
        members.iter().map(|it| it["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    ids.sort();
    ids
}

async fn read(entra: &Provisioner, group: &Value) -> Vec<String> {
    members(&entra.get(&group_path(group)).await.expect(200))
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids = ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_group_is_filled_and_emptied_in_both_dialects() {
    let (_world, entra) = with_entra().await;
    let ids = users(&entra, 3).await;
    let [a, b, c] = ids.each_ref_array();
    let made = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": object(100), "displayName": "Staff", "members": [], "meta": { "resourceType": "Group" },
    });
    let staff = entra.post("/Groups", &made).await.expect(201);
    assert!(staff.get("members").is_none());
    let path = group_path(&staff);
    let steps = [
        (
            json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": a }, { "$ref": null, "value": b }] }]),
            sorted(&[a, b]),
        ),
        (
            json!([{ "op": "add", "path": "members", "value": [{ "value": b }, { "value": c }] }]),
            sorted(&[a, b, c]),
        ),
        (
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": a }] }]),
            sorted(&[b, c]),
        ),
        (json!([{ "op": "remove", "path": format!("members[value eq \"{b}\"]") }]), sorted(&[c])),
        (json!([{ "op": "remove", "path": format!("members[value eq \"{b}\"]") }]), sorted(&[c])),
        (
            json!([{ "op": "replace", "path": "members", "value": [{ "value": a }, { "value": b }] }]),
            sorted(&[a, b]),
        ),
        (
            json!([{ "op": "remove", "path": "members" }, { "op": "add", "path": "members", "value": [{ "value": c }] }]),
            sorted(&[c]),
        ),
        (
            json!([{ "op": "replace", "path": "displayName", "value": "All" }, { "op": "add", "path": "members", "value": [{ "value": a }] }]),
            sorted(&[a, c]),
        ),
        (json!([{ "op": "remove", "path": "members" }]), sorted(&[])),
    ];
    for (operations, expected) in steps {
        let answer = entra.patch(&path, operations.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.body), (204, Value::Null), "{operations}");
        assert_eq!(read(&entra, &staff).await, expected, "{operations}");
    }
    let whole = entra.get(&path).await.expect(200);
    assert_eq!(whole["displayName"], "All");
    let put = json!({ "displayName": "Put", "members": [{ "value": b }] });
    let put = entra.put(&path, &put).await.expect(200);
    assert_eq!((members(&put), &put["displayName"]), (sorted(&[b]), &json!("Put")));
    assert!(put.get("externalId").is_none(), "a replacement replaces");
    let reference = &put["members"][0];
    assert_eq!(reference["$ref"], format!("{}/Users/{b}", entra.tenant_url));
    assert_eq!(reference["type"], "User");
    entra.delete(&path).await.expect(204);
    entra.get(&path).await.assert_error(404, None, "deleted");
}

#[tokio::test]
async fn a_group_is_found_by_name_external_id_and_member_and_a_user_knows_theirs() {
    let (world, entra) = with_entra().await;
    let ids = users(&entra, 2).await;
    let made = json!({ "displayName": "Staff", "externalId": object(100), "members": [{ "value": ids[0] }] });
    let staff = entra.post("/Groups", &made).await.expect(201);
    assert_eq!(members(&staff), [ids[0].clone()]);
    let group = id(&staff);
    let found = [
        ("displayName eq \"STAFF\"".to_owned(), 1),
        (format!("externalId eq \"{}\"", object(100)), 1),
        (format!("id eq \"{group}\""), 1),
        (format!("id eq \"{group}\" and members eq \"{}\"", ids[0]), 1),
        (format!("id eq \"{group}\" and members eq \"{}\"", ids[1]), 0),
        (format!("members eq \"{}\"", ids[0]), 1),
        (format!("members.value eq \"{}\"", ids[1]), 0),
        (format!("members eq \"{}\" and members eq \"{}\"", ids[0], ids[1]), 0),
        (format!("members eq \"{}\" or members eq \"{}\"", ids[0], ids[1]), 1),
        (format!("not (members eq \"{}\")", ids[0]), 0),
        (format!("not (members eq \"{}\")", ids[1]), 1),
        (format!("members[type eq \"user\" and not (value eq \"{}\")]", ids[1]), 1),
        (format!("members ne \"{}\"", ids[0]), 0),
        ("members pr".to_owned(), 1),
        ("displayName eq \"7b5d\"".to_owned(), 0),
        ("displayName co \"taf\" and not (displayName sw \"x\")".to_owned(), 1),
    ];
    for (filter, total) in found {
        let list = entra.filter("/Groups?excludedAttributes=members", &filter).await.expect(200);
        assert_eq!(list["totalResults"], total, "{filter}");
        assert!(list["Resources"].as_array().unwrap().iter().all(|it| it.get("members").is_none()));
    }
    let second =
        entra.post("/Groups", &json!({ "displayName": "x", "externalId": object(100) })).await;
    second.assert_error(409, Some("uniqueness"), "an external id of another group");
    let second = entra.post("/Groups", &json!({ "displayName": "staff" })).await;
    second.assert_error(409, Some("uniqueness"), "a name of another group");
    assert_eq!(second.body["detail"], "displayName is taken");
    let crew = entra.post("/Groups", &json!({ "displayName": "Crew" })).await.expect(201);
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "STAFF" }]);
    let renamed = entra.patch(&group_path(&crew), rename).await;
    renamed.assert_error(409, Some("uniqueness"), "a rename to it");
    let put = entra.put(&group_path(&crew), &json!({ "displayName": "sTAFF" })).await;
    put.assert_error(409, Some("uniqueness"), "a replacement by it");
    let one = entra.filter("/Groups", "displayName eq \"Staff\"").await.expect(200);
    assert_eq!(one["Resources"][0]["id"], staff["id"], "its query links it");
    entra.delete(&group_path(&crew)).await.expect(204);

    let user = entra.get(&format!("/Users/{}?attributes=groups", ids[0])).await.expect(200);
    assert_eq!(
        user["groups"],
        json!([{
            "value": group, "$ref": format!("{}/Groups/{group}", entra.tenant_url), "display": "Staff", "type": "direct",
        }])
    );
    for (filter, total) in [
        (format!("groups.value eq \"{group}\""), 1),
        ("groups[display eq \"staff\" and type eq \"direct\"]".to_owned(), 1),
        ("not (groups pr)".to_owned(), 2),
    ] {
        let found = entra.filter("/Users", &filter).await.expect(200);
        assert_eq!(found["totalResults"], total, "{filter}");
    }
    let plain = entra.get(&format!("/Users/{}", ids[0])).await.expect(200);
    assert!(plain.get("groups").is_none(), "only where they are asked for");
    // Whoever is deleted is in no group, and whoever is disabled stays.
    let disable = json!([{ "op": "replace", "path": "active", "value": false }]);
    entra.patch(&format!("/Users/{}", ids[0]), disable).await.expect(200);
    assert_eq!(read(&entra, &staff).await, [ids[0].clone()]);
    entra.delete(&format!("/Users/{}", ids[0])).await.expect(204);
    world.quiet().await;
    assert!(read(&entra, &staff).await.is_empty());
}

#[tokio::test]
async fn many_members_at_once_are_all_there_from_the_answer_on() {
    let (world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let ids = bulk_users(&world, 250).await;
    let mut expected = ids.clone();
    expected.sort();
    let value = ids.iter().map(|id| json!({ "value": id })).collect::<Value>();
    let path = group_path(&staff);

    entra
        .patch(&path, json!([{ "op": "add", "path": "members", "value": value }]))
        .await
        .expect(204);

    assert_eq!(read(&entra, &staff).await, expected);
    let first = entra.filter("/Groups", &format!("members eq \"{}\"", ids[0])).await.expect(200);
    assert_eq!(first["totalResults"], 1);
    world.quiet().await;
    assert_eq!(read(&entra, &staff).await, expected);
    let gone = ids.iter().take(200).map(|id| json!({ "value": id })).collect::<Value>();
    entra
        .patch(&path, json!([{ "op": "Remove", "path": "members", "value": gone }]))
        .await
        .expect(204);
    assert_eq!(read(&entra, &staff).await.len(), 50);
    // One who is nobody spoils all of it.
    let mut spoilt = ids.iter().take(40).map(|id| json!({ "value": id })).collect::<Vec<_>>();
    spoilt.push(json!({ "value": "0".repeat(32) }));
    let answer =
        entra.patch(&path, json!([{ "op": "add", "path": "members", "value": spoilt }])).await;
    answer.assert_error(400, Some("invalidValue"), "a stranger among forty");
    assert_eq!(read(&entra, &staff).await.len(), 50);
    entra.delete(&path).await.expect(204);
    let records = world.quiet().await;
    assert_eq!(records.count(id(&staff)), 0, "something is left of the group");
    records.check_invariants();
}

#[tokio::test]
async fn a_group_whose_members_fit_no_answer_says_how_to_be_asked() {
    let (world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let path = group_path(&staff);
    world.pretend_members(id(&staff), 26_000).await;

    for path in [path.clone(), format!("{path}?attributes=members"), "/Groups".to_owned()] {
        // So many are much for an emulator on a busy machine: a client tries again.
        let refused = loop {
            let answer = entra.get(&path).await;
            if answer.status != 503 {
                break answer;
            }
        };
        refused.assert_error(400, Some("tooMany"), &path);
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("excludedAttributes=members"), "{detail}");
    }
    for path in [path.as_str(), "/Groups"] {
        entra.get(&format!("{path}?excludedAttributes=members")).await.expect(200);
    }
    // Changing it needs no reading of it.
    world.scim.calls();
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": id(&ada) }] }]);
    entra.patch(&path, add).await.expect(204);
    assert!(world.scim.calls().iter().all(|call| call.operation != "Query"));
}

/// Users made without their own requests.
async fn bulk_users(world: &World, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.user(&format!("member-{number}")).await.id.to_string());
    }
    ids
}

/// Three of a list.
trait EachRef {
    fn each_ref_array(&self) -> [&String; 3];
}

impl EachRef for Vec<String> {
    fn each_ref_array(&self) -> [&String; 3] {
        [&self[0], &self[1], &self[2]]
    }
}

#[tokio::test]
async fn what_changes_no_member_changes_neither_version_nor_date() {
    let (world, entra) = with_entra().await;
    let ids = users(&entra, 2).await;
    let staff = json!({ "displayName": "Staff", "members": [{ "value": ids[0] }] });
    let staff = entra.post("/Groups", &staff).await.expect(201);
    let path = group_path(&staff);
    let read = entra.get(&path).await.expect(200);
    let before = world.quiet().await;
    world.clock.pass(jiff::SignedDuration::from_mins(1));

    for (op, member) in [("Add", &ids[0]), ("remove", &ids[1])] {
        let operation = json!({ "op": op, "path": "members", "value": [{ "value": member }] });
        entra.patch(&path, json!([operation])).await.expect(204);
        assert_eq!(entra.get(&path).await.expect(200), read, "{op}");
    }
    world.unwritten_since(&before, "nobody came or went").await;
    let operation = json!({ "op": "remove", "path": "members", "value": [{ "value": ids[0] }] });
    entra.patch(&path, json!([operation])).await.expect(204);
    let after = entra.get(&path).await.expect(200);
    assert_ne!(after["meta"]["version"], read["meta"]["version"]);
    assert_ne!(after["meta"]["lastModified"], read["meta"]["lastModified"]);
}
