//! A round that leaves people out, or takes them in later, is killed, or something fails, at every call of
//! it: each of them is put down, and carried out once.

use ambient::SystemEntropy;
use entra_sim::{Fault, GraphFault, GraphUser, population};
use identity::{OutboxId, User, UserId};
use scenarios::microsoft::account;
use scenarios::mishap::{Mishap, afterwards, mishaps};
use scenarios::scim::entra_user;
use scenarios::{Call, Case, Failing, World};
use serde_json::json;
use store::{Action, Actor, AuditEntry, Profile};
use uuid::Uuid;

use crate::reading::users;
use crate::rounds::{Audited, agrees, due};

/// How many of the writes of a round that leaves people out are the last ones: that rounds are to ask for
/// them, who they are, the end of the page, the end of the round.
const LAST: usize = 4;

/// A round of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// The one that leaves people out.
    Leaving,
    /// The one that takes them in.
    Taking,
}

/// What a round asked for: of the account's services, and how often Graph.
#[derive(Debug)]
struct Asked(Vec<Call>, usize);

/// What became of a story.
struct Told {
    /// What the audit says of it.
    audited: Audited,
    /// What each of its rounds asked for.
    asked: [Asked; 2],
}

/// A tenant, and how often people of it were left out.
struct Place {
    world: World,
    number: usize,
}

impl Place {
    async fn new() -> Self {
        let world = World::start().await;
        let mut olga = world.connector().await;
        let people = population(4).enumerate().map(|(number, user)| GraphUser {
            on_premises_immutable_id: Some(format!("anchor-{number}")),
            ..user
        });
        world.microsoft.put_users(people).unwrap();
        olga.connect("read-users", account::BOSS).await;
        drop(olga);
        world.swept().await;
        Self { world, number: 0 }
    }

    /// One of the tenant's people.
    fn person(&self, number: usize) -> GraphUser {
        let named = population(4).nth(number).unwrap().display_name;
        let mut people = self.world.microsoft.users().into_iter();
        people.find(|user| user.display_name == named).unwrap()
    }

    fn audit(&self, action: Action) -> AuditEntry {
        let id = OutboxId::mint(&SystemEntropy);
        AuditEntry::new(id, self.world.now(), Actor::System, action)
    }

    /// Somebody whose name a provisioning client keeps.
    async fn provisioned(&self, name: &str) -> User {
        let (org, now) = (self.world.organization, self.world.now());
        let id = UserId::mint(&SystemEntropy);
        let user = User::new(id, name.parse().unwrap(), "In the way".to_owned(), now);
        let (audit, profile) = (self.audit(Action::UserCreated), Profile::new(now));
        let store = &self.world.store;
        store.create_provisioned(org, &user, &profile, &audit, None).await.unwrap();
        user
    }

    /// Ada is disabled, or enabled again, which is told in a shape that makes no sense; Grace gets a name
    /// that somebody has here, and so does a joiner. Answers who has them.
    async fn change(&mut self) -> [User; 2] {
        self.number += 1;
        let number = self.number;
        let named = |who: &str| format!("{who}-{number}@contoso.onmicrosoft.com");
        let (ada, grace) = (self.person(0), self.person(1));
        let nonsense = json!({ "id": ada.id, "accountEnabled": "perhaps" });
        let joiner = GraphUser {
            user_principal_name: named("joiner"),
            display_name: format!("Joiner {number}"),
            on_premises_immutable_id: Some(format!("joiner-{number}")),
            ..GraphUser::default()
        };
        let ada = GraphUser { account_enabled: !ada.account_enabled, ..ada };
        let grace = GraphUser { user_principal_name: named("grace"), ..grace };
        for user in [ada, grace, joiner] {
            self.world.microsoft.put_user(user).unwrap();
        }
        let odd = GraphFault::next(Fault::Odd(nonsense)).at("/users/delta");
        self.world.microsoft.inject(odd.times(u32::MAX));
        [self.provisioned(&named("grace")).await, self.provisioned(&named("joiner")).await]
    }

    /// Nothing stands against anybody any more.
    async fn clear(&self, in_the_way: [User; 2]) {
        let Self { world, .. } = self;
        world.microsoft.mend();
        for user in in_the_way {
            let (org, audit) = (world.organization, self.audit(Action::UserDeleted));
            let before = world.store.provisioned(org, user.id, world.now()).await.unwrap().unwrap();
            let deleted = world.store.delete_provisioned(org, &before, &audit, &SystemEntropy);
            // Nobody is told: it is the round that comes first.
            deleted.await.unwrap();
        }
    }

    /// The next round, to which something happens, or nothing.
    async fn round(&self, mishap: Option<&Mishap>) -> Asked {
        let due = due(&self.world).await;
        let before = self.world.microsoft.graph_calls().len();
        self.world.directory.calls();
        match mishap {
            None => {
                Box::pin(self.world.batch(&[due])).await;
            }
            Some(mishap) => {
                Box::pin(mishap.befall(&self.world, due)).await;
                Box::pin(afterwards(&self.world)).await;
            }
        }
        let calls = self.world.directory.calls();
        Asked(calls, self.world.microsoft.graph_calls().len() - before)
    }

    /// How many are left out.
    async fn left_out(&self) -> usize {
        let records = self.world.records().await;
        records.check_invariants();
        records.count("#LEFT_OUT")
    }

    /// People are left out and taken in, and something happens meanwhile, or nothing.
    async fn story(&mut self, mishap: Option<(Leg, &Mishap)>) -> Told {
        let what = format!("{mishap:?}");
        let of = |leg: Leg| mishap.filter(|(of, _)| *of == leg).map(|(_, mishap)| mishap);
        let before = self.world.records().await;
        let in_the_way = self.change().await;
        let leaving = self.round(of(Leg::Leaving)).await;
        assert_eq!(self.left_out().await, 3, "{what}: each is put down once");

        self.clear(in_the_way).await;
        let taking = self.round(of(Leg::Taking)).await;
        self.world.microsoft.mend();
        let mut later = 0;
        while self.left_out().await > 0 {
            later += 1;
            assert!(mishap.is_some() && later <= 2, "{what}: somebody is left out for good");
            self.round(None).await;
        }

        Box::pin(self.world.swept()).await;
        agrees(&self.world, &what).await;
        let grace = self.person(1);
        let is_grace = |user: &&User| user.user_name.as_str() == grace.user_principal_name;
        let here = users(&self.world).await;
        let renamed = here.iter().find(is_grace).and_then(|user| user.object_id);
        assert_eq!(renamed, grace.id.parse().ok(), "{what}: she has her name");
        let records = self.world.records().await;
        records.check_invariants();
        Told { audited: records.audited_since(&before), asked: [leaving, taking] }
    }
}

impl Leg {
    /// Whether a mishap is another one than those of any round, which other stories tell: where a read
    /// fails nothing is undone.
    fn bears(self, mishap: &Mishap, writes: usize) -> bool {
        let is_last = |case: &Case| case.before + LAST >= writes;
        match (self, mishap) {
            (Self::Leaving, Mishap::Killed(case)) => {
                case.call.writes() && is_last(case) && case.failing == Failing::AnswerStalled
            }
            (Self::Leaving, Mishap::Fails(case)) => {
                case.call.writes() && case.before + LAST - 1 == writes
            }
            // Carried out, and nobody hears of it: every second one.
            (Self::Taking, Mishap::Killed(case)) => {
                let is_sampled = case.before % 2 == 1;
                case.call.writes() && case.failing == Failing::AnswerStalled && is_sampled
            }
            (Self::Taking, Mishap::Fails(case)) => case.call.writes() && case.before == 1,
            (Self::Taking, Mishap::KilledAtGraph { call, done }) => *call == 1 && !done,
            (Self::Taking, Mishap::GraphFails { call, fault }) => {
                [1, 2].contains(call) && matches!(fault, Fault::Throttled { .. })
            }
            (Self::Leaving, Mishap::KilledAtGraph { .. } | Mishap::GraphFails { .. }) => false,
        }
    }
}

#[test]
fn whoever_is_left_out_is_taken_in_once_however_the_rounds_die_or_fail() {
    // Functions that are not optimised, and die in the middle of a round, are deep.
    let story = std::thread::Builder::new().stack_size(32 << 20).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(left_out_and_taken_in());
    });
    story.unwrap().join().unwrap();
}

async fn left_out_and_taken_in() {
    let mut place = Place::new().await;
    let Told { audited: disabled, .. } = Box::pin(place.story(None)).await;
    let Told { audited: enabled, asked } = Box::pin(place.story(None)).await;
    assert!(disabled.len() >= 5, "{disabled:?}");

    for (leg, Asked(calls, graph)) in [Leg::Leaving, Leg::Taking].into_iter().zip(asked) {
        let writes = calls.iter().filter(|call| call.writes()).count();
        let cases = mishaps(&calls, graph).into_iter();
        let cases: Vec<Mishap> = cases.filter(|mishap| leg.bears(mishap, writes)).collect();
        assert!(cases.len() >= 5, "{leg:?}: {cases:?}");
        for mishap in cases {
            let expected = if place.number % 2 == 0 { &disabled } else { &enabled };
            let told = Box::pin(place.story(Some((leg, &mishap)))).await;
            assert_eq!(told.audited, *expected, "{leg:?}: {mishap:?}");
        }
    }
}

#[tokio::test]
async fn whose_name_a_client_had_is_read_within_seconds_once_the_client_lets_go_of_it() {
    let place = Place::new().await;
    let world = &place.world;
    let entra = world.entra().await;
    for (number, way) in ["rename", "delete"].into_iter().enumerate() {
        let kept = entra_user(way, &Uuid::from_u128(number as u128 + 1).to_string());
        let path = format!("/Users/{}", entra.create(&kept).await["id"].as_str().unwrap());
        let joiner = GraphUser {
            user_principal_name: format!("{way}@contoso.test"),
            display_name: format!("Joiner by {way}"),
            ..GraphUser::default()
        };
        let joiner: Uuid = world.microsoft.put_user(joiner).unwrap().id.parse().unwrap();
        let is_here = async || {
            let here = users(world).await;
            here.iter().any(|user| user.object_id == Some(joiner))
        };
        place.round(None).await;
        world.settled().await;
        assert_eq!((place.left_out().await, is_here().await), (1, false), "{way}");
        let before = world.now();

        match way {
            "rename" => {
                let name =
                    json!([{ "op": "replace", "path": "userName", "value": "x@contoso.test" }]);
                entra.patch(&path, name).await.expect(200);
            }
            _ => {
                entra.delete(&path).await.expect(204);
            }
        }
        world.settled().await;

        assert!(is_here().await, "{way}");
        assert_eq!(world.now(), before, "at once");
        let waits = users(world).await.into_iter().find(|user| !user.in_the_way_of.is_empty());
        assert_eq!(waits, None, "{way}: nobody stands in anybody's way any more");
        place.round(None).await;
        assert_eq!(place.left_out().await, 0, "{way}");
    }
    world.quiet().await;
}
