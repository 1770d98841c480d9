//! A connected organization whose people are provisioned, read and administered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use entra_sim::{Delivery, Domain, Fault as Wrong, GraphFault, GraphUser};
use identity::UserId;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use local::services::Deliveries;
use scenarios::microsoft::account;
use scenarios::mishap::Due;
use scenarios::scim::entra_user;
use scenarios::{Dice, Effect, Fault, Provisioner, World};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rule::Word;
use crate::step::Step;

/// How often a round is due.
pub(crate) const INTERVAL: SignedDuration = SignedDuration::from_hours(4);
/// With more time passing at once nobody would be asked for a second time in between.
const PAUSE: SignedDuration = SignedDuration::from_secs(301);
/// How many of a hundred calls of Graph, and of the table, fail in a storm.
const FAILING: usize = 20;

/// Somebody who is provisioned, and has an account in the tenant.
#[derive(Clone, Debug)]
pub(crate) struct Somebody {
    pub(crate) id: UserId,
    /// The work address.
    pub(crate) address: String,
    pub(crate) object: Uuid,
}

/// What surrounds the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nobody hears of anything: the story brings what is due, or a sweep.
    Still,
    Calm,
    Storm,
}

/// The world, and who says something in it.
pub(crate) struct Place {
    pub(crate) world: World,
    weather: Weather,
    /// Whether the tenant lets us end access there too.
    pub(crate) ends: bool,
    client: Provisioner,
    made: Cell<u128>,
    dice: RefCell<Dice>,
}

impl Place {
    /// In calm weather, or in a storm: of the calls of Graph and of the table each fails with a likelihood of one
    /// in five, events and notices come twice and in any order, and two read one tenant at once.
    pub(crate) async fn start(weather: Weather, ends: bool, dice: Dice) -> Self {
        let world = match weather {
            Weather::Still => World::mute().await,
            Weather::Calm => World::start().await,
            Weather::Storm => World::with(Deliveries::Twice).await,
        };
        world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
        let client = world.entra().await;
        let mut olga = world.connector().await;
        olga.connect("read-users", account::BOSS).await;
        world.swept().await;
        if ends {
            olga.connect("write-users", account::BOSS).await;
            world.swept().await;
        }
        drop(olga);
        let (made, dice) = (Cell::new(0), RefCell::new(dice));
        Self { world, weather, ends, client, made, dice }
    }

    /// People of whom nothing was said yet.
    pub(crate) async fn newcomers(&self, many: usize) -> Vec<Somebody> {
        let mut newcomers = Vec::with_capacity(many);
        for _ in 0..many {
            let number = self.made.replace(self.made.get() + 1);
            let name = format!("user-{number}");
            let object = Uuid::from_u128(0x6b0f_1b2c_3d4e_4f60_8172_0000_0000_0000 + number);
            let account = GraphUser {
                id: object.to_string(),
                user_principal_name: format!("{name}@contoso.test"),
                display_name: format!("The {name}"),
                on_premises_immutable_id: Some(format!("anchor-of-{name}")),
                ..GraphUser::default()
            };
            self.world.microsoft.put_user(account).unwrap();
            let made = self.client.create(&entra_user(&name, &object.to_string())).await;
            let id = made["id"].as_str().unwrap().parse().unwrap();
            newcomers.push(Somebody { id, address: format!("{name}@contoso.test"), object });
        }
        newcomers
    }

    /// Lets a storm begin, where there is one.
    pub(crate) fn blow(&self) {
        if self.weather == Weather::Storm {
            let mut dice = self.dice.borrow_mut();
            let world = &self.world;
            for wire in [&world.directory, &world.offboarding, &world.notifications] {
                wire.throttle(FAILING, Dice::of(dice.below(usize::MAX) as u64));
            }
            // Each waits until those before it are used up.
            for _ in 0..300 {
                let mut well = 0;
                while !dice.happens(FAILING) {
                    well += 1;
                }
                let fault = match dice.below(4) {
                    0 => Wrong::Status(503),
                    1 => Wrong::Throttled { retry_after: Some(1) },
                    2 => Wrong::Throttled { retry_after: Some(600) },
                    _ => Wrong::Lost,
                };
                world.microsoft.inject(GraphFault::next(fault).after(well));
            }
            world.microsoft.set_delivery(Delivery {
                doubled: true,
                reversed: true,
                delay_ms: 100,
                delay_every: 2,
                ..Delivery::default()
            });
        }
    }

    /// Has what is due carried out.
    async fn round(&self) {
        self.pass(INTERVAL);
        match self.weather {
            Weather::Still | Weather::Calm => drop(self.world.sweep().await),
            Weather::Storm => drop(tokio::join!(self.world.sweep(), self.world.sweep())),
        }
    }

    /// Lets something happen.
    pub(crate) async fn happen(&self, step: &Step, people: &[Somebody]) {
        match step {
            Step::Said(whom, word) => self.say(&people[*whom], *word).await,
            Step::Round => self.round().await,
            Step::Meanwhile(whom, word) => {
                tokio::join!(self.round(), self.say(&people[*whom], *word));
            }
            Step::Notice(whom) => {
                let whom = people[*whom].object.to_string();
                self.world.notify_until_heard(&[&whom]).await;
            }
            Step::Death { operation, after, done } => {
                let effect = if *done { Effect::StallAnswer } else { Effect::Stall };
                let death = Fault { operation, skip: *after, times: 1, effect };
                self.world.directory.fault(death);
                tokio::select! {
                    () = self.round() => {}
                    () = self.world.directory.stalled() => {}
                }
                self.world.directory.mend();
                self.blow();
            }
            Step::Forgotten => self.forget(),
            Step::Unseen(whom) => {
                self.forget();
                self.say(&people[*whom], Word::Purged).await;
            }
            Step::Hours(hours) => self.pass(SignedDuration::from_hours(*hours)),
        }
    }

    fn forget(&self) {
        // Of several faults that a call meets the first one counts.
        self.world.microsoft.mend();
        self.world.microsoft.inject(GraphFault::next(Wrong::Reset).at("/users/delta"));
        self.blow();
    }

    pub(crate) async fn say(&self, whom: &Somebody, word: Word) {
        let microsoft = &self.world.microsoft;
        let account = || {
            let mut accounts = microsoft.users().into_iter();
            accounts.find(|account| account.id == whom.object.to_string())
        };
        match word {
            Word::Enabled(account_enabled) => {
                if let Some(account) = account() {
                    microsoft.put_user(GraphUser { account_enabled, ..account }).unwrap();
                }
            }
            Word::Deleted => {
                if account().is_some() {
                    microsoft.soft_delete_user(&whom.address).unwrap();
                }
            }
            // Whoever is not in the bin is not restored, and nobody is gone twice.
            Word::Restored => drop(microsoft.restore_user(&whom.address)),
            Word::Purged => drop(microsoft.delete_user(&whom.address)),
            Word::Active(active) => {
                let change = json!([{ "op": "replace", "path": "active", "value": active }]);
                self.client.patch(&format!("/Users/{}", whom.id), change).await.expect(200);
            }
            Word::Blocked(true) => self.operate("block", whom, json!({})).await,
            Word::Blocked(false) => self.operate("unblock", whom, json!({})).await,
            Word::LastDay(None) => self.operate("set_last_day", whom, json!({})).await,
            Word::LastDay(Some(days)) => {
                let today = self.world.now().to_zoned(jiff::tz::TimeZone::UTC).date();
                let day = today + i64::from(days).days();
                let asked = json!({ "last_day": day.to_string(), "time_zone": "UTC" });
                self.operate("set_last_day", whom, asked).await;
            }
        }
    }

    /// As an administrator does who is told that somebody else changed the user meanwhile.
    async fn operate(&self, action: &str, whom: &Somebody, mut asked: Value) {
        asked["action"] = json!(action);
        asked["domain"] = json!("contoso.test");
        asked["email"] = json!(whom.address);
        let mut answer = self.world.operate(asked.clone()).await;
        for _ in 0..4 {
            if answer.is_err() {
                answer = self.world.operate(asked.clone()).await;
            }
        }
        answer.unwrap();
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.world.clock.pass(time);
        self.world.agree();
    }

    /// Nothing dies or fails any more, a round is due, and everything that follows from it is done.
    pub(crate) async fn rest(&self) {
        if self.weather == Weather::Storm {
            let world = &self.world;
            for wire in [&world.directory, &world.offboarding, &world.notifications] {
                wire.mend();
            }
            world.microsoft.mend();
            world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
        }
        self.pass(INTERVAL);
        self.world.sweep().await;
        self.world.swept_by(PAUSE).await;
    }

    /// The round that is next, which nobody has any more, whoever is at it.
    pub(crate) async fn next_round(&self) -> Due {
        let records = self.world.records().await;
        let items = records.values("#OUTBOX#").into_iter();
        let mut rounds = items.filter(|item| item["task"]["read_directory"].is_object());
        let id = rounds.next().expect("a round")["id"].as_str().unwrap().parse().unwrap();
        let (org, now) = (self.world.organization, self.now());
        let later = now + SignedDuration::from_hours(24);
        if let Some(item) = self.world.store.outbox(org, id, later).await.unwrap() {
            self.world.store.continue_outbox(&item, now).await.unwrap();
        }
        (org, id)
    }

    /// What stands against somebody's access here, by the words of the table.
    pub(crate) async fn blocks(&self, whom: &Somebody) -> BTreeSet<String> {
        let found = self.world.store.user(self.world.organization, whom.id, self.now()).await;
        let blocks = json!(found.unwrap().unwrap().value.blocks);
        serde_json::from_value(blocks).unwrap()
    }

    /// Whether somebody has access, as their provisioning client sees it.
    pub(crate) async fn is_active(&self, whom: &Somebody) -> bool {
        let shown = self.client.get(&format!("/Users/{}", whom.id)).await.expect(200);
        shown["active"].as_bool().unwrap()
    }

    /// Whether somebody's account in Entra is enabled, where it is there.
    pub(crate) fn is_enabled(&self, whom: &Somebody) -> bool {
        let mut accounts = self.world.microsoft.users().into_iter();
        let account = accounts.find(|account| account.id == whom.object.to_string());
        account.is_some_and(|account| account.account_enabled)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }
}
