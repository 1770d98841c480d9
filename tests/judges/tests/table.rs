//! Python's csv module judges the table of a preflight, RFC 4180 §2, whatever people are called.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use judges::program::judge_file;
use scenarios::World;
use serde_json::Value;

/// Reads a table strictly, and answers its rows.
const PROGRAM: &str = "import csv, io, json, sys\n\
    text = sys.stdin.buffer.read().decode('utf-8-sig')\n\
    rows = list(csv.reader(io.StringIO(text, newline=''), strict=True))\n\
    print(json.dumps(rows))";

fn judge(table: &str) -> Option<Vec<Vec<String>>> {
    let mut python = Command::new(judge_file("bin/python"));
    let python = python.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn whatever_people_are_called_python_reads_the_table_as_the_lines_of_json() {
    let names = [
        "Ada \"the first\" Lovelace",
        "a, b; c",
        "two\r\nlines",
        "Eve;=HYPERLINK(\"https://x.test\")",
        "Eve\n=1",
        "=1+1",
        "@SUM(A1)",
        "Žofie Ö 李",
        "\"",
        "",
    ];
    let world = World::start().await;
    let mut olga = world.connector().await;
    for (number, name) in names.iter().enumerate() {
        world
            .user_with(&format!("user-{number}"), |user| {
                user.display_name = (*name).to_owned();
                user.personal_email = None;
            })
            .await;
    }
    olga.look().await;
    let found = world.store.preflight(world.organization, world.now()).await.unwrap().unwrap();
    let look = found.value.written(world.now()).expect("files").id;
    let mut files = Vec::new();
    for name in ["users.csv", "users.jsonl"] {
        let path = format!("{}/preflight/{look}/file/{name}", world.connection_path());
        let link = olga.person.browser.get(&path).await.location().unwrap();
        files.push(world.browser().get(&link).await.text);
    }

    let rows = judge(&files[0]).expect("a table");

    let lines = files[1].lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let expected = lines.map(|line| {
        let guarded = text(&line, "displayName");
        let guarded = match &*guarded {
            "=1+1" | "@SUM(A1)" => format!("'{guarded}"),
            other => other.replace(";=", ";'=").replace(['\r', '\n'], " "),
        };
        let name = text(&line, "userName");
        let mut row = vec![text(&line, "obstacle"), name, guarded];
        row.extend(["userId", "objectId", "heldBy", "heldById"].map(|name| text(&line, name)));
        row
    });
    let head = "obstacle,user_name,display_name,user_id,object_id,held_by,held_by_id";
    assert_eq!(rows[0], head.split(',').collect::<Vec<_>>());
    assert_eq!(rows[1..], expected.collect::<Vec<_>>());
    assert_eq!(rows.iter().filter(|row| row[0] == "no-claim").count(), names.len());
    assert_eq!(judge("a,\"b"), None, "it can say no");
}
