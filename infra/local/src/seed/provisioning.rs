//! The simulated Entra provisions the demo organization, as a tenant of our guide would.

use std::path::Path;

use entra_sim::{GraphGroup, Mapping, Scope, Simulator};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DOMAIN, SeedError, once};
use crate::invoke::Invoke;
use crate::stack::Cycles;

/// The provisioning key that the simulated Entra uses, kept for the next start.
const STATE: &str = "scim.json";
/// The object id of the demo group.
const STAFF: &str = "5ca1ab1e-0000-4000-8000-57aff0000001";

/// What `operator` answers to whoever asks for a provisioning key.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Provisioning {
    pub(super) tenant_url: String,
    pub(super) key: String,
}

/// The key of an earlier start, or a new one.
pub(super) async fn key(functions: &dyn Invoke, folder: &Path) -> Result<Provisioning, SeedError> {
    let request = json!({
        "action": "create_scim_key", "domain": DOMAIN, "name": "Simulated Entra", "client": "entra",
    });
    once(functions, &folder.join(STATE), &request, SeedError::ScimKey).await
}

impl Provisioning {
    /// Sets the simulated Entra's job up and starts it as told.
    pub(super) fn begin(&self, entra: &Simulator, cycles: Cycles) -> Result<(), SeedError> {
        staff(entra)?;
        let settings = entra_sim::Provisioning {
            mapping: Mapping::Recommended,
            scope: Scope::Everyone,
            ..entra_sim::Provisioning::new(&self.tenant_url, &self.key)
        };
        match cycles {
            Cycles::WhenAsked => entra.configure_provisioning(settings)?,
            Cycles::Every(pause) => {
                let interval = SignedDuration::try_from(pause).ok();
                entra.provision(entra_sim::Provisioning { interval, ..settings })?;
            }
        }
        Ok(())
    }
}

/// Makes the demo group once: later changes stay.
fn staff(entra: &Simulator) -> Result<(), SeedError> {
    if entra.groups().iter().any(|known| known.id == STAFF) {
        return Ok(());
    }
    let members = entra.users().into_iter();
    let members = members.filter(|user| user.domain().is_some_and(|domain| domain == DOMAIN));
    entra.put_group(GraphGroup {
        id: STAFF.to_owned(),
        display_name: "Staff".to_owned(),
        members: members.map(|user| user.id).collect(),
        ..GraphGroup::default()
    })?;
    Ok(())
}
