//! Users in lists, and where an index finds them.

use identity::{OrganizationId, UserName};
use jiff::Timestamp;
use scim::schema::USER;
use scim::{Filter, Lookup, Projection, Resource, ResourceType};
use serde_json::Value;
use store::{LookUp, Order, Page, Position, Provisioned, TableError};

use super::resource;
use crate::app::App;
use crate::caller::{Caller, Presented};
use crate::failure::Failure;
use crate::list::{Listed, MOST_READ, Room};

/// How many users are read at the most when each one's groups must be found, by reads of their own.
const MOST_READ_WITH_GROUPS: usize = 500;

impl Listed for Provisioned {
    fn kind() -> &'static ResourceType {
        &USER
    }

    async fn count(app: &App, org: OrganizationId) -> Result<u64, TableError> {
        app.store.count_users(org).await
    }

    async fn page(
        app: &App,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<Page<Self>, TableError> {
        app.store.list_users(org, order, from, most, now).await
    }

    async fn skip(
        app: &App,
        org: OrganizationId,
        order: Order,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        app.store.skip_users(org, order, None, many).await
    }

    fn most_read(filter: Option<&Filter>) -> usize {
        if filter.is_some_and(|filter| filter.mentions("groups")) {
            MOST_READ_WITH_GROUPS
        } else {
            MOST_READ
        }
    }

    fn id(&self) -> String {
        self.user.value.id.to_string()
    }

    fn size(&self) -> usize {
        Self::size(self)
    }

    fn resource(&self, caller: &Caller) -> Result<Resource, Failure> {
        resource::shown(caller, self)
    }

    async fn seen(
        &self,
        app: &App,
        caller: &Caller,
        filter: &Filter,
        _: Option<Lookup<'_>>,
    ) -> Result<Resource, Failure> {
        if filter.mentions("groups") {
            app.with_groups(caller, self).await
        } else {
            resource::shown(caller, self)
        }
    }

    async fn answer(
        &self,
        app: &App,
        caller: &Caller,
        projection: &Projection,
        _: &Room,
    ) -> Result<Value, Failure> {
        app.user_with_groups(caller, self, projection).await
    }
}

impl App {
    /// A user as an answer shows them, with their groups where they are asked for.
    pub(super) async fn user_with_groups(
        &self,
        caller: &Caller,
        user: &Provisioned,
        projection: &Projection,
    ) -> Result<Value, Failure> {
        let shown = match projection.wants("groups") {
            true => self.with_groups(caller, user).await?,
            false => resource::shown(caller, user)?,
        };
        Ok(Value::Object(projection.apply(shown)))
    }

    async fn with_groups(&self, caller: &Caller, user: &Provisioned) -> Result<Resource, Failure> {
        let mut shown = resource::shown(caller, user)?;
        let id = user.user.value.id;
        let groups = self.store.groups_of(caller.org, id, caller.now).await?;
        let groups = groups.ok_or(scim::Error::TOO_MANY_RESULTS)?;
        if !groups.is_empty() {
            let groups = groups.iter().map(|group| resource::group(caller, &group.value));
            shown.set("groups", groups.collect::<Value>());
        }
        Ok(shown)
    }

    /// Who calls, and the users that an index names for a look-up, in as few reads as there can be.
    /// [`None`] where no index helps.
    pub(crate) async fn caller_and_users(
        &self,
        presented: Presented,
        lookup: Option<Lookup<'_>>,
    ) -> Result<(Caller, Option<Vec<Provisioned>>), Failure> {
        let now = self.clock.now();
        let (org, hash) = (presented.org, presented.hash.clone());
        let name = match lookup {
            Some(Lookup::Id(id)) if let Ok(id) = id.parse() => {
                let (key, user) = self.store.scim_key_and_user(org, &hash, id, now).await?;
                let caller = self.admit(presented, key, now).await?;
                return Ok((caller, Some(user.read()?.into_iter().collect())));
            }
            Some(Lookup::UserName(name)) => name.parse::<UserName>().ok().map(Name::User),
            Some(Lookup::ExternalId(id)) => Some(Name::External(id)),
            _ => None,
        };
        let Some(name) = name else {
            let caller = self.caller(presented).await?;
            let users = self.users_of(&caller, lookup).await?;
            return Ok((caller, users));
        };
        let found = self.store.scim_key_and_owner(org, &hash, name.look_up(), now).await?;
        let (key, owner) = found;
        let caller = self.admit(presented, key, now).await?;
        let user = match owner.read()? {
            Some(owner) => self.store.provisioned(org, owner, now).await?,
            None => None,
        };
        Ok((caller, Some(user.into_iter().collect())))
    }

    /// The users that an index names for a look-up; [`None`] where no index helps.
    pub(crate) async fn users_of(
        &self,
        caller: &Caller,
        lookup: Option<Lookup<'_>>,
    ) -> Result<Option<Vec<Provisioned>>, Failure> {
        let (org, now) = (caller.org, caller.now);
        let id = match lookup {
            None => return Ok(None),
            Some(Lookup::Email(email)) => {
                let users = self.store.users_with_email(org, email, MOST_READ, now).await?;
                return Ok(Some(users.ok_or(scim::Error::TOO_MANY_RESULTS)?));
            }
            Some(Lookup::Id(id)) => id.parse().ok(),
            Some(Lookup::UserName(name)) => match name.parse::<UserName>() {
                Ok(name) => self.store.owner(org, LookUp::UserName(&name), now).await?,
                Err(_) => None,
            },
            Some(Lookup::ExternalId(id)) => {
                self.store.owner(org, LookUp::ExternalId(id), now).await?
            }
            // The rest of groups alone.
            Some(Lookup::Nothing | Lookup::DisplayName(_) | Lookup::Member(_)) => None,
        };
        let user = match id {
            Some(id) => self.store.provisioned(org, id, now).await?,
            None => None,
        };
        Ok(Some(user.into_iter().collect()))
    }
}

/// A name by which one user is found.
enum Name<'a> {
    User(UserName),
    External(&'a str),
}

impl Name<'_> {
    fn look_up(&self) -> LookUp<'_> {
        match self {
            Self::User(name) => LookUp::UserName(name),
            Self::External(id) => LookUp::ExternalId(id),
        }
    }
}
