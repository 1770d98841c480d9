//! A stolen copy of the table opens nothing.

use scenarios::{Authenticator, Browser, World};

/// Checks that none of these stands anywhere in the table.
async fn assert_absent(world: &World, when: &str, secrets: &[(&str, &str)]) {
    let words = world.quiet().await.words();
    assert!(words.len() > 50, "the table was read: {}", words.len());
    for (what, secret) in secrets {
        assert!(secret.len() >= 6, "{what} is a secret: {secret}");
        assert!(!words.contains(*secret), "{when}: the table holds {what}");
    }
    let text = words.into_iter().collect::<Vec<_>>().join("\n");
    for (what, secret) in secrets.iter().filter(|(_, secret)| secret.len() > 20) {
        assert!(!text.contains(secret), "{when}: the table holds {what} within something");
    }
}

/// The halves of requests and the session that a browser holds.
fn held(browser: &Browser) -> Vec<(&str, &str)> {
    let value = |value: &str| value.rsplit('.').next().unwrap().len() == 43;
    let cookies = browser.cookies.values().filter(|text| value(text));
    cookies.map(|text| ("a cookie", text.rsplit('.').next().unwrap())).collect()
}

#[tokio::test]
async fn no_secret_is_stored_in_clear_and_the_recovery_code_is_shown_once() {
    let world = World::start().await;
    world.user("ada").await;
    let mut browser = world.browser();
    let sign_in = browser.visit(&world.sso("_secret")).await;
    let ticket = sign_in.action().rsplit('/').next().unwrap().to_owned();
    let page = browser.visit(&format!("/enrol/{}/{ticket}", world.organization)).await;
    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    let code = world.code("ada@personal.test").await;
    let csrf = page.field("csrf").unwrap();
    let mut secrets = vec![("the ticket", ticket.as_str()), ("the token", csrf.as_str())];
    secrets.push(("the code", &code));
    secrets.extend(held(&browser));
    assert!(secrets.len() > 3);
    assert_absent(&world, "a code was mailed", &secrets).await;
    let halves = browser.clone();

    let page = browser.submit(&page, &[("code", &code)]).await;
    let mut authenticator = Authenticator::default();
    let shown = browser.register(&page, &mut authenticator).await;
    let recovery = shown.recovery_code().expect("a recovery code");
    let bare = recovery.replace('-', "");
    secrets = vec![("the recovery code", recovery.as_str()), ("its letters", bare.as_str())];
    secrets.push(("the code", &code));
    let registered = browser.clone();
    secrets.extend(held(&registered));
    secrets.extend(held(&halves));
    assert_absent(&world, "a passkey was registered", &secrets).await;
    for path in [page.action(), sign_in.action(), world.sso("_later")] {
        let later = browser.visit(&path).await;
        assert!(!later.text.contains(&recovery), "{path}: it is shown again");
    }

    let mut other = world.browser();
    let page = other.visit(&world.sso("_sign-in")).await;
    let page = other.sign_in(&page, &mut authenticator).await;
    let (_, response, _) = page.answer().expect("an answer");
    secrets.extend(held(&other));
    secrets.push(("the answer", &response));
    assert_absent(&world, "somebody signed in", &secrets).await;
}

#[tokio::test]
async fn a_links_token_is_never_stored() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let bootstrap = world.bootstrap["enrolment_url"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    let token = |link: &str| link.rsplit('/').next().unwrap().to_owned();
    let (link_token, bootstrap_token) = (token(&link), token(&bootstrap));
    let secrets = [("a link", &*link_token), ("the first link", &*bootstrap_token)];

    assert_absent(&world, "a link was handed out", &secrets).await;
    browser.visit(&link).await;
    assert_absent(&world, "a link was looked at", &secrets).await;
    browser.open_link(&link).await.options();
    assert_absent(&world, "a link was opened", &secrets).await;
}
