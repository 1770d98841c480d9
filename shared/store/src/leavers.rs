//! Who leaves, in the order in which they do: told of by an item beside each of them, which is put and
//! removed by the write that says so of the user.

use identity::{Block, LastDay, OrganizationId, User, UserId};
use jiff::Timestamp;
use serde::Serialize;

use crate::item::Item;
use crate::queries::From;
use crate::schema::{IndexKey, Key};
use crate::table::{Expect, Write};
use crate::{AuditEntry, OutboxItem, Store, Stored, TableError, Task};

/// Some who leave.
#[derive(Clone, Debug, Default)]
pub struct SomeLeavers {
    /// The users, the next one who leaves first.
    pub users: Vec<Stored<User>>,
    /// The place behind them, if there may be more.
    pub next: Option<String>,
}

/// That somebody leaves: the index says when.
#[derive(Serialize)]
struct Leaving {}

impl Store {
    /// Says when a user's last day is, or that there is none. It is carried out by an item of the same
    /// transaction when the day is over; until somebody does, the day itself ends the access. Done
    /// already, it changes nothing.
    pub async fn change_last_day(
        &self,
        org: OrganizationId,
        user: UserId,
        last_day: Option<&LastDay>,
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let change = |user: &mut User| {
            if user.last_day.as_ref() == last_day {
                return None;
            }
            user.leave_after(last_day.cloned(), audit.at);
            let over_at = last_day?.over_at;
            let end = Task::EndAccess { user: user.id, over_at };
            let end = OutboxItem::following(audit, org, end);
            let due_at = end.due_at.max(over_at);
            Some(end.not_before(due_at))
        };
        self.change_user(org, user, audit, change).await
    }

    /// Takes the access of a user whose last day is over: the write that blocks anybody. Where it is not
    /// over, or was done already, nothing changes and nothing is audited. Answers what of the same
    /// transaction is in the outbox.
    pub async fn see_off(
        &self,
        org: OrganizationId,
        user: UserId,
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, TableError> {
        let see_off = |user: &mut User| {
            *user = user.clone().seen_off(audit.at);
            None
        };
        self.change_user(org, user, audit, see_off).await
    }

    /// At most `most` users whose last day is ahead of them, behind a place of their list; at most
    /// fifty.
    pub async fn leavers(
        &self,
        org: OrganizationId,
        behind: Option<&str>,
        most: usize,
        now: Timestamp,
    ) -> Result<SomeLeavers, TableError> {
        let from = behind.map_or(From::Start, From::After);
        let places = self.table.walk(&IndexKey::all_leaving(org), from, most).await?;
        let next = places.last().map(|(_, place)| place.clone()).filter(|_| places.len() == most);
        let ids = places.iter().filter_map(|(key, _)| key.user_id(org));
        let keys = ids.map(|id| Key::user(org, id)).collect::<Vec<_>>();
        let mut users = Vec::with_capacity(keys.len());
        if !keys.is_empty() {
            let mut found = self.table.get_many(keys.clone()).await?;
            for key in &keys {
                let user = found.take::<User>(key, now)?;
                users.extend(user.filter(|user| leaves_at(&user.value).is_some()));
            }
        }
        Ok(SomeLeavers { users, next })
    }
}

/// What says that somebody leaves, and when, or not any more, where that changes.
pub(crate) fn moved(
    org: OrganizationId,
    before: &User,
    user: &User,
) -> Result<Option<Write>, TableError> {
    let key = Key::leaving(org, user.id);
    Ok(match (leaves_at(before), leaves_at(user)) {
        (before, after) if before == after => None,
        (_, Some(at)) => {
            let item = Item::new(key, &Leaving {})?.indexed(IndexKey::leaving(org, user.id, at));
            Some(Write::Put(item, Expect::Anything))
        }
        (_, None) => Some(Write::Remove(key)),
    })
}

/// When somebody leaves who has not been seen off.
fn leaves_at(user: &User) -> Option<Timestamp> {
    let last_day = user.last_day.as_ref().filter(|_| !user.blocks.contains(&Block::LastDay));
    last_day.map(|day| day.over_at)
}
