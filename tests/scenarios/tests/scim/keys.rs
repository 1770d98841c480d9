//! Keys: made, shown once, listed, revoked; and what a wrong one opens, which is nothing.

use futures_util::future::join_all;
use http::Method;
use jiff::SignedDuration;
use scenarios::{Call, Provisioner, World};
use serde_json::{Value, json};

use crate::with_entra;

/// Every endpoint, with a body where one belongs.
fn endpoints(user: &str, group: &str) -> Vec<(Method, String)> {
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let of = |methods: &[&Method], path: &str| {
        methods.iter().map(|method| ((*method).clone(), path.to_owned())).collect::<Vec<_>>()
    };
    [
        of(&[&get, &post, &put, &patch, &delete], ""),
        of(&[&get, &post, &put, &delete], "/Users"),
        of(&[&get], "/Users?filter=userName%20eq%20%22ada@contoso.test%22"),
        of(&[&get], "/Users?filter=emails.value%20eq%20%22ada@contoso.test%22"),
        of(&[&get], "/Users?filter=title%20pr"),
        of(&[&get, &post, &put, &patch, &delete], &format!("/Users/{user}")),
        of(&[&get, &delete], "/Users/nobody"),
        of(&[&get, &post, &put, &delete], "/Groups"),
        of(&[&get], "/Groups?filter=displayName%20eq%20%22Staff%22"),
        of(&[&get, &post, &put, &patch, &delete], &format!("/Groups/{group}")),
        of(&[&get, &delete], "/Groups/nobody"),
        of(&[&get, &post], "/.search"),
        of(&[&get, &post], "/Users/.search"),
        of(&[&get, &post], "/Groups/.search"),
        of(&[&get, &post], "/Bulk"),
        of(&[&get, &post, &put, &patch, &delete], "/Me"),
        of(&[&get, &post], "/ServiceProviderConfig"),
        of(&[&get, &post], "/ResourceTypes"),
        of(&[&get], "/ResourceTypes/User"),
        of(&[&get, &post], "/Schemas"),
        of(&[&get], "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
        of(&[&get, &post, &put, &patch, &delete], "/Nothing/at/all"),
    ]
    .concat()
}

fn revoke(client: &Provisioner) -> Value {
    json!({ "action": "revoke_scim_key", "domain": "contoso.test", "key_id": client.key_id })
}

async fn list(world: &World) -> Vec<Value> {
    let asked = json!({ "action": "list_scim_keys", "domain": "contoso.test" });
    world.operate(asked).await.unwrap()["keys"].as_array().unwrap().clone()
}

/// What an answer says, apart from when it was given.
fn said(answer: &scenarios::Answer) -> (u16, Value, Vec<String>) {
    let mut headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect::<Vec<_>>();
    headers.sort();
    (answer.status.as_u16(), answer.body.clone(), headers)
}

#[tokio::test]
async fn a_key_is_shown_once_and_only_its_hash_is_kept() {
    let world = World::start().await;
    let payload = json!({
        "action": "create_scim_key", "domain": "contoso.test", "name": " Entra ", "client": "entra",
        "expires_days": 30,
    });

    let made = world.operate(payload).await.unwrap();

    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("passerelle_scim_") && key.len() == 66, "{key}");
    let tenant_url = format!("{}/scim/v2/{}", world.base_url, world.organization);
    assert_eq!(made["tenant_url"], tenant_url);
    assert_eq!((&made["name"], &made["client"]), (&json!("Entra"), &json!("entra")));
    let words = world.records().await.words();
    let secret = key.split_at(16).1.split_at(43).0;
    assert!(!words.iter().any(|word| word.contains(secret)), "the key is stored");
    let [listed] = list(&world).await.try_into().unwrap();
    assert_eq!(listed["key_id"], made["key_id"]);
    assert_eq!((&listed["days_left"], &listed["holds"]), (&json!(30), &json!(true)));
    assert_eq!(listed["last_used_at"], Value::Null);
    assert!(!listed.to_string().contains(secret));
    let audit = world.records().await.audit();
    let entry = audit.iter().find(|entry| entry["action"] == "scim_key_created").unwrap();
    assert_eq!((&entry["actor"], &entry["key"]), (&json!("operator"), &made["key_id"]));
}

#[tokio::test]
async fn a_key_is_not_made_listed_or_revoked_for_what_makes_no_sense() {
    let (world, entra) = with_entra().await;
    let create = |change: Value| {
        let mut payload = json!({
            "action": "create_scim_key", "domain": "contoso.test", "name": "n", "client": "entra",
        });
        for (name, value) in change.as_object().unwrap() {
            payload[name] = value.clone();
        }
        payload
    };
    let cases = [
        (create(json!({ "name": " " })), "BadRequest", "`name`"),
        (create(json!({ "name": "x".repeat(65) })), "BadRequest", "`name`"),
        (create(json!({ "name": "a\nb" })), "BadRequest", "`name`"),
        (create(json!({ "expires_days": 0 })), "BadRequest", "`expires_days`"),
        (create(json!({ "expires_days": 4000 })), "BadRequest", "`expires_days`"),
        (create(json!({ "client": "okta" })), "BadRequest", "unknown variant"),
        (create(json!({ "domain": "x" })), "BadRequest", "`domain`"),
        (create(json!({ "domain": "fabrikam.test" })), "NotFound", "no organization"),
        (create(json!({ "expire_days": 3 })), "BadRequest", "unknown field"),
        (json!({ "action": "list_scim_keys", "domain": "fabrikam.test" }), "NotFound", "bootstrap"),
        (
            json!({ "action": "revoke_scim_key", "domain": "contoso.test", "key_id": entra.key }),
            "BadRequest",
            "`key_id`",
        ),
        (
            json!({ "action": "revoke_scim_key", "domain": "contoso.test", "key_id": "0".repeat(32) }),
            "NotFound",
            "no such key",
        ),
    ];
    let before = world.records().await;
    for (payload, kind, why) in cases {
        let error = world.operate(payload.clone()).await.unwrap_err();
        assert_eq!(error["errorType"], kind, "{payload}");
        assert!(error["errorMessage"].as_str().unwrap().contains(why), "{payload}: {error}");
    }
    assert_eq!(world.records().await, before, "nothing is written");
    for number in 1..20 {
        world.operate(create(json!({ "name": number.to_string() }))).await.unwrap();
    }
    let error = world.operate(create(json!({}))).await.unwrap_err();
    assert_eq!(error["errorType"], "Refused", "the twenty-first key");
    world.operate(revoke(&entra)).await.unwrap();
    world.operate(create(json!({}))).await.unwrap();
}

#[tokio::test]
async fn of_sixteen_who_want_the_last_key_at_once_one_gets_it() {
    let world = World::start().await;
    let payload = json!({
        "action": "create_scim_key", "domain": "contoso.test", "name": "n", "client": "entra",
    });
    for _ in 0..19 {
        world.operate(payload.clone()).await.unwrap();
    }

    let made = join_all((0..16).map(|_| world.operate(payload.clone()))).await;

    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), list(&world).await.len()), (1, 20));
    for error in refused {
        // Whoever lost too many races may ask again, and is refused then.
        let kind = error.unwrap_err()["errorType"].as_str().unwrap().to_owned();
        assert!(["Refused", "Unavailable"].contains(&kind.as_str()), "{kind}");
    }
    world.quiet().await;
}

#[tokio::test]
async fn a_wrong_key_makes_no_work_of_what_it_names() {
    let (world, entra) = with_entra().await;
    let foreign = world.provisioner(&world.found("Fabrikam", "fabrikam.test").await, "entra").await;
    let wrong = entra.with_key(&foreign.key);
    // Somebody whom nobody could read: the key alone decides the answer.
    let somebody = world.pretend_people(1).await.remove(0);
    let filter = format!("/Users?filter=id%20eq%20%22{somebody}%22");
    for path in [format!("/Users/{somebody}"), filter] {
        entra.get(&path).await.assert_error(500, None, "it cannot be read");
        wrong.get(&path).await.assert_error(401, None, "a wrong key");
    }
}

#[tokio::test]
async fn a_revoked_or_expired_key_opens_nothing_from_that_instant() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let payload = json!({
        "action": "create_scim_key", "domain": "contoso.test", "name": "n", "client": "entra",
        "expires_days": 1,
    });
    let made = world.operate(payload).await.unwrap();
    let brief = entra.with_key(made["key"].as_str().unwrap());
    for client in [&entra, &other, &brief] {
        client.get("/Users").await.expect(200);
    }

    world.operate(revoke(&entra)).await.unwrap();

    entra.get("/Users").await.assert_error(401, None, "revoked");
    other.get("/Users").await.expect(200);
    assert!(world.operate(revoke(&entra)).await.is_err(), "revoked twice");
    world.clock.pass(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    brief.get("/Users").await.expect(200);
    world.clock.pass(SignedDuration::from_secs(1));
    brief.get("/Users").await.assert_error(401, None, "expired");
    let keys = list(&world).await;
    assert_eq!(keys.len(), 2, "a revoked key is gone, an expired one is not");
    assert!(keys.iter().any(|key| key["holds"] == false && key["days_left"] == 0));
    let audit = world.records().await.audit();
    let revoked = audit.iter().filter(|entry| entry["action"] == "scim_key_revoked");
    assert_eq!(revoked.count(), 1);
}

#[tokio::test]
async fn the_last_use_is_known_without_a_write_for_each() {
    let (world, entra) = with_entra().await;
    let writes = || {
        let calls = world.scim.calls();
        calls.iter().filter(|call| call.operation == "TransactWriteItems").count()
    };
    let read = async || entra.get("/ServiceProviderConfig").await.expect(200);

    read().await;
    assert_eq!(writes(), 1, "the first use");
    let first = world.now();
    world.clock.pass(SignedDuration::from_secs(899));
    read().await;
    assert_eq!(writes(), 0, "within a quarter of an hour");
    assert_eq!(list(&world).await[0]["last_used_at"], first.to_string());
    world.clock.pass(SignedDuration::from_secs(1));
    read().await;
    assert_eq!(writes(), 1, "after it");
    assert_eq!(list(&world).await[0]["last_used_at"], world.now().to_string());
}

#[tokio::test]
async fn every_endpoint_says_the_same_to_every_wrong_key_and_nothing_else() {
    let (world, entra) = with_entra().await;
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    let foreign = world.provisioner(&fabrikam, "entra").await;
    let ada = entra.create(&scenarios::scim::entra_user("ada", &"0".repeat(36))).await;
    let user = ada["id"].as_str().unwrap();
    let group = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let group = group["id"].as_str().unwrap();
    let revoked = world.other_client().await;
    world.operate(revoke(&revoked)).await.unwrap();
    // A quarter of an hour from now nobody's use is worth recording.
    foreign.get("/Users").await.expect(200);
    let unknown = "0".repeat(32);
    let mut in_unknown = entra.clone();
    let organization = world.organization.to_string();
    in_unknown.tenant_url = entra.tenant_url.replace(&organization, &unknown);
    let broken = entra.key.replace("passerelle", "Passerelle");
    let wrong = [
        ("of another organization", entra.with_key(&foreign.key)),
        ("revoked", revoked),
        ("in an organization that is none", in_unknown),
        ("misspelt", entra.with_key(&broken)),
        ("empty", entra.with_key("")),
        ("a token of Entra's own", entra.with_key("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")),
    ];
    let before = world.records().await;
    for (method, path) in endpoints(user, group) {
        let body = json!({ "userName": "x", "displayName": "x", "Operations": [] });
        let mut answers = Vec::new();
        let mut costs = Vec::new();
        for (what, client) in &wrong {
            world.scim.calls();
            let answer = client.call(method.clone(), &path, &body).await;
            let what = format!("{method} {path} {what}");
            answer.assert_error(401, None, &what);
            let calls = world.scim.calls();
            let one_read = |call: &Call| call.operation.ends_with("GetItem");
            assert!(calls.len() <= 1 && calls.iter().all(one_read), "{what}: {calls:?}");
            costs.push(calls);
            answers.push((said(&answer), what));
        }
        for (answer, what) in &answers {
            assert_eq!(answer, &answers[0].0, "{what}");
        }
        // What the table must be asked about is asked in the same way; the rest is not asked at all.
        assert_eq!(costs[0], costs[1], "{method} {path}");
        assert_eq!(costs[0], costs[2], "{method} {path}");
        assert!(costs[3..].iter().all(Vec::is_empty), "{method} {path}");
    }
    assert_eq!(world.records().await, before, "nothing is written");
}

#[tokio::test]
async fn only_the_authorization_header_is_asked_and_only_once() {
    let (_world, entra) = with_entra().await;
    let url = format!("{}/Users", entra.tenant_url);
    let client = reqwest::Client::new();
    let key = &entra.key;
    let cases = [
        (client.get(&url), 401, "none"),
        (client.get(format!("{url}?access_token={key}")), 401, "in the query"),
        (client.get(&url).header("authorization", key), 401, "without its scheme"),
        (client.get(&url).basic_auth("key", Some(key)), 401, "as a password"),
        (client.get(&url).bearer_auth(key).bearer_auth(key), 401, "twice"),
        (client.get(&url).header("authorization", format!("bearer  {key}")), 200, "in lower case"),
        (client.get(&url).header("authorization", format!("BEARER {key}")), 200, "in capitals"),
    ];
    for (request, status, what) in cases {
        assert_eq!(request.send().await.unwrap().status(), status, "{what}");
    }
}
