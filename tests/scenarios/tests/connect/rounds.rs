//! A round of reading is killed, or something fails, at every call of it: whoever goes on tells the same,
//! and each change is made, and audited, once.

use entra_sim::{Fault, GraphFault, GraphSettings, GraphUser, population};
use identity::{AttributeValue, Block};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use scenarios::mishap::{Due, afterwards, mishaps};

use crate::reading::users;

/// What the tenant is told of by.
#[derive(Clone, Copy, Debug)]
enum Round {
    /// What changed, in two pages.
    Changes,
    /// Everybody, since the place is lost: in three pages.
    Anew,
}

/// What the audit says of a round: each action, and why.
pub(crate) type Audited = Vec<(String, Option<String>)>;

impl Round {
    const fn page_size(self) -> usize {
        match self {
            Self::Changes => 2,
            Self::Anew => 3,
        }
    }

    /// Somebody is renamed, somebody disabled or enabled again; in a round of changes somebody comes, and
    /// whoever came the last time goes.
    fn changes(self, world: &World, number: usize) {
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
    async fn due(self, world: &World) -> Due {
        if matches!(self, Self::Anew) {
            world.microsoft.inject(GraphFault::next(Fault::Expired).at("/users/delta"));
        }
        due(world).await
    }

    /// Nothing goes wrong: what the audit says.
    async fn clean(self, world: &World, number: usize) -> Audited {
        let before = world.records().await;
        self.changes(world, number);
        let due = self.due(world).await;
        world.batch(&[due]).await;
        agrees(world, "without a fault").await;
        let audited = world.records().await.audited_since(&before);
        assert!(audited.len() >= 2, "{audited:?}");
        audited
    }

    async fn survives(self) {
        let world = World::start().await;
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
        self.clean(&world, 0).await;
        // In one somebody is disabled, in the other enabled again.
        let disabled = self.clean(&world, 1).await;
        let asked = |world: &World| {
            world.microsoft.graph_calls().iter().filter(|call| !call.batched).count()
        };
        let before = asked(&world);
        world.directory.calls();
        let enabled = self.clean(&world, 2).await;
        let calls = world.directory.calls();
        // The one that says that the place is lost is given away.
        let lost = usize::from(matches!(self, Self::Anew));
        let mishaps = mishaps(&calls, asked(&world) - before - lost);
        assert!(mishaps.len() > 40, "{}", mishaps.len());

        for (number, mishap) in mishaps.into_iter().enumerate() {
            let what = format!("{self:?}: {mishap:?}");
            let expected = if number % 2 == 0 { &disabled } else { &enabled };
            let before = world.records().await;
            self.changes(&world, number + 3);
            let due = self.due(&world).await;
            mishap.befall(&world, due).await;
            afterwards(&world).await;
            world.microsoft.mend();
            agrees(&world, &what).await;
            let records = world.records().await;
            records.check_invariants();
            assert_eq!(records.audited_since(&before), *expected, "{what}");
        }
    }
}

/// Lets the next round be due, and names what carries it out.
pub(crate) async fn due(world: &World) -> Due {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    let records = world.records().await;
    let items = records.values("#OUTBOX#");
    let mut rounds = items.iter().filter(|item| item["task"].get("read_directory").is_some());
    let id = |name: &str| rounds.clone().next().unwrap()[name].as_str().unwrap();
    let due = (id("organization").parse().unwrap(), id("id").parse().unwrap());
    assert!(rounds.next().is_some() && rounds.next().is_none(), "there is one next round");
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
async fn reading_everybody_anew_survives_every_fault_and_death() {
    Round::Anew.survives().await;
}
