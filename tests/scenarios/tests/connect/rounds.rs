//! A round of reading is killed, or something fails, at every call of it: whoever goes on tells the same,
//! and each change is made, and audited, once.

use entra_sim::{Fault, GraphFault, GraphSettings, GraphUser, population};
use identity::{AttributeValue, Block};
use jiff::SignedDuration;
use scenarios::microsoft::{account, stands};
use scenarios::mishap::{AFTER_THE_LEASE, Due, Mishap, afterwards, mishaps};
use scenarios::{Call, Connector, World};
use serde_json::json;

use crate::reading::users;

/// What the tenant is told of by.
#[derive(Clone, Copy, Debug)]
enum Round {
    /// What changed, in two pages.
    Changes,
    /// Everybody, since the place is lost: in three pages.
    Anew,
    /// Nothing.
    Quiet,
    /// Everybody, of a tenant that was just connected and was never read, and does not tell yet what changes.
    First,
}

/// What the audit says of a round: each action, and why.
pub(crate) type Audited = Vec<(String, Option<String>)>;

impl Round {
    const fn page_size(self) -> usize {
        match self {
            Self::Changes => 2,
            Self::Anew => 3,
            Self::Quiet | Self::First => 999,
        }
    }

    /// Somebody is renamed, somebody disabled or enabled again; in a round of changes somebody comes, and
    /// whoever came the last time goes; to a tenant that was never read somebody came before.
    fn changes(self, world: &World, number: usize) {
        if matches!(self, Self::Quiet) {
            return;
        }
        let people = world.microsoft.users();
        let named =
            |name: &str| people.iter().find(|user| user.user_principal_name.starts_with(name));
        let ada = GraphUser {
            display_name: format!("Ada {number}"),
            department: Some(format!("Department {number}")),
            ..named("person000000").unwrap().clone()
        };
        let grace = named("person000001").unwrap().clone();
        let grace = GraphUser { account_enabled: !grace.account_enabled, ..grace };
        for user in [ada, grace] {
            world.microsoft.put_user(user).unwrap();
        }
        if matches!(self, Self::Changes) {
            for gone in people.iter().filter(|user| user.user_principal_name.starts_with("joiner"))
            {
                world.microsoft.soft_delete_user(&gone.user_principal_name).unwrap();
            }
        }
        if matches!(self, Self::Changes | Self::First) {
            let joiner = GraphUser {
                user_principal_name: format!("joiner-{number}@contoso.onmicrosoft.com"),
                display_name: format!("Joiner {number}"),
                on_premises_immutable_id: Some(format!("joiner-{number}")),
                ..GraphUser::default()
            };
            world.microsoft.put_user(joiner).unwrap();
        }
    }

    /// Lets the next round be due, and names what carries it out.
    async fn due(self, olga: &mut Connector<'_>) -> Due {
        let world = olga.world;
        match self {
            Self::Changes | Self::Anew => {
                world.clock.pass(SignedDuration::from_hours(4));
                world.agree();
            }
            // Named before its time it is carried out all the same, and a day later it would renew what tells.
            Self::Quiet => {}
            Self::First => {
                olga.press("disconnect").await;
                world.clock.pass(AFTER_THE_LEASE);
                world.agree();
                world.sweep().await;
                world.forget_reading().await;
                assert_eq!(stands(&olga.connect("read-users", account::BOSS).await), "Connected.");
            }
        }
        if matches!(self, Self::Anew) {
            world.microsoft.inject(GraphFault::next(Fault::Expired).at("/users/delta"));
        }
        next_round(world).await
    }

    /// Nothing goes wrong: what the audit says.
    async fn clean(self, olga: &mut Connector<'_>, number: usize) -> (Audited, Vec<Call>, usize) {
        let world = olga.world;
        self.changes(world, number);
        let due = self.due(olga).await;
        let before = world.records().await;
        let asked = || world.microsoft.graph_calls().iter().filter(|call| !call.batched).count();
        let known = asked();
        world.directory.calls();
        world.batch(&[due]).await;
        let (calls, asked) = (world.directory.calls(), asked() - known);
        self.rest(world).await;
        agrees(world, "without a fault").await;
        let audited = world.records().await.audited_since(&before);
        match self {
            Self::Quiet => assert!(audited.is_empty(), "{audited:?}"),
            _ => assert!(audited.len() >= 2, "{audited:?}"),
        }
        (audited, calls, asked)
    }

    /// Whatever is left is done.
    async fn rest(self, world: &World) {
        match self {
            Self::Changes | Self::Anew | Self::Quiet => world.swept_by(AFTER_THE_LEASE).await,
            // Rounds of earlier connections come to their end now and then: for them nobody waits.
            Self::First => afterwards(world).await,
        }
    }

    async fn survives(self) {
        let world = World::mute().await;
        let mut olga = world.connector().await;
        let people = population(6).enumerate().map(|(number, user)| GraphUser {
            on_premises_immutable_id: Some(format!("anchor-{number}")),
            ..user
        });
        world.microsoft.put_users(people).unwrap();
        let settings = GraphSettings { page_size: self.page_size(), ..GraphSettings::default() };
        world.microsoft.set_graph(settings);
        olga.connect("read-users", account::BOSS).await;
        world.swept().await;
        // As somebody comes and goes.
        self.clean(&mut olga, 0).await;
        // In one somebody is disabled, in the other enabled again.
        let (disabled, ..) = self.clean(&mut olga, 1).await;
        let (enabled, calls, asked) = self.clean(&mut olga, 2).await;
        // The one that says that the place is lost is given away.
        let lost = usize::from(matches!(self, Self::Anew));
        let mut mishaps = mishaps(&calls, asked - lost);
        // Of what fails, and is tried again, the other rounds tell.
        let dies =
            |mishap: &Mishap| matches!(mishap, Mishap::Killed(_) | Mishap::KilledAtGraph { .. });
        mishaps.retain(|mishap| !matches!(self, Self::First) || dies(mishap));
        let least = if matches!(self, Self::Quiet) { 2 + 1 + 2 + 2 + 4 } else { 30 };
        assert!(mishaps.len() >= least, "{}: {calls:?}", mishaps.len());

        for (number, mishap) in mishaps.into_iter().enumerate() {
            let what = format!("{self:?}: {mishap:?}");
            let expected = if number % 2 == 0 { &disabled } else { &enabled };
            self.changes(&world, number + 3);
            let due = self.due(&mut olga).await;
            let (before, began) = (world.records().await, world.now());
            mishap.befall(&world, due).await;
            world.microsoft.mend();
            self.rest(&world).await;
            agrees(&world, &what).await;
            let records = world.records().await;
            records.check_invariants();
            assert_eq!(records.audited_since(&before), *expected, "{what}");
            let import = world.store.import(world.organization, world.now()).await.unwrap();
            let ended = import.unwrap().value.ended_at;
            assert!(ended.is_some_and(|ended| began <= ended), "{what}: it is over");
        }
    }
}

/// Lets the next round be due, and names what carries it out.
pub(crate) async fn due(world: &World) -> Due {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    next_round(world).await
}

/// Names what carries the next round out.
async fn next_round(world: &World) -> Due {
    let connection = world.store.connection(world.organization, world.now()).await;
    let since = json!(connection.unwrap().unwrap().value.since);
    let records = world.records().await;
    let items = records.values("#OUTBOX#").into_iter();
    // The chain of an earlier connection ends by itself.
    let mut rounds = items.filter(|item| item["task"]["read_directory"]["since"] == since);
    let id = rounds.next().expect("a next round")["id"].as_str().unwrap();
    let due = (world.organization, id.parse().unwrap());
    assert!(rounds.next().is_none(), "there is one next round");
    due
}

/// Everybody is here as they are there.
pub(crate) async fn agrees(world: &World, what: &str) {
    let here = users(world).await;
    let there = world.microsoft.users();
    for theirs in &there {
        let is_it =
            |user: &&identity::User| user.object_id.is_some_and(|id| id.to_string() == theirs.id);
        let ours = here.iter().filter(is_it).collect::<Vec<_>>();
        assert_eq!(ours.len(), 1, "{what}: {}", theirs.user_principal_name);
        let blocked = ours[0].blocks.contains(&Block::Entra);
        assert_eq!(ours[0].display_name, theirs.display_name, "{what}");
        let department = ours[0].attributes.department.as_ref();
        let department = department.map(AttributeValue::as_str);
        assert_eq!(department, theirs.department.as_deref(), "{what}");
        assert_eq!(blocked, !theirs.account_enabled, "{what}: {}", theirs.user_principal_name);
    }
    for gone in here.iter().filter(|user| user.object_id.is_some()) {
        let is_it =
            |theirs: &&GraphUser| gone.object_id.is_some_and(|id| id.to_string() == theirs.id);
        let blocked = gone.blocks.contains(&Block::Entra);
        assert!(
            there.iter().any(|theirs| is_it(&theirs)) || blocked,
            "{what}: {}",
            gone.display_name
        );
    }
}

#[tokio::test]
async fn a_round_of_changes_survives_every_fault_and_death() {
    Round::Changes.survives().await;
}

#[tokio::test]
async fn a_round_in_which_nothing_changed_survives_every_fault_and_death() {
    Round::Quiet.survives().await;
}

#[tokio::test]
async fn the_first_reading_of_a_tenant_survives_every_fault_and_death() {
    Round::First.survives().await;
}

#[tokio::test]
async fn reading_everybody_anew_survives_every_fault_and_death() {
    Round::Anew.survives().await;
}

#[tokio::test]
async fn a_first_page_that_was_slow_is_carried_out_or_told_of_and_not_begun_again_for_ever() {
    let world = World::mute().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(6)).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.swept().await;
    let pages = || {
        let calls = world.microsoft.graph_calls();
        calls.iter().filter(|call| call.path == "/users/delta").count()
    };
    // By the time it is there, no page would be begun any more.
    let slow = async || {
        let due = due(&world).await;
        world.clock.hurry(SignedDuration::from_secs(2));
        world.batch(&[due]).await;
        world.clock.hurry(SignedDuration::ZERO);
    };

    let throttled = Fault::Throttled { retry_after: Some(600) };
    world.microsoft.inject(GraphFault::next(throttled).at("/users/delta"));
    slow().await;
    let records = world.records().await;
    let items = records.values("#OUTBOX#");
    let round = items.iter().find(|item| item["task"].get("read_directory").is_some()).unwrap();
    assert_eq!(round["attempts"], 1, "it failed, and is put off: {round}");
    world.swept_by(SignedDuration::from_mins(11)).await;

    let mut people = world.microsoft.users().into_iter();
    let ada = people.find(|user| user.user_principal_name.starts_with("person000000")).unwrap();
    world.microsoft.put_user(GraphUser { account_enabled: !ada.account_enabled, ..ada }).unwrap();
    let before = pages();
    slow().await;
    world.swept_by(AFTER_THE_LEASE).await;
    agrees(&world, "slow").await;
    assert!(pages() - before <= 2, "{}", pages() - before);
}
