//! Whoever dies at any call of reading whom a notice named, or what changed since, or is throttled there, and
//! whatever Graph does: each change takes or gives access once, and nothing is left to be seen to.

use ambient::SystemEntropy;
use identity::OutboxId;
use jiff::SignedDuration;
use scenarios::mishap::{AFTER_THE_LEASE, Due, Mishap, mishaps};
use scenarios::{Dice, World};
use store::{Action, Actor, AuditEntry, OutboxItem};

use crate::once::{Hand, Told, check_audit};
use crate::place::{Place, Somebody, Weather};
use crate::rule::Word;

/// What is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// What is done about a notice.
    Notice,
    /// What is looked at again a minute later, where no notice was heard.
    Again,
}

/// Two people, one of whom has access: each change takes it from one and gives it to the other.
struct Pair {
    place: Place,
    people: Vec<Somebody>,
    /// How often each changed.
    changes: [usize; 2],
}

impl Pair {
    async fn start() -> Self {
        // Large, and of no use on a test's small stack.
        let place = Box::pin(Place::start(Weather::Still, true, Dice::of(0))).await;
        let people = place.newcomers(2).await;
        place.rest().await;
        let mut pair = Self { place, people, changes: [0; 2] };
        pair.change(1).await;
        let due = pair.notice().await;
        pair.world().batch(&[due]).await;
        pair.over("the first one").await;
        pair
    }

    fn world(&self) -> &World {
        &self.place.world
    }

    async fn change(&mut self, number: usize) {
        self.changes[number] += 1;
        let has_access = self.changes[number].is_multiple_of(2);
        self.place.say(&self.people[number], Word::Enabled(has_access)).await;
    }

    /// Lets both change, and what a leg is about be due.
    async fn begin(&mut self, leg: Leg) -> Due {
        self.change(0).await;
        self.change(1).await;
        match leg {
            Leg::Notice => self.notice().await,
            Leg::Again => self.again().await,
        }
    }

    /// Has both noticed, and names what is done about that.
    async fn notice(&self) -> Due {
        let objects: Vec<String> = self.people.iter().map(|one| one.object.to_string()).collect();
        self.world().notify(&objects.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let records = self.world().records().await;
        let items = records.values("#OUTBOX#").into_iter();
        let mut of_notices = items.filter(|item| item["task"]["read_noticed"]["again"] == true);
        let id = of_notices.next().expect("an item")["id"].as_str().unwrap().parse().unwrap();
        (self.world().organization, id)
    }

    /// Puts down that what changed is looked at again, and names that once it is due.
    async fn again(&self) -> Due {
        let (world, now) = (self.world(), self.place.now());
        let item = OutboxItem::looking_again(world.organization, SignedDuration::from_mins(1), now);
        let id = OutboxId::mint(&SystemEntropy);
        let audit = AuditEntry::new(id, now, Actor::System, Action::TenantConnected);
        world.store.put_in_outbox(world.organization, &item, &audit).await.unwrap();
        self.place.pass(item.due_at.duration_since(now));
        (world.organization, item.id)
    }

    /// Lets time pass until everything was looked at again that is to be: no round is read meanwhile, which
    /// would find what got lost.
    async fn over(&self, what: &str) {
        for pause in [AFTER_THE_LEASE, AFTER_THE_LEASE, SignedDuration::from_mins(12)] {
            self.place.pass(pause);
            self.world().sweep_outbox().await;
        }
        self.world().microsoft.mend();
        let records = self.world().records().await;
        records.check_invariants();
        assert_eq!(records.count("#NOTICED"), 0, "{what}: somebody is still to be read");
        let waiting = records.values("#OUTBOX#");
        let reads = |task: &serde_json::Value| task["read_directory"].is_object();
        assert!(waiting.iter().all(|item| reads(&item["task"])), "{what}: {waiting:#?}");
        let (audit, mut told) = (records.audit(), Told::default());
        told.hear(|kind| self.world().arrived(kind));
        for (whom, changes) in self.people.iter().zip(self.changes) {
            let (id, what) = (whom.id.to_string(), format!("{what}: {}", whom.address));
            let blocks = self.place.blocks(whom).await;
            assert_eq!(blocks.len(), changes % 2, "{what}: {blocks:?}");
            check_audit(&audit, (&id, Hand::Entra), changes, &what);
            told.check(&id, changes, &what);
        }
    }

    /// What can happen to whoever carries a leg out.
    async fn mishaps(&mut self, leg: Leg) -> Vec<Mishap> {
        let due = self.begin(leg).await;
        let asked = || {
            let calls = self.world().microsoft.graph_calls();
            calls.iter().filter(|call| !call.batched).count()
        };
        let before = asked();
        self.world().directory.calls();
        self.world().batch(&[due]).await;
        let (calls, graph) = (self.world().directory.calls(), asked() - before);
        self.over("nothing").await;
        let wrote = calls.iter().filter(|call| call.writes()).count();
        assert!(wrote >= 4 && graph >= 1, "{leg:?}: {calls:?}, {graph} of Graph");
        mishaps(&calls, graph)
    }
}

async fn survives(leg: Leg, is_it: fn(&Mishap) -> bool) {
    let mut pair = Box::pin(Pair::start()).await;
    let cases = pair.mishaps(leg).await.into_iter().filter(is_it);
    let cases: Vec<Mishap> = cases.collect();
    assert!(cases.len() >= 12, "{leg:?}: {cases:?}");
    for mishap in cases {
        let due = pair.begin(leg).await;
        Box::pin(mishap.befall(pair.world(), due)).await;
        Box::pin(pair.over(&format!("{leg:?}: {mishap:?}"))).await;
    }
}

const fn is_death(mishap: &Mishap) -> bool {
    matches!(mishap, Mishap::Killed(_) | Mishap::KilledAtGraph { .. })
}

#[tokio::test]
async fn a_notice_is_seen_to_once_wherever_whoever_sees_to_it_dies() {
    survives(Leg::Notice, is_death).await;
}

#[tokio::test]
async fn a_notice_is_seen_to_once_whatever_fails_meanwhile() {
    survives(Leg::Notice, |mishap| !is_death(mishap)).await;
}

#[tokio::test]
async fn what_is_looked_at_again_survives_every_fault_and_death() {
    survives(Leg::Again, |_| true).await;
}
