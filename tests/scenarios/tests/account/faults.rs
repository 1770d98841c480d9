//! Whoever dies at any call of seeing to an account, or is throttled there, and whatever Graph does: it
//! ends as it should, said once, and nothing is done in Entra once more but what somebody died of.

use ambient::SystemEntropy;
use entra_sim::Fault as Wrong;
use identity::{Block, OutboxId};
use scenarios::mishap::{AFTER_THE_LEASE, Due, Mishap, mishaps};
use scenarios::{Provisioner, Records, World};
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry};

use crate::place::{changes_since, connected, due, ended, here, operate, said, stands, there};

/// How many people there are who are deleted.
const GONE: usize = 64;

/// What is seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// Somebody is blocked, and disabled there.
    Block,
    /// They are unblocked, and enabled there.
    Unblock,
    /// Entra took their access: what they have open there ends.
    End,
    /// They were blocked and are deleted before anybody came to disable them.
    Gone,
}

impl Leg {
    /// What the audit says, in the end.
    const fn said(self) -> &'static [&'static str] {
        match self {
            Self::Block | Self::Gone => &["account_disabled", "sessions_ended"],
            Self::Unblock => &["account_enabled"],
            Self::End => &["sessions_ended"],
        }
    }

    /// Which changes are asked of Graph, as often as that is where nothing happens.
    const fn changes(self) -> [(&'static str, usize); 2] {
        match self {
            // Sessions end with the access, and once more with the account.
            Self::Block | Self::Gone => [("PATCH", 1), ("POST", 2)],
            Self::Unblock => [("PATCH", 1), ("POST", 0)],
            Self::End => [("PATCH", 0), ("POST", 1)],
        }
    }

    /// Whether the account is enabled then.
    const fn enabled(self) -> bool {
        matches!(self, Self::Unblock | Self::End)
    }
}

/// What is carried out, of whom, and what was before it.
struct Run {
    leg: Leg,
    name: String,
    due: Due,
    before: Records,
    known: usize,
    ended: Option<String>,
}

impl Run {
    /// Lets it be due.
    async fn begin(world: &World, client: &Provisioner, leg: Leg, number: usize) -> Self {
        let name = if leg == Leg::Gone { format!("gone-{number}") } else { "ada".to_owned() };
        let user = here(world, &name).await;
        let (before, known) = (world.records().await, world.microsoft.graph_calls().len());
        let ended = ended(world, &name);
        let reconciles = due(world, &user);
        let due = match leg {
            Leg::Block | Leg::Unblock => {
                let action = if leg == Leg::Block { "block" } else { "unblock" };
                operate(world, action, &name).await;
                reconciles
            }
            Leg::End => {
                let entry = entry(world, Action::AccessTaken);
                let org = world.organization;
                world.store.block_user(org, user.id, Block::Entra, &entry).await.unwrap();
                item(world, "end_sessions", &user.id.to_string()).await
            }
            Leg::Gone => {
                operate(world, "block", &name).await;
                client.delete(&format!("/Users/{}", user.id)).await.expect(204);
                item(world, "disable_account", &user.id.to_string()).await
            }
        };
        Self { leg, name, due, before, known, ended }
    }

    /// Lets everything be done that follows, and checks what came of it.
    async fn end(self, world: &World, what: &str) {
        let Self { leg, name, before, known, .. } = &self;
        world.microsoft.mend();
        world.swept_by(AFTER_THE_LEASE).await;
        let told = said(world, before).await;
        assert_eq!(told, leg.said(), "{what}");
        if *leg == Leg::Gone {
            assert!(!there(world, name).account_enabled, "{what}");
        } else {
            // Whoever disables it is who enables it again.
            let stood = (leg.enabled(), *leg == Leg::Block);
            assert_eq!(stands(world, name).await, stood, "{what}");
        }
        let is_ended = ended(world, name) != self.ended;
        assert_eq!(is_ended, *leg != Leg::Unblock, "{what}");
        let changes = changes_since(world, *known);
        for (method, times) in leg.changes() {
            let done = changes.iter().filter(|(of, _, status)| of == method && *status < 300);
            let done = done.count();
            // Who dies once does one thing once more.
            let most = if times == 0 { 0 } else { times + 1 };
            assert!((times..=most).contains(&done), "{what}: {method}: {changes:?}");
        }
        let records = world.records().await;
        records.check_invariants();
        assert_eq!(records.count("ACCOUNT"), 0, "{what}: nothing is owed");
        if *leg == Leg::End {
            let (id, entry) = (here(world, name).await.id, entry(world, Action::AccessGiven));
            let org = world.organization;
            world.store.unblock_user(org, id, Block::Entra, &entry).await.unwrap();
            world.swept_by(AFTER_THE_LEASE).await;
        }
    }
}

fn entry(world: &World, action: Action) -> AuditEntry {
    AuditEntry::new(OutboxId::mint(&SystemEntropy), world.now(), Actor::System, action)
}

/// The item in the outbox that does something about a user.
async fn item(world: &World, task: &str, user: &str) -> Due {
    let records = world.records().await;
    let items = records.values("#OUTBOX#").into_iter();
    let mut found = items.filter(|item: &&Value| item["task"][task]["user"] == json!(user));
    let id = found.next().expect(task)["id"].as_str().unwrap().parse().unwrap();
    (world.organization, id)
}

/// Takes turns in these, each with every mishap of its own.
async fn survives(legs: &[Leg]) {
    let world = World::mute().await;
    let gone: Vec<String> = (0..GONE).map(|number| format!("gone-{number}")).collect();
    let names: Vec<&str> = ["ada"].into_iter().chain(gone.iter().map(String::as_str)).collect();
    connected(&world, if legs.contains(&Leg::Gone) { &names[..] } else { &names[..1] }).await;
    let client = world.other_client().await;
    let mut cases: Vec<Vec<Mishap>> = Vec::new();
    // Both applications have their tokens afterwards, and none is asked for any more.
    for first in [true, false] {
        for (number, leg) in legs.iter().enumerate() {
            let run = Run::begin(&world, &client, *leg, 2 * number + usize::from(first)).await;
            world.directory.calls();
            let asked = world.microsoft.graph_calls().len();
            world.batch(&[run.due]).await;
            let calls = world.directory.calls();
            let asked = world.microsoft.graph_calls().split_off(asked);
            run.end(&world, "nothing").await;
            if !first {
                let mut all = mishaps(&calls, asked.len());
                // Of a change a 2xx says that it is done, whatever comes with it.
                all.retain(|mishap| match mishap {
                    Mishap::GraphFails { call, fault: Wrong::Torn } => {
                        asked[*call].method != "PATCH"
                    }
                    _ => true,
                });
                assert!(all.iter().any(|mishap| matches!(mishap, Mishap::KilledAtGraph { .. })));
                cases.push(all);
            }
        }
    }
    let longest = cases.iter().map(Vec::len).max().unwrap();
    assert!((10..GONE - 2).contains(&longest), "{cases:#?}");
    for turn in 0..longest {
        for (leg, cases) in legs.iter().zip(&cases) {
            let what = format!("{leg:?}: {:?}", cases.get(turn));
            let run = Run::begin(&world, &client, *leg, turn + 2).await;
            match cases.get(turn) {
                Some(mishap) => mishap.befall(&world, run.due).await,
                None => drop(world.batch(&[run.due]).await),
            }
            run.end(&world, &what).await;
        }
    }
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled_once_wherever_whoever_does_it_dies_and_whatever_fails()
{
    survives(&[Leg::Block, Leg::Unblock]).await;
}

#[tokio::test]
async fn sessions_end_wherever_whoever_ends_them_dies_and_whatever_fails() {
    survives(&[Leg::End]).await;
}

#[tokio::test]
async fn the_account_of_whoever_is_gone_is_disabled_wherever_whoever_does_it_dies_and_whatever_fails()
 {
    survives(&[Leg::Gone]).await;
}
