//! What offboarding costs, and how long it takes.
//!
//! | file | what is measured |
//! |---|---|
//! | [`dispatch`] | 10,000 organizations whose rounds are due: time, requests and capacity units |
//! | [`import::cost`](crate::import) | a round: calls of Graph, requests and capacity units of the table |
//! | [`refusal`] | from a change in the tenant to the first sign-in that is refused, through the local stack |

mod dispatch;
mod refusal;
mod report;

use crate::arguments::Arguments;
use crate::import::cost;
use crate::{Failure, built, machine, tell};

pub(crate) use report::Report;

/// Measures everything.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let counts = arguments.counts;
    let (template, folder) = built(arguments)?;
    let before = machine::load();
    tell(&format!("dispatching {} organizations", counts.organizations));
    let dispatched = dispatch::measure(counts.organizations).await?;
    tell("counting what a round asks for");
    let rounds = cost::measure(counts.users).await?;
    tell("waiting for refusals");
    let refusals = refusal::measure(&template, &folder, counts.leavers).await?;
    let load = (before, machine::load());
    Ok(Report { machine: machine::describe(load), dispatched, rounds, refusals })
}
