//! Listing, reading, making and changing users, and the recycle bin.

use entra_sim::{GraphSettings, population};
use serde_json::{Value, json};

use crate::lab::{ADA, GRACE, Lab, SYNCED};

fn new_user(name: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": name, "mailNickname": name,
        "userPrincipalName": format!("{name}@contoso.test"),
        "onPremisesImmutableId": "5f0d9c0b1e2a4c7d8e9f00112233aabb",
        "usageLocation": "DE",
        "passwordProfile": { "password": "abcdEFGH1234!", "forceChangePasswordNextSignIn": false },
    })
}

#[tokio::test]
async fn only_what_is_selected_is_told_and_the_default_set_is_small() {
    let lab = Lab::start();

    let default = lab.get(&format!("/users/{ADA}")).await;
    let asked = "/users/ada@contoso.test?$select=accountEnabled,onPremisesImmutableId,otherMails";
    let selected = lab.get(asked).await;

    assert!(default.body.get("accountEnabled").is_none());
    assert_eq!(default.body["userPrincipalName"], "ada@contoso.test");
    assert_eq!(selected.body["id"], ADA);
    assert_eq!(selected.body["accountEnabled"], true);
    assert_eq!(selected.body["onPremisesImmutableId"], Value::Null);
    assert_eq!(selected.body["otherMails"], json!([]));
    assert!(selected.body.get("displayName").is_none());
    let unknown = lab.get(&format!("/users/{ADA}?$select=shoeSize")).await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (400, "Request_BadRequest"));
}

#[tokio::test]
async fn pages_hold_what_is_asked_for_and_tell_of_everybody_once() {
    let lab = Lab::start();
    lab.simulator.put_users(population(20)).unwrap();

    let pages = lab.walk("/users?$select=id&$top=7").await;

    let sizes: Vec<_> = pages.iter().map(|page| page.ids().len()).collect();
    assert_eq!(sizes, [7, 7, 7, 2]);
    let mut all: Vec<_> = pages.iter().flat_map(|page| page.ids()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 23);
    for bad in ["/users?$top=1000", "/users?$top=0", "/users?$orderby=mail", "/users?$expand=x"] {
        assert_eq!(lab.get(bad).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_filter_finds_by_name_and_by_anchor() {
    let lab = Lab::start();

    let name = lab.get("/users?$filter=userPrincipalName%20eq%20'GRACE@contoso.test'").await;
    let anchor =
        lab.get("/users?$filter=onPremisesImmutableId eq 'Zk9dQm4cTEKZ3wARIjOqCw%3D%3D'").await;
    let unsupported = lab.get("/users?$filter=startswith(mail,'a')").await;

    assert_eq!(name.ids(), [GRACE]);
    assert_eq!(anchor.ids(), [SYNCED]);
    assert_eq!(unsupported.code(), "Request_UnsupportedQuery");
}

#[tokio::test]
async fn a_user_is_made_with_what_graph_insists_on() {
    let lab = Lab::start();
    let without = |name: &str| {
        let mut user = new_user("new");
        user.as_object_mut().unwrap().remove(name);
        user
    };
    let with = |name: &str, value: Value| {
        let mut user = new_user("new");
        user[name] = value;
        user
    };
    let bad = [
        without("passwordProfile"),
        without("displayName"),
        without("mailNickname"),
        without("accountEnabled"),
        without("userPrincipalName"),
        with("userPrincipalName", json!("new@elsewhere.test")),
        with("userPrincipalName", json!("né@contoso.test")),
        with("onPremisesImmutableId", json!("with_underscore")),
        with("passwordProfile", json!({ "password": "short" })),
        with("passwordProfile", json!({ "password": "onlyoneletterkind" })),
        with("shoeSize", json!(42)),
        with("id", json!(ADA)),
        with("accountEnabled", json!("yes")),
    ];

    for body in bad {
        let answer = lab.post("/users", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "Request_BadRequest"), "{body}");
    }
    let made = lab.post("/users", new_user("new")).await;

    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["id"].as_str().unwrap();
    let read = lab.get(&format!("/users/{id}?$select=usageLocation,passwordPolicies")).await;
    assert_eq!(read.body["usageLocation"], "DE");
    assert!(!lab.simulator.users().iter().any(|user| user.more.contains_key("passwordProfile")));
}

#[tokio::test]
async fn a_name_or_an_anchor_that_is_taken_is_told_as_a_conflict() {
    let lab = Lab::start();
    lab.post("/users", new_user("new")).await;

    let mut ada = new_user("ADA");
    ada["onPremisesImmutableId"] = json!("nobodys");
    let name = lab.post("/users", ada).await;
    let mut other = new_user("other");
    let anchor = lab.post("/users", other.clone()).await;
    other["onPremisesImmutableId"] = json!("another");

    for (answer, target) in [(name, "userPrincipalName"), (anchor, "onPremisesImmutableId")] {
        assert_eq!(answer.status, 400);
        assert_eq!(answer.body["error"]["details"][0]["code"], "ObjectConflict");
        assert_eq!(answer.body["error"]["details"][0]["target"], target);
    }
    assert_eq!(lab.post("/users", other).await.status, 201);
}

#[tokio::test]
async fn a_synced_user_is_mastered_elsewhere_but_for_a_few_properties() {
    let lab = Lab::start();
    let path = format!("/users/{SYNCED}");

    let anchor = lab.patch(&path, json!({ "onPremisesImmutableId": "other" })).await;
    let name = lab.patch(&path, json!({ "displayName": "Other" })).await;
    let place = lab.patch(&path, json!({ "usageLocation": "FR" })).await;

    assert_eq!((anchor.status.as_u16(), name.status.as_u16()), (400, 400));
    assert_eq!(place.status, 204);
}

#[tokio::test]
async fn an_anchor_in_a_federated_domain_changes_only_by_way_of_a_managed_one() {
    let lab = Lab::start();
    crate::tenant::federate(&lab);
    let path = format!("/users/{ADA}");
    let anchor = "5f0d9c0b1e2a4c7d8e9f00112233aabb";

    let direct = lab.patch(&path, json!({ "onPremisesImmutableId": anchor })).await;
    let staying = lab.patch(&path, json!({ "displayName": "Ada Arden" })).await;
    let away =
        lab.patch(&path, json!({ "userPrincipalName": "ada@contoso.onmicrosoft.com" })).await;
    let without = lab.patch(&path, json!({ "userPrincipalName": "ada@contoso.test" })).await;
    let together =
        json!({ "userPrincipalName": "ada@contoso.test", "onPremisesImmutableId": anchor });
    let back = lab.patch(&path, together).await;
    let password = json!({ "passwordProfile": { "password": "abcdEFGH1234!" } });
    let password = lab.patch(&path, password).await;

    let all = [direct, staying, away, without, back, password];
    let statuses = all.map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [400, 204, 204, 400, 204, 400]);
    let calls = lab.simulator.graph_calls();
    let changes = calls.iter().filter(|call| call.method == "PATCH").map(|call| &call.changes);
    let changes = changes.map(|names| names.join(" ")).collect::<Vec<_>>();
    let expected = [
        "onPremisesImmutableId",
        "displayName",
        "userPrincipalName",
        "userPrincipalName",
        "onPremisesImmutableId userPrincipalName",
        "passwordProfile",
    ];
    assert_eq!(changes, expected);
    let unanchored = json!({
        "accountEnabled": true, "displayName": "x", "mailNickname": "x",
        "userPrincipalName": "x@contoso.test",
        "passwordProfile": { "password": "abcdEFGH1234!" },
    });
    assert_eq!(lab.post("/users", unanchored).await.status, 400);
}

#[tokio::test]
async fn a_deleted_user_waits_in_the_recycle_bin_and_comes_back() {
    let lab = Lab::start();
    let bin = format!("/directory/deletedItems/{ADA}");

    assert_eq!(lab.delete(&format!("/users/{ADA}")).await.status, 204);
    assert_eq!(lab.get(&format!("/users/{ADA}")).await.code(), "Request_ResourceNotFound");
    assert_eq!(lab.get(&bin).await.body["@odata.type"], "#microsoft.graph.user");
    assert_eq!(lab.post(&format!("{bin}/restore"), json!({})).await.body["id"], ADA);
    assert_eq!(lab.get(&format!("/users/{ADA}")).await.status, 200);
    lab.delete(&format!("/users/{ADA}")).await;
    assert_eq!(lab.delete(&bin).await.status, 204);
    assert_eq!(lab.post(&format!("{bin}/restore"), json!({})).await.status, 404);
}

#[tokio::test]
async fn sessions_are_revoked_at_an_instant() {
    let lab = Lab::start();

    let path = format!("/users/{ADA}/revokeSignInSessions");
    let revoked = lab.send(reqwest::Method::POST, &path, None).await;
    assert_eq!(revoked.body["value"], true);

    let path = format!("/users/{ADA}?$select=signInSessionsValidFromDateTime");
    assert!(lab.get(&path).await.body["signInSessionsValidFromDateTime"].is_string());
}

#[tokio::test]
async fn who_was_just_made_may_not_be_seen_yet() {
    let lab = Lab::start();
    lab.simulator.set_graph(GraphSettings { unseen_reads: 2, ..GraphSettings::default() });
    let made = lab.post("/users", new_user("new")).await;
    let path = format!("/users/{}", made.body["id"].as_str().unwrap());

    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(lab.get(&path).await.status.as_u16());
    }

    assert_eq!(statuses, [404, 404, 200]);
}
