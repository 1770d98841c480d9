//! Messages that are not Entra's, and places where nothing is.

use std::path::{Path, PathBuf};

use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::{SignedDuration, Timestamp};
use scenarios::saml::{AuthnRequest, escape, redirect_value};
use scenarios::world::{DOMAIN, REPLY_URL};
use scenarios::{Page, World};
use serde_json::Value;

/// A message of `tests/vectors/saml`.
#[derive(Clone)]
struct Vector {
    name: String,
    post: bool,
    input: String,
    now: Timestamp,
    logout: bool,
}

/// The vectors of one folder.
fn vectors(folder: &str) -> Vec<Vector> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/saml").join(folder);
    let mut files = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.by_ref().collect();
    files.iter().map(|file| vector(file)).collect()
}

fn vector(file: &Path) -> Vector {
    let value: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    Vector {
        name: file.file_stem().unwrap().to_string_lossy().into_owned(),
        post: text("binding") == "post",
        input: text("input"),
        now: text("now").parse().unwrap(),
        logout: value["expect"]["ok"]["message"] == "LogoutRequest",
    }
}

/// Sends a message when its vector says.
async fn send(world: &World, vector: &Vector) -> Page {
    world.clock.pass(vector.now.duration_since(world.now()));
    let path = format!("/saml/{DOMAIN}/sso");
    let request = if vector.post {
        let form = "application/x-www-form-urlencoded";
        let body = Body::from(vector.input.clone());
        Request::post(path).header(CONTENT_TYPE, form).body(body)
    } else {
        Request::get(format!("{path}?{}", vector.input)).body(Body::empty())
    };
    world.pass(request.unwrap()).await
}

#[tokio::test]
async fn every_message_that_is_not_entras_ends_on_one_and_the_same_page() {
    let world = World::start().await;
    let before = world.quiet().await;
    let refused = [vectors("refused"), vectors("oasis")].concat();
    assert!(refused.len() > 90, "{}", refused.len());
    let mut first = None;

    for vector in &refused {
        let page = send(&world, vector).await;

        page.assert_refused(400, &vector.name);
        let first = first.get_or_insert_with(|| page.text.clone());
        assert_eq!(page.text, *first, "{}: the page tells something of the input", vector.name);
    }
    world.unwritten_since(&before, "a refused message").await;
}

#[tokio::test]
async fn every_message_of_entras_is_taken() {
    let world = World::start().await;
    let mut taken = [vectors("entra"), vectors("tolerated")].concat();
    // Their ids are the same: after the one that is answered none is.
    taken.sort_by_key(|vector| vector.name == "is-passive");
    assert!(taken.len() > 30, "{}", taken.len());

    for vector in &taken {
        let page = send(&world, vector).await;

        let name = &vector.name;
        match (vector.logout, vector.post) {
            // A sign-out that ends no session is shown, and not signed for.
            (true, _) => assert_eq!(page.status, 200, "{name}"),
            (false, true) => assert!(page.location().unwrap().starts_with("/sign-in/"), "{name}"),
            (false, false) if name == "is-passive" => assert!(page.answer().is_some(), "{name}"),
            (false, false) => drop(page.options()),
        }
    }
}

#[tokio::test]
async fn a_request_is_taken_from_ten_minutes_early_until_just_before_ten_minutes_late() {
    let world = World::start().await;
    let mut browser = world.browser();
    let cases = [
        // How long ago it was issued, taken
        (-600_000, true),
        (-600_001, false),
        (599_999, true),
        (600_000, false),
    ];
    for (position, (milliseconds, taken)) in cases.into_iter().enumerate() {
        let at = world.now().checked_sub(SignedDuration::from_millis(milliseconds)).unwrap();
        let before = world.records().await;

        let url = world.sso_of(&AuthnRequest::new(&format!("_{position}"), at));
        let page = browser.visit(&url).await;

        if taken {
            page.options();
        } else {
            page.assert_refused(400, &milliseconds.to_string());
            world.unchanged_since(&before, &milliseconds.to_string()).await;
        }
    }
}

#[tokio::test]
async fn a_reply_url_in_the_request_is_ignored() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let request = AuthnRequest {
        attributes: " AssertionConsumerServiceURL=\"https://evil.test/acs\" \
                     AssertionConsumerServiceIndex=\"7\" Destination=\"https://evil.test/\" \
                     ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""
            .to_owned(),
        ..AuthnRequest::new("_foreign", world.now())
    };
    let mut fresh = world.browser();

    let silent = person.browser.visit(&world.sso_of(&request)).await;
    let again = AuthnRequest { id: "_foreign-2".to_owned(), ..request };
    let asked = fresh.visit(&world.sso_of(&again)).await;
    let asked = fresh.sign_in(&asked, &mut person.authenticator).await;

    for page in [silent, asked] {
        let (action, response, _) = page.answer().expect("an answer");
        assert_eq!(action, REPLY_URL);
        assert!(!page.text.contains("evil.test"));
        assert!(!scenarios::saml::decode(&response).contains("evil.test"));
    }
}

#[tokio::test]
async fn percent_escapes_may_be_in_lower_case() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let url = world.sso("_lower");
    let mut lower = String::new();
    let mut rest = url.as_str();
    while let Some((plain, tail)) = rest.split_once('%') {
        lower.push_str(&format!("{plain}%{}", tail[..2].to_lowercase()));
        rest = &tail[2..];
    }
    lower.push_str(rest);
    assert_ne!(lower, url);

    let page = person.browser.visit(&lower).await;

    assert_eq!(page.answer().expect("an answer").2.as_deref(), Some(RELAY_STATE));
}

/// What [`World::sso`] sends.
const RELAY_STATE: &str = "estsredirect=2&estsrequest=abc";

#[tokio::test]
async fn a_bomb_is_refused_before_it_bursts() {
    let world = World::start().await;
    let before = world.quiet().await;
    let xml = AuthnRequest::new("_bomb", world.now()).xml();
    let fill = |size: usize| xml.replacen('>', &format!("><!--{}-->", " ".repeat(size)), 1);
    let cases = [(16 * 1024, 400), (1024 * 1024, 400), (40 * 1024 * 1024, 400)];

    for (size, status) in cases {
        let query = format!("SAMLRequest={}", redirect_value(&fill(size)));
        assert!(query.len() < 64 * 1024, "{size}: {}", query.len());
        let uri = format!("/saml/{DOMAIN}/sso?{query}");
        let page = world.pass(Request::get(uri).body(Body::empty()).unwrap()).await;
        page.assert_refused(status, &size.to_string());
    }
    world.unwritten_since(&before, "a bomb").await;
}

#[tokio::test]
async fn nothing_is_at_any_other_place() {
    let world = World::start().await;
    let before = world.quiet().await;
    let query = AuthnRequest::new("_1", world.now()).query("x");
    let long = format!("{}.test", "a".repeat(60_000));
    let domains = [
        "fabrikam.test",
        "contoso.test.evil.test",
        "sub.contoso.test",
        "contoso.test.",
        "contoso",
        "..",
        "%2e%2e",
        "..%2fcontoso.test",
        "contoso.test%2f..%2fcontoso.test",
        "contoso.test%00",
        "contoso.test%23",
        "contoso.test%0d%0ax:%20y",
        "contoso.test%20",
        "%20contoso.test",
        "%ff",
        "%f0%9f%98%80",
        "DOMAIN%23contoso.test",
        "*",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E.test",
        &long,
    ];
    for domain in domains {
        let name = domain.get(..60).unwrap_or(domain);
        let paths = [
            format!("/saml/{domain}/sso?{query}"),
            format!("/saml/{domain}/slo"),
            format!("/saml/{domain}/metadata"),
            format!("/saml/{domain}/certificate"),
            format!("/saml/{domain}/certificate.pem"),
        ];
        let known = paths.map(|path| Request::get(path).body(Body::empty()));
        for request in known.into_iter().flatten() {
            let page = world.pass(request).await;
            page.assert_refused(404, name);
            assert!(!page.text.contains("evil") && !page.text.contains("script>"), "{name}");
        }
    }
    let elsewhere = ["/", "/saml", "/saml/", "/saml//sso", "/saml/contoso.test", "/favicon.ico"];
    for path in elsewhere.into_iter().chain(["/saml/contoso.test/sso/", "/sign-in/contoso.test"]) {
        let page = world.pass(Request::get(path).body(Body::empty()).unwrap()).await;
        page.assert_refused(404, path);
    }
    for (method, path) in [("PUT", "sso"), ("DELETE", "slo"), ("POST", "metadata")] {
        let request = Request::builder().method(method).uri(format!("/saml/{DOMAIN}/{path}"));
        let page = world.pass(request.body(Body::empty()).unwrap()).await;
        page.assert_refused(404, path);
    }
    world.unwritten_since(&before, "another place").await;
}

#[tokio::test]
async fn a_domain_is_found_in_any_case() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let url = world.sso("_case").replace(DOMAIN, "CONTOSO.Test");

    let page = person.browser.visit(&url).await;

    let (_, response, _) = page.answer().expect("an answer");
    let issuer = format!("{}/saml/{DOMAIN}", world.base_url);
    assert!(scenarios::saml::decode(&response).contains(&format!(">{issuer}<")));
}

#[tokio::test]
async fn a_hint_is_shown_as_text_and_never_as_markup() {
    let world = World::start().await;
    let cases = [
        ("o'neil&co@contoso.test", Some("o&#39;neil&#38;co@contoso.test")),
        ("\"><script>alert(1)</script>@contoso.test", None),
    ];
    for (hint, shown) in cases {
        let url = format!("{}&login_hint={}", world.sso("_hint"), escape(hint));
        let page = world.browser().visit(&url).await;

        page.assert_guarded("a hint");
        assert!(!page.text.contains("alert(1)"), "{}", page.text);
        assert!(shown.is_none_or(|shown| page.text.contains(shown)), "{}", page.text);
        page.options();
    }
}
