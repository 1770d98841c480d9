//! Rounds that are due: found, claimed once, named once, and told of where they are late.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use entra_sim::{Fault as Weather, GraphFault};
use identity::{OrganizationId, OutboxId};
use jiff::{SignedDuration, Timestamp};
use local::invoke::Outcome;
use scenarios::microsoft::account;
use scenarios::mishap::asked_in_vain;
use scenarios::world::aws;
use scenarios::{Case, Effect, Failing, Fault, World};
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry, OutboxItem, Store};

const CLAIM: SignedDuration = SignedDuration::from_mins(15);
const FOUR_HOURS: SignedDuration = SignedDuration::from_hours(4);
/// How many rounds are dispatched by somebody who dies.
const ROUNDS: usize = 3;

/// A round of an organization that nobody connected: whoever carries it out ends it.
async fn put_round(world: &World, due_at: Timestamp) -> OutboxItem {
    put_round_in(world, due_at, |_| true).await
}

/// The same with an id as one wants it.
async fn put_round_in(
    world: &World,
    due_at: Timestamp,
    is_it: impl Fn(&OutboxItem) -> bool,
) -> OutboxItem {
    let organization = OrganizationId::mint(&SystemEntropy);
    let now = world.now();
    let round = || OutboxItem::round(&SystemEntropy, organization, now, (now, FOUR_HOURS), now);
    let round = std::iter::repeat_with(round).find(is_it).unwrap().not_before(due_at);
    let id = OutboxId::mint(&SystemEntropy);
    let audit = AuditEntry::new(id, world.now(), Actor::System, Action::TenantConnected);
    world.store.put_in_outbox(organization, &round, &audit).await.unwrap();
    round
}

/// What a dispatch answers that finds so many, and nothing late.
fn found(rounds: usize) -> Value {
    json!({ "rounds": rounds, "late": 0, "unfinished": 0 })
}

fn answer(outcome: Outcome) -> Value {
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    serde_json::from_slice(&answer).unwrap()
}

/// Each round that was named, as often as it was.
fn named(world: &World) -> Vec<String> {
    let calls = world.offboarding.seen().into_iter();
    let entries =
        calls.flat_map(|call| call.body["Entries"].as_array().cloned().unwrap_or_default());
    let rounds = entries.filter(|entry| entry["DetailType"] == "round.due");
    let item = |entry: Value| {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        detail["item"].as_str().unwrap().to_owned()
    };
    rounds.map(item).collect()
}

async fn pass(world: &World, time: SignedDuration) {
    world.clock.pass(time);
    world.agree();
}

#[tokio::test]
async fn who_is_due_is_named_once_and_who_is_not_waits() {
    let world = World::start().await;
    let later = world.now() + SignedDuration::from_mins(4);
    let mut due = BTreeSet::new();
    for _ in 0..130 {
        due.insert(put_round(&world, world.now()).await.id.to_string());
    }
    let waits = put_round(&world, later).await.id.to_string();
    world.offboarding.calls();

    assert_eq!(answer(world.dispatch().await), found(130));

    let calls = world.offboarding.calls();
    let of = |operation: &str| calls.iter().filter(|call| call.operation == operation).count();
    // Sixteen partitions with eight rounds each, or so: one query, one read, one write, one event.
    assert_eq!((of("Query"), of("BatchGetItem"), of("TransactWriteItems")), (16, 16, 16));
    assert!((16..=32).contains(&of("PutEvents")), "{calls:?}");
    assert_eq!(named(&world).len(), 130);
    assert_eq!(named(&world).into_iter().collect::<BTreeSet<_>>(), due);

    assert_eq!(answer(world.dispatch().await), found(0), "they were carried out");
    pass(&world, SignedDuration::from_mins(5)).await;
    assert_eq!(answer(world.dispatch().await), found(1));
    assert_eq!(named(&world).last(), Some(&waits));
}

#[tokio::test]
async fn what_is_claimed_and_never_named_is_due_again_a_quarter_of_an_hour_later() {
    let world = World::start().await;
    let round = put_round(&world, world.now()).await;
    let effect = Effect::Refuse(500, "InternalFailure");
    world.offboarding.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });

    assert!(matches!(world.dispatch().await, Outcome::Failed(_)));
    world.offboarding.mend();

    pass(&world, CLAIM - SignedDuration::from_secs(1)).await;
    assert_eq!(answer(world.dispatch().await), found(0), "somebody may be at it");
    pass(&world, SignedDuration::from_secs(1)).await;
    assert_eq!(answer(world.dispatch().await), found(1));
    let left = world.store.outbox(round.organization, round.id, world.now()).await.unwrap();
    assert!(left.is_none(), "it was carried out");
}

#[tokio::test]
async fn two_dispatches_at_once_claim_each_round_once_and_one_that_fails_loses_none() {
    let world = World::start().await;
    for _ in 0..60 {
        put_round(&world, world.now()).await;
    }

    let (one, other) = tokio::join!(world.dispatch(), world.dispatch());

    let [one, other] = [one, other].map(answer);
    let rounds = |answer: &Value| answer["rounds"].as_u64().unwrap();
    assert_eq!(rounds(&one) + rounds(&other), 60, "{one} {other}");
    let once: BTreeSet<String> = named(&world).into_iter().collect();
    assert_eq!(once.len(), 60);

    let others = {
        let mut others = BTreeSet::new();
        for _ in 0..60 {
            others.insert(put_round(&world, world.now()).await.id.to_string());
        }
        others
    };
    let effect = Effect::Refuse(500, "InternalServerError");
    let fault = Fault { operation: "TransactWriteItems", skip: 5, times: usize::MAX, effect };
    world.offboarding.fault(fault);
    assert!(matches!(world.dispatch().await, Outcome::Failed(_)));
    world.offboarding.mend();
    pass(&world, CLAIM).await;
    let before = named(&world).len();
    let again = answer(world.dispatch().await);
    // Whatever was named in the run that failed got lost.
    let after: BTreeSet<String> = named(&world).into_iter().skip(before).collect();
    assert_eq!((&again, &after), (&found(60), &others));
    world.quiet().await;
}

/// Whoever dies at any call of a dispatch, or is throttled there: each round is named once more by somebody else,
/// after the claim at the latest, and that one is late is told once.
#[tokio::test]
async fn a_dispatch_that_dies_or_fails_at_any_call_loses_no_round_and_tells_of_each_late_one_once()
{
    let world = World::mute().await;
    let begin = async || {
        let mut rounds = BTreeSet::new();
        for shard in 0..ROUNDS {
            // Each of a partition of its own, so that the calls are the same each time.
            let is_there = |round: &OutboxItem| {
                usize::from(round.id.uuid().as_bytes()[0]) % usize::from(Store::ROUND_SHARDS)
                    == shard
            };
            let round = put_round_in(&world, world.now(), is_there).await;
            rounds.insert(round.id.to_string());
        }
        // All of them are late from then on.
        pass(&world, FOUR_HOURS + SignedDuration::from_mins(31)).await;
        rounds
    };
    begin().await;
    world.offboarding.calls();
    answer(world.claim_rounds().await);
    let calls = world.offboarding.calls();
    pass(&world, CLAIM).await;
    answer(world.dispatch().await);
    world.swept().await;
    let mut cases: Vec<Case> = asked_in_vain(&calls);
    // A partition that cannot be asked for is like any other.
    let is_query =
        |case: &Case| case.failing == Failing::Throttled && case.call.operation == "Query";
    cases.retain(|case| !is_query(case) || case.before == 0);
    assert!(cases.len() >= 16 + 4 * ROUNDS, "{cases:?}");

    for case in cases {
        let what = format!("{case:?}");
        let rounds = begin().await;
        let told = world.arrived("connection.unchecked").len();
        world.offboarding.fault(case.fault());
        let outcome = tokio::select! {
            outcome = world.claim_rounds() => Some(outcome),
            () = world.offboarding.stalled() => None,
        };
        assert!(!matches!(outcome, Some(Outcome::Answered(_))), "{what}: it was noticed");
        world.offboarding.mend();
        // Whatever was named got lost.
        let before = named(&world).len();
        answer(world.dispatch().await);
        pass(&world, CLAIM).await;
        answer(world.dispatch().await);
        let again: Vec<String> = named(&world).split_off(before);
        assert_eq!(again.iter().cloned().collect::<BTreeSet<_>>(), rounds, "{what}");
        assert_eq!(again.len(), ROUNDS, "{what}: each once");
        world.swept().await;
        let records = world.records().await;
        assert_eq!(records.count("#OUTBOX#"), 0, "{what}: something is left");
        let unchecked = world.arrived("connection.unchecked").split_off(told);
        let whose: BTreeSet<String> =
            unchecked.iter().map(|event| event["organization"].to_string()).collect();
        assert_eq!((whose.len(), unchecked.len()), (ROUNDS, ROUNDS), "{what}: {unchecked:?}");
    }
}

#[tokio::test]
async fn a_round_that_makes_no_sense_keeps_no_other_waiting_and_it_is_known_whose_it_is() {
    let world = World::start().await;
    let spoilt = put_round(&world, world.now()).await;
    assert!(world.reshape("OUTBOX").await > 0);
    let other = put_round(&world, world.now()).await;

    assert_eq!(answer(world.dispatch().await), found(1));

    assert_eq!(named(&world), [other.id.to_string()]);
    let mut unreadable = Vec::new();
    for shard in 0..Store::ROUND_SHARDS {
        let due = world.store.due_rounds(shard, None, world.now()).await.unwrap();
        unreadable.extend(due.unreadable.into_iter().map(|(whose, _)| whose));
    }
    assert_eq!(unreadable, [Some(spoilt.organization)], "for as long as it is there");
}

#[tokio::test]
async fn a_round_that_somebody_carries_out_is_not_claimed_and_a_claimed_one_is_taken_by_its_event()
{
    let world = World::start().await;
    let round = put_round(&world, world.now()).await;
    let (org, id) = (round.organization, round.id);
    let stored = world.store.outbox(org, id, world.now()).await.unwrap().unwrap();
    let held = world.store.take_outbox(stored.clone(), world.now()).await.unwrap().unwrap();

    assert_eq!(answer(world.dispatch().await), found(0), "it is held");
    let claimed = world.store.claim_rounds(vec![stored], world.now()).await.unwrap();
    assert!(claimed.rounds.is_empty(), "by an old view neither");

    // Whoever held it died; the round failed before, too.
    pass(&world, SignedDuration::from_secs(91)).await;
    let stored = world.store.outbox(org, id, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.attempts, held.value.attempts);
    let claimed = world.store.claim_rounds(vec![stored], world.now()).await.unwrap();
    assert_eq!(claimed.rounds.len(), 1);
    world.batch(&[(org, id)]).await;
    assert!(world.store.outbox(org, id, world.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_of_the_dispatcher_comes_by_rule_and_queue_to_whoever_reads() {
    let world = World::start().await;
    let round = put_round(&world, world.now()).await;
    // The same function, at the account's own bus.
    let config = world.environments["OffboardingFunction"].clone();
    let config = offboarding::Config::read(config).unwrap();
    let app =
        offboarding::App::with(&aws(world.directory.url()).await, config, world.clock.clone());
    let event = serde_json::from_value(json!({ "dispatch": "rounds" })).unwrap();

    assert_eq!(app.carry_out(event, "request").await.unwrap().rounds, 1);

    let id = round.id.to_string();
    let gone = |records: &scenarios::Records| {
        !records.values("#OUTBOX#").iter().any(|item| item["id"] == json!(id))
    };
    world.until("it was carried out", gone).await;
}

#[tokio::test]
async fn what_takes_longer_than_an_invocation_goes_on_by_an_event() {
    let world = World::start().await;
    world.microsoft.put_users(entra_sim::population(60)).unwrap();
    // Each look at the clock is half a second later: no invocation reads everybody.
    world.clock.hurry(SignedDuration::from_millis(500));

    world.connector().await.connect("read-users", account::BOSS).await;

    let read = |records: &scenarios::Records| {
        records.values("#IMPORT").iter().any(|import| !import["ended_at"].is_null())
    };
    world.until("everybody is read, and nothing swept", read).await;
    world.clock.hurry(SignedDuration::ZERO);
    let began = world.directory.seen().into_iter();
    let said = began.filter(|call| call.body["Entries"][0]["DetailType"] == "round.due");
    assert!(said.count() > 0, "it took several invocations");
}

#[tokio::test]
async fn rounds_that_fail_are_told_of_and_late_ones_once_a_day_until_one_ends() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let read_at = world.now();
    let throttled = Weather::Throttled { retry_after: Some(600) };
    world.microsoft.inject(GraphFault::next(throttled).at("/users/delta").times(u32::MAX));

    let mut late = 0;
    for _ in 0..36 {
        pass(&world, SignedDuration::from_hours(1)).await;
        world.sweep_outbox().await;
        late += answer(world.dispatch().await)["late"].as_u64().unwrap();
    }
    world.sweep_outbox().await;

    let failed = world.said("connection.round_failed");
    let failures: Vec<_> = failed.iter().map(|event| event["failures"].as_u64().unwrap()).collect();
    assert_eq!(failures.first(), Some(&1));
    assert!(failures.len() > 20 && failures.is_sorted(), "{failures:?}");
    assert!(failed.iter().all(|event| event["cause"] == "throttled"), "{failed:?}");
    let ids: BTreeSet<&str> = failed.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), failures.len());
    let unchecked = world.said("connection.unchecked");
    let hours: Vec<_> = unchecked.iter().map(|event| event["hours"].as_u64().unwrap()).collect();
    assert_eq!(hours, [5, 29], "the interval and its grace, and a day");
    assert_eq!(unchecked[0]["since"], json!(read_at));
    assert!(late > 20, "it is seen each time: {late}");

    world.microsoft.mend();
    pass(&world, SignedDuration::from_hours(1)).await;
    world.swept().await;
    pass(&world, FOUR_HOURS).await;
    assert_eq!(answer(world.dispatch().await), found(1), "the next one is in time");
}
