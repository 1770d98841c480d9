//! Six digits by mail.

use jiff::SignedDuration;
use scenarios::{Browser, Page, World};

/// Whether a page says that something was wrong.
pub(crate) fn complains(page: &Page) -> bool {
    page.notice().is_some()
}

/// Another code than this one.
pub(crate) fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Asks for a code for `{name}@contoso.test` in a browser of its own.
async fn asked(world: &World, name: &str) -> (Browser, Page) {
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso(&format!("_{name}"))).await;
    let page = browser.submit(&page, &[("address", &format!("{name}@contoso.test"))]).await;
    (browser, page)
}

#[tokio::test]
async fn after_five_wrong_codes_the_right_one_is_wrong_too() {
    let world = World::start().await;
    world.user("ada").await;
    let (mut browser, page) = asked(&world, "ada").await;
    let code = world.code("ada@personal.test").await;
    let first = world.quiet().await;

    for typed in ["", "12345", "1234567", "abcdef", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}"] {
        let page = browser.submit(&page, &[("code", typed)]).await;
        assert!(complains(&page), "{typed}: {}", page.text);
    }
    world.unwritten_since(&first, "what is no code is no try").await;
    let mut last = page.clone();
    for _ in 0..5 {
        last = browser.submit(&page, &[("code", &wrong(&code))]).await;
        assert_eq!(last.status, 200);
        assert!(complains(&last), "{}", last.text);
    }
    let before = world.quiet().await;
    let right = browser.submit(&page, &[("code", &code)]).await;

    assert_eq!(right.text, last.text, "no more than after the last wrong one");
    assert!(browser.visit(&page.action().replace("/code", "/passkey")).await.status != 303);
    world.unchanged_since(&before, "the right code, too late").await;
    let refused = world.refusals_since(&first).await;
    let wrong = [&["code_tried_too_often"][..], &["code_wrong"; 4]].concat();
    assert_eq!(refused, wrong, "each try, and the end of the code once");
}

#[tokio::test]
async fn a_code_holds_for_ten_minutes_and_not_an_instant_longer() {
    let world = World::start().await;
    world.user("ada").await;
    world.user("grace").await;
    let (mut early, early_page) = asked(&world, "ada").await;
    let (mut late, late_page) = asked(&world, "grace").await;
    let in_time = world.code("ada@personal.test").await;
    let too_late = world.code("grace@personal.test").await;

    world.clock.pass(SignedDuration::from_mins(10) - SignedDuration::from_nanos(1));
    let good = early.submit(&early_page, &[("code", &in_time)]).await;
    world.clock.pass(SignedDuration::from_nanos(1));
    let before = world.quiet().await;
    let expired = late.submit(&late_page, &[("code", &too_late)]).await;
    let again = late.submit(&late_page, &[("code", &too_late)]).await;

    good.options();
    assert!(complains(&expired), "{}", expired.text);
    assert_eq!(again.text, expired.text);
    world.unchanged_but(&before, &["#REQUEST#"], "a code that is over").await;
    assert_eq!(world.refusals_since(&before).await, ["code_over"], "once");
    // Another one can be had in the same place.
    let resend = late_page.action().replace("/code", "/resend");
    let csrf = late_page.field("csrf").unwrap();
    let page = late.post(&resend, &[("csrf", &csrf)]).await;
    let page = late.follow(page).await;
    world.quiet().await;
    let [newest, _] = &world.mails("grace@personal.test")[..] else { panic!("two mails") };
    let page = late.submit(&page, &[("code", &scenarios::world::code_of(newest))]).await;
    page.options();
}

#[tokio::test]
async fn another_code_replaces_the_first() {
    let world = World::start().await;
    world.user("ada").await;
    let (mut browser, page) = asked(&world, "ada").await;
    let first = world.code("ada@personal.test").await;
    world.quiet().await;
    let resend = page.action().replace("/code", "/resend");
    let csrf = page.field("csrf").unwrap();
    let again = browser.post(&resend, &[("csrf", &csrf)]).await;
    let page = browser.follow(again).await;
    world.quiet().await;
    let mails = world.mails("ada@personal.test");
    assert_eq!(mails.len(), 2);
    let second = scenarios::world::code_of(&mails[0]);

    let old = browser.submit(&page, &[("code", &first)]).await;
    let new = browser.submit(&page, &[("code", &second)]).await;

    assert!(complains(&old), "{}", old.text);
    new.options();
}

#[tokio::test]
async fn a_code_proves_nothing_in_another_browser() {
    let world = World::start().await;
    world.user("ada").await;
    world.user("grace").await;
    let (mut ada, ada_page) = asked(&world, "ada").await;
    let (mut grace, grace_page) = asked(&world, "grace").await;
    let code = world.code("ada@personal.test").await;
    world.code("grace@personal.test").await;
    let before = world.quiet().await;

    let own = grace.submit(&grace_page, &[("code", &code)]).await;
    let stolen = grace.submit(&ada_page, &[("code", &code)]).await;

    assert!(complains(&own), "{}", own.text);
    stolen.assert_refused(403, "another browser's page");
    let tried = ["#REQUEST#", "#LIMIT#TRIES#"];
    world.unchanged_but(&before, &tried, "a code in another browser").await;
    ada.submit(&ada_page, &[("code", &code)]).await.options();
}

/// Were the person told, a stranger would know that the address is somebody's.
#[tokio::test]
async fn what_is_sent_while_the_mail_is_being_addressed_is_judged_all_the_same() {
    let world = World::start().await;
    world.user("ada").await;
    world.user("grace").await;
    let (mut browser, page) = asked(&world, "ada").await;
    let code = world.code("ada@personal.test").await;
    world.quiet().await;
    let meanwhile = || {
        world.login.fault(scenarios::Fault {
            operation: "TransactWriteItems",
            skip: 0,
            times: 1,
            effect: scenarios::Effect::Cancel("ConditionalCheckFailed"),
        });
    };

    meanwhile();
    let typed = browser.submit(&page, &[("code", &wrong(&code))]).await;
    world.login.mend_spent("the code");
    let right = browser.submit(&page, &[("code", &code)]).await;

    assert_eq!(typed.status, 200, "{}", typed.text);
    assert!(complains(&typed));
    right.options();
    for name in ["grace", "nobody"] {
        let (mut browser, page) = asked(&world, name).await;
        world.quiet().await;
        let (resend, csrf) = (page.action().replace("/code", "/resend"), page.field("csrf"));
        meanwhile();
        let again = browser.post(&resend, &[("csrf", &csrf.unwrap())]).await;
        world.login.mend_spent(name);
        assert_eq!(again.status, 303, "{name}: {}", again.text);
    }
}

#[tokio::test]
async fn an_address_is_tried_fifteen_times_a_day_and_no_more() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let before = world.quiet().await;
    let mailed = async || {
        let (browser, page) = asked(&world, "ada").await;
        world.quiet().await;
        (browser, page, world.code("ada@personal.test").await)
    };
    for _ in 0..3 {
        let (mut browser, mut page, code) = mailed().await;
        for _ in 0..5 {
            page = browser.submit(&page, &[("code", &wrong(&code))]).await;
        }
    }
    let tried = [&["code_tried_too_often"; 3][..], &["code_wrong"; 12]].concat();
    assert_eq!(world.refusals_since(&before).await, tried, "each wrong try is in the audit");

    let (mut browser, page, code) = mailed().await;
    let before = world.quiet().await;
    let right = browser.submit(&page, &[("code", &code)]).await;
    right.assert_refused(429, "the sixteenth try, though it is right");
    for _ in 0..3 {
        let page = browser.submit(&page, &[("code", &wrong(&code))]).await;
        page.assert_refused(429, "whoever goes on");
    }

    world.unchanged_but(&before, &["#LIMIT#TOLD#"], "past the limit").await;
    assert_eq!(world.refusals_since(&before).await, ["codes_tried_too_often"], "once a day");
    let entries = world.quiet().await.audit();
    let last = entries.iter().find(|entry| entry["reason"] == "codes_tried_too_often");
    assert_eq!(last.unwrap()["subject"], ada.id.to_string().as_str());
    world.clock.pass(SignedDuration::from_hours(24));
    let (mut browser, page, code) = mailed().await;
    browser.submit(&page, &[("code", &code)]).await.options();
}
