//! Facts of G.5: what each event in the directory sends, and what it does not.

use entra_sim::{GraphUser, Provisioning, Scope};
use jiff::SignedDuration;
use serde_json::json;

use crate::lab::{ADA, ADA_ID, GRACE, Lab, grace, same};

fn assigned(settings: Provisioning) -> Provisioning {
    Provisioning { scope: Scope::Assigned, ..settings }
}

#[tokio::test]
async fn g5_somebody_unassigned_is_disabled_and_never_spoken_of_again() {
    let lab = Lab::start(assigned).await;
    lab.simulator.assign(ADA_ID).unwrap();
    lab.cycle().await;
    lab.target.take();

    lab.simulator.unassign(ADA_ID).unwrap();
    let report = lab.cycle().await;
    let sent = lab.target.lines();
    lab.simulator.soft_delete_user(ADA).unwrap();
    lab.cycle().await;
    lab.simulator.delete_user(ADA).unwrap();
    lab.cycle().await;

    assert_eq!(report.users.disabled, 1);
    assert_eq!(sent, ["GET /Users/user-1", "PATCH /Users/user-1"]);
    assert_eq!(lab.target.lines(), Vec::<String>::new());
    assert_eq!(lab.target.user(ADA)["active"], false);
}

#[tokio::test]
async fn g5_somebody_assigned_again_is_active_again() {
    let lab = Lab::start(assigned).await;
    lab.simulator.assign(ADA_ID).unwrap();
    lab.cycle().await;
    lab.simulator.unassign(ADA_ID).unwrap();
    lab.cycle().await;

    lab.simulator.assign(ADA_ID).unwrap();
    lab.cycle().await;

    assert_eq!(lab.target.user(ADA)["active"], true);
}

#[tokio::test]
async fn g5_who_was_never_assigned_is_not_provisioned_and_a_groups_members_are_assigned_with_it() {
    let lab = Lab::start(assigned).await;
    let group = entra_sim::GraphGroup {
        display_name: "Staff".to_owned(),
        members: [ADA_ID.to_owned()].into(),
        ..Default::default()
    };
    let group = lab.simulator.put_group(group).unwrap();
    let before = lab.cycle().await;

    lab.simulator.assign(&group.id).unwrap();
    let after = lab.cycle().await;
    lab.simulator.change_members("Staff", [], &[ADA_ID.to_owned()].into()).unwrap();
    let left = lab.cycle().await;

    assert_eq!((before.users.skipped, before.requests), (1, 0));
    assert_eq!((after.users.created, after.groups.created), (1, 1));
    assert_eq!(left.users.disabled, 1);
}

#[tokio::test]
async fn g5_a_blocked_sign_in_disables_and_an_allowed_one_enables() {
    let lab = Lab::provisioned(same).await;

    lab.change(|ada| ada.account_enabled = false);
    lab.cycle().await;
    let blocked = lab.target.user(ADA)["active"].clone();
    lab.change(|ada| ada.account_enabled = true);
    lab.cycle().await;

    assert_eq!(blocked, false);
    assert_eq!(lab.target.user(ADA)["active"], true);
}

#[tokio::test]
async fn g5_a_soft_deletion_disables_and_a_restore_enables_without_the_memberships() {
    let lab = Lab::start(same).await;
    let group = entra_sim::GraphGroup {
        display_name: "Staff".to_owned(),
        members: [ADA_ID.to_owned()].into(),
        ..Default::default()
    };
    lab.simulator.put_group(group).unwrap();
    lab.cycle().await;
    lab.target.take();

    lab.simulator.soft_delete_user(ADA).unwrap();
    lab.cycle().await;
    let deleted = lab.target.take();
    lab.simulator.restore_user(ADA).unwrap();
    lab.cycle().await;
    let restored = lab.target.take();

    let both = ["GET /Users/user-1", "PATCH /Users/user-1"];
    assert_eq!(deleted.iter().map(|request| request.line()).collect::<Vec<_>>(), both);
    assert_eq!(restored.iter().map(|request| request.line()).collect::<Vec<_>>(), both);
    let operation = |value| json!([{ "op": "Replace", "path": "active", "value": value }]);
    assert_eq!(deleted[1].body()["Operations"], operation("False"));
    assert_eq!(restored[1].body()["Operations"], operation("True"));
    let members = lab.target.store().groups.values().next().unwrap()["members"].clone();
    assert_eq!(members[0]["value"], "user-1");
}

#[tokio::test]
async fn g5_the_recycle_bin_is_emptied_after_thirty_days_and_then_the_user_is_deleted() {
    let lab = Lab::provisioned(same).await;
    lab.simulator.soft_delete_user(ADA).unwrap();
    lab.cycle().await;
    let days = |days: i64| SignedDuration::from_hours(24 * days);

    lab.simulator.set_clock_offset(days(30) - SignedDuration::from_mins(5)).unwrap();
    lab.target.take();
    lab.cycle().await;
    let early = lab.target.lines();
    lab.simulator.set_clock_offset(days(30)).unwrap();
    let report = lab.cycle().await;

    assert_eq!(early, Vec::<String>::new());
    assert_eq!(report.users.deleted, 1);
    assert_eq!(lab.target.lines(), ["DELETE /Users/user-1"]);
}

#[tokio::test]
async fn g5_a_user_deleted_by_hand_for_good_is_deleted_at_the_next_cycle() {
    let lab = Lab::provisioned(same).await;

    lab.simulator.delete_user(ADA).unwrap();
    let report = lab.cycle().await;

    assert_eq!(report.users.deleted, 1);
    assert!(lab.target.store().users.is_empty());
}

#[tokio::test]
async fn g5_who_is_disabled_when_first_in_scope_is_not_provisioned_at_all() {
    let lab = Lab::start(same).await;
    lab.change(|ada| ada.account_enabled = false);

    let report = lab.cycle().await;
    lab.change(|ada| ada.account_enabled = true);
    let enabled = lab.cycle().await;

    assert_eq!((report.users.skipped, report.requests), (1, 0));
    assert_eq!(enabled.users.created, 1);
}

#[tokio::test]
async fn g5_who_disappeared_from_the_target_is_matched_and_created_again() {
    let lab = Lab::provisioned(same).await;
    lab.target.store().users.clear();
    lab.change(|ada| ada.job_title = Some("Countess".to_owned()));

    let report = lab.cycle().await;

    assert_eq!(report.users.created, 1);
    let query = format!("GET /Users?filter=userName eq \"{ADA}\"");
    assert_eq!(lab.target.lines(), ["GET /Users/user-1", &query, "POST /Users"]);
}

#[tokio::test]
async fn g5_who_is_disabled_and_disappeared_from_the_target_is_not_created_again() {
    let lab = Lab::provisioned(same).await;
    lab.target.store().users.clear();
    lab.change(|ada| ada.account_enabled = false);

    let report = lab.cycle().await;

    assert_eq!(report.users.skipped, 1);
    assert!(lab.target.store().users.is_empty());
}

#[tokio::test]
async fn g5_a_manager_who_is_not_provisioned_yet_is_set_in_a_later_cycle_and_cleared_when_gone() {
    let lab = Lab::provisioned(same).await;
    let blocked = GraphUser { account_enabled: false, ..grace() };
    lab.simulator.put_user(blocked).unwrap();
    lab.change(|ada| ada.manager = Some(grace().id));
    let waiting = lab.cycle().await;

    lab.simulator.put_user(grace()).unwrap();
    let set = lab.cycle().await;
    let manager = lab.target.user(ADA);
    lab.simulator.delete_user(GRACE).unwrap();
    let cleared = lab.cycle().await;

    assert_eq!((waiting.references.waiting, set.references.added), (1, 1));
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(manager[enterprise]["manager"], "user-2");
    assert_eq!(cleared.references.removed, 1);
    assert!(lab.target.user(ADA)[enterprise].get("manager").is_none());
}
