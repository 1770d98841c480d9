//! Members of groups, by the thousand.

use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use identity::{GroupId, OrganizationId};
use local::{Ready, Stack};
use reqwest::Method;
use scenarios::scim::patch;
use serde_json::{Value, json};
use store::{Store, Table};

use super::filled::{Filled, User};
use super::server::Server;
use crate::Failure;
use crate::stopwatch::{Spread, Stopwatch};

/// How often a group is made and filled.
const TIMES: usize = 3;
/// How often the group is looked at until its changes are carried out.
const PAUSE: Duration = Duration::from_millis(20);
/// When that is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// What one request that adds many members took.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    pub(crate) server: String,
    pub(crate) members: usize,
    /// Seconds until the answer.
    pub(crate) answered: Spread,
    /// Seconds until the change is carried out, where that is another moment.
    pub(crate) folded: Option<Spread>,
    /// Seconds of the server's processes.
    pub(crate) processor: f64,
}

/// Everybody in one group, by several requests.
#[derive(Clone, Debug)]
pub(crate) struct Everybody {
    pub(crate) members: usize,
    pub(crate) requests: usize,
    /// Seconds until each answer.
    pub(crate) answered: Spread,
    /// Seconds until all answers.
    pub(crate) all_answered: f64,
    /// Seconds until all changes are carried out.
    pub(crate) folded: f64,
}

/// Adds many members to an empty group by one PATCH.
pub(crate) async fn measure(filled: &Filled<'_>, count: usize) -> Result<Added, Failure> {
    let Filled { server, users, .. } = filled;
    let users = users.get(..count).ok_or("too few users")?;
    let (mut answered, mut folded) = (Vec::new(), Vec::new());
    let began = server.processor_time()?;
    for time in 0..TIMES {
        let group = group(server, &format!("Many {time}")).await?;
        let watch = Stopwatch::start();
        add(server, &group, users).await?;
        answered.push(watch.elapsed().as_secs_f64());
        if let Some(stack) = server.stack() {
            wait(stack, &group, watch).await?;
            folded.push(watch.elapsed().as_secs_f64());
        }
        check(server, &group, count).await?;
    }
    let processor = server.processor_time()?.saturating_sub(began);
    Ok(Added {
        server: server.name.clone(),
        members: count,
        answered: Spread::of(&answered)?,
        folded: if folded.is_empty() { None } else { Some(Spread::of(&folded)?) },
        processor: processor.as_secs_f64() / TIMES as f64,
    })
}

/// Adds everybody to one group, so many by each PATCH.
pub(crate) async fn everybody(filled: &Filled<'_>, at_once: usize) -> Result<Everybody, Failure> {
    let Filled { server, users, .. } = filled;
    let stack = server.stack().ok_or("only ours is asked for this")?;
    let group = group(server, "Everybody").await?;
    let (whole, mut answered) = (Stopwatch::start(), Vec::new());
    for some in users.chunks(at_once) {
        let watch = Stopwatch::start();
        add(server, &group, some).await?;
        answered.push(watch.elapsed().as_secs_f64());
    }
    let all_answered = whole.elapsed().as_secs_f64();
    wait(stack, &group, whole).await?;
    Ok(Everybody {
        members: users.len(),
        requests: answered.len(),
        answered: Spread::of(&answered)?,
        all_answered,
        folded: whole.elapsed().as_secs_f64(),
    })
}

async fn group(server: &Server<'_>, name: &str) -> Result<String, Failure> {
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    let group = json!({ "schemas": schemas, "displayName": name });
    let made = server.send(Method::POST, "/Groups", Some(&group), &[201]).await?;
    let id = made.get("id").and_then(Value::as_str);
    Ok(id.ok_or("a group without id")?.to_owned())
}

async fn add(server: &Server<'_>, group: &str, users: &[User]) -> Result<(), Failure> {
    let members = users.iter().map(|user| json!({ "value": user.id })).collect::<Value>();
    let change = patch(json!([{ "op": "Add", "path": "members", "value": members }]));
    let path = format!("/Groups/{group}");
    server.send(Method::PATCH, &path, Some(&change), &[200, 204]).await?;
    Ok(())
}

/// Looks whether they are in it. Not part of any figure but the processor time.
async fn check(server: &Server<'_>, group: &str, count: usize) -> Result<(), Failure> {
    let group = server.get(&format!("/Groups/{group}")).await?;
    let members = group.get("members").and_then(Value::as_array).map_or(0, Vec::len);
    if members == count {
        Ok(())
    } else {
        Err(format!("{}: {members} members of {count}", server.name).into())
    }
}

/// Waits until no change of the group waits to be carried out.
async fn wait(stack: &Stack, group: &str, watch: Stopwatch) -> Result<(), Failure> {
    let ready = stack.ready();
    let store = store(ready).await;
    let org: OrganizationId = ready.organization.parse()?;
    let group: GroupId = group.parse()?;
    while watch.elapsed() < PATIENCE {
        let found = store.group(org, group, SystemClock.now()).await?.ok_or("no group")?;
        let found = serde_json::to_value(&found.value)?;
        let folding = found.get("folding").and_then(Value::as_array);
        if folding.ok_or("a group tells what waits")?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("a change of members was never carried out".into())
}

async fn store(ready: &Ready) -> Store {
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(ready.region.clone()))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(&ready.dynamodb_endpoint)
        .load()
        .await;
    Store::new(Table::new(&aws, ready.table.clone()))
}
