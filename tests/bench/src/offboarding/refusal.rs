//! How long it takes until somebody who is disabled in the tenant is refused, when Microsoft tells at once.

use std::path::Path;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use entra_sim::{Delivery, GraphUser};
use identity::OrganizationId;
use jiff::SignedDuration;
use local::Stack;
use scenarios::microsoft::connect_demo;
use scenarios::world::aws;
use store::{Store, Table};

use crate::Failure;
use crate::account::{Account, LOGIN, Person};
use crate::stopwatch::Stopwatch;

/// The functions that a notice passes.
const PASSED: [&str; 2] = ["NotificationsFunction", "DirectoryFunction"];
/// How often it is looked whether the tenant is read, or somebody may sign in again.
const POLL: Duration = Duration::from_millis(50);
/// An item that is due by then may be begun with before anybody is killed.
const SOON: SignedDuration = SignedDuration::from_secs(3);
/// For how long whoever is at an item has it.
const HELD: SignedDuration = SignedDuration::from_secs(100);
/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the functions are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Each has a process that waits.
    Warm,
    /// None has one.
    Cold,
}

impl Start {
    pub(crate) const ALL: [Self; 2] = [Self::Warm, Self::Cold];
}

/// How long it took each time, the shortest first.
#[derive(Clone, Debug)]
pub(crate) struct Refusals {
    pub(crate) start: Start,
    pub(crate) took: Vec<Duration>,
}

impl Refusals {
    /// What so many in a hundred stayed within.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took.get(place).copied().unwrap_or_default()
    }
}

/// Connects the demo tenant, and lets somebody leave so many times, and come back.
pub(crate) async fn measure(
    template: &Path,
    functions: &Path,
    times: usize,
) -> Result<Vec<Refusals>, Failure> {
    let mut account = Account::start(template, functions).await?;
    account.stack.entra().set_delivery(Delivery::default());
    let administrator = account.people.first_mut().ok_or("nobody enrolled")?;
    connect_demo(account.stack.ready(), &mut administrator.browser).await?;
    let reading = Reading::of(&account.stack).await?;
    reading.ended().await?;
    let sso = account.sso_path();
    let mut all = Vec::new();
    for start in Start::ALL {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let Account { stack, people } = &mut account;
            let person = people.get_mut(1).ok_or("nobody leaves")?;
            took.push(leave((stack, &reading), person, &sso, start).await?);
        }
        took.sort();
        all.push(Refusals { start, took });
    }
    account.stop().await;
    Ok(all)
}

/// The table, and whose tenant it is.
struct Reading {
    store: Store,
    organization: OrganizationId,
}

impl Reading {
    async fn of(stack: &Stack) -> Result<Self, Failure> {
        let ready = stack.ready();
        let table = Table::new(&aws(&ready.dynamodb_endpoint).await, ready.table.clone());
        let organization = ready.organization.parse().map_err(|_| "no organization")?;
        Ok(Self { store: Store::new(table), organization })
    }

    /// Waits until the tenant was read for the first time.
    async fn ended(&self) -> Result<(), Failure> {
        let ended = async {
            loop {
                let import = self.store.import(self.organization, SystemClock.now()).await;
                if import.is_ok_and(|import| import.is_some_and(|it| it.value.ended_at.is_some())) {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        Ok(tokio::time::timeout(PATIENCE, ended).await?)
    }

    /// Waits until nobody is at anything, nor about to be.
    async fn rests(&self) -> Result<(), Failure> {
        let rests = async {
            while self.is_busy().await? {
                tokio::time::sleep(POLL).await;
            }
            Ok::<_, Failure>(())
        };
        tokio::time::timeout(PATIENCE, rests).await?
    }

    async fn is_busy(&self) -> Result<bool, Failure> {
        let now = SystemClock.now();
        let mut named = self.store.due_outbox(25, now + HELD).await?;
        named.extend(self.store.due_long_outbox(25, now + HELD).await?);
        for (organization, item) in named {
            let item = self.store.outbox(organization, item, now).await?;
            // Nobody may take what somebody holds.
            if item.is_none_or(|item| item.value.due_at <= now + SOON) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Somebody who is signed in is disabled: how long their session still answers. Afterwards they are back.
async fn leave(
    (stack, reading): (&Stack, &Reading),
    person: &mut Person,
    sso: &str,
    start: Start,
) -> Result<Duration, Failure> {
    // A page that was read before they came back may block them once more, until the next one is.
    let signed_in = async {
        while person.sign_in(sso).await.is_err() || person.sign_in_silently(sso).await.is_err() {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(PATIENCE, signed_in).await?;
    if start == Start::Cold {
        // A process that nobody needed for long was at nothing when it ended.
        reading.rests().await?;
        for function in PASSED.into_iter().chain([LOGIN]) {
            stack.kill(function).await;
        }
    }
    let watch = Stopwatch::start();
    enable(stack, false)?;
    let refused = async { while person.sign_in_silently(sso).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, refused).await?;
    let took = watch.elapsed();
    enable(stack, true)?;
    Ok(took)
}

/// The second of the demo's people who enrolled: the administrator is the first.
fn enable(stack: &Stack, account_enabled: bool) -> Result<(), Failure> {
    let mut users = stack.entra().users().into_iter();
    let user = users.find(|user| user.user_principal_name == "ada@contoso.test");
    let user = user.ok_or("Ada is not in the tenant")?;
    stack.entra().put_user(GraphUser { account_enabled, ..user })?;
    Ok(())
}
