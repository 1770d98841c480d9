//! Whoever leaves has access until the end of their last day, where they are, and not an instant longer.

use std::collections::BTreeSet;

use identity::{LastDay, OutboxId, User};
use jiff::{SignedDuration, Timestamp};
use scenarios::mishap::{AFTER_THE_LEASE, Due, Mishap, mishaps};
use scenarios::{Call, Case, Failing, Spell, World};
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry};

const BERLIN: &str = "Europe/Berlin";

async fn set(world: &World, name: &str, day: &str, zone: &str) -> Value {
    let email = format!("{name}@contoso.test");
    let asked = json!({
        "action": "set_last_day", "domain": "contoso.test", "email": email,
        "last_day": day, "time_zone": zone,
    });
    world.operate(asked).await.unwrap()
}

async fn stay(world: &World, name: &str) -> Value {
    let email = format!("{name}@contoso.test");
    let asked = json!({ "action": "set_last_day", "domain": "contoso.test", "email": email });
    world.operate(asked).await.unwrap()
}

async fn leavers(world: &World, domain: &str) -> Vec<Value> {
    let asked = json!({ "action": "list_leavers", "domain": domain });
    world.operate(asked).await.unwrap()["leavers"].as_array().unwrap().clone()
}

async fn stored(world: &World, user: &User) -> User {
    world.store.user(world.organization, user.id, world.now()).await.unwrap().unwrap().value
}

/// Lets time pass to an instant.
fn wait(world: &World, until: &str) {
    let until: Timestamp = until.parse().unwrap();
    world.clock.pass(until.duration_since(world.now()));
}

fn taken(audit: &[Value], user: &User) -> usize {
    let id = user.id.to_string();
    let is_it = |entry: &&Value| {
        entry["action"] == "access_taken" && entry["subject"] == id && entry["reason"] == "last_day"
    };
    audit.iter().filter(is_it).count()
}

#[tokio::test]
async fn access_ends_with_the_last_day_though_nobody_tidies() {
    let world = World::start().await;
    let entra = world.entra().await;
    let mut ada = world.person("ada").await;
    let said = set(&world, "ada", "2026-03-02", BERLIN).await;
    assert_eq!(
        said,
        json!({
            "email": "ada@contoso.test", "last_day": "2026-03-02", "time_zone": BERLIN,
            "access_ends_at": "2026-03-02T23:00:00Z", "days_left": 0, "has_access": true,
            "blocks": [],
        })
    );

    // A session of eight hours that begins an hour before.
    wait(&world, "2026-03-02T22:00:00Z");
    let page = ada.browser.visit(&world.sso("_evening")).await;
    assert!(ada.browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    wait(&world, "2026-03-02T22:59:59.999Z");
    assert!(ada.browser.visit(&world.sso("_last")).await.answer().is_some());
    let active = async || {
        let found = entra.filter("/Users", "userName eq \"ada@contoso.test\"").await.expect(200);
        found["Resources"][0]["active"].clone()
    };
    assert_eq!(active().await, true);

    wait(&world, "2026-03-02T23:00:00Z");
    let page = ada.browser.visit(&world.sso("_over")).await;
    assert!(page.answer().is_none(), "the session ended with the day");
    let page = ada.browser.sign_in(&page, &mut ada.authenticator).await;
    page.assert_refused(403, "disabled");
    assert_eq!(active().await, false);
    let invited =
        json!({ "action": "invite", "domain": "contoso.test", "email": "ada@contoso.test" });
    assert_eq!(world.operate(invited).await.unwrap_err()["errorType"], "Refused");
    assert!(stored(&world, &ada.user).await.blocks.is_empty(), "nobody tidied yet");
    let unblock =
        json!({ "action": "unblock", "domain": "contoso.test", "email": "ada@contoso.test" });
    assert_eq!(world.operate(unblock).await.unwrap()["blocks"], json!(["last_day"]));

    world.swept().await;
    assert_eq!(json!(stored(&world, &ada.user).await.blocks), json!(["last_day"]));
    let records = world.records().await;
    assert_eq!(taken(&records.audit(), &ada.user), 1);
    records.check_invariants();
    assert_eq!(active().await, false);
}

#[tokio::test]
async fn a_day_that_is_moved_or_lifted_gives_access_back_and_no_session() {
    let world = World::start().await;
    let (mut ada, mut grace) = (world.person("ada").await, world.person("grace").await);
    for name in ["ada", "grace"] {
        set(&world, name, "2026-03-02", "UTC").await;
    }
    // Ada's is moved in time: what comes at the old end finds that it is not over.
    set(&world, "ada", "2026-03-09", "UTC").await;
    wait(&world, "2026-03-02T23:59:00Z");
    let page = ada.browser.visit(&world.sso("_before")).await;
    assert!(ada.browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    let page = grace.browser.visit(&world.sso("_before_too")).await;
    assert!(grace.browser.sign_in(&page, &mut grace.authenticator).await.answer().is_some());
    wait(&world, "2026-03-03T00:01:00Z");
    world.swept().await;
    assert!(ada.browser.visit(&world.sso("_goes_on")).await.answer().is_some());
    assert_eq!(json!(stored(&world, &grace.user).await.blocks), json!(["last_day"]));

    // Grace's is lifted when it is over; an administrator's block is another matter.
    let blocked =
        json!({ "action": "block", "domain": "contoso.test", "email": "grace@contoso.test" });
    world.operate(blocked.clone()).await.unwrap();
    world.clock.pass(SignedDuration::from_secs(1));
    let said = stay(&world, "grace").await;
    assert_eq!((&said["blocks"], &said["last_day"]), (&json!(["administrator"]), &Value::Null));
    let unblocked =
        json!({ "action": "unblock", "domain": "contoso.test", "email": "grace@contoso.test" });
    world.operate(unblocked).await.unwrap();
    let page = grace.browser.visit(&world.sso("_back")).await;
    assert!(page.answer().is_none(), "what was open stays over");
    assert!(grace.browser.sign_in(&page, &mut grace.authenticator).await.answer().is_some());

    // The second end comes as well, and only once.
    wait(&world, "2026-03-10T00:00:00Z");
    let page = ada.browser.visit(&world.sso("_gone")).await;
    ada.browser.sign_in(&page, &mut ada.authenticator).await.assert_refused(403, "disabled");
    world.swept().await;
    let records = world.records().await;
    assert_eq!((taken(&records.audit(), &ada.user), taken(&records.audit(), &grace.user)), (1, 1));
    assert!(leavers(&world, "contoso.test").await.is_empty());
    records.check_invariants();
}

#[tokio::test]
async fn a_day_that_is_over_already_ends_access_at_once_and_administrators_are_told() {
    let world = World::start().await;
    let root = world.administrator("root").await;
    let mut ada = world.person("ada").await;
    assert!(ada.browser.visit(&world.sso("_open")).await.answer().is_some());
    for name in ["root", "ada"] {
        let said = set(&world, name, "2026-03-01", "Asia/Kolkata").await;
        assert_eq!((&said["has_access"], &said["days_left"]), (&json!(false), &json!(-1)));
    }
    let page = ada.browser.visit(&world.sso("_at_once")).await;
    assert!(page.answer().is_none(), "the session of before is over");
    ada.browser.sign_in(&page, &mut ada.authenticator).await.assert_refused(403, "disabled");
    world.swept().await;
    for user in [&root, &ada.user] {
        assert_eq!(json!(stored(&world, user).await.blocks), json!(["last_day"]));
    }
    let mails = world.mails("admin@contoso.test");
    let subjects = mails.iter().map(|mail| mail.subject.as_deref().unwrap()).collect::<Vec<_>>();
    assert_eq!(subjects, ["An administrator of Contoso was blocked"]);
}

#[tokio::test]
async fn who_leaves_is_listed_in_the_order_of_leaving_and_for_the_own_organization_alone() {
    let world = World::start().await;
    let other = world.found("Fabrikam", "fabrikam.test").await;
    let _ = world.user_of(&other, "eve").await;
    let eve = json!({
        "action": "set_last_day", "domain": "fabrikam.test", "email": "eve@fabrikam.test",
        "last_day": "2026-03-03", "time_zone": "UTC",
    });
    world.operate(eve).await.unwrap();
    for (name, day) in [("ada", "2026-03-31"), ("grace", "2026-03-05"), ("edith", "2026-03-09")] {
        world.user(name).await;
        set(&world, name, day, BERLIN).await;
    }
    set(&world, "edith", "2026-03-04", BERLIN).await;
    let listed = leavers(&world, "contoso.test").await;
    let listed =
        listed.iter().map(|leaver| (leaver["email"].as_str().unwrap(), &leaver["days_left"]));
    let expected = [
        ("edith@contoso.test", json!(2)),
        ("grace@contoso.test", json!(3)),
        ("ada@contoso.test", json!(29)),
    ];
    assert_eq!(listed.collect::<Vec<_>>(), expected.each_ref().map(|(name, left)| (*name, left)));
    stay(&world, "grace").await;
    assert_eq!(leavers(&world, "contoso.test").await.len(), 2);
    assert_eq!(leavers(&world, "fabrikam.test").await.len(), 1);

    // More than one answer holds.
    for number in 0..50 {
        let name = format!("user-{number:02}");
        world.user(&name).await;
        set(&world, &name, "2026-06-30", "UTC").await;
    }
    let mut asked = json!({ "action": "list_leavers", "domain": "contoso.test" });
    let first = world.operate(asked.clone()).await.unwrap();
    assert_eq!(first["leavers"].as_array().unwrap().len(), 50);
    asked["after"] = first["after"].clone();
    let rest = world.operate(asked).await.unwrap();
    assert_eq!((rest["leavers"].as_array().unwrap().len(), &rest["after"]), (2, &Value::Null));
    world.records().await.check_invariants();
}

#[tokio::test]
async fn what_is_no_last_day_is_refused_in_words_and_changes_nothing() {
    let world = World::start().await;
    world.user("ada").await;
    let before = world.quiet().await;
    let cases = [
        (json!({ "last_day": "tomorrow", "time_zone": "UTC" }), "BadRequest", "as 2026-12-31"),
        (json!({ "last_day": "2026-02-30", "time_zone": "UTC" }), "BadRequest", "as 2026-12-31"),
        (
            json!({ "last_day": "2026-12-31T17:00", "time_zone": "UTC" }),
            "BadRequest",
            "as 2026-12-31",
        ),
        (json!({ "last_day": "20261231", "time_zone": "UTC" }), "BadRequest", "as 2026-12-31"),
        (json!({ "last_day": "9999-12-31", "time_zone": "UTC" }), "BadRequest", "calendar"),
        (json!({ "last_day": "2026-12-31", "time_zone": "Berlin" }), "BadRequest", "Europe/Berlin"),
        (json!({ "last_day": "2026-12-31" }), "BadRequest", "go together"),
        (json!({ "time_zone": "UTC" }), "BadRequest", "go together"),
        (json!({ "email": "nobody@contoso.test" }), "NotFound", "no such user"),
        (json!({ "domain": "fabrikam.test" }), "NotFound", "no organization"),
    ];
    for (more, kind, why) in cases {
        let mut asked = json!({
            "action": "set_last_day", "domain": "contoso.test", "email": "ada@contoso.test",
        });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let error = world.operate(asked).await.unwrap_err();
        assert_eq!(error["errorType"], kind, "{more}");
        assert!(error["errorMessage"].as_str().unwrap().contains(why), "{more}: {error}");
    }
    assert_eq!(world.quiet().await, before);
}

/// Until somebody is seen off whose last day is over, others take and lift reasons of theirs.
#[tokio::test]
async fn whoever_was_not_seen_off_yet_is_told_of_once_whatever_is_added_and_lifted() {
    let world = World::start().await;
    let operate = async |action: &str, name: &str| {
        let email = format!("{name}@contoso.test");
        let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
        world.operate(asked).await.unwrap();
    };
    let mut people = Vec::new();
    for name in ["ada", "grace", "edith"] {
        people.push((name, world.user(name).await));
        set(&world, name, "2026-03-02", "UTC").await;
    }
    operate("block", "edith").await;
    wait(&world, "2026-03-03T00:01:00Z");
    for (action, name) in
        [("block", "ada"), ("unblock", "ada"), ("block", "grace"), ("unblock", "edith")]
    {
        operate(action, name).await;
    }
    world.swept().await;
    let told = |kind: &str, user: &User| {
        let said = world.said(kind).into_iter().filter(|event| event["user"] == json!(user.id));
        let ids = said.map(|event| event["id"].to_string());
        ids.collect::<BTreeSet<_>>().len()
    };
    let audit = world.records().await.audit();
    for (name, user) in &people {
        assert_eq!(taken(&audit, user), 1, "{name}");
        let blocks = json!(stored(&world, user).await.blocks);
        let expected = if *name == "grace" { vec!["administrator"] } else { vec![] };
        let expected = expected.into_iter().chain(["last_day"]).collect::<Vec<_>>();
        assert_eq!(blocks, json!(expected), "{name}");
        let found = (told("user.offboarded", user), told("user.reenabled", user));
        assert_eq!(found, (1, 0), "{name}");
    }

    for (name, user) in &people {
        stay(&world, name).await;
        world.swept().await;
        let found = (told("user.offboarded", user), told("user.reenabled", user));
        assert_eq!(found, (1, usize::from(*name != "grace")), "{name}");
    }
    world.records().await.check_invariants();
}

/// Somebody new whose last day is over, and what sees them off.
async fn over(world: &World, number: usize) -> (User, Due) {
    let user = world.user(&format!("user-{number}")).await;
    let id = OutboxId::mint(&ambient::SystemEntropy);
    let audit = AuditEntry::new(id, world.now(), Actor::Operator, Action::LastDayChanged);
    let day = LastDay::new("2026-03-01".parse().unwrap(), "UTC").unwrap();
    let end = world.store.change_last_day(world.organization, user.id, Some(&day), &audit).await;
    (user, (world.organization, end.unwrap().remove(0).id))
}

/// What the function asks of its services to see somebody off.
async fn calls(world: &World) -> Vec<Call> {
    let (_, due) = over(world, 0).await;
    world.directory.calls();
    world.batch(&[due]).await;
    let calls = world.directory.calls();
    assert!(calls.len() >= 5, "{calls:?}");
    calls
}

/// Whoever dies at any call of seeing somebody off: in the end it is done, audited once, and told by one id.
#[tokio::test]
async fn seeing_somebody_off_survives_every_death() {
    let world = World::mute().await;
    let cases = mishaps(&calls(&world).await, 0).into_iter();
    let cases: Vec<_> = cases.filter(|mishap| matches!(mishap, Mishap::Killed(_))).collect();
    assert!(cases.len() >= 8, "{cases:?}");

    for (position, mishap) in cases.iter().enumerate() {
        let what = format!("{mishap:?}");
        let (user, due) = over(&world, position + 1).await;
        mishap.befall(&world, due).await;
        world.swept_by(AFTER_THE_LEASE).await;

        assert_eq!(json!(stored(&world, &user).await.blocks), json!(["last_day"]), "{what}");
        let records = world.records().await;
        assert_eq!(taken(&records.audit(), &user), 1, "{what}");
        let mut told = world.arrived("user.offboarded");
        told.retain(|event| event["user"] == json!(user.id));
        let ids: BTreeSet<String> = told.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{what}: {told:?}");
        assert_eq!(records.count("#OUTBOX#"), 0, "{what}: something is left");
        records.check_invariants();
    }
}

/// Each call of seeing somebody off fails in every way: in the end it is done, and audited once.
#[tokio::test]
async fn seeing_somebody_off_survives_every_fault() {
    let world = World::start().await;
    let calls = calls(&world).await;

    for (position, case) in Case::all(&calls).iter().enumerate() {
        let what = format!("{case:?}");
        let (user, due) = over(&world, position + 1).await;
        world.directory.fault(case.fault());
        world.batch(&[due]).await;
        world.directory.mend_spent(&what);
        if case.spell == Spell::ForGood || case.failing == Failing::AnswerLost {
            world.batch(&[due]).await;
            world.clock.pass(SignedDuration::from_secs(91));
            world.sweep().await;
        }
        assert_eq!(json!(stored(&world, &user).await.blocks), json!(["last_day"]), "{what}");
        assert_eq!(taken(&world.records().await.audit(), &user), 1, "{what}");
    }
    let records = world.records().await;
    assert_eq!(records.count("#OUTBOX#"), 0, "something is left");
    records.check_invariants();
}
