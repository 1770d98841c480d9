//! Provisioning from request to answer.

mod budgets;
mod bulk;
mod errors;
mod faults;
mod groups;
mod keys;
mod large;
mod life;
mod linking;
mod lists;
mod replay;
mod takeover;
mod tenancy;
mod versions;

use scenarios::{Provisioner, World};
use serde_json::Value;

const OWN: &str = "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User";

/// The id of a user or a group.
fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

/// Where a user is.
fn path(user: &Value) -> String {
    format!("/Users/{}", id(user))
}

/// Where a group is.
fn group_path(group: &Value) -> String {
    format!("/Groups/{}", id(group))
}

/// An object id of Entra's.
fn object(number: usize) -> String {
    format!("6b0f1b2c-3d4e-4f60-8172-{number:012x}")
}

/// A world with Entra in it.
async fn with_entra() -> (World, Provisioner) {
    let world = World::start().await;
    let entra = world.entra().await;
    (world, entra)
}
