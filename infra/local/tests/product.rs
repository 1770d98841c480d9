//! The product itself: the real template with the functions that cargo builds from this workspace.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use local::build::{self, Build, Profile, Progress};
use local::{Data, Options, Stack};

fn options() -> Options {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let how = Build {
        cargo: env!("CARGO").to_owned(),
        profile: Profile::Dev,
        progress: Progress::Hidden,
    };
    let functions = build::functions(&template, &how).unwrap();
    Options::new(template, functions)
}

#[tokio::test]
async fn the_demo_organization_is_there_after_the_start_and_after_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Options { data: Data::Keep(folder.path().to_owned()), ..options() };
    let first = Stack::start(kept.clone()).await.unwrap();
    let ready = first.ready().clone();
    let entra = first.entra().users();
    first.stop().await;
    let port = ready.base_url.rsplit(':').next().unwrap().parse().unwrap();

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
    let again = Stack::start(Options { port, ..kept }).await.unwrap();
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
