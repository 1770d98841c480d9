//! What Graph is told to do wrong, throttling, and batches.

use entra_sim::{Fault, GraphFault, GraphSettings};
use serde_json::{Value, json};

use crate::lab::{ADA, GRACE, Lab};

#[tokio::test]
async fn each_fault_looks_like_what_it_stands_for() {
    let lab = Lab::start();
    let cases = [
        (Fault::Throttled { retry_after: Some(7) }, 429, "TooManyRequests"),
        (Fault::Status(503), 503, "ServiceNotAvailable"),
        (Fault::Reset, 410, "resyncRequired"),
        (Fault::Expired, 400, "syncStateNotFound"),
        (Fault::ConsentLost, 403, "Authorization_RequestDenied"),
        (Fault::Unauthorized, 401, "InvalidAuthenticationToken"),
        (Fault::Lost, 504, "GatewayTimeout"),
    ];

    for (fault, status, code) in cases {
        lab.simulator.inject(GraphFault::next(fault.clone()).at("/users"));
        let answer = lab.get("/users/delta").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{fault:?}");
        match fault {
            Fault::Throttled { .. } => assert_eq!(answer.response_headers["retry-after"], "7"),
            Fault::Reset => {
                let beginning = answer.response_headers["location"].to_str().unwrap().to_owned();
                assert_eq!(lab.get(&beginning).await.status, 200);
            }
            _ => {}
        }
    }
    for fault in [Fault::Garbage, Fault::Torn] {
        lab.simulator.inject(GraphFault::next(fault));
        let answer = lab.get("/users").await;
        assert_eq!((answer.status.as_u16(), answer.body), (200, Value::Null));
    }
    lab.simulator.inject(GraphFault::next(Fault::Empty));
    assert_eq!(lab.get("/users").await.ids(), Vec::<&str>::new());
    assert_eq!(lab.get("/users").await.ids().len(), 3, "nothing is left over");
}

#[tokio::test]
async fn a_lost_answer_is_to_something_that_was_done() {
    let lab = Lab::start();
    lab.simulator.inject(GraphFault::next(Fault::Lost).when("PATCH"));
    let path = format!("/users/{ADA}");

    let answer = lab.patch(&path, json!({ "displayName": "Other" })).await;

    assert_eq!(answer.status, 504);
    assert_eq!(lab.get(&path).await.body["displayName"], "Other");
}

#[tokio::test]
async fn units_run_out() {
    let lab = Lab::start();
    lab.simulator.set_graph(GraphSettings { units: Some(3), ..GraphSettings::default() });

    let mut throttled = 0;
    for _ in 0..10 {
        let answer = lab.get("/users").await;
        if answer.status == 429 {
            throttled += 1;
            let seconds: u64 =
                answer.response_headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=10).contains(&seconds));
        }
    }

    assert!(throttled >= 7, "{throttled}");
}

#[tokio::test]
async fn a_batch_answers_each_part_for_itself() {
    let lab = Lab::start();
    lab.simulator.inject(
        GraphFault::next(Fault::Throttled { retry_after: Some(3) }).at(&format!("/users/{GRACE}")),
    );
    let typed = json!({ "Content-Type": "application/json" });
    let body = json!({ "accountEnabled": false });
    let batch = json!({ "requests": [
        { "id": "a", "method": "PATCH", "url": format!("/users/{ADA}"), "headers": typed, "body": body },
        { "id": "b", "method": "PATCH", "url": format!("/users/{ADA}"), "body": body },
        { "id": "c", "method": "GET", "url": format!("/users/{GRACE}?$select=id") },
        { "id": "d", "method": "GET", "url": "/users/nobody" },
        { "id": "e", "method": "GET", "url": "https://graph.microsoft.com/v1.0/users" },
    ] });

    let answer = lab.post("/$batch", batch).await;

    assert_eq!(answer.status, 200);
    let parts = answer.body["responses"].as_array().unwrap();
    let status = |id: &str| {
        let part = parts.iter().find(|part| part["id"] == id).unwrap();
        (part["status"].as_u64().unwrap(), part["headers"]["Retry-After"].clone())
    };
    assert_eq!(status("a"), (204, Value::Null));
    assert_eq!(status("b"), (400, Value::Null), "a body needs a type");
    assert_eq!(status("c"), (429, json!("3")));
    assert_eq!(status("d"), (404, Value::Null));
    assert_eq!(status("e"), (400, Value::Null));
    let too_many: Vec<_> = (0..21)
        .map(|id| json!({ "id": id.to_string(), "method": "GET", "url": "/users" }))
        .collect();
    assert_eq!(lab.post("/$batch", json!({ "requests": too_many })).await.status, 400);
    let batched: Vec<_> =
        lab.simulator.graph_calls().into_iter().filter(|call| call.batched).collect();
    assert_eq!(batched.len(), 3, "the others are no calls");
}

#[tokio::test]
async fn calls_are_written_down_and_control_is_there_by_http_too() {
    let lab = Lab::start();
    let control = |path: &str| format!("{}/_sim/graph{path}", lab.simulator.url());
    let http = reqwest::Client::new();
    let faults =
        json!([{ "fault": { "throttled": { "retry_after": 1 } }, "path": "/users", "times": 1 }]);
    let put = |url: String, body: Value| http.put(url).json(&body).send();

    assert_eq!(put(control("/faults"), faults).await.unwrap().status(), 204);
    assert_eq!(put(control(""), json!({ "page_size": 2 })).await.unwrap().status(), 200);
    assert!(!put(control(""), json!({ "pagesize": 2 })).await.unwrap().status().is_success());
    assert_eq!(lab.get("/users").await.status, 429);
    assert_eq!(lab.get("/users?$select=id").await.ids().len(), 2);

    let state: Value = http.get(control("")).send().await.unwrap().json().await.unwrap();
    assert_eq!(state["calls"][0]["status"], 429);
    assert_eq!(state["calls"][1]["select"], "id");
    let wanted = http.post(control("/token")).json(&json!({ "roles": ["User.Read.All"] }));
    let token: Value = wanted.send().await.unwrap().json().await.unwrap();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    assert_eq!(lab.with_token(&bearer).await.status, 200);
}
