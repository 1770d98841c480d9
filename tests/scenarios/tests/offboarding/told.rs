//! Whoever dies at any call of telling the bus that somebody lost their access, got it back or is gone, or is
//! throttled there: it is told, by one id.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use identity::{Block, OutboxId, User};
use scenarios::mishap::{AFTER_THE_LEASE, Due, mishaps};
use scenarios::{Provisioner, World};
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry};

/// What happens to somebody.
#[derive(Clone, Copy, Debug)]
enum Change {
    Taken,
    Given,
    Deleted,
}

impl Change {
    /// What the event is called, and its reasons.
    fn told(self) -> (&'static str, Value) {
        match self {
            Self::Taken => ("user.offboarded", json!(["entra"])),
            Self::Given => ("user.reenabled", json!([])),
            Self::Deleted => ("user.offboarded", json!(["deleted"])),
        }
    }

    /// Lets it happen to somebody new, and names what tells of it.
    async fn begin(self, world: &World, client: &Provisioner, number: usize) -> (User, Due) {
        let name = format!("{self:?}-{number}").to_lowercase();
        let user = world
            .user_with(&name, |user| {
                if matches!(self, Self::Given) {
                    user.blocks.insert(Block::Entra);
                }
            })
            .await;
        let (org, id) = (world.organization, user.id);
        let entry = |action| {
            AuditEntry::new(OutboxId::mint(&SystemEntropy), world.now(), Actor::System, action)
        };
        match self {
            Self::Taken => {
                let entry = entry(Action::AccessTaken);
                world.store.block_user(org, id, Block::Entra, &entry).await.unwrap();
            }
            Self::Given => {
                let entry = entry(Action::AccessGiven);
                world.store.unblock_user(org, id, Block::Entra, &entry).await.unwrap();
            }
            Self::Deleted => drop(client.delete(&format!("/Users/{id}")).await.expect(204)),
        }
        let records = world.records().await;
        let items = records.values("#OUTBOX#").into_iter();
        let mut tell = items.filter(|item| item["task"]["tell_access"]["user"] == json!(id));
        let item = tell.next().expect("what tells of it")["id"].as_str().unwrap().to_owned();
        (user, (org, item.parse().unwrap()))
    }
}

/// Whom an event is about.
fn of(user: &User) -> impl Fn(&Value) -> bool {
    let id = json!(user.id);
    move |event| event["user"] == id
}

#[tokio::test]
async fn whoever_loses_access_or_gets_it_back_is_told_of_by_one_id_wherever_whoever_tells_it_dies()
{
    let world = World::mute().await;
    let client = world.other_client().await;
    for change in [Change::Taken, Change::Given, Change::Deleted] {
        let (kind, reasons) = change.told();
        let (_, due) = change.begin(&world, &client, 0).await;
        world.directory.calls();
        world.batch(&[due]).await;
        let cases = mishaps(&world.directory.calls(), 0);
        assert!(cases.len() >= 8, "{cases:?}");

        for (number, mishap) in cases.iter().enumerate() {
            let what = format!("{change:?}: {mishap:?}");
            let (user, due) = change.begin(&world, &client, number + 1).await;
            mishap.befall(&world, due).await;
            world.swept_by(AFTER_THE_LEASE).await;

            let mut events = world.arrived(kind);
            events.retain(of(&user));
            assert!((1..=2).contains(&events.len()), "{what}: {events:?}");
            assert!(events.iter().all(|event| event["reasons"] == reasons), "{what}: {events:?}");
            let ids: BTreeSet<&str> =
                events.iter().map(|event| event["id"].as_str().unwrap()).collect();
            assert_eq!(ids, [&*due.1.to_string()].into(), "{what}");
            let records = world.records().await;
            assert_eq!(records.count("#OUTBOX#"), 0, "{what}: something is left");
        }
    }
    world.records().await.check_invariants();
}
