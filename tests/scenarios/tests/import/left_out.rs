//! Whom a round told of and left out: asked for by themselves until they are carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ambient::{Clock, SystemEntropy};
use entra_sim::{Fault, GraphFault, GraphUser};
use identity::{Block, OutboxId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{Action, Actor, AuditEntry, Provisioned};
use uuid::Uuid;

use crate::lab::{Lab, now};

/// Goes ahead of the clock of this machine.
struct Ahead(AtomicI64);

impl Ahead {
    fn pass(&self, minutes: i64) {
        self.0.fetch_add(minutes, Ordering::Relaxed);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        now() + SignedDuration::from_mins(self.0.load(Ordering::Relaxed))
    }
}

async fn lab() -> (Lab, Arc<Ahead>) {
    let clock = Arc::new(Ahead(AtomicI64::new(0)));
    (Lab::by(clock.clone()).await, clock)
}

fn audit(action: Action) -> AuditEntry {
    AuditEntry::new(OutboxId::mint(&SystemEntropy), now(), Actor::System, action)
}

impl Lab {
    /// Has the next round say nonsense of somebody, who is left out by it.
    async fn leave_out(&self, user: &GraphUser) {
        let nonsense = json!({ "id": user.id, "accountEnabled": "false" });
        self.simulator.inject(GraphFault::next(Fault::Odd(nonsense)).at("/users/delta"));
        assert_eq!(self.read().await.tally.unread, 1);
    }

    /// How often somebody was asked for by themselves.
    fn asked_for(&self, user: &GraphUser) -> usize {
        self.asked(&format!("/users/{}", user.id))
    }

    async fn is_blocked(&self, name: &str) -> bool {
        self.user(name).await.blocks.contains(&Block::Entra)
    }

    async fn provisioned_as(&self, user: &User) -> Provisioned {
        self.store.provisioned(self.organization, user.id, now()).await.unwrap().unwrap()
    }

    /// The provisioning client deletes a user whom it made.
    async fn deprovision(&self, user: &User) {
        let (before, org) = (self.provisioned_as(user).await, self.organization);
        let audit = audit(Action::UserDeleted);
        self.store.delete_provisioned(org, &before, &audit, &SystemEntropy).await.unwrap();
    }
}

#[tokio::test]
async fn a_leaver_of_whom_nonsense_was_told_loses_access_an_hour_later() {
    let (lab, clock) = lab().await;
    let ada = lab.put("ada", |_| ());
    lab.read().await;
    lab.put("ada", |ada| ada.account_enabled = false);
    lab.leave_out(&ada).await;

    clock.pass(59);
    assert_eq!(lab.read().await.tally.told, 0, "nothing tells of them again");
    assert_eq!((lab.is_blocked("ada").await, lab.asked_for(&ada)), (false, 0));
    clock.pass(2);
    let round = lab.read().await;

    assert!(lab.is_blocked("ada").await);
    assert_eq!((round.tally.blocked, round.left_out_at), (1, None), "nobody is left out any more");
    clock.pass(10_000);
    lab.read().await;
    assert_eq!(lab.asked_for(&ada), 1);
}

#[tokio::test]
async fn whoever_is_left_out_again_is_asked_for_less_and_less_often_and_keeps_nobody_waiting() {
    let (lab, clock) = lab().await;
    let (ada, grace) = (lab.put("ada", |_| ()), lab.put("grace", |_| ()));
    lab.read().await;
    lab.put("grace", |grace| grace.account_enabled = false);
    lab.leave_out(&grace).await;
    lab.put("ada", |ada| ada.account_enabled = false);
    lab.leave_out(&ada).await;
    let path = format!("/users/{}", ada.id);
    lab.simulator.inject(GraphFault::next(Fault::Status(400)).at(&path).times(4));

    for hour in 1..=32 {
        clock.pass(60);
        lab.read().await;
        assert!(lab.is_blocked("grace").await, "at once");
        assert_eq!(lab.is_blocked("ada").await, hour >= 31, "after {hour} hours");
    }

    assert_eq!((lab.asked_for(&ada), lab.asked_for(&grace)), (5, 1));
}

#[tokio::test]
async fn whose_name_a_provisioned_user_had_are_made_or_renamed_once_it_is_free() {
    let (lab, clock) = lab().await;
    lab.put("ada", |_| ());
    lab.read().await;
    let ada = lab.user("ada").await;
    let taken = lab.provisioned("taken@contoso.test").await;
    let grace = lab.provisioned("grace@contoso.test").await;
    lab.put("ada", |ada| ada.user_principal_name = "taken@contoso.test".to_owned());
    lab.put("grace", |_| ());
    let round = lab.read().await;
    assert_eq!((round.tally.clashes, round.tally.made), (2, 0));
    clock.pass(61);
    let round = lab.read().await;
    assert_eq!((round.tally.clashes, round.tally.made), (2, 0), "they have them still");

    lab.deprovision(&taken).await;
    lab.deprovision(&grace).await;
    clock.pass(121);
    let round = lab.read().await;

    assert_eq!((round.tally.clashes, round.tally.made, round.left_out_at), (0, 1, None));
    assert_eq!(lab.user("taken").await.id, ada.id);
    assert_ne!(lab.user("grace").await.id, grace.id);
    assert!(lab.user("grace").await.object_id.is_some());
}

#[tokio::test]
async fn whom_the_client_links_are_what_the_directory_says_of_them() {
    let (lab, clock) = lab().await;
    let ours = lab.provisioned("ada@contoso.test").await;
    let ada = lab.put("ada", |ada| ada.account_enabled = false);
    assert_eq!(lab.read().await.tally.clashes, 1);
    let before = lab.provisioned_as(&ours).await;
    let linked = User { object_id: ada.id.parse().ok(), ..before.user.value.clone() };
    let (org, profile) = (lab.organization, before.profile.value.clone());
    let audit = audit(Action::UserChanged);
    lab.store.change_provisioned(org, &before, &linked, &profile, &audit, None).await.unwrap();
    assert!(!lab.is_blocked("ada").await, "nobody asked yet");

    clock.pass(61);
    let round = lab.read().await;

    assert!(lab.is_blocked("ada").await, "the account is disabled there");
    assert_eq!((round.tally.clashes, round.left_out_at), (0, None));
}

#[tokio::test]
async fn whose_access_comes_back_while_they_cannot_be_asked_for_get_it_later() {
    let (lab, clock) = lab().await;
    let ada = lab.put("ada", |ada| ada.account_enabled = false);
    lab.read().await;
    lab.put("ada", |ada| ada.account_enabled = true);
    let path = format!("/users/{}", ada.id);
    lab.simulator.inject(GraphFault::next(Fault::Unheard).at(&path));

    lab.read().await;
    assert!(lab.is_blocked("ada").await, "it is given by an answer alone");
    clock.pass(61);
    lab.read().await;

    assert!(!lab.is_blocked("ada").await);
}

#[tokio::test]
async fn who_has_the_anchor_that_somebody_is_to_have_says_so_and_they_are_to_be_read_once_it_is_free()
 {
    let (lab, _) = lab().await;
    let id = UserId::mint(&SystemEntropy);
    let mut here = User::new(id, "else@contoso.test".parse().unwrap(), "Else".to_owned(), now());
    here.anchor = "A1".parse().ok();
    lab.store.create_user(lab.organization, &here).await.unwrap();
    let ada = lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));
    assert_eq!(lab.read().await.tally.clashes, 1);
    let noticed = async || {
        let noticed = lab.store.noticed(lab.organization, 9, now()).await.unwrap();
        noticed.into_iter().map(|noticed| noticed.value.object.to_string()).collect::<Vec<_>>()
    };

    let here = lab.user("else").await;
    let kept_out: Vec<String> = here.in_the_way_of.iter().map(Uuid::to_string).collect();
    assert_eq!(kept_out, [&*ada.id]);
    assert!(noticed().await.is_empty());
    lab.deprovision(&here).await;

    assert_eq!(noticed().await, [&*ada.id]);
}
