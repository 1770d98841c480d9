//! Each role grants what its function was seen doing, and nothing else.

mod policy;

use std::collections::{BTreeMap, BTreeSet};

use entra_sim::Lifecycle;
use jiff::SignedDuration;
use policy::{Names, Policies, accesses_of, template};
use scenarios::microsoft::{Connector, MANAGED, account, stands};
use scenarios::saml::{AuthnRequest, between};
use scenarios::scim::entra_user;
use scenarios::wire::Seen;
use scenarios::world::READER;
use scenarios::{Authenticator, Browser, World};
use serde_json::{Value, json};

/// Everything that people and the account do to the functions, each thing once.
async fn everything() -> World {
    let world = World::start().await;
    // Before anything is found: the first bootstrap, of which a world keeps no record.
    world.found("Fabrikam", "fabrikam.test").await;
    let mut ada = world.person("ada").await;
    let olga = connect(&world).await;
    enrol_by_code(&world).await;
    sign_in(&world, &mut ada.authenticator).await;
    enrol_anew(&world, &ada.recovery_code).await;
    for path in ["metadata", "certificate", "certificate.pem", "certificate.cer"] {
        world.clock.pass(SignedDuration::from_mins(2));
        let page = world.browser().visit(&format!("/saml/contoso.test/{path}")).await;
        assert_eq!(page.status, 200, "{path}");
    }
    let out = ada.browser.visit(&world.slo("_out")).await;
    assert!(out.location().is_some(), "{}", out.text);
    operate(&world).await;
    provision(&world).await;
    lose_consent(&olga).await;
    world.clock.pass(SignedDuration::from_mins(1));
    world.sweep().await;
    world.quiet().await;
    world
}

/// With a wrong code, another code, and an address whose claim waits for approval.
async fn enrol_by_code(world: &World) {
    world.user("grace").await;
    let now = world.now();
    world.user_with("hedy", |user| user.claim_changed_at = Some(now)).await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_hedy")).await;
    browser.submit(&page, &[("address", "hedy@contoso.test")]).await;

    let page = browser.begin_enrolment(&world.sso("_grace")).await;
    let page = browser.submit(&page, &[("address", "grace@contoso.test")]).await;
    let code = world.code("grace@personal.test").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let page = browser.submit(&page, &[("code", wrong)]).await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    let way = between(&page.text, "href=\"/sign-in/", "\"").expect("a way on");
    assert!(browser.visit(&format!("/sign-in/{way}")).await.answer().is_some());
}

/// By both bindings, refused once, and silently.
async fn sign_in(world: &World, authenticator: &mut Authenticator) {
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_redirect")).await;
    let page = browser.submit(&page, &[("response", "{}")]).await;
    assert!(browser.sign_in(&page, authenticator).await.answer().is_some());
    assert!(browser.visit(&world.sso("_silent")).await.answer().is_some());
    let mut browser = world.browser();
    let landed = browser.land(&AuthnRequest::new("_post", world.now())).await;
    let page = browser.follow(landed).await;
    assert!(browser.sign_in(&page, authenticator).await.answer().is_some());
}

async fn enrol_anew(world: &World, code: &str) {
    let mut browser: Browser = world.browser();
    let page = browser.visit(&world.sso("_anew")).await;
    let way = between(&page.text, "href=\"/enrol/", "\"").expect("a way to enrol");
    let page = browser.visit(&format!("/enrol/{way}/recover")).await;
    let typed = [("address", "ada@contoso.test"), ("code", code)];
    let page = browser.submit(&page, &typed).await;
    assert!(browser.register(&page, &mut Authenticator::default()).await.recovery_code().is_some());
}

/// Recovery, links in the answer and by mail, and access taken and given back.
async fn operate(world: &World) {
    let (admin, grace) = ("admin@contoso.test", "grace@contoso.test");
    let asked = [
        json!({ "action": "bootstrap", "organization": "Contoso", "email": admin }),
        json!({ "action": "invite", "email": grace }),
        json!({ "action": "invite", "email": grace, "by": "mail" }),
        json!({ "action": "block", "email": grace }),
        json!({ "action": "unblock", "email": grace }),
        json!({ "action": "block", "email": admin }),
        json!({ "action": "health" }),
        json!({ "action": "check_interval", "minutes": 60 }),
        json!({ "action": "set_last_day", "email": grace, "last_day": "2026-12-31", "time_zone": "UTC" }),
        json!({ "action": "list_leavers" }),
    ];
    for mut payload in asked {
        payload["domain"] = json!("contoso.test");
        world.operate(payload).await.unwrap();
    }
}

/// Users and groups come, are found, change and go; keys too.
async fn provision(world: &World) {
    let entra = world.entra().await;
    let user = entra.create(&entra_user("edith", "6b0f1b2c-3d4e-4f60-8172-63544536271a")).await;
    let id = user["id"].as_str().unwrap();
    let group = json!({ "displayName": "Staff", "members": [{ "value": id }] });
    let group = entra.post("/Groups", &group).await.expect(201);
    let group = format!("/Groups/{}", group["id"].as_str().unwrap());
    entra.get(&group).await.expect(200);
    for filter in ["emails.value eq \"edith@contoso.test\"", "title pr"] {
        entra.filter("/Users", filter).await.expect(200);
    }
    let disable = json!([{ "op": "replace", "path": "active", "value": false }]);
    entra.patch(&format!("/Users/{id}"), disable).await.expect(200);
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    entra.patch(&group, remove).await.expect(204);
    entra.delete(&group).await.expect(204);
    entra.delete(&format!("/Users/{id}")).await.expect(204);
    for mut payload in [
        json!({ "action": "list_scim_keys" }),
        json!({ "action": "revoke_scim_key", "key_id": entra.key_id }),
    ] {
        payload["domain"] = json!("contoso.test");
        world.operate(payload).await.unwrap();
    }
}

/// A tenant is connected, looked at, let go, and connected again.
async fn connect(world: &World) -> Connector<'_> {
    world.named_boss().await;
    let mut olga = world.connector().await;
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
    assert_eq!(stands(&olga.press("check").await), "Connected.");
    assert!(stands(&olga.press("disconnect").await).starts_with("Disconnected."));
    olga.connect("read-users", account::BOSS).await;
    world.settled().await;
    let boss = format!("boss@{MANAGED}");
    let page = olga.sign_in_as(&mut world.browser(), &boss, account::MEMBER).await;
    assert_eq!(page.status, 403, "{}", page.text);
    for _ in 0..2 {
        let page = olga.sign_in_as(&mut world.browser(), &boss, account::BOSS).await;
        assert!(page.location().is_some(), "{}", page.text);
    }
    // While somebody is at another notice.
    world.store.notice(world.organization, &BTreeSet::new(), world.now()).await.unwrap();
    world.microsoft.announce(Lifecycle::Missed).await;
    world.swept().await;
    world.microsoft.announce(Lifecycle::SubscriptionRemoved).await;
    olga.look().await;
    let preflight = world.store.preflight(world.organization, world.now()).await.unwrap().unwrap();
    let look = preflight.value.written(world.now()).unwrap().id;
    let path = format!("{}/preflight/{look}/file/users.csv", world.connection_path());
    let link = olga.person.browser.get(&path).await.location().unwrap();
    assert_eq!(olga.person.browser.get(&link).await.status, 200);
    olga
}

/// Two years later the tenant would be read by a new certificate, and has taken its consent back.
async fn lose_consent(olga: &Connector<'_>) {
    olga.revoke(READER).await;
    olga.world.clock.pass(SignedDuration::from_hours(24 * 645));
    olga.world.agree();
    olga.world.sweep().await;
    olga.world.swept().await;
}

fn recorded(world: &World) -> BTreeMap<&'static str, Vec<Seen>> {
    BTreeMap::from([
        ("LoginFunction", world.login.seen()),
        ("OperatorFunction", world.operator.seen()),
        ("DirectoryFunction", world.directory.seen()),
        ("OffboardingFunction", world.offboarding.seen()),
        ("ScimFunction", world.scim.seen()),
        ("OauthFunction", world.oauth.seen()),
        ("NotificationsFunction", world.notifications.seen()),
    ])
}

#[tokio::test]
async fn each_role_grants_what_its_function_does_and_on_what_and_nothing_else() {
    let world = everything().await;
    let template = template();
    let policies = Policies::of(&template);
    let names = Names::of(&template, &world.environments);

    for (function, seen) in recorded(&world) {
        let needed = seen.iter().flat_map(|seen| accesses_of(&seen.target, &seen.body, &names));
        let difference = policies.compare(function, &needed.collect());
        assert!(difference.missing.is_empty(), "{function}: not granted: {:?}", difference.missing);
        assert!(difference.unused.is_empty(), "{function}: never used: {:?}", difference.unused);
        // A condition of the role, and of the key itself.
        let signed = seen.iter().filter(|seen| seen.target == "TrentService.Sign");
        let signed = signed.map(|sign| {
            assert_eq!(sign.body["MessageType"], "DIGEST", "{function}");
            sign.body["SigningAlgorithm"].as_str().unwrap()
        });
        assert_eq!(signed.collect::<BTreeSet<_>>(), algorithms(&template, function), "{function}");
    }
}

/// The algorithms that the condition on a function's signatures names.
fn algorithms<'a>(template: &'a Value, function: &str) -> BTreeSet<&'a str> {
    let policy = &template["Resources"][function.replace("Function", "Policy")]["Properties"];
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap().iter();
    let signs = statements.filter(|one| one["Action"].to_string().contains("\"kms:Sign\""));
    let named = signs.map(|one| &one["Condition"]["StringEquals"]["kms:SigningAlgorithm"]);
    let named =
        named.flat_map(|one| one.as_array().map_or(std::slice::from_ref(one), Vec::as_slice));
    named.map(|one| one.as_str().unwrap()).collect()
}
