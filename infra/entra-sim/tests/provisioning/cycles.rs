//! Cycles: initial, incremental, on demand, over a restart, and with a server in trouble.

use std::time::Duration;

use entra_sim::{CycleKind, Outcome, Pace, Provisioning, Settings, Simulator, first_cycle};
use jiff::SignedDuration;

use crate::lab::{ADA, GRACE, Lab, ada, grace, recommended, same, settings};
use crate::target::{TOKEN, Target, Trouble};

#[tokio::test]
async fn an_initial_cycle_looks_at_everybody_and_an_incremental_one_at_what_changed() {
    let lab = Lab::start(same).await;
    lab.simulator.put_user(grace()).unwrap();

    let first = lab.cycle().await;
    lab.target.take();
    let second = lab.cycle().await;
    lab.change(|ada| ada.job_title = Some("Countess".to_owned()));
    let third = lab.cycle().await;
    let fourth = lab.cycle().await;

    assert_eq!((first.kind, first.users.created), (CycleKind::Initial, 2));
    assert_eq!((second.kind, second.requests), (CycleKind::Incremental, 0));
    assert_eq!((third.users.updated, third.requests), (1, 2));
    assert_eq!(fourth.requests, 0);
    assert_eq!(first.number + 3, fourth.number);
}

#[tokio::test]
async fn a_changed_mapping_and_a_restart_look_at_everybody_again_and_keep_the_links() {
    let lab = Lab::provisioned(same).await;

    lab.simulator.configure_provisioning(recommended(settings(&lab.target))).unwrap();
    let changed = lab.cycle().await;
    let restarted = lab.simulator.restart_provisioning().await.unwrap();

    assert_eq!((changed.kind, changed.users.updated), (CycleKind::Initial, 1));
    assert_eq!((restarted.kind, restarted.users.unchanged), (CycleKind::Initial, 1));
    let lines = lab.target.lines();
    assert_eq!(lines, ["GET /Users/user-1", "PATCH /Users/user-1", "GET /Users/user-1"]);
}

#[tokio::test]
async fn the_job_survives_a_restart_of_the_simulator_and_starts_nothing_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::start().await;
    let kept = Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
    let simulator = Simulator::start(kept.clone()).unwrap();
    simulator.put_user(ada()).unwrap();
    simulator.configure_provisioning(settings(&target)).unwrap();
    simulator.run_cycle().await.unwrap();
    drop(simulator);
    target.take();

    let again = Simulator::start(kept).unwrap();
    let idle = again.run_cycle().await.unwrap();
    again.put_user(grace()).unwrap();
    let report = again.run_cycle().await.unwrap();

    assert_eq!((idle.kind, idle.requests), (CycleKind::Incremental, 0));
    assert_eq!(report.users.created, 1);
    assert_eq!(target.lines().len(), 2);
}

#[tokio::test]
async fn the_library_runs_the_initial_cycle_in_the_background_and_others_after_the_interval() {
    let lab = Lab::start(same).await;
    let interval = Some(SignedDuration::from_millis(5));
    lab.simulator.provision(Provisioning { interval, ..settings(&lab.target) }).unwrap();
    let cycles = async || {
        while lab.simulator.last_cycle().is_none_or(|last| last.number < 3) {
            tokio::task::yield_now().await;
        }
    };

    tokio::time::timeout(Duration::from_secs(20), cycles()).await.unwrap();
    lab.simulator.stop_provisioning();

    assert_eq!(lab.target.user(ADA)["userName"], ADA);
}

#[tokio::test]
async fn on_demand_provisions_one_user_and_shows_each_request() {
    let lab = Lab::start(same).await;
    lab.simulator.put_user(grace()).unwrap();

    let report = lab.simulator.provision_on_demand("GRACE@contoso.test").await.unwrap();

    assert_eq!(report.outcome, Outcome::Created);
    assert_eq!(report.exchanges.len(), 2);
    assert!(report.exchanges.iter().all(|exchange| exchange.subject == GRACE));
    assert_eq!(report.exchanges[1].status, Some(201));
    assert_eq!(lab.target.store().users.len(), 1);
    assert!(lab.simulator.provision_on_demand("nobody@contoso.test").await.is_err());
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says_and_not_before() {
    let pause = SignedDuration::from_secs(60);
    let lab = Lab::start(|settings| Provisioning { pause, ..settings }).await;
    lab.target.plan_often("POST", "/Users", Trouble::Status(429, Some("0")), 2);

    let report = tokio::time::timeout(Duration::from_secs(30), lab.cycle()).await.unwrap();

    assert_eq!((report.users.created, report.requests), (1, 4));
}

#[tokio::test]
async fn a_failing_server_fails_one_object_which_the_next_cycle_tries_again() {
    let lab = Lab::start(same).await;
    lab.simulator.put_user(grace()).unwrap();
    lab.target.plan("POST", "/Users", Trouble::Status(500, None));

    let first = lab.cycle().await;
    let second = lab.cycle().await;

    assert_eq!((first.users.failed, first.users.created), (1, 1));
    assert_eq!((second.users.created, second.requests), (1, 2));
}

#[tokio::test]
async fn an_answer_that_got_lost_makes_no_second_user() {
    let lab = Lab::start(same).await;
    lab.target.plan("POST", "/Users", Trouble::Lost);

    let report = lab.cycle().await;

    assert_eq!((report.users.linked, report.users.failed), (1, 0));
    assert_eq!(lab.target.store().users.len(), 1);
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_timeout_and_one_object() {
    let timeout = SignedDuration::from_millis(50);
    let lab = Lab::start(|settings| Provisioning { timeout, ..settings }).await;
    lab.target.plan_often("GET", "/Users", Trouble::Hang, 3);

    let report = lab.cycle().await;

    assert_eq!((report.users.failed, report.requests), (1, 3));
    let error = lab.simulator.provisioning_log()[0].error.clone().unwrap();
    assert!(error.starts_with("the request timed out"), "{error}");
}

#[tokio::test]
async fn a_generated_population_is_provisioned_as_fast_as_the_answers_come() {
    let target = Target::start().await;
    let settings = Provisioning { concurrency: 16, ..settings(&target) };

    let first = first_cycle(300, settings).await.unwrap();

    assert_eq!((first.report.users.created, first.users), (300, 300));
    assert_eq!(first.report.requests, 600);
    assert_eq!(target.store().users.len(), 300);
}

#[tokio::test]
async fn the_log_holds_each_request_and_answer_but_never_the_token() {
    let lab = Lab::start(|settings| Provisioning { pace: Pace::PerSecond(1000), ..settings }).await;

    lab.cycle().await;

    let log = lab.simulator.provisioning_log();
    assert_eq!(log.len(), 2);
    assert_eq!(log[1].method, "POST");
    assert_eq!(log[1].sent.as_ref().unwrap()["userName"], ADA);
    assert_eq!(log[1].received.as_ref().unwrap()["id"], "user-1");
    assert!(!serde_json::to_string(&log).unwrap().contains(TOKEN));
}
