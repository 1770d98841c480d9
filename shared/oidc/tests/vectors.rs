//! Every case of `tests/vectors/oidc`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use oidc::{Cloud, Expected, KeySet, Person, Rejected, UnverifiedIdToken};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/oidc")
}

fn read(file: &Path) -> Value {
    let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn judge(token: &str, expected: &Value) -> Result<Person, Rejected> {
    let text = |name: &str| expected[name].as_str().unwrap();
    let keys = KeySet::parse(expected["keys"].to_string().as_bytes()).unwrap();
    let cloud = Cloud::new(text("authority"), "https://graph.microsoft.com").unwrap();
    let wanted = Expected {
        client_id: text("client_id"),
        nonce: text("nonce"),
        tenant: Some(text("tenant").parse().unwrap()),
    };
    let now = Timestamp::from_second(expected["now"].as_i64().unwrap()).unwrap();
    UnverifiedIdToken::parse(token)?.verify(&keys, &cloud)?.accept(&wanted, now)
}

fn shown(judged: Result<Person, Rejected>) -> Value {
    match judged {
        Err(rejected) => json!({ "rejected": format!("{rejected:?}") }),
        Ok(person) => json!({ "person": {
            "tenant": person.tenant.to_string(),
            "object_id": person.object_id.to_string(),
            "user_name": person.user_name,
            "may_consent": person.may_consent(),
        } }),
    }
}

#[test]
fn every_id_token_is_judged_as_its_file_says() {
    let expected = read(&folder().join("expected.json"));
    let mut count = 0;
    for entry in fs::read_dir(folder().join("id-token")).unwrap() {
        let file = entry.unwrap().path();
        let mut case = read(&file);
        let about = case["about"].take();
        let token = case["token"].take();

        let judged = shown(judge(token.as_str().unwrap(), &expected));

        let outcome = case.as_object().unwrap();
        let outcome = outcome.iter().find(|(_, value)| !value.is_null()).unwrap();
        let (found, _) = judged.as_object().unwrap().iter().next().unwrap();
        assert_eq!((found, &judged[found]), outcome, "{}: {about}", file.display());
        count += 1;
    }
    assert!(count >= 30, "only {count} cases were found");
}
