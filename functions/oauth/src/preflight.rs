//! `/oauth/connect/{organization}/preflight`: who cannot sign in yet. What everybody's number bounds is
//! looked at by a job; here only its result is read, a page at a time.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use exports::FileKey;
use http::header::{CACHE_CONTROL, REFRESH};
use http::{HeaderMap, HeaderValue};
use identity::{Obstacle, OrganizationId, PreflightId};
use store::{Action, Actor, Findings, Look, OutboxItem, Step, TableError, Task, pages_of};
use web::failure::RequestId;
use web::language::Language;
use web::page::{
    FileLinks, Found, FoundObstacle, ListedUser, LookStatus, LookStep, Page as _, Preflight,
    PreflightList,
};

use crate::app::App;
use crate::connect;
use crate::failure::Failure;
use crate::visitor::{Token, Visitor};

/// After how many seconds a page that waits looks again.
const LOOK_AGAIN: u32 = 5;
const CSV: &str = "users.csv";
const JSON_LINES: &str = "users.jsonl";

fn path(org: OrganizationId) -> String {
    format!("{}/preflight", connect::path(org))
}

/// `GET`: how the latest look stands, and what it found.
pub(crate) async fn show(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = Visitor::open(&app, &org, &headers, now).await?;
    let path = path(visitor.org);
    let stored = app.store.preflight(visitor.org, now).await?;
    let preflight = stored.map(|stored| stored.value).unwrap_or_default();
    let files = preflight
        .written(now)
        .map(|findings| [CSV, JSON_LINES].map(|name| file(&path, findings, name)));
    let page = Preflight {
        language,
        organization: &found.organization.name,
        look: preflight.look.as_ref().map(status),
        found: preflight.kept(now).map(|findings| shown(&path, findings)),
        csrf: &visitor.csrf(),
        begin_action: preflight.may_begin(now).then_some(&*path),
        files: files.as_ref().map(|[csv_url, json_url]| FileLinks { csv_url, json_url }),
        connection_url: &connect::path(visitor.org),
    };
    let mut response = page.respond();
    if preflight.look.is_some() {
        response.headers_mut().insert(REFRESH, HeaderValue::from(LOOK_AGAIN));
    }
    Ok(response)
}

fn status(look: &Look) -> LookStatus {
    let step = match look.step {
        Step::Looking { .. } => LookStep::Looks,
        Step::Asking { .. } => LookStep::Asks,
        Step::Writing(_) => LookStep::Writes,
    };
    LookStatus { looked_at: look.looked_at, expected: look.expected, step }
}

fn shown(path: &str, findings: &Findings) -> Found {
    let obstacles = Obstacle::ALL.into_iter().map(|obstacle| FoundObstacle {
        obstacle,
        users: users(findings, obstacle),
        url: list_url(path, findings.id, obstacle, 1),
    });
    Found {
        looked_at: findings.looked_at,
        told: findings.told,
        at: findings.began_at,
        kept_until: findings.kept_until(),
        obstacles: obstacles.collect(),
    }
}

fn list_url(path: &str, look: PreflightId, obstacle: Obstacle, number: u64) -> String {
    format!("{path}/{look}/list/{}/{number}", obstacle.word())
}

fn file(path: &str, findings: &Findings, name: &str) -> String {
    format!("{path}/{}/file/{name}", findings.id)
}

fn users(findings: &Findings, obstacle: Obstacle) -> u64 {
    findings.counts.get(&obstacle).copied().unwrap_or_default()
}

/// `POST`: begins a look, unless one is under way.
pub(crate) async fn begin(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    request_id: RequestId,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, user, _) = Visitor::posted(&app, &org, &headers, form, now).await?;
    let stored = app.store.preflight(visitor.org, now).await?;
    if stored.as_ref().is_none_or(|stored| stored.value.may_begin(now)) {
        let look = Look::begin(PreflightId::mint(&*app.entropy), now);
        let task = Task::LookAtEverybody { look: look.id };
        let item = OutboxItem::new(&*app.entropy, visitor.org, task, now);
        let audit = app.audit(Actor::User(user), Action::PreflightBegun, &request_id, now);
        let org = visitor.org;
        match app.store.begin_preflight(org, stored.as_ref(), look, &item, &audit).await {
            Ok(()) => app.announce(&[item], &request_id).await,
            // Somebody else began one meanwhile: the page shows theirs.
            Err(TableError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Redirect::to(&path(visitor.org)).into_response())
}

/// `GET …/{look}/list/{obstacle}/{page}`: a page of those before whom an obstacle stands, from 1. Of an
/// earlier look there is nothing any more: to what the latest one found.
pub(crate) async fn list(
    State(app): State<App>,
    Path((org, look, obstacle, number)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = Visitor::open(&app, &org, &headers, now).await?;
    let obstacle = Obstacle::of(&obstacle).ok_or(Failure::NotFound)?;
    let number: u64 = number.parse().map_err(|_| Failure::NotFound)?;
    let stored = app.store.preflight(visitor.org, now).await?;
    let findings = stored.as_ref().and_then(|stored| stored.value.kept(now));
    let findings = findings.ok_or(Failure::NotFound)?;
    let overview_url = path(visitor.org);
    if findings.id.to_string() != look {
        return Ok(Redirect::to(&overview_url).into_response());
    }
    let users = users(findings, obstacle);
    let pages = pages_of(users);
    if !(1..=pages).contains(&number) {
        return Err(Failure::NotFound);
    }
    let place = [(obstacle, number - 1)];
    let listed = app.store.findings(visitor.org, findings.id, &place, now).await?;
    let people = listed.iter().flatten().map(|one| ListedUser {
        user_name: &one.user_name,
        display_name: &one.display_name,
        held_by: one.held_by.as_ref().map(|holder| &*holder.display_name),
    });
    let url = |number: u64| list_url(&overview_url, findings.id, obstacle, number);
    let previous_url = (number > 1).then(|| url(number - 1));
    let next_url = (number < pages).then(|| url(number + 1));
    let page = PreflightList {
        language,
        organization: &found.organization.name,
        obstacle,
        users,
        at: findings.began_at,
        people: &people.collect::<Vec<_>>(),
        page: number,
        pages,
        previous_url: previous_url.as_deref(),
        next_url: next_url.as_deref(),
        overview_url: &overview_url,
    };
    Ok(page.respond())
}

/// `GET …/{look}/file/{name}`: to the file, by a link that opens it for two minutes.
pub(crate) async fn fetch(
    State(app): State<App>,
    Path((org, look, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, user, _) = Visitor::open(&app, &org, &headers, now).await?;
    let name = [CSV, JSON_LINES].into_iter().find(|known| *known == name);
    let name = name.ok_or(Failure::NotFound)?;
    let stored = app.store.preflight(visitor.org, now).await?;
    let findings = stored.as_ref().and_then(|stored| stored.value.written(now));
    let findings = findings.filter(|findings| findings.id.to_string() == look);
    let findings = findings.ok_or(Failure::NotFound)?;
    let link = app.exports.link(&FileKey::new(visitor.org, findings.id, name), name).await?;
    let mut audit = app.audit(Actor::User(user), Action::PreflightFetched, &request_id, now);
    audit.reason = Some(name.to_owned());
    app.store.audit(visitor.org, &audit).await?;
    let guard = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((guard, Redirect::to(&link)).into_response())
}
