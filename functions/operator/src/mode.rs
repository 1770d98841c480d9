//! Where an organization's users come from: seen first, changed when it is confirmed.

use identity::{Mode, Organization};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Connection, Stage};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// Asks for another mode.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMode {
    /// A domain of the organization.
    domain: String,
    /// Where its users are to come from.
    mode: Mode,
    /// Whether it is to be done; otherwise the answer says what would be.
    #[serde(default)]
    confirm: bool,
}

impl App {
    /// Answers what a change means and what it lacks; with a confirmation, changes it.
    pub(crate) async fn set_mode(
        &self,
        asked: SetMode,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let before = self.stored_organization(&asked.domain, now).await?;
        let organization = Organization { mode: asked.mode, ..before.value.clone() };
        let changes = organization.mode != before.value.mode;
        if changes && asked.confirm {
            let mut audit = self.audit(Action::ModeChanged, request_id, now);
            audit.reason = Some(asked.mode.word().to_owned());
            self.store.change_organization(&before, &organization, &audit).await?;
        }
        let connection = self.store.connection(organization.id, now).await?;
        let connection = connection.map(|stored| stored.value);
        let counts = self.store.count_pushes(organization.id).await?;
        let domain = Self::domain(&asked.domain)?;
        Ok(json!({
            "organization": organization.id,
            "mode": if asked.confirm { asked.mode.word() } else { before.value.mode.word() },
            "wanted": asked.mode.word(),
            "changed": changes && asked.confirm,
            "confirm": if changes && !asked.confirm { json!({ "confirm": true }) } else { Value::Null },
            "what": explanation(asked.mode),
            "users": self.store.count_users(organization.id).await?,
            "pending": counts.pending,
            "conflicts": counts.conflicts,
            "missing": missing(asked.mode, connection.as_ref(), domain.as_str()),
        }))
    }
}

/// What follows from a mode.
const fn explanation(mode: Mode) -> [&'static str; 3] {
    match mode {
        Mode::Hybrid => [
            "users are made on-premises and read from Entra; create_user is refused",
            "whoever is in Entra stays there, and nobody loses access; an account that was made there is \
             disabled there when its user is deleted here, as before",
            "whoever waits to be made in Entra goes on waiting, until the mode is cloud again",
        ],
        Mode::Cloud => [
            "whoever create_user makes, or a provisioning client other than Entra, is made in Entra too, \
             unless their directory signs in with Microsoft accounts",
            "users who are here already are not made there: they are linked when Entra is read",
            "users who are synced from on-premises are read as before and never written",
        ],
    }
}

/// What a mode needs and does not have yet; whoever is made before waits for it.
fn missing(mode: Mode, connection: Option<&Connection>, domain: &str) -> Vec<&'static str> {
    if mode == Mode::Hybrid {
        return Vec::new();
    }
    let connected = connection.filter(|one| one.stage == Stage::Connected);
    let writes = connected.is_some_and(Connection::lets_users_be_changed);
    let there = connected.into_iter().flat_map(|one| &one.domains);
    let there = there.into_iter().find(|one| one.name.eq_ignore_ascii_case(domain));
    let lacks = [
        (connected.is_none(), "a connected tenant: connect it at /oauth/connect"),
        (!writes, "the consent to change users: give it at /oauth/connect"),
        (there.is_none(), "the domain, verified in the tenant"),
        (
            !there.is_some_and(|one| one.federated),
            "the domain, federated to us: until then nobody made in Entra can sign in",
        ),
    ];
    lacks.into_iter().filter_map(|(lacks, what)| lacks.then_some(what)).collect()
}
