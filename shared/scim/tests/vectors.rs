//! Every case in `tests/vectors/scim`, one file a case.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scim::schema::{GROUP, USER};
use scim::{Error, Filter, Lookup, MemberChange, Patch, Resource, ResourceType, member};
use serde_json::{Value, json};

/// How many cases each source has at the least, so that a lost folder is seen.
const SOURCES: [(&str, usize); 4] = [("entra", 80), ("odd", 70), ("rfc7643", 9), ("rfc7644", 70)];

#[test]
fn every_vector_is_answered_as_it_says() {
    let mut wrong = Vec::new();
    for (source, least) in SOURCES {
        let cases = cases(source);
        assert!(cases.len() >= least, "{source}: {} cases, at least {least}", cases.len());
        for (name, case) in cases {
            let (answer, expected) = (answer(&case, &name), &case["expect"]);
            if answer != *expected {
                wrong.push(format!("{name}\n  is       {answer}\n  expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/scim")
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
    let kind = match case["kind"].as_str() {
        Some("User") => &USER,
        Some("Group") => &GROUP,
        other => panic!("{name}: unknown kind {other:?}"),
    };
    let answer = match case["what"].as_str() {
        Some("create") => create(kind, case),
        Some("patch") => patch(kind, case, name),
        Some("filter") => filter(kind, case, name),
        other => panic!("{name}: unknown what {other:?}"),
    };
    answer.unwrap_or_else(|error| {
        let scim_type = error.scim_type().map_or("", |scim_type| scim_type.name());
        json!({ "error": format!("{scim_type}: {}", error.detail()) })
    })
}

fn create(kind: &'static ResourceType, case: &Value) -> Result<Value, Error> {
    let body = &case["body"];
    let resource = Resource::read(kind, body.clone())?;
    let mut answer = json!({ "resource": resource.attributes() });
    if kind == &GROUP {
        answer["members"] = json!(member::listed(body)?);
    }
    // What is kept gives the same again, and so does what is sent.
    assert_eq!(Resource::restore(kind, resource.kept()), resource);
    let sent = Value::Object(resource.attributes().clone());
    assert_eq!(Resource::read(kind, sent)?, resource);
    Ok(answer)
}

fn patch(kind: &'static ResourceType, case: &Value, name: &str) -> Result<Value, Error> {
    let before = Resource::read(kind, case["before"].clone()).unwrap();
    let mut resource = before.clone();
    let patch = Patch::read(kind, case["body"].clone())?;
    if let Err(error) = patch.apply(&mut resource) {
        assert_eq!(resource, before, "{name}: changed although it failed");
        return Err(error);
    }
    let after = resource.clone();
    patch.apply(&mut resource).unwrap();
    assert_eq!(resource, after, "{name}: changed by the same patch again");
    let mut answer = json!({ "resource": after.attributes() });
    if kind == &GROUP {
        answer["members"] = patch.members().iter().map(change).collect();
    }
    Ok(answer)
}

fn change(change: &MemberChange) -> Value {
    match change {
        MemberChange::Add(ids) => json!({ "add": ids }),
        MemberChange::Remove(ids) => json!({ "remove": ids }),
        MemberChange::RemoveAll => json!("removeAll"),
        MemberChange::Replace(ids) => json!({ "replace": ids }),
    }
}

fn filter(kind: &'static ResourceType, case: &Value, name: &str) -> Result<Value, Error> {
    let filter = Filter::parse(case["filter"].as_str().unwrap(), kind)?;
    let (_, resources) = read(&root().join("resources.json"));
    let mut matches = Vec::new();
    for (name, attributes) in resources[kind.name].as_object().unwrap() {
        let resource = Resource::restore(kind, attributes.as_object().unwrap().clone());
        if filter.matches(&resource) {
            matches.push(name.clone());
        }
    }
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed, kind).as_ref(), Ok(&filter), "{name}: {printed}");
    let lookup = filter.lookup().map(|lookup| match lookup {
        Lookup::Nothing => "nothing".to_owned(),
        Lookup::Id(id) => format!("id {id}"),
        Lookup::UserName(name) => format!("userName {name}"),
        Lookup::ExternalId(id) => format!("externalId {id}"),
        Lookup::Email(email) => format!("email {email}"),
        Lookup::DisplayName(name) => format!("displayName {name}"),
        Lookup::Member(user) => format!("members {user}"),
    });
    Ok(json!({ "matches": matches, "lookup": lookup, "printed": printed }))
}
