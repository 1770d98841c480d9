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
    let lies: [(&str, Lie); 8] = [
        ("no user verification", |page, origin| made(page, origin, |a| a.verifies = false)),
        ("another origin", |page, _| made(page, "https://evil.test", |_| ())),
        ("another challenge", |page, origin| {
            made(page, origin, |a| a.challenge = Some("A".repeat(43)))
        }),
        ("not discoverable", |page, origin| {
            changed(page, origin, |v| {
                v["clientExtensionResults"]["credProps"]["rk"] = Value::Bool(false);
            })
        }),
        ("a broken attestation", |page, origin| {
            changed(page, origin, |v| v["response"]["attestationObject"] = "oA".into())
        }),
        ("nothing", |_, _| String::new()),
        ("no JSON", |_, _| "{".to_owned()),
        ("100 kB of JSON", |_, _| format!("[{}0]", "0,".repeat(50_000))),
    ];
    let world = World::start().await;
    let (mut browser, mut page) = by_link(&world).await;
    for (what, lie) in lies {
        let before = world.quiet().await;
        let honest = made(&page, &world.base_url, |_| ());

        let asked = browser.submit(&page, &[("response", &lie(&page, &world.base_url))]).await;

        assert_eq!(asked.status, 200, "{what}: {}", asked.text);
        assert!(asked.notice().is_some(), "{what}");
        assert_ne!(asked.options(), page.options(), "{what}: the challenge is the same");
        world.unchanged_but(&before, &["#REQUEST#"], what).await;
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
    for (name, what) in [
        ("blocked", "disabled since"),
        ("enrolled", "enrolled elsewhere since"),
        ("changed", "their claim changed since"),
        ("promoted", "an administrator since"),
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
            _ => world.amend(&user, |user| user.role = Role::Administrator).await,
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
    }
    let reasons = world.records().await.audit();
    let refused = reasons.iter().filter(|entry| entry["action"] == "enrolment_refused").count();
    assert_eq!(refused, 8, "each refusal is audited");
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
    assert!(refused.text.contains("20 passkeys"), "{}", refused.text);
    world.unchanged_but(&before, &["#REQUEST#"], "the twenty-first").await;
    assert_eq!(passkeys().await, 20);
}
