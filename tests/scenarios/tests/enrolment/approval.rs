//! A personal address that changed lately waits.

use jiff::SignedDuration;
use scenarios::{Browser, Page, World};
use serde_json::json;

async fn ask(world: &World, id: &str) -> (Browser, Page) {
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso(id)).await;
    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    (browser, page)
}

/// Whoever reaches an account of Entra's directory changes the claim first, and enrols second.
#[tokio::test]
async fn a_claim_that_changed_within_a_day_waits_and_every_administrator_is_told() {
    let world = World::start().await;
    let changed = world.now();
    world.user_with("ada", |user| user.claim_changed_at = Some(changed)).await;
    world.administrator("root").await;
    world.clock.pass(SignedDuration::from_hours(24) - SignedDuration::from_mins(5));

    ask(&world, "_waits").await;
    let waits = |entry: &serde_json::Value| {
        entry["action"] == "enrolment_waits" && entry["reason"] == "claim_changed_lately"
    };
    world.until("it waits", |records| records.audit().iter().any(waits)).await;
    world.clock.pass(SignedDuration::from_mins(5) - SignedDuration::from_nanos(1));
    world.sweep().await;

    for administrator in ["admin@contoso.test", "root@contoso.test"] {
        let mail = world.mail(administrator).await;
        assert!(mail.text.unwrap().contains("ada@contoso.test"), "{administrator}");
    }
    world.quiet().await;
    assert!(world.mails("ada@personal.test").is_empty());
    world.clock.pass(SignedDuration::from_nanos(1));
    let (mut browser, page) = ask(&world, "_settled").await;
    let code = world.code("ada@personal.test").await;
    browser.submit(&page, &[("code", &code)]).await.options();
}

#[tokio::test]
async fn an_approved_address_enrols_at_once() {
    let world = World::start().await;
    let changed = world.now();
    world.user_with("ada", |user| user.claim_changed_at = Some(changed)).await;
    let before = world.quiet().await;
    let approve = json!({
        "action": "approve", "domain": "contoso.test", "email": "ada@contoso.test"
    });

    for _ in 0..2 {
        let approved = world.operate(approve.clone()).await.unwrap();
        assert_eq!(approved["personal_email"], "ada@personal.test");
    }

    let after = world.records().await.audited_since(&before);
    assert_eq!(after, [("claim_approved".to_owned(), None)], "once");
    let (mut browser, page) = ask(&world, "_approved").await;
    let code = world.code("ada@personal.test").await;
    browser.submit(&page, &[("code", &code)]).await.options();
}
