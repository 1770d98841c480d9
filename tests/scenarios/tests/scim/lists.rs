//! Lists: pages by place and by cursor, orders, searches.

use std::collections::BTreeSet;

use scenarios::scim::{encoded, entra_user};
use scenarios::{Provisioner, World};
use serde_json::{Value, json};

use crate::{id, object, with_entra};

async fn people(world: &World, count: usize) {
    for number in 0..count {
        world.user(&format!("user-{number:03}")).await;
    }
}

fn names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    resources.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
}

/// Walks by startIndex, as Entra does, and answers who was seen.
async fn walk(entra: &Provisioner, query: &str, count: usize) -> Vec<String> {
    walk_from(entra, query, count, 1).await
}

async fn walk_from(
    entra: &Provisioner,
    query: &str,
    count: usize,
    mut start: usize,
) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let path = format!("/Users?{query}&startIndex={start}&count={count}");
        let page = entra.get(&path).await.expect(200);
        assert_eq!(page["startIndex"], start);
        let names = names(&page);
        assert_eq!(page["itemsPerPage"], names.len());
        if names.is_empty() {
            return seen;
        }
        start += names.len();
        seen.extend(names);
    }
}

/// Walks by cursor, and answers who was seen.
async fn follow(entra: &Provisioner, query: &str, count: usize) -> Vec<String> {
    follow_from(entra, query, count, String::new()).await
}

async fn follow_from(
    entra: &Provisioner,
    query: &str,
    count: usize,
    mut cursor: String,
) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let path = format!("/Users?{query}&cursor={}&count={count}", encoded(&cursor));
        let page = entra.get(&path).await.expect(200);
        assert!(page.get("startIndex").is_none());
        seen.extend(names(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn every_way_through_a_list_sees_everybody_once() {
    let (world, entra) = with_entra().await;
    people(&world, 20).await;
    let mut everybody = (0..20).map(|n| format!("user-{n:03}@contoso.test")).collect::<Vec<_>>();
    everybody.insert(0, "admin@contoso.test".to_owned());
    let backwards = everybody.iter().rev().cloned().collect::<Vec<_>>();
    let all = everybody.iter().cloned().collect::<BTreeSet<_>>();

    for count in [4, 21, 200] {
        for seen in [walk(&entra, "", count).await, follow(&entra, "", count).await] {
            assert_eq!(seen.len(), 21, "{count}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all, "{count}");
        }
        for query in
            ["sortBy=userName", "filter=active%20eq%20true&sortBy=userName", "sortBy=displayName"]
        {
            let seen = walk(&entra, query, count).await;
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 21, "{query} {count}");
            if query != "sortBy=displayName" {
                assert_eq!(seen, everybody, "{query} {count}");
                assert_eq!(follow(&entra, query, count).await, everybody, "{query} {count}");
            }
        }
        let seen = walk(&entra, "sortBy=userName&sortOrder=descending", count).await;
        assert_eq!(seen, backwards, "{count}");
        let seen = follow(&entra, "sortBy=username&sortOrder=Descending", count).await;
        assert_eq!(seen, backwards, "{count}");
    }
    // A jump that nobody walked to.
    let page = entra.get("/Users?sortBy=userName&startIndex=20&count=5").await.expect(200);
    assert_eq!(names(&page), everybody[19..]);
    // Of a bookmark of a former shape nothing is left but the place that it stood for.
    let first = entra.get("/Users?sortBy=userName&count=4").await.expect(200);
    assert_eq!(names(&first), everybody[..4]);
    assert!(world.reshape("WALK").await > 0);
    let next = entra.get("/Users?sortBy=userName&startIndex=5&count=4").await.expect(200);
    assert_eq!(names(&next), everybody[4..8]);
    let beyond = entra.get("/Users?startIndex=22").await.expect(200);
    assert_eq!((&beyond["totalResults"], &beyond["itemsPerPage"]), (&json!(21), &json!(0)));
    let none = entra.get("/Users?count=0").await.expect(200);
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(21), &json!([])));
}

#[tokio::test]
async fn pages_stay_what_they_are_while_people_come_and_go() {
    let (world, entra) = with_entra().await;
    people(&world, 30).await;
    let queries = [
        "",
        "sortBy=userName",
        "filter=active%20eq%20true",
        "filter=userName%20pr&sortBy=userName",
        "filter=userName%20pr&sortBy=userName&sortOrder=descending",
    ];
    for (round, query) in queries.into_iter().enumerate() {
        let first = entra.get(&format!("/Users?{query}&count=10")).await.expect(200);
        let by_cursor = entra.get(&format!("/Users?{query}&cursor&count=10")).await.expect(200);
        assert_eq!(names(&first), names(&by_cursor));
        let all = walk(&entra, query, 50).await;
        assert_eq!(names(&first), all[..10], "{query}");
        // Somebody comes before, and somebody of the first page goes, the last one too.
        let name = if query.contains("descending") { "zzz" } else { "aaa" };
        let new = entra.create(&entra_user(&format!("{name}-{round}"), &object(round))).await;
        let new = new["userName"].as_str().unwrap();
        let gone = &first["Resources"][if round % 2 == 0 { 9 } else { 3 }];
        if gone["userName"] != "admin@contoso.test" {
            entra.delete(&format!("/Users/{}", id(gone))).await.expect(204);
        }

        let next = by_cursor["nextCursor"].as_str().unwrap().to_owned();
        for rest in
            [walk_from(&entra, query, 10, 11).await, follow_from(&entra, query, 10, next).await]
        {
            let seen = rest.iter().filter(|name| *name != new).collect::<Vec<_>>();
            assert_eq!(seen, all[10..].iter().collect::<Vec<_>>(), "{query}");
            // Where nothing is sorted, somebody new may be anywhere, but once.
            let most = usize::from(!query.contains("sortBy"));
            assert!(rest.len() - seen.len() <= most, "{query}: {rest:?}");
        }
    }
}

#[tokio::test]
async fn whoever_walks_on_at_the_end_sees_who_came_meanwhile_and_nobody_twice() {
    let (_world, entra) = with_entra().await;
    for number in 0..12 {
        let mut user = entra_user(&format!("user-{number:03}"), &object(number));
        user["emails"] = json!([{ "type": "home", "value": "shared@x.test" }]);
        entra.create(&user).await;
    }
    let shared = "filter=emails.value%20eq%20%22shared@x.test%22";
    for (round, query) in ["", "sortBy=userName", shared].into_iter().enumerate() {
        let all = walk(&entra, query, 5).await;
        let mut seen = walk_from(&entra, query, 5, 1).await;
        assert_eq!(seen, all, "{query}");
        // By name they come before everybody, by id anywhere.
        let new = (0..6).map(|number| {
            let mut user =
                entra_user(&format!("aaa-{round}-{number}"), &object(100 + 10 * round + number));
            user["emails"] = json!([{ "type": "home", "value": "shared@x.test" }]);
            user
        });
        for user in new {
            entra.create(&user).await;
        }
        seen.extend(walk_from(&entra, query, 5, all.len() + 1).await);
        let once = seen.iter().collect::<BTreeSet<_>>();
        assert_eq!(once.len(), seen.len(), "{query}: {seen:?}");
    }
}

#[tokio::test]
async fn pages_of_what_an_index_names_stay_what_they_are_as_well() {
    let (_world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    for number in 0..12 {
        let mut user = entra_user(&format!("user{number}"), &object(number));
        user["emails"] = json!([{ "type": "home", "value": "shared@x.test" }]);
        entra.create(&user).await;
    }
    for round in 0..2 {
        let query = "filter=emails.value%20eq%20%22shared@x.test%22";
        let first = entra.get(&format!("/Users?{query}&count=4")).await.expect(200);
        let by_cursor = entra.get(&format!("/Users?{query}&cursor&count=4")).await.expect(200);
        assert_eq!(names(&first), names(&by_cursor));
        let all = walk(&entra, query, 50).await;
        assert_eq!(all.len(), 12 - round);
        let gone = &first["Resources"][if round == 0 { 3 } else { 1 }];
        entra.delete(&format!("/Users/{}", id(gone))).await.expect(204);

        let next = by_cursor["nextCursor"].as_str().unwrap().to_owned();
        for rest in
            [walk_from(&entra, query, 4, 5).await, follow_from(&entra, query, 4, next).await]
        {
            assert_eq!(rest, all[4..], "whoever was not shown yet, and each once");
        }
    }
    let members = format!("filter=id%20eq%20%22{}%22&startIndex=2", id(&staff));
    let page = entra.get(&format!("/Groups?{members}")).await.expect(200);
    assert_eq!((&page["totalResults"], page.get("Resources")), (&json!(1), Some(&json!([]))));
}

#[tokio::test]
async fn the_total_of_a_filter_is_exact_where_a_walk_begins_and_where_it_ends() {
    let (world, entra) = with_entra().await;
    people(&world, 20).await;
    let page = async |query: &str| {
        let page = entra.get(&format!("/Users?filter=userName%20pr&{query}")).await.expect(200);
        let next = page["nextCursor"].as_str().map(encoded);
        (page["totalResults"].clone(), page["Resources"].as_array().unwrap().clone(), next)
    };
    assert_eq!(page("count=0").await.0, 21);
    let (total, first, _) = page("count=10").await;
    assert_eq!((total, first.len()), (json!(21), 10));
    let (_, _, cursor) = page("cursor&count=10").await;
    let mut gone = first.iter().filter(|user| user["userName"] != "admin@contoso.test");
    entra.delete(&format!("/Users/{}", id(gone.next().unwrap()))).await.expect(204);

    let (total, second, _) = page("startIndex=11&count=10").await;
    assert_eq!((total, second.len()), (json!(21), 10), "as it was when the walk began");
    let (total, last, _) = page("startIndex=21&count=10").await;
    assert_eq!((total, last.len()), (json!(21), 1), "everything that was passed, and this");
    let (total, none, _) = page("startIndex=22&count=10").await;
    assert_eq!((total, none.len()), (json!(21), 0));
    let (_, _, next) = page(&format!("cursor={}&count=10", cursor.unwrap())).await;
    let (total, last, next) = page(&format!("cursor={}&count=10", next.unwrap())).await;
    assert_eq!((total, last.len(), next), (json!(21), 1, None));
    // Whoever jumps has everything counted anew.
    let (total, some, _) = page("startIndex=18&count=10").await;
    assert_eq!((total, some.len()), (json!(20), 3));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_query_alone() {
    let (world, entra) = with_entra().await;
    people(&world, 5).await;
    let cursor = async |query: &str| {
        let page = entra.get(&format!("/Users?{query}&cursor&count=2")).await.expect(200);
        encoded(page["nextCursor"].as_str().unwrap())
    };
    let plain = cursor("").await;
    let sorted = cursor("sortBy=userName").await;
    let filtered = cursor("filter=active%20eq%20true").await;
    let cases = [
        format!("/Users?sortBy=userName&cursor={plain}"),
        format!("/Users?cursor={sorted}"),
        format!("/Users?sortBy=userName&sortOrder=descending&cursor={sorted}"),
        format!("/Users?cursor={filtered}"),
        format!("/Users?filter=active%20eq%20false&cursor={filtered}"),
        format!("/Groups?cursor={plain}"),
        format!("/?cursor={plain}"),
    ];
    for path in cases {
        entra.get(&path).await.assert_error(400, Some("invalidCursor"), &path);
    }
}

#[tokio::test]
async fn a_filter_that_would_read_too_many_says_so_and_never_times_out() {
    let (world, entra) = with_entra().await;
    let many = [("title pr", 5_001), ("groups pr", 501)];
    for (filter, count) in many {
        world.pretend_users(count - 1).await;
        entra.filter("/Users", filter).await.expect(200);
        world.pretend_users(count).await;
        let refused = entra.filter("/Users", filter).await;
        refused.assert_error(400, Some("tooMany"), filter);
        let narrow =
            entra.filter("/Users", "userName eq \"admin@contoso.test\" and title pr").await;
        assert_eq!(narrow.expect(200)["totalResults"], 0, "an index narrows it");
        let sorted = entra.get("/Users?sortBy=displayName").await;
        assert_eq!(sorted.status.as_u16(), if count > 5_000 { 400 } else { 200 }, "{filter}");
    }
}

#[tokio::test]
async fn a_search_and_the_whole_organization_are_listed_in_the_same_way() {
    let (world, entra) = with_entra().await;
    people(&world, 6).await;
    for name in ["Staff", "Sales", "Support"] {
        entra.post("/Groups", &json!({ "displayName": name })).await.expect(201);
    }
    let search = |body: Value| {
        let mut body = body;
        body["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
        body
    };
    let found = entra
        .post(
            "/Users/.search",
            &search(
                json!({ "filter": "userName sw \"user\"", "count": 2, "attributes": ["userName"] }),
            ),
        )
        .await
        .expect(200);
    assert_eq!((&found["totalResults"], &found["itemsPerPage"]), (&json!(6), &json!(2)));
    let names = found["Resources"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names, ["id", "schemas", "userName"]);
    let found = entra
        .post("/Groups/.search", &search(json!({ "sortBy": "displayName" })))
        .await
        .expect(200);
    let shown =
        found["Resources"].as_array().unwrap().iter().map(|it| it["displayName"].as_str().unwrap());
    assert_eq!(shown.collect::<Vec<_>>(), ["Sales", "Staff", "Support"]);

    let kinds = |list: &Value| {
        let resources = list["Resources"].as_array().unwrap().iter();
        resources
            .map(|it| it["meta"]["resourceType"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let everything = entra.get("/").await.expect(200);
    assert_eq!(everything["totalResults"], 10);
    assert_eq!(kinds(&everything), [vec!["User"; 7], vec!["Group"; 3]].concat());
    let both =
        entra.post("/.search", &search(json!({ "startIndex": 6, "count": 3 }))).await.expect(200);
    assert_eq!(
        (&both["totalResults"], kinds(&both)),
        (&json!(10), vec!["User".into(), "User".into(), "Group".into()])
    );
    let both =
        entra.post("/.search", &search(json!({ "startIndex": 9, "count": 3 }))).await.expect(200);
    assert_eq!(kinds(&both), ["Group", "Group"]);
    let both = entra
        .post("/.search", &search(json!({ "filter": "displayName eq \"staff\"" })))
        .await
        .expect(200);
    assert_eq!((&both["totalResults"], kinds(&both)), (&json!(1), vec!["Group".to_owned()]));
    for count in [1, 3, 7, 100] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = entra
                .get(&format!("/?cursor={}&count={count}", encoded(&cursor)))
                .await
                .expect(200);
            assert_eq!(page["totalResults"], 10);
            seen.extend(page["Resources"].as_array().unwrap().iter().map(|it| id(it).to_owned()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 10, "{count}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 10, "{count}");
    }
}
