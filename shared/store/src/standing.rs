//! How an organization stands with its tenant, for whoever looks.

use identity::OrganizationId;
use jiff::Timestamp;

use crate::schema::Key;
use crate::{
    Connection, Failing, Import, MissingSearch, ReadingRules, Stage, Store, Stored, Subscription,
    TableError,
};

/// How an organization stands with its tenant: read at once.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The tenant's connection, once there was one.
    pub connection: Option<Connection>,
    /// How far reading has come, of whichever tenant.
    import: Option<Import>,
    /// How the tenant is read.
    pub rules: ReadingRules,
    /// The latest search for whoever is missing there.
    pub missing: Option<MissingSearch>,
    /// By what the tenant tells what changes.
    subscription: Option<Subscription>,
}

impl Standing {
    /// How far reading that very tenant has come.
    pub fn import(&self) -> Option<&Import> {
        let tenant = self.connection.as_ref()?.tenant;
        self.import.as_ref().filter(|import| import.tenant == tenant)
    }

    /// Since when nobody knows whether somebody left, where that is longer than it may be.
    pub fn unchecked_since(&self, now: Timestamp) -> Option<Timestamp> {
        let connection = self.connection.as_ref()?;
        connection.unchecked_since(self.import.as_ref(), &self.rules, now)
    }

    /// That reading fails.
    pub fn failing(&self) -> Option<Failing> {
        let connection = self.connection.as_ref().filter(|it| it.stage == Stage::Connected)?;
        self.import()?.trouble(connection.since)
    }

    /// Since when somebody has to decide about whoever is missing.
    pub fn missing_held_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.missing.as_ref()?.held_since(now)
    }

    /// Whether the tenant tells by itself what changes.
    pub fn is_told(&self, now: Timestamp) -> bool {
        let tenant = self.connection.as_ref().map(|connection| connection.tenant);
        let told = self.subscription.as_ref();
        told.is_some_and(|told| Some(told.tenant) == tenant && now < told.ends_at)
    }
}

impl Store {
    /// How an organization stands with its tenant.
    pub async fn standing(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Standing, TableError> {
        let (connection, import) = (Key::connection(org), Key::import(org));
        let (rules, missing) = (Key::reading_rules(org), Key::missing(org));
        let subscription = Key::subscription(org);
        let keys = [&connection, &import, &rules, &missing, &subscription];
        let mut found = self.table.get_many(keys.map(Clone::clone).to_vec()).await?;
        let connection: Option<Stored<Connection>> = found.take(&connection, now)?;
        let import: Option<Stored<Import>> = found.take(&import, now)?;
        let rules: Option<Stored<ReadingRules>> = found.take(&rules, now)?;
        let missing: Option<Stored<MissingSearch>> = found.take(&missing, now)?;
        let subscription: Option<Stored<Subscription>> = found.take(&subscription, now)?;
        Ok(Standing {
            connection: connection.map(|stored| stored.value),
            import: import.map(|stored| stored.value),
            rules: rules.map(|stored| stored.value).unwrap_or_default(),
            missing: missing.map(|stored| stored.value),
            subscription: subscription.map(|stored| stored.value),
        })
    }
}
