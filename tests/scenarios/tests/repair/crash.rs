//! The function dies at every call of a repair, or a call fails: the user has the new state in the end,
//! or the old one where Entra does not take the anchor; never anything between, and the audit says so
//! once.

use entra_sim::{Fault as GraphsFault, GraphFault, GraphUser};
use identity::{OrganizationId, OutboxId, UserId};
use scenarios::mishap::{AFTER_THE_LEASE, Mishap, ask_twice, asked_in_vain, mishaps};
use scenarios::wire::{Effect, Fault};
use scenarios::{Call, World};
use serde_json::json;
use store::OutboxItem;

use crate::place::{ILLEGAL, begin, connected, ended, here, is_repaired, repair, there, under_way};

/// How many people there are to begin with.
const MANY: usize = 120;

/// Which state a repair ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    New,
    Old,
}

/// Somebody of the federated domain.
fn named(name: &str, anchor: Option<String>) -> GraphUser {
    GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        on_premises_immutable_id: anchor,
        ..GraphUser::default()
    }
}

impl End {
    /// What somebody has there before.
    fn anchor(self, number: usize) -> Option<String> {
        (self == Self::Old).then(|| format!("{ILLEGAL}-{number}"))
    }

    /// The organization with all those people; nobody is told what is due.
    async fn world(self) -> World {
        let world = World::federated().await;
        let somebody = |number| named(&format!("somebody-{number}"), self.anchor(number));
        world.microsoft.put_users((0..MANY).map(somebody)).unwrap();
        connected(&world, &[]).await;
        let effect = Effect::Refuse(500, "InternalServerError");
        world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
        world
    }

    /// Begins the repair of somebody, and names the item that carries it out.
    async fn begin(self, world: &World, number: usize) -> (OrganizationId, OutboxId) {
        let begun = begin(world, &format!("somebody-{number}")).await;
        if self == Self::Old {
            let path = format!("/users/{}", begun["object_id"].as_str().unwrap());
            let refused = GraphFault::next(GraphsFault::Status(400)).at(&path);
            let refused = refused.when("PATCH").naming("onPremisesImmutableId");
            world.microsoft.inject(refused.times(u32::MAX));
        }
        let user: UserId = begun["user"].as_str().unwrap().parse().unwrap();
        let item = OutboxItem::repairing(world.organization, user, world.now());
        (world.organization, item.id)
    }

    /// The calls of a clean repair, and how often Graph is asked in it.
    async fn clean(self, world: &World, number: usize) -> (Vec<Call>, usize) {
        let due = self.begin(world, number).await;
        world.directory.calls();
        let known = world.microsoft.graph_calls().len();
        world.batch(&[due]).await;
        let graph = world.microsoft.graph_calls().len() - known;
        let calls = world.directory.calls();
        self.holds(world, number, "without a fault").await;
        (calls, graph)
    }

    /// Checks that it ended as it was to.
    async fn holds(self, world: &World, number: usize, what: &str) {
        let name = format!("somebody-{number}");
        assert_eq!(under_way(world).await, [], "{what}");
        match self {
            Self::New => is_repaired(world, &name, what).await,
            Self::Old => {
                let user = here(world, &name).await;
                let theirs = there(world, &user.object_id.unwrap().to_string());
                assert_eq!(theirs.user_principal_name, format!("{name}@contoso.test"), "{what}");
                assert_eq!(theirs.on_premises_immutable_id, self.anchor(number), "{what}");
                assert_eq!(user.anchor, None, "{what}");
            }
        }
    }

    async fn survives(self, is_tried: impl Fn(&Mishap) -> bool) {
        let world = self.world().await;
        let begun = world.records().await;
        let (calls, graph) = self.clean(&world, 0).await;
        assert!(calls.len() >= 8 && graph >= 6, "{graph} {calls:?}");
        let mut mishaps = mishaps(&calls, graph);
        mishaps.retain(is_tried);
        assert!(mishaps.len() > 20 && mishaps.len() < MANY, "{}", mishaps.len());
        // Two at once are one.
        let due = [self.begin(&world, MANY - 1).await];
        tokio::join!(world.batch(&due), world.batch(&due));
        self.holds(&world, MANY - 1, "two at once").await;
        let many = 2 + mishaps.len();
        for (number, mishap) in (1..).zip(mishaps) {
            let what = format!("{self:?} {mishap:?}");
            let due = self.begin(&world, number).await;
            mishap.befall(&world, due).await;
            // Longer, in all, than Graph asked for and than the pauses after a few tries.
            for _ in 0..4 {
                if under_way(&world).await.is_empty() {
                    break;
                }
                world.clock.pass(AFTER_THE_LEASE);
                world.agree();
                world.batch(&[due, due]).await;
            }
            self.holds(&world, number, &what).await;
        }
        world.microsoft.mend();
        let records = world.records().await;
        records.check_invariants();
        let audited = records.audited_since(&begun);
        let expected = match self {
            Self::New => ("anchor_repaired", None),
            Self::Old => ("anchor_repair_ended", Some("refused")),
        };
        assert_eq!(ended(&audited), vec![expected; many], "each of them once");
    }
}

#[tokio::test]
async fn whatever_happens_in_between_a_repair_ends_in_the_new_state() {
    // A status that is not answered for is the same as an answer that is lost before anything is done.
    let is_tried = |mishap: &Mishap| {
        !matches!(mishap, Mishap::GraphFails { fault: GraphsFault::Status(_), .. })
    };
    End::New.survives(is_tried).await;
}

#[tokio::test]
async fn whatever_happens_in_between_a_repair_that_entra_refuses_ends_in_the_old_state() {
    // Up to the refusal it is the other story.
    let is_tried = |mishap: &Mishap| match mishap {
        Mishap::Killed(case) | Mishap::Fails(case) => case.position >= 5,
        Mishap::KilledAtGraph { call, .. } => *call >= 4,
        Mishap::GraphFails { call, fault } => {
            *call >= 4 && !matches!(fault, GraphsFault::Status(_))
        }
    };
    End::Old.survives(is_tried).await;
}

#[tokio::test]
async fn a_confirmation_that_dies_at_any_call_or_fails_begins_one_repair() {
    let world = World::federated().await;
    let names: Vec<String> = (0..24).map(|number| format!("somebody-{number}")).collect();
    world.microsoft.put_users(names.iter().map(|name| named(name, None))).unwrap();
    connected(&world, &[]).await;
    let begun = world.records().await;
    let confirmed = async |name: &str| {
        let plan = repair(&world, name, None).await.unwrap();
        json!({
            "action": "repair_anchor", "domain": "contoso.test",
            "email": format!("{name}@contoso.test"), "confirm": plan["plan"], "replaces": null,
        })
    };
    let asked = confirmed(&names[0]).await;
    world.operator.calls();
    world.operate(asked).await.unwrap();
    let calls = world.operator.calls();
    let cases = asked_in_vain(&calls);
    assert!(cases.len() > 8 && cases.len() < names.len(), "{calls:?}");
    let many = 1 + cases.len();

    for (name, case) in names.iter().skip(1).zip(&cases) {
        let asked = confirmed(name).await;
        let answer = ask_twice(&world, case, &asked).await;
        // The plan is used up by a write whose answer nobody heard.
        if let Err(error) = answer {
            let words = ["Conflict", "Refused"];
            assert!(words.iter().any(|word| error["errorType"] == *word), "{case:?}: {error}");
        }
    }
    for _ in 0..4 {
        world.clock.pass(AFTER_THE_LEASE);
        world.agree();
        world.sweep().await;
    }

    for name in names.iter().take(many) {
        is_repaired(&world, name, name).await;
    }
    let records = world.quiet().await;
    let audited = records.audited_since(&begun);
    assert_eq!(ended(&audited), vec![("anchor_repaired", None); many], "each of them once");
    let begins = audited.iter().filter(|(action, _)| action == "anchor_repair_begun");
    assert_eq!(begins.count(), many, "each of them once");
}
