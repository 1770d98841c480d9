//! A tenant that is read through the local stack: by function processes, as they are deployed.

use std::path::Path;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use entra_sim::Delivery;
use identity::OrganizationId;
use jiff::Timestamp;
use local::Stack;
use scenarios::microsoft::connect_demo;
use scenarios::world::aws;
use store::{Import, Preflight, Store, Table};

use super::people;
use crate::account::Account;
use crate::process::{most_resident, processor_time};
use crate::{Failure, tell};

/// The function that reads.
const DIRECTORY: &str = "DirectoryFunction";
/// How often it is looked how far it has come.
const POLL: Duration = Duration::from_secs(1);
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
    /// The look at everybody that followed, in seconds.
    pub(crate) look_seconds: f64,
    /// The most that any process had in memory at its end, in MiB.
    pub(crate) look_resident: f64,
}

/// Fills the demo tenant, connects it by our own pages, and waits until everybody is read.
pub(crate) async fn measure(
    template: &Path,
    functions: &Path,
    users: usize,
) -> Result<Read, Failure> {
    let mut account = Account::start(template, functions).await?;
    account.stack.entra().set_delivery(Delivery { silent: true, ..Delivery::default() });
    account.stack.entra().put_users(people(users))?;
    let began = processor_time(&account.stack.processes(DIRECTORY))?;
    connect(&mut account).await?;
    let watching = Watching::new(&account.stack).await?;
    let read = watching.read(users, began).await?;
    account.stop().await;
    Ok(read)
}

/// In the browser of the administrator.
async fn connect(account: &mut Account) -> Result<(), Failure> {
    let person = account.people.first_mut().ok_or("nobody enrolled")?;
    Ok(connect_demo(account.stack.ready(), &mut person.browser).await?)
}

struct Watching<'a> {
    stack: &'a Stack,
    store: Store,
    organization: OrganizationId,
}

impl<'a> Watching<'a> {
    async fn new(stack: &'a Stack) -> Result<Self, Failure> {
        let ready = stack.ready();
        let table = Table::new(&aws(&ready.dynamodb_endpoint).await, ready.table.clone());
        let organization = ready.organization.parse().map_err(|_| "no organization")?;
        Ok(Self { stack, store: Store::new(table), organization })
    }

    async fn read(&self, users: usize, began: Duration) -> Result<Read, Failure> {
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
        let processor = processor_time(&self.stack.processes(DIRECTORY))?.saturating_sub(began);
        resident.push((100, self.resident()?));
        let (asked, ended) = import.asked_at.zip(import.ended_at).ok_or("a round without times")?;
        tell("looking at everybody");
        let findings = loop {
            let found = self.preflight().await.filter(|found| found.look.is_none());
            if let Some(findings) = found.and_then(|found| found.findings) {
                break findings;
            }
            tokio::time::sleep(POLL).await;
        };
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        Ok(Read {
            users: import.tally.told,
            seconds: seconds(asked, ended),
            processor,
            resident,
            look_seconds: seconds(findings.began_at, findings.ended_at),
            look_resident: self.resident()?,
        })
    }

    /// How far it has come; a table that is too busy to say is asked again.
    async fn import(&self) -> Option<Import> {
        let stored = self.store.import(self.organization, SystemClock.now()).await;
        stored.ok().flatten().map(|stored| stored.value)
    }

    async fn preflight(&self) -> Option<Preflight> {
        let stored = self.store.preflight(self.organization, SystemClock.now()).await;
        stored.ok().flatten().map(|stored| stored.value)
    }

    fn resident(&self) -> Result<f64, Failure> {
        let mut each = self.stack.processes(DIRECTORY).into_iter().map(most_resident);
        each.try_fold(0.0, |most, one| Ok(one?.max(most)))
    }
}
