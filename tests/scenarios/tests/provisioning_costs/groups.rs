//! One group.

use http::Method;
use scenarios::scim::{encoded, entra_user, patch};
use serde_json::{Value, json};

use crate::{Cost, change, check, id, object, with_entra};

#[tokio::test]
async fn a_read_group_costs_its_item_and_with_members_a_query_of_each_partition() {
    let (world, entra) = with_entra().await;
    let staff = json!({ "displayName": "Staff", "externalId": "s" });
    let staff = entra.post("/Groups", &staff).await.expect(201);
    world.pretend_members(id(&staff), 40).await;
    let by = |filter: &str| format!("/Groups?filter={}", encoded(filter));
    let name = by("displayName eq \"Staff\"");
    let name_alone = format!("{name}&excludedAttributes=members");
    let external_alone = format!("{}&excludedAttributes=members", by("externalId eq \"s\""));
    let no_name = by("displayName eq \"Nobody\"");
    let no_external = by("externalId eq \"n\"");
    let group = format!("/Groups/{}", id(&staff));
    let alone = format!("{group}?excludedAttributes=members");
    let (get, null) = (&Method::GET, &Value::Null);
    let cases = [
        ("look-up of no name", get, &*no_name, null, 200, Cost::of(1, 2.0)),
        ("look-up of no externalId", get, &no_external, null, 200, Cost::of(1, 2.0)),
        ("look-up by displayName", get, &name_alone, null, 200, Cost::of(2, 3.0)),
        ("look-up by externalId", get, &external_alone, null, 200, Cost::of(2, 3.0)),
        ("look-up, with members", get, &name, null, 200, Cost::of(19, 20.0)),
        ("read without members", get, &alone, null, 200, Cost::of(1, 2.0)),
        // The group once more, to be sure that its members are of one instant.
        ("read", get, &group, null, 200, Cost::of(1 + 16 + 1, 2.0 + 16.0 + 1.0)),
    ];
    check(&world, &entra, &cases).await;
}

#[tokio::test]
async fn a_change_of_a_group_costs_one_transaction_whoever_is_in_it() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let grace = entra.create(&entra_user("grace", &object(2))).await;
    let staff = json!({ "displayName": "Staff", "externalId": "s" });
    let staff = entra.post("/Groups", &staff).await.expect(201);
    let group = format!("/Groups/{}", id(&staff));
    let other = entra.post("/Groups", &json!({ "displayName": "Guests" })).await.expect(201);
    let other = format!("/Groups/{}", id(&other));
    let (group, other) = (&*group, &*other);
    let people = world.pretend_people(30).await;
    let many = people.iter().map(|id| json!({ "value": id })).collect::<Value>();
    let member = |user: &Value| json!([{ "value": id(user) }]);
    let named = |name: &str| json!({ "displayName": name });
    let with = |name: &str, members: &Value| json!({ "displayName": name, "members": members });
    let external = json!({ "displayName": "IT", "externalId": "i" });
    let (join, leave) =
        (change("Add", "members", member(&ada)), change("Remove", "members", member(&ada)));
    let path = format!("members[value eq \"{}\"]", id(&ada));
    let leave_by_path = patch(json!([{ "op": "Remove", "path": path }]));
    let renamed = change("Replace", "displayName", "Crew");
    let alone = json!({ "displayName": "Crew", "externalId": "s" });
    let mut replaced = alone.clone();
    replaced["members"] = member(&grace);
    let (post, put, edit) = (&Method::POST, &Method::PUT, &Method::PATCH);
    let (delete, null) = (&Method::DELETE, &Value::Null);
    let (key, read) = (Cost::of(1, 1.0), Cost::of(1, 2.0));
    // The group, its members, and the group once more.
    let whole = Cost::of(1 + 16 + 1, 2.0 + 16.0 + 1.0);
    let cases = [
        ("create", post, "/Groups", &named("Sales"), 201, key.and(1, 9.0)),
        ("create with externalId", post, "/Groups", &external, 201, key.and(1, 11.0)),
        ("with a member", post, "/Groups", &with("HR", &member(&ada)), 201, key.and(1, 15.0)),
        ("with 30 members", post, "/Groups", &with("PR", &many), 201, key.and(1, 189.0)),
        ("add a member", edit, group, &join, 204, read.and(1, 10.0)),
        // The transaction that is refused, and who is in.
        ("add them again", edit, group, &join, 204, Cost::of(2, 3.0).and(1, 0.0)),
        ("remove a member", edit, group, &leave, 204, read.and(1, 8.0)),
        ("remove them again", edit, group, &leave, 204, Cost::of(2, 3.0).and(1, 0.0)),
        ("remove by path", edit, group, &leave_by_path, 204, Cost::of(2, 3.0).and(1, 0.0)),
        ("rename", edit, group, &renamed, 204, read.and(1, 10.0)),
        ("rename again", edit, group, &renamed, 204, read),
        ("replace", put, group, &replaced, 200, whole.and(1, 10.0)),
        ("replace by the same", put, group, &replaced, 200, whole),
        ("replace, without members", put, group, &alone, 200, whole.and(1, 8.0)),
        ("delete", delete, group, null, 204, read.and(1, 14.0)),
        ("delete one without externalId", delete, other, null, 204, read.and(1, 12.0)),
        ("delete again", delete, group, null, 404, read),
    ];
    check(&world, &entra, &cases).await;
}
