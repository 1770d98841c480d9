//! Ten thousand organizations whose rounds are due: each is claimed, and named on the bus.

use local::invoke::Outcome;
use scenarios::World;
use serde_json::Value;

use crate::Failure;
use crate::stopwatch::Stopwatch;

/// What naming all of them came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dispatched {
    pub(crate) organizations: usize,
    pub(crate) seconds: f64,
    /// Requests that read.
    pub(crate) reads: usize,
    /// Transactions.
    pub(crate) writes: usize,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    /// Requests to the bus.
    pub(crate) said: usize,
}

/// Counts in an account of its own, whose clock stands still: one invocation has time for all.
pub(crate) async fn measure(organizations: usize) -> Result<Vec<Dispatched>, Failure> {
    let world = World::start().await;
    world.connector().await.connected().await;
    let mut all = vec![dispatched(&world, 0).await?];
    world.pretend_connected(u32::try_from(organizations)?, world.now()).await;
    all.push(dispatched(&world, organizations).await?);
    Ok(all)
}

async fn dispatched(world: &World, organizations: usize) -> Result<Dispatched, Failure> {
    world.offboarding.calls();
    world.offboarding.capacity();
    let watch = Stopwatch::start();
    let outcome = world.claim_rounds().await;
    let seconds = watch.elapsed().as_secs_f64();
    let Outcome::Answered(answer) = outcome else {
        return Err(format!("nothing was dispatched: {outcome:?}").into());
    };
    let answer: Value = serde_json::from_slice(&answer)?;
    if answer.get("rounds").and_then(Value::as_u64) != Some(u64::try_from(organizations)?) {
        return Err(format!("not all {organizations} were named: {answer}").into());
    }
    let (calls, capacity) = (world.offboarding.calls(), world.offboarding.capacity());
    let table = || calls.iter().filter(|call| call.service == "dynamodb");
    let writes = table().filter(|call| call.writes()).count();
    Ok(Dispatched {
        organizations,
        seconds,
        reads: table().count() - writes,
        writes,
        read_units: capacity.read,
        write_units: capacity.write,
        said: calls.iter().filter(|call| call.service == "events").count(),
    })
}
