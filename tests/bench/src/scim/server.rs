//! A server under measurement: where it is, what opens it, which processes it is.

use std::time::Duration;

use local::Stack;
use reqwest::{Client, Method};
use serde_json::Value;

use super::peer::Peer;
use crate::Failure;
use crate::process::{most_resident, processor_time};

/// Those of ours that work on a request, and on what it leaves to be done.
const FUNCTIONS: [&str; 2] = ["ScimFunction", "DirectoryFunction"];
/// What a server that does not answer is given.
const PATIENCE: Duration = Duration::from_secs(600);

/// A server of users and groups.
pub(crate) struct Server<'a> {
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) token: String,
    client: Client,
    processes: Processes<'a>,
}

enum Processes<'a> {
    Functions(&'a Stack),
    One(u32),
}

impl<'a> Server<'a> {
    /// Ours, with its demo organization.
    pub(crate) fn ours(stack: &'a Stack) -> Self {
        let ready = stack.ready();
        let (base, token) = (ready.scim_url.clone(), ready.scim_key.clone());
        let name = "Passerelle".to_owned();
        Self { name, base, token, client: client(), processes: Processes::Functions(stack) }
    }

    /// One of theirs.
    pub(crate) fn of(peer: &'a Peer) -> Self {
        Self {
            name: peer.name.clone(),
            base: peer.base.clone(),
            token: peer.token.clone(),
            client: client(),
            processes: Processes::One(peer.pid()),
        }
    }

    /// The stack that it is a part of, if it is ours.
    pub(crate) fn stack(&self) -> Option<&Stack> {
        match self.processes {
            Processes::Functions(stack) => Some(stack),
            Processes::One(_) => None,
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.stack().is_some()
    }

    /// The processor time that its processes have used. Ours never end in between.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        processor_time(&self.pids())
    }

    /// The most that each of its processes that answer requests ever had in memory, in MiB.
    pub(crate) fn most_resident(&self) -> Result<Vec<f64>, Failure> {
        let pids = match self.processes {
            Processes::Functions(stack) => stack.processes("ScimFunction"),
            Processes::One(pid) => vec![pid],
        };
        pids.into_iter().map(most_resident).collect()
    }

    fn pids(&self) -> Vec<u32> {
        match self.processes {
            Processes::Functions(stack) => {
                FUNCTIONS.iter().flat_map(|name| stack.processes(name)).collect()
            }
            Processes::One(pid) => vec![pid],
        }
    }

    /// Sends a request, whose answer must have one of some statuses.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        good: &[u16],
    ) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, &url).bearer_auth(&self.token);
        if let Some(body) = body {
            let content_type = "application/scim+json";
            request = request.header("content-type", content_type).body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        if !good.contains(&status) {
            return Err(format!("{}: {status} to {url}: {text}", self.name).into());
        }
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, None, &[200]).await
    }
}

fn client() -> Client {
    // The defaults cannot fail to build, but for this one the type wants a look.
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap_or_default()
}
