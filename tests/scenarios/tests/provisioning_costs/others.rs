//! Several operations in one request, what the server says of itself, and keys.

use http::Method;
use scenarios::World;
use scenarios::scim::{encoded, entra_user};
use serde_json::{Value, json};

use crate::{Cost, check, object, with_entra};

#[tokio::test]
async fn a_bulk_costs_its_key_once_and_then_what_its_operations_cost() {
    let (world, entra) = with_entra().await;
    let create = |number: usize| {
        let user = entra_user(&format!("user-{number}"), &object(number));
        json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": user })
    };
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": (0..10).map(create).collect::<Value>(),
    });
    let ten = Cost::of(1, 1.0).and(10, 10.0 * 21.0);
    let cases = [("create ten", &Method::POST, "/Bulk", &bulk, 200, ten)];
    check(&world, &entra, &cases).await;
    let made = entra.filter("/Users", "displayName sw \"The user\"").await.expect(200);
    assert_eq!(made["totalResults"], 10);
}

#[tokio::test]
async fn what_is_not_in_the_table_costs_its_key_alone() {
    let (world, entra) = with_entra().await;
    let user = "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User";
    let (get, null, key) = (&Method::GET, &Value::Null, Cost::of(1, 1.0));
    let cases = [
        ("configuration", get, "/ServiceProviderConfig", null, 200, key),
        ("resource types", get, "/ResourceTypes", null, 200, key),
        ("schemas", get, "/Schemas", null, 200, key),
        ("one schema", get, user, null, 200, key),
        ("who calls", get, "/Me", null, 501, key),
        ("nothing", get, "/Nothing/at/all", null, 404, key),
        ("no such filter", get, "/Users?filter=x%20y", null, 400, key),
        ("no such user", &Method::POST, "/Users", &json!({ "active": true }), 400, key),
    ];
    check(&world, &entra, &cases).await;
}

#[tokio::test]
async fn a_wrong_key_costs_what_is_read_with_a_right_one_and_a_malformed_one_nothing() {
    let world = World::start().await;
    let entra = world.entra().await;
    let revoked = world.other_client().await;
    let payload = json!({
        "action": "revoke_scim_key", "domain": "contoso.test", "key_id": revoked.key_id,
    });
    world.operate(payload).await.unwrap();
    let by_name = encoded("userName eq \"admin@contoso.test\"");
    let by_name = format!("/Users?filter={by_name}");
    let ada = entra_user("ada", &object(1));
    let (get, post, null, none) = (&Method::GET, &Method::POST, &Value::Null, Cost::NONE);
    let cases = [
        ("list", get, "/Users", null, 401, Cost::of(1, 1.0)),
        ("schemas", get, "/Schemas", null, 401, Cost::of(1, 1.0)),
        ("look-up", get, &by_name, null, 401, Cost::of(1, 2.0)),
        ("create", post, "/Users", &ada, 401, Cost::of(1, 1.0)),
    ];
    check(&world, &revoked, &cases).await;
    let malformed = entra.with_key("passerelle_scim_x");
    check(&world, &malformed, &[("malformed", get, "/Users", null, 401, none)]).await;
    // A use is recorded once in a quarter of an hour.
    let config = "/ServiceProviderConfig";
    let cases = [
        ("first use", get, config, null, 200, Cost::of(1, 1.0).and(1, 2.0)),
        ("second use", get, config, null, 200, Cost::of(1, 1.0)),
    ];
    check(&world, &entra, &cases).await;
}
