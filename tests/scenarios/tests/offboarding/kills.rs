//! The function's real process is killed (SIGKILL) at random instants of rounds, and of what follows from
//! them, by a tenant that lets us end access there too: afterwards exactly those are blocked who are to be,
//! each change is audited once and told of by one id, and in Entra nothing is done twice but what somebody
//! died of doing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use entra_sim::GraphCall;
use local::invoke::Outcome;
use scenarios::Dice;
use serde_json::{Value, json};
use store::OutboxItem;

use crate::once::{Hand, Told, check_audit};
use crate::seed;
use crate::site::{DIRECTORY, Site, said};

/// How often the process is killed.
const DEATHS: usize = 200;
/// How many people change at once.
const AT_ONCE: usize = 4;
/// About as long as the first one is at work.
const AT_FIRST: Duration = Duration::from_millis(250);

/// What is done to whom while the process dies.
struct Killing {
    site: Site,
    dice: Dice,
    /// About how long a process is at work that is not killed, on this machine and with all that runs beside.
    span: Duration,
    /// How often somebody's access changed, by object id.
    changes: BTreeMap<String, usize>,
    /// How many calls of Graph there were when each of the processes began.
    began: Vec<u64>,
    /// Who was told of on the bus.
    told: Told,
}

impl Killing {
    async fn begin(dice: Dice) -> Self {
        let site = Site::writing().await;
        site.wire.drain();
        let (changes, began, told) = (BTreeMap::new(), Vec::new(), Told::default());
        Self { site, dice, span: AT_FIRST, changes, began, told }
    }

    /// Some lose their access, some get it back: each of whom nothing is left to do of the change before.
    async fn change_some(&mut self) {
        let settled = self.site.settled().await;
        for (user, hand) in self.dice.some(settled, AT_ONCE) {
            *self.changes.entry(user.id.clone()).or_default() += 1;
            self.site.change(user, hand).await;
        }
    }

    /// The one process that waits for work.
    async fn warm(&self) -> u32 {
        let mut waiting = self.site.stack.processes(DIRECTORY);
        if waiting.is_empty() {
            start_one(&self.site).await;
            waiting = self.site.stack.processes(DIRECTORY);
        }
        let one = waiting.remove(0);
        waiting.into_iter().for_each(kill);
        one
    }

    /// Has it carried out by a process that is killed at a random instant, and says whether that was at work
    /// then. Meanwhile the next one starts.
    async fn cut(&mut self, due: &[OutboxItem]) -> bool {
        let process = self.warm().await;
        self.began.push(last_call(&self.site));
        self.note();
        let instant = self.dice.below(self.span.as_micros() as usize);
        let (site, began) = (&self.site, SystemClock.now());
        let instant = Duration::from_micros(instant as u64);
        let work = async {
            let mut work = pin!(site.carry_out(due));
            tokio::select! {
                outcome = &mut work => outcome,
                () = tokio::time::sleep(instant) => {
                    kill(process);
                    work.await
                }
            }
        };
        let next = async {
            // Whoever waits takes the work.
            tokio::time::sleep(Duration::from_millis(5)).await;
            start_one(site).await;
        };
        let work = async {
            let outcome = work.await;
            (outcome, SystemClock.now().duration_since(began).unsigned_abs())
        };
        let ((outcome, took), ()) = tokio::join!(work, next);
        match outcome {
            Outcome::Answered(_) => {
                self.span = took;
                false
            }
            Outcome::Failed(said) if String::from_utf8_lossy(&said).contains("killed") => {
                // It takes longer than that.
                if instant > self.span.mul_f32(0.9) {
                    self.span = self.span.mul_f32(1.3);
                }
                true
            }
            other => panic!("{other:?}"),
        }
    }

    /// Keeps what was said on the bus.
    fn note(&mut self) {
        let calls = self.site.wire.drain();
        self.told.hear(|kind| said(&calls, kind));
    }

    /// Checks who has access here, and what the audit and the bus say of it.
    async fn check_here(&self) {
        let here = self.site.here().await;
        let records = self.site.records().await;
        records.check_invariants();
        let audit = records.audit();
        for (user, hand) in self.site.there() {
            let ours = &here[&user.id];
            let (name, id) = (&user.user_principal_name, ours.id.to_string());
            let expected = if user.account_enabled { None } else { Some(hand.reason()) };
            assert_eq!(ours.blocks, expected.into_iter().collect(), "{name}");
            // They begin with access, and lose it and get it back in turn.
            let changes = self.changes.get(&user.id).copied().unwrap_or_default();
            check_audit(&audit, (&id, hand), changes, name);
            self.told.check(&id, changes, name);
        }
    }

    /// Checks what was done in Entra: once for each change, and once more only by whoever came after somebody
    /// who died.
    fn check_there(&self) {
        let there = self.site.there();
        let calls = self.site.stack.entra().graph_calls().into_iter().filter(is_change);
        let mut done: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for call in calls {
            let parts: Vec<&str> = call.path.split('/').collect();
            let (user, step) = match (call.method.as_str(), &parts[..]) {
                ("PATCH", ["", "users", user]) => (*user, call.changes.join(",")),
                ("POST", ["", "users", user, action]) => (*user, (*action).to_owned()),
                _ => panic!("nobody asked for that: {call:?}"),
            };
            assert!(matches!(call.status, 200 | 204), "{call:?}");
            let by = self.began.partition_point(|began| *began < call.number);
            done.entry((user.to_owned(), step)).or_default().push(by);
        }
        let (mut needed, mut all) = (0, 0);
        for (user, hand) in &there {
            let changes = self.changes.get(&user.id).copied().unwrap_or_default();
            let taken = changes.div_ceil(2);
            // With the account whoever disables it ends what was opened until then.
            let steps = match hand {
                Hand::Entra => [("accountEnabled", 0, 0), ("revokeSignInSessions", taken, 1)],
                Hand::Operator => {
                    [("accountEnabled", changes, 1), ("revokeSignInSessions", 2 * taken, 2)]
                }
            };
            for (step, least, most_of_one) in steps {
                let by = done.remove(&(user.id.clone(), step.to_owned())).unwrap_or_default();
                let what = format!("{} {step}: {changes} changes, {by:?}", user.display_name);
                assert!(by.len() >= least, "{what}");
                let same = by.chunk_by(|one, other| one == other).map(<[usize]>::len);
                assert!(same.max().unwrap_or_default() <= most_of_one, "{what}: by one process");
                (needed, all) = (needed + least, all + by.len());
            }
            let ended = user.more.contains_key("signInSessionsValidFromDateTime");
            assert_eq!(ended, taken > 0, "{}", user.display_name);
        }
        assert!(done.is_empty(), "nobody asked for that: {done:?}");
        println!("{needed} things were to be done in Entra, and were asked for {all} times");
    }
}

/// Whether a call changes anybody.
fn is_change(call: &GraphCall) -> bool {
    let reads = call.method == "GET" || call.path == "/$batch";
    !reads && !call.path.starts_with("/subscriptions")
}

fn last_call(site: &Site) -> u64 {
    site.stack.entra().graph_calls().last().map_or(0, |call| call.number)
}

/// Has a process start and wait.
async fn start_one(site: &Site) {
    let nothing: [Value; 0] = [];
    let started = site.stack.invoke(DIRECTORY, json!({ "Records": nothing })).await;
    assert!(started.is_answer(), "{started:?}");
}

fn kill(process: u32) {
    let process = process.to_string();
    assert!(Command::new("kill").args(["-KILL", &process]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_at_two_hundred_random_instants_takes_and_gives_each_access_once()
{
    let mut killing = Killing::begin(Dice::of(seed::drawn())).await;
    let mut deaths = 0;
    for _ in 0..3 * DEATHS {
        killing.change_some().await;
        let due = killing.site.due().await;
        deaths += usize::from(killing.cut(&due).await);
        if deaths == DEATHS {
            break;
        }
    }
    assert_eq!(deaths, DEATHS, "it was at work when it was killed");
    killing.began.push(last_call(&killing.site));
    killing.site.rest().await;
    killing.note();

    let changes: usize = killing.changes.values().sum();
    assert!(changes > DEATHS, "rounds got somewhere: {changes} changes");
    killing.check_here().await;
    killing.check_there();
    killing.site.stack.stop().await;
}
