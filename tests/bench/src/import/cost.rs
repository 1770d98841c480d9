//! What each round asks of the table: counted by a proxy between the function and the table.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use entra_sim::GraphUser;
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use serde_json::{Value, json};

use super::people;
use crate::Failure;
use crate::stopwatch::Stopwatch;

/// How many users the tenant has, at the most: what one costs depends on nobody else.
const MOST: usize = 20_000;
/// How many users change before a round.
const CHANGES: [usize; 3] = [0, 100, 10_000];
/// How often it is looked whether a round is over.
const POLL: Duration = Duration::from_millis(20);

/// A round.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) round: String,
    pub(crate) told: u64,
    pub(crate) seconds: f64,
    /// Calls of Graph; those of a batch are one.
    pub(crate) graph: usize,
    /// Requests that read.
    pub(crate) reads: usize,
    /// Transactions.
    pub(crate) writes: usize,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

/// A table of rounds.
pub(crate) fn markdown(costs: &[Cost]) -> String {
    let mut text = "| round | users told of | seconds | calls of Graph | reading requests | \
                    transactions | read units | write units |\n|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for cost in costs {
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {} | {} | {} | {} | {} |",
            cost.round,
            cost.told,
            cost.seconds,
            cost.graph,
            cost.reads,
            cost.writes,
            cost.read_units,
            cost.write_units,
        );
    }
    text
}

/// The same for programs.
pub(crate) fn json(costs: &[Cost]) -> Value {
    let rounds = costs.iter().map(|cost| {
        json!({
            "round": cost.round, "told": cost.told, "seconds": cost.seconds,
            "calls_of_graph": cost.graph, "reads": cost.reads, "transactions": cost.writes,
            "read_units": cost.read_units, "write_units": cost.write_units,
        })
    });
    rounds.collect()
}

struct Counting {
    world: World,
    /// The last call of Graph that was counted.
    told: Cell<u64>,
    costs: Vec<Cost>,
}

/// Counts in an account of its own, whose clock stands still: each round is one invocation.
pub(crate) async fn measure(users: usize) -> Result<Vec<Cost>, Failure> {
    let world = World::start().await;
    let users = users.min(MOST);
    world.microsoft.put_users(people(users))?;
    let mut counting = Counting { world, told: Cell::new(0), costs: Vec::new() };
    counting.first_round().await?;
    for changes in CHANGES.into_iter().filter(|changes| *changes <= users) {
        counting.later_round(changes).await?;
    }
    Ok(counting.costs)
}

impl Counting {
    async fn first_round(&mut self) -> Result<(), Failure> {
        self.forget();
        let watch = Stopwatch::start();
        self.world.connector().await.connect("read-users", account::BOSS).await;
        while self.import().await?.ended_at.is_none() {
            tokio::time::sleep(POLL).await;
        }
        self.note("the first one".to_owned(), watch, &Totals::default()).await?;
        // The look at everybody.
        while self
            .world
            .store
            .preflight(self.world.organization, self.world.now())
            .await?
            .is_none_or(|preflight| preflight.value.look.is_some())
        {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn later_round(&mut self, changes: usize) -> Result<(), Failure> {
        let world = &self.world;
        let changed = |user: GraphUser| GraphUser {
            display_name: format!("{} {changes}", user.display_name),
            ..user
        };
        world.microsoft.put_users(people(changes).map(changed))?;
        // What a sweep costs that finds nothing.
        self.pass(SignedDuration::from_mins(1));
        self.forget();
        self.world.sweep().await;
        let idle = self.totals();
        let before = self.import().await?.round;
        self.pass(SignedDuration::from_hours(4));
        self.forget();
        let watch = Stopwatch::start();
        self.world.sweep().await;
        while self.import().await?.round == before {
            tokio::time::sleep(POLL).await;
        }
        self.note(format!("{changes} changed"), watch, &idle).await
    }

    fn pass(&self, time: SignedDuration) {
        self.world.clock.pass(time);
        self.world.agree();
    }

    async fn import(&self) -> Result<store::Import, Failure> {
        let world = &self.world;
        let stored = world.store.import(world.organization, world.now()).await?;
        Ok(stored.map_or_else(|| store::Import::new(uuid::Uuid::nil()), |stored| stored.value))
    }

    fn forget(&self) {
        self.totals();
    }

    fn totals(&self) -> Totals {
        let calls = self.world.directory.calls();
        let capacity = self.world.directory.capacity();
        let table = || calls.iter().filter(|call| call.service == "dynamodb");
        let writes = table().filter(|call| call.writes()).count();
        let reads = table().count() - writes;
        let mut graph = self.world.microsoft.graph_calls();
        graph.retain(|call| !call.batched && call.number > self.told.get());
        self.told.set(graph.last().map_or(self.told.get(), |call| call.number));
        let (read_units, write_units) = (capacity.read, capacity.write);
        Totals { graph: graph.len(), reads, writes, read_units, write_units }
    }

    /// What was asked since it was forgotten, beside what would have been anyway.
    async fn note(
        &mut self,
        round: String,
        watch: Stopwatch,
        idle: &Totals,
    ) -> Result<(), Failure> {
        let seconds = watch.elapsed().as_secs_f64();
        let totals = self.totals();
        self.costs.push(Cost {
            round,
            told: self.import().await?.tally.told,
            seconds,
            graph: totals.graph,
            reads: totals.reads.saturating_sub(idle.reads),
            writes: totals.writes.saturating_sub(idle.writes),
            read_units: totals.read_units - idle.read_units,
            write_units: totals.write_units - idle.write_units,
        });
        Ok(())
    }
}

/// What the table was asked for.
#[derive(Default)]
struct Totals {
    graph: usize,
    reads: usize,
    writes: usize,
    read_units: f64,
    write_units: f64,
}
