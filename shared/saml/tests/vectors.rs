//! Every message in `tests/vectors/saml`, one file a case.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::request::{self, Message, Received, Skew};
use serde_json::{Value, json};

/// How many cases each source has at the least, so that a lost folder is seen.
const SOURCES: [(&str, usize); 4] =
    [("entra", 14), ("oasis", 2), ("refused", 100), ("tolerated", 20)];

#[test]
fn every_vector_is_answered_as_it_says() {
    for (source, least) in SOURCES {
        let cases = cases(source);
        assert!(cases.len() >= least, "{source}: {} cases, at least {least}", cases.len());
        for (name, case) in cases {
            assert_eq!(answer(&case, &name), case["expect"], "{name}: {}", case["about"]);
        }
    }
}

#[test]
fn every_source_is_known_to_the_runner() {
    let known = SOURCES.map(|(source, _)| source.to_owned());
    let mut found: Vec<_> = fs::read_dir(root())
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, known);
}

#[test]
fn the_readable_form_of_a_vector_is_what_its_input_carries() {
    for (source, _) in SOURCES {
        for (name, case) in cases(source) {
            let Some(xml) = case["xml"].as_str() else { continue };
            assert_eq!(carried(&case), xml.as_bytes(), "{name}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/saml")
}

/// The cases of a source by file name; an unreadable one or a stranger fails.
fn cases(source: &str) -> BTreeMap<String, Value> {
    let folder = root().join(source);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{source}: {error}"));
    entries.map(|entry| read(&entry.unwrap().path())).collect()
}

fn read(path: &Path) -> (String, Value) {
    let name = path.display().to_string();
    assert_eq!(path.extension().and_then(|extension| extension.to_str()), Some("json"), "{name}");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    (name, case)
}

fn answer(case: &Value, name: &str) -> Value {
    let input = case["input"].as_str().unwrap();
    let received = match case["binding"].as_str() {
        Some("redirect") => request::from_redirect(input),
        Some("post") => request::from_post(input.as_bytes()),
        other => panic!("{name}: unknown binding {other:?}"),
    };
    let Received { message, relay_state, hint } = match received {
        Ok(received) => received,
        Err(error) => return json!({ "error": format!("Malformed::{error:?}") }),
    };
    let now = case["now"].as_str().unwrap().parse().unwrap();
    let accepted = match message {
        Message::Authn(unverified) => unverified.accept(now, Skew::TEN_MINUTES).map(|accepted| {
            json!({
                "message": "AuthnRequest",
                "id": accepted.id.as_str(),
                "issue_instant": accepted.issue_instant.to_string(),
                "force_authn": accepted.force_authn,
                "is_passive": accepted.is_passive,
                "destination": accepted.destination,
                "relay_state": relay_state,
                "hint": hint,
            })
        }),
        Message::Logout(unverified) => unverified.accept(now, Skew::TEN_MINUTES).map(|accepted| {
            json!({
                "message": "LogoutRequest",
                "id": accepted.id.as_str(),
                "issue_instant": accepted.issue_instant.to_string(),
                "name_id": accepted.name_id,
                "session_index": accepted.session_index,
                "destination": accepted.destination,
                "relay_state": relay_state,
                "hint": hint,
            })
        }),
    };
    match accepted {
        Ok(accepted) => json!({ "ok": accepted }),
        Err(error) => json!({ "error": format!("Rejected::{error:?}") }),
    }
}

/// Decodes the first `SAMLRequest` with as little care as possible.
fn carried(case: &Value) -> Vec<u8> {
    let input = case["input"].as_str().unwrap();
    let value = input.strip_prefix("SAMLRequest=").unwrap().split('&').next().unwrap();
    let upper = value.to_ascii_uppercase();
    let mut base64 = String::new();
    let mut index = 0;
    while let Some(byte) = value.as_bytes().get(index) {
        match upper.get(index..index + 3) {
            Some("%2B") => base64.push('+'),
            Some("%2F") => base64.push('/'),
            Some("%3D") => base64.push('='),
            Some("%0D" | "%0A") => {}
            _ => {
                base64.push(char::from(*byte));
                index += 1;
                continue;
            }
        }
        index += 3;
    }
    let bytes = STANDARD.decode(base64).unwrap();
    if case["binding"] == "post" {
        return bytes;
    }
    let mut xml = Vec::new();
    let mut decoder = flate2::read::DeflateDecoder::new(bytes.as_slice());
    std::io::Read::read_to_end(&mut decoder, &mut xml).unwrap();
    xml
}
