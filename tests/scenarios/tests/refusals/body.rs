//! How much is taken.

use axum::body::Body;
use http::Request;
use http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use scenarios::World;
use scenarios::saml::{AuthnRequest, escape};
use scenarios::world::{DOMAIN, REPLY_URL};

const MICROSOFT: &str = "https://login.microsoftonline.com";

#[tokio::test]
async fn a_posted_relay_state_of_64_kib_comes_back_byte_for_byte_and_one_byte_more_is_refused() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let path = format!("/saml/{DOMAIN}/sso");
    let special = "a&b=c+d%20\"<'>\r\n\r \n\t€ü;,/?:@\u{1F600}&amp;&#13;";
    let longest = special.to_owned() + &"+".repeat(64 * 1024 - special.len());
    let too_long = longest.clone() + "x";

    let request = AuthnRequest::new("_long", world.now()).form_value();
    let fields = [("SAMLRequest", request.as_str()), ("RelayState", longest.as_str())];
    let landed = person.browser.post_from(MICROSOFT, &path, &fields).await;
    let page = person.browser.follow(landed).await;
    let (action, _, relay_state) = page.answer().expect("an answer");

    assert_eq!(action, REPLY_URL);
    assert!(relay_state.as_deref() == Some(longest.as_str()), "RelayState changed");
    let before = world.quiet().await;
    let request = AuthnRequest::new("_longer", world.now()).form_value();
    let fields = [("SAMLRequest", request.as_str()), ("RelayState", too_long.as_str())];
    let page = person.browser.post_from(MICROSOFT, &path, &fields).await;
    page.assert_refused(400, "64 KiB and a byte");
    world.unchanged_since(&before, "64 KiB and a byte").await;
}

#[tokio::test]
async fn a_body_larger_than_any_form_of_ours_is_refused() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_body")).await;
    let cookies = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let before = world.quiet().await;
    let form = |size: usize| {
        let csrf = page.field("csrf").unwrap();
        format!("csrf={csrf}&response={}", escape(&"{".repeat(size / 3)))
    };
    let request = AuthnRequest::new("_body-2", world.now()).form_value();
    let saml = |size: usize| format!("SAMLRequest={}&x={}", escape(&request), "x".repeat(size));

    for size in [300 * 1024, 10 * 1024 * 1024] {
        for (path, body) in
            [(page.action(), form(size)), (format!("/saml/{DOMAIN}/sso"), saml(size))]
        {
            let request = Request::post(&path)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ORIGIN, &world.base_url)
                .header(COOKIE, &cookies);
            let answer = world.pass(request.body(Body::from(body)).unwrap()).await;
            answer.assert_refused(413, &format!("{size} bytes to {path}"));
        }
    }

    world.unchanged_since(&before, "a large body").await;
    let page = browser.sign_in(&page, &mut person.authenticator).await;
    assert!(page.answer().is_some(), "the challenge still stands");
}
