//! The passkey at the end of an enrolment.

use identity::Role;
use jiff::SignedDuration;
use scenarios::{Authenticator, Browser, Page, World};
use serde_json::Value;

/// Ada, on the page that asks for a passkey, by a link.
async fn by_link(world: &World) -> (Browser, Page) {
    let user = world.user("ada").await;
    let link = world.link(&world.contoso(), &user).await;
    let mut browser = world.browser();
    let page = browser.open_link(&link).await;
    (browser, page)
}

#[tokio::test]
async fn a_dishonest_registration_stores_nothing_and_its_challenge_is_spent() {
    type Lie = fn(&Page, &str) -> String;
    fn made(page: &Page, origin: &str, lie: impl FnOnce(&mut Authenticator)) -> String {
        let mut authenticator = Authenticator::default();
        lie(&mut authenticator);
        authenticator.create(&page.options(), origin)
    }
    fn changed(page: &Page, origin: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut answer = serde_json::from_str(&made(page, origin, |_| ())).unwrap();
        change(&mut answer);
        answer.to_string()
    }
    let lies: [(&str, Lie, &str); 8] = [
        // what is wrong, the answer, what the audit says
        (
            "no user verification",
            |page, origin| made(page, origin, |a| a.verifies = false),
            "user_not_verified",
        ),
        ("another origin", |page, _| made(page, "https://evil.test", |_| ()), "origin_other"),
        (
            "another challenge",
            |page, origin| made(page, origin, |a| a.challenge = Some("A".repeat(43))),
            "challenge_other",
        ),
        (
            "not discoverable",
            |page, origin| {
                changed(page, origin, |v| {
                    v["clientExtensionResults"]["credProps"]["rk"] = Value::Bool(false);
                })
            },
            "passkey_not_discoverable",
        ),
        (
            "a broken attestation",
            |page, origin| {
                changed(page, origin, |v| v["response"]["attestationObject"] = "oA".into())
            },
            "passkey_invalid",
        ),
        ("nothing", |_, _| String::new(), "answer_malformed"),
        ("no JSON", |_, _| "{".to_owned(), "answer_malformed"),
        ("100 kB of JSON", |_, _| format!("[{}0]", "0,".repeat(50_000)), "answer_malformed"),
    ];
    let world = World::start().await;
    let (mut browser, mut page) = by_link(&world).await;
    for (what, lie, reason) in lies {
        let before = world.quiet().await;
        let honest = made(&page, &world.base_url, |_| ());

        let asked = browser.submit(&page, &[("response", &lie(&page, &world.base_url))]).await;

        assert_eq!(asked.status, 200, "{what}: {}", asked.text);
        assert!(asked.notice().is_some(), "{what}");
        assert_ne!(asked.options(), page.options(), "{what}: the challenge is the same");
        world.unchanged_but(&before, &["#REQUEST#"], what).await;
        assert_eq!(world.refusals_since(&before).await, [reason], "{what}");
        page = browser.submit(&page, &[("response", &honest)]).await;
        assert!(page.recovery_code_shown().is_none(), "{what}: the challenge was good again");
        world.unchanged_but(&before, &["#REQUEST#"], what).await;
    }
    let done = browser.register(&page, &mut Authenticator::default()).await;
    assert!(done.recovery_code().is_some(), "{}", done.text);
}

/// The recovery code, on a page that may have none.
trait Shown {
    fn recovery_code_shown(&self) -> Option<String>;
}

impl Shown for Page {
    fn recovery_code_shown(&self) -> Option<String> {
        if self.text.contains("data-options") { None } else { self.recovery_code() }
    }
}

#[tokio::test]
async fn a_registration_may_take_five_minutes() {
    let world = World::start().await;
    let (mut browser, page) = by_link(&world).await;
    world.clock.pass(SignedDuration::from_mins(5));
    let before = world.quiet().await;

    let late = browser.register(&page, &mut Authenticator::default()).await;

    assert!(late.notice().is_some(), "{}", late.text);
    world.unchanged_but(&before, &["#REQUEST#"], "after five minutes").await;
    assert_eq!(world.refusals_since(&before).await, ["challenge_over"]);
    world.clock.pass(SignedDuration::from_mins(5) - SignedDuration::from_nanos(1));
    let done = browser.register(&late, &mut Authenticator::default()).await;
    assert!(done.recovery_code().is_some(), "just before: {}", done.text);
}

#[tokio::test]
async fn a_registration_sent_twice_registers_once() {
    let world = World::start().await;
    let (mut one, page) = by_link(&world).await;
    let response = Authenticator::default().create(&page.options(), &world.base_url);
    let fields = [("label", "Key"), ("response", response.as_str())];
    let mut other = one.clone();

    let (a, b) = tokio::join!(one.submit(&page, &fields), other.submit(&page, &fields));
    let before = world.quiet().await;
    let again = one.submit(&page, &fields).await;

    let shown = [&a, &b].into_iter().filter_map(Shown::recovery_code_shown).count();
    assert_eq!(shown, 1, "{} {}", a.text, b.text);
    assert_eq!(before.count("PASSKEY#"), 1);
    assert_eq!(before.count("SESSION#"), 1);
    again.assert_refused(410, "once more");
    world.unchanged_since(&before, "once more").await;
}

#[tokio::test]
async fn an_enrolment_is_reported_to_the_work_address() {
    let world = World::start().await;
    let (mut browser, page) = by_link(&world).await;
    let response = Authenticator::default().create(&page.options(), &world.base_url);
    let fields = [("label", "My own key"), ("response", response.as_str())];

    browser.submit(&page, &fields).await;

    let mail = world.mail("ada@contoso.test").await;
    assert!(mail.text.unwrap().contains("My own key"));
    world.quiet().await;
    assert_eq!(world.mails("ada@contoso.test").len(), 1);
    assert!(world.mails("ada@personal.test").is_empty(), "the claim may be the thief's");
}

#[tokio::test]
async fn much_may_happen_between_a_code_and_its_passkey() {
    let world = World::start().await;
    for (name, what, reason) in [
        ("blocked", "disabled since", "user_blocked"),
        ("enrolled", "enrolled elsewhere since", "enrolled_before"),
        ("changed", "their claim changed since", "claim_changed_lately"),
        ("promoted", "an administrator since", "administrator"),
        ("bare", "their claim was taken away since", "no_claim"),
    ] {
        let user = world.user(name).await;
        let mut browser = world.browser();
        let page = browser.begin_enrolment(&world.sso(&format!("_{name}"))).await;
        let page = browser.submit(&page, &[("address", user.user_name.as_str())]).await;
        let code = world.code(&format!("{name}@personal.test")).await;
        let page = browser.submit(&page, &[("code", &code)]).await;
        page.options();
        match name {
            "blocked" => world.block(&user).await,
            "enrolled" => drop(world.enrolled(&world.contoso(), user.clone()).await),
            "changed" => {
                let now = world.now();
                world.amend(&user, |user| user.claim_changed_at = Some(now)).await;
            }
            "promoted" => world.amend(&user, |user| user.role = Role::Administrator).await,
            _ => world.amend(&user, |user| user.personal_email = None).await,
        }
        let before = world.quiet().await;

        let registered = browser.register(&page, &mut Authenticator::default()).await;
        let shown = browser.visit(&page.action()).await;

        for refused in [registered, shown] {
            refused.assert_refused(403, what);
            // They have proven who they are: what they wait for is no secret to them.
            let waits = refused.text.contains("An administrator has to approve this");
            assert_eq!(waits, name == "changed", "{what}: {}", refused.text);
        }
        world.unchanged_since(&before, what).await;
        assert_eq!(world.refusals_since(&before).await, [reason; 2], "{what}");
    }
}

#[tokio::test]
async fn what_was_pending_when_access_was_taken_enrols_nobody_when_it_comes_back() {
    let world = World::start().await;
    let (ada, grace) = (world.user("ada").await, world.user("grace").await);
    let alan = world.user("alan").await;
    // One is proven, one has a link, one has a code.
    let (mut proven, mut linked, mut coded) = (world.browser(), world.browser(), world.browser());
    let page = proven.begin_enrolment(&world.sso("_proven")).await;
    let page = proven.submit(&page, &[("address", "ada@contoso.test")]).await;
    let code = world.code("ada@personal.test").await;
    let proven_page = proven.submit(&page, &[("code", &code)]).await;
    let link = world.link(&world.contoso(), &grace).await;
    let page = coded.begin_enrolment(&world.sso("_coded")).await;
    let coded_page = coded.submit(&page, &[("address", "alan@contoso.test")]).await;
    let code = world.code("alan@personal.test").await;
    for user in [&ada, &grace, &alan] {
        world.clock.pass(SignedDuration::from_secs(1));
        world.block(user).await;
        world.unblock(user).await;
    }
    let before = world.quiet().await;

    let registered = proven.register(&proven_page, &mut Authenticator::default()).await;
    let opened = linked.open_link(&link).await;
    let typed = coded.submit(&coded_page, &[("code", &code)]).await;

    for (refused, what) in [(registered, "proven"), (opened, "a link"), (typed, "a code")] {
        refused.assert_refused(410, what);
    }
    let mut reasons = world.refusals_since(&before).await;
    reasons.sort();
    assert_eq!(reasons, ["code_over", "code_over", "link_over"]);
    assert_eq!(world.records().await.count("PASSKEY#"), 0);
    // Who begins anew gets on.
    let mut anew = world.browser();
    let page = anew.begin_enrolment(&world.sso("_anew")).await;
    let page = anew.submit(&page, &[("address", "ada@contoso.test")]).await;
    world.quiet().await;
    let code = world.code("ada@personal.test").await;
    let page = anew.submit(&page, &[("code", &code)]).await;
    let page = anew.register(&page, &mut Authenticator::default()).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
}

#[tokio::test]
async fn a_passkey_that_is_known_already_is_refused_and_audited() {
    let world = World::start().await;
    let copy = || {
        let mut authenticator = Authenticator::default();
        authenticator.credential_id = Some(vec![7; 32]);
        authenticator
    };
    let (mut browser, page) = by_link(&world).await;
    assert!(browser.register(&page, &mut copy()).await.recovery_code().is_some());
    let grace = world.user("grace").await;
    let mut other = world.browser();
    let page = other.open_link(&world.link(&world.contoso(), &grace).await).await;
    let before = world.quiet().await;

    let refused = other.register(&page, &mut copy()).await;

    assert!(refused.notice().is_some(), "{}", refused.text);
    world.unchanged_but(&before, &["#REQUEST#"], "a known credential").await;
    assert_eq!(world.refusals_since(&before).await, ["passkey_known"]);
}

#[tokio::test]
async fn a_user_has_at_most_twenty_passkeys() {
    let world = World::start().await;
    let ada = world.person("ada").await.user;
    let company = world.contoso();
    let passkeys = async || {
        let (org, now) = (world.organization, world.now());
        world.store.passkeys(org, ada.id, now).await.unwrap().len()
    };
    let asked = async || {
        let mut browser = world.browser();
        let page = browser.open_link(&world.link(&company, &ada).await).await;
        (browser, page)
    };
    for number in 2..=19 {
        let (mut browser, page) = asked().await;
        let done = browser.register(&page, &mut Authenticator::default()).await;
        assert!(done.recovery_code().is_some(), "{number}: {}", done.text);
    }
    let ((mut one, a), (mut other, b)) = (asked().await, asked().await);
    let link = world.link(&company, &ada).await;
    let (mut first, mut second) = (Authenticator::default(), Authenticator::default());

    let (a, b) = tokio::join!(one.register(&a, &mut first), other.register(&b, &mut second));

    let shown = [&a, &b].into_iter().filter(|page| page.status == 200).count();
    assert_eq!((shown, passkeys().await), (1, 20), "{} {}", a.text, b.text);
    let before = world.quiet().await;
    let refused = world.browser().open_link(&link).await;
    refused.assert_refused(403, "the twenty-first");
    assert_eq!(world.refusals_since(&before).await, ["too_many_passkeys"]);
    assert!(refused.text.contains("20 passkeys"), "{}", refused.text);
    world.unchanged_but(&before, &["#REQUEST#"], "the twenty-first").await;
    assert_eq!(passkeys().await, 20);
}
