//! What provisioning uses of the table: capacity units for each operation, as the table itself counts
//! them, and pages that cost the same however far somebody walked.

use http::Method;
use scenarios::scim::{entra_user, patch};
use scenarios::{Capacity, Provisioner, World};
use serde_json::{Value, json};

const OBJECT: &str = "6b0f1b2c-3d4e-4f60-8172-000000000001";

/// Requests and capacity units of one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    reads: usize,
    transactions: usize,
    units: Capacity,
}

async fn cost(
    world: &World,
    client: &Provisioner,
    method: &Method,
    path: &str,
    body: &Value,
    status: u16,
) -> (Cost, Value) {
    world.scim.calls();
    world.scim.capacity();
    let answer = client.call(method.clone(), path, body).await.expect(status);
    let calls = world.scim.calls();
    let calls = calls.iter().filter(|call| call.service == "dynamodb").collect::<Vec<_>>();
    let transactions = calls.iter().filter(|call| call.writes()).count();
    let reads = calls.len() - transactions;
    (Cost { reads, transactions, units: world.scim.capacity() }, answer)
}

/// A world, a client whose key was used a moment ago, and somebody it made.
async fn provisioned() -> (World, Provisioner, String) {
    let world = World::start().await;
    let entra = world.entra().await;
    let ada = entra.create(&entra_user("ada", OBJECT)).await;
    (world, entra, ada["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_operation_uses_as_many_capacity_units_as_its_items_are() {
    let (world, entra, ada) = provisioned().await;
    let group = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let (user, group) =
        (format!("/Users/{ada}"), format!("/Groups/{}", group["id"].as_str().unwrap()));
    let by_name = "/Users?filter=userName%20eq%20%22ada@contoso.test%22".to_owned();
    let nobody = "/Users?filter=userName%20eq%20%22nobody@contoso.test%22".to_owned();
    let grace = entra_user("grace", "6b0f1b2c-3d4e-4f60-8172-000000000002");
    let active =
        |active: bool| patch(json!([{ "op": "Replace", "path": "active", "value": active }]));
    let member =
        |op: &str| patch(json!([{ "op": op, "path": "members", "value": [{ "value": ada }] }]));
    let null = Value::Null;
    let (get, post, change) = (Method::GET, Method::POST, Method::PATCH);
    let cases = [
        // what, its request, its status, the most units that it reads and writes
        ("look-up of nobody", &get, &nobody, null.clone(), 200, 2.0, 0.0),
        ("look-up", &get, &by_name, null.clone(), 200, 4.0, 0.0),
        ("read", &get, &user, null, 200, 3.0, 0.0),
        ("create", &post, &"/Users".to_owned(), grace, 201, 1.0, 19.0),
        ("disable", &change, &user, active(false), 200, 3.0, 6.0),
        ("disable again", &change, &user, active(false), 200, 3.0, 0.0),
        ("enable", &change, &user, active(true), 200, 3.0, 6.0),
        ("add a member", &change, &group, member("Add"), 204, 2.0, 10.0),
        ("remove a member", &change, &group, member("Remove"), 204, 2.0, 10.0),
    ];
    for (what, method, path, body, status, read, write) in cases {
        let (cost, _) = cost(&world, &entra, method, path, &body, status).await;
        assert!(cost.units.read <= read && cost.units.write <= write, "{what}: {cost:?}");
        // A change that changes nothing is none.
        assert_eq!(cost.units.write > 0.0, write > 0.0, "{what}: {cost:?}");
        assert_eq!(cost.transactions, usize::from(write > 0.0), "{what}: {cost:?}");
    }
}

#[tokio::test]
async fn page_500_reached_by_walking_costs_what_page_1_costs() {
    let (world, entra, _) = provisioned().await;
    for number in 0..510 {
        world.user(&format!("user-{number}")).await;
    }
    let mut costs = Vec::new();
    for page in 1..=500 {
        let path = format!("/Users?startIndex={page}&count=1");
        let (cost, list) = cost(&world, &entra, &Method::GET, &path, &Value::Null, 200).await;
        assert_eq!(list["Resources"].as_array().unwrap().len(), 1, "{page}");
        assert_eq!(list["startIndex"], page);
        costs.push(cost);
    }
    // From the second on, each reads where it begins; where a partition of the index ends, eight more
    // are looked at together. Nothing grows with the distance.
    let first = costs[0];
    let usual = Cost {
        reads: first.reads + 1,
        units: Capacity { read: first.units.read + 1.0, ..first.units },
        ..first
    };
    assert_eq!(first.transactions, 1, "it notes where the next one begins: {first:?}");
    let unusual = costs[1..].iter().filter(|cost| **cost != usual).collect::<Vec<_>>();
    assert!(unusual.len() <= 2 * 16, "{} of {usual:?}", unusual.len());
    for cost in unusual {
        assert!(cost.reads <= usual.reads + 2 * 8, "{cost:?} {usual:?}");
        assert!(cost.units.read <= usual.units.read + 2.0 * 8.0, "{cost:?} {usual:?}");
    }
    let last = &costs[450..];
    assert!(last.contains(&usual), "{last:?}");
}
