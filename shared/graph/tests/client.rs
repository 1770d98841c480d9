//! What the client sends, when it comes again, and what follows from an answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod scripted;

use std::time::Duration;

use graph::{Batch, GraphError, Next, TokenError, UserChange};
use scripted::{CORRELATION, Lab, Reply, TENANT};
use serde_json::json;
use uuid::Uuid;

const ADA: Uuid = Uuid::from_u128(0x7c2f_1a34_0f8e_4a7f_9a51_2d1f_0c9b_e001);

fn ada() -> Reply {
    Reply::new(200, json!({ "id": ADA, "userPrincipalName": "ada@contoso.test" }).to_string())
}

fn page(next: Option<(&str, &str)>) -> Reply {
    let mut body = json!({ "value": [{ "id": ADA }] });
    if let Some((name, link)) = next {
        body[name] = json!(link);
    }
    Reply::new(200, body.to_string())
}

#[tokio::test]
async fn every_call_says_who_asks_and_selects_by_name() {
    let lab = Lab::start([ada()]).await;

    let user = lab.tenant().user(ADA).await.unwrap();

    assert_eq!(user.user_principal_name.value().map(String::as_str), Some("ada@contoso.test"));
    let asked = &lab.asked()[0];
    assert_eq!(asked.method, "GET");
    assert!(asked.address.starts_with(&format!("/v1.0/users/{ADA}?$select=id,")), "{asked:?}");
    assert_eq!(asked.header("authorization"), "Bearer token-1");
    assert_eq!(asked.header("client-request-id"), CORRELATION.to_string());
}

#[tokio::test]
async fn a_link_is_followed_as_it_is_and_is_judged_again_when_it_was_stored() {
    let lab = Lab::start([]).await;
    let link = format!("{}/users/delta?$skiptoken=a%2fB~_x", lab.base);
    lab.then(page(Some(("@odata.nextLink", &link))));
    lab.then(page(Some(("@odata.deltaLink", &format!("{}/users/delta?$deltatoken=z", lab.base)))));

    let first = lab.tenant().changes().await.unwrap();
    let Next::More(link) = first.next else { panic!("there is more") };
    let stored = serde_json::to_string(&link).unwrap();
    let second = lab.tenant().more_changes(&serde_json::from_str(&stored).unwrap()).await.unwrap();

    assert!(matches!(second.next, Next::Round(_)));
    let asked = lab.asked();
    assert_eq!(asked[0].header("prefer"), "odata.maxpagesize=999");
    assert_eq!(asked[1].address, "/v1.0/users/delta?$skiptoken=a%2fB~_x");
    let foreign = serde_json::from_str("\"https://graph.example.org/v1.0/users\"").unwrap();
    let error = lab.tenant().more_changes(&foreign).await.unwrap_err();
    assert!(matches!(error, GraphError::Bug { .. }), "{error}");
    assert_eq!(lab.asked().len(), 2, "nothing is sent to a stranger");
}

#[tokio::test]
async fn a_foreign_next_page_and_a_redirect_are_bugs_and_get_no_token() {
    let elsewhere = Lab::start([]).await;
    let foreign = format!("{}/users", elsewhere.base);
    let lab = Lab::start([
        page(Some(("@odata.nextLink", &foreign))),
        Reply::new(302, "").with("location", foreign.clone()),
        Reply::error(410, "resyncRequired").with("location", foreign.clone()),
    ])
    .await;

    for _ in 0..3 {
        let error = lab.tenant().users().await.unwrap_err();
        assert!(matches!(error, GraphError::Bug { .. }), "{error}");
    }

    assert_eq!(lab.asked().len(), 3);
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn what_graph_puts_off_is_done_again_within_the_deadline() {
    let later = |status| Reply::error(status, "later").with("retry-after", "0");
    let lab = Lab::start([later(429), later(503), later(504), ada()]).await;

    lab.tenant().user(ADA).await.unwrap();

    assert_eq!(lab.asked().len(), 4);
}

#[tokio::test]
async fn what_does_not_fit_into_the_deadline_is_an_error_that_says_when() {
    let later = || Reply::error(429, "TooManyRequests").with("retry-after", "40");
    let lab = Lab::start([later()]).await;

    let error = lab.tenant_for(41).user(ADA).await.unwrap_err();

    let GraphError::Retry(later) = error else { panic!("{error}") };
    assert_eq!(later.after, Duration::from_secs(40));
    assert_eq!(later.trace.code.as_deref(), Some("TooManyRequests"));
    assert_eq!(later.trace.correlation, CORRELATION);
    assert_eq!(lab.asked().len(), 1);
}

#[tokio::test]
async fn with_no_time_left_nothing_is_begun() {
    let lab = Lab::start([ada()]).await;

    for seconds in [1, 0, -1, -3_600] {
        let error = lab.tenant_for(seconds).user(ADA).await.unwrap_err();
        assert!(matches!(error, GraphError::Retry(_)), "{error}");
    }

    assert!(lab.asked().is_empty());
}

#[tokio::test]
async fn nothing_is_tried_for_ever() {
    let later = || Reply::error(503, "later").with("retry-after", "0");
    let lab = Lab::start(std::iter::repeat_with(later).take(50)).await;

    let error = lab.tenant().user(ADA).await.unwrap_err();

    assert!(matches!(error, GraphError::Retry(_)), "{error}");
    assert_eq!(lab.asked().len(), 6);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refused = || Reply::error(401, "InvalidAuthenticationToken");
    let lab = Lab::start([refused(), ada(), refused(), refused()]).await;

    lab.tenant().user(ADA).await.unwrap();
    let error = lab.tenant().user(ADA).await.unwrap_err();

    assert!(matches!(error, GraphError::ConsentLost(_)), "{error}");
    let tokens: Vec<_> =
        lab.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-3"]);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_consent_that_is_gone_is_told_apart() {
    let lab = Lab::start([]).await;

    lab.refuse_token(TokenError::ConsentLost(Some("AADSTS700016".to_owned())));
    let error = lab.tenant().user(ADA).await.unwrap_err();
    let GraphError::ConsentLost(trace) = error else { panic!("{error}") };
    assert_eq!(trace.code.as_deref(), Some("AADSTS700016"));

    lab.refuse_token(TokenError::Retry(Some(Duration::from_secs(600))));
    let error = lab.tenant().user(ADA).await.unwrap_err();
    assert!(matches!(&error, GraphError::Retry(later) if later.after.as_secs() == 600), "{error}");

    lab.refuse_token(TokenError::Bug("no certificate".into()));
    let error = lab.tenant().user(ADA).await.unwrap_err();
    assert!(matches!(error, GraphError::Bug { .. }), "{error}");
    assert!(lab.asked().is_empty());
}

#[tokio::test]
async fn errors_are_told_by_what_follows() {
    let clash = json!({ "error": { "code": "Request_BadRequest", "message": "x", "details": [
        { "code": "ObjectConflict", "target": "userPrincipalName" }] } });
    let lab = Lab::start([
        Reply::error(403, "Authorization_RequestDenied").with("request-id", "abc"),
        Reply::error(404, "Request_ResourceNotFound"),
        Reply::new(400, clash.to_string()),
        Reply::error(400, "syncStateNotFound"),
        Reply::error(400, "Request_BadRequest"),
        Reply::new(200, "<html>a proxy's page</html>"),
        Reply::new(200, r#"{"id":"#),
        Reply::new(200, " ".repeat(8 * 1024 * 1024 + 1)),
    ])
    .await;
    let mut told = Vec::new();

    for _ in 0..8 {
        let error = lab.tenant().user(ADA).await.unwrap_err();
        told.push(match error {
            GraphError::Retry(_) => "again",
            GraphError::ConsentLost(trace) => {
                assert_eq!(trace.request_id.as_deref(), Some("abc"));
                "consent lost"
            }
            GraphError::NotFound(_) => "not found",
            GraphError::Conflict { property, .. } => {
                assert_eq!(property.as_deref(), Some("userPrincipalName"));
                "conflict"
            }
            GraphError::Gone { resync: None, .. } => "gone",
            GraphError::Gone { resync: Some(_), .. } => "gone, and where to begin",
            GraphError::Unread(_) => "unread",
            GraphError::Bug { .. } => "bug",
        });
    }

    let expected = ["consent lost", "not found", "conflict", "gone", "bug", "bug", "bug", "bug"];
    assert_eq!(told, expected);
    assert_eq!(lab.asked().len(), 8, "none of them is tried again");
}

#[tokio::test]
async fn a_reset_says_where_to_begin() {
    let lab = Lab::start([]).await;
    let beginning = format!("{}/users/delta?$deltatoken=", lab.base);
    lab.then(Reply::error(410, "resyncRequired").with("location", beginning.clone()));

    let error = lab.tenant().changes().await.unwrap_err();

    let GraphError::Gone { resync: Some(link), .. } = error else { panic!("{error}") };
    assert_eq!(link.as_str(), beginning);
}

#[tokio::test]
async fn a_round_without_an_end_is_a_bug_and_so_is_a_short_list_without_one() {
    let lab = Lab::start([page(None)]).await;
    assert!(matches!(lab.tenant().changes().await, Err(GraphError::Bug { .. })));

    let link = format!("{}/domains?$skiptoken=again", lab.base);
    for _ in 0..30 {
        let body = json!({ "value": [], "@odata.nextLink": link });
        lab.then(Reply::new(200, body.to_string()));
    }
    assert!(matches!(lab.tenant().domains().await, Err(GraphError::Bug { .. })));
    assert_eq!(lab.asked().len(), 1 + 20);
}

#[tokio::test]
async fn another_tenants_organization_is_not_believed() {
    let organization = |id: Uuid| {
        Reply::new(200, json!({ "value": [{ "id": id, "displayName": "Contoso" }] }).to_string())
    };
    let lab = Lab::start([organization(TENANT), organization(Uuid::from_u128(1))]).await;

    assert_eq!(lab.tenant().organization().await.unwrap().id, TENANT);
    assert!(matches!(lab.tenant().organization().await, Err(GraphError::Bug { .. })));
}

#[tokio::test]
async fn a_part_of_a_batch_that_is_put_off_is_sent_again_alone() {
    let part = |id: &str, status: u16, body: serde_json::Value| json!({ "id": id, "status": status, "headers": { "Retry-After": "0" }, "body": body });
    let first = json!({ "responses": [
        part("2", 404, json!({ "error": { "code": "Request_ResourceNotFound", "message": "x" } })),
        part("1", 429, json!({ "error": { "code": "TooManyRequests", "message": "x" } })),
        part("0", 204, json!(null)),
    ] });
    let second = json!({ "responses": [part("1", 200, json!({ "id": ADA }))] });
    let lab =
        Lab::start([Reply::new(200, first.to_string()), Reply::new(200, second.to_string())]).await;
    let mut batch = Batch::default();
    let change = UserChange { account_enabled: Some(false), ..UserChange::default() };
    batch.change_user(ADA, &change).unwrap();
    batch.user(ADA).unwrap();
    batch.revoke_sessions(ADA).unwrap();

    let fates = lab.tenant().batch(&batch).await.unwrap();

    assert!(matches!(fates[0], Ok(None)), "{:?}", fates[0]);
    assert!(matches!(&fates[1], Ok(Some(user)) if user.id == ADA), "{:?}", fates[1]);
    assert!(matches!(fates[2], Err(GraphError::NotFound(_))), "{:?}", fates[2]);
    let asked = lab.asked();
    assert_eq!(asked[0].body["requests"].as_array().unwrap().len(), 3);
    assert_eq!(
        asked[0].body["requests"][0],
        json!({ "id": "0", "method": "PATCH", "url": format!("/users/{ADA}"),
            "headers": { "Content-Type": "application/json" },
            "body": { "accountEnabled": false } })
    );
    let again = asked[1].body["requests"].as_array().unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["id"], "1");
}

#[tokio::test]
async fn a_batch_holds_twenty_and_what_is_put_off_too_long_is_told_of_alone() {
    let mut batch = Batch::default();
    for _ in 0..20 {
        batch.user(ADA).unwrap();
    }
    assert!(batch.user(ADA).is_err());

    let late = json!({ "id": "0", "status": 429, "headers": { "retry-after": "600" }, "body": {} });
    let lab = Lab::start([Reply::new(200, json!({ "responses": [late] }).to_string())]).await;
    let mut batch = Batch::default();
    batch.user(ADA).unwrap();
    batch.user(ADA).unwrap();
    let fates = lab.tenant().batch(&batch).await.unwrap();

    assert!(matches!(&fates[0], Err(GraphError::Retry(later)) if later.after.as_secs() == 600));
    assert!(matches!(fates[1], Err(GraphError::Bug { .. })), "no answer is no success");
}
