//! Groups in lists, and where an index finds them.

use identity::OrganizationId;
use jiff::Timestamp;
use scim::schema::GROUP;
use scim::{Filter, Lookup, Members, Projection, Resource, ResourceType};
use serde_json::Value;
use store::{Group, GroupName, Order, Page, Position, Stored, TableError};

use super::resource;
use crate::app::App;
use crate::caller::{Caller, Presented};
use crate::failure::Failure;
use crate::list::{Listed, MOST_READ, Room};

/// How many groups are read at the most when each one's members must be asked for, by reads of their
/// own.
const MOST_READ_WITH_MEMBERS: usize = 500;

impl Listed for Stored<Group> {
    fn kind() -> &'static ResourceType {
        &GROUP
    }

    async fn count(app: &App, org: OrganizationId) -> Result<u64, TableError> {
        app.store.count_groups(org).await
    }

    async fn page(
        app: &App,
        org: OrganizationId,
        order: Order,
        from: Option<&Position>,
        most: usize,
        now: Timestamp,
    ) -> Result<Page<Self>, TableError> {
        app.store.list_groups(org, order, from, most, now).await
    }

    async fn skip(
        app: &App,
        org: OrganizationId,
        order: Order,
        many: usize,
    ) -> Result<Option<Position>, TableError> {
        app.store.skip_groups(org, order, None, many).await
    }

    fn most_read(filter: Option<&Filter>) -> usize {
        let asked = filter.map_or(Members::Named(Vec::new()), Filter::members);
        if asked == Members::Named(Vec::new()) { MOST_READ } else { MOST_READ_WITH_MEMBERS }
    }

    fn id(&self) -> String {
        self.value.id.to_string()
    }

    fn size(&self) -> usize {
        self.value.size()
    }

    fn resource(&self, caller: &Caller) -> Result<Resource, Failure> {
        Ok(resource::shown(caller, self))
    }

    async fn seen(
        &self,
        app: &App,
        caller: &Caller,
        filter: &Filter,
        named: Option<Lookup<'_>>,
    ) -> Result<Resource, Failure> {
        match filter.members() {
            Members::Named(asked) => app.group_with_those(caller, self, &asked, named).await,
            Members::All => app.group_with_all(caller, self).await,
        }
    }

    async fn answer(
        &self,
        app: &App,
        caller: &Caller,
        projection: &Projection,
        room: &Room,
    ) -> Result<Value, Failure> {
        app.group_with_members(caller, self, projection, room).await
    }
}

impl App {
    /// Who calls, and the groups that an index names for a look-up, in as few reads as there can be.
    /// [`None`] where no index helps.
    pub(super) async fn caller_and_groups(
        &self,
        presented: Presented,
        lookup: Option<Lookup<'_>>,
    ) -> Result<(Caller, Option<Vec<Stored<Group>>>), Failure> {
        let now = self.clock.now();
        let (org, hash) = (presented.org, presented.hash.clone());
        let name = match lookup {
            Some(Lookup::Id(id)) if let Ok(id) = id.parse() => {
                let (key, group) = self.store.scim_key_and_group(org, &hash, id, now).await?;
                let caller = self.admit(presented, key, now).await?;
                return Ok((caller, Some(group.read()?.into_iter().collect())));
            }
            Some(Lookup::DisplayName(name)) => GroupName::Display(name),
            Some(Lookup::ExternalId(id)) => GroupName::ExternalId(id),
            _ => {
                let caller = self.caller(presented).await?;
                let groups = self.groups_of(&caller, lookup).await?;
                return Ok((caller, groups));
            }
        };
        let found = self.store.scim_key_and_group_named(org, &hash, name, now).await?;
        let (key, owner) = found;
        let caller = self.admit(presented, key, now).await?;
        let group = match owner.read()? {
            Some(owner) => self.store.group(org, owner, now).await?,
            None => None,
        };
        Ok((caller, Some(group.into_iter().collect())))
    }

    /// The groups that an index names for a look-up; [`None`] where no index helps.
    pub(super) async fn groups_of(
        &self,
        caller: &Caller,
        lookup: Option<Lookup<'_>>,
    ) -> Result<Option<Vec<Stored<Group>>>, Failure> {
        let (org, now) = (caller.org, caller.now);
        let found = match lookup {
            None => return Ok(None),
            Some(Lookup::DisplayName(name)) => {
                self.store.group_named(org, GroupName::Display(name), now).await?
            }
            Some(Lookup::Member(user)) => match user.parse() {
                Ok(user) => {
                    let groups = self.store.groups_of(org, user, now).await?;
                    return Ok(Some(groups.ok_or(scim::Error::TOO_MANY_RESULTS)?));
                }
                Err(_) => None,
            },
            Some(Lookup::Id(id)) => match id.parse() {
                Ok(id) => self.store.group(org, id, now).await?,
                Err(_) => None,
            },
            Some(Lookup::ExternalId(id)) => {
                self.store.group_named(org, GroupName::ExternalId(id), now).await?
            }
            // The rest of users alone.
            Some(Lookup::Nothing | Lookup::UserName(_) | Lookup::Email(_)) => None,
        };
        Ok(Some(found.into_iter().collect()))
    }
}
