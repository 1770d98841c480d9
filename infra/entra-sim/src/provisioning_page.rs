//! The page of the provisioning job: how it stands, whom it is about, what was sent.

use std::sync::Arc;

use axum::extract::{Form as Body, Path, State};
use axum::http::header::{HOST, LOCATION, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::directory::DirectoryError;
use crate::pages::{Provisioning, ProvisioningExchange, ProvisioningPerson, page};
use crate::provisioning::{
    Counts, CycleReport, Exchange, Health, Job, ProvisioningError, next_cycle, on_demand, restart,
    test_connection,
};

/// How many people and how many exchanges the page shows.
const SHOWN: usize = 50;

/// `GET /provisioning`.
pub(crate) async fn show(State(app): State<Arc<App>>) -> Response {
    let (tenant, people) = people(&app);
    let (health, server, last, failing) = {
        let now = app.now().simulated;
        let job = app.provisioner.job();
        (
            health(job.health.at(now)),
            job.settings.as_ref().map(|settings| settings.tenant_url.clone()),
            job.last.as_ref().map(summary).unwrap_or_default(),
            failing(&job),
        )
    };
    let mut exchanges = app.provisioner.exchanges(0);
    exchanges.reverse();
    exchanges.truncate(SHOWN);
    let exchanges: Vec<ProvisioningExchange> = exchanges.iter().map(line).collect();
    let shown = Provisioning {
        tenant: &tenant,
        server: server.as_deref(),
        health: &health,
        last: &last,
        failing: &failing,
        people: &people,
        exchanges: &exchanges,
    };
    page(StatusCode::OK, &shown)
}

fn people(app: &App) -> (String, Vec<ProvisioningPerson>) {
    let directory = app.directory();
    let job = app.provisioner.job();
    let target = |id: &str| job.users.get(id).map(|link| link.id.clone());
    let live = directory.users.values().map(|user| ProvisioningPerson {
        name: user.display_name.clone(),
        address: user.user_principal_name.clone(),
        state: if user.account_enabled { "enabled" } else { "blocked" },
        target: target(&user.id),
    });
    let deleted = directory.deleted.values().map(|deleted| ProvisioningPerson {
        name: deleted.user.display_name.clone(),
        address: deleted.user.user_principal_name.clone(),
        state: "deleted",
        target: target(&deleted.user.id),
    });
    let mut people: Vec<ProvisioningPerson> = live.take(SHOWN).chain(deleted.take(SHOWN)).collect();
    people.sort_by(|a, b| a.address.cmp(&b.address));
    (directory.tenant_name.clone(), people)
}

fn health(health: Health) -> String {
    match health {
        Health::Healthy => "healthy".to_owned(),
        Health::Quarantined { reason, since, next } => {
            format!("in quarantine since {since} ({reason:?}); the next cycle runs at {next}")
        }
        Health::Disabled { reason, since } => {
            format!("disabled, in quarantine since {since} ({reason:?})")
        }
    }
}

fn summary(report: &CycleReport) -> String {
    let of = |what: &str, counts: Counts| {
        let counts = [
            ("created", counts.created),
            ("linked", counts.linked),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("disabled", counts.disabled),
            ("deleted", counts.deleted),
            ("skipped", counts.skipped),
            ("failed", counts.failed),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(name, count)| format!("{count} {name}")).collect();
        (!counts.is_empty()).then(|| format!("; {what}: {}", counts.join(", ")))
    };
    let CycleReport { number, started, requests, duration_ms, .. } = report;
    let mut told = format!("{number}, at {started:.0}: {requests} requests in {duration_ms} ms");
    told.extend(of("users", report.users));
    told.extend(of("groups", report.groups));
    if let Some(halted) = &report.halted {
        told.push_str(&format!("; ended early: {halted}"));
    }
    told
}

fn failing(job: &Job) -> Vec<String> {
    let failing = job.escrows.values().take(SHOWN);
    failing
        .map(|escrow| {
            let (subject, error) = (&escrow.subject, &escrow.error);
            format!("{subject}: {error} (try {}, next at {:.0})", escrow.tries, escrow.next)
        })
        .collect()
}

fn line(exchange: &Exchange) -> ProvisioningExchange {
    let pretty = |body: &Value| match body {
        Value::String(text) => text.clone(),
        body => serde_json::to_string_pretty(body).unwrap_or_default(),
    };
    let failed = exchange.status.is_none_or(|status| status >= 400);
    ProvisioningExchange {
        number: exchange.number,
        at: format!("{:.0}", exchange.at),
        subject: exchange.subject.clone(),
        method: exchange.method.clone(),
        url: exchange.url.clone(),
        answer: exchange.status.map_or("no answer".to_owned(), |status| status.to_string()),
        class: if failed { "code" } else { "quiet" },
        duration_ms: exchange.duration_ms,
        sent: exchange.sent.as_ref().map(pretty),
        received: exchange.received.as_ref().map(pretty),
        trouble: exchange.error.clone().or_else(|| exchange.complaint.clone()),
    }
}

/// Whom a button is about.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct About {
    #[serde(default)]
    user: String,
}

/// `POST /provisioning/{action}`: the page's buttons; only the page itself may press them.
pub(crate) async fn act(
    State(app): State<Arc<App>>,
    Path(action): Path<String>,
    headers: HeaderMap,
    Body(about): Body<About>,
) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = header(HOST).map(|host| format!("http://{host}"));
    if own.is_none() || header(ORIGIN) != own.as_deref() {
        return (StatusCode::FORBIDDEN, "only this page may do that").into_response();
    }
    match press(&app, &action, &about.user).await {
        Some(Ok(())) => (StatusCode::SEE_OTHER, [(LOCATION, "/provisioning")]).into_response(),
        Some(Err(error)) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn press(app: &App, action: &str, user: &str) -> Option<Result<(), ProvisioningError>> {
    let now = app.now().simulated;
    Some(match action {
        "test" => test_connection(app).await.map(drop),
        "cycle" => next_cycle(app).await.map(drop),
        "restart" => restart(app).await.map(drop),
        "on-demand" => on_demand(app, user).await.map(drop),
        "block" => set_enabled(app, user, false).map_err(ProvisioningError::from),
        "unblock" => set_enabled(app, user, true).map_err(ProvisioningError::from),
        "delete" => {
            let deleted = app.change(|directory| directory.soft_delete_user(user, now));
            deleted.map_err(ProvisioningError::from)
        }
        "restore" => {
            let restored = app.change(|directory| directory.restore_user(user));
            restored.map(drop).map_err(ProvisioningError::from)
        }
        _ => return None,
    })
}

fn set_enabled(app: &App, name: &str, enabled: bool) -> Result<(), DirectoryError> {
    app.change(|directory| {
        let user = directory.user_by_name(name).ok_or(DirectoryError::UserUnknown)?.clone();
        directory.put_user(crate::graph_user::GraphUser { account_enabled: enabled, ..user })
    })
    .map(drop)
}
