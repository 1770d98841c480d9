//! That reading a tenant fails, or a consent is gone, is seen by whoever looks: on the page, and by the
//! operator's `health`.

use entra_sim::{Fault, GraphFault};
use jiff::{SignedDuration, Timestamp};
use scenarios::World;
use scenarios::microsoft::{FABRIKAM, account, stands};
use scenarios::mishap::{Mishap, afterwards, mishaps};
use scenarios::world::{READER, WRITER};
use serde_json::{Value, json};

use crate::reading::pass_a_round;

const BUSY: Fault = Fault::Throttled { retry_after: Some(2_400) };

async fn health(world: &World) -> Value {
    let asked = json!({ "action": "health", "domain": "contoso.test" });
    world.operate(asked).await.unwrap()
}

/// Lets so many minutes pass, and what is due be done.
async fn pass(world: &World, minutes: i64) {
    world.clock.pass(SignedDuration::from_mins(minutes));
    world.agree();
    world.sweep().await;
}

#[tokio::test]
async fn rounds_that_fail_are_shown_and_for_how_long_nobody_was_checked_until_one_ends() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let well = health(&world).await;
    assert_eq!((&well["healthy"], &well["trouble"]), (&json!(true), &json!([])), "{well}");
    assert_eq!(well["connection"]["consents"][0]["state"], "granted");
    assert_eq!((&well["reading"]["minutes_since"], &well["notified"]), (&json!(0), &json!(true)));
    world.microsoft.inject(GraphFault::next(BUSY).at("/users/delta").times(2));

    pass_a_round(&world).await;
    let first = world.now();
    let page = olga.page().await;
    let failing = health(&world).await;
    assert_eq!(failing["trouble"], json!(["failing"]));
    let again_at: Timestamp = failing["failing"]["again_at"].as_str().unwrap().parse().unwrap();
    assert!(again_at.duration_since(first) >= SignedDuration::from_mins(40), "as Graph asked");
    for line in [
        "id=\"failing\"".to_owned(),
        "Microsoft is busy and asked for time".to_owned(),
        "Failed in a row</dt><dd>1<".to_owned(),
        format!("Failing since</dt><dd><time datetime=\"{first}\""),
        format!("Tried again at</dt><dd><time datetime=\"{again_at}\""),
        "Time since then</dt><dd>4 h<".to_owned(),
    ] {
        assert!(page.text.contains(&line), "{line}: {}", page.text);
    }
    assert!(!page.text.contains("id=\"unchecked\""), "it is not late yet: {}", page.text);
    assert_eq!(stands(&page), "Connected.", "and works");

    pass(&world, 41).await;
    let page = olga.page().await;
    assert!(page.text.contains("For 4 h 41 min nobody has checked who left"), "{}", page.text);
    assert!(page.text.contains("Failed in a row</dt><dd>2<"), "{}", page.text);
    assert!(page.text.contains(&format!("Failing since</dt><dd><time datetime=\"{first}\"")));
    let late = health(&world).await;
    assert_eq!(late["trouble"], json!(["unchecked", "failing"]));
    assert_eq!((&late["unchecked_hours"], &late["failing"]["times"]), (&json!(4), &json!(2)));
    assert_eq!(late["failing"]["cause"], "throttled");

    pass(&world, 41).await;
    let page = olga.page().await;
    for gone in ["id=\"failing\"", "id=\"unchecked\""] {
        assert!(!page.text.contains(gone), "{}", page.text);
    }
    assert_eq!(health(&world).await["trouble"], json!([]));
}

#[tokio::test]
async fn a_first_reading_that_fails_is_shown_and_binds_nobody_to_the_tenant() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    assert_eq!(health(&world).await["connection"], Value::Null, "nothing was connected yet");
    world.microsoft.inject(GraphFault::next(BUSY).at("/users/delta").times(u32::MAX));
    olga.connect("read-users", account::BOSS).await;
    let fails = |records: &scenarios::Records| {
        records.values("#IMPORT").iter().any(|import| !import["failing"].is_null())
    };
    world.until("it fails", fails).await;

    assert!(olga.page().await.text.contains("id=\"failing\""));
    olga.press("disconnect").await;
    assert!(!olga.page().await.text.contains("id=\"failing\""), "nothing is read any more");
    assert_eq!(health(&world).await["trouble"], json!([]));
    let theirs = olga.consent("read-users", account::FABRIKAM_BOSS).await;
    let theirs = olga.answer(&theirs, Some(account::FABRIKAM_BOSS)).await;
    olga.person.browser.visit(&theirs).await;

    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.tenant.to_string(), FABRIKAM, "nobody was read of the other one");
}

#[tokio::test]
async fn a_consent_that_is_gone_is_shown_where_it_is_given_until_it_is_given_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let lost = "This consent was taken back in Entra; we saw it at";

    olga.revoke(WRITER).await;
    olga.press("check").await;
    let page = olga.page().await;
    assert_eq!((stands(&page), page.text.matches(lost).count()), ("Connected.", 1));
    let gone = health(&world).await;
    assert_eq!(gone["trouble"], json!(["write_users_lost"]), "{gone}");
    assert_eq!(gone["connection"]["consents"][1]["state"], "lost");
    assert_eq!(gone["connection"]["consents"][1]["lost_at"], json!(world.now()));

    olga.connect("write-users", account::BOSS).await;
    assert!(!olga.page().await.text.contains(lost));
    assert_eq!(health(&world).await["trouble"], json!([]));

    olga.revoke(READER).await;
    olga.press("check").await;
    let page = olga.page().await;
    assert!(stands(&page).starts_with("The consent was taken back"), "{}", page.text);
    assert!(!page.text.contains("id=\"unchecked\""), "it was read in time until now");
    assert_eq!(health(&world).await["trouble"], json!(["read_users_lost"]));
    world.clock.pass(SignedDuration::from_mins(271));
    let page = olga.page().await;
    assert!(page.text.contains("nobody has checked who left"), "{}", page.text);
    assert_eq!(health(&world).await["trouble"], json!(["unchecked", "read_users_lost"]));
}

#[tokio::test]
async fn what_was_not_read_for_long_stays_late_when_the_consent_is_given_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let hourly = json!({ "action": "check_interval", "domain": "contoso.test", "minutes": 60 });
    world.operate(hourly).await.unwrap();
    world.swept().await;
    let read_at = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    let read_at = read_at.value.ended_at.unwrap();
    olga.revoke(READER).await;
    olga.press("check").await;
    world.clock.pass(SignedDuration::from_hours(3));
    world.agree();
    world.microsoft.inject(GraphFault::next(BUSY).at("/users/delta"));

    olga.connect("read-users", account::BOSS).await;

    let records = world.records().await;
    let connection = world.store.connection(world.organization, world.now()).await.unwrap();
    let since = json!(connection.unwrap().value.since);
    let rounds = records.values("#OUTBOX#");
    let round = rounds.iter().find(|item| item["task"]["read_directory"]["since"] == since);
    let round = round.expect("reading goes on");
    let at = |text: &Value| text.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(at(&round["created_at"]), read_at, "that long nobody was checked");
    let soon = world.now() + SignedDuration::from_mins(30);
    assert_eq!(at(&round["late"]["at"]), soon, "late as soon as it may have been read");
}

#[tokio::test]
async fn health_is_the_organizations_own_and_a_domain_of_nobody_has_none() {
    let world = World::start().await;
    let other = world.found("Fabrikam", "fabrikam.test").await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let before = world.records().await;
    let asked = |domain: &str| json!({ "action": "health", "domain": domain });

    let theirs = world.operate(asked("fabrikam.test")).await.unwrap();
    assert_eq!((&theirs["organization"], &theirs["connection"]), (&json!(other.id), &Value::Null));
    assert_eq!(theirs["healthy"], true);
    let ours = world.operate(asked("contoso.test")).await.unwrap();
    assert_eq!(ours["connection"]["stage"], "connected");
    for (nobodys, kind) in [("nowhere.test", "NotFound"), ("not a domain", "BadRequest")] {
        let error = world.operate(asked(nobodys)).await.unwrap_err();
        assert_eq!(error["errorType"], kind, "{nobodys}: {error}");
    }
    world.unchanged_since(&before, "somebody who only looks").await;
}

#[tokio::test]
async fn a_round_that_fails_and_dies_at_any_call_is_put_off_shown_and_tried_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let busy = || {
        let busy = Fault::Throttled { retry_after: Some(120) };
        world.microsoft.inject(GraphFault::next(busy).at("/users/delta"));
    };
    let due = async || {
        world.clock.pass(SignedDuration::from_hours(4));
        world.agree();
        let records = world.records().await;
        let items = records.values("#OUTBOX#");
        let round = items.iter().find(|item| item["task"].get("read_directory").is_some());
        let id = |name: &str| round.unwrap()[name].as_str().unwrap();
        (id("organization").parse().unwrap(), id("id").parse().unwrap())
    };
    let clean = due().await;
    world.directory.calls();
    busy();
    world.batch(&[clean]).await;
    let calls = world.directory.calls();
    assert_eq!(health(&world).await["failing"]["times"], 1);
    afterwards(&world).await;
    let deaths: Vec<Mishap> = mishaps(&calls, 0);
    assert!(deaths.len() > 8, "{}", deaths.len());

    for mishap in deaths {
        let what = format!("{mishap:?}");
        let round = due().await;
        busy();
        mishap.befall(&world, round).await;
        let times = health(&world).await["failing"]["times"].as_u64();
        assert!(times.is_none_or(|times| times == 1), "{what}: it failed once: {times:?}");
        afterwards(&world).await;
        world.microsoft.mend();
        assert_eq!(health(&world).await["trouble"], json!([]), "{what}");
        world.records().await.check_invariants();
    }
}
