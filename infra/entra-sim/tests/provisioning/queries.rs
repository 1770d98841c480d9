//! Facts of G.1 and G.2: the connection, probes and queries.

use std::time::Instant;

use entra_sim::{Dialect, Mapping, Pace, Provisioning, Shapes};
use serde_json::json;

use crate::lab::{ADA, ADA_ID, Lab, grace, recommended, same, settings};
use crate::target::TOKEN;

#[tokio::test]
async fn g1_every_request_carries_the_token_and_the_media_type() {
    let lab = Lab::start(same).await;

    lab.cycle().await;

    let requests = lab.target.take();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(request.headers["accept"], "application/scim+json");
        if !request.text.is_empty() {
            assert_eq!(request.headers["content-type"], "application/scim+json; charset=utf-8");
        }
    }
}

#[tokio::test]
async fn g1_the_flag_of_the_tenant_url_travels_in_every_query() {
    let lab = Lab::start(|settings| settings.with_dialect(Dialect::Compliant)).await;

    lab.cycle().await;
    lab.change(|ada| ada.job_title = Some("Countess".to_owned()));
    lab.cycle().await;

    let requests = lab.target.take();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request.query.starts_with("aadOptscim062020")));
    assert_eq!(requests[0].query, "aadOptscim062020&filter=userName+eq+%22ada%40contoso.test%22");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the pace is a matter of real time")]
async fn g1_requests_follow_one_another_at_the_pace_that_is_set() {
    let lab = Lab::empty(|settings| Provisioning {
        pace: Pace::PerSecond(25),
        concurrency: 8,
        ..settings
    })
    .await;
    lab.simulator.put_users(entra_sim::population(5)).unwrap();

    let before = Instant::now();
    let report = lab.cycle().await;

    assert_eq!(report.requests, 10);
    assert!(before.elapsed().as_millis() >= 9 * 40, "{:?}", before.elapsed());
}

#[tokio::test]
async fn g2_test_connection_asks_for_a_random_user_and_group_and_wants_empty_lists() {
    let lab = Lab::start(same).await;

    let report = lab.simulator.test_connection().await.unwrap();

    assert_eq!(report.problems, Vec::<String>::new());
    let lines = lab.target.lines();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("GET /Users?filter=userName eq \""), "{lines:?}");
    let group = "GET /Groups?excludedAttributes=members&filter=displayName eq \"";
    assert!(lines[1].starts_with(group), "{lines:?}");
    assert_eq!(report.exchanges.len(), 2);
}

#[tokio::test]
async fn g2_test_connection_tells_a_wrong_token_a_404_and_a_wrong_content_type() {
    let lab =
        Lab::start(|settings| Provisioning { token: entra_sim::Token::new("wrong"), ..settings })
            .await;
    let refused = lab.simulator.test_connection().await.unwrap();
    let elsewhere = Provisioning::new(&format!("{}/nowhere", lab.target.url()), TOKEN);
    lab.simulator.configure_provisioning(elsewhere).unwrap();
    let missing = lab.simulator.test_connection().await.unwrap();
    lab.simulator.configure_provisioning(settings(&lab.target)).unwrap();
    lab.target.store().content_type = Some("application/json");
    let plain = lab.simulator.test_connection().await.unwrap();

    assert_eq!(refused.problems[0], "/Users: the server refuses the credentials with 401");
    assert_eq!(missing.problems[0], "/Users: the server answers a query with 404");
    let told = "the content type is \"application/json\", not application/scim+json";
    assert_eq!(plain.problems, [told, told]);
}

#[tokio::test]
async fn g2_users_are_matched_before_they_are_created_and_linked_when_they_are_found() {
    let lab = Lab::start(same).await;
    let known = json!({ "id": "known", "userName": "ADA@contoso.test", "active": true });
    lab.target.store().users.insert("known".to_owned(), known);

    let report = lab.cycle().await;

    assert_eq!((report.users.linked, report.users.created), (1, 0));
    let lines = lab.target.lines();
    assert_eq!(lines, ["GET /Users?filter=userName eq \"ada@contoso.test\"", "PATCH /Users/known"]);
    assert_eq!(lab.target.user(ADA)["displayName"], "Ada Lovelace");
}

#[tokio::test]
async fn g2_matching_attributes_are_asked_in_their_precedence_until_one_finds_somebody() {
    let lab = Lab::start(recommended).await;

    lab.cycle().await;

    let lines = lab.target.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], format!("GET /Users?filter=externalId eq \"{ADA_ID}\""));
    assert_eq!(lines[1], format!("GET /Users?filter=userName eq \"{ADA}\""));
    assert_eq!(lines[2], "POST /Users");
}

#[tokio::test]
async fn g2_one_documented_sample_has_a_value_without_quotes() {
    let lab = Lab::start(|settings| Provisioning {
        mapping: Mapping::Recommended,
        shapes: Shapes::Tutorial,
        ..settings
    })
    .await;

    lab.cycle().await;

    assert_eq!(lab.target.lines()[0], format!("GET /Users?filter=externalId eq {ADA_ID}"));
}

#[tokio::test]
async fn g2_two_matches_are_an_error_of_this_user_alone() {
    let lab = Lab::start(same).await;
    lab.simulator.put_user(grace()).unwrap();
    for id in ["one", "two"] {
        let known = json!({ "id": id, "userName": ADA });
        lab.target.store().users.insert(id.to_owned(), known);
    }

    let report = lab.cycle().await;

    assert_eq!((report.users.failed, report.users.created), (1, 1));
}

#[tokio::test]
async fn g2_a_reference_check_precedes_the_manager_in_either_order() {
    for (shapes, start) in [
        (Shapes::Reference, "id eq \"user-1\" and manager eq \"user-2\""),
        (Shapes::Tutorial, "manager eq \"user-2\" and id eq \"user-1\""),
    ] {
        let lab = Lab::start(|settings| Provisioning { shapes, ..settings }).await;
        lab.simulator.put_user(grace()).unwrap();
        lab.change(|ada| ada.manager = Some(grace().id));

        let report = lab.cycle().await;

        assert_eq!(report.references.added, 1);
        let lines = lab.target.lines();
        let check = format!("GET /Users?attributes=id&filter={start}");
        assert_eq!(lines[4..], [check, "PATCH /Users/user-1".to_owned()], "{lines:?}");
    }
}
