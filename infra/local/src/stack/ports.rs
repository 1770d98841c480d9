//! The ports of our site.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::StartError;
use crate::services::{self, Listeners, ServicesError};

/// Tries to find a port that is free on both kinds of loopback address.
const TRIES: usize = 16;

/// Ports that are ours and that nobody answers yet.
pub(super) struct Bound {
    /// Port of our site.
    pub(super) port: u16,
    /// `127.0.0.1`, and `[::1]` where there is one: browsers try both for `localhost`.
    pub(super) site: Vec<TcpListener>,
    /// Lambda's *Invoke* API.
    pub(super) lambda: TcpListener,
    pub(super) lambda_endpoint: String,
}

impl Bound {
    pub(super) fn base_url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

/// Takes `port`, or a free one for 0.
pub(super) async fn bind(port: u16) -> Result<Bound, StartError> {
    let lambda = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StartError::Listen)?;
    let address = lambda.local_addr().map_err(StartError::Listen)?;
    let mut tries = if port == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        match site(port).await {
            Ok((port, site)) => {
                let lambda_endpoint = format!("http://{address}");
                return Ok(Bound { port, site, lambda, lambda_endpoint });
            }
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                return Err(StartError::Listen(error));
            }
            Err(_) if tries == 0 => return Err(StartError::PortTaken(port)),
            Err(_) => {}
        }
    }
}

/// Takes the services' ports: free ones, but the outbox is two after our site, so that a person may
/// keep the page open over a restart. Where that one is taken, any is as good.
pub(super) async fn services(port: u16) -> Result<Listeners, ServicesError> {
    let free = services::Ports::default();
    if let Some(outbox) = port.checked_add(2).filter(|_| port != 0)
        && let Ok(listeners) = Listeners::bind(services::Ports { outbox, ..free }).await
    {
        return Ok(listeners);
    }
    Listeners::bind(free).await
}

async fn site(port: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = four.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(six) => Ok((port, vec![four, six])),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // No IPv6 on this machine.
        Err(_) => Ok((port, vec![four])),
    }
}
