//! Lists, page by page.

use http::Method;
use identity::UserId;
use scenarios::scim::encoded;
use scenarios::{Capacity, World};
use serde_json::{Value, json};

use crate::{Cost, check, cost, with_entra};

/// Lets people be there who all stand in one partition of the index, so that each page ends in it.
async fn together(world: &World, count: usize) {
    for number in 0..count {
        let name = format!("person{number:06}");
        let user = |user: &mut identity::User| {
            let mut bytes = *user.id.uuid().as_bytes();
            bytes[0] = 0;
            user.id = UserId::from_bytes(bytes);
        };
        world.user_with(&name, user).await;
    }
}

#[tokio::test]
async fn a_page_costs_the_users_that_it_shows_and_a_filter_those_that_are_read_for_it() {
    let (world, entra) = with_entra().await;
    together(&world, 250).await;
    for name in ["Staff", "Sales", "Support"] {
        entra.post("/Groups", &json!({ "displayName": name })).await.expect(201);
    }
    let scan = format!("/Users?filter={}", encoded("displayName sw \"person\""));
    let scan_2 = format!("{scan}&startIndex=101");
    let search = |query: Value| {
        let mut body =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        body.as_object_mut().unwrap().extend(query.as_object().unwrap().clone());
        body
    };
    let one = search(json!({ "filter": "userName eq \"person000001@contoso.test\"" }));
    let (all, null) = (search(json!({ "count": 100 })), &Value::Null);
    let (get, post) = (&Method::GET, &Method::POST);
    // The key, the total, a hundred and one keys of the index, and a hundred people, fifty at once.
    let page = Cost::of(1 + 1 + 1 + 2, 1.0 + 1.0 + 2.5 + 200.0);
    // Where it begins, which the page before noted.
    let walked = Cost::of(page.reads + 1, page.units.read + 1.0);
    // The same of each of sixteen partitions; fifteen of them have next to nobody here.
    let sorted = Cost::of(page.reads + 15, page.units.read + 15.0 * 0.5);
    // The key, the total, all keys of the index, and everybody: two hundred and fifty, and one who
    // was there.
    let everybody = Cost::of(1 + 1 + 16 + 6, 1.0 + 1.0 + 5.5 + 15.0 * 0.5 + 251.0 * 2.0);
    // The key, where it begins, and one more than the page shows, to know whether that follows.
    let onwards = Cost::of(1 + 1 + 1 + 3, 1.0 + 1.0 + 2.5 + 101.0 * 2.0);
    let cases = [
        ("page 1", get, "/Users", null, 200, page.and(1, 2.0)),
        ("page 2", get, "/Users?startIndex=101", null, 200, walked.and(1, 2.0)),
        ("page 1 by cursor", get, "/Users?cursor", null, 200, page),
        ("how many there are", get, "/Users?count=0", null, 200, Cost::of(2, 2.0)),
        ("sorted", get, "/Users?sortBy=userName", null, 200, sorted.and(1, 2.0)),
        // Everybody, since no index has that order.
        ("sorted by title", get, "/Users?sortBy=title", null, 200, everybody),
        ("filter", get, &scan, null, 200, everybody.and(1, 2.0)),
        ("filter, page 2", get, &scan_2, null, 200, onwards.and(1, 2.0)),
        ("search for one", post, "/Users/.search", &one, 200, Cost::of(3, 4.0)),
        // No group has a userName: none of them is read to find that out.
        ("search for one, both", post, "/.search", &one, 200, Cost::of(3, 4.0)),
        ("search, page 1", post, "/Users/.search", &all, 200, page.and(1, 2.0)),
        ("groups", get, "/Groups?excludedAttributes=members", null, 200, Cost::of(19, 13.0)),
    ];
    check(&world, &entra, &cases).await;
}

#[tokio::test]
async fn page_500_reached_by_walking_costs_what_page_1_costs() {
    let (world, entra) = with_entra().await;
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
