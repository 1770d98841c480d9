//! The weather of a bad day: of the calls of Graph and of the table one in five fails, whichever it is, whatever is
//! told comes twice and in disorder, and three read one tenant at once: exactly those lose their access who
//! are to, each once.

use std::collections::BTreeMap;

use entra_sim::{Disorder, GraphCall, GraphSettings};
use jiff::SignedDuration;
use scenarios::Dice;
use scenarios::wire::Seen;
use serde_json::json;

use crate::once::{Hand, Told, check_audit};
use crate::place::{INTERVAL, Place, Somebody, Weather};
use crate::rule::Word;
use crate::seed;

const PEOPLE: usize = 18;
/// Of how many of them the operator decides; of the others Entra.
const OF_THE_OPERATOR: usize = 5;
/// How often some change, and everything comes to rest afterwards.
const WAVES: usize = 4;
/// How many of them change then.
const AT_ONCE: usize = 7;
/// How often it is tried, in between, to carry out what is due.
const BOUTS: usize = 3;

/// One of the people, and how they stand.
struct One {
    who: Somebody,
    hand: Hand,
    changes: usize,
}

impl One {
    /// They begin with access.
    const fn has_access(&self) -> bool {
        self.changes.is_multiple_of(2)
    }

    async fn change(&mut self, place: &Place) {
        self.changes += 1;
        let word = match self.hand {
            Hand::Entra => Word::Enabled(self.has_access()),
            Hand::Operator => Word::Blocked(!self.has_access()),
        };
        place.say(&self.who, word).await;
    }
}

/// Two sweep and dispatch, two more read one round, and whatever was noticed is read besides.
async fn all_at_once(place: &Place) {
    let world = &place.world;
    let asked = || {
        let calls = world.microsoft.graph_calls();
        calls.iter().filter(|call| call.path == "/users/delta").count()
    };
    let rounds = async {
        let (first, known) = ([place.next_round().await], asked());
        let other = async {
            for _ in 0..200 {
                if asked() > known {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            // Somebody takes it over who thinks that the first one died.
            world.batch(&[place.next_round().await]).await;
        };
        tokio::join!(world.batch(&first), other);
    };
    tokio::join!(rounds, world.sweep(), world.sweep());
}

/// How many pairs of those who read the list of changes did so at the same time.
fn at_once(calls: &[GraphCall]) -> usize {
    let mut spans: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.path == "/users/delta") {
        let of = call.client_request_id.as_deref().unwrap();
        spans
            .entry(of)
            .and_modify(|span| span.1 = call.number)
            .or_insert((call.number, call.number));
    }
    let spans: Vec<_> = spans.into_values().collect();
    let pairs = spans
        .iter()
        .enumerate()
        .flat_map(|(number, one)| spans.iter().skip(number + 1).map(move |other| (one, other)));
    pairs.filter(|(one, other)| one.0 < other.1 && other.0 < one.1).count()
}

/// Checks that about one in five failed, and that these were many.
fn check_failing(failed: usize, all: usize, what: &str) {
    assert!(all >= 100, "{all} calls of {what}");
    assert!((10..35).contains(&(100 * failed / all)), "{failed} of {all} calls of {what} failed");
}

#[tokio::test]
async fn in_a_storm_exactly_those_lose_access_who_are_to_each_once_whoever_reads_the_tenant_at_once()
 {
    let mut dice = Dice::of(seed::drawn());
    let place = Place::start(Weather::Storm, true, dice.clone()).await;
    let hand = |number| if number < OF_THE_OPERATOR { Hand::Operator } else { Hand::Entra };
    let people = place.newcomers(PEOPLE).await.into_iter().enumerate();
    let people = people.map(|(number, who)| One { who, hand: hand(number), changes: 0 });
    let mut people: Vec<One> = people.collect();
    place.rest().await;
    let (page_size, disorder, latency_ms) = (2, Disorder::Repeated, 5);
    let settings = GraphSettings { page_size, disorder, latency_ms, ..GraphSettings::default() };
    place.world.microsoft.set_graph(settings);
    let (mut of_graph, mut of_table) = (Vec::new(), Vec::new());

    for _ in 0..WAVES {
        let (microsoft, directory) = (&place.world.microsoft, &place.world.directory);
        let (asked, seen) = (microsoft.graph_calls().len(), directory.seen().len());
        place.blow();
        place.pass(INTERVAL);
        for one in dice.some(people.iter_mut().collect(), AT_ONCE) {
            one.change(&place).await;
        }
        for _ in 0..BOUTS {
            all_at_once(&place).await;
            place.pass(SignedDuration::from_secs(301));
        }
        of_graph.extend(microsoft.graph_calls().split_off(asked));
        of_table.extend(directory.seen().split_off(seen).into_iter().filter(is_of_table));
        place.rest().await;

        for one in &people {
            let blocks = place.blocks(&one.who).await;
            let expected = (!one.has_access()).then_some(one.hand.reason());
            assert_eq!(json!(blocks), json!(Vec::from_iter(expected)), "{}", one.who.address);
            assert_eq!(place.is_active(&one.who).await, one.has_access(), "{}", one.who.address);
            assert_eq!(place.is_enabled(&one.who), one.has_access(), "{}", one.who.address);
        }
    }

    let failed = of_graph.iter().filter(|call| [429, 503, 504].contains(&call.status)).count();
    check_failing(failed, of_graph.iter().filter(|call| !call.batched).count(), "Graph");
    let failed = of_table.iter().filter(|call| !call.passed).count();
    check_failing(failed, of_table.len(), "the table");
    assert!(at_once(&of_graph) > 0, "two read the tenant at once");
    let records = place.world.quiet().await;
    let (audit, mut told) = (records.audit(), Told::default());
    told.hear(|kind| place.world.arrived(kind));
    for one in &people {
        let id = one.who.id.to_string();
        check_audit(&audit, (&id, one.hand), one.changes, &one.who.address);
        told.check(&id, one.changes, &one.who.address);
    }
}

fn is_of_table(seen: &Seen) -> bool {
    seen.target.starts_with("DynamoDB_")
}
