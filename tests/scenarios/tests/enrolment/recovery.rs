//! The code that was written down.

use scenarios::{Page, World};

/// Types an address and a recovery code in a browser of its own.
async fn recover(world: &World, address: &str, code: &str) -> Page {
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_recover")).await;
    let page = browser.visit(&format!("{}/recover", page.action())).await;
    browser.submit(&page, &[("address", address), ("code", code)]).await
}

/// A page without what is random: its tokens.
fn without_tokens(page: &Page) -> String {
    let tokens = [page.field("csrf"), page.action().split('/').nth(3).map(str::to_owned)];
    tokens.into_iter().flatten().fold(page.text.clone(), |text, token| text.replace(&token, "T"))
}

#[tokio::test]
async fn a_wrong_recovery_code_says_the_same_whoever_has_the_address() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let grace = world.person("grace").await;
    let blocked = world.person("blocked").await;
    world.block(&blocked.user).await;
    world.user("new").await;
    let own = ada.recovery_code.as_str();
    let before = world.quiet().await;
    let cases = [
        ("ada@contoso.test", grace.recovery_code.as_str()),
        ("ada@contoso.test", "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE"),
        ("ada@contoso.test", ""),
        ("ada@contoso.test", "x"),
        ("grace@contoso.test", own),
        ("new@contoso.test", own),
        ("blocked@contoso.test", blocked.recovery_code.as_str()),
        ("nobody@contoso.test", own),
    ];
    let mut first = None;
    // A warm function has read whose domain it is.
    recover(&world, "warm@contoso.test", own).await;
    world.login.calls();
    for (address, code) in cases {
        let page = recover(&world, address, code).await;

        assert_eq!(page.status, 200, "{address} {code}");
        assert!(page.notice().is_some(), "{address} {code}: {}", page.text);
        let seen = (without_tokens(&page), world.login.calls());
        assert_eq!(&seen, first.get_or_insert_with(|| seen.clone()), "{address} {code}");
    }
    world.unchanged_but(&before, &["#REQUEST#", "#LIMIT#"], "a wrong recovery code").await;
    recover(&world, "ADA@contoso.test", &own.to_lowercase()).await.options();
}

#[tokio::test]
async fn five_wrong_recovery_codes_an_hour_are_judged_and_a_right_one_always() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let wrong = "ABCDE-ABCDE-ABCDE-ABCDE-ABCDE";
    let mut refused = Vec::new();
    for address in ["ada@contoso.test", "nobody@contoso.test"] {
        let before = world.quiet().await;
        for _ in 0..5 {
            let page = recover(&world, address, wrong).await;
            assert_eq!(page.status, 200, "{address}");
        }
        assert_eq!(world.refusals_since(&before).await, ["recovery_code_wrong"; 5], "{address}");
        let before = world.quiet().await;
        let page = recover(&world, address, wrong).await;
        page.assert_refused(429, address);
        refused.push(page.text);
        recover(&world, address, wrong).await.assert_refused(429, address);
        world.unchanged_but(&before, &["#REQUEST#", "#LIMIT#TOLD#"], address).await;
        let told = world.refusals_since(&before).await;
        assert_eq!(told, ["recovery_codes_tried_too_often"], "{address}: once an hour");
    }
    assert_eq!(refused[0], refused[1]);
    // Nobody locks somebody out whose code is right.
    recover(&world, "ada@contoso.test", &ada.recovery_code).await.options();
    world.clock.pass(jiff::SignedDuration::from_hours(1));
    assert_eq!(recover(&world, "nobody@contoso.test", wrong).await.status, 200);
}
