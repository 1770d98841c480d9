//! Provisioning from request to answer.

mod keys;
mod life;

use scenarios::World;

/// A user's id.
fn id(user: &serde_json::Value) -> &str {
    user["id"].as_str().unwrap()
}

/// Where a user is.
fn path(user: &serde_json::Value) -> String {
    format!("/Users/{}", id(user))
}

/// A world with Entra in it.
async fn with_entra() -> (World, scenarios::Provisioner) {
    let world = World::start().await;
    let entra = world.entra().await;
    (world, entra)
}
