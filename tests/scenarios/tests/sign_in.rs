//! From Entra's redirect to a signed answer.

use jiff::SignedDuration;
use scenarios::saml::{between, decode};
use scenarios::{Authenticator, Browser, World};

/// Enrols by the code that is mailed, and ends on the page with the recovery code.
async fn enrol(world: &World, browser: &mut Browser, name: &str) -> Authenticator {
    let page = browser.visit(&world.sso(&format!("_enrol-{name}"))).await;
    let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = browser.visit(&format!("/enrol/{link}")).await;
    let page = browser.submit(&page, &[("address", &format!("{name}@contoso.test"))]).await;
    let code = world.code(&format!("{name}@personal.test")).await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let mut authenticator = Authenticator::default();
    let page = browser.register(&page, &mut authenticator).await;
    assert!(page.text.contains("-"), "{}", page.text);
    authenticator
}

#[tokio::test]
async fn somebody_enrols_by_a_mailed_code_and_goes_on_to_entra_signed_in() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_first")).await;
    let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = browser.visit(&format!("/enrol/{link}")).await;
    let page = browser.submit(&page, &[("address", "ADA@contoso.test")]).await;
    let code = world.code("ada@personal.test").await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    let link = between(&page.text, "href=\"/sign-in/", "\"").expect("a way on");
    let page = browser.visit(&format!("/sign-in/{link}")).await;

    let (action, response, relay_state) = page.answer().expect("an answer");
    let xml = decode(&response);
    assert_eq!(action, "https://entra.test/login.srf");
    assert_eq!(relay_state.as_deref(), Some("estsredirect=2&estsrequest=abc"));
    assert_eq!(between(&xml, "InResponseTo=\"", "\""), Some("_first"));
    assert!(xml.contains(user.anchor.unwrap().as_str()));
    assert!(xml.contains("http://schemas.microsoft.com/claims/multipleauthn"));
    world.mail("ada@contoso.test").await;
}

#[tokio::test]
async fn a_passkey_signs_in_and_its_session_answers_silently_until_it_ends() {
    let world = World::start().await;
    world.user("ada").await;
    let mut authenticator = enrol(&world, &mut world.browser(), "ada").await;
    let mut browser = world.browser();

    let page = browser.visit(&world.sso("_1")).await;
    let page = browser.sign_in(&page, &mut authenticator).await;
    let first = decode(&page.answer().expect("an answer").1);
    world.clock.pass(SignedDuration::from_hours(7));
    let silent = browser.visit(&world.sso("_2")).await;
    let second = decode(&silent.answer().expect("a silent answer").1);
    world.clock.pass(SignedDuration::from_hours(1));
    let over = browser.visit(&world.sso("_3")).await;

    let instant = |xml: &str| between(xml, "AuthnInstant=\"", "\"").unwrap().to_owned();
    assert_eq!(instant(&first), instant(&second), "the ceremony's own time");
    assert!(over.answer().is_none());
    over.options();
}

#[tokio::test]
async fn a_recovery_code_enrols_anew_once_and_is_replaced() {
    let world = World::start().await;
    world.user("ada").await;
    let mut browser = world.browser();
    let shown = enrol_and_read_recovery(&world, &mut browser, "ada").await;

    let first = recover(&world, "ada@contoso.test", &shown.to_lowercase()).await;
    let again = recover(&world, "ada@contoso.test", &shown).await;
    let stranger = recover(&world, "nobody@contoso.test", &shown).await;

    assert!(first.is_some(), "the code proves who it is");
    assert!(again.is_none(), "it was replaced");
    assert!(stranger.is_none());
}

/// Enrols, and answers the recovery code that is shown at the end.
async fn enrol_and_read_recovery(world: &World, browser: &mut Browser, name: &str) -> String {
    let page = browser.visit(&world.sso(&format!("_enrol-{name}"))).await;
    let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = browser.visit(&format!("/enrol/{link}")).await;
    let page = browser.submit(&page, &[("address", &format!("{name}@contoso.test"))]).await;
    let code = world.code(&format!("{name}@personal.test")).await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    recovery_code(&page.text).expect("a recovery code")
}

/// Recovers with a new authenticator, and answers the new code if the old one was good.
async fn recover(world: &World, address: &str, code: &str) -> Option<String> {
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_recover")).await;
    let link = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = browser.visit(&format!("/enrol/{link}/recover")).await;
    let page = browser.submit(&page, &[("address", address), ("code", code)]).await;
    if !page.text.contains("data-options") {
        return None;
    }
    let page = browser.register(&page, &mut Authenticator::default()).await;
    recovery_code(&page.text)
}

/// Five groups of five letters and digits.
fn recovery_code(text: &str) -> Option<String> {
    let of_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    let words = text.split(|c: char| !of_code(c));
    words
        .into_iter()
        .find(|word| word.len() == 29 && word.matches('-').count() == 4)
        .map(str::to_owned)
}
