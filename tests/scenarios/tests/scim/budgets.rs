//! What each operation asks of the table, counted on the wire.

use http::Method;
use scenarios::scim::{entra_user, patch};
use scenarios::{Call, Provisioner, World};
use serde_json::{Value, json};

use crate::{group_path, id, object, path, with_entra};

/// Calls of one operation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    reads: usize,
    queries: usize,
    writes: usize,
    events: usize,
}

impl Cost {
    const fn of(reads: usize, queries: usize, writes: usize, events: usize) -> Self {
        Self { reads, queries, writes, events }
    }

    fn counted(calls: &[Call]) -> Self {
        let mut cost = Self::default();
        for call in calls {
            match (call.service, call.operation.as_str()) {
                ("dynamodb", "GetItem" | "BatchGetItem") => cost.reads += 1,
                ("dynamodb", "Query") => cost.queries += 1,
                ("dynamodb", "TransactWriteItems") => cost.writes += 1,
                ("events", _) => cost.events += 1,
                other => panic!("{other:?}"),
            }
        }
        cost
    }
}

async fn cost(
    world: &World,
    client: &Provisioner,
    method: Method,
    path: &str,
    body: &Value,
    status: u16,
) -> Cost {
    world.scim.calls();
    client.call(method, path, body).await.expect(status);
    Cost::counted(&world.scim.calls())
}

#[tokio::test]
async fn an_operation_costs_one_read_with_its_key_and_one_transaction() {
    let (world, entra) = with_entra().await;
    // The key's use is recorded now, and for a quarter of an hour not again.
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let staff = entra
        .post("/Groups", &json!({ "displayName": "Staff", "externalId": "s" }))
        .await
        .expect(201);
    let (user, group) = (path(&ada), group_path(&staff));
    let op = |op: &str, path: &str, value: Value| {
        patch(json!([{ "op": op, "path": path, "value": value }]))
    };
    let member = json!([{ "value": id(&ada) }]);
    let null = Value::Null;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (patch_, delete) = (Method::PATCH, Method::DELETE);
    let by_name = "/Users?filter=userName%20eq%20%22ada@contoso.test%22".to_owned();
    let by_external = format!("/Users?filter=externalId%20eq%20%22{}%22", object(1));
    let by_id = format!("/Users?filter=id%20eq%20%22{}%22", id(&ada));
    let nobody = "/Users?filter=userName%20eq%20%227b5d%22".to_owned();
    let by_mail = "/Users?filter=emails.value%20eq%20%22ada@contoso.test%22".to_owned();
    let by_group_name =
        "/Groups?filter=displayName%20eq%20%22Staff%22&excludedAttributes=members".to_owned();
    let is_member = format!(
        "/Groups?filter=id%20eq%20%22{}%22%20and%20members%20eq%20%22{}%22&attributes=id",
        id(&staff),
        id(&ada)
    );
    let without_members = format!("{group}?excludedAttributes=members");
    let cases = [
        (
            "create",
            &post,
            "/Users".to_owned(),
            entra_user("grace", &object(2)),
            201,
            Cost::of(1, 0, 1, 0),
        ),
        ("read", &get, user.clone(), null.clone(), 200, Cost::of(1, 0, 0, 0)),
        ("find by name", &get, by_name, null.clone(), 200, Cost::of(2, 0, 0, 0)),
        ("find by external id", &get, by_external, null.clone(), 200, Cost::of(2, 0, 0, 0)),
        ("find by id", &get, by_id, null.clone(), 200, Cost::of(1, 0, 0, 0)),
        ("test of the connection", &get, nobody, null.clone(), 200, Cost::of(1, 0, 0, 0)),
        ("find by e-mail", &get, by_mail, null.clone(), 200, Cost::of(2, 1, 0, 0)),
        (
            "disable",
            &patch_,
            user.clone(),
            op("Replace", "active", json!("False")),
            200,
            Cost::of(1, 0, 1, 0),
        ),
        (
            "disable again",
            &patch_,
            user.clone(),
            op("Replace", "active", json!("False")),
            200,
            Cost::of(1, 0, 0, 0),
        ),
        (
            "rename",
            &patch_,
            user.clone(),
            op("Replace", "userName", json!("b@contoso.test")),
            200,
            Cost::of(1, 0, 1, 0),
        ),
        (
            "replace",
            &put,
            user.clone(),
            json!({ "userName": "c@contoso.test" }),
            200,
            Cost::of(1, 0, 1, 0),
        ),
        (
            "add a member",
            &patch_,
            group.clone(),
            op("Add", "members", member.clone()),
            204,
            Cost::of(1, 0, 1, 0),
        ),
        ("ask for a member", &get, is_member, null.clone(), 200, Cost::of(3, 0, 0, 0)),
        (
            "remove a member",
            &patch_,
            group.clone(),
            op("Remove", "members", member),
            204,
            Cost::of(1, 0, 1, 0),
        ),
        (
            "rename a group",
            &patch_,
            group.clone(),
            op("Replace", "displayName", json!("Staff")),
            204,
            Cost::of(1, 0, 0, 0),
        ),
        ("read a group", &get, without_members, null.clone(), 200, Cost::of(1, 0, 0, 0)),
        ("find a group", &get, by_group_name, null.clone(), 200, Cost::of(3, 0, 0, 0)),
        (
            "what the server can do",
            &get,
            "/ServiceProviderConfig".to_owned(),
            null.clone(),
            200,
            Cost::of(1, 0, 0, 0),
        ),
        ("delete", &delete, user, null.clone(), 204, Cost::of(1, 0, 1, 1)),
        ("delete a group", &delete, group, null, 204, Cost::of(1, 0, 1, 1)),
    ];
    for (what, method, path, body, status, expected) in cases {
        let cost = cost(&world, &entra, method.clone(), &path, &body, status).await;
        assert_eq!(cost, expected, "{what}");
    }
}

#[tokio::test]
async fn a_page_costs_the_same_wherever_somebody_walked_to() {
    let (world, entra) = with_entra().await;
    for number in 0..60 {
        world.user(&format!("user-{number}")).await;
    }
    entra.get("/Users?count=1").await.expect(200);
    for query in ["", "sortBy=userName&"] {
        let mut costs = Vec::new();
        for page in 0..6 {
            let path = format!("/Users?{query}startIndex={}&count=10", 10 * page + 1);
            costs.push(cost(&world, &entra, Method::GET, &path, &Value::Null, 200).await);
        }
        // A page reads the key, where it begins, the total, the index, and the users: and notes
        // where the next one begins.
        let reads = costs.iter().map(|cost| cost.reads).collect::<Vec<_>>();
        assert_eq!(reads, [2, 3, 3, 3, 3, 3], "{query}");
        let most = costs.iter().map(|cost| cost.queries).max().unwrap();
        assert!(most <= 17, "{query}: {costs:?}");
        assert!(costs.iter().all(|cost| cost.writes == 1), "{query}: {costs:?}");
    }
}
