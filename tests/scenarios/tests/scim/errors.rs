//! What is refused, and how that is said.

use http::Method;
use scenarios::Provisioner;
use scenarios::scim::{entra_user, patch};
use serde_json::{Value, json};

use crate::{group_path, object, path, with_entra};

async fn raw(
    client: &Provisioner,
    path: &str,
    content_type: &str,
    body: &str,
) -> scenarios::Answer {
    let request = client.request(Method::POST, path).header("content-type", content_type);
    client.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn each_refusal_has_its_status_and_its_kind() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let user = path(&ada);
    let staff = entra.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let group = group_path(&staff);
    let deep = (0..40).fold(json!("x"), |inner, _| json!({ "a": inner }));
    let deep_filter = format!("{}userName eq \"a\"{}", "(".repeat(60), ")".repeat(60));
    let many_terms = vec!["title pr"; 100].join(" and ");
    let emails = (0..60).map(|n| json!({ "value": format!("{n}@x.test") })).collect::<Value>();
    let (post, put, patch_) = (Method::POST, Method::PUT, Method::PATCH);
    let cases = [
        (&post, "/Users", json!([]), 400, Some("invalidSyntax")),
        (&post, "/Users", deep, 400, Some("invalidSyntax")),
        (&post, "/Users", json!({}), 400, Some("invalidValue")),
        (&post, "/Users", json!({ "userName": 7 }), 400, Some("invalidValue")),
        (&post, "/Users", json!({ "userName": "a\u{7}" }), 400, Some("invalidValue")),
        (&post, "/Users", json!({ "userName": "x".repeat(257) }), 400, Some("invalidValue")),
        (&post, "/Users", json!({ "userName": "a", "USERNAME": "b" }), 400, Some("invalidSyntax")),
        (&post, "/Users", json!({ "userName": "a", "emails": emails }), 400, Some("invalidValue")),
        (&post, "/Users", json!({ "userName": "ada@contoso.test" }), 409, Some("uniqueness")),
        (&post, "/Groups", json!({}), 400, Some("invalidValue")),
        (
            &post,
            "/Groups",
            json!({ "displayName": "x", "members": [{ "value": "nobody" }] }),
            400,
            Some("invalidValue"),
        ),
        (
            &post,
            "/Groups",
            json!({ "displayName": "x", "members": [{ "value": "0".repeat(32) }] }),
            400,
            Some("invalidValue"),
        ),
        (&put, user.as_str(), json!({}), 400, Some("invalidValue")),
        (&patch_, user.as_str(), json!({}), 400, Some("invalidSyntax")),
        (&patch_, user.as_str(), patch(json!([])), 400, Some("invalidSyntax")),
        (&patch_, user.as_str(), patch(json!([{ "op": "turn" }])), 400, Some("invalidSyntax")),
        (
            &patch_,
            user.as_str(),
            patch(json!([{ "op": "replace", "path": "a b", "value": 1 }])),
            400,
            Some("invalidPath"),
        ),
        (&patch_, user.as_str(), patch(json!([{ "op": "remove" }])), 400, Some("noTarget")),
        (
            &patch_,
            user.as_str(),
            patch(json!([{ "op": "remove", "path": "userName" }])),
            400,
            Some("mutability"),
        ),
        (
            &patch_,
            user.as_str(),
            patch(json!([{ "op": "replace", "path": "id", "value": "x" }])),
            400,
            Some("mutability"),
        ),
        (
            &patch_,
            user.as_str(),
            patch(json!([{ "op": "replace", "path": "active", "value": "maybe" }])),
            400,
            Some("invalidValue"),
        ),
        (
            &patch_,
            group.as_str(),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }])),
            400,
            Some("invalidValue"),
        ),
        (
            &patch_,
            group.as_str(),
            patch(
                json!([{ "op": "add", "path": "members", "value": [{ "value": "0".repeat(32) }] }]),
            ),
            400,
            Some("invalidValue"),
        ),
        (&post, "/.search", json!([]), 400, Some("invalidSyntax")),
        (&post, "/Users/.search", json!({ "filter": "userName" }), 400, Some("invalidFilter")),
        (&post, "/Bulk", json!({}), 400, Some("invalidSyntax")),
        (&post, "/Bulk", json!({ "Operations": vec![json!({}); 101] }), 413, None),
        (&Method::GET, "/Users?filter=userName", Value::Null, 400, Some("invalidFilter")),
        (&Method::GET, "/Users?startIndex=x", Value::Null, 400, Some("invalidValue")),
        (&Method::GET, "/Users?cursor=x", Value::Null, 400, Some("invalidCursor")),
        (
            &Method::GET,
            "/Users?filter=title%20pr&cursor=x",
            Value::Null,
            400,
            Some("invalidCursor"),
        ),
        (&Method::GET, "/?cursor=x", Value::Null, 400, Some("invalidCursor")),
        (&Method::GET, "/Users?cursor&count=-1", Value::Null, 400, Some("invalidCount")),
        (
            &Method::GET,
            "/Users?sortBy=userName&sortOrder=up",
            Value::Null,
            400,
            Some("invalidValue"),
        ),
        (&Method::GET, "/Users/nobody", Value::Null, 404, None),
        (&Method::GET, "/Users/%FF", Value::Null, 404, None),
        (&Method::DELETE, "/Groups/nobody", Value::Null, 404, None),
        (&Method::GET, "/Nothing", Value::Null, 404, None),
        (&Method::GET, "/Users/a/b", Value::Null, 404, None),
        (&Method::GET, "/Me", Value::Null, 501, None),
        (&Method::GET, "/Schemas/urn:nothing", Value::Null, 404, None),
        (&Method::GET, "/ResourceTypes/Nothing", Value::Null, 404, None),
        (&Method::GET, "/Schemas?filter=id%20pr", Value::Null, 403, None),
        (&Method::GET, "/ServiceProviderConfig?filter=id%20pr", Value::Null, 403, None),
    ];
    let before = world.quiet().await;
    for (method, path, body, status, scim_type) in cases {
        let answer = entra.call(method.clone(), path, &body).await;
        let what =
            format!("{method} {path} {}", body.to_string().chars().take(200).collect::<String>());
        answer.assert_error(status, scim_type, &what);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    }
    for filter in [deep_filter, many_terms] {
        let answer = entra.filter("/Users", &filter).await;
        answer.assert_error(400, Some("invalidFilter"), "too deep or too many terms");
    }
    world.unchanged_since(&before, "what is refused").await;
}

#[tokio::test]
async fn a_body_is_json_in_utf_8_and_of_a_stated_size() {
    let (_world, entra) = with_entra().await;
    let user = |name: &str| json!({ "userName": name }).to_string();
    let cases = [
        ("application/scim+json", "a", 201),
        ("application/json", "b", 201),
        ("application/scim+json; charset=utf-8", "c", 201),
        ("text/plain", "d", 415),
        ("application/x-www-form-urlencoded", "d", 415),
        ("application/json; charset=utf-16", "d", 415),
    ];
    for (content_type, name, status) in cases {
        let answer = raw(&entra, "/Users", content_type, &user(name)).await;
        assert_eq!(answer.status, status, "{content_type}");
    }
    let without = entra.send(entra.request(Method::POST, "/Users").body(user("e"))).await;
    without.assert_error(415, None, "no content type");
    for (body, what) in [
        ("{", "cut off"),
        ("", "empty"),
        ("\u{feff}{}", "with a mark"),
        ("{\"a\":\"\u{1}\"}", "control"),
    ] {
        let answer = raw(&entra, "/Users", "application/json", body).await;
        answer.assert_error(400, Some("invalidSyntax"), what);
    }
    let padded = |name: &str, size: usize| {
        let body = user(name);
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    let json = "application/json";
    raw(&entra, "/Users", json, &padded("f", 1024 * 1024)).await.expect(201);
    let answer = raw(&entra, "/Users", json, &padded("g", 1024 * 1024 + 1)).await;
    answer.assert_error(413, None, "a user of more than a mebibyte");
    let group = json!({ "displayName": "Large" }).to_string();
    let group = format!("{group}{}", " ".repeat(2 * 1024 * 1024 - group.len()));
    raw(&entra, "/Groups", json, &group).await.expect(201);
    let answer = raw(&entra, "/Groups", json, &format!("{group} ")).await;
    answer.assert_error(413, None, "a group of more than two");
    let small = format!("{{\"userName\":\"h\",\"x\":[{}]}}", vec!["{}"; 42_000].join(","));
    assert!(small.len() < 1024 * 1024);
    let answer = raw(&entra, "/Users", json, &small).await;
    answer.assert_error(413, None, "a user of more values than anybody reads");
    let answer = raw(&entra, "/Users", json, &" ".repeat(9 * 1024 * 1024)).await;
    answer.assert_error(413, None, "more than anybody reads");
}

#[tokio::test]
async fn a_method_that_is_not_there_names_those_that_are() {
    let (_world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let cases = [
        (Method::PUT, "/Users".to_owned(), "GET,HEAD,POST"),
        (Method::DELETE, "/Groups".to_owned(), "GET,HEAD,POST"),
        (Method::POST, path(&ada), "GET,HEAD,PUT,PATCH,DELETE"),
        (Method::GET, "/Users/.search".to_owned(), "POST"),
        (Method::GET, "/.search".to_owned(), "POST"),
        (Method::GET, "/Bulk".to_owned(), "POST"),
        (Method::POST, "/ServiceProviderConfig".to_owned(), "GET,HEAD"),
        (Method::DELETE, "/Schemas".to_owned(), "GET,HEAD"),
        (Method::PATCH, "/ResourceTypes/User".to_owned(), "GET,HEAD"),
    ];
    for (method, path, allowed) in cases {
        let answer = entra.call(method.clone(), &path, &json!({})).await;
        answer.assert_error(405, None, &format!("{method} {path}"));
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[tokio::test]
async fn addresses_that_entra_makes_of_a_tenant_url_are_understood() {
    let (_world, entra) = with_entra().await;
    entra.create(&entra_user("ada", &object(1))).await;
    let filter = "filter=userName%20eq%20%22ada@contoso.test%22";
    let cases = [
        format!("/Users?{filter}"),
        format!("/Users/?{filter}"),
        format!("//Users//?{filter}"),
        format!("/Users?aadOptscim062020&{filter}"),
        format!("/Users?aadOptscim062020?{filter}"),
        format!("/Users??{filter}"),
        format!("/Users?&&{filter}&"),
        format!("/Users?unknown=1&{filter}&$top=7"),
        format!("/Users?{filter}&AzureAdScimPatch2017"),
    ];
    for path in cases {
        let found = entra.get(&path).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{path}");
    }
    for path in ["/ServiceProviderConfig/", "/Schemas/", "/ResourceTypes/User/", "/", ""] {
        entra.get(path).await.expect(200);
    }
}
