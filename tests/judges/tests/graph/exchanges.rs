//! Whatever the stories asked of the simulated Graph, and it answered, passes through Prism once more, to
//! somebody who answers exactly the same. `tests/run unit` writes it down, each shape once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use judges::functions::root;
use judges::prism::Prism;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Operations that no story asks for; [`calls`](crate::calls) makes them.
const UNASKED: [&str; 3] = [
    "DELETE /users/{user-id}",
    "GET /domains",
    "POST /directory/deletedItems/{directoryObject-id}/restore",
];

/// Prism, before somebody who answers what was recorded.
struct Replay {
    prism: Prism,
    http: reqwest::Client,
    /// The next answer, until it is asked for.
    next: Arc<Mutex<Option<Value>>>,
}

impl Replay {
    async fn start() -> Self {
        let next: Arc<Mutex<Option<Value>>> = Arc::default();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", socket.local_addr().unwrap());
        let taken = Arc::clone(&next);
        let router = Router::new()
            .fallback(async move || response(&taken.lock().unwrap().take().expect("one request")));
        tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        let prism = Prism::before(&upstream, "graph.yaml");
        Self { prism, http: reqwest::Client::new(), next }
    }

    /// What Prism has against an exchange.
    async fn hear(&self, exchange: &Value) -> Option<String> {
        let request = &exchange["request"];
        let told = match &exchange["response"] {
            // Nothing was answered, or nothing that Graph would answer: the request alone is judged.
            Value::Null => later(),
            // Prism answers by itself where it is told 501; the contract says the same of 500.
            told if told["status"] == 501 => {
                let mut told = told.clone();
                told["status"] = json!(500);
                told
            }
            told => told.clone(),
        };
        *self.next.lock().unwrap() = Some(told.clone());
        let method = text(request, "method").parse::<reqwest::Method>().unwrap();
        let url = format!("{}{}", self.prism.url, text(request, "url"));
        let mut sent = self.http.request(method, url).bearer_auth("token");
        for (name, value) in request["headers"].as_object().unwrap() {
            sent = sent.header(name, value.as_str().unwrap());
        }
        if let Some(body) = request.get("body") {
            sent = sent.body(body.to_string());
        }
        let answer = sent.send().await.unwrap();
        let status = answer.status().as_u16();
        let warned = answer.headers().contains_key("sl-violations");
        let body = answer.text().await.unwrap();
        if self.next.lock().unwrap().take().is_some() {
            return Some(format!("the request is refused: {body}"));
        }
        let read: Value = serde_json::from_str(&body).unwrap_or_default();
        let same = told["status"] == status && told["body"] == read;
        (!same || warned).then(|| format!("the answer is refused: {body}"))
    }
}

/// What Graph may answer whatever it is asked.
fn later() -> Value {
    let error = json!({ "code": "ServiceNotAvailable", "message": "Later." });
    let headers = json!({ "content-type": "application/json" });
    json!({ "status": 503, "headers": headers, "body": { "error": error } })
}

fn response(told: &Value) -> Response {
    let status = u16::try_from(told["status"].as_u64().unwrap()).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in told["headers"].as_object().unwrap() {
        response = response.header(name, value.as_str().unwrap());
    }
    let body = told.get("body").map(|body| Body::from(body.to_string()));
    response.body(body.unwrap_or_default()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// The exchanges of a folder, by their files.
fn recorded(folder: &Path) -> BTreeMap<String, Value> {
    // Built from the same client, the same simulated Graph and the same functions.
    let built = fs::metadata(std::env::current_exe().unwrap()).unwrap().modified().unwrap();
    let mut exchanges = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".json") {
            let of_now = entry.metadata().unwrap().modified().unwrap() > built;
            assert!(of_now, "what is recorded is older than what was built: tests/run unit");
            let exchange = serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
            exchanges.insert(name, exchange);
        }
    }
    assert!(!exchanges.is_empty(), "nothing is recorded: tests/run unit does that");
    exchanges
}

fn recorded_by_the_stories() -> BTreeMap<String, Value> {
    recorded(&root().join(".tools/logs/exchanges"))
}

/// Every operation of the contract, as `GET /users/{user-id}`.
fn operations() -> BTreeSet<String> {
    let contract = root().join("tests/judges/contracts/graph.yaml");
    let contract: Value = serde_yaml_ng::from_slice(&fs::read(contract).unwrap()).unwrap();
    let paths = contract["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

/// Which of the operations a request asks for: of two that fit, the one that says more.
fn operation<'a>(operations: &'a BTreeSet<String>, request: &Value) -> Option<&'a String> {
    let path = text(request, "url").split('?').next().unwrap();
    let asked = format!("{} {path}", text(request, "method"));
    let fits = |operation: &&String| {
        let mut parts = operation.split('/').zip(asked.split('/'));
        operation.split('/').count() == asked.split('/').count()
            && parts.all(|(wanted, part)| wanted == part || wanted.starts_with('{'))
    };
    operations.iter().filter(fits).min_by_key(|operation| operation.matches('{').count())
}

#[tokio::test]
async fn what_the_stories_ask_of_the_simulated_graph_and_are_told_keeps_to_the_contract() {
    let exchanges = recorded_by_the_stories();
    let replay = Replay::start().await;
    let operations = operations();
    let (mut refused, mut done) = (Vec::new(), BTreeSet::new());

    for (name, exchange) in &exchanges {
        let (request, status) = (&exchange["request"], &exchange["response"]["status"]);
        if let Some(why) = replay.hear(exchange).await {
            let (method, url) = (text(request, "method"), text(request, "url"));
            refused.push(format!("{method} {url}, {status}, in {name}: {why}"));
        }
        if status.as_u64().is_some_and(|status| (200..300).contains(&status)) {
            done.extend(operation(&operations, request));
        }
    }

    assert!(
        refused.is_empty(),
        "{} of {}:\n{}",
        refused.len(),
        exchanges.len(),
        refused.join("\n")
    );
    let missing: Vec<_> = operations.iter().filter(|operation| !done.contains(operation)).collect();
    assert_eq!(missing, UNASKED, "what no story was ever told to have worked");
}

#[tokio::test]
async fn prism_sees_whatever_a_recording_is_changed_to() {
    let exchanges = recorded_by_the_stories();
    let made = exchanges.values().find(|exchange| {
        let request = &exchange["request"];
        (text(request, "method"), text(request, "url")) == ("POST", "/users")
            && exchange["response"]["status"] == 201
    });
    let made = made.expect("a story makes a user");
    let of_the_request: [fn(&mut Value); 3] = [
        |it| drop(it["request"]["body"].as_object_mut().unwrap().remove("mailNickname")),
        |it| it["request"]["body"]["shoeSize"] = json!(42),
        |it| it["request"]["url"] = json!("/people"),
    ];
    let of_the_answer: [fn(&mut Value); 3] = [
        |it| it["response"]["status"] = json!(200),
        |it| it["response"]["body"]["displayName"] = json!(42),
        |it| it["response"]["body"]["shoeSize"] = json!("42"),
    ];
    let replay = Replay::start().await;

    assert_eq!(replay.hear(made).await, None);
    for (side, changes) in [("request", of_the_request), ("answer", of_the_answer)] {
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = made.clone();
            change(&mut changed);
            let why = replay.hear(&changed).await.unwrap_or_default();
            assert!(why.starts_with(&format!("the {side} is refused")), "{side} {number}: {why}");
        }
    }
    assert_eq!(replay.hear(made).await, None);
}

#[test]
#[should_panic(expected = "nothing is recorded")]
fn nothing_recorded_is_no_proof() {
    recorded(tempfile::tempdir().unwrap().path());
}
