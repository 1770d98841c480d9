//! What provisioning asks of the table: requests and capacity units of each operation, as the table
//! itself counts them. `docs/PERFORMANCE.md` says the same; whoever changes a number changes both.
//!
//! The table tells of no units of a transaction that it cancels: such a one counts as none here.

mod groups;
mod lists;
mod others;
mod users;

use http::Method;
use scenarios::scim::patch;
use scenarios::{Capacity, Provisioner, World};
use serde_json::{Value, json};

/// Requests and capacity units of one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    reads: usize,
    transactions: usize,
    units: Capacity,
}

impl Cost {
    /// Nothing.
    const NONE: Self = Self::of(0, 0.0);

    /// So many requests that read.
    const fn of(reads: usize, units: f64) -> Self {
        Self { reads, transactions: 0, units: Capacity { read: units, write: 0.0 } }
    }

    /// So many transactions beside.
    const fn and(self, transactions: usize, units: f64) -> Self {
        Self { transactions, units: Capacity { write: units, ..self.units }, ..self }
    }
}

/// What somebody does, how they ask for it, the status of the answer, and what it costs.
type Case<'a> = (&'a str, &'a Method, &'a str, &'a Value, u16, Cost);

/// Does one after the other, and looks at what each costs.
async fn check(world: &World, client: &Provisioner, cases: &[Case<'_>]) {
    for (what, method, path, body, status, expected) in cases {
        let (cost, _) = cost(world, client, method, path, body, *status).await;
        assert_eq!(cost, *expected, "{what}");
    }
}

/// What a request costs, and the body of its answer.
async fn cost(
    world: &World,
    client: &Provisioner,
    method: &Method,
    path: &str,
    body: &Value,
    status: u16,
) -> (Cost, Value) {
    world.scim.calls();
    world.scim.capacity();
    let answer = client.call(method.clone(), path, body).await.expect(status);
    let calls = world.scim.calls();
    let calls = calls.iter().filter(|call| call.service == "dynamodb").collect::<Vec<_>>();
    let transactions = calls.iter().filter(|call| call.writes()).count();
    let reads = calls.len() - transactions;
    (Cost { reads, transactions, units: world.scim.capacity() }, answer)
}

/// A world, and a client whose key was used a moment ago.
async fn with_entra() -> (World, Provisioner) {
    let world = World::start().await;
    let entra = world.entra().await;
    entra.get("/ServiceProviderConfig").await.expect(200);
    (world, entra)
}

/// The id of a user or a group.
fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

/// An object id of Entra's.
fn object(number: usize) -> String {
    format!("6b0f1b2c-3d4e-4f60-8172-{number:012x}")
}

/// A PATCH of one operation.
fn change(op: &str, path: &str, value: impl Into<Value>) -> Value {
    patch(json!([{ "op": op, "path": path, "value": value.into() }]))
}
