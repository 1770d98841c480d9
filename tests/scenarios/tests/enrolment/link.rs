//! One-time links.

use jiff::SignedDuration;
use scenarios::{Authenticator, World};

/// What says that a refusal was audited already.
const TOLD: [&str; 1] = ["#LIMIT#TOLD#"];

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let before = world.records().await;

    for _ in 0..3 {
        let page = world.browser().visit(&link).await;
        assert_eq!(page.status, 200);
        page.assert_guarded("a link");
        assert!(!page.text.contains("ada"), "it tells nobody whose it is");
    }

    assert!(world.records().await == before, "a mail scanner's visit was written down");
    world.enrolled(&world.contoso(), user).await;
}

#[tokio::test]
async fn a_used_link_is_over() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let mut browser = world.browser();
    let button = browser.visit(&link).await;
    let page = browser.submit(&button, &[]).await;
    browser.register(&page, &mut Authenticator::default()).await;
    let before = world.quiet().await;

    world.browser().visit(&link).await.assert_refused(410, "its page");
    browser.visit(&link).await.assert_refused(410, "its page, in its own browser");
    browser.submit(&button, &[]).await.assert_refused(410, "its button");

    world.unchanged_but(&before, &TOLD, "a used link").await;
    assert_eq!(world.refusals_since(&before).await, ["link_over"], "once an hour");
    let told = world.quiet().await;
    world.clock.pass(SignedDuration::from_hours(1));
    world.browser().visit(&link).await.assert_refused(410, "an hour later");
    assert_eq!(world.refusals_since(&told).await, ["link_over"], "the next hour");
    let entries = world.quiet().await.audit();
    let subject = user.id.to_string();
    assert_eq!(entries.last().unwrap()["subject"], subject.as_str(), "whom it would have enrolled");
}

#[tokio::test]
async fn a_link_holds_for_a_day_and_not_an_instant_longer() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let mut authenticator = Authenticator::default();
    let (mut early, mut late) = (world.browser(), world.browser());

    world.clock.pass(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    let button = early.visit(&link).await;
    let page = early.submit(&button, &[]).await;
    let late_button = late.visit(&link).await;
    page.options();
    world.clock.pass(SignedDuration::from_secs(1));
    let before = world.quiet().await;

    late.submit(&late_button, &[]).await.assert_refused(410, "its button");
    late.visit(&link).await.assert_refused(410, "its page");
    early.visit(&page.action()).await.assert_refused(410, "the page behind it");
    let registered = early.register(&page, &mut authenticator).await;
    registered.assert_refused(410, "the registration behind it");
    world.unchanged_but(&before, &TOLD, "a link that is over").await;
    let refused = world.refusals_since(&before).await;
    assert_eq!(refused, ["link_over"; 3], "the link once an hour, what it opened each time");
    world.clock.pass(SignedDuration::from_hours(24 * 7));
    let before = world.quiet().await;
    late.visit(&link).await.assert_refused(410, "nobody knows it any more");
    world.unwritten_since(&before, "a forgotten link").await;
}

#[tokio::test]
async fn a_link_opened_twice_registers_one_passkey() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let (mut one, mut other) = (world.browser(), world.browser());
    let first = one.open_link(&link).await;
    let second = other.open_link(&link).await;
    let (mut a, mut b) = (Authenticator::default(), Authenticator::default());

    let (left, right) = tokio::join!(one.register(&first, &mut a), other.register(&second, &mut b));

    let shown = [&left, &right].map(|page| page.recovery_code().is_some());
    assert_eq!(shown.iter().filter(|shown| **shown).count(), 1, "{} {}", left.text, right.text);
    let records = world.quiet().await;
    assert_eq!(records.count("PASSKEY#"), 1);
    assert_eq!(records.count("SESSION#"), 1);
    assert_eq!(records.count("#CREDENTIAL#"), 1);
    let (loser, page) = if shown[0] { (&mut other, &second) } else { (&mut one, &first) };
    let again = loser.register(page, &mut Authenticator::default()).await;
    again.assert_refused(410, "the other browser");
    assert_eq!(world.records().await.count("PASSKEY#"), 1);
}

#[tokio::test]
async fn a_second_passkey_by_link_keeps_the_first() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let link = world.link(&world.contoso(), &person.user).await;
    let mut browser = world.browser();
    let page = browser.open_link(&link).await;
    let mut second = Authenticator::default();
    let options: serde_json::Value = serde_json::from_str(&page.options()).unwrap();
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1, "{options}");
    let page = browser.register(&page, &mut second).await;
    assert!(page.recovery_code().is_some_and(|code| code != person.recovery_code));

    assert_eq!(world.quiet().await.count("PASSKEY#"), 2);
    for (authenticator, id) in [(&mut person.authenticator, "_1"), (&mut second, "_2")] {
        let mut browser = world.browser();
        let page = browser.visit(&world.sso(id)).await;
        assert!(browser.sign_in(&page, authenticator).await.answer().is_some(), "{id}");
    }
}

#[tokio::test]
async fn a_link_that_is_none_is_over() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let before = world.records().await;
    let (base, token) = link.rsplit_once('/').unwrap();
    let changed = if token.starts_with('A') { "B" } else { "A" };
    let cases = [
        format!("{base}/{changed}{}", &token[1..]),
        format!("{base}/{}", &token[1..]),
        format!("{base}/{token}A"),
        format!("{base}/x"),
        format!("{}/enrol/x/link/{token}", world.base_url),
    ];
    for case in cases {
        world.browser().visit(&case).await.assert_refused(410, &case);
    }
    // Whoever invents tokens fills no table.
    world.unwritten_since(&before, "a link that is none").await;
}

#[tokio::test]
async fn a_link_of_somebody_who_was_disabled_since_enrols_nobody() {
    let world = World::start().await;
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let (mut early, mut late) = (world.browser(), world.browser());
    let page = early.open_link(&link).await;
    world.block(&user).await;
    let before = world.quiet().await;

    let registered = early.register(&page, &mut Authenticator::default()).await;
    let opened = late.open_link(&link).await;

    registered.assert_refused(403, "its registration");
    opened.assert_refused(403, "its page");
    world.unchanged_but(&before, &["#REQUEST#"], "a disabled user's link").await;
    assert_eq!(world.refusals_since(&before).await, ["user_blocked"; 2]);
    assert_eq!(world.records().await.count("PASSKEY#"), 0);
}
