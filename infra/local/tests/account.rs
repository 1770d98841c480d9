//! The stack as its users meet it: real function processes behind real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use local::invoke::Outcome;
use local::services::Timing;
use local::{Data, Options, Seed, Stack, StartError};
use reqwest::{Client, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// `target/debug/examples`, beside the folder of this test; `--test account` alone does not build it.
fn functions() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples")
}

fn options() -> Options {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/template.yaml");
    Options { seed: Seed::Empty, ..Options::new(template, functions()) }
}

async fn stack() -> Stack {
    Stack::start(options()).await.unwrap()
}

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

async fn get(stack: &Stack, path: &str) -> (StatusCode, String) {
    let response = client().get(format!("{}{path}", stack.ready().base_url)).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn invoked(stack: &Stack, function: &str, event: Value) -> Result<Value, Value> {
    match stack.invoke(function, event).await {
        Outcome::Answered(bytes) => Ok(serde_json::from_slice(&bytes).unwrap()),
        Outcome::Failed(bytes) => Err(serde_json::from_slice(&bytes).unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn pid(stack: &Stack) -> u64 {
    invoked(stack, "ProbeFunction", json!({"do": "pid"})).await.unwrap()["pid"].as_u64().unwrap()
}

fn is_running(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[tokio::test]
async fn a_request_reaches_the_function_as_payload_2_0() {
    let stack = stack().await;
    let url = format!("{}/some%20where?a=1&b=%2f+x&a=2", stack.ready().base_url);

    let request = client().post(url).header("cookie", "x=1; y=2").header("x-a", "1");
    let response = request.header("x-a", "2").body(vec![0_u8, 255]).send().await.unwrap();

    let event: Value = response.json().await.unwrap();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "$default");
    assert_eq!(event["rawPath"], "/some where");
    assert_eq!(event["rawQueryString"], "a=1&b=%2f+x&a=2");
    assert_eq!(event["cookies"], json!(["x=1", "y=2"]));
    assert_eq!(event["headers"]["x-a"], "1,2");
    assert_eq!(event["headers"]["cookie"], Value::Null);
    assert_eq!((event["body"].as_str(), &event["isBase64Encoded"]), (Some("AP8="), &json!(true)));
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    stack.stop().await;
}

#[tokio::test]
async fn cookies_redirects_and_bytes_come_back() {
    let stack = stack().await;
    let base = &stack.ready().base_url;

    let redirected = client().get(format!("{base}/cookies")).send().await.unwrap();
    let picture = client().get(format!("{base}/bytes")).send().await.unwrap();

    assert_eq!(redirected.status(), 302);
    assert_eq!(redirected.headers()["location"], "/there");
    assert_eq!(redirected.headers()["x-number"], "7");
    let cookies: Vec<_> = redirected.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2"]);
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.bytes().await.unwrap().as_ref(), [0, 255, 16]);
    stack.stop().await;
}

#[tokio::test]
async fn lambda_http_understands_what_the_gateway_sends() {
    let stack = stack().await;
    let url = format!("{}/http/a/b?q=%2B%2f&e", stack.ready().base_url);

    let request = client().put(url).header("cookie", "x=1").header("cookie", "y=2");
    let response = request.form(&[("name", "Ada & Co")]).send().await.unwrap();

    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    let seen: Value = response.json().await.unwrap();
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["path"], "/http/a/b");
    assert_eq!(seen["query"], "q=%2B%2f&e");
    assert_eq!(seen["cookie"], "x=1; y=2");
    let body: Vec<u8> = serde_json::from_value(seen["body"].clone()).unwrap();
    assert_eq!(body, b"name=Ada+%26+Co");
    assert!(seen["uri"].as_str().unwrap().starts_with("http://localhost:"));
    stack.stop().await;
}

#[tokio::test]
async fn the_real_limits_are_kept() {
    let stack = stack().await;
    let base = stack.ready().base_url.clone();
    let post = |length: usize| {
        let request =
            client().post(format!("{base}/patient/echo")).header("content-type", "text/plain");
        request.body("x".repeat(length)).send()
    };
    let head = |length: usize| {
        client().get(format!("{base}/echo")).header("x-long", "x".repeat(length)).send()
    };

    assert_eq!(head(9_000).await.unwrap().status(), 200);
    assert_eq!(head(10_240).await.unwrap().status(), 431);
    let query = format!("GET /echo?{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "q".repeat(1_000_000));
    let status = status_of(&base, &query).await;
    assert!(["414", "431"].contains(&status.as_str()), "{status}");
    // The echoed answer holds the body again, and the event around it.
    assert_eq!(post(5 * 1024 * 1024).await.unwrap().status(), 200);
    assert_eq!(post(6 * 1024 * 1024).await.unwrap().status(), 413);
    assert_eq!(post(11 * 1024 * 1024).await.unwrap().status(), 413);
    assert_eq!(get(&stack, "/patient/large").await.0, 502);
    stack.stop().await;
}

/// Sends bytes that no well-behaved client would, and reads the status.
async fn status_of(base_url: &str, request: &str) -> String {
    let address = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The gateway may refuse before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    String::from_utf8_lossy(&start[9..]).into_owned()
}

#[tokio::test]
async fn a_failure_of_any_kind_is_answered_and_the_next_request_works() {
    let stack = stack().await;
    let cases = [
        ("/fail", 502, r#"{"message":"Internal Server Error"}"#),
        ("/exit", 502, r#"{"message":"Internal Server Error"}"#),
        ("/hang", 502, r#"{"message":"Internal Server Error"}"#),
        ("/patient/greedy", 502, r#"{"message":"Internal Server Error"}"#),
        ("/malformed", 500, r#"{"message":"Internal Server Error"}"#),
        ("/slow/impatient", 503, r#"{"message":"Service Unavailable"}"#),
    ];
    for (path, status, body) in cases {
        let answer = get(&stack, path).await;

        assert_eq!((answer.0.as_u16(), answer.1.as_str()), (status, body), "{path}");
        assert_eq!(get(&stack, "/pid").await.0, 200, "after {path}");
    }
    let words: Vec<String> = stack.log().into_iter().map(|line| line.text).collect();
    let said = |text: &str| assert!(words.iter().any(|word| word.contains(text)), "{words:?}");
    said("Runtime exited with error: exit status 3");
    said("Task timed out after 2.00 seconds");
    said("MemorySize is 256 MB");
    stack.stop().await;
}

#[tokio::test]
async fn a_process_is_kept_warm_and_replaced_when_it_is_gone() {
    let stack = stack().await;

    let first = pid(&stack).await;
    assert_eq!(pid(&stack).await, first);
    assert_eq!(stack.kill("ProbeFunction").await, 1);
    let second = pid(&stack).await;

    assert_ne!(first, second);
    assert!(!is_running(first));
    let gone = invoked(&stack, "ProbeFunction", json!({"do": "exit"})).await.unwrap_err();
    assert_eq!(gone["errorType"], "Runtime.ExitError");
    assert_ne!(pid(&stack).await, second);
    stack.stop().await;
}

#[tokio::test]
async fn each_concurrent_invocation_has_a_process_up_to_the_limit() {
    let stack = Stack::start(Options { concurrency: 2, ..options() }).await.unwrap();
    let slow = || invoked(&stack, "ProbeFunction", json!({"do": "slow"}));

    let answers = tokio::join!(slow(), slow(), slow(), slow(), slow());

    let answers = [answers.0, answers.1, answers.2, answers.3, answers.4];
    let pids: BTreeSet<u64> =
        answers.into_iter().map(|answer| answer.unwrap()["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids.len(), 2);
    assert_eq!(stack.processes("ProbeFunction").len(), 2);
    stack.stop().await;
}

#[tokio::test]
async fn requests_wait_for_a_process_and_the_line_has_an_end() {
    let stack = Stack::start(Options { concurrency: 1, ..options() }).await.unwrap();
    let url = format!("{}/hang", stack.ready().base_url);
    let client = client();
    let mut requests = JoinSet::new();
    for _ in 0..300 {
        requests.spawn(client.get(&url).send());
    }

    let first = requests.join_next().await.unwrap().unwrap().unwrap();

    assert_eq!(first.status(), 503);
    assert_eq!(first.text().await.unwrap(), r#"{"message":"Service Unavailable"}"#);
    assert_eq!(stack.processes("ProbeFunction").len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    let stack = stack().await;

    let dying = invoked(&stack, "DyingFunction", json!({})).await.unwrap_err();
    let absent = invoked(&stack, "AbsentFunction", json!({})).await.unwrap_err();
    let unknown = invoked(&stack, "Nobody", json!({})).await.unwrap_err();

    assert_eq!(dying["errorType"], "Runtime.ExitError");
    assert_eq!(absent["errorType"], "Runtime.InvalidEntrypoint");
    assert_eq!(unknown["errorType"], "ResourceNotFoundException");
    stack.stop().await;
}

#[tokio::test]
async fn a_function_sees_its_own_environment_and_no_other() {
    let own = BTreeMap::from([("RUST_LOG".to_owned(), "info".to_owned())]);
    let stack = Stack::start(Options { variables: own, ..options() }).await.unwrap();

    let seen = invoked(&stack, "ProbeFunction", json!({"do": "variables"})).await.unwrap();
    let context = invoked(&stack, "ProbeFunction", json!({"do": "context"})).await.unwrap();

    let (seen, ready) = (&seen["variables"], stack.ready());
    assert_eq!(seen["TABLE"], ready.table.as_str());
    assert_eq!(seen["URL"], ready.base_url.as_str());
    assert_eq!(seen["AWS_ENDPOINT_URL_DYNAMODB"], ready.dynamodb_endpoint.as_str());
    assert_eq!(seen["AWS_ENDPOINT_URL_SESV2"], ready.ses_endpoint.as_str());
    assert_eq!(seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(seen["RUST_LOG"], "info");
    assert_eq!(seen["HOME"], Value::Null);
    assert_eq!(seen["CARGO_MANIFEST_DIR"], Value::Null);
    assert!(context["arn"].as_str().unwrap().ends_with(":function:ProbeFunction"));
    assert!(context["trace"].as_str().unwrap().starts_with("Root=1-"));
    stack.stop().await;
}

#[tokio::test]
async fn functions_are_invoked_by_lambda_s_own_api() {
    let timing = Timing { first_retry: Duration::from_millis(10), ..Timing::default() };
    let stack = Stack::start(Options { timing, ..options() }).await.unwrap();
    let invocations = |name: &str| {
        format!("{}/2015-03-31/functions/{name}/invocations", stack.ready().lambda_endpoint)
    };
    let post = |name: &str, kind: &'static str, body: &'static str| {
        client().post(invocations(name)).header("x-amz-invocation-type", kind).body(body).send()
    };

    let answered = post("ProbeFunction", "RequestResponse", r#"{"do":"pid"}"#).await.unwrap();
    assert_eq!(
        (answered.status().as_u16(), answered.headers().get("x-amz-function-error")),
        (200, None)
    );
    let failed = post("ProbeFunction", "RequestResponse", r#"{"do":"fail"}"#).await.unwrap();
    assert_eq!(failed.headers()["x-amz-function-error"], "Unhandled");
    assert!(failed.text().await.unwrap().contains("it failed on purpose"));
    assert_eq!(post("Nobody", "RequestResponse", "{}").await.unwrap().status(), 404);
    assert_eq!(post("ProbeFunction", "RequestResponse", "{").await.unwrap().status(), 400);
    assert_eq!(post("FailingFunction", "Event", r#"{"do":"fail"}"#).await.unwrap().status(), 202);
    let record = failure_record(&stack).await;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(record["requestPayload"], json!({"do": "fail"}));
    stack.stop().await;
}

#[tokio::test]
async fn a_schedule_fires_when_told_and_its_failures_are_kept() {
    let timing = Timing { first_retry: Duration::from_millis(10), ..Timing::default() };
    let stack = Stack::start(Options { timing, ..options() }).await.unwrap();
    let base = stack.ready().base_url.clone();
    let run = |name: &str| client().post(format!("{base}/_local/schedules/{name}/run")).send();

    assert_eq!(get(&stack, "/_local/schedules").await.1, r#"["Nightly"]"#);
    assert_eq!(run("Nobody").await.unwrap().status(), 404);
    assert_eq!(run("Nightly").await.unwrap().status(), 204);

    assert_eq!(failure_record(&stack).await["requestPayload"], json!({"do": "fail"}));
    stack.stop().await;
}

/// The message that arrives in the failure queue, by the real protocol.
async fn failure_record(stack: &Stack) -> Value {
    let queue = format!("{}/123456789012/passerelle-Failed", stack.ready().sqs_endpoint);
    let request = json!({ "QueueUrl": queue, "WaitTimeSeconds": 20 });
    let response = client()
        .post(&stack.ready().sqs_endpoint)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "AmazonSQS.ReceiveMessage")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local")
        .body(request.to_string());
    let answer: Value = response.send().await.unwrap().json().await.unwrap();
    let body = answer["Messages"][0]["Body"].as_str().unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn the_controls_refuse_pages_of_other_sites() {
    let stack = stack().await;
    let url = format!("{}/_local/ready", stack.ready().base_url);
    let with =
        |name: &'static str, value: &'static str| client().get(&url).header(name, value).send();

    let ready: local::Ready = client().get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(&ready, stack.ready());
    assert_eq!(with("origin", "http://evil.test").await.unwrap().status(), 403);
    assert_eq!(with("host", "evil.test").await.unwrap().status(), 403);
    stack.stop().await;
}

#[tokio::test]
async fn the_invoke_api_refuses_pages_of_other_sites() {
    let stack = stack().await;
    let endpoint = &stack.ready().lambda_endpoint;
    let url = format!("{endpoint}/2015-03-31/functions/ProbeFunction/invocations");
    let invoke = |name: &'static str, value: &str| {
        client().post(&url).header(name, value).body(r#"{"do":"pid"}"#).send()
    };

    for (name, value) in [("origin", "http://evil.test"), ("origin", "null"), ("host", "evil.test")]
    {
        assert_eq!(invoke(name, value).await.unwrap().status(), 403, "{name}: {value}");
    }
    assert!(stack.processes("ProbeFunction").is_empty(), "nothing was invoked");
    assert_eq!(invoke("origin", endpoint).await.unwrap().status(), 200);
    let local = endpoint.replace("http://127.0.0.1", "localhost");
    assert_eq!(invoke("host", &local).await.unwrap().status(), 200);
    stack.stop().await;
}

#[tokio::test]
async fn nothing_is_left_running_after_the_end() {
    let stack = stack().await;
    let process = pid(&stack).await;
    stack.stop().await;
    assert!(!is_running(process));

    let dropped = Stack::start(options()).await.unwrap();
    let process = pid(&dropped).await;
    drop(dropped);
    assert!(!is_running(process));
}

#[tokio::test]
async fn a_start_may_be_given_up() {
    let given_up = tokio::time::timeout(Duration::from_millis(1), Stack::start(options())).await;

    assert!(given_up.is_err());
    stack().await.stop().await;
}

#[tokio::test]
async fn a_taken_port_and_a_used_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Options { data: Data::Keep(folder.path().to_owned()), ..options() };
    let stack = Stack::start(kept.clone()).await.unwrap();
    let port = stack.ready().base_url.rsplit(':').next().unwrap().parse().unwrap();

    let taken = Stack::start(Options { port, ..options() }).await.err().unwrap();
    let used = Stack::start(kept).await.err().unwrap();

    assert!(matches!(taken, StartError::PortTaken(named) if named == port), "{taken}");
    assert!(matches!(used, StartError::Data(_)), "{used}");
    stack.stop().await;
}

#[tokio::test]
async fn what_functions_write_is_one_stream() {
    let stack = stack().await;

    invoked(&stack, "ProbeFunction", json!({"do": "log"})).await.unwrap();
    // The pipe is read by a task of its own: the process's end is the end of the pipe.
    stack.kill("ProbeFunction").await;

    let wanted = ["a line on standard output", "a line on standard error"];
    let all = async {
        loop {
            let log = stack.log();
            let has = |text: &str| {
                log.iter().any(|line| line.text == text && line.function == "ProbeFunction")
            };
            if wanted.into_iter().all(has) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("the lines arrive");
    stack.stop().await;
}
