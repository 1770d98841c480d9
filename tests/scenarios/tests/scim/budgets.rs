//! What each operation asks of the table, counted on the wire.

use http::Method;
use scenarios::scim::{encoded, entra_user, patch};
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
            Cost::of(1, 0, 1, 1),
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
            "replace, which gives the access back",
            &put,
            user.clone(),
            json!({ "userName": "c@contoso.test" }),
            200,
            Cost::of(1, 0, 1, 1),
        ),
        (
            "add a member",
            &patch_,
            group.clone(),
            op("Add", "members", member.clone()),
            204,
            Cost::of(1, 0, 1, 0),
        ),
        ("ask for a member", &get, is_member, null.clone(), 200, Cost::of(2, 0, 0, 0)),
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
        ("find a group", &get, by_group_name, null.clone(), 200, Cost::of(2, 0, 0, 0)),
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

#[tokio::test]
async fn a_page_of_a_filter_reads_on_from_where_the_one_before_ended() {
    let (world, entra) = with_entra().await;
    for number in 0..160 {
        world.user(&format!("user-{number}")).await;
    }
    entra.get("/Users?count=1").await.expect(200);
    let filter = "filter=active%20eq%20true&count=20";
    for query in [filter.to_owned(), format!("{filter}&sortBy=userName")] {
        let (mut by_index, mut by_cursor, mut cursor) = (Vec::new(), Vec::new(), String::new());
        for page in 0..9 {
            let path = format!("/Users?{query}&startIndex={}", 20 * page + 1);
            by_index.push(cost(&world, &entra, Method::GET, &path, &Value::Null, 200).await);
            let path = format!("/Users?{query}&cursor={}", encoded(&cursor));
            world.scim.calls();
            let list = entra.get(&path).await.expect(200);
            by_cursor.push(Cost::counted(&world.scim.calls()));
            cursor = list["nextCursor"].as_str().unwrap_or_default().to_owned();
            assert_eq!(cursor.is_empty(), page == 8, "{query}: {page}");
        }
        // The first page reads the key, the total and everybody, fifty at once; each one after it the
        // key, where it begins, and twenty-one people.
        let reads = |costs: &[Cost]| costs.iter().map(|cost| cost.reads).collect::<Vec<_>>();
        assert_eq!(reads(&by_index), [5, 3, 3, 3, 3, 3, 3, 3, 3], "{query}");
        assert_eq!(reads(&by_cursor), [5, 2, 2, 2, 2, 2, 2, 2, 2], "{query}");
        assert!(by_index.iter().all(|cost| cost.queries <= 17 && cost.writes == 1), "{by_index:?}");
        assert!(by_cursor.iter().all(|cost| cost.queries <= 17 && cost.writes == 0), "{query}");
    }
}

#[tokio::test]
async fn members_cost_a_query_of_each_partition_for_each_group_that_is_shown_with_them() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let mut groups = Vec::new();
    for name in ["Staff", "Sales", "Support"] {
        let group = json!({ "displayName": name, "members": [{ "value": id(&ada) }] });
        groups.push(entra.post("/Groups", &group).await.expect(201));
    }
    let one = group_path(&groups[0]);
    let cases = [
        // The group is read with the key, and again to be sure that its members are of one instant.
        (one.as_str(), Cost::of(2, 16, 0, 0)),
        ("/Groups", Cost::of(2 + 3, 17 + 3 * 16, 0, 0)),
        ("/Groups?excludedAttributes=members", Cost::of(2, 17, 0, 0)),
    ];
    for (path, expected) in cases {
        let cost = cost(&world, &entra, Method::GET, path, &Value::Null, 200).await;
        assert_eq!(cost, expected, "{path}");
    }
}
