//! Two years with one certificate, and then with the next one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use scenarios::microsoft::{account, stands};
use scenarios::{Connector, Page, World};

/// Lets days pass, signs the administrator in, and looks whether tokens are given.
async fn days_later(olga: &mut Connector<'_>, days: i64) -> Page {
    let world = olga.world;
    world.clock.pass(SignedDuration::from_hours(24 * days));
    world.agree();
    let person = &mut olga.person;
    let page = person.browser.visit(&world.sso(&format!("_{days}"))).await;
    person.browser.sign_in(&page, &mut person.authenticator).await;
    olga.press("check").await
}

/// The next certificate, as the page offers it.
async fn next(olga: &mut Connector<'_>) -> String {
    let page = olga.page().await;
    assert!(page.text.contains("Upload this one too"), "{}", page.text);
    STANDARD.encode(olga.certificate_named("next").await)
}

#[tokio::test]
async fn a_next_certificate_that_was_uploaded_takes_over() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    assert!(!olga.page().await.text.contains("next.cer"), "it is not time yet");

    assert_eq!(stands(&days_later(&mut olga, 641).await), "Connected.");
    let next = next(&mut olga).await;
    olga.register(|application| application.certificates.push(next.clone())).await;
    assert_eq!(stands(&days_later(&mut olga, 60).await), "Connected.");
    // It is in use from thirty days before the end of the first one on, which is not needed any more.
    olga.register(|application| application.certificates = vec![next.clone()]).await;
    assert_eq!(stands(&days_later(&mut olga, 10).await), "Connected.");
    assert_eq!(stands(&days_later(&mut olga, 20).await), "Connected.");

    let page = olga.page().await;
    assert!(!page.text.contains("next.cer"), "the next one is the one in use: {}", page.text);
    assert_eq!(STANDARD.encode(olga.certificate_named("current").await), next);
}

#[tokio::test]
async fn a_certificate_that_works_is_used_to_its_end_where_the_next_one_was_not_uploaded() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;

    for (days, what) in [(641, "ninety days"), (60, "thirty days"), (28, "a day")] {
        let page = days_later(&mut olga, days).await;
        assert_eq!(stands(&page), "Connected.", "{what} before its end");
    }
    let next = next(&mut olga).await;
    days_later(&mut olga, 2).await.assert_refused(409, "it is over");
    olga.register(|application| application.certificates = vec![next.clone()]).await;

    let page = olga.connect("read-users", account::BOSS).await;

    assert_eq!(stands(&page), "Connected.");
}
