//! Sign-ins per second, ours and theirs, by one client in one run.

use std::path::Path;
use std::time::Duration;

use scenarios::Browser;

use crate::Failure;
use crate::account::Account;
use crate::answer::{check, question};
use crate::arguments::Counts;
use crate::peers::{PEERS, Peer};
use crate::stopwatch::{Spread, Stopwatch};

/// How many connections sign in at once.
const CONNECTIONS: [usize; 2] = [1, 4];

/// Sign-ins per second of one server.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) server: &'static str,
    /// For each of [`CONNECTIONS`].
    pub(crate) by_connections: Vec<(usize, Spread)>,
}

struct Server {
    name: &'static str,
    address: String,
    /// One per connection, with whatever session it has.
    browsers: Vec<Browser>,
}

/// Lets the servers take turns, round after round, so that a busy moment of the machine hits all.
pub(crate) async fn measure(
    account: &Account,
    template: &Path,
    counts: &Counts,
) -> Result<Vec<Rate>, Failure> {
    let peers: Vec<Peer> =
        PEERS.into_iter().map(|name| Peer::start(template, name)).collect::<Result<_, _>>()?;
    let most = CONNECTIONS.into_iter().max().unwrap_or(1);
    let ours = Server {
        name: "Passerelle",
        address: account.sso_path(),
        browsers: account.people.iter().map(|person| person.browser.clone()).collect(),
    };
    let theirs = peers.iter().map(|peer| Server {
        name: peer.name,
        address: format!("{}/", peer.url),
        browsers: (0..most).map(|_| Browser::new(&peer.url)).collect(),
    });
    let servers: Vec<Server> = std::iter::once(ours).chain(theirs).collect();

    let mut rates: Vec<Rate> = servers
        .iter()
        .map(|server| Rate { server: server.name, by_connections: Vec::new() })
        .collect();
    for connections in CONNECTIONS {
        for server in &servers {
            // Caches, compilers, processes.
            server.rate(connections, counts.round / 2).await?;
        }
        let mut found = vec![Vec::new(); servers.len()];
        for _ in 0..counts.rounds {
            for (server, found) in servers.iter().zip(&mut found) {
                found.push(server.rate(connections, counts.round).await?);
            }
        }
        for (rate, found) in rates.iter_mut().zip(&found) {
            rate.by_connections.push((connections, Spread::of(found)?));
        }
    }
    Ok(rates)
}

impl Server {
    /// Signs in on some connections at once, for a while. Every answer is checked.
    async fn rate(&self, connections: usize, duration: Duration) -> Result<f64, Failure> {
        let watch = Stopwatch::start();
        let mut tasks = Vec::new();
        for browser in self.browsers.iter().take(connections) {
            let (mut browser, address) = (browser.clone(), self.address.clone());
            tasks.push(tokio::spawn(async move {
                let mut done = 0_u32;
                while watch.elapsed() < duration {
                    let (id, query) = question();
                    let page = browser.get(&format!("{address}?{query}")).await;
                    check(&page.text, &id)?;
                    done += 1;
                }
                Ok::<_, Failure>(done)
            }));
        }
        if tasks.len() != connections {
            return Err(format!("{} has no {connections} browsers", self.name).into());
        }
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok(f64::from(done) / watch.elapsed().as_secs_f64())
    }
}
