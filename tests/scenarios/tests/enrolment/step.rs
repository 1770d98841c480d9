//! The steps of an enrolment, out of order and in other browsers.

use scenarios::World;

#[tokio::test]
async fn no_step_can_be_skipped() {
    let world = World::start().await;
    world.user("ada").await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_skip")).await;
    let (url, csrf) = (page.action(), page.field("csrf").unwrap());
    let csrf = ("csrf", csrf.as_str());
    let before = world.quiet().await;

    for step in ["code", "passkey"] {
        let page = browser.get(&format!("{url}/{step}")).await;
        assert_eq!(page.location().as_deref(), Some(url.as_str()), "{step}");
    }
    for (step, fields) in [
        ("code", &[csrf, ("code", "123456")][..]),
        ("resend", &[csrf][..]),
        ("passkey", &[csrf, ("response", "{}")][..]),
    ] {
        let page = browser.post(&format!("{url}/{step}"), fields).await;
        assert!(page.status == 303 || page.status == 410, "{step}: {}", page.status);
        assert_ne!(page.location(), Some(format!("{url}/passkey")), "{step}");
    }
    world.unchanged_since(&before, "a skipped step").await;

    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    world.code("ada@personal.test").await;
    let before = world.quiet().await;
    let early = browser.get(&format!("{url}/passkey")).await;
    assert_eq!(early.location().as_deref(), Some(url.as_str()), "before the code is typed");
    let early = browser.post(&format!("{url}/passkey"), &[csrf, ("response", "{}")]).await;
    early.assert_refused(410, "before the code is typed");
    world.unchanged_since(&before, "before the code is typed").await;
    page.assert_guarded("code");
}

#[tokio::test]
async fn only_the_browser_that_began_an_enrolment_goes_on_with_it() {
    let world = World::start().await;
    world.user("ada").await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_own")).await;
    let (url, csrf) = (page.action(), page.field("csrf").unwrap());
    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    let code = world.code("ada@personal.test").await;
    browser.submit(&page, &[("code", &code)]).await.options();
    let before = world.quiet().await;
    let mut other = world.browser();
    other.begin_enrolment(&world.sso("_other")).await;
    let own_half = other.cookie("r-").unwrap().1;
    let mut named = other.clone();
    named.cookies.insert(browser.cookie("r-").unwrap().0, own_half);

    let fields = [
        ("csrf", csrf.as_str()),
        ("code", code.as_str()),
        ("address", "ada@contoso.test"),
        ("response", "{}"),
    ];
    for thief in [&mut world.browser(), &mut other, &mut named] {
        for step in ["", "/code", "/recover", "/passkey"] {
            thief.get(&format!("{url}{step}")).await.assert_refused(403, step);
        }
        for step in ["", "/code", "/resend", "/recover", "/passkey"] {
            thief.post(&format!("{url}{step}"), &fields).await.assert_refused(403, step);
        }
    }
    world.unchanged_but(&before, &["#REQUEST#"], "another browser").await;
    browser.visit(&format!("{url}/passkey")).await.options();
}

#[tokio::test]
async fn what_somebody_was_in_the_middle_of_when_a_release_changed_its_shape_is_begun_again() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    world.user("grace").await;
    for kind in ["REQUEST", "ENROLMENT"] {
        let mut browser = world.browser();
        let page = browser.begin_enrolment(&world.sso(&format!("_{kind}"))).await;
        let page = browser.submit(&page, &[("address", "grace@contoso.test")]).await;
        let code = world.code("grace@personal.test").await;
        assert!(world.reshape(kind).await > 0);

        let answer = browser.submit(&page, &[("code", &code)]).await;
        answer.assert_refused(410, kind);
    }

    let mut browser = ada.browser.clone();
    browser.cookies.clear();
    let page = browser.visit(&world.sso("_sign_in")).await;
    assert!(world.reshape("REQUEST").await > 0);
    let answer = browser.sign_in(&page, &mut ada.authenticator).await;
    answer.assert_refused(410, "a sign-in");
    // Nothing is in the way of whoever begins again.
    let page = browser.visit(&world.sso("_again")).await;
    let answer = browser.sign_in(&page, &mut ada.authenticator).await;
    assert!(answer.answer().is_some(), "{}: {}", answer.status, answer.text);
}

#[tokio::test]
async fn sessions_and_links_of_a_former_shape_are_over() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let link = world.link(&world.contoso(), &ada.user).await;
    assert!(ada.browser.visit(&world.sso("_before")).await.answer().is_some());

    assert!(world.reshape("SESSION").await > 0);
    let page = ada.browser.visit(&world.sso("_after")).await;
    assert!(page.answer().is_none(), "whoever had one signs in again");
    assert!(ada.browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    assert!(ada.browser.visit(&world.sso("_again")).await.answer().is_some());

    assert!(world.reshape("LINK").await > 0);
    world.browser().get(&link).await.assert_refused(410, "a link");
}
