//! How much memory provisioning takes, in the processes that cargo builds from this workspace.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use std::fs;

use local::build;
use local::{Options, Stack};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// What is promised of the release build, in MiB. This one is not optimized and has a larger
/// executable in memory; it took 33 when this was written, so the promise holds for it too.
const MOST: u64 = 64;
/// Requests that one process answers.
const REQUESTS: usize = 1_000;

fn options() -> Options {
    let (template, functions) = build::tested(env!("CARGO")).unwrap();
    Options { concurrency: 1, ..Options::new(template, functions) }
}

/// `VmHWM`, the most that was ever resident, in MiB. `proc(5)`.
fn most_resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kibibytes.div_ceil(1024)
}

#[tokio::test]
async fn a_scim_process_stays_below_64_mib_over_a_thousand_requests() {
    let stack = Stack::start(options()).await.unwrap();
    let (ready, client) = (stack.ready().clone(), Client::new());
    let request = |method: Method, path: &str| -> RequestBuilder {
        let request = client.request(method, format!("{}{path}", ready.scim_url));
        request.bearer_auth(&ready.scim_key).header("content-type", "application/scim+json")
    };
    let answered = async |request: RequestBuilder| -> Value {
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap()
    };

    for number in 0..REQUESTS / 4 {
        let name = format!("joiner{number}@contoso.test");
        let user = json!({ "userName": name, "displayName": "J", "title": "x".repeat(4_096) });
        let made = answered(request(Method::POST, "/Users").body(user.to_string())).await;
        let user = format!("/Users/{}", made["id"].as_str().unwrap());
        let change = json!([{ "op": "replace", "path": "active", "value": false }]);
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let change = json!({ "schemas": schemas, "Operations": change });
        answered(request(Method::PATCH, &user).body(change.to_string())).await;
        let found = format!("/Users?filter=userName+eq+%22{name}%22");
        assert_eq!(answered(request(Method::GET, &found)).await["totalResults"], 1);
        // Now and then the largest page there is: in the end 200 users of 4 KiB.
        let list = if number % 25 == 24 { "/Users?count=200" } else { &user };
        answered(request(Method::GET, list)).await;
    }

    let processes = stack.processes("ScimFunction");
    let most = processes.iter().map(|pid| most_resident(*pid)).collect::<Vec<_>>();
    assert_eq!(most.len(), 1, "one process answered everything: {most:?}");
    assert!(most.iter().all(|most| *most <= MOST), "{most:?} MiB");
    stack.stop().await;
}
