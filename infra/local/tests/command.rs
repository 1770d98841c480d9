//! The command as a person runs it: one program, exit codes, what survives.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod port;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

fn command(data: &Path, arguments: &[&str]) -> Command {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/template.yaml");
    let test = std::env::current_exe().unwrap();
    let functions: PathBuf = test.parent().unwrap().parent().unwrap().join("examples");
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.arg("--template").arg(template).arg("--functions").arg(functions);
    command.arg("--data").arg(data).arg("--empty").arg("--json").args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A stack in a process of its own, killed at the end of the test whatever happens.
struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(data: &Path, port: u16) -> Self {
        let mut child = command(data, &["--port", &port.to_string()]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut said = String::new();
            child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
            panic!("not ready: {said}")
        });
        Self { child, ready }
    }

    fn invoke(&self, port: u16, event: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        command.args(["invoke", "ProbeFunction", event, "--port", &port.to_string()]);
        command.output().unwrap()
    }

    async fn dynamodb(&self, operation: &str, request: Value) -> Value {
        let response = reqwest::Client::new()
            .post(self.ready["dynamodb_endpoint"].as_str().unwrap())
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", AUTHORIZATION)
            .header("x-amz-date", "20261121T000000Z")
            .body(request.to_string());
        response.send().await.unwrap().json().await.unwrap()
    }
}

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20261121/eu-central-1/dynamodb/\
                             aws4_request, SignedHeaders=host, Signature=0";

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

fn is_running(process: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[tokio::test]
async fn state_survives_a_kill_and_functions_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let port = port::free();
    let table = "passerelle-Table";
    let first = Running::start(folder.path(), port);
    let item = json!({ "TableName": table, "Item": {"pk": {"S": "kept"}} });
    assert_eq!(first.dynamodb("PutItem", item).await, json!({}));
    let answer = first.invoke(port, r#"{"do":"pid"}"#);
    let process = serde_json::from_slice::<Value>(&answer.stdout).unwrap()["pid"].as_u64().unwrap();
    assert!(is_running(process));

    drop(first);
    let second = Running::start(folder.path(), port);

    let key = json!({ "TableName": table, "Key": {"pk": {"S": "kept"}} });
    assert_eq!(second.dynamodb("GetItem", key).await["Item"], json!({"pk": {"S": "kept"}}));
    let gone = async {
        while is_running(process) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("it is gone");
}

#[test]
fn a_signal_ends_it_cleanly_with_its_functions() {
    for name in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let port = port::free();
        let mut running = Running::start(folder.path(), port);
        let answer = running.invoke(port, r#"{"do":"pid"}"#);
        let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();

        signal(name, running.child.id());

        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{name}");
        assert!(!is_running(answer["pid"].as_u64().unwrap()), "{name}");
        let mut more = String::new();
        running.child.stdout.as_mut().unwrap().read_to_string(&mut more).unwrap();
        assert_eq!(more, "", "one line and no more");
    }
}

#[test]
fn each_obstacle_is_one_line_and_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let port = port::free();
    let running = Running::start(folder.path(), port);
    let other = tempfile::tempdir().unwrap();
    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(damaged.path().join("table.sqlite"), [7; 9000]).unwrap();
    // Only a folder that a stack made is used at all.
    std::fs::write(damaged.path().join("stack.lock"), "").unwrap();
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("services/kms")).unwrap();
    std::fs::write(state.path().join("services/kms/keys.json"), "{").unwrap();
    std::fs::write(state.path().join("stack.lock"), "").unwrap();
    let (used, free) = (port.to_string(), port::free().to_string());
    let cases: [(&Path, &[&str], i32, &str); 8] = [
        (other.path(), &["--port", &used], 3, "is taken"),
        (folder.path(), &["--port", &free], 4, "in use by another local stack"),
        (damaged.path(), &["--port", &free], 4, "table.sqlite is damaged"),
        (state.path(), &["--port", &free], 4, "keys.json is damaged"),
        (
            other.path(),
            &["--port", &free, "--parameter", "Nothing=1"],
            7,
            "declares no such parameter",
        ),
        (other.path(), &["--port", &free, "--template", "/nowhere"], 7, "cannot be read"),
        (other.path(), &["--nonsense"], 2, "`--nonsense` is not known"),
        (other.path(), &["--port", "x"], 2, "`x` is no port"),
    ];
    for (data, arguments, code, text) in cases {
        let output = command(data, arguments).output().unwrap();

        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(text) && said.lines().count() == 1, "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    let failed = running.invoke(port, r#"{"do":"fail"}"#);
    assert_eq!(failed.status.code(), Some(8));
    assert!(String::from_utf8(failed.stderr).unwrap().contains("it failed on purpose"));
}

#[test]
fn a_missing_cargo_is_named() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/template.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.arg("--template").arg(template).env("CARGO", "/nowhere/cargo");

    let output = command.output().unwrap();

    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("local: cargo is missing"));
}
