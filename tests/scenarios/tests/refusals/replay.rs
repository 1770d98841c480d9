//! One request, one answer.

use scenarios::World;
use scenarios::saml::{AuthnRequest, between, decode};
use scenarios::world::DOMAIN;

/// An answer is written under the relying party's own id, in whatever browser it is asked again.
#[tokio::test]
async fn an_answered_request_is_never_answered_again() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut grace = world.person("grace").await;
    let (url, post) = (world.sso("_once"), AuthnRequest::new("_once", world.now()).form_value());
    let page = person.browser.visit(&url).await;
    assert!(page.answer().is_some());
    let before = world.quiet().await;

    let same = person.browser.visit(&url).await;
    let other = grace.browser.visit(&url).await;
    let origin = "https://login.microsoftonline.com";
    let path = format!("/saml/{DOMAIN}/sso");
    let posted = person.browser.post_from(origin, &path, &[("SAMLRequest", &post)]).await;
    let posted = person.browser.follow(posted).await;

    same.assert_refused(410, "the same browser");
    other.assert_refused(410, "another session");
    posted.assert_refused(410, "by the other binding");
    world.unchanged_but(&before, &["#REQUEST#"], "a replay").await;
    let mut stranger = world.browser();
    stranger.visit(&url).await.assert_refused(410, "another browser");
    let landed = stranger.land(&AuthnRequest::new("_once", world.now())).await;
    let page = stranger.follow(landed).await;
    let page = stranger.sign_in(&page, &mut person.authenticator).await;
    page.assert_refused(410, "another browser, by a ceremony");
    world.unchanged_but(&before, &["#REQUEST#"], "a replay by a ceremony").await;
}

#[tokio::test]
async fn a_reload_before_the_answer_works_and_the_other_page_is_over_with_it() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut browser = world.browser();
    let url = world.sso("_reload");

    let first = browser.visit(&url).await;
    let second = browser.visit(&url).await;
    let third = browser.visit(&first.action()).await;
    assert_ne!(first.options(), third.options(), "each page has a challenge of its own");
    let answered = browser.sign_in(&second, &mut person.authenticator).await;
    let before = world.quiet().await;
    let late = browser.sign_in(&third, &mut person.authenticator).await;

    let (_, response, _) = answered.answer().expect("an answer");
    assert_eq!(between(&decode(&response), "InResponseTo=\"", "\""), Some("_reload"));
    late.assert_refused(410, "the other page");
    world.unchanged_since(&before, "the other page").await;
}

#[tokio::test]
async fn a_form_sent_twice_at_once_is_answered_once() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    for round in 0..3 {
        let mut one = world.browser();
        let page = one.visit(&world.sso(&format!("_twice-{round}"))).await;
        let response = person.authenticator.get(&page.options(), &world.base_url);
        let mut other = one.clone();
        let fields = [("response", response.as_str())];

        let (a, b) = tokio::join!(one.submit(&page, &fields), other.submit(&page, &fields));

        let (answered, refused) = if a.answer().is_some() { (a, b) } else { (b, a) };
        assert!(answered.answer().is_some(), "{}: {}", answered.status, answered.text);
        assert!(refused.answer().is_none(), "both were answered");
        let records = world.quiet().await;
        assert_eq!(records.count("#ANSWERED#"), round + 1);
        assert_eq!(records.count("SESSION#"), round + 2, "one of the enrolment, one a ceremony");
    }
}

#[tokio::test]
async fn a_form_sent_again_is_over() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_again")).await;
    let mut earlier = browser.clone();
    let response = person.authenticator.get(&page.options(), &world.base_url);
    assert!(browser.submit(&page, &[("response", &response)]).await.answer().is_some());
    let before = world.quiet().await;

    let without_cookie = browser.submit(&page, &[("response", &response)]).await;
    let with_cookie = earlier.submit(&page, &[("response", &response)]).await;

    without_cookie.assert_refused(403, "the request's cookie is gone");
    with_cookie.assert_refused(410, "the request is gone");
    world.unchanged_since(&before, "a form sent again").await;
}
