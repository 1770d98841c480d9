//! Requests per second, ours and theirs, by one client in one run.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::filled::Filled;
use super::operation::{ALL, Operation};
use crate::arguments::Counts;
use crate::stopwatch::{Spread, Stopwatch};
use crate::{Failure, tell};

/// How many requests are on their way at once.
const CONNECTIONS: [usize; 2] = [1, 4];

/// One operation on one server.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) operation: Operation,
    pub(crate) server: String,
    /// A second, for each of [`CONNECTIONS`].
    pub(crate) by_connections: Vec<(usize, Spread)>,
    /// Milliseconds of the server's processes for one request.
    pub(crate) processor_ms: f64,
}

#[derive(Default)]
struct Tally {
    done: usize,
    processor: Duration,
    rates: Vec<f64>,
}

/// Lets the servers take turns, turn after turn, so that a busy moment of the machine hits all.
pub(crate) async fn measure(servers: &[Filled<'_>], counts: &Counts) -> Result<Vec<Rate>, Failure> {
    let mut rates = Vec::new();
    for operation in ALL {
        tell(&operation.name(counts.users));
        let servers = servers.iter().filter(|server| operation.is_for(server));
        let servers = servers.collect::<Vec<_>>();
        let mut of = servers.iter().map(|server| Rate {
            operation,
            server: server.server.name.clone(),
            by_connections: Vec::new(),
            processor_ms: 0.0,
        });
        let mut of = of.by_ref().collect::<Vec<_>>();
        let mut all = servers.iter().map(|_| Tally::default()).collect::<Vec<_>>();
        for connections in CONNECTIONS {
            for server in &servers {
                // Nobody was asked for yet: whoever changes something changes it for everybody first.
                if connections == 1 {
                    server.asked.store(0, Ordering::Relaxed);
                }
                turn(server, operation, connections, counts.turn / 4, &mut Tally::default())
                    .await?;
            }
            for tally in &mut all {
                tally.rates.clear();
            }
            for _ in 0..counts.turns {
                for (server, tally) in servers.iter().zip(&mut all) {
                    turn(server, operation, connections, counts.turn, tally).await?;
                }
            }
            for (rate, tally) in of.iter_mut().zip(&all) {
                rate.by_connections.push((connections, Spread::of(&tally.rates)?));
            }
        }
        for (rate, tally) in of.iter_mut().zip(&all) {
            rate.processor_ms = tally.processor.as_secs_f64() * 1e3 / tally.done as f64;
        }
        rates.extend(of);
    }
    Ok(rates)
}

/// Sends requests for a while, each at least once.
async fn turn(
    server: &Filled<'_>,
    operation: Operation,
    connections: usize,
    duration: Duration,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let began = server.server.processor_time()?;
    let watch = Stopwatch::start();
    let connection = async || {
        let mut done = 0;
        while done == 0 || watch.elapsed() < duration {
            operation.carry_out(server).await?;
            done += 1;
        }
        Ok::<_, Failure>(done)
    };
    let done: usize = match connections {
        1 => connection().await?,
        _ => {
            let all = tokio::try_join!(connection(), connection(), connection(), connection())?;
            all.0 + all.1 + all.2 + all.3
        }
    };
    tally.rates.push(done as f64 / watch.elapsed().as_secs_f64());
    tally.done += done;
    tally.processor += server.server.processor_time()?.saturating_sub(began);
    Ok(())
}
