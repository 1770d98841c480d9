//! Two writers never lose an update.

use http::Method;
use scenarios::scim::{entra_user, patch};
use scenarios::{Answer, Provisioner};
use serde_json::{Value, json};

use crate::{group_path, object, path, with_entra};

async fn conditional(
    client: &Provisioner,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: &Value,
) -> Answer {
    let request = client.request(method, path).header(name, value);
    let request = request.header("content-type", "application/scim+json");
    client.send(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_version_that_is_known_is_not_sent_again_and_one_that_is_over_writes_nothing() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let rename =
        |name: &str| patch(json!([{ "op": "replace", "path": "displayName", "value": name }]));
    for (path, resource, changed) in [(path(&ada), &ada, 200), (group_path(&staff), &staff, 204)] {
        let old = resource["meta"]["version"].as_str().unwrap();
        assert!(old.starts_with("W/\""), "{old}");
        let get = |header| conditional(&entra, Method::GET, &path, header, &Value::Null);
        let known = get(("if-none-match", old)).await;
        assert_eq!((known.status.as_u16(), known.header("etag")), (304, Some(old)));
        assert_eq!(known.body, Value::Null);
        get(("if-none-match", "W/\"0\"")).await.expect(200);
        get(("if-match", old)).await.expect(200);
        get(("if-match", "\"0\"")).await.assert_error(412, None, "another version");

        let write = |header, name| {
            let body = rename(name);
            let (entra, path) = (entra.clone(), path.clone());
            async move { conditional(&entra, Method::PATCH, &path, header, &body).await }
        };
        assert_eq!(write(("if-match", old), "First").await.status, changed);
        let before = world.quiet().await;
        write(("if-match", old), "Second").await.assert_error(412, None, "over");
        write(("if-match", "junk"), "Second").await.assert_error(412, None, "unreadable");
        write(("if-none-match", "*"), "Second").await.assert_error(412, None, "any");
        let put = json!({ "userName": "x", "displayName": "x" });
        let put = conditional(&entra, Method::PUT, &path, ("if-match", old), &put).await;
        put.assert_error(412, None, "a replacement");
        let gone = conditional(&entra, Method::DELETE, &path, ("if-match", old), &Value::Null);
        gone.await.assert_error(412, None, "a deletion");
        world.unchanged_since(&before, "versions that are over").await;
        assert_eq!(entra.get(&path).await.expect(200)["displayName"], "First");
        assert_eq!(write(("if-match", "*"), "Third").await.status, changed);
        let now = entra.get(&path).await;
        let now = now.header("etag").unwrap();
        let gone = conditional(&entra, Method::DELETE, &path, ("if-match", now), &Value::Null);
        gone.await.expect(204);
    }
}

#[tokio::test]
async fn what_changes_by_itself_is_sent_again_and_what_the_server_says_of_itself_is_not() {
    let (_world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let version = ada["meta"]["version"].as_str().unwrap();
    let staff = json!({ "displayName": "Staff", "members": [{ "value": ada["id"] }] });
    let get = async |path: String, version: &str| {
        conditional(&entra, Method::GET, &path, ("if-none-match", version), &Value::Null).await
    };
    for asked in ["?attributes=groups", "?attributes=userName,groups.display"] {
        let before = get(format!("{}{asked}", path(&ada)), version).await.expect(200);
        assert!(before.get("groups").is_none());
    }
    entra.post("/Groups", &staff).await.expect(201);
    let after = get(format!("{}?attributes=groups", path(&ada)), version).await.expect(200);
    assert_eq!(after["groups"][0]["display"], "Staff", "though the user is the same");
    get(format!("{}?attributes=userName", path(&ada)), version).await.expect(304);

    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    for path in [
        "/ServiceProviderConfig".to_owned(),
        "/ResourceTypes".to_owned(),
        "/ResourceTypes/User".to_owned(),
        "/Schemas".to_owned(),
        format!("/Schemas/{user}"),
    ] {
        let first = entra.get(&path).await;
        let tag = first.header("etag").unwrap().to_owned();
        let body = first.expect(200);
        let listed = body["Resources"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        assert!(listed.iter().all(|it| it["meta"]["version"].as_str().is_some()), "{path}");
        if listed == [body.clone()] {
            assert_eq!(body["meta"]["version"], tag, "{path}");
        }
        let known = get(path.clone(), &tag).await;
        assert_eq!((known.status.as_u16(), known.body), (304, Value::Null), "{path}");
        assert_eq!(get(path.clone(), "W/\"0\"").await.expect(200), body, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_of_one_user_lose_no_update() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let fields = ["title", "nickName", "locale", "timezone", "userType", "preferredLanguage"];
    let writers = (0..16).map(|number| {
        let (entra, path) = (entra.clone(), path(&ada));
        tokio::spawn(async move {
            let field = fields[number % fields.len()].to_owned();
            let value = json!({ "type": format!("t{number}"), "value": format!("+{number}") });
            loop {
                let operations = json!([
                    { "op": "add", "path": "phoneNumbers", "value": [value] },
                    { "op": "replace", "path": field, "value": "x" },
                ]);
                let answer = entra.patch(&path, operations).await;
                match answer.status.as_u16() {
                    200 => break,
                    503 => assert!(answer.header("retry-after").is_some()),
                    other => panic!("{other}: {}", answer.body),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }

    let after = entra.get(&path(&ada)).await.expect(200);
    assert_eq!(after["phoneNumbers"].as_array().unwrap().len(), 16);
    assert!(fields.iter().all(|field| after[field] == "x"));
    world.records().await.check_invariants();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_writers_who_insist_on_one_version_one_wins() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let version = ada["meta"]["version"].as_str().unwrap().to_owned();
    let writers = (0..16).map(|number| {
        let (entra, path, version) = (entra.clone(), path(&ada), version.clone());
        tokio::spawn(async move {
            let name = json!([{ "op": "replace", "path": "title", "value": format!("{number}") }]);
            let header = ("if-match", version.as_str());
            conditional(&entra, Method::PATCH, &path, header, &patch(name)).await.status.as_u16()
        })
    });
    let mut statuses = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        statuses.push(writer.await.unwrap());
    }

    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [412; 15]);
    world.records().await.check_invariants();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_who_make_one_user_one_does() {
    let (world, entra) = with_entra().await;
    let makers = (0..16).map(|_| {
        let entra = entra.clone();
        tokio::spawn(async move {
            entra.post("/Users", &entra_user("ada", &object(1))).await.status.as_u16()
        })
    });
    let mut statuses = Vec::new();
    for maker in makers.collect::<Vec<_>>() {
        statuses.push(maker.await.unwrap());
    }

    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert_eq!(statuses[1..], [409; 15]);
    let found = entra.filter("/Users", "userName pr").await.expect(200);
    assert_eq!(found["totalResults"], 2, "the administrator and Ada");
    let records = world.records().await;
    assert_eq!(records.count("#USER_NAME#ada@contoso.test"), 1);
    records.check_invariants();
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_of_one_group_lose_no_member() {
    let (world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let mut users = Vec::new();
    for number in 0..16 {
        let user = entra_user(&format!("user-{number}"), &object(number));
        users.push(entra.create(&user).await["id"].as_str().unwrap().to_owned());
    }
    let writers = users.iter().cloned().map(|user| {
        let (entra, path) = (entra.clone(), group_path(&staff));
        tokio::spawn(async move {
            let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": user }] }]);
            loop {
                match entra.patch(&path, add.clone()).await.status.as_u16() {
                    204 => break,
                    503 => {}
                    other => panic!("{other}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }

    let group = entra.get(&group_path(&staff)).await.expect(200);
    assert_eq!(group["members"].as_array().unwrap().len(), 16);
    world.records().await.check_invariants();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_who_say_who_all_the_members_are_each_is_believed_whole() {
    let (world, entra) = with_entra().await;
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let mut users = Vec::new();
    for number in 0..16 {
        let user = entra_user(&format!("user-{number}"), &object(number));
        users.push(entra.create(&user).await["id"].as_str().unwrap().to_owned());
    }
    let writers = users.iter().cloned().map(|user| {
        let (entra, path) = (entra.clone(), group_path(&staff));
        tokio::spawn(async move {
            let only =
                json!([{ "op": "replace", "path": "members", "value": [{ "value": user }] }]);
            loop {
                match entra.patch(&path, only.clone()).await.status.as_u16() {
                    204 => break,
                    503 => {}
                    other => panic!("{other}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let group = entra.get(&group_path(&staff)).await.expect(200);
    let members = group["members"].as_array().unwrap();
    assert_eq!(members.len(), 1, "nobody said that there are several");
    world.records().await.check_invariants();
}
