//! A tenant that is read through the local stack: by function processes, as they are deployed.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use entra_sim::{Delivery, Fault, GraphFault, GraphUser};
use identity::OrganizationId;
use local::Options;
use scenarios::microsoft::connect_demo;
use scenarios::world::aws;
use serde_json::json;
use store::{Import, MissingStep, Store, Table};

use super::people;
use crate::account::Account;
use crate::process::{most_resident, processor_time};
use crate::stopwatch::Stopwatch;
use crate::{Failure, tell};

/// The function that reads.
const DIRECTORY: &str = "DirectoryFunction";
/// How often it is looked how far it has come.
const POLL: Duration = Duration::from_secs(1);
/// The same, of a round that may be short.
const ROUND_POLL: Duration = Duration::from_millis(50);
/// How many users change before a round.
const CHANGED: usize = 100;
/// At which parts of the users, in percent, memory is looked at.
const MARKS: [u64; 3] = [10, 50, 100];

/// What reading a tenant came to.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) users: u64,
    /// The first round, by the table's own times.
    pub(crate) seconds: f64,
    /// Of the function, in that time.
    pub(crate) processor: Duration,
    /// The most that any of its processes had in memory until then, in MiB, at each mark.
    pub(crate) resident: Vec<(u64, f64)>,
    /// What followed.
    pub(crate) later: Vec<Later>,
}

/// Something that is done with a tenant that was read.
#[derive(Clone, Debug)]
pub(crate) struct Later {
    pub(crate) what: &'static str,
    pub(crate) seconds: f64,
    /// Users whom Entra told of, where it was a round.
    pub(crate) told: Option<u64>,
    /// Requests to the table, with those of sweeps meanwhile.
    pub(crate) requests: u64,
    /// The most that any process of the function had in memory at its end, in MiB.
    pub(crate) resident: f64,
}

/// Fills the demo tenant, connects it by our own pages, and waits until everybody is read; then lets
/// some of them change, and lets Entra forget what it told.
pub(crate) async fn measure(
    template: &Path,
    functions: &Path,
    users: usize,
) -> Result<Read, Failure> {
    let options = Options { measured: true, ..Options::new(template, functions) };
    let mut account = Account::with(options).await?;
    account.stack.entra().set_delivery(Delivery { silent: true, ..Delivery::default() });
    account.stack.entra().put_users(people(users))?;
    let began = processor_time(&account.stack.processes(DIRECTORY))?;
    let person = account.people.first_mut().ok_or("nobody enrolled")?;
    connect_demo(account.stack.ready(), &mut person.browser).await?;
    let reading = Reading::of(&account).await?;
    let mut read = reading.first_round(users, began).await?;
    read.later.push(reading.after("looked at, and asked for by object id").await?);
    read.later.push(reading.round("nobody changed", 1439).await?);
    let changed = |user: GraphUser| GraphUser { display_name: "Renamed".to_owned(), ..user };
    account.stack.entra().put_users(people(CHANGED).map(changed))?;
    read.later.push(reading.round("100 changed", 1438).await?);
    account.stack.entra().inject(GraphFault::next(Fault::Reset).at("/users/delta"));
    read.later.push(reading.round("everybody is told of again", 1437).await?);
    read.later.push(reading.after("asked for by object id").await?);
    account.stop().await;
    Ok(read)
}

struct Reading<'a> {
    account: &'a Account,
    store: Store,
    organization: OrganizationId,
    /// Requests to the table that are this program's own.
    own: Cell<u64>,
}

impl<'a> Reading<'a> {
    async fn of(account: &'a Account) -> Result<Self, Failure> {
        let ready = account.stack.ready();
        let table = Table::new(&aws(&ready.dynamodb_endpoint).await, ready.table.clone());
        let organization = ready.organization.parse().map_err(|_| "no organization")?;
        Ok(Self { account, store: Store::new(table), organization, own: Cell::default() })
    }

    async fn first_round(&self, users: usize, began: Duration) -> Result<Read, Failure> {
        let mut resident = Vec::new();
        let expected = u64::try_from(users)?;
        let import = loop {
            tokio::time::sleep(POLL).await;
            let Some(import) = self.import().await else { continue };
            let next = MARKS.get(resident.len()).copied().unwrap_or(100);
            if import.tally.told * 100 >= expected * next && next < 100 {
                resident.push((next, self.resident()?));
                tell(&format!("{} users are read", import.tally.told));
            }
            if import.ended_at.is_some() {
                break import;
            }
        };
        let processes = self.account.stack.processes(DIRECTORY);
        let processor = processor_time(&processes)?.saturating_sub(began);
        resident.push((100, self.resident()?));
        let (asked, ended) = import.asked_at.zip(import.ended_at).ok_or("a round without times")?;
        let seconds = ended.duration_since(asked).as_secs_f64();
        let users = import.tally.told;
        tell(&format!("{users} users are read within {seconds:.0} s"));
        Ok(Read { users, seconds, processor, resident, later: Vec::new() })
    }

    /// Waits until everybody is looked at, and nobody is missing.
    async fn after(&self, what: &'static str) -> Result<Later, Failure> {
        self.measured(what, async {
            loop {
                let (org, now) = (self.organization, SystemClock.now());
                self.own.update(|own| own + 2);
                let found = self.store.preflight(org, now).await.ok().flatten();
                let search = self.store.missing_search(org, now).await.ok().flatten();
                let looked = found.is_some_and(|found| found.value.look.is_none());
                let is_over = |step| matches!(step, MissingStep::Over { .. });
                if looked && search.is_some_and(|search| is_over(search.value.step)) {
                    return Ok(None);
                }
                tokio::time::sleep(POLL).await;
            }
        })
        .await
    }

    /// A round that is asked for, as changing the interval does.
    async fn round(&self, what: &'static str, minutes: u16) -> Result<Later, Failure> {
        let before = self.import().await.ok_or("nothing was read")?.ended_at;
        self.measured(what, async {
            self.account.operate("check_interval", json!({ "minutes": minutes })).await?;
            loop {
                tokio::time::sleep(ROUND_POLL).await;
                if let Some(import) = self.import().await.filter(|it| it.ended_at > before) {
                    return Ok(Some(import.tally.told));
                }
            }
        })
        .await
    }

    async fn measured(
        &self,
        what: &'static str,
        done: impl Future<Output = Result<Option<u64>, Failure>>,
    ) -> Result<Later, Failure> {
        let watch = Stopwatch::start();
        let (requests, own) = (self.account.stack.table_requests(), self.own.get());
        let told = done.await?;
        let seconds = watch.elapsed().as_secs_f64();
        let all = self.account.stack.table_requests().saturating_sub(requests);
        let requests = all.saturating_sub(self.own.get() - own);
        let later = Later { what, seconds, told, requests, resident: self.resident()? };
        tell(&format!("{later:?}"));
        Ok(later)
    }

    /// How far it has come; a table that is too busy to say is asked again.
    async fn import(&self) -> Option<Import> {
        self.own.update(|own| own + 1);
        let stored = self.store.import(self.organization, SystemClock.now()).await;
        stored.ok().flatten().map(|stored| stored.value)
    }

    fn resident(&self) -> Result<f64, Failure> {
        let mut each = self.account.stack.processes(DIRECTORY).into_iter().map(most_resident);
        each.try_fold(0.0, |most, one| Ok(one?.max(most)))
    }
}
