//! The signature of the answer to a sign-out, by programs that ask for it.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as B64;
use judges::site::aws;
use judges::{Judge as _, Person, Program, Site};
use scenarios::saml::{between, escape};
use serde_json::{Value, json};

use super::node_saml::NodeSaml;

/// RelayStates that a careless encoder would spoil.
const HOSTILE: [&str; 4] =
    ["/", "a+b c&Signature=x%26=\"'<>", "line\r\nline", "ünï ✓ %C3%BC estsredirect=2"];

/// Signs somebody in, lets node-saml ask for their sign-out, and gives what comes back.
async fn signed_out(
    site: &Site,
    node_saml: &mut NodeSaml,
    ada: &mut Person,
    relay_state: &str,
) -> String {
    let url = node_saml.request(site, ada).await;
    let response = ada.answer(&url).await;
    let read = node_saml.0.must("response", json!({ "response": response.form_value }));
    let asked = json!({
        "anchor": ada.anchor, "session": read["session"], "relay_state": relay_state,
    });
    let asked = node_saml.0.must("logout", asked);
    let back = ada.sign_out(asked["url"].as_str().unwrap()).await;
    let (place, query) = back.split_once('?').unwrap();
    assert_eq!(place, site.reply_url());
    query.to_owned()
}

#[tokio::test]
async fn node_saml_and_cryptography_verify_the_answer_to_a_sign_out() {
    let site = Site::start().await;
    let mut node_saml = NodeSaml::start(&site);
    let mut cryptography = Program::python("query_judge.py");
    cryptography.must("start", site.federation());
    let mut pysaml2 = Program::python("pysaml2_judge.py");
    pysaml2.must("start", site.federation());
    let mut ada = Person::ada(&site).await;
    for relay_state in HOSTILE {
        let query = signed_out(&site, &mut node_saml, &mut ada, relay_state).await;

        let read = cryptography.must("query", json!({ "query": query }));
        assert_eq!(read["relay_state"], relay_state);
        let xml = read["xml"].as_str().unwrap();
        assert_eq!(between(xml, "Destination=\"", "\""), Some(&*site.reply_url()));
        node_saml.0.must("query", json!({ "query": query }));
        pysaml2.must("schema", json!({ "xml": xml }));
    }
    site.close().await;
}

#[tokio::test]
async fn an_answer_to_a_sign_out_that_was_changed_is_refused() {
    let site = Site::start().await;
    let mut node_saml = NodeSaml::start(&site);
    let mut cryptography = Program::python("query_judge.py");
    cryptography.must("start", site.federation());
    let mut ada = Person::ada(&site).await;
    for (what, change) in FORGERIES {
        let query = signed_out(&site, &mut node_saml, &mut ada, "state").await;
        let forged = match change {
            Some((from, to)) => query.replacen(from, to, 1),
            None => signed_by_another(&site, &query).await,
        };
        assert_ne!(forged, query, "{what}");

        for judge in [&mut cryptography, &mut node_saml.0] {
            let answer: Value = judge.ask("query", json!({ "query": forged }));
            assert!(answer.get("refused").is_some(), "{what}: {answer}");
        }
    }
    site.close().await;
}

/// What is changed in a query; nothing, where another key signs it.
const FORGERIES: [(&str, Option<(&str, &str)>); 4] = [
    ("another state", Some(("RelayState=state", "RelayState=statE"))),
    ("another algorithm", Some(("rsa-sha256", "rsa-sha512"))),
    ("another signature", Some(("&Signature=", "&Signature=AAAA"))),
    ("another key", None),
];

async fn signed_by_another(site: &Site, query: &str) -> String {
    let kms = Client::new(&aws(&site.ready().kms_endpoint).await);
    let made = kms.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify);
    let key = made.send().await.unwrap().key_metadata.unwrap().key_id;
    let (signed, _) = query.split_once("&Signature=").unwrap();
    let signature = kms
        .sign()
        .key_id(key)
        .message(Blob::new(signed.as_bytes()))
        .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256);
    let signature = signature.send().await.unwrap().signature.unwrap();
    format!("{signed}&Signature={}", escape(&B64.encode(signature)))
}
