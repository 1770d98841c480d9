//! What reading a tenant costs: the first round, which tells of everybody, the look at everybody that
//! follows it, and later rounds, which tell of what changed.
//!
//! | file | what is measured |
//! |---|---|
//! | [`cost`] | requests and capacity units of the table, of each round |
//! | [`tenant`] | users per second, and the memory of the function, through the local stack |

pub(crate) mod cost;
mod report;
mod tenant;

use entra_sim::{GraphUser, population};

use crate::arguments::Arguments;
use crate::{Failure, built, machine, tell};

pub(crate) use report::Report;

/// Measures everything.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let users = arguments.counts.users;
    let (template, folder) = built(arguments)?;
    let before = machine::load();
    tell("counting what the table is asked for");
    let costs = cost::measure(users).await?;
    tell(&format!("reading a tenant of {users} users"));
    let read = tenant::measure(&template, &folder, users).await?;
    let load = (before, machine::load());
    Ok(Report { machine: machine::describe(load), costs, read })
}

/// People as a tenant has them whose users come from on-premises: each with an anchor.
fn people(count: usize) -> impl Iterator<Item = GraphUser> {
    population(count).enumerate().map(|(number, user)| GraphUser {
        on_premises_immutable_id: Some(format!("{number:032x}")),
        on_premises_sync_enabled: Some(true),
        ..user
    })
}
