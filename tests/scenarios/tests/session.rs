//! What one ceremony lets a browser do, for how long, and for whom.

use jiff::SignedDuration;
use scenarios::saml::{AuthnRequest, between, decode, escape};
use scenarios::world::{DOMAIN, REPLY_URL};
use scenarios::{Browser, Page, World};

const MICROSOFT: &str = "https://login.microsoftonline.com";

/// When the answer says that the ceremony was.
fn authn_instant(page: &Page) -> String {
    let xml = decode(&page.answer().expect("an answer").1);
    between(&xml, "AuthnInstant=\"", "\"").unwrap().to_owned()
}

/// Brings a request of Entra's by POST, and goes on as browsers do.
async fn post(browser: &mut Browser, request: &AuthnRequest) -> Page {
    let fields = [("SAMLRequest", request.form_value()), ("RelayState", "state".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let landed = browser.post_from(MICROSOFT, &format!("/saml/{DOMAIN}/sso"), &fields).await;
    browser.follow(landed).await
}

#[tokio::test]
async fn a_session_answers_for_eight_hours_and_not_an_instant_longer() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let began = format!("{:.3}", world.now());

    world.clock.pass(SignedDuration::from_hours(8) - SignedDuration::from_nanos(1));
    let redirected = person.browser.visit(&world.sso("_1")).await;
    let posted = post(&mut person.browser, &AuthnRequest::new("_2", world.now())).await;
    world.clock.pass(SignedDuration::from_nanos(1));
    let before = world.quiet().await;
    let over = person.browser.visit(&world.sso("_3")).await;
    let posted_over = post(&mut person.browser, &AuthnRequest::new("_4", world.now())).await;

    assert_eq!(authn_instant(&redirected), began, "the ceremony's own time");
    assert_eq!(authn_instant(&posted), began, "the ceremony's own time");
    for page in [over, posted_over] {
        assert!(page.answer().is_none());
        page.options();
    }
    world.unchanged_but(&before, &["#REQUEST#"], "a session that is over").await;
}

#[tokio::test]
async fn blocking_a_user_ends_every_session_for_good() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    let mut second = world.browser();
    let page = second.visit(&world.sso("_second")).await;
    assert!(second.sign_in(&page, &mut person.authenticator).await.answer().is_some());
    world.clock.pass(SignedDuration::from_secs(1));

    world.block(&person.user).await;
    let before = world.quiet().await;
    for (browser, id) in [(&mut person.browser, "_a"), (&mut second, "_b")] {
        let page = browser.visit(&world.sso(id)).await;
        assert!(page.answer().is_none(), "{id}: blocked");
        let page = post(browser, &AuthnRequest::new(&format!("{id}-post"), world.now())).await;
        assert!(page.answer().is_none(), "{id}: blocked, by POST");
    }
    world.unchanged_but(&before, &["#REQUEST#"], "a blocked user").await;

    world.clock.pass(SignedDuration::from_secs(1));
    world.unblock(&person.user).await;
    for (browser, id) in [(&mut person.browser, "_c"), (&mut second, "_d")] {
        let page = browser.visit(&world.sso(id)).await;
        assert!(page.answer().is_none(), "{id}: an old session is not revived");
        let page = browser.sign_in(&page, &mut person.authenticator).await;
        assert!(page.answer().is_some(), "{id}: a ceremony begins a new one");
    }
}

#[tokio::test]
async fn a_forged_truncated_or_swapped_session_answers_nothing() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    let grace = world.person("grace").await;
    let (name, own) = ada.browser.cookie("s-").unwrap();
    let (_, hers) = grace.browser.cookie("s-").unwrap();
    let ((ada_id, ada_secret), (grace_id, grace_secret)) =
        (own.split_once('.').unwrap(), hers.split_once('.').unwrap());
    let flip = |text: &str| {
        let last = if text.ends_with('A') { "E" } else { "A" };
        format!("{}{last}", &text[..text.len() - 1])
    };
    let forged = "A".repeat(43);
    let cases = [
        ("another secret", format!("{ada_id}.{forged}")),
        ("a changed secret", format!("{ada_id}.{}", flip(ada_secret))),
        ("a truncated secret", own[..own.len() - 1].to_owned()),
        ("a longer secret", format!("{own}A")),
        ("no secret", ada_id.to_owned()),
        ("an empty secret", format!("{ada_id}.")),
        ("no user", format!(".{ada_secret}")),
        ("only a secret", ada_secret.to_owned()),
        ("one's id with the other's secret", format!("{ada_id}.{grace_secret}")),
        ("the other way round", format!("{grace_id}.{ada_secret}")),
        ("two secrets", format!("{own}.{grace_secret}")),
        ("a key of the table", format!("{ada_id}.SESSION#{ada_secret}")),
        ("nothing", String::new()),
        ("a sentence", "Robert'); DROP TABLE sessions;--".replace([' ', ';'], "_")),
    ];
    let before = world.quiet().await;
    for (position, (what, value)) in cases.into_iter().enumerate() {
        let mut browser = world.browser();
        browser.cookies.insert(name.clone(), value);

        let page = browser.visit(&world.sso(&format!("_{position}"))).await;

        assert!(page.answer().is_none(), "{what}");
        page.options();
    }
    let mut renamed = world.browser();
    for other in [format!("__Host-s-{}", ada_id), "__Host-s-".to_owned(), name.to_lowercase()] {
        renamed.cookies.insert(other, own.clone());
    }
    assert!(renamed.visit(&world.sso("_renamed")).await.answer().is_none(), "another name");
    world.unchanged_but(&before, &["#REQUEST#"], "a session that is none").await;
    let mut honest = world.browser();
    honest.cookies.insert(name, own);
    assert!(honest.visit(&world.sso("_honest")).await.answer().is_some(), "the cookie as it is");
}

#[tokio::test]
async fn a_ceremony_begins_a_session_of_its_own_whatever_the_browser_held() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let mut mallory = world.person("mallory").await;
    let (name, planted) = mallory.browser.cookie("s-").unwrap();
    let (mut browser, other) = (world.browser(), format!("{}.{}", ada.user.id, "A".repeat(43)));

    for (planted, id) in [(planted, "_1"), (other, "_2")] {
        browser.cookies.insert(name.clone(), planted.clone());
        let forced = AuthnRequest::new(id, world.now()).forced();
        world.clock.pass(SignedDuration::from_secs(1));
        let page = browser.visit(&world.sso_of(&forced)).await;
        let page = browser.sign_in(&page, &mut ada.authenticator).await;

        assert!(page.answer().is_some());
        let minted = browser.cookie("s-").unwrap();
        assert_ne!(minted, (name.clone(), planted.clone()));
        let mut holder = world.browser();
        holder.cookies.insert(name.clone(), planted);
        let page = holder.visit(&world.sso(&format!("{id}-planted"))).await;
        let anchor = ada.user.anchor.as_ref().unwrap().as_str();
        let signed_in = page.answer().map(|(_, response, _)| decode(&response));
        assert!(signed_in.is_none_or(|xml| !xml.contains(anchor)), "{id}: fixed beforehand");
    }
    let own = mallory.browser.visit(&world.sso("_mallory")).await;
    assert!(own.answer().is_some(), "the other's own session goes on");
    assert!(mallory.authenticator.counter > 0);
}

#[tokio::test]
async fn a_forced_sign_in_takes_a_ceremony_that_is_newer_than_the_request() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    world.clock.pass(SignedDuration::from_mins(1));
    let forced = |id: &str| AuthnRequest::new(id, world.now()).forced();
    let before = world.quiet().await;

    let asked = person.browser.visit(&world.sso_of(&forced("_1"))).await;
    let posted = post(&mut person.browser, &forced("_2")).await;
    let resumed = person.browser.visit(&asked.action()).await;

    for page in [&asked, &posted, &resumed] {
        assert!(page.answer().is_none(), "the session is older than the request");
        page.options();
    }
    world.unchanged_but(&before, &["#REQUEST#"], "a forced sign-in").await;
    world.clock.pass(SignedDuration::from_mins(1));
    let ceremony = format!("{:.3}", world.now());
    let page = person.browser.sign_in(&posted, &mut person.authenticator).await;
    assert_eq!(authn_instant(&page), ceremony);
    world.clock.pass(SignedDuration::from_mins(1));
    let page = person.browser.visit(&asked.action()).await;
    assert_eq!(authn_instant(&page), ceremony, "the newer ceremony answers the other one too");
    let page = person.browser.visit(&world.sso_of(&forced("_3"))).await;
    assert!(page.answer().is_none(), "but none that comes later");
}

#[tokio::test]
async fn a_session_is_silent_about_anybody_but_its_own_user() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    world.user("grace").await;
    let grace = Some("grace@contoso.test");
    let cases = [
        // parameter, what it says, whether the session answers, whom the page asks for otherwise
        ("login_hint", "ada@contoso.test", true, None),
        ("username", "ADA@Contoso.Test", true, None),
        ("username", " ada@contoso.test\r\n", true, None),
        ("login_hint", "", true, None),
        ("login_hint", " \t", true, None),
        ("login_hint", "grace@contoso.test", false, grace),
        ("username", "grace@contoso.test", false, grace),
        ("username", "\u{a0} grace@contoso.test\t", false, grace),
        ("login_hint", "nobody@contoso.test", false, Some("nobody@contoso.test")),
        ("login_hint", "ada@contoso.test.evil.test", false, Some("ada@contoso.test.evil.test")),
        // Whom these mean is not for us to guess.
        ("login_hint", "grace", false, None),
        ("login_hint", "CONTOSO\\grace", false, None),
        ("username", "Grace <grace@contoso.test>", false, None),
        ("username", "ada@contoso.test, grace@contoso.test", false, None),
    ];
    for (position, (parameter, hint, silent, asked)) in cases.into_iter().enumerate() {
        let hinted = format!("{parameter}={}", escape(hint));
        let redirected = format!("{}&{hinted}", world.sso(&format!("_{position}")));
        let before = world.quiet().await;
        let posted = AuthnRequest::new(&format!("_posted-{position}"), world.now()).form_value();
        let url = format!("/saml/{DOMAIN}/sso?{hinted}");
        let fields = [("SAMLRequest", posted.as_str())];

        let by_redirect = person.browser.visit(&redirected).await;
        let landed = person.browser.post_from(MICROSOFT, &url, &fields).await;
        let by_post = person.browser.follow(landed).await;

        for page in [by_redirect, by_post] {
            assert_eq!(page.answer().is_some(), silent, "{parameter}={hint}");
            if silent {
                continue;
            }
            page.options();
            let person = between(&page.text, "class=\"person\"", "</p>");
            let shown = person.and_then(|text| between(text, "<strong>", "<"));
            assert_eq!(shown, asked, "{hint}: whom the page asks for");
        }
        if !silent {
            world.unchanged_but(&before, &["#REQUEST#"], hint).await;
        }
    }
}

#[tokio::test]
async fn a_hint_fills_in_a_work_address_and_nothing_else() {
    let world = World::start().await;
    let cases = [
        (" grace@contoso.test ", "grace@contoso.test"),
        ("grace", ""),
        ("CONTOSO\\grace", ""),
        ("Grace <grace@contoso.test>", ""),
    ];
    for (hint, filled) in cases {
        let mut browser = world.browser();
        let sso = format!("{}&login_hint={}", world.sso("_hint"), escape(hint));
        let page = browser.begin_enrolment(&sso).await;
        let recover = browser.visit(&format!("{}/recover", page.action())).await;

        for page in [page, recover] {
            let field = between(&page.text, "name=\"address\" value=\"", "\"");
            assert_eq!(field, Some(filled), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_passive_request_is_answered_by_a_session_or_declined_and_never_asks() {
    let world = World::start().await;
    let mut person = world.person("ada").await;
    world.clock.pass(SignedDuration::from_secs(1));
    let passive = |id: &str, force: &str| AuthnRequest {
        attributes: format!(" IsPassive=\"true\"{force}"),
        ..AuthnRequest::new(id, world.now())
    };
    let force = " ForceAuthn=\"true\"";
    let mut stranger = world.browser();
    let before = world.quiet().await;

    let declined = [
        ("_1", stranger.visit(&world.sso_of(&passive("_1", ""))).await),
        ("_2", person.browser.visit(&world.sso_of(&passive("_2", force))).await),
        ("_3", post(&mut stranger, &passive("_3", "")).await),
        ("_4", post(&mut person.browser, &passive("_4", force)).await),
    ];

    for (id, page) in declined {
        let (action, response, relay_state) = page.answer().expect(id);
        let xml = decode(&response);
        assert_eq!(action, REPLY_URL, "{id}");
        assert!(relay_state.is_some(), "{id}");
        assert!(xml.contains("urn:oasis:names:tc:SAML:2.0:status:NoPassive"), "{id}: {xml}");
        assert_eq!(between(&xml, "InResponseTo=\"", "\""), Some(id));
        assert!(!xml.contains("Assertion "), "{id}: nobody is asserted: {xml}");
    }
    world.unchanged_but(&before, &["#REQUEST#", "#ANSWERED#"], "a passive request").await;
    let page = person.browser.visit(&world.sso_of(&passive("_5", ""))).await;
    assert!(page.answer().is_some_and(|(_, response, _)| decode(&response).contains("Success")));
    let page = post(&mut person.browser, &passive("_6", "")).await;
    assert!(page.answer().is_some_and(|(_, response, _)| decode(&response).contains("Success")));
}
