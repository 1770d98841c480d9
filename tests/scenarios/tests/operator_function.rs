//! What only whoever may invoke a function through IAM can do.

use jiff::SignedDuration;
use scenarios::{Authenticator, World};
use serde_json::{Value, json};

fn bootstrap(domain: &str, email: &str) -> Value {
    json!({ "action": "bootstrap", "organization": "Contoso", "domain": domain, "email": email })
}

/// The message of a refusal, with its kind before it.
fn words(error: &Value) -> String {
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    format!("{}: {}", text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn bootstrap_answers_all_that_entra_and_the_administrator_need() {
    let world = World::start().await;
    let issuer = format!("{}/saml/contoso.test", world.base_url);
    let expected = [
        ("domain", "contoso.test".to_owned()),
        ("base_url", world.base_url.clone()),
        ("rp_id", "localhost".to_owned()),
        ("issuer_uri", issuer.clone()),
        ("sso_url", format!("{issuer}/sso")),
        ("slo_url", format!("{issuer}/slo")),
        ("metadata_url", format!("{issuer}/metadata")),
        ("reply_url", scenarios::world::REPLY_URL.to_owned()),
    ];
    for (name, value) in expected {
        assert_eq!(world.bootstrap[name], value, "{name}");
    }
    assert_eq!(world.bootstrap["trial"], true, "localhost is nobody's own name");
    let pem = world.bootstrap["certificate_pem"].as_str().unwrap();
    let served = world.browser().get("/saml/contoso.test/certificate.pem").await;
    assert_eq!(served.text, pem);
    let audit = world.records().await.audit();
    let founded = audit.iter().find(|entry| entry["action"] == "organization_founded").unwrap();
    assert_eq!(founded["actor"], "operator");
    assert_eq!(founded["request_id"], "operator-request");

    // Its link enrols the administrator, who signs in like anybody else.
    let mut browser = world.browser();
    let mut authenticator = Authenticator::default();
    let page = browser.open_link(world.bootstrap["enrolment_url"].as_str().unwrap()).await;
    assert!(page.text.contains("admin@contoso.test"));
    assert!(browser.register(&page, &mut authenticator).await.recovery_code().is_some());
    let page = browser.visit(&world.sso("_admin")).await;
    assert!(page.answer().is_some(), "{}", page.text);
}

#[tokio::test]
async fn bootstrap_again_hands_an_administrator_a_new_link_and_tells_all_of_them() {
    let world = World::start().await;
    world.administrator("root").await;
    let mut lost = world.browser();
    let page = lost.open_link(world.bootstrap["enrolment_url"].as_str().unwrap()).await;
    lost.register(&page, &mut Authenticator::default()).await;
    world.quiet().await;
    world.clock.pass(SignedDuration::from_hours(1));
    let before = world.records().await;

    let again = world.operate(bootstrap("CONTOSO.test", "Admin@contoso.test")).await.unwrap();

    for name in ["organization", "issuer_uri", "certificate_pem", "rp_id", "base_url"] {
        assert_eq!(again[name], world.bootstrap[name], "{name}");
    }
    assert_ne!(again["enrolment_url"], world.bootstrap["enrolment_url"]);
    world.swept().await;
    let after = world.quiet().await;
    for administrator in ["admin@contoso.test", "root@contoso.test"] {
        let mail = world.mails(administrator).remove(0);
        assert!(mail.text.unwrap().contains("admin@contoso.test"), "{administrator}");
        assert!(mail.subject.unwrap().to_lowercase().contains("recovery"), "{administrator}");
    }
    assert_eq!(after.without(&["#LINK#"]), before.without(&["#LINK#"]));
    assert_eq!(after.count("#LINK#"), before.count("#LINK#") + 1);
    let recovery = ("link_handed_out".to_owned(), Some("recovery".to_owned()));
    assert_eq!(after.audited_since(&before), [recovery]);
    let mut browser = world.browser();
    let page = browser.open_link(again["enrolment_url"].as_str().unwrap()).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
}

#[tokio::test]
async fn whoever_is_no_administrator_is_not_let_in_again() {
    let world = World::start().await;
    world.user("ada").await;
    let blocked = world.administrator("blocked").await;
    world.block(&blocked).await;
    world.swept().await;
    let before = world.quiet().await;
    let mails = world.mails("admin@contoso.test").len();
    let cases = [
        ("ada@contoso.test", "Refused: ", "none of its administrators"),
        ("nobody@contoso.test", "Refused: ", "none of its administrators"),
        ("admin@contoso.test.evil.test", "Refused: ", "none of its administrators"),
        ("blocked@contoso.test", "Refused: ", "blocked"),
    ];
    for (email, kind, why) in cases {
        let error = words(&world.operate(bootstrap("contoso.test", email)).await.unwrap_err());
        assert!(error.starts_with(kind) && error.contains(why), "{email}: {error}");
    }
    let after = world.quiet().await;
    assert_eq!(after, before, "nothing is written, not even to the audit");
    assert_eq!(world.mails("admin@contoso.test").len(), mails);
}

#[tokio::test]
async fn the_base_url_is_fixed_at_the_first_bootstrap() {
    let world = World::start().await;
    let before = world.quiet().await;
    let secure = world.base_url.replace("http://", "https://");
    let elsewhere = ["https://id.evil.test".to_owned(), "http://localhost:1".to_owned(), secure];

    for base_url in elsewhere {
        let payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
        let (kind, message) = world
            .operate_as(|config| config.base_url = base_url.clone(), payload)
            .await
            .unwrap_err();

        assert_eq!(kind, "Conflict", "{base_url}");
        assert!(message.contains(&world.base_url), "it names the fixed one: {message}");
    }
    // Who is let in again gets a link to where the passkeys are bound.
    let recovered = world
        .operate_as(
            |config| config.base_url = "https://id.evil.test".to_owned(),
            bootstrap("contoso.test", "admin@contoso.test"),
        )
        .await
        .unwrap();
    assert_eq!(recovered["base_url"], world.base_url);
    assert_eq!(recovered["trial"], true, "of the address that is stored");
    let link = recovered["enrolment_url"].as_str().unwrap();
    assert!(link.starts_with(&world.base_url), "{link}");
    world.swept().await;
    assert_eq!(world.quiet().await.without(&["#LINK#"]), before.without(&["#LINK#"]));
    let slash = format!("{}/", world.base_url);
    let payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
    let founded = world.operate_as(|config| config.base_url = slash, payload).await.unwrap();
    assert_eq!(founded["base_url"], world.base_url, "a slash at the end is no difference");
}

#[tokio::test]
async fn a_base_url_that_passkeys_refuse_is_refused() {
    let world = World::start().await;
    let before = world.quiet().await;
    for base_url in
        ["http://id.contoso.test", "https://127.0.0.1:8443", "https://[::1]", "id.test", ""]
    {
        let payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
        let (kind, message) = world
            .operate_as(|config| config.base_url = base_url.to_owned(), payload)
            .await
            .unwrap_err();

        assert_eq!(kind, "Unavailable", "{base_url}: {message}");
        assert!(message.contains("BASE_URL"), "{base_url}: {message}");
    }
    world.unchanged_since(&before, "another base URL").await;
}

#[tokio::test]
async fn a_reply_url_that_others_could_read_on_the_way_is_refused() {
    let world = World::start().await;
    let before = world.quiet().await;
    let with = async |reply_url: &str| {
        let payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
        world.operate_as(|config| config.entra_login_url = reply_url.to_owned(), payload).await
    };
    for reply_url in ["http://entra.test/login.srf", "http://10.0.0.1/login.srf", "entra.test"] {
        let (kind, message) = with(reply_url).await.unwrap_err();

        assert_eq!(kind, "Unavailable", "{reply_url}: {message}");
        assert!(message.contains("ENTRA_LOGIN_URL"), "{reply_url}: {message}");
    }
    world.unchanged_since(&before, "another reply URL").await;
    // What stays on this machine needs no https: the simulated Entra.
    let here = "http://127.0.0.1:8081/login.srf";
    assert_eq!(with(here).await.unwrap()["reply_url"], here);
}

#[tokio::test]
async fn a_subdomain_belongs_to_the_organization_of_its_parent() {
    let world = World::start().await;
    let before = world.quiet().await;
    for domain in ["corp.contoso.test", "a.b.corp.contoso.test"] {
        let asked = bootstrap(domain, &format!("admin@{domain}"));

        let error = words(&world.operate(asked).await.unwrap_err());

        assert!(error.starts_with("Refused: ") && error.ends_with(": contoso.test"), "{error}");
    }
    world.unchanged_since(&before, "a subdomain").await;
    world.found("Other", "notcontoso.test").await;

    // The other way round both are, and each lets its own administrators in again.
    let sub = world.found("Corp", "corp.fabrikam.test").await;
    let root = world.found("Fabrikam", "fabrikam.test").await;
    for company in [sub, root] {
        let email = format!("admin@{}", company.domain);
        let again = world.operate(bootstrap(&company.domain, &email)).await.unwrap();
        assert_eq!(again["organization"], company.bootstrap["organization"]);
        assert_eq!(again["issuer_uri"], company.bootstrap["issuer_uri"]);
    }
}

#[tokio::test]
async fn nothing_is_signed_for_a_bootstrap_that_is_refused() {
    let world = World::start().await;
    let signs = || world.operator.calls().iter().any(|call| call.service == "kms");
    let refused = bootstrap("corp.contoso.test", "admin@corp.contoso.test");
    world.operate(refused).await.unwrap_err();
    assert!(!signs(), "a subdomain");

    let elsewhere = "https://id.evil.test".to_owned();
    let payload = || bootstrap("fabrikam.test", "admin@fabrikam.test");
    let refused = world.operate_as(|config| config.base_url = elsewhere, payload()).await;
    assert_eq!(refused.unwrap_err().0, "Conflict");
    assert!(!signs(), "another base URL");

    let open = "http://entra.test/login.srf".to_owned();
    world.operate_as(|config| config.entra_login_url = open, payload()).await.unwrap_err();
    assert!(!signs(), "another reply URL");

    world.operate(payload()).await.unwrap();
    assert!(signs(), "a bootstrap that is not refused");
}

#[tokio::test]
async fn a_payload_that_says_nothing_sensible_is_refused_in_clear_words() {
    let world = World::start().await;
    let before = world.quiet().await;
    let long = "x".repeat(65);
    let with = |field: &str, value: Value| {
        let mut payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
        payload[field] = value;
        payload
    };
    let without = |field: &str| {
        let mut payload = bootstrap("fabrikam.test", "admin@fabrikam.test");
        payload.as_object_mut().unwrap().remove(field);
        payload
    };
    let invite = |email: &str, by: &str| json!({ "action": "invite", "domain": "contoso.test", "email": email, "by": by });
    let cases = [
        (json!(null), "BadRequest", "action"),
        (json!({}), "BadRequest", "action"),
        (json!([]), "BadRequest", "action"),
        (json!("bootstrap"), "BadRequest", "action"),
        (with("action", json!("destroy")), "BadRequest", "destroy"),
        (with("action", json!("Bootstrap")), "BadRequest", "bootstrap"),
        (with("action", json!(7)), "BadRequest", "action"),
        (without("organization"), "BadRequest", "organization"),
        (without("domain"), "BadRequest", "domain"),
        (without("email"), "BadRequest", "email"),
        (with("organisation", json!("x")), "BadRequest", "organisation"),
        (with("organization", json!("")), "BadRequest", "1 to 64"),
        (with("organization", json!("   ")), "BadRequest", "1 to 64"),
        (with("organization", json!(long)), "BadRequest", "1 to 64"),
        (with("organization", json!("Fabri\nkam")), "BadRequest", "control characters"),
        (with("organization", json!("\u{1b}[2JFabrikam")), "BadRequest", "control characters"),
        (with("organization", json!(7)), "BadRequest", "integer"),
        (with("domain", json!("fabrikam")), "BadRequest", "`domain`"),
        (with("domain", json!("https://fabrikam.test")), "BadRequest", "`domain`"),
        (with("domain", json!("fabrikam.test#x")), "BadRequest", "`domain`"),
        (with("domain", json!("")), "BadRequest", "`domain`"),
        (with("domain", json!("a.b.c.d.e.f.g.h.i.j.test")), "BadRequest", "ten labels"),
        (with("email", json!("admin")), "BadRequest", "`email`"),
        (with("email", json!("a b@fabrikam.test")), "BadRequest", "`email`"),
        (with("email", json!("admin@fabrikam.test\r\nBcc: x")), "BadRequest", "`email`"),
        (invite("nobody@contoso.test", "answer"), "NotFound", "no such user"),
        (invite("admin", "answer"), "BadRequest", "`email`"),
        (invite("admin@contoso.test", "pigeon"), "BadRequest", "pigeon"),
        (
            json!({ "action": "invite", "domain": "nowhere.test", "email": "a@contoso.test" }),
            "NotFound",
            "bootstrap it first",
        ),
    ];
    for (payload, kind, why) in cases {
        let error = words(&world.operate(payload.clone()).await.unwrap_err());
        assert!(error.starts_with(&format!("{kind}: ")), "{payload}: {error}");
        assert!(error.contains(why), "{payload}: {error}");
    }
    assert_eq!(world.quiet().await, before, "nothing is written, not even to the audit");
}

#[tokio::test]
async fn two_bootstraps_at_once_found_one_organization() {
    let world = World::start().await;
    let payload = || bootstrap("fabrikam.test", "admin@fabrikam.test");

    let answers = tokio::join!(world.operate(payload()), world.operate(payload()));

    let founded = [answers.0, answers.1].into_iter().flatten().collect::<Vec<_>>();
    assert!(!founded.is_empty());
    assert!(founded.iter().all(|answer| answer["organization"] == founded[0]["organization"]));
    let records = world.quiet().await;
    assert_eq!(records.count("DOMAIN#fabrikam.test"), 2, "its owner, and the domain itself");
    assert_eq!(records.count("USER_NAME#admin@fabrikam.test"), 1);
}

#[tokio::test]
async fn an_invitation_is_answered_or_mailed() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    world.user_with("grace", |user| user.personal_email = None).await;
    let invite = |name: &str, by: &str| {
        let email = format!("{name}@contoso.test");
        json!({ "action": "invite", "domain": "contoso.test", "email": email, "by": by })
    };

    let answered = world.operate(invite("ada", "answer")).await.unwrap();
    let mailed = world.operate(invite("ada", "mail")).await.unwrap();
    let to_work = world.operate(invite("grace", "mail")).await.unwrap();

    assert_eq!(answered["enrolment_hours"], 24);
    for answer in [mailed, to_work] {
        assert_eq!(answer["mailed"], true);
        assert!(!answer.to_string().contains("/link/"), "the link is in the mail alone");
    }
    let mut links = vec![answered["enrolment_url"].as_str().unwrap().to_owned()];
    for to in ["ada@personal.test", "grace@contoso.test"] {
        let text = world.mail(to).await.text.unwrap();
        let link = text.split_whitespace().find(|word| word.contains("/link/")).unwrap();
        links.push(link.to_owned());
    }
    let records = world.quiet().await;
    assert_eq!(records.count("#LINK#"), 4, "with the one of bootstrap");
    let audit = records.audit();
    let handed = audit.iter().filter(|entry| entry["action"] == "link_handed_out");
    assert!(handed.clone().count() >= 3, "{audit:?}");
    for link in links {
        let mut browser = world.browser();
        let page = browser.open_link(&link).await;
        let page = browser.register(&page, &mut Authenticator::default()).await;
        assert!(page.recovery_code().is_some(), "{link}: {}", page.text);
    }
    world.block(&ada).await;
    for by in ["answer", "mail"] {
        let before = world.quiet().await;
        let error = words(&world.operate(invite("ada", by)).await.unwrap_err());
        assert!(error.starts_with("Refused: ") && error.contains("blocked"), "{error}");
        assert_eq!(world.quiet().await, before, "nothing is written");
    }
}

/// Whoever was invited may be disabled before the mail leaves.
#[tokio::test]
async fn no_invitation_is_mailed_to_somebody_who_was_disabled_meanwhile() {
    let world = World::start().await;
    let user = world.user("ada").await;
    world.directory.fault(scenarios::Fault {
        operation: "SendEmail",
        skip: 0,
        times: usize::MAX,
        effect: scenarios::Effect::Refuse(500, "InternalServerErrorException"),
    });
    let payload = json!({
        "action": "invite", "domain": "contoso.test", "email": "ada@contoso.test", "by": "mail",
    });
    world.operate(payload).await.unwrap();
    let lease = world.now().checked_add(SignedDuration::from_secs(90)).unwrap().to_string();
    world
        .until("it is put off", |records| {
            let put_off = |item: &Value| item["attempts"] == 1 && item["due_at"] != lease;
            records.values("#OUTBOX#").into_iter().any(put_off)
        })
        .await;
    world.block(&user).await;
    world.directory.mend_spent("a mail");
    world.clock.pass(SignedDuration::from_hours(1));

    world.sweep().await;

    world.quiet().await;
    assert!(world.mails("ada@personal.test").is_empty());
}

#[tokio::test]
async fn who_is_blocked_by_the_operator_is_signed_out_at_once_until_unblocked() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let asked = |action: &str| json!({ "action": action, "domain": "contoso.test", "email": "Ada@contoso.test" });
    let page = ada.browser.visit(&world.sso("_before")).await;
    assert!(page.answer().is_some(), "{}", page.text);
    let before = world.quiet().await;
    world.clock.pass(SignedDuration::from_secs(1));

    for _ in 0..2 {
        let blocked = world.operate(asked("block")).await.unwrap();
        assert_eq!(blocked["blocks"], json!(["administrator"]));
    }

    let page = ada.browser.visit(&world.sso("_blocked")).await;
    assert!(page.answer().is_none(), "{}", page.text);
    let page = ada.browser.sign_in(&page, &mut ada.authenticator).await;
    page.assert_refused(403, "disabled");

    world.block(&ada.user).await;
    let left = world.operate(asked("unblock")).await.unwrap();
    assert_eq!(left["blocks"], json!(["entra"]), "another reason stays");
    world.unblock(&ada.user).await;
    let page = ada.browser.visit(&world.sso("_again")).await;
    assert!(page.answer().is_none(), "the old session is not revived");
    let page = ada.browser.sign_in(&page, &mut ada.authenticator).await;
    assert!(page.answer().is_some(), "{}", page.text);
    let word = |action: &str, reason: &str| (action.to_owned(), Some(reason.to_owned()));
    let audited = world.records().await.audited_since(&before);
    let by_operator =
        [word("access_taken", "administrator"), word("access_given", "administrator")];
    for entry in by_operator {
        let times = audited.iter().filter(|audited| **audited == entry).count();
        assert_eq!(times, 1, "{entry:?} in {audited:?}");
    }
}

#[tokio::test]
async fn access_of_nobody_is_nothing_to_change() {
    let world = World::start().await;
    let before = world.quiet().await;
    let cases = [
        ("contoso.test", "nobody@contoso.test", "NotFound: ", "no such user"),
        ("fabrikam.test", "ada@contoso.test", "NotFound: ", "no organization"),
        ("contoso.test", "ada", "BadRequest: ", "`email`"),
    ];
    for action in ["block", "unblock"] {
        for (domain, email, kind, why) in cases {
            let asked = json!({ "action": action, "domain": domain, "email": email });

            let error = words(&world.operate(asked).await.unwrap_err());

            assert!(error.starts_with(kind) && error.contains(why), "{action} {email}: {error}");
        }
    }
    assert_eq!(world.quiet().await, before);
}

/// One administrator who was taken over must not shut the others out unnoticed.
#[tokio::test]
async fn every_administrator_is_told_when_one_of_them_is_blocked_and_of_nobody_else() {
    let world = World::start().await;
    let (root, _) = (world.administrator("root").await, world.user("ada").await);
    let asked = |action: &str, name: &str| {
        let email = format!("{name}@contoso.test");
        json!({ "action": action, "domain": "contoso.test", "email": email })
    };
    let told = async |name: &str| {
        world.swept().await;
        world.mails(&format!("{name}@contoso.test"))
    };

    for name in ["ada", "root", "root"] {
        world.operate(asked("block", name)).await.unwrap();
    }

    for name in ["admin", "root"] {
        let mails = told(name).await;
        assert_eq!(mails.len(), 1, "{name}: {mails:?}");
        assert_eq!(mails[0].subject.as_deref(), Some("An administrator of Contoso was blocked"));
        let text = mails[0].text.as_deref().unwrap();
        assert!(text.contains(root.user_name.as_str()) && text.contains("09:00 UTC"), "{text}");
    }
    world.operate(asked("unblock", "root")).await.unwrap();
    assert_eq!(told("admin").await.len(), 1, "access given back is no alarm");
}
