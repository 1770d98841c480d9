//! The audit tells of each act who did what to whom, where, why and by which key; and no secret.

use identity::{User, UserId};
use jiff::SignedDuration;
use scenarios::saml::{AuthnRequest, between, decode};
use scenarios::scim::entra_user;
use scenarios::world::SITE_REQUEST;
use scenarios::{Authenticator, Browser, Effect, Fault, Page, Records, World};
use serde_json::{Value, json};

/// Entries that are not in an earlier reading, without what differs each time: their ids, which are
/// there, and their instants, which are now.
async fn entries(world: &World, before: &Records) -> Vec<Value> {
    let (known, now) = (before.audit(), world.now().to_string());
    let mut new = world.quiet().await.audit();
    new.retain(|entry| !known.contains(entry));
    for entry in &mut new {
        let entry = entry.as_object_mut().unwrap();
        assert_eq!(entry.remove("id").unwrap().as_str().map(str::len), Some(32));
        assert_eq!(entry.remove("at").unwrap(), now);
    }
    new.sort_by_key(|entry| entry["action"].to_string());
    new
}

/// An entry of the site's that says no more than who did what.
fn entry(actor: Value, action: &str) -> Value {
    json!({
        "actor": actor, "action": action, "subject": null, "relying_party": null, "reason": null,
        "key": null, "request_id": SITE_REQUEST,
    })
}

/// The same with more.
fn with<const N: usize>(mut entry: Value, more: [(&str, Value); N]) -> Value {
    for (name, value) in more {
        entry[name] = value;
    }
    entry
}

fn by(user: UserId) -> Value {
    json!({ "user": user })
}

fn by_operator(action: &str, subject: &User, reason: &str) -> Value {
    let more = [
        ("subject", json!(subject.id)),
        ("reason", json!(reason)),
        ("request_id", json!("operator-request")),
    ];
    with(entry(json!("operator"), action), more)
}

/// Who is told, and the key that KMS was asked for last.
fn signed(world: &World) -> [(&'static str, Value); 2] {
    let key = world.login.last_seen("Sign").unwrap()["KeyId"].clone();
    assert!(key.as_str().is_some_and(|key| !key.is_empty()));
    [("relying_party", world.bootstrap["issuer_uri"].clone()), ("key", key)]
}

fn answered(world: &World, user: &User, reason: &str) -> Value {
    let entry = with(entry(by(user.id), "signed_in"), [("reason", json!(reason))]);
    with(entry, signed(world))
}

#[tokio::test]
async fn an_answer_names_whoever_signed_in_by_what_to_whom_and_the_key() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;

    let before = world.quiet().await;
    assert!(ada.browser.visit(&world.sso("_silent")).await.answer().is_some());
    let silent = entries(&world, &before).await;
    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_redirect")).await;
    assert!(browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    let by_redirect = entries(&world, &before).await;
    let before = world.quiet().await;
    let mut browser = world.browser();
    let landed = browser.land(&AuthnRequest::new("_post", world.now())).await;
    let page = browser.follow(landed).await;
    assert!(browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    let by_post = entries(&world, &before).await;

    assert_eq!(silent, [answered(&world, &ada.user, "session")]);
    assert_eq!(by_redirect, [answered(&world, &ada.user, "passkey")]);
    assert_eq!(by_post, [answered(&world, &ada.user, "passkey")]);
}

#[tokio::test]
async fn a_refusal_names_whom_it_refused_and_why_and_no_key() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let url = world.sso("_1");
    assert!(ada.browser.visit(&url).await.answer().is_some());
    let relying_party = ("relying_party", world.bootstrap["issuer_uri"].clone());
    let refused = |actor: Value, reason: &str| {
        with(entry(actor, "sign_in_refused"), [relying_party.clone(), ("reason", json!(reason))])
    };

    let before = world.quiet().await;
    ada.browser.visit(&url).await.assert_refused(410, "again");
    let again = entries(&world, &before).await;
    let before = world.quiet().await;
    for _ in 0..3 {
        world.browser().visit(&url).await.assert_refused(410, "elsewhere");
    }
    let elsewhere = entries(&world, &before).await;
    world.block(&ada.user).await;
    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_2")).await;
    browser.sign_in(&page, &mut ada.authenticator).await.assert_refused(403, "blocked");
    let blocked = entries(&world, &before).await;

    assert_eq!(again, [refused(by(ada.user.id), "request_answered")]);
    assert_eq!(elsewhere, [refused(json!("stranger"), "request_answered")]);
    let subject = ("subject", json!(ada.user.id));
    assert_eq!(blocked, [with(refused(by(ada.user.id), "user_blocked"), [subject])]);
}

#[tokio::test]
async fn an_enrolment_names_whoever_enrolled_and_what_proved_it() {
    let world = World::start().await;
    let (ada, grace) = (world.user("ada").await, world.user("grace").await);
    let link = world.link(&world.contoso(), &ada).await;
    let mut enrolled = Vec::new();

    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.open_link(&link).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    let recovery_code = page.recovery_code().expect("a recovery code");
    enrolled.push(entries(&world, &before).await);

    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_grace")).await;
    let page = browser.submit(&page, &[("address", "grace@contoso.test")]).await;
    let code = world.code("grace@personal.test").await;
    let sent = entries(&world, &before).await;
    let before = world.quiet().await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    browser.register(&page, &mut Authenticator::default()).await;
    enrolled.push(entries(&world, &before).await);

    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_ada")).await;
    let page = browser.visit(&format!("{}/recover", page.action())).await;
    let typed = [("address", "ada@contoso.test"), ("code", recovery_code.as_str())];
    let page = browser.submit(&page, &typed).await;
    browser.register(&page, &mut Authenticator::default()).await;
    enrolled.push(entries(&world, &before).await);

    let by_proof = [(&ada, "link"), (&grace, "email_code"), (&ada, "recovery_code")];
    for ((user, proof), entries) in by_proof.into_iter().zip(enrolled) {
        assert_eq!(entries, [with(entry(by(user.id), "enrolled"), [("reason", json!(proof))])]);
    }
    let more = [("subject", json!(grace.id)), ("request_id", json!("directory-request"))];
    assert_eq!(sent, [with(entry(json!("system"), "code_sent"), more)]);
}

#[tokio::test]
async fn every_other_use_of_the_key_is_named_with_its_purpose() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let used = |purpose: &str| {
        let entry = with(entry(json!("system"), "key_used"), [("reason", json!(purpose))]);
        with(entry, signed(&world))
    };

    let before = world.quiet().await;
    let path = "/saml/contoso.test/metadata";
    assert_eq!(world.browser().visit(path).await.status, 200);
    assert_eq!(entries(&world, &before).await, [used("metadata")]);

    world.clock.pass(SignedDuration::from_secs(1));
    let before = world.quiet().await;
    let page = ada.browser.visit(&world.slo("_out")).await;
    assert!(page.location().is_some_and(|url| url.contains("Signature=")), "{}", page.text);
    let [relying_party, _] = signed(&world);
    let signed_out = with(entry(by(ada.user.id), "signed_out"), [relying_party]);
    assert_eq!(entries(&world, &before).await, [used("logout_response"), signed_out]);
}

/// Whoever changes the user, the pending request or the passkey meanwhile withdraws the answer.
#[tokio::test]
async fn a_signature_whose_answer_never_leaves_is_named_all_the_same() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let before = world.quiet().await;
    let effect = Effect::Cancel("ConditionalCheckFailed");
    world.login.fault(Fault { operation: "TransactWriteItems", skip: 0, times: 1, effect });

    ada.browser.visit(&world.sso("_1")).await.assert_refused(503, "withdrawn");
    world.login.mend_spent("the answer");

    let used = with(entry(json!("system"), "key_used"), [("reason", json!("answer_withdrawn"))]);
    assert_eq!(entries(&world, &before).await, [with(used, signed(&world))]);
}

#[tokio::test]
async fn what_the_operator_did_to_whom_is_told() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    let asked = |action: &str| json!({ "action": action, "domain": "contoso.test", "email": "ada@contoso.test" });
    let cases = [
        // action, entry, reason
        ("invite", "link_handed_out", "invitation"),
        ("block", "access_taken", "administrator"),
        ("unblock", "access_given", "administrator"),
    ];
    for (action, entry, reason) in cases {
        let before = world.quiet().await;
        world.operate(asked(action)).await.unwrap();
        let told = entries(&world, &before).await;
        assert_eq!(told, [by_operator(entry, &ada, reason)], "{action}");
    }
}

#[tokio::test]
async fn a_provisioned_change_names_its_client_and_the_attributes() {
    let world = World::start().await;
    let entra = world.entra().await;
    let user = entra.create(&entra_user("edith", "6b0f1b2c-3d4e-4f60-8172-63544536271a")).await;
    let id = user["id"].as_str().unwrap();
    let before = world.quiet().await;

    let disable = json!([{ "op": "replace", "path": "active", "value": false }]);
    entra.patch(&format!("/Users/{id}"), disable).await.expect(200);

    let more = [
        ("subject", json!(id)),
        ("resource", json!({ "user": id })),
        ("attributes", json!(["active"])),
    ];
    let client = json!({ "client": entra.key_id });
    assert_eq!(entries(&world, &before).await, [with(entry(client, "user_changed"), more)]);
}

/// Collects what only one person, or one relying party, may hold.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn of(&mut self, browser: &Browser, page: &Page) {
        self.0.extend(page.hidden().into_iter().map(|(_, value)| value));
        self.0.extend(page.recovery_code());
        for cookie in browser.cookies.values() {
            self.0.push(cookie.clone());
            // A session's names its user, whose id is no secret.
            let parts = cookie.split('.').filter(|part| part.len() > 32);
            self.0.extend(parts.map(str::to_owned));
        }
        if let Some((_, response, _)) = page.answer() {
            let xml = decode(&response);
            let parts =
                [("SignatureValue>", "<"), ("Assertion ID=\"", "\""), ("DigestValue>", "<")];
            let parts = parts.iter().filter_map(|(start, end)| between(&xml, start, end));
            self.0.extend(parts.map(str::to_owned));
            self.0.extend([response, xml]);
        }
    }

    /// Short words, such as the empty one, are in any text.
    fn check(&self, entries: &[Value]) {
        let secrets = self.0.iter().filter(|secret| secret.len() >= 6).collect::<Vec<_>>();
        assert!(secrets.len() > 30, "{secrets:?}");
        for text in entries.iter().map(Value::to_string) {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{secret} in {text}");
            }
            for mark in ["<", "@", "://localhost/enrol", "passerelle_scim_"] {
                assert!(!text.contains(mark), "{mark} in {text}");
            }
        }
    }
}

#[tokio::test]
async fn no_entry_holds_a_secret_or_an_assertion() {
    let world = World::start().await;
    let (ada, grace) = (world.user("ada").await, world.user("grace").await);
    let mut secrets = Secrets::default();
    let link = world.link(&world.contoso(), &ada).await;
    secrets.0.push(link.rsplit('/').next().unwrap().to_owned());
    let entra = world.entra().await;
    secrets.0.push(entra.key.clone());
    let mut authenticator = Authenticator::default();

    let mut browser = world.browser();
    let page = browser.visit(&link).await;
    secrets.of(&browser, &page);
    let page = browser.submit(&page, &[]).await;
    secrets.of(&browser, &page);
    let page = browser.register(&page, &mut authenticator).await;
    let recovery_code = page.recovery_code().unwrap();
    secrets.of(&browser, &page);
    let page = browser.visit(&world.sso("_silent")).await;
    secrets.of(&browser, &page);
    let page = browser.get(&world.slo("_out")).await;
    secrets.0.push(between(&page.location().unwrap(), "Signature=", "&").map_or_else(
        || page.location().unwrap().split_once("Signature=").unwrap().1.to_owned(),
        str::to_owned,
    ));

    let page = browser.visit(&world.sso("_passkey")).await;
    secrets.of(&browser, &page);
    let page = browser.submit(&page, &[("response", "{}")]).await;
    let response = authenticator.get(&page.options(), &world.base_url);
    secrets.0.push(between(&response, "\"signature\":\"", "\"").unwrap().to_owned());
    let page = browser.submit(&page, &[("response", &response)]).await;
    assert!(page.answer().is_some(), "{}", page.text);
    secrets.of(&browser, &page);

    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_grace")).await;
    let page = browser.submit(&page, &[("address", grace.user_name.as_str())]).await;
    secrets.of(&browser, &page);
    let code = world.code("grace@personal.test").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let page = browser.submit(&page, &[("code", wrong)]).await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    secrets.of(&browser, &page);
    secrets.0.push(code);

    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_recover")).await;
    let page = browser.visit(&format!("{}/recover", page.action())).await;
    for code in ["ABCDE-ABCDE-ABCDE-ABCDE-ABCDE", &recovery_code] {
        let typed = [("address", ada.user_name.as_str()), ("code", code)];
        browser.submit(&page, &typed).await;
        secrets.0.push(code.to_owned());
    }
    entra.create(&entra_user("edith", "6b0f1b2c-3d4e-4f60-8172-63544536271a")).await;

    let entries = world.quiet().await.audit();
    assert!(entries.len() > 12, "{entries:#?}");
    secrets.check(&entries);
}
