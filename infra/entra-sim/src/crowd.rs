//! A crowd of other tenants, all from one generator: each is made when it is first asked for, costs nothing
//! until then, and is forgotten with the simulator. It has a directory, changes and subscriptions of its own,
//! and tells nobody of anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::App;
use crate::directory::{Directory, DirectoryError};
use crate::federation::Domain;
use crate::graph_user::GraphUser;
use crate::oauth::Registrations;
use crate::provisioning::{Job, population};
use crate::simulator::Simulator;

/// With what their ids begin.
const PREFIX: &str = "c404d000-0000-4000-8000-";

/// Tenants that look alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// How many there are.
    pub tenants: u32,
    /// How many people each of them has.
    pub people: u32,
    /// The application permissions that each of them consented to, by client id.
    pub consents: BTreeMap<String, BTreeSet<String>>,
}

impl Crowd {
    /// The id of one of them, counted from 0.
    #[must_use]
    pub fn tenant_id(number: u32) -> String {
        format!("{PREFIX}{number:012x}")
    }

    fn number(&self, tenant: &str) -> Option<u32> {
        let tenant = tenant.to_ascii_lowercase();
        let number = u32::from_str_radix(tenant.strip_prefix(PREFIX)?, 16).ok()?;
        (number < self.tenants && Self::tenant_id(number) == tenant).then_some(number)
    }

    /// One of them, as it is in the beginning.
    fn make(&self, number: u32) -> Result<Directory, DirectoryError> {
        let domain = Domain::named(&format!("tenant{number}.onmicrosoft.test"));
        let people = population(self.people as usize).enumerate().map(|(person, user)| GraphUser {
            id: format!("{number:08x}-0000-4000-8000-{person:012x}"),
            user_principal_name: format!("person{person:06}@{}", domain.id),
            on_premises_immutable_id: Some(format!("{number:08x}{person:08x}")),
            ..user
        });
        let mut directory = Directory {
            tenant_id: Self::tenant_id(number),
            tenant_name: format!("Tenant {number}"),
            ..Directory::default()
        };
        directory.put_users(people.collect())?;
        directory.put_domain(Domain { is_default: true, ..domain });
        Ok(directory)
    }
}

/// The crowd, and those of it who were asked for.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    crowd: Crowd,
    /// Each answers as a simulator of its own, by the number.
    made: BTreeMap<u32, Arc<App>>,
}

impl Gathered {
    /// Whether a tenant is one of the crowd.
    pub(crate) fn has(&self, tenant: &str) -> bool {
        self.crowd.number(tenant).is_some()
    }

    /// What a tenant of the crowd consented to.
    pub(crate) fn granted(&self, tenant: &str, client_id: &str) -> Option<&BTreeSet<String>> {
        self.crowd.consents.get(client_id).filter(|_| self.has(tenant))
    }
}

impl App {
    /// A tenant of the crowd, if it is one: by the clock of this simulator, and as its Graph behaves.
    pub(crate) fn of_the_crowd(&self, tenant: &str) -> Result<Option<Arc<Self>>, DirectoryError> {
        let offset = self.directory().clock_offset_seconds;
        let settings = self.graph.settings();
        let mut gathered = self.crowd();
        let Some(number) = gathered.crowd.number(tenant) else { return Ok(None) };
        let found = match gathered.made.get(&number) {
            Some(made) => Arc::clone(made),
            None => {
                let directory = gathered.crowd.make(number)?;
                let known = (Registrations::default(), BTreeMap::new());
                let made = Arc::new(Self::new(self.site, None, directory, known, Job::default()));
                gathered.made.insert(number, Arc::clone(&made));
                made
            }
        };
        drop(gathered);
        found.directory().clock_offset_seconds = offset;
        found.graph.hold().settings = settings;
        Ok(Some(found))
    }
}

impl Simulator {
    /// Lets there be a crowd of tenants besides the one; who was there of another crowd is forgotten.
    pub fn gather(&self, crowd: Crowd) {
        *self.app().crowd() = Gathered { crowd, made: BTreeMap::new() };
    }

    /// How many tenants of the crowd were asked for so far.
    #[must_use]
    pub fn gathered(&self) -> usize {
        self.app().crowd().made.len()
    }

    /// The users of one of the crowd, in the order of their ids; [`None`] where it is none of it.
    ///
    /// # Errors
    /// The crowd cannot be as it was asked for.
    pub fn users_of(&self, tenant: &str) -> Result<Option<Vec<GraphUser>>, DirectoryError> {
        let found = self.app().of_the_crowd(tenant)?;
        Ok(found.map(|found| found.directory().users.values().cloned().collect()))
    }

    /// Adds a user to one of the crowd, or replaces the one with the same id, and answers what was stored;
    /// [`None`] where the tenant is none of the crowd.
    ///
    /// # Errors
    /// A sign-in name or anchor that Graph would refuse.
    pub fn put_user_of(
        &self,
        tenant: &str,
        user: GraphUser,
    ) -> Result<Option<GraphUser>, DirectoryError> {
        let found = self.app().of_the_crowd(tenant)?;
        found.map(|found| found.change(|directory| directory.put_user(user))).transpose()
    }
}
