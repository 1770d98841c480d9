//! Answers to a challenge that sign nobody in, and that the challenge does not survive.

use jiff::SignedDuration;
use scenarios::{Authenticator, Browser, Page, Person, World};
use serde_json::Value;

/// A page that asks again: 200, another challenge, and nobody signed in.
fn assert_asks_again(page: &Page, earlier: &str, what: &str) {
    assert_eq!(page.status, 200, "{what}: {}", page.text);
    page.assert_guarded(what);
    assert!(page.answer().is_none(), "{what}: it answers");
    assert_ne!(page.options(), earlier, "{what}: the challenge is the same");
    assert!(page.text.contains("role=\"alert\">"), "{what}: it does not say why");
}

/// An authenticator that made a passkey for somebody, which we never saw.
fn unknown(of: &Person, world: &World) -> Authenticator {
    let options = serde_json::json!({
        "rp": { "id": "localhost" },
        "user": { "id": base64(of.user.id.uuid().as_bytes()) },
        "challenge": "AAAA",
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
    });
    let mut authenticator = Authenticator::default();
    authenticator.create(&options.to_string(), &world.base_url);
    authenticator
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// What somebody does instead of answering honestly, and the word that the audit keeps of it.
type Lie = (&'static str, fn(&Scene, &Page) -> String, &'static str);

/// Two people, and how one of them answers honestly.
struct Scene {
    ada: std::sync::Mutex<Authenticator>,
    unknown: std::sync::Mutex<Authenticator>,
    grace: Vec<u8>,
    origin: String,
}

impl Scene {
    /// What the authenticator gives when something is wrong with it.
    fn with(&self, page: &Page, lie: impl FnOnce(&mut Authenticator)) -> String {
        let mut ada = self.ada.lock().unwrap();
        let honest = (ada.verifies, ada.counter);
        lie(&mut ada);
        let answer = ada.get(&page.options(), &self.origin);
        (ada.verifies, ada.counter) = (honest.0, honest.1 + 1);
        (ada.origin, ada.challenge, ada.user_handle) = (None, None, None);
        answer
    }

    /// An honest answer, changed afterwards.
    fn changed(&self, page: &Page, change: impl FnOnce(&mut Value)) -> String {
        let mut answer = serde_json::from_str(&self.with(page, |_| ())).unwrap();
        change(&mut answer);
        answer.to_string()
    }
}

const LIES: [Lie; 15] = [
    (
        "another origin",
        |scene, page| scene.with(page, |a| a.origin = Some("https://evil.test".to_owned())),
        "origin_other",
    ),
    (
        "the origin with another port",
        |scene, page| scene.with(page, |a| a.origin = Some("http://localhost:1".to_owned())),
        "origin_other",
    ),
    (
        "another challenge",
        |scene, page| scene.with(page, |a| a.challenge = Some("A".repeat(43))),
        "challenge_other",
    ),
    (
        "no user verification",
        |scene, page| scene.with(page, |a| a.verifies = false),
        "user_not_verified",
    ),
    (
        "the user handle of somebody else",
        |scene, page| scene.with(page, |a| a.user_handle = Some(scene.grace.clone())),
        "passkey_unknown",
    ),
    (
        "a user handle that is none",
        |scene, page| scene.with(page, |a| a.user_handle = Some(b"ada".to_vec())),
        "passkey_unknown",
    ),
    (
        "an empty user handle",
        |scene, page| scene.with(page, |a| a.user_handle = Some(Vec::new())),
        "passkey_unknown",
    ),
    (
        "no user handle",
        |scene, page| scene.changed(page, |v| v["response"]["userHandle"] = Value::Null),
        "passkey_unknown",
    ),
    (
        "a passkey that we never saw",
        |scene, page| scene.unknown.lock().unwrap().get(&page.options(), &scene.origin),
        "passkey_unknown",
    ),
    (
        "a signature of nothing",
        |scene, page| scene.changed(page, |v| v["response"]["signature"] = "MAYCAQECAQE".into()),
        "passkey_invalid",
    ),
    (
        "the answer of a registration",
        |scene, page| {
            scene.changed(page, |v| {
                v["response"]["attestationObject"] = v["response"]["authenticatorData"].take();
            })
        },
        "answer_malformed",
    ),
    ("nothing", |_, _| String::new(), "answer_malformed"),
    ("no JSON", |_, _| "{\"id\":".to_owned(), "answer_malformed"),
    ("other JSON", |_, _| "[null,1e999,{}]".to_owned(), "answer_malformed"),
    ("100 kB of JSON", |_, _| format!("[{}0]", "0,".repeat(50_000)), "answer_malformed"),
];

#[tokio::test]
async fn a_dishonest_answer_signs_nobody_in_and_its_challenge_is_spent() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let grace = world.person("grace").await;
    let scene = Scene {
        unknown: unknown(&ada, &world).into(),
        ada: ada.authenticator.into(),
        grace: grace.user.id.uuid().as_bytes().to_vec(),
        origin: world.base_url.clone(),
    };
    let mut browser = world.browser();
    let mut page = browser.visit(&world.sso("_lies")).await;

    for (what, lie, reason) in LIES {
        let before = world.quiet().await;
        let honest = scene.with(&page, |_| ());

        let asked = browser.submit(&page, &[("response", &lie(&scene, &page))]).await;

        assert_asks_again(&asked, &page.options(), what);
        world.unchanged_but(&before, &["#REQUEST#"], what).await;
        let after = world.records().await;
        let expected = ("sign_in_refused".to_owned(), Some(reason.to_owned()));
        assert_eq!(after.audited_since(&before), [expected], "{what}");
        // The refused answer's challenge is not good for an honest one either.
        page = browser.submit(&page, &[("response", &honest)]).await;
        assert_asks_again(&page, &asked.options(), what);
    }
    let page = browser.submit(&page, &[("response", &scene.with(&page, |_| ()))]).await;
    assert!(page.answer().is_some(), "an honest answer signs in: {}", page.text);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_audited() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    person.authenticator.counter = 10;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_10")).await;
    assert!(browser.sign_in(&page, &mut person.authenticator).await.answer().is_some());

    for (counter, id) in [(10, "_same"), (3, "_back"), (0, "_none")] {
        let mut browser = world.browser();
        person.authenticator.counter = counter;
        let page = browser.visit(&world.sso(id)).await;
        let honest = {
            person.authenticator.counter = 100;
            person.authenticator.get(&page.options(), &world.base_url)
        };
        person.authenticator.counter = counter;
        let before = world.quiet().await;

        let refused = browser.sign_in(&page, &mut person.authenticator).await;

        refused.assert_refused(403, id);
        world.unchanged_but(&before, &["#REQUEST#"], id).await;
        let audited = world.records().await.audited_since(&before);
        let expected = ("passkey_cloned".to_owned(), Some("passkey_cloned".to_owned()));
        assert_eq!(audited, [expected], "{id}");
        let again = browser.submit(&page, &[("response", &honest)]).await;
        assert!(again.answer().is_none(), "{id}: the challenge is spent");
    }
    person.authenticator.counter = 12;
    let (mut browser, page) = browser_page(&world, "_on").await;
    let page = browser.sign_in(&page, &mut person.authenticator).await;
    assert!(page.answer().is_some(), "the passkey itself goes on: {}", page.text);
}

async fn browser_page(world: &World, id: &str) -> (Browser, Page) {
    let mut browser = world.browser();
    let page = browser.visit(&world.sso(id)).await;
    (browser, page)
}

#[tokio::test]
async fn a_challenge_may_be_answered_for_five_minutes() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let (mut browser, page) = browser_page(&world, "_late").await;
    world.clock.pass(SignedDuration::from_mins(5));
    let before = world.quiet().await;

    let late = browser.sign_in(&page, &mut person.authenticator).await;

    assert_asks_again(&late, &page.options(), "after five minutes");
    world.unchanged_but(&before, &["#REQUEST#"], "after five minutes").await;
    let expected = ("sign_in_refused".to_owned(), Some("challenge_over".to_owned()));
    assert_eq!(world.records().await.audited_since(&before), [expected]);
    world.clock.pass(SignedDuration::from_mins(5) - SignedDuration::from_nanos(1));
    let page = browser.sign_in(&late, &mut person.authenticator).await;
    assert!(page.answer().is_some(), "just before: {}", page.text);
}

#[tokio::test]
async fn a_request_is_over_after_half_an_hour() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let (mut browser, page) = browser_page(&world, "_over").await;
    world.clock.pass(SignedDuration::from_mins(30));
    let before = world.quiet().await;

    let late = browser.sign_in(&page, &mut person.authenticator).await;
    let resumed = browser.visit(&page.action()).await;

    late.assert_refused(410, "its form");
    resumed.assert_refused(410, "its page");
    world.unchanged_since(&before, "a request that is over").await;
}

#[tokio::test]
async fn only_the_browser_that_began_a_request_goes_on_with_it() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let (mut victim, page) = browser_page(&world, "_victim").await;
    let (mut attacker, own) = browser_page(&world, "_attacker").await;
    let before = world.quiet().await;
    let response = person.authenticator.get(&page.options(), &world.base_url);
    let fields = [("response", response.as_str())];

    let without = world.browser().submit(&page, &fields).await;
    without.assert_refused(403, "no cookie");
    world.browser().visit(&page.action()).await.assert_refused(403, "no cookie, its page");
    attacker.submit(&page, &fields).await.assert_refused(403, "the cookie of another request");

    // The right name with the half of another browser.
    let (name, _) = victim.cookie("r-").unwrap();
    let (_, other) = attacker.cookie("r-").unwrap();
    attacker.cookies.insert(name.clone(), other.clone());
    let csrf = own.field("csrf").unwrap();
    let crossed = [("csrf", csrf.as_str()), ("response", response.as_str())];
    attacker.post(&page.action(), &crossed).await.assert_refused(403, "another browser's half");
    attacker.visit(&page.action()).await.assert_refused(403, "another browser's half, its page");
    for broken in ["", "x", &other[..42], &format!("{other}A")] {
        attacker.cookies.insert(name.clone(), broken.to_owned());
        attacker.submit(&page, &fields).await.assert_refused(403, "a broken half");
    }
    for broken in ["x".to_owned(), "A".repeat(43), format!("{}A", page.action())] {
        let path = format!("/sign-in/contoso.test/{}", broken.rsplit('/').next().unwrap());
        let refused = victim.visit(&path).await;
        let status = if broken.len() == 43 { 403 } else { 410 };
        refused.assert_refused(status, &broken);
    }
    world.unchanged_since(&before, "another browser").await;

    let page = victim.submit(&page, &fields).await;
    assert!(page.answer().is_some(), "its own browser goes on: {}", page.text);
}

/// A landed POST carries no cookie of ours; only who landed it may go on.
#[tokio::test]
async fn only_the_browser_that_landed_a_post_goes_on_with_it() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let request = scenarios::saml::AuthnRequest::new("_landed", world.now()).form_value();
    let path = format!("/saml/{}/sso", scenarios::world::DOMAIN);
    let mut attacker = world.browser();
    let fields = [("SAMLRequest", request.as_str())];
    let landed = attacker.post_from("https://evil.test", &path, &fields).await;
    let url = landed.location().unwrap();
    let before = world.quiet().await;

    // Somebody with a session follows the attacker's link.
    person.browser.visit(&url).await.assert_refused(403, "another browser with a session");
    world.browser().visit(&url).await.assert_refused(403, "another browser");

    world.unchanged_since(&before, "a landed POST in another browser").await;
    attacker.follow(landed).await.options();
}
