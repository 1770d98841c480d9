//! The shape of the repository: which crate may stand on which, and what its words refer to.

#[path = "architecture/citation.rs"]
mod citation;
#[path = "architecture/graph.rs"]
mod graph;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/threat.rs"]
mod threat;

use std::collections::BTreeSet;

use citation::{Citation, Standards};
use graph::{Graph, Kinds};
use source::{read, root, rust_files, words};

/// Bytes and `now` in, values out: nothing that waits, nothing that speaks HTTP or to AWS.
const PURE: [&str; 7] = ["ambient", "identity", "oidc", "passkey", "saml", "scim", "xmldsig"];
/// One crate per outside service, and our pages.
const SERVICES: [&str; 9] =
    ["bus", "courier", "entra", "exports", "graph", "keys", "registration", "store", "web"];
/// One Lambda function each. What follows a hyphen is not in the folder's name.
const FUNCTIONS: [&str; 7] =
    ["directory", "login", "notifications", "oauth", "offboarding", "operator", "scim-function"];
/// Never deployed.
const TOOLS: [&str; 5] = ["bench", "entra-sim", "judges", "local", "scenarios"];

/// What no pure crate stands on, not even through others. `aws-lc-rs` is cryptography, not AWS.
fn waits_or_speaks(name: &str) -> bool {
    let aws = ["aws-config", "aws-runtime", "aws-types", "aws-credential-types"];
    ["tokio", "axum", "http", "hyper", "reqwest", "lambda_http", "lambda_runtime"].contains(&name)
        || aws.contains(&name)
        || name.starts_with("aws-sdk-")
        || name.starts_with("aws-smithy-")
}

/// What no function carries: emulators, judges, our tools, a second TLS or cryptography.
fn never_deployed(name: &str) -> bool {
    ["samael", "ring", "openssl", "openssl-sys", "native-tls", "chrono"].contains(&name)
        || name.starts_with("bergshamra")
        || name.starts_with("dynoxide")
        || TOOLS.contains(&name)
}

/// Which crate alone speaks to which service.
const SPEAKERS: [(&str, &str); 5] = [
    ("aws-sdk-dynamodb", "store"),
    ("aws-sdk-kms", "keys"),
    ("aws-sdk-eventbridge", "bus"),
    ("aws-sdk-sesv2", "courier"),
    ("aws-sdk-s3", "exports"),
];

#[test]
fn every_member_belongs_to_one_layer() {
    let layers = PURE.iter().chain(&SERVICES).chain(&FUNCTIONS).chain(&TOOLS);
    let layers: BTreeSet<_> = layers.map(|name| (*name).to_owned()).collect();

    assert_eq!(Graph::load().members(), layers, "a new crate chooses its layer here");
}

#[test]
fn pure_crates_neither_wait_nor_speak() {
    let graph = Graph::load();

    for name in PURE {
        let path = graph.path(name, Kinds::Deployed, waits_or_speaks);
        assert_eq!(path, None, "{name} must stay pure");
    }
}

#[test]
fn pure_crates_stand_on_pure_crates_of_ours_alone() {
    let graph = Graph::load();

    for name in PURE {
        let (ours, direct) = (graph.members(), graph.direct(name, Kinds::Deployed));
        let strangers: Vec<_> =
            ours.intersection(&direct).filter(|other| !PURE.contains(&other.as_str())).collect();
        assert!(strangers.is_empty(), "{name} stands on {strangers:?}");
    }
}

#[test]
fn shared_crates_know_no_function_and_no_tool() {
    let graph = Graph::load();

    for name in PURE.into_iter().chain(SERVICES) {
        let path = graph.path(name, Kinds::Deployed, |other| {
            FUNCTIONS.contains(&other) || TOOLS.contains(&other)
        });
        assert_eq!(path, None, "{name} looks upwards");
    }
}

#[test]
fn functions_never_depend_on_one_another() {
    let graph = Graph::load();

    for name in FUNCTIONS {
        let path =
            graph.path(name, Kinds::All, |other| FUNCTIONS.contains(&other) && other != name);
        assert_eq!(path, None);
    }
}

#[test]
fn no_function_carries_an_emulator_a_judge_or_a_second_cryptography() {
    let graph = Graph::load();

    for name in FUNCTIONS {
        assert_eq!(graph.path(name, Kinds::Deployed, never_deployed), None, "in {name}");
    }
}

#[test]
fn each_service_is_spoken_to_by_one_crate() {
    let graph = Graph::load();

    for (client, speaker) in SPEAKERS {
        for name in PURE.into_iter().chain(SERVICES).filter(|name| *name != speaker) {
            let direct = graph.direct(name, Kinds::Deployed);
            assert!(!direct.contains(client), "{name} depends on {client}, which is {speaker}'s");
        }
    }
}

#[test]
fn functions_name_an_aws_client_where_they_are_wired_alone() {
    let folder = |name: &str| format!("functions/{}/src", name.trim_end_matches("-function"));
    for file in rust_files(&FUNCTIONS.map(folder)) {
        let named = SPEAKERS.map(|(client, _)| client.replace('-', "_"));
        let named: Vec<_> = named.into_iter().filter(|name| read(&file).contains(name)).collect();
        let wiring = file.ends_with("main.rs") || file.ends_with("app.rs");
        assert!(named.is_empty() || wiring, "{file:?} names {named:?}");
    }
}

#[test]
fn the_simulated_entra_shares_no_code_with_us() {
    let graph = Graph::load();
    let ours = graph.members();

    let path =
        graph.path("entra-sim", Kinds::All, |name| name != "entra-sim" && ours.contains(name));

    assert_eq!(path, None);
}

#[test]
fn forbidden_edges_are_found_through_others_and_kinds_are_kept_apart() {
    let graph = Graph::of(&[
        ("saml", "xmldsig", Kinds::Deployed),
        ("xmldsig", "helper", Kinds::Deployed),
        ("helper", "tokio", Kinds::Deployed),
        ("identity", "proptest", Kinds::All),
        ("proptest", "tokio", Kinds::Deployed),
    ]);

    let path = graph.path("saml", Kinds::Deployed, waits_or_speaks).unwrap();
    assert_eq!(path, ["saml", "xmldsig", "helper", "tokio"]);
    assert_eq!(graph.path("identity", Kinds::Deployed, waits_or_speaks), None);
    assert!(graph.path("identity", Kinds::All, waits_or_speaks).is_some());
}

#[test]
fn citations_name_a_standard_and_a_section_that_exist() {
    let standards = Standards::parse(&read(&root().join("docs/standards.toml")));
    let folders = ["shared", "functions", "infra", "tests"].map(str::to_owned);

    let mut cited = 0;
    let mut wrong = Vec::new();
    for file in rust_files(&folders) {
        for citation in Citation::all(&citation::comments(&read(&file)), &standards) {
            cited += 1;
            if let Err(why) = citation {
                wrong.push(format!("{}: {why}", file.display()));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        cited > 100,
        "only {cited} citations were found: are they still written as `RFC 9110 §15`?"
    );
}

#[test]
fn wrong_citations_are_found() {
    let standards = Standards::parse(
        "[\"SAML Core\"]\nsections = \"2 2.5 2.5.1\"\n[\"RFC 9110\"]\nsections = \"15\"\n",
    );
    let cases = [
        ("SAML Core §2.5.1.", true),
        ("by SAML Core §2.5 and RFC 9110 §15", true),
        ("SAML Core\n§2.5", true),
        ("SAML Core §2.5.9", false),
        ("RFC 9999 §1", false),
        ("(RFC 9110 §15, §15)", true),
        ("(SAML Core §2.5, §9)", false),
        ("RFC 9999", false),
        ("see §2.5", false),
    ];

    for (text, right) in cases {
        let found: Vec<_> = Citation::all(&words(text), &standards).collect();
        assert!(!found.is_empty(), "{text}");
        assert_eq!(found.iter().all(Result::is_ok), right, "{text}: {found:?}");
    }
}

#[test]
fn every_test_that_threats_names_exists() {
    let known = threat::tests_of(&root());
    let rows = threat::rows(&read(&root().join("docs/THREATS.md")));

    assert!(rows.len() >= 10, "docs/THREATS.md has only {} rows", rows.len());
    for row in rows {
        assert!(!row.tests.is_empty(), "no test shows the answer to: {}", row.attack);
        for name in &row.tests {
            assert!(known.contains(name), "docs/THREATS.md names `{name}`, which is no test");
        }
    }
}

#[test]
fn a_row_without_its_test_is_found() {
    let table = "| attack | rule | shown by |\n|---|---|---|\n| replay | once | `a_test`, `another` |\n| x | y | later |\n";

    let rows = threat::rows(table);

    assert_eq!(rows.len(), 2);
    assert_eq!(rows.first().unwrap().tests, ["a_test", "another"]);
    assert!(rows.last().unwrap().tests.is_empty());
}
