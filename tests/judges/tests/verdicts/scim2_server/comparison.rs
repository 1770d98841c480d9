//! What two answers to one request disagree about.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::model::{Kind, Model};
use super::request::{Order, Request};
use super::server::Answer;

/// One thing that two answers disagree about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Disagreement {
    pub(super) aspect: String,
    pub(super) ours: String,
    pub(super) reference: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ours {}, reference {}", self.aspect, self.ours, self.reference)
    }
}

/// What a member of a group is called that a server kept although its user is gone.
const GONE: &str = "members of nobody";

/// An answer in which nothing is left that each server says in its own way: ids have our names,
/// addresses are relative, times and versions are only there or not, and so are the texts of
/// errors. `$ref` is an address that the server may say, RFC 7643 §2.4. The order of many values
/// means nothing, RFC 7643 §2.4.
pub(super) fn normal(model: &Model, server: usize, base: &str, body: &Value) -> Value {
    let again = |value: &Value| normal(model, server, base, value);
    match body {
        Value::Object(members) => {
            let mut normal = Map::new();
            for (name, value) in members {
                let value = match name.as_str() {
                    "$ref" => continue,
                    // What it is where nothing is said, RFC 7643 §2.2.
                    "caseExact" if *value == false => continue,
                    "created" | "lastModified" | "version" | "detail" => "there".into(),
                    _ => again(value),
                };
                normal.insert(name.clone(), value);
            }
            if let Some(members) = normal.get_mut("members").and_then(Value::as_array_mut) {
                let gone = |member: &Value| {
                    member["value"].as_str().is_some_and(|name| model.is_gone(name))
                };
                if members.iter().any(gone) {
                    members.retain(|member| !gone(member));
                    let is_empty = members.is_empty();
                    normal.insert(GONE.to_owned(), "there".into());
                    if is_empty {
                        normal.remove("members");
                    }
                }
            }
            Value::Object(normal)
        }
        Value::Array(items) => {
            let mut items = items.iter().map(again).collect::<Vec<_>>();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::String(text) => {
            let text = text.strip_prefix(base).unwrap_or(text);
            let (before, id) = text.rsplit_once('/').map_or(("", text), |(before, id)| {
                (text.get(..=before.len()).unwrap_or_default(), id)
            });
            match model.name_of(server, id) {
                Some(name) => format!("{before}{name}").into(),
                None => text.into(),
            }
        }
        other => other.clone(),
    }
}

/// Everything that the answers disagree about.
pub(super) fn compare(
    model: &Model,
    request: &Request,
    bases: [&str; 2],
    answers: &[Answer; 2],
) -> Vec<Disagreement> {
    let [ours, reference] = answers;
    let mut found = Found::default();
    found.same("answer", &kind(ours), &kind(reference));
    if ours.status != reference.status {
        // Whatever else they say is about something else.
        return found.0;
    }
    let there = |is_there: bool| if is_there { "there" } else { "not there" };
    found.same("etag", there(ours.etag.is_some()), there(reference.etag.is_some()));
    let place = |server: usize, place: &Option<String>| match place {
        Some(place) => normal(model, server, bases[server], &place.as_str().into()).to_string(),
        None => "not there".to_owned(),
    };
    if ours.status == 201 {
        found.same("location", &place(0, &ours.location), &place(1, &reference.location));
    }
    let [one, other] = [&ours.content_location, &reference.content_location];
    found.same("content location", &place(0, one), &place(1, other));
    let content = |answer: &Answer| answer.content_type.clone().unwrap_or_default();
    if !ours.body.is_null() || !reference.body.is_null() {
        found.same("content type", &content(ours), &content(reference));
    }
    let lists = [0, 1].map(|server| answers[server].body.get("Resources").is_some());
    if lists == [true, true] {
        compare_lists(model, request, bases, answers, &mut found);
    } else {
        let bodies =
            [0, 1].map(|server| normal(model, server, bases[server], &answers[server].body));
        found.values("", &bodies[0], &bodies[1]);
    }
    found.0
}

/// Status and kind of error.
fn kind(answer: &Answer) -> String {
    match answer.body["scimType"].as_str() {
        Some(scim_type) => format!("{} {scim_type}", answer.status),
        None => answer.status.to_string(),
    }
}

fn compare_lists(
    model: &Model,
    request: &Request,
    bases: [&str; 2],
    answers: &[Answer; 2],
    found: &mut Found,
) {
    for aspect in ["totalResults", "itemsPerPage", "startIndex", "schemas"] {
        let [ours, reference] = [0, 1].map(|server| &answers[server].body[aspect]);
        found.same(aspect, &ours.to_string(), &reference.to_string());
    }
    let more = [0, 1].map(|server| answers[server].body["nextCursor"].is_string());
    found.same("nextCursor", &more[0].to_string(), &more[1].to_string());
    let resources = [0, 1].map(|server| {
        let all = answers[server].body["Resources"].as_array().unwrap();
        let all = all.iter().map(|resource| normal(model, server, bases[server], resource));
        all.collect::<Vec<_>>()
    });
    if let Order::By(path) = request.order {
        let keys = resources.each_ref().map(|all| {
            let keys = all.iter().map(|resource| key(model, resource, path));
            keys.collect::<Vec<_>>().join(" | ")
        });
        found.same("order", &keys[0], &keys[1]);
    }
    let id = |resource: &Value| resource["id"].to_string();
    let [ours, reference] =
        resources.map(|all| all.into_iter().map(|it| (id(&it), it)).collect::<BTreeMap<_, _>>());
    let names = |all: &BTreeMap<String, Value>, others: &BTreeMap<String, Value>| {
        let only = all.keys().filter(|name| !others.contains_key(*name));
        only.cloned().collect::<Vec<_>>().join(" ")
    };
    found.same("Resources", &names(&ours, &reference), &names(&reference, &ours));
    for (name, resource) in &ours {
        if let Some(other) = reference.get(name) {
            found.values("", resource, other);
        }
    }
}

/// What a resource is sorted by, as the model knows it: the list may not show it.
fn key(model: &Model, resource: &Value, path: &str) -> String {
    let known = resource["id"].as_str().and_then(|name| model.get(name));
    let body = known.map_or(&Value::Null, |known| &known.body);
    let value = path.split('.').fold(body, |value, name| &value[name]);
    value.as_str().map_or_else(|| value.to_string(), str::to_lowercase)
}

#[derive(Default)]
struct Found(Vec<Disagreement>);

impl Found {
    fn same(&mut self, aspect: &str, ours: &str, reference: &str) {
        let (aspect, ours, reference) = (aspect.to_owned(), ours.to_owned(), reference.to_owned());
        let disagreement = Disagreement { aspect, ours, reference };
        if disagreement.ours != disagreement.reference && !self.0.contains(&disagreement) {
            self.0.push(disagreement);
        }
    }

    fn values(&mut self, path: &str, ours: &Value, reference: &Value) {
        let (Value::Object(one), Value::Object(other)) = (ours, reference) else {
            let said = |value: &Value| {
                if value.is_null() { "nothing".to_owned() } else { value.to_string() }
            };
            return self.same(path, &said(ours), &said(reference));
        };
        for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let of = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
            self.values(&path, &of(one), &of(other));
        }
    }
}

/// Where a created resource is, by the id that its server gave it.
pub(super) fn id(answer: &Answer) -> &str {
    answer.body["id"].as_str().unwrap_or_default()
}

/// A body of ours, in our names, as it may be sent to the reference to make it equal.
pub(super) fn to_send(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        for name in ["meta", "id"] {
            members.remove(name);
        }
    }
    body
}

/// The path of a resource on one server.
pub(super) fn place(kind: Kind, id: &str) -> String {
    format!("{}/{id}", kind.endpoint())
}
