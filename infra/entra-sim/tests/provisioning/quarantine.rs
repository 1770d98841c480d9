//! Facts of G.5: persistent failures, quarantine, and the end after four weeks.

use entra_sim::{CycleKind, Health, Provisioning, QuarantineReason, Token};
use jiff::SignedDuration;

use crate::lab::{ADA, Lab, same, settings};
use crate::target::Trouble;

fn hours(lab: &Lab, hours: i64) {
    lab.simulator.set_clock_offset(SignedDuration::from_hours(hours)).unwrap();
}

#[tokio::test]
async fn g5_a_refused_token_is_quarantine_at_once_and_after_one_request() {
    let lab = Lab::start(|settings| Provisioning { token: Token::new("wrong"), ..settings }).await;
    lab.simulator.put_users(entra_sim::population(10)).unwrap();

    let report = lab.cycle().await;

    assert_eq!(report.requests, 1);
    assert_eq!(report.halted.unwrap(), "the server refuses the credentials with 401");
    let reason = QuarantineReason::EncounteredQuarantineException;
    assert!(matches!(report.health, Health::Quarantined { reason: found, .. } if found == reason));
}

#[tokio::test]
async fn g5_in_quarantine_cycles_run_after_6_12_and_24_hours_and_then_daily() {
    let lab = Lab::start(|settings| Provisioning { token: Token::new("wrong"), ..settings }).await;
    lab.cycle().await;
    lab.target.take();
    let cases = [
        // Hours since the first failure, whether a cycle runs.
        (0, false),
        (5, false),
        (7, true),
        (11, false),
        (13, true),
        (23, false),
        (25, true),
        (47, false),
        (49, true),
        (71, false),
        (73, true),
    ];
    for (hour, runs) in cases {
        hours(&lab, hour);

        let report = lab.cycle().await;

        assert_eq!(report.kind != CycleKind::Skipped, runs, "after {hour} hours");
        assert_eq!(lab.target.take().len(), usize::from(runs), "after {hour} hours");
    }
}

#[tokio::test]
async fn g5_a_cycle_that_succeeds_ends_the_quarantine() {
    let lab = Lab::start(same).await;
    lab.target.plan("GET", "/Users", Trouble::Status(401, None));
    lab.cycle().await;

    hours(&lab, 7);
    let report = lab.cycle().await;

    assert_eq!((report.health, report.users.created), (Health::Healthy, 1));
}

#[tokio::test]
async fn g5_four_weeks_of_quarantine_disable_the_job_until_it_is_restarted() {
    let lab = Lab::start(same).await;
    lab.target.plan("GET", "/Users", Trouble::Status(403, None));
    lab.cycle().await;

    hours(&lab, 28 * 24 - 1);
    let before = lab.simulator.provisioning_health();
    hours(&lab, 28 * 24 + 1);
    let skipped = lab.cycle().await;
    let restarted = lab.simulator.restart_provisioning().await.unwrap();

    assert!(matches!(before, Health::Quarantined { .. }));
    assert!(matches!(skipped.health, Health::Disabled { .. }));
    assert_eq!(skipped.kind, CycleKind::Skipped);
    assert_eq!((restarted.health, restarted.users.created), (Health::Healthy, 1));
}

#[tokio::test]
async fn g5_a_query_answered_with_404_is_quarantine() {
    let lab = Lab::start(|settings| Provisioning {
        tenant_url: settings.tenant_url.replace("/scim", "/scim/nowhere"),
        ..settings
    })
    .await;

    let report = lab.cycle().await;

    assert_eq!(report.halted.unwrap(), "the server answers a query with 404");
    assert!(matches!(report.health, Health::Quarantined { .. }));
}

#[tokio::test]
async fn g5_a_server_that_is_gone_is_quarantine_and_not_a_failure_of_each_user() {
    let lab = Lab::empty(|settings| Provisioning {
        tenant_url: "http://127.0.0.1:1/scim".to_owned(),
        attempts: 1,
        ..settings
    })
    .await;
    lab.simulator.put_users(entra_sim::population(100)).unwrap();

    let report = lab.cycle().await;

    assert_eq!(report.users.failed, 20);
    assert!(matches!(report.health, Health::Quarantined { .. }));
}

#[tokio::test]
async fn g5_one_objects_failure_is_tried_again_ever_more_rarely() {
    let lab = Lab::start(same).await;
    lab.target.plan_often("POST", "/Users", Trouble::Status(400, None), 100);
    let cases = [
        // Hours since the first failure, whether the object is tried.
        (0, true),
        (0, true),
        (1, false),
        (7, true),
        (8, false),
        (13, true),
        (25, true),
        (26, false),
        (49, true),
    ];
    for (number, (hour, tried)) in cases.into_iter().enumerate() {
        hours(&lab, hour);

        let report = lab.cycle().await;

        assert_eq!(report.users.failed == 1, tried, "step {number} after {hour} hours");
        assert_eq!(report.health, Health::Healthy, "one failure is no quarantine");
    }
}

#[tokio::test]
async fn g5_new_settings_end_the_quarantine() {
    let lab = Lab::start(|settings| Provisioning { token: Token::new("wrong"), ..settings }).await;
    lab.cycle().await;

    lab.simulator.configure_provisioning(settings(&lab.target)).unwrap();
    let report = lab.cycle().await;

    assert_eq!((report.health, report.users.created), (Health::Healthy, 1));
    assert_eq!(lab.target.user(ADA)["active"], true);
}
