//! No page of ours can be framed, kept, or made to load or send anything elsewhere.

use axum::body::Body;
use http::{Method, Request};
use scenarios::saml::{AuthnRequest, between};
use scenarios::world::DOMAIN;
use scenarios::{Authenticator, Page, World};

/// Every page that goes well, by the way to it, and every redirect between.
async fn walk(world: &World) -> Vec<(&'static str, Page)> {
    let mut pages = Vec::new();
    world.user("ada").await;
    let mut browser = world.browser();
    let sign_in = browser.visit(&world.sso("_walk")).await;
    let resumed = browser.visit(&sign_in.action()).await;
    let link = between(&sign_in.text, "href=\"/enrol/", "\"").unwrap();
    let address = browser.visit(&format!("/enrol/{link}")).await;
    let recover = browser.visit(&format!("/enrol/{link}/recover")).await;
    let csrf = address.field("csrf").unwrap();
    let typed = [("csrf", csrf.as_str()), ("address", "ada@contoso.test")];
    let asked = browser.post(&address.action(), &typed).await;
    let code_page = browser.visit(&asked.location().unwrap()).await;
    let code = world.code("ada@personal.test").await;
    let passkey = browser.submit(&code_page, &[("code", &code)]).await;
    let mut authenticator = Authenticator::default();
    let recovery = browser.register(&passkey, &mut authenticator).await;
    let answer = browser.visit(&world.sso("_walk-2")).await;
    let user = world.user("grace").await;
    let invitation = browser.visit(&world.link(&world.contoso(), &user).await).await;
    let form = AuthnRequest::new("_walk-3", world.now()).form_value();
    let fields = [("SAMLRequest", form.as_str())];
    let sso = format!("/saml/{DOMAIN}/sso");
    let landed = browser.post_from("https://evil.test", &sso, &fields).await;
    let certificate = browser.visit(&format!("/saml/{DOMAIN}/certificate")).await;
    let signed_out = browser.visit(&format!("/saml/{DOMAIN}/slo")).await;
    pages.extend([
        ("sign-in", sign_in),
        ("sign-in, resumed", resumed),
        ("address", address),
        ("recover", recover),
        ("code asked for", asked),
        ("code", code_page),
        ("passkey", passkey),
        ("recovery code", recovery),
        ("answer", answer),
        ("invitation", invitation),
        ("landed", landed),
        ("certificate", certificate),
        ("signed out", signed_out),
    ]);
    pages
}

#[tokio::test]
async fn no_page_can_be_framed_or_kept() {
    let world = World::start().await;

    for (name, page) in walk(&world).await {
        let header = |header: &str| page.headers.get(header).map(|value| value.to_str().unwrap());
        if page.status == 303 {
            assert_eq!(header("cache-control"), Some("no-store"), "{name}");
            assert_eq!(header("referrer-policy"), Some("strict-origin"), "{name}");
            continue;
        }
        assert_eq!(page.status, 200, "{name}: {}", page.text);
        page.assert_guarded(name);
        let policy = header("content-security-policy").unwrap();
        let own_forms = policy.contains("form-action 'self'");
        assert_eq!(own_forms, name != "answer", "{name}: {policy}");
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        assert!(page.text.len() <= 15 * 1024, "{name}: {} bytes", page.text.len());
    }
}

#[tokio::test]
async fn whatever_is_asked_of_any_address_comes_with_every_guard() {
    let world = World::start().await;
    let org = world.organization;
    let secret = "A".repeat(43);
    let routes = [
        "/".to_owned(),
        format!("/saml/{DOMAIN}/sso"),
        format!("/saml/{DOMAIN}/sso/{secret}"),
        format!("/saml/{DOMAIN}/slo?SAMLRequest=x"),
        "/saml/nowhere.test/sso".to_owned(),
        "/saml/nowhere.test/slo".to_owned(),
        "/saml/nowhere.test/metadata".to_owned(),
        "/saml/nowhere.test/certificate".to_owned(),
        "/saml/nowhere.test/certificate.pem".to_owned(),
        "/saml/nowhere.test/certificate.cer".to_owned(),
        format!("/sign-in/{DOMAIN}/{secret}"),
        format!("/sign-in/{DOMAIN}/x"),
        format!("/sign-in/{DOMAIN}/%ff"),
        format!("/enrol/{org}/{secret}"),
        format!("/enrol/{org}/{secret}/code"),
        format!("/enrol/{org}/{secret}/resend"),
        format!("/enrol/{org}/{secret}/recover"),
        format!("/enrol/{org}/{secret}/passkey"),
        format!("/enrol/{org}/link/{secret}"),
        format!("/enrol/{org}/link/x"),
        "/enrol/x/x".to_owned(),
        "/enrol/%ff/%ff/code".to_owned(),
    ];
    let before = world.quiet().await;
    for route in &routes {
        for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS, Method::TRACE] {
            let what = format!("{method} {route}");
            let request = Request::builder().method(method).uri(route);

            let page = world.pass(request.body(Body::empty()).unwrap()).await;

            assert!(page.status.is_client_error() || page.status == 303, "{what}: {}", page.status);
            if page.status != 303 {
                page.assert_refused(page.status.as_u16(), &what);
            }
            assert!(page.headers.get("set-cookie").is_none(), "{what}");
            assert!(page.headers.get("access-control-allow-origin").is_none(), "{what}");
        }
    }
    world.unchanged_since(&before, "any address").await;
}
