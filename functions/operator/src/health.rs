//! How an organization stands with its Entra tenant, for whoever watches over several: what stands against
//! it, in words that do not change, and the figures behind it. Asks Microsoft nothing and writes nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Connection, Feature, Import, PushCounts, Stage, Standing};

use crate::app::App;
use crate::failure::Failure;

/// Asks how an organization stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// A domain of the organization.
    domain: String,
}

impl App {
    /// Answers it.
    pub(crate) async fn health(&self, asked: Health) -> Result<Value, Failure> {
        let now = self.clock.now();
        let org = self.owner(&Self::domain(&asked.domain)?, now).await?;
        let standing = self.store.standing(org, now).await?;
        let pushes = self.store.count_pushes(org).await?;
        let trouble = trouble(&standing, pushes, now);
        let hours = |since: Timestamp| now.duration_since(since).as_hours();
        Ok(json!({
            "organization": org,
            "healthy": trouble.is_empty(),
            "trouble": trouble,
            "connection": standing.connection.as_ref().map(connection),
            "reading": standing.import().map(|import| reading(import, now)),
            "interval_minutes": standing.rules.minutes,
            "unchecked_hours": standing.unchecked_since(now).map(hours),
            "failing": standing.failing(),
            "notified": standing.is_told(now),
            "missing": standing.missing_held_since(now).map(|since| json!({
                "since": since,
                "missing": standing.missing.as_ref().map(|search| search.missing),
            })),
            "pushes": { "pending": pushes.pending, "conflicts": pushes.conflicts },
        }))
    }
}

/// Everything that somebody should look at: what keeps leavers from being seen first.
fn trouble(standing: &Standing, pushes: PushCounts, now: Timestamp) -> Vec<&'static str> {
    let connection = standing.connection.as_ref();
    let has_lost = |feature| connection.is_some_and(|it| it.lost.contains_key(&feature));
    let is_lost = connection.is_some_and(|it| it.stage == Stage::Lost);
    let found = [
        ("unchecked", standing.unchecked_since(now).is_some()),
        ("read_users_lost", has_lost(Feature::ReadUsers) || is_lost),
        ("write_users_lost", has_lost(Feature::WriteUsers)),
        ("failing", standing.failing().is_some()),
        ("missing_held", standing.missing_held_since(now).is_some()),
        ("pushes_stopped", pushes.conflicts > 0),
    ];
    found.into_iter().filter(|(_, is_so)| *is_so).map(|(word, _)| word).collect()
}

fn reading(import: &Import, now: Timestamp) -> Value {
    json!({
        "under_way": import.began_at.is_some(),
        "ended_at": import.ended_at,
        "minutes_since": import.ended_at.map(|at| now.duration_since(at).as_mins()),
        "left_out_at": import.left_out_at,
    })
}

fn connection(connection: &Connection) -> Value {
    let consents = Feature::ALL.map(|feature| {
        let state = match connection.granted.contains_key(&feature) {
            true => "granted",
            false if connection.lost.contains_key(&feature) => "lost",
            false => "none",
        };
        let lost_at = connection.lost.get(&feature);
        json!({ "consent": feature.word(), "state": state, "lost_at": lost_at })
    });
    json!({
        "stage": connection.stage,
        "since": connection.since,
        "tenant": connection.tenant,
        "confirmed_at": connection.checked_at,
        "consents": consents,
    })
}
