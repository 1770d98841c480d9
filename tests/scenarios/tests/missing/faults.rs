//! Whoever dies before or after any write of a search, or is throttled there, and whatever Graph does of a
//! batch: it ends with the same users, each of whom lost access once.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use identity::{SearchId, User, UserId};
use jiff::SignedDuration;
use scenarios::microsoft::TENANT;
use scenarios::mishap::{
    AFTER_THE_LEASE, Due, Mishap, afterwards, ask_twice, asked_in_vain, mishaps,
};
use scenarios::{Case, Effect, Fault, World};
use serde_json::{Value, json};
use store::{MissingEnd, MissingSearch, MissingStep, OutboxItem, Task};

use crate::place::{blocked_are, connected, operate, said, search, strangers, users};

/// A piece of the work, which one invocation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// The round that tells of everybody, up to the beginning of the search.
    Round,
    /// Everybody is asked for, and few are missing.
    Few,
    /// Everybody is asked for, and many are missing.
    Many,
    /// Few are asked for once more, and lose access.
    Taking,
}

impl Leg {
    /// Lets it be due, and names its item and whoever is missing.
    async fn begin(self, world: &World, held: &[User]) -> (Due, Vec<User>) {
        let gone = match self {
            Self::Many => held.to_vec(),
            Self::Round | Self::Few | Self::Taking => strangers(world, 2).await,
        };
        let due = match self {
            Self::Round => round(world).await,
            Self::Few | Self::Many => begin(world).await,
            Self::Taking => {
                let due = begin(world).await;
                world.batch(&[due]).await;
                assert!(matches!(search(world).await.step, MissingStep::Taking { .. }));
                world.clock.pass(SignedDuration::from_mins(5));
                world.agree();
                due
            }
        };
        (due, gone)
    }
}

/// Begins a search of which nobody is told.
async fn begin(world: &World) -> Due {
    let (org, now) = (world.organization, world.now());
    let import = world.store.import(org, now).await.unwrap().unwrap();
    let replaced = world.store.missing_search(org, now).await.unwrap().unwrap().version;
    let (id, tenant) = (SearchId::mint(&SystemEntropy), TENANT.parse().unwrap());
    let search = MissingSearch::begin(id, tenant, import.value.asked_at.unwrap(), now);
    let task = Task::LookForMissing { search: search.id };
    let item = OutboxItem::new(&SystemEntropy, org, task, now);
    let kept = (import.version, &import.value);
    world.store.end_whole_round(org, kept, (replaced, &search), &item).await.unwrap();
    (org, item.id)
}

/// Lets the next round be due, which is to tell of everybody.
async fn round(world: &World) -> Due {
    // After seven days Microsoft forgets where a round was.
    world.clock.pass(SignedDuration::from_hours(7 * 24 + 1));
    world.agree();
    let records = world.records().await;
    let items = records.values("#OUTBOX#").into_iter();
    let mut rounds = items.filter(|item| !item["task"]["read_directory"].is_null());
    let round = rounds.next().unwrap();
    (world.organization, round["id"].as_str().unwrap().parse().unwrap())
}

/// Lets time pass until the search is not under way.
async fn ended(world: &World, what: &str) -> MissingSearch {
    for _ in 0..8 {
        let search = search(world).await;
        if !search.is_under_way() {
            return search;
        }
        world.clock.pass(AFTER_THE_LEASE);
        world.agree();
        world.sweep().await;
    }
    panic!("{what}: it does not end: {:?}", search(world).await)
}

#[tokio::test]
async fn a_search_that_dies_at_any_write_or_fails_ends_with_the_same_users_each_once() {
    let world = World::start().await;
    connected(&world, 6).await;
    // Nobody is told: the story itself brings what is due.
    let effect = Effect::Refuse(400, "AccessDeniedException");
    let silent =
        || Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect: effect.clone() };
    let (mut blocked, mut held, mut holds) = (BTreeSet::new(), Vec::new(), 0);

    for leg in [Leg::Round, Leg::Taking, Leg::Few, Leg::Many] {
        if leg == Leg::Many {
            held = strangers(&world, 9).await;
        }
        world.directory.fault(silent());
        let (due, gone) = leg.begin(&world, &held).await;
        world.directory.calls();
        let asked = world.microsoft.graph_calls().len();
        world.batch(&[due]).await;
        let calls = world.directory.calls();
        let asked = world.microsoft.graph_calls().len() - asked;
        world.directory.mend();
        leg.ended(&world, &gone, &mut blocked, "nothing").await;

        let cases = mishaps(&calls, asked).into_iter().filter(|mishap| leg.bears(mishap));
        let cases: Vec<Mishap> = cases.collect();
        assert!(cases.len() >= 4, "{leg:?}: {cases:?}");
        holds += if leg == Leg::Many { 1 + cases.len() } else { 0 };
        for mishap in cases {
            let what = format!("{leg:?}: {mishap:?}");
            world.directory.fault(silent());
            let (due, gone) = leg.begin(&world, &held).await;
            world.directory.mend();
            mishap.befall(&world, due).await;
            afterwards(&world).await;
            world.microsoft.mend();
            leg.ended(&world, &gone, &mut blocked, &what).await;
        }
        let records = world.records().await;
        records.check_invariants();
        let audit = records.audit();
        let taken = audit.iter().filter(|entry| entry["reason"] == "missing");
        let taken: Vec<&str> = taken.map(|entry| entry["subject"].as_str().unwrap()).collect();
        assert_eq!(taken.iter().copied().collect::<BTreeSet<_>>().len(), taken.len(), "each once");
        assert_eq!(taken.len(), blocked.len(), "{leg:?}");
        let held = audit.iter().filter(|entry| entry["action"] == "missing_held").count();
        assert_eq!(held, holds, "each once");
    }
}

impl Leg {
    /// Whether a mishap is another one than those before: where a read fails nothing is undone, the first
    /// of its kind stands for the others, and of a part of a batch nothing gets lost by itself.
    fn bears(self, mishap: &Mishap) -> bool {
        let is_table = |case: &Case| case.call.service == "dynamodb";
        match mishap {
            // That somebody dies who has just taken the item is told elsewhere.
            Mishap::Killed(case) if case.call.writes() && self == Self::Round => {
                // The write that begins anew, and the one that ends the round.
                [1, 2].contains(&case.before)
            }
            Mishap::Killed(case) if case.call.writes() => case.before > 0,
            Mishap::Killed(case) => is_table(case) && self == Self::Few && case.before == 0,
            Mishap::Fails(case) => {
                is_table(case) && self.asks() && case.call.writes() && case.before == 1
            }
            Mishap::KilledAtGraph { call, .. } => self.asks() && *call == 0,
            Mishap::GraphFails { call, .. } => self.asks() && *call == 0,
        }
    }

    /// Whether it asks the tenant for users, of whom few are missing.
    fn asks(self) -> bool {
        matches!(self, Self::Few | Self::Taking)
    }

    /// Checks that whoever was missing lost access, and nobody else, or that all of them are held.
    async fn ended(self, world: &World, gone: &[User], blocked: &mut BTreeSet<UserId>, what: &str) {
        let search = ended(world, what).await;
        let end = match search.step {
            MissingStep::Over { end, .. } => Some(end),
            _ => None,
        };
        let (missing, expected) = match self {
            Self::Many => (9, None),
            Self::Round | Self::Few | Self::Taking => (2, Some(MissingEnd::Taken)),
        };
        assert_eq!((end, search.missing), (expected, missing), "{what}: {search:?}");
        if expected.is_some() {
            blocked.extend(gone.iter().map(|user| user.id));
        }
        let here = users(world).await;
        let without = here.iter().filter(|user| !user.blocks.is_empty()).map(|user| user.id);
        assert_eq!(without.collect::<BTreeSet<_>>(), *blocked, "{what}");
    }
}

/// Holds somebody, and tells nobody: names the item that says so, and who it is.
async fn hold(world: &World) -> (Due, User) {
    let effect = Effect::Refuse(400, "AccessDeniedException");
    let silent = Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect };
    world.directory.fault(silent);
    let one = strangers(world, 1).await.remove(0);
    let due = begin(world).await;
    world.batch(&[due]).await;
    let held = search(world).await;
    assert!(matches!(held.step, MissingStep::Held { .. }), "{held:?}");
    world.directory.mend();
    let reports = reports(world, &held).await;
    assert_eq!(reports.len(), 1);
    ((world.organization, reports[0]["id"].as_str().unwrap().parse().unwrap()), one)
}

/// What is still to be said of a search's list.
async fn reports(world: &World, search: &MissingSearch) -> Vec<Value> {
    let (records, id) = (world.records().await, json!(search.id));
    let items = records.values("#OUTBOX#").into_iter();
    let ours = items.filter(|item| item["task"]["report_missing"]["search"] == id);
    ours.cloned().collect()
}

/// A world in which nobody loses access unasked.
async fn strict() -> World {
    let world = World::start().await;
    connected(&world, 6).await;
    operate(&world, "missing_limit", json!({ "users": 0, "percent": 0 })).await.unwrap();
    world
}

#[tokio::test]
async fn a_report_that_dies_at_any_call_or_fails_is_made_of_one_occurrence_and_comes_once_a_day() {
    let world = strict().await;
    let (due, _) = hold(&world).await;
    world.directory.calls();
    world.batch(&[due]).await;
    let calls = world.directory.calls();
    assert!(calls.iter().any(|call| call.operation == "PutEvents"), "{calls:?}");
    assert_eq!(said(&world).len(), 1);

    for mishap in mishaps(&calls, 0) {
        let what = format!("{mishap:?}");
        let known = said(&world).len();
        let (due, _) = hold(&world).await;
        let held = search(&world).await;
        mishap.befall(&world, due).await;
        afterwards(&world).await;

        let told = said(&world).split_off(known);
        let ids: BTreeSet<String> = told.iter().map(|said| said["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{what}: {told:?}");
        assert!(told.iter().all(|said| said["search"] == json!(held.id)), "{what}: {told:?}");
        assert_eq!(reports(&world, &held).await.len(), 1, "{what}: tomorrow's");
        // Each is held once more, without an end: the day after another search nobody is reminded.
        world.records().await.check_invariants();
    }
    let held = search(&world).await;
    let known = said(&world).len();
    world.clock.pass(SignedDuration::from_hours(25));
    world.agree();
    world.sweep().await;
    let told = said(&world).split_off(known);
    assert_eq!(told.len(), 1, "of the list that is held: {told:?}");
    assert_eq!(told[0]["search"], json!(held.id));
}

#[tokio::test]
async fn a_decision_that_dies_at_any_call_or_fails_is_made_once_whole() {
    let world = strict().await;
    let mut gone = Vec::new();
    for action in ["dismiss_missing", "approve_missing"] {
        let word =
            if action == "dismiss_missing" { "missing_dismissed" } else { "missing_approved" };
        let asked = |held: &MissingSearch| {
            let mut asked = json!({
                "action": action, "domain": "contoso.test", "search": held.id,
            });
            if action == "approve_missing" {
                asked["missing"] = json!(held.missing);
            }
            asked
        };
        hold(&world).await;
        world.operator.calls();
        world.operate(asked(&search(&world).await)).await.unwrap();
        let calls = world.operator.calls();
        let cases = asked_in_vain(&calls);
        assert!(cases.len() >= 6, "{calls:?}");
        afterwards(&world).await;
        let mut made = 1;
        for case in cases {
            let what = format!("{action}: {case:?}");
            hold(&world).await;
            let held = search(&world).await;
            let answer = ask_twice(&world, &case, &asked(&held)).await;
            if let Err(error) = &answer {
                let said = error["errorMessage"].as_str().unwrap();
                assert!(said.contains("waits for a decision"), "{what}: it is decided: {error}");
            }
            afterwards(&world).await;
            made += 1;

            let records = world.records().await;
            records.check_invariants();
            let audit = records.audit();
            let told = audit.iter().filter(|entry| entry["action"] == word).count();
            assert_eq!(told, made, "{what}: told once");
            let expected = match action {
                "dismiss_missing" => MissingEnd::Dismissed,
                _ => MissingEnd::Taken,
            };
            let MissingStep::Over { end, .. } = search(&world).await.step else {
                panic!("{what}: it is over")
            };
            assert_eq!(end, expected, "{what}");
        }
        // Whoever was on a list that was dismissed is on the one that is approved too.
        gone = users(&world).await;
        gone.retain(|user| user.display_name.len() == 32);
        let expected = if action == "dismiss_missing" { &[][..] } else { &gone[..] };
        blocked_are(&world, expected, action).await;
    }
    assert!(gone.len() > 12, "{}", gone.len());
}
