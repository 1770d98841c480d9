//! The first cycle of the simulated Entra: whom it has, the server has afterwards.
//!
//! As in a tenant that follows our guide: two look-ups and a creation for each user, eight at a
//! time, as fast as the answers come.

use std::time::Duration;

use entra_sim::{GroupMapping, Mapping, Pace, Provisioning, Scope, first_cycle};
use jiff::SignedDuration;

use super::filled::Filled;
use super::server::Server;
use crate::Failure;

/// A first cycle.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    pub(crate) server: String,
    pub(crate) users: usize,
    pub(crate) requests: u64,
    pub(crate) duration: Duration,
    /// Of the server's processes.
    pub(crate) processor: Duration,
    /// The most that each process had in memory, in MiB.
    pub(crate) resident: Vec<f64>,
}

/// The job that fills a server.
pub(crate) fn settings(base: &str, token: &str) -> Provisioning {
    Provisioning {
        mapping: Mapping::Recommended,
        scope: Scope::Everyone,
        groups: GroupMapping::Disabled,
        pace: Pace::Unlimited,
        timeout: SignedDuration::from_mins(5),
        ..Provisioning::new(base, token)
    }
}

/// Runs it, and refuses to tell of one in which anything failed.
pub(crate) async fn measure(server: &Server<'_>, users: usize) -> Result<Cycle, Failure> {
    // The processes of ours are there before they are looked at.
    server.get("/Users?count=1").await?;
    let began = server.processor_time()?;
    let cycle = first_cycle(users, settings(&server.base, &server.token)).await?;
    let processor = server.processor_time()?.saturating_sub(began);
    let report = &cycle.report;
    if usize::try_from(report.users.created)? != users || report.halted.is_some() {
        return Err(format!("{}: {report:?}", server.name).into());
    }
    Ok(Cycle {
        server: server.name.clone(),
        users,
        requests: report.requests,
        duration: cycle.duration,
        processor,
        resident: server.most_resident()?,
    })
}

/// The most that the processes of each server ever had in memory, in MiB.
pub(crate) fn memory(servers: &[Filled<'_>]) -> Result<Vec<(String, Vec<f64>)>, Failure> {
    let each = servers.iter().map(|Filled { server, .. }| {
        let resident = server.most_resident()?;
        Ok((server.name.clone(), resident))
    });
    each.collect()
}
