//! Nothing tells a stranger who exists.

use identity::{Block, Role, User};
use jiff::SignedDuration;
use scenarios::{Call, Page, Records, World};
use serde_json::Value;

/// What a stranger sees of a page: all of it but what is random each time.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
}

/// A page with every token of 43 characters replaced.
fn seen(page: &Page) -> Seen {
    let headers = page.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers
        .map(|(name, value)| (name.to_string(), without_tokens(value.to_str().unwrap())))
        .collect();
    Seen { status: page.status.as_u16(), headers, text: without_tokens(&page.text) }
}

fn without_tokens(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if of_token(c) {
            word.push(c);
        } else {
            out.push_str(if word.len() == 43 { "TOKEN" } else { &word });
            word.clear();
            out.push(c);
        }
    }
    out
}

/// Walks as far as a stranger gets with an address, and tells all that they see, and all that the
/// function did meanwhile.
async fn walk(world: &World, address: &str) -> (Vec<Seen>, Vec<Call>) {
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_stranger")).await;
    let csrf = page.field("csrf").unwrap();
    let url = page.action();
    world.login.calls();
    let mut pages = Vec::new();

    let fields = [("csrf", csrf.as_str()), ("address", address)];
    pages.push(browser.post(&url, &fields).await);
    settled(world).await;
    pages.push(browser.get(&format!("{url}/code")).await);
    for step in ["code", "code", "resend", "code", "code", "code", "code", "code", "code"] {
        let fields = [("csrf", csrf.as_str()), ("code", "000000")];
        pages.push(browser.post(&format!("{url}/{step}"), &fields).await);
        if step == "resend" {
            settled(world).await;
        }
    }
    pages.push(browser.get(&format!("{url}/code")).await);
    pages.push(browser.get(&format!("{url}/passkey")).await);
    pages.push(browser.get(&url).await);
    (pages.iter().map(seen).collect(), world.login.calls())
}

/// Waits until every code that was asked for is sent or not.
async fn settled(world: &World) {
    let is_code = |item: &Value| item["task"].get("send_code").is_some();
    let settled = |records: &Records| !records.values("#OUTBOX#").into_iter().any(is_code);
    world.until("the code is sent or not", settled).await;
}

#[tokio::test]
async fn whoever_has_the_address_or_nobody_the_stranger_sees_the_same() {
    type Change = fn(&mut User);
    let world = World::start().await;
    let kinds: [(&str, Change); 7] = [
        ("somebody", |_| ()),
        ("disabled", |user| user.blocks = [Block::Administrator].into()),
        ("administrator", |user| user.role = Role::Administrator),
        ("without-claim", |user| user.personal_email = None),
        ("changed", |user| user.claim_changed_at = Some(user.sessions_valid_from)),
        ("without-anchor", |user| user.anchor = None),
        ("enrolled", |user| user.enrolled_at = Some(user.sessions_valid_from)),
    ];
    for (name, change) in kinds {
        world.user_with(name, change).await;
    }
    let mut expected = None;
    let names = kinds.iter().map(|(name, _)| format!("{name}@contoso.test"));
    let nobody = ["nobody@contoso.test", "somebody@elsewhere.test", "admin@contoso.test"];

    for address in names.chain(nobody.map(str::to_owned)) {
        let (pages, calls) = walk(&world, &address).await;

        let (expected_pages, expected_calls) =
            expected.get_or_insert_with(|| (walked(&pages), calls.clone()));
        assert_eq!(&walked(&pages), expected_pages, "{address}");
        assert_eq!(&calls, expected_calls, "{address}: the function did something else");
        assert!(pages.iter().all(|page| !page.text.contains(&address)), "{address}: echoed");
    }
    let mailed = |name: &str| world.mails(&format!("{name}@personal.test")).len();
    assert_eq!(mailed("somebody"), 2, "one a try");
    assert_eq!(mailed("without-anchor"), 2, "one a try");
    for name in ["disabled", "administrator", "changed", "enrolled"] {
        assert_eq!(mailed(name), 0, "{name}");
    }
    let audit = world.records().await.audit();
    for reason in [
        "user_blocked",
        "administrator",
        "no_claim",
        "claim_changed_lately",
        "enrolled_before",
        "no_such_user",
    ] {
        assert!(audit.iter().any(|entry| entry["reason"] == reason), "{reason}: {audit:?}");
    }
}

/// What is compared, with the status first, so that a difference is found quickly.
fn walked(pages: &[Seen]) -> Vec<String> {
    pages.iter().map(|page| format!("{} {:?}\n{}", page.status, page.headers, page.text)).collect()
}

#[tokio::test]
async fn a_sixth_code_within_the_hour_is_refused_for_any_address_alike() {
    let world = World::start().await;
    world.user("ada").await;
    let mut refused = Vec::new();
    for address in ["ada@contoso.test", "nobody@contoso.test"] {
        let ask = async |spelling: &str| {
            let mut browser = world.browser();
            let page = browser.begin_enrolment(&world.sso("_limit")).await;
            let url = page.action();
            let csrf = page.field("csrf").unwrap();
            browser.post(&url, &[("csrf", &csrf), ("address", spelling)]).await
        };
        for spelling in [address, &address.to_uppercase(), address, address, address] {
            assert_eq!(ask(spelling).await.status, 303, "{spelling}");
        }
        let before = world.quiet().await;
        let page = ask(address).await;
        page.assert_refused(429, address);
        refused.push(seen(&page));
        ask(&address.to_uppercase()).await.assert_refused(429, address);
        world.unchanged_but(&before, &["#REQUEST#", "#LIMIT#TOLD#"], address).await;
        let told = world.refusals_since(&before).await;
        assert_eq!(told, ["codes_asked_too_often"], "{address}: once an hour");
    }
    assert_eq!(refused[0], refused[1]);
    assert_eq!(world.mails("ada@personal.test").len(), 5);

    world.clock.pass(SignedDuration::from_mins(60));
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_next-hour")).await;
    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    assert_eq!(page.status, 200, "the next hour: {}", page.text);
}

#[tokio::test]
async fn asking_again_on_the_page_counts_like_asking_anew() {
    let world = World::start().await;
    world.user("ada").await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_again")).await;
    let page = browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    let (resend, csrf) = (page.action().replace("/code", "/resend"), page.field("csrf").unwrap());
    world.quiet().await;
    for _ in 0..4 {
        assert_eq!(browser.post(&resend, &[("csrf", &csrf)]).await.status, 303);
        world.quiet().await;
    }
    let before = world.quiet().await;

    let page = browser.post(&resend, &[("csrf", &csrf)]).await;

    page.assert_refused(429, "the sixth");
    world.unchanged_but(&before, &["#LIMIT#TOLD#"], "the sixth").await;
    assert_eq!(world.refusals_since(&before).await, ["codes_asked_too_often"]);
    assert_eq!(world.mails("ada@personal.test").len(), 5);
}

#[tokio::test]
async fn what_is_no_address_is_asked_for_again_and_not_repeated() {
    let world = World::start().await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_unreadable")).await;
    let before = world.quiet().await;
    let long = format!("{}@contoso.test", "a".repeat(300));
    let cases = [
        "",
        "ada",
        "ada@",
        "ada@contoso",
        "\"><script>alert(1)</script>@contoso.test",
        "ada@contoso.test\r\nBcc: x@evil.test",
        &long,
    ];
    for typed in cases {
        let again = browser.submit(&page, &[("address", typed)]).await;

        assert_eq!(again.status, 200, "{typed}");
        assert!(again.notice().is_some(), "{typed}: {}", again.text);
        assert!(!again.text.contains("<script>alert") && !again.text.contains("evil"), "{typed}");
        assert!(typed.len() < 10 || !again.text.contains(typed), "{typed}");
    }
    world.unchanged_since(&before, "what is no address").await;
}
