//! What provisioning costs: ours beside `scimmy-routers` (npm) and `scim2-server` (PyPI).
//!
//! | file | what is measured |
//! |---|---|
//! | [`cycle`] | the first cycle of the simulated Entra, which also fills each server |
//! | [`rate`] | each [`operation`] per second, and the server's processor time for one |
//! | [`jump`] | a page that nobody walked to, ours alone |
//! | [`members`] | thousands of members added to a group |
//! | [`cost`] | requests and capacity units of the table, ours alone |
//!
//! Each server is filled by the same client in the same way, one after the other; then all of them
//! are there at once and take turns. Theirs keep everything in the memory of one process. Ours keeps
//! nothing: each request goes through the gateway to a function process, and from there to a table.

mod cost;
mod cycle;
mod filled;
mod jump;
mod members;
mod operation;
mod peer;
mod rate;
mod report;
mod server;

use std::path::Path;

use local::{Options, Stack};

use crate::arguments::{Arguments, Scope};
use crate::{Failure, built, machine, size, tell};

use filled::Filled;
use peer::Peer;
pub(crate) use report::Report;
use server::Server;

/// Measures everything.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let counts = arguments.counts;
    let (template, folder) = built(arguments)?;
    let before = machine::load();
    let sizes = size::measure(&folder, &["scim"])?;
    tell("counting what the table is asked for");
    let costs = cost::measure(counts.users).await?;
    tell("starting the servers");
    let stack = Stack::start(Options::new(&template, &folder)).await?;
    let peers = match arguments.scope {
        Scope::All => peers(&template, &stack).await?,
        Scope::Function => Vec::new(),
    };
    let mut servers = vec![Server::ours(&stack)];
    servers.extend(peers.iter().map(Server::of));

    let (mut cycles, mut filled) = (Vec::new(), Vec::new());
    for server in servers {
        tell(&format!("{}: the first cycle of {} users", server.name, counts.users));
        cycles.push(cycle::measure(&server, counts.users).await?);
        tell(&format!("{}: reading them back", server.name));
        filled.push(Filled::read(server, counts.users).await?);
    }
    let rates = rate::measure(&filled, &counts).await?;
    let (mut groups, mut jump, mut everybody) = (Vec::new(), None, None);
    for server in &filled {
        tell(&format!("{}: {} members for a group", server.server.name, counts.members));
        groups.push(members::measure(server, counts.members).await?);
        if server.server.is_ours() {
            tell("Passerelle: jumps, and everybody in one group");
            jump = Some(jump::measure(server, counts.starts).await?);
            everybody = Some(members::everybody(server, counts.members).await?);
        }
    }
    let memory = cycle::memory(&filled)?;
    drop(filled);
    stack.stop().await;
    let load = (before, machine::load());
    Ok(Report {
        machine: machine::describe(load),
        python: machine::said("python3", &["--version"]),
        counts,
        sizes,
        cycles,
        rates,
        groups,
        jump,
        everybody,
        memory,
        costs,
    })
}

async fn peers(template: &Path, stack: &Stack) -> Result<Vec<Peer>, Failure> {
    let ready = stack.ready();
    Ok(vec![Peer::scimmy(template)?, Peer::scim2_server(template, ready).await?])
}
