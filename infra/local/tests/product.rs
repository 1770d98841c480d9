//! The product itself: the real template with the functions that cargo builds from this workspace.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

mod port;

use entra_sim::{Exchange, GraphUser};
use local::build;
use local::{Data, Options, Stack};

fn options() -> Options {
    let (template, functions) = build::tested(env!("CARGO")).unwrap();
    Options::new(template, functions)
}

#[tokio::test]
async fn the_demo_organization_is_there_after_the_start_and_after_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let port = port::free();
    let kept = Options { port, data: Data::Keep(folder.path().to_owned()), ..options() };
    let first = Stack::start(kept.clone()).await.unwrap();
    let ready = first.ready().clone();
    let entra = first.entra().users();
    first.stop().await;

    let other = Stack::start(Options { data: Data::Keep(folder.path().to_owned()), ..options() });
    let other = other.await.err().unwrap();

    assert!(other.to_string().contains("demo organization"), "{other}");
    assert_eq!(ready.domain, "contoso.test");
    assert_eq!(ready.issuer_uri, format!("{}/saml/contoso.test", ready.base_url));
    let kinds: Vec<&str> = ready.users.iter().map(|user| user.kind.as_str()).collect();
    for kind in ["administrator", "hybrid", "cloud", "disabled", "no anchor"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    for user in &ready.users {
        let known = entra.iter().find(|known| known.id == user.object_id).unwrap();
        assert_eq!(known.on_premises_immutable_id, user.anchor, "{}", user.upn);
        assert_eq!(known.account_enabled, user.kind != "disabled", "{}", user.upn);
    }
    let again = Stack::start(kept).await.unwrap();
    assert_eq!(again.ready().organization, ready.organization);
    assert_eq!(again.ready().bootstrap_url, ready.bootstrap_url);
    let scim_url = format!("{}/scim/v2/{}", ready.base_url, ready.organization);
    assert_eq!(ready.scim_url, scim_url);
    assert!(ready.scim_key.starts_with("passerelle_scim_"), "a key to provision with");
    assert_eq!(again.ready().scim_key, ready.scim_key, "the same at every start");
    assert_eq!(again.entra().users(), entra);
    again.stop().await;
}

#[tokio::test]
async fn entra_trusts_the_certificate_that_the_site_serves() {
    let stack = Stack::start(options()).await.unwrap();
    let ready = stack.ready();

    let url = format!("{}/saml/contoso.test/certificate.pem", ready.base_url);
    let served = reqwest::get(url).await.unwrap().text().await.unwrap();
    let metadata = reqwest::get(&ready.metadata_url).await.unwrap();

    assert_eq!(served, std::fs::read_to_string(&ready.certificate_pem_path).unwrap());
    let trusted = stack.entra().federation("contoso.test").unwrap();
    assert_eq!(trusted.issuer_uri, ready.issuer_uri);
    let body: String = served.lines().filter(|line| !line.starts_with("-----")).collect();
    assert_eq!(trusted.signing_certificate, body);
    assert_eq!(metadata.status(), 200);
    assert!(metadata.text().await.unwrap().contains(&body));
    stack.stop().await;
}

#[tokio::test]
async fn whom_entra_provisions_is_here_and_whom_it_blocks_is_out_after_the_next_cycle() {
    let stack = Stack::start(options()).await.unwrap();
    let joan = stack.ready().users.iter().find(|user| user.kind == "provisioned").unwrap();
    let entra = stack.entra();
    let before = user(&stack, &joan.upn).await;

    let tested = entra.test_connection().await.unwrap();
    let first = entra.run_cycle().await.unwrap();
    let active = user(&stack, &joan.upn).await;
    let known = entra.users().into_iter().find(|user| user.id == joan.object_id).unwrap();
    entra.put_user(GraphUser { account_enabled: false, ..known }).unwrap();
    let second = entra.run_cycle().await.unwrap();
    let blocked = user(&stack, &joan.upn).await;

    assert_eq!(before["totalResults"], 0);
    assert_eq!(tested.problems, Vec::<String>::new());
    let failed = first.users.failed + first.groups.failed + first.references.failed;
    assert_eq!(failed, 0, "{:#?}", refused(&stack));
    assert_eq!((first.users.created, first.users.disabled, first.groups.created), (1, 0, 1));
    assert!(first.users.linked >= 6, "those of the seed are found: {first:?}");
    let resource = &active["Resources"][0];
    assert_eq!(resource["active"], true);
    assert_eq!(resource["externalId"], joan.object_id);
    let ours = &resource["urn:ietf:params:scim:schemas:extension:passerelle:2.0:User"];
    assert_eq!(ours["immutableId"], joan.anchor.clone().unwrap());
    assert_eq!(ours["personalEmail"], joan.personal_email.clone().unwrap());
    assert_eq!((second.users.updated, second.requests), (1, 2));
    assert_eq!(blocked["Resources"][0]["active"], false);
    stack.stop().await;
}

/// What our own server says about a user.
async fn user(stack: &Stack, name: &str) -> serde_json::Value {
    let ready = stack.ready();
    let url = format!("{}/Users?filter=userName+eq+%22{name}%22", ready.scim_url);
    let request = reqwest::Client::new().get(url);
    request.bearer_auth(&ready.scim_key).send().await.unwrap().json().await.unwrap()
}

/// The requests of provisioning that our server refused.
fn refused(stack: &Stack) -> Vec<Exchange> {
    let log = stack.entra().provisioning_log();
    log.into_iter().filter(|exchange| exchange.status.is_none_or(|status| status >= 400)).collect()
}
