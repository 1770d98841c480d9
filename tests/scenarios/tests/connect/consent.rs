//! When a consent is believed to be gone: by refusals in a row, each of a token of its own, and by nothing
//! else that fails.

use ambient::SystemEntropy;
use entra_sim::{Fault, GraphFault, GraphUser, population};
use identity::{OutboxId, PreflightId};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{TENANT, account};
use scenarios::world::{READER, WRITER};
use store::{Action, Actor, AuditEntry, Connection, Feature, Look, OutboxItem, Stage, Task};

use crate::reading::{change, find, pass_a_round, users};

async fn connection(world: &World) -> Connection {
    let stored = world.store.connection(world.organization, world.now()).await;
    stored.unwrap().unwrap().value
}

/// Lets a call be put off or refused, one after the other, so often each.
fn fails(world: &World, call: &GraphFault, times: &[(Fault, u32)]) {
    for (fault, times) in times {
        world.microsoft.inject(GraphFault { fault: fault.clone(), times: *times, ..call.clone() });
    }
}

const BUSY: Fault = Fault::Throttled { retry_after: Some(120) };

/// Five tries, and none of them believed.
const TROUBLE: [(Fault, u32); 2] = [(BUSY, 3), (Fault::ConsentLost, 2)];

/// Lets so much time pass that whatever was put off is tried once more, so often: no round is due by then.
async fn tries(world: &World, times: u32) {
    for _ in 0..times {
        world.clock.pass(SignedDuration::from_mins(20));
        world.agree();
        world.sweep().await;
    }
}

/// How often it was called, since so many calls.
fn called(world: &World, call: &GraphFault, since: usize) -> usize {
    let calls = world.microsoft.graph_calls().into_iter().skip(since);
    calls.filter(|made| call.path.as_deref() == Some(&*made.path)).count()
}

#[tokio::test]
async fn whatever_else_failed_before_it_takes_three_refusals_in_a_row() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(8)).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let round = GraphFault::next(Fault::Reset).at("/users/delta");
    let batch = GraphFault::next(Fault::Reset).at("/$batch");
    let list = GraphFault::next(Fault::Reset).at("/users").when("GET");

    for (call, what) in [(&list, "a look"), (&round, "a round"), (&batch, "a search")] {
        let since = world.microsoft.graph_calls().len();
        fails(&world, call, &TROUBLE);
        match what {
            "a look" => look(&world).await,
            // Everybody is read anew, and asked for.
            "a search" => {
                world.microsoft.inject(round.clone());
                pass_a_round(&world).await;
            }
            _ => pass_a_round(&world).await,
        }
        tries(&world, 8).await;
        assert!(called(&world, call, since) > 5, "{what}: it was tried until it went well");
        assert_eq!(connection(&world).await.stage, Stage::Connected, "{what}");
        world.microsoft.mend();
        world.quiet().await;
    }

    fails(&world, &round, &[(Fault::ConsentLost, 2), (BUSY, 1), (Fault::ConsentLost, 3)]);
    pass_a_round(&world).await;
    tries(&world, 4).await;
    assert_eq!(connection(&world).await.stage, Stage::Connected, "four times, but not in a row");
    tries(&world, 1).await;
    assert_eq!(connection(&world).await.stage, Stage::Lost, "three times in a row");
}

/// Begins a look of which nobody is told.
async fn look(world: &World) {
    let (org, now) = (world.organization, world.now());
    let before = world.store.preflight(org, now).await.unwrap();
    let look = Look::begin(PreflightId::mint(&SystemEntropy), now);
    let item = OutboxItem::new(&SystemEntropy, org, Task::LookAtEverybody { look: look.id }, now);
    let id = OutboxId::mint(&SystemEntropy);
    let audit = AuditEntry::new(id, now, Actor::System, Action::PreflightBegun);
    world.store.begin_preflight(org, before.as_ref(), look, &item, &audit).await.unwrap();
}

#[tokio::test]
async fn the_consent_to_write_is_believed_lost_no_sooner() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let may_write = async || connection(&world).await.granted.contains_key(&Feature::WriteUsers);
    let later = GraphUser {
        user_principal_name: "later@contoso.onmicrosoft.com".to_owned(),
        display_name: "later".to_owned(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(later.clone()).unwrap();
    let batch = GraphFault::next(Fault::Reset).at("/$batch");
    fails(&world, &batch, &TROUBLE);

    pass_a_round(&world).await;
    tries(&world, 8).await;

    assert!(may_write().await);
    let theirs =
        |name: &str| world.microsoft.users().into_iter().find(|it| it.display_name == name);
    assert!(theirs("later").unwrap().on_premises_immutable_id.is_some(), "it went well");
    world.quiet().await;

    let name = "latest@contoso.onmicrosoft.com".to_owned();
    let latest =
        GraphUser { user_principal_name: name, display_name: "latest".to_owned(), ..later };
    world.microsoft.put_user(latest).unwrap();
    fails(&world, &batch, &[(Fault::ConsentLost, 3)]);
    pass_a_round(&world).await;
    tries(&world, 4).await;
    assert!(!may_write().await, "three times in a row");
    assert_eq!(connection(&world).await.stage, Stage::Connected, "reading goes on");
}

#[tokio::test]
async fn what_went_well_by_a_token_is_no_part_of_the_refusals() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(20)).unwrap();
    let pages = entra_sim::GraphSettings { page_size: 5, ..entra_sim::GraphSettings::default() };
    world.microsoft.set_graph(pages);
    // Each page is refused once, behind another one that is not.
    for _ in 0..4 {
        world.microsoft.inject(GraphFault::next(Fault::ConsentLost).at("/users/delta").after(1));
    }

    olga.connect("read-users", account::BOSS).await;
    tries(&world, 6).await;

    assert_eq!(connection(&world).await.stage, Stage::Connected);
    let import = world.store.import(world.organization, world.now()).await.unwrap().unwrap().value;
    assert!(import.round > 1 && import.tally.told >= 20, "{import:?}");
}

#[tokio::test]
async fn what_was_refused_before_a_consent_was_confirmed_does_not_count_afterwards() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let round = GraphFault::next(Fault::Reset).at("/users/delta");
    fails(&world, &round, &[(Fault::ConsentLost, 5)]);
    pass_a_round(&world).await;
    tries(&world, 1).await;
    // Twice; then somebody looks, and Microsoft says that the consent is there.
    olga.press("check").await;

    tries(&world, 2).await;
    assert_eq!(connection(&world).await.stage, Stage::Connected, "twice since");
    tries(&world, 1).await;
    assert_eq!(connection(&world).await.stage, Stage::Lost, "three times since");
}

#[tokio::test]
async fn an_account_that_nobody_lets_us_see_costs_neither_the_consent_nor_the_round() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.swept().await;
    change(&world, "member", |member| member.account_enabled = false);
    pass_a_round(&world).await;
    world.swept().await;
    let blocked = async || {
        let users = users(&world).await;
        !find(&users, "member").blocks.is_empty()
    };
    assert!(blocked().await);
    // Whoever is enabled again is asked for themselves: that one alone is forbidden.
    change(&world, "member", |member| member.account_enabled = true);
    let id = world.microsoft.users().into_iter().find(|it| it.display_name == "member").unwrap().id;
    let forbidden = GraphFault::next(Fault::ConsentLost).at(&format!("/users/{id}"));
    world.microsoft.inject(forbidden.when("GET").times(u32::MAX));
    let import = async || {
        let stored = world.store.import(world.organization, world.now()).await;
        stored.unwrap().unwrap().value
    };
    let before = import().await.round;

    pass_a_round(&world).await;
    tries(&world, 4).await;

    assert_eq!(connection(&world).await.stage, Stage::Connected);
    assert!(import().await.round > before, "the round is over");
    assert!(blocked().await, "what is not said gives no access");
    world.quiet().await;
    world.microsoft.mend();
    change(&world, "member", |member| member.surname = Some("Again".to_owned()));
    pass_a_round(&world).await;
    world.swept().await;
    assert!(!blocked().await);
}

#[tokio::test]
async fn permissions_that_are_taken_back_one_by_one_are_a_consent_that_is_gone() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let take = async |client_id: &str, roles: &[&str]| {
        let grant = serde_json::json!({ "roles": roles });
        olga.simulate(&format!("consents/{TENANT}/{client_id}"), &grant).await;
    };
    // Something else is granted still, and a token is given.
    let since = world.microsoft.graph_calls().len();
    take(WRITER, &["Organization.Read.All"]).await;
    let later = GraphUser {
        user_principal_name: "later@contoso.onmicrosoft.com".to_owned(),
        display_name: "later".to_owned(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(later).unwrap();
    pass_a_round(&world).await;
    tries(&world, 4).await;
    let granted = connection(&world).await.granted;
    assert!(!granted.contains_key(&Feature::WriteUsers), "{granted:?}");
    let calls = world.microsoft.graph_calls().split_off(since);
    let forbidden = calls.iter().filter(|call| call.status == 403).count();
    assert_eq!(forbidden, 0, "nothing is asked for that the token does not carry");

    take(READER, &["Organization.Read.All"]).await;
    world.clock.pass(SignedDuration::from_hours(2));
    pass_a_round(&world).await;
    tries(&world, 4).await;
    assert_eq!(connection(&world).await.stage, Stage::Lost);

    // A token is given all the same, whoever looks and however often.
    for _ in 0..2 {
        olga.press("check").await;
        let lost = connection(&world).await;
        assert_eq!((lost.stage, lost.lost.len(), lost.granted.len()), (Stage::Lost, 2, 0));
    }
}
