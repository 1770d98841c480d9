//! From the connection on the tenant is read: round after round, as long as the connection works.

use std::time::Duration;

use ambient::SystemEntropy;
use entra_sim::{Fault, GraphFault, GraphSettings, GraphUser, population};
use graph::USER_SELECTION;
use identity::{OrganizationId, OutboxId, User, UserId};
use jiff::SignedDuration;
use scenarios::microsoft::{account, stands};
use scenarios::world::READER;
use scenarios::{Effect, Fault as Cut, World};
use serde_json::json;
use store::{Action, Actor, AuditEntry, Import, Order, OutboxItem, Stage, Stored, Task};

/// Everybody here, by name.
pub(crate) async fn users(world: &World) -> Vec<User> {
    let (mut users, mut from) = (Vec::new(), None);
    loop {
        let (org, now) = (world.organization, world.now());
        let page =
            world.store.list_users(org, Order::Stored, from.as_ref(), 50, now).await.unwrap();
        users.extend(page.items.into_iter().map(|user| user.user.value));
        let Some(next) = page.next else { return users };
        from = Some(next);
    }
}

pub(crate) fn find<'a>(users: &'a [User], name: &str) -> &'a User {
    let named = |user: &&User| user.user_name.folded().starts_with(&format!("{name}@"));
    users.iter().find(named).unwrap_or_else(|| panic!("{name} is not there"))
}

/// Lets the time pass until the next round is due, and what is due be done.
async fn next_round(world: &World) {
    pass_a_round(world).await;
    world.settled().await;
}

pub(crate) async fn pass_a_round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
}

pub(crate) fn change(world: &World, name: &str, change: impl FnOnce(&mut GraphUser)) {
    let mut users = world.microsoft.users().into_iter();
    let mut user = users.find(|user| user.display_name == name).unwrap();
    change(&mut user);
    world.microsoft.put_user(user).unwrap();
}

#[tokio::test]
async fn whoever_is_in_the_tenant_is_here_once_it_is_connected_and_the_page_says_how_many() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(40)).unwrap();
    let settings = GraphSettings { page_size: 7, ..GraphSettings::default() };
    world.microsoft.set_graph(settings);

    olga.connect("read-users", account::BOSS).await;
    let records = world.quiet().await;

    let here = users(&world).await;
    for theirs in world.microsoft.users() {
        let ours =
            here.iter().find(|user| user.object_id.is_some_and(|id| id.to_string() == theirs.id));
        assert_eq!(ours.unwrap().user_name.as_str(), theirs.user_principal_name);
    }
    assert_eq!(records.count("#IMPORT"), 1);
    let page = olga.page().await;
    assert_eq!(stands(&page), "Connected.");
    let many = world.microsoft.users().len();
    for line in [format!("New here</dt><dd>{many}<"), format!("told of</dt><dd>{many} / {many}<")] {
        assert!(page.text.contains(&line), "{line}: {}", page.text);
    }
    assert!(page.text.contains("<dt>Last read</dt>"), "{}", page.text);
    assert!(page.headers.get("refresh").is_none(), "nothing is under way");
}

#[tokio::test]
async fn while_the_tenant_is_read_the_page_says_how_far_it_is_and_about_when_it_is_over() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(40)).unwrap();
    let settings = GraphSettings { page_size: 7, ..GraphSettings::default() };
    world.microsoft.set_graph(settings);
    let throttled = Fault::Throttled { retry_after: Some(600) };
    world.microsoft.inject(GraphFault::next(throttled).at("/users/delta").after(2));
    let begun = world.now();

    olga.connect("read-users", account::BOSS).await;
    let two_pages = async {
        loop {
            let import = world.store.import(world.organization, world.now()).await.unwrap();
            if import.is_some_and(|import| import.value.pages == 2) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), two_pages).await.expect("two pages");
    let many = world.microsoft.users().len();
    let rest = i64::try_from(many - 14).unwrap();
    world.clock.pass(SignedDuration::from_mins(7));
    world.agree();
    let page = olga.page().await;

    let ends = begun + SignedDuration::from_mins(7) + SignedDuration::from_secs(30 * rest);
    let shown = [
        format!("<progress max=\"{many}\" value=\"14\""),
        format!("told of</dt><dd>14 / {many}<"),
        format!("{}</time>", ends.strftime("%Y-%m-%d %H:%M UTC")),
    ];
    for line in shown {
        assert!(page.text.contains(&line), "{line}: {}", page.text);
    }
    assert_eq!(page.headers["refresh"], "5", "it is watched as long as it is read");
    world.swept().await;
    let page = olga.page().await;
    assert!(!page.text.contains("<progress"), "{}", page.text);
    assert!(page.text.contains(&format!("told of</dt><dd>{many} / {many}<")), "{}", page.text);
}

#[tokio::test]
async fn every_four_hours_what_changed_there_changes_here() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    change(&world, "member", |member| member.account_enabled = false);

    world.clock.pass(SignedDuration::from_mins(215));
    world.agree();
    world.sweep().await;
    assert!(find(&users(&world).await, "member").blocks.is_empty(), "it is not time yet");
    for blocked in [true, false] {
        change(&world, "member", |member| member.account_enabled = !blocked);
        next_round(&world).await;
        assert_eq!(!find(&users(&world).await, "member").blocks.is_empty(), blocked);
    }
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(import.value.round, 4, "three rounds are over");
}

#[tokio::test]
async fn a_round_in_which_nothing_changed_asks_for_whom_another_one_left_out() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    next_round(&world).await;
    change(&world, "member", |member| member.account_enabled = false);
    let nonsense = json!({ "id": account::MEMBER, "accountEnabled": "false" });
    world.microsoft.inject(GraphFault::next(Fault::Odd(nonsense)).at("/users/delta"));

    next_round(&world).await;
    assert!(find(&users(&world).await, "member").blocks.is_empty(), "what was said made no sense");
    next_round(&world).await;

    assert!(!find(&users(&world).await, "member").blocks.is_empty());
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(import.value.left_out_at, None);
}

#[tokio::test]
async fn a_quiet_round_by_a_shorter_selection_leads_to_one_that_reads_everybody() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let many = u64::try_from(world.microsoft.users().len()).unwrap();
    let (org, before) = (world.organization, users(&world).await);
    let Stored { value, version } = world.store.import(org, world.now()).await.unwrap().unwrap();
    let less = Import { selection: USER_SELECTION - 1, ..value };
    world.store.keep_import(org, version, &less).await.unwrap();
    let mut told = Vec::new();

    for _ in 0..3 {
        next_round(&world).await;
        let import = world.store.import(org, world.now()).await.unwrap().unwrap().value;
        told.push(import.tally.told);
    }

    assert_eq!(told, [0, many, 0]);
    assert_eq!(users(&world).await, before, "nobody is missed, and nothing is lost");
    world.quiet().await;
}

#[tokio::test]
async fn a_consent_that_is_taken_back_is_seen_by_the_next_round_said_on_the_bus_and_blocks_nobody()
{
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let before = users(&world).await;
    olga.revoke(READER).await;
    // Tokens that were given out are good for an hour; several must be refused before it is believed.
    pass_a_round(&world).await;
    world.swept().await;

    let records = world.quiet().await;
    assert_eq!(users(&world).await, before);
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.stage, Stage::Lost);
    assert!(stands(&olga.page().await).starts_with("The consent was taken back"));
    let said = world.said("connection.consent_lost");
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["organization"], json!(world.organization));
    assert_eq!(said[0]["version"], 1);
    assert_eq!(records.count("#OUTBOX"), 0, "nothing is read any more");

    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!((import.value.round, import.value.tally.made), (3, 0), "it goes on where it was");
}

#[tokio::test]
async fn once_disconnected_nothing_is_read_and_users_stay_as_they_are() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    olga.press("disconnect").await;
    let before = users(&world).await;
    change(&world, "member", |member| member.account_enabled = false);

    next_round(&world).await;

    assert_eq!(users(&world).await, before);
    assert_eq!(world.quiet().await.count("#OUTBOX"), 0, "no round follows");
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    assert!(!find(&users(&world).await, "member").blocks.is_empty(), "it is caught up");
}

#[tokio::test]
async fn a_graph_that_is_out_of_order_is_asked_again_and_nothing_is_lost() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(20)).unwrap();
    world.microsoft.set_graph(GraphSettings { page_size: 5, ..GraphSettings::default() });
    let garbage = GraphFault::next(Fault::Garbage).at("/users/delta").after(2);
    world.microsoft.inject(GraphFault { times: 3, ..garbage });

    olga.connect("read-users", account::BOSS).await;
    world.swept().await;

    let read = users(&world).await.into_iter().filter(|user| user.object_id.is_some());
    assert_eq!(read.count(), world.microsoft.users().len());
    world.quiet().await;
}

#[tokio::test]
async fn a_pause_that_graph_asks_for_is_kept() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    change(&world, "member", |member| member.account_enabled = false);
    let throttled = Fault::Throttled { retry_after: Some(3_000) };
    world.microsoft.inject(GraphFault::next(throttled).at("/users/delta"));
    pass_a_round(&world).await;

    // Up to a second more, so that not everybody comes back at once.
    for (minutes, asked) in [(49, false), (2, true)] {
        let calls = world.microsoft.graph_calls().len();
        world.clock.pass(SignedDuration::from_mins(minutes));
        world.agree();
        world.sweep().await;
        assert_eq!(world.microsoft.graph_calls().len() > calls, asked, "after {minutes} minutes");
    }
    assert!(!find(&users(&world).await, "member").blocks.is_empty());
}

#[tokio::test]
async fn however_much_waits_of_one_organization_mails_and_rounds_of_another_do_not() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    change(&world, "member", |member| member.account_enabled = false);
    let other = OrganizationId::mint(&SystemEntropy);
    for _ in 0..2_000 {
        let task = Task::ForgetUser { user: UserId::mint(&SystemEntropy) };
        let item = OutboxItem::new(&SystemEntropy, other, task, world.now());
        let id = OutboxId::mint(&SystemEntropy);
        let audit = AuditEntry::new(id, world.now(), Actor::System, Action::UserDeleted);
        world.store.put_in_outbox(other, &item, &audit).await.unwrap();
    }
    world.clock.pass(SignedDuration::from_hours(4) - SignedDuration::from_mins(1));
    let ada = world.user("ada").await;
    let effect = Effect::Refuse(400, "AccessDeniedException");
    world.operator.fault(Cut { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let email = ada.user_name.as_str();
    let invite =
        json!({ "action": "invite", "domain": "contoso.test", "email": email, "by": "mail" });
    world.operate(invite).await.unwrap();
    world.clock.pass(SignedDuration::from_mins(1));
    world.agree();

    world.sweep().await;

    assert_eq!(world.mails("ada@personal.test").len(), 1);
    assert!(!find(&users(&world).await, "member").blocks.is_empty(), "the round is over");
    let left = world.records().await.count(&format!("ORG#{other}#OUTBOX#"));
    assert!((1_900..2_000).contains(&left), "the others had their turns too: {left}");
}

#[tokio::test]
async fn how_often_it_is_read_is_the_organizations_own() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let asked = |minutes: u32| json!({ "action": "check_interval", "domain": "contoso.test", "minutes": minutes });
    for minutes in [0, 4, 1441, 70_000] {
        let error = world.operate(asked(minutes)).await.unwrap_err();
        assert_eq!(error["errorType"], "BadRequest", "{minutes}: {error}");
    }
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    assert!(olga.page().await.text.contains("Read again after</dt><dd>4 h<"));

    // The next round is at once, and from then on at the new pace; the old chain of rounds ends.
    world.clock.pass(SignedDuration::from_mins(1));
    let answer = world.operate(asked(90)).await.unwrap();
    assert_eq!(answer, json!({ "minutes": 90, "minutes_before": 240 }));
    world.swept().await;
    assert!(olga.page().await.text.contains("Read again after</dt><dd>1 h 30 min<"));
    for blocked in [true, false, true] {
        change(&world, "member", |member| member.account_enabled = !blocked);
        world.clock.pass(SignedDuration::from_mins(91));
        world.agree();
        world.sweep().await;
        assert_eq!(!find(&users(&world).await, "member").blocks.is_empty(), blocked);
    }
    let rounds = |import: Import| import.round;
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(rounds(import.value), 6, "one at first, one at once, three by the clock");
    pass_a_round(&world).await;
    world.settled().await;
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(rounds(import.value), 7, "the old chain is over");
}
