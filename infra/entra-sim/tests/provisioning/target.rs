//! A small SCIM server of the tests' own that records what it is sent and fails when it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// The token that the server wants.
pub(crate) const TOKEN: &str = "a-token-of-the-tests-0123456789";

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    /// As it came, still encoded.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Recorded {
    /// `GET /Users?filter=userName eq "…"`, decoded.
    pub(crate) fn line(&self) -> String {
        let decoded: Vec<String> = form_urlencoded::parse(self.query.as_bytes())
            .map(
                |(name, value)| {
                    if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }
                },
            )
            .collect();
        let query =
            if decoded.is_empty() { String::new() } else { format!("?{}", decoded.join("&")) };
        format!("{} {}{query}", self.method, self.path)
    }

    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// What goes wrong instead of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    Status(u16, Option<&'static str>),
    Hang,
    /// The change is made, and the answer says that the server failed.
    Lost,
}

/// Trouble for the next request of a method below a path.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) trouble: Trouble,
    /// How often.
    pub(crate) times: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) groups: BTreeMap<String, Value>,
    pub(crate) requests: Vec<Recorded>,
    pub(crate) planned: VecDeque<Planned>,
    /// Resources that appear between the client's question and its creation.
    pub(crate) racing: VecDeque<Value>,
    pub(crate) content_type: Option<&'static str>,
    made: u64,
}

/// The server.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    store: Arc<Mutex<Store>>,
    port: u16,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Self { store: Arc::default(), port };
        let router = Router::new().fallback(answer).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/scim", self.port)
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    pub(crate) fn plan(&self, method: &'static str, path: &'static str, trouble: Trouble) {
        self.plan_often(method, path, trouble, 1);
    }

    pub(crate) fn plan_often(
        &self,
        method: &'static str,
        path: &'static str,
        trouble: Trouble,
        times: usize,
    ) {
        self.store().planned.push_back(Planned { method, path, trouble, times });
    }

    /// The requests since the last look.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.store().requests)
    }

    /// The lines of the requests since the last look.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.take().iter().map(Recorded::line).collect()
    }

    /// The resource of the user with this name.
    pub(crate) fn user(&self, name: &str) -> Value {
        let store = self.store();
        let found = store.users.values().find(|user| user["userName"] == name);
        found.unwrap_or_else(|| panic!("no user {name}")).clone()
    }
}

fn scim(status: u16, body: &Value) -> (StatusCode, String) {
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

fn error(status: u16, kind: Option<&str>) -> (StatusCode, String) {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(), "scimType": kind, "detail": "told by the tests" });
    scim(status, &body)
}

async fn answer(
    State(target): State<Target>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let path = uri.path().strip_prefix("/scim").unwrap().to_owned();
    let recorded = Recorded {
        method: method.to_string(),
        path: path.clone(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: headers.clone(),
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    };
    let trouble = {
        let mut store = target.store();
        store.requests.push(recorded.clone());
        let planned = store.planned.iter_mut().find(|planned| {
            planned.times > 0 && planned.method == method && path.starts_with(planned.path)
        });
        planned.map(|planned| {
            planned.times -= 1;
            planned.trouble.clone()
        })
    };
    let (status, body) = match trouble {
        Some(Trouble::Hang) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            error(500, None)
        }
        Some(Trouble::Status(status, retry_after)) => {
            let (status, body) = error(status, None);
            let retry = retry_after.map(|value| [("retry-after", value)]);
            let kind = [("content-type", "application/scim+json")];
            return match retry {
                Some(retry) => (status, kind, retry, body).into_response(),
                None => (status, kind, body).into_response(),
            };
        }
        Some(Trouble::Lost) => {
            serve(&mut target.store(), &recorded, &headers);
            error(504, None)
        }
        None => serve(&mut target.store(), &recorded, &headers),
    };
    let kind = target.store().content_type.unwrap_or("application/scim+json");
    (status, [("content-type", kind)], body).into_response()
}

fn serve(store: &mut Store, request: &Recorded, headers: &HeaderMap) -> (StatusCode, String) {
    let wanted = format!("Bearer {TOKEN}");
    if headers.get("authorization").is_none_or(|found| found.as_bytes() != wanted.as_bytes()) {
        return error(401, None);
    }
    let (kind, id) = match request.path.trim_start_matches('/').split_once('/') {
        Some((kind, id)) => (kind.to_owned(), Some(id.to_owned())),
        None => (request.path.trim_start_matches('/').to_owned(), None),
    };
    if !matches!(kind.as_str(), "Users" | "Groups") {
        return error(404, None);
    }
    match (request.method.as_str(), id) {
        ("GET", None) => list(store, &kind, &request.query),
        ("POST", None) => create(store, &kind, request.body()),
        (method, Some(id)) => {
            let resources = if kind == "Users" { &mut store.users } else { &mut store.groups };
            let Some(resource) = resources.get_mut(&id) else { return error(404, None) };
            match method {
                "GET" => scim(200, resource),
                "DELETE" => {
                    resources.remove(&id);
                    (StatusCode::NO_CONTENT, String::new())
                }
                "PATCH" => {
                    patch(resource, &request.body());
                    match kind.as_str() {
                        "Users" => scim(200, resource),
                        _ => (StatusCode::NO_CONTENT, String::new()),
                    }
                }
                _ => error(405, None),
            }
        }
        _ => error(405, None),
    }
}

fn create(store: &mut Store, kind: &str, mut body: Value) -> (StatusCode, String) {
    if kind == "Users"
        && let Some(racing) = store.racing.pop_front()
    {
        store.users.insert(racing["id"].as_str().unwrap().to_owned(), racing);
    }
    let resources = if kind == "Users" { &mut store.users } else { &mut store.groups };
    let unique = if kind == "Users" { "userName" } else { "displayName" };
    if resources.values().any(|known| known[unique] == body[unique]) {
        return error(409, Some("uniqueness"));
    }
    store.made += 1;
    let id = format!("{}-{}", kind.trim_end_matches('s').to_lowercase(), store.made);
    body["id"] = json!(id);
    resources.insert(id, body.clone());
    scim(201, &body)
}

fn list(store: &Store, kind: &str, query: &str) -> (StatusCode, String) {
    let filter = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "filter");
    let Some((_, filter)) = filter else { return error(400, Some("invalidFilter")) };
    let terms: Vec<(String, String)> = filter
        .split(" and ")
        .map(|term| {
            let (path, value) = term.split_once(" eq ").unwrap();
            (path.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect();
    let resources = if kind == "Users" { &store.users } else { &store.groups };
    let found: Vec<&Value> = resources
        .values()
        .filter(|resource| terms.iter().all(|(path, value)| holds(resource, path, value)))
        .collect();
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(), "startIndex": 1, "itemsPerPage": found.len(),
        "Resources": found });
    scim(200, &body)
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn holds(resource: &Value, path: &str, value: &str) -> bool {
    match path {
        "manager" => resource[ENTERPRISE]["manager"] == value,
        "members" => resource["members"]
            .as_array()
            .is_some_and(|members| members.iter().any(|member| member["value"] == value)),
        path => resource[path].as_str().is_some_and(|found| found.eq_ignore_ascii_case(value)),
    }
}

/// Applies the shapes that a client of Entra's kind sends, and no others.
fn patch(resource: &mut Value, message: &Value) {
    for operation in message["Operations"].as_array().unwrap() {
        let remove = operation["op"].as_str().unwrap().eq_ignore_ascii_case("remove");
        let value = operation["value"].clone();
        match operation["path"].as_str() {
            Some(path) if remove => take(resource, path, &value),
            Some(path) => put(resource, path, value),
            None => {
                for (path, value) in value.as_object().unwrap() {
                    put(resource, path, value.clone());
                }
            }
        }
    }
}

fn put(resource: &mut Value, path: &str, value: Value) {
    if path == "members" {
        let mut members = resource["members"].as_array().cloned().unwrap_or_default();
        members.extend(value.as_array().unwrap().iter().cloned());
        resource["members"] = Value::Array(members);
    } else if path == "manager" {
        resource[ENTERPRISE]["manager"] = value[0]["value"].clone();
    } else if path == "active" {
        resource["active"] = json!(value == json!(true) || value == json!("True"));
    } else if let Some((schema, attribute)) = path.rsplit_once(':') {
        resource[schema][attribute] = value;
    } else if let Some((attribute, rest)) = path.split_once("[type eq \"") {
        let (kind, part) = rest.split_once("\"].").unwrap();
        let mut elements = resource[attribute].as_array().cloned().unwrap_or_default();
        match elements.iter_mut().find(|element| element["type"] == kind) {
            Some(element) => element[part] = value,
            None => {
                let parts = [("type".to_owned(), json!(kind)), (part.to_owned(), value)];
                elements.push(Value::Object(Map::from_iter(parts)));
            }
        }
        resource[attribute] = Value::Array(elements);
    } else if let Some((attribute, part)) = path.split_once('.') {
        resource[attribute][part] = value;
    } else {
        resource[path] = value;
    }
}

fn take(resource: &mut Value, path: &str, value: &Value) {
    let removed: Vec<String> = if let Some(rest) = path.strip_prefix("members[value eq \"") {
        vec![rest.trim_end_matches("\"]").to_owned()]
    } else if path == "members" {
        let removed = value.as_array().unwrap().iter();
        removed.map(|member| member["value"].as_str().unwrap().to_owned()).collect()
    } else {
        if path.ends_with("manager") {
            resource[ENTERPRISE].as_object_mut().unwrap().remove("manager");
        }
        return;
    };
    let members = resource["members"].as_array_mut().unwrap();
    members.retain(|member| !removed.iter().any(|id| member["value"] == **id));
}
