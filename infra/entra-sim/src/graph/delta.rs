//! `GET /users/delta`: rounds of changes.
//!
//! A token is the simulator's own note of where a round is; like the real one it is opaque, holds what
//! was selected, and ends after seven days.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, set};
use super::request::Request;
use super::state::{Disorder, GraphSettings};
use super::{shape, users};
use crate::app::App;
use crate::directory::Directory;

/// How long a token is good for.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a round is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Round {
    /// Only what changed behind this revision; everybody, in the first round.
    since: Option<u64>,
    /// What the round tells of ends here; the next one begins behind it.
    upto: u64,
    /// Up to where it was told: an object id in the first round, else a revision.
    after: After,
    select: Vec<String>,
    issued: i64,
    page: u32,
    size: usize,
    /// The last user of the page before.
    last: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum After {
    Id(String),
    Revision(u64),
}

/// One page.
struct Told {
    ids: Vec<String>,
    /// Where the next page begins, if there is one.
    more: Option<After>,
}

/// A page of a round: its first one, one behind a nextLink, or the first one of the next round.
pub(crate) fn round(app: &App, request: &Request) -> Result<Answer, Answer> {
    request.needs(&users::READ)?;
    request.query.only(&["$select", "$deltatoken", "$skiptoken"])?;
    let settings = app.graph.settings();
    let now = app.now().simulated;
    let directory = app.directory();
    let seen = directory.revision.saturating_sub(settings.lag);
    let round = begin(request, seen, now)?;
    let round = match round {
        Begun::At(round) => round,
        Begun::Latest(select) => {
            let next = Round::next(seen, select, now);
            drop(directory);
            return Ok(written(app, Vec::new(), Link::Delta(next)));
        }
    };
    let size = page_size(request).unwrap_or(round.size).min(settings.page_size);
    let round = Round { size, ..round };
    if empty_page(&settings, round.page) {
        let next = Round { page: round.page + 1, ..round };
        drop(directory);
        return Ok(written(app, Vec::new(), Link::Next(next)));
    }
    let told = told(&directory, &round, size);
    let last = told.ids.last().cloned();
    let ids = disordered(told.ids, round.last.as_ref(), settings.disorder);
    let value = ids.iter().map(|id| show(&directory, id, &round)).collect();
    drop(directory);
    let link = match told.more {
        Some(after) => Link::Next(Round { after, page: round.page + 1, last, ..round }),
        None => Link::Delta(Round::next(round.upto, round.select, now)),
    };
    Ok(written(app, value, link))
}

enum Begun {
    At(Round),
    /// From now on.
    Latest(Vec<String>),
}

enum Link {
    Next(Round),
    Delta(Round),
}

impl Round {
    fn next(since: u64, select: Vec<String>, now: Timestamp) -> Self {
        let after = After::Revision(since);
        let since = Some(since);
        let issued = now.as_second();
        Self { since, upto: 0, after, select, issued, page: 1, size: 200, last: None }
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn read(token: &str, now: Timestamp) -> Result<Self, Answer> {
        let gone = || {
            let message = "The sync state is not found: begin anew.";
            Answer::error(400, "syncStateNotFound", message)
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| gone())?;
        let round: Self = serde_json::from_slice(&bytes).map_err(|_| gone())?;
        if now.as_second() - round.issued >= LIFETIME.as_secs() {
            return Err(gone());
        }
        Ok(round)
    }
}

fn begin(request: &Request, seen: u64, now: Timestamp) -> Result<Begun, Answer> {
    let query = &request.query;
    if let Some(token) = query.get("$skiptoken") {
        return Ok(Begun::At(Round::read(token, now)?));
    }
    match query.get("$deltatoken") {
        // An empty one is where a reset sends the client: the beginning.
        None | Some("") => {
            let select = query.select().unwrap_or_else(|| vec!["id".to_owned()]);
            shape::check_select(&select)?;
            let after = After::Id(String::new());
            let issued = now.as_second();
            let (since, last) = (None, None);
            let round =
                Round { since, upto: seen, after, select, issued, page: 1, size: 200, last };
            Ok(Begun::At(round))
        }
        Some("latest") => Ok(Begun::Latest(query.select().unwrap_or_default())),
        Some(token) => Ok(Begun::At(Round { upto: seen, ..Round::read(token, now)? })),
    }
}

/// The wish of `Prefer: odata.maxpagesize=…`.
fn page_size(request: &Request) -> Option<usize> {
    let prefer = request.wishes.prefer.as_deref()?;
    let size = prefer.split(',').find_map(|part| part.trim().strip_prefix("odata.maxpagesize="))?;
    size.parse().ok().filter(|size| *size > 0)
}

fn empty_page(settings: &GraphSettings, page: u32) -> bool {
    settings.empty_every.is_some_and(|every| every > 0 && page.is_multiple_of(every))
}

fn told(directory: &Directory, round: &Round, size: usize) -> Told {
    match &round.after {
        After::Id(after) => everybody(directory, after, size),
        After::Revision(after) => changed(directory, *after, round.upto, size),
    }
}

/// Users in the order of their ids, then those in the recycle bin.
fn everybody(directory: &Directory, after: &str, size: usize) -> Told {
    use std::ops::Bound::{Excluded, Unbounded};

    const BIN: &str = "~";
    let in_bin = after.strip_prefix(BIN);
    let start = |id: &str| (Excluded(id.to_owned()), Unbounded);
    let live = in_bin.is_none().then(|| directory.users.range(start(after)));
    let live = live.into_iter().flatten().map(|(id, _)| (id.clone(), id.clone()));
    let bin = directory.deleted.range(start(in_bin.unwrap_or_default()));
    let bin = bin.map(|(id, _)| (id.clone(), format!("{BIN}{id}")));
    let mut page: Vec<(String, String)> = live.chain(bin).take(size + 1).collect();
    let more = page.len() > size;
    page.truncate(size);
    let more = page.last().filter(|_| more).map(|(_, after)| After::Id(after.clone()));
    Told { ids: page.into_iter().map(|(id, _)| id).collect(), more }
}

/// What changed behind one revision and not behind the other.
fn changed(directory: &Directory, after: u64, upto: u64, size: usize) -> Told {
    let ids = directory.changed_since(after).into_iter().filter(|id| {
        let within = directory.changed.get(id).is_some_and(|revision| *revision <= upto);
        within && directory.is_or_was_user(id)
    });
    let mut page: Vec<String> = ids.take(size + 1).collect();
    let more = page.len() > size;
    page.truncate(size);
    let revision = |id: &String| directory.changed.get(id).copied();
    let more = page.last().filter(|_| more).and_then(revision).map(After::Revision);
    Told { ids: page, more }
}

/// Reverses a page, repeats one of its users, and one of the page before.
fn disordered(mut ids: Vec<String>, before: Option<&String>, disorder: Disorder) -> Vec<String> {
    if disorder == Disorder::Repeated {
        ids.reverse();
        ids.extend(ids.first().cloned());
        ids.extend(before.cloned());
    }
    ids
}

/// A user, or that they are gone. In a later round only what changed is told of a user.
fn show(directory: &Directory, id: &str, round: &Round) -> Value {
    if directory.deleted.contains_key(id) {
        return json!({ "id": id, "@removed": { "reason": "changed" } });
    }
    let Some(user) = directory.users.get(id) else {
        return json!({ "id": id, "@removed": { "reason": "deleted" } });
    };
    let select: Vec<String> = match round.since {
        None => round.select.clone(),
        Some(since) => {
            let told = |name: &&String| directory.property_changed_since(id, name, since);
            round.select.iter().filter(told).cloned().collect()
        }
    };
    shape::user(user, Some(&select))
}

fn written(app: &App, value: Vec<Value>, link: Link) -> Answer {
    let base = app.graph_url();
    let mut body = json!({ "@odata.context": format!("{base}/$metadata#users"), "value": value });
    let (name, parameter, round) = match link {
        Link::Next(round) => ("@odata.nextLink", "$skiptoken", round),
        Link::Delta(round) => ("@odata.deltaLink", "$deltatoken", round),
    };
    set(&mut body, name, json!(format!("{base}/users/delta?{parameter}={}", round.token())));
    Answer::ok(body)
}
