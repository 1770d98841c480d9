//! Notices that a tenant changed: by what they are believed, and what is done about them.
//!
//! A notice is a hint: it names users whose reading cannot wait for the next round, and starts one. What is
//! believed of them is what the directory says when it is read.

use std::collections::BTreeSet;

use identity::{OrganizationId, OutboxId, SecretHash};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connections::works_with;
use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write, number};
use crate::write::Clause;
use crate::{OutboxItem, Store, Stored, TableError, Task, Version};

/// How many users are remembered of one notice; those beyond are the round's. Graph tells of a hundred in
/// one request.
const MOST: usize = 200;
/// How many are put down in one write: half of what DynamoDB takes.
const AT_ONCE: usize = 50;
/// How often it is tried to join an item that ends meanwhile.
const RACES: u32 = 5;
/// After which time somebody is read once more of whom two things are said.
const ONCE_MORE: SignedDuration = SignedDuration::from_mins(1);
/// How long somebody is remembered whom nobody came to read.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The subscription by which a tenant tells what changes: what a notice must know to be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Names it at Microsoft.
    pub id: Uuid,
    /// Whose changes it tells.
    pub tenant: Uuid,
    /// What is kept of the secret that every notice repeats.
    pub client_state: SecretHash,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it is renewed.
    pub renew_at: Timestamp,
}

impl Subscription {
    /// How long one is asked for: Graph gives less than 29 days.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(28 * 24);
    /// How often it is renewed, which is also how soon it is seen that one is gone.
    pub const RENEWED: SignedDuration = SignedDuration::from_hours(24);

    /// What is kept of the secret.
    pub fn hash(client_state: &str) -> SecretHash {
        SecretHash::of(&[b"client state", client_state.as_bytes()])
    }

    /// Whether a notice that says so is of this subscription; in constant time for the secret.
    pub fn is_proved_by(&self, id: Uuid, tenant: Uuid, client_state: &str) -> bool {
        let proved = self.client_state == Self::hash(client_state);
        proved && self.id == id && self.tenant == tenant
    }
}

/// Somebody who is to be read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// Whom, by object id.
    pub object: Uuid,
    /// When they were noticed last.
    #[serde(default)]
    pub noticed_at: Timestamp,
}

impl Store {
    /// The subscription of an organization.
    pub async fn subscription(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Subscription>>, TableError> {
        self.table.get(Key::subscription(org), now).await
    }

    /// Keeps a subscription to the tenant that the organization is connected to; `before` is the version
    /// that was read, 0 for the first one.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else did meanwhile, or the tenant was let go.
    pub async fn keep_subscription(
        &self,
        org: OrganizationId,
        subscription: &Subscription,
        before: Version,
    ) -> Result<(), TableError> {
        let works = works_with(subscription.tenant);
        let item = Item::new(Key::subscription(org), subscription)?;
        let writes = vec![
            Write::Put(item, Expect::read(before)),
            Write::CheckThat(Key::connection(org), works),
        ];
        self.table.write(writes).await
    }

    /// Has a subscription renewed by whoever looks at it next.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it changed since it was read.
    pub async fn renew_soon(
        &self,
        org: OrganizationId,
        before: &Stored<Subscription>,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let soon = Subscription { renew_at: now, ..before.value.clone() };
        let item = Item::new(Key::subscription(org), &soon)?;
        self.table.write(vec![Write::Put(item, Expect::Version(before.version))]).await
    }

    /// Forgets a subscription that is gone: what still comes by it is not believed.
    pub async fn forget_subscription(
        &self,
        org: OrganizationId,
        subscription: &Stored<Subscription>,
    ) -> Result<(), TableError> {
        self.table.write(vec![Write::Delete(Key::subscription(org), subscription.version)]).await
    }

    /// Takes a notice down: these users are to be read, by the one item that reads whoever is noticed.
    /// Answers it unless somebody is at it, who sees to this notice too before it ends.
    ///
    /// # Errors
    ///
    /// [`TableError`]; whoever told of it tells of it again.
    pub async fn notice(
        &self,
        org: OrganizationId,
        objects: &BTreeSet<Uuid>,
        now: Timestamp,
    ) -> Result<Option<OutboxItem>, TableError> {
        let item = OutboxItem::noticed(org, now);
        // Never forgotten: the item ends where it is not there.
        let latest = Item::new(Key::latest_notice(org), &now)?;
        let mut marks = marks(org, objects, now)?;
        // Whoever reads it finds all of them.
        while marks.len() > AT_ONCE {
            self.table.write(marks.split_off(marks.len() - AT_ONCE)).await?;
        }
        let mut noticed = vec![Write::Next(latest)];
        noticed.extend(marks);
        let with = |first: Write| std::iter::once(first).chain(noticed.clone()).collect();
        let mut race = 0;
        loop {
            match self.table.write(with(Write::Put(item.item()?, Expect::Absent))).await {
                Ok(()) => return Ok(Some(item)),
                Err(TableError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
            let is_there = Write::CheckPresent(Key::outbox(org, item.id));
            match self.table.write(with(is_there)).await {
                // Nobody may have been told of it.
                Ok(()) => {
                    let there = self.outbox(org, item.id, now).await?;
                    return Ok(there.map(|there| there.value));
                }
                // It ended meanwhile.
                Err(TableError::Conflict { .. }) if race < RACES => race += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// When somebody was noticed last, unless that was seen to; each notice is another version of it.
    pub async fn latest_notice(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Timestamp>>, TableError> {
        self.table.get(Key::latest_notice(org), now).await
    }

    /// Whatever was noticed until then is seen to: says whether nothing was since, whatever the time of
    /// those who noticed it.
    pub async fn see_to_notices(
        &self,
        org: OrganizationId,
        latest: &Stored<Timestamp>,
    ) -> Result<bool, TableError> {
        let key = Key::latest_notice(org);
        let at = Item::new(key.clone(), &latest.value)?.value;
        let seen = as_read(latest.version, "#v = :at").with(":at", at);
        match self.table.write(vec![Write::RemoveThat(key, seen)]).await {
            Ok(()) => Ok(true),
            Err(TableError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has a user read by themselves once more, a little later: what was said of them contradicts itself.
    pub async fn look_once_more(
        &self,
        org: OrganizationId,
        object: Uuid,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let item = OutboxItem::looking_again(org, ONCE_MORE, now);
        let mut writes = marks(org, &BTreeSet::from([object]), now)?;
        writes.push(Write::Ensure(item.item()?));
        self.table.write(writes).await
    }

    /// The users who are to be read at once, at most `most`.
    pub async fn noticed(
        &self,
        org: OrganizationId,
        most: i32,
        now: Timestamp,
    ) -> Result<Vec<Stored<Noticed>>, TableError> {
        self.table.list(&Key::all_noticed(org), Key::NOTICED, most, now).await
    }

    /// These users were read. Who is noticed once more meanwhile stays: what was read of them may be older.
    pub async fn forget_noticed(
        &self,
        org: OrganizationId,
        read: &[Stored<Noticed>],
    ) -> Result<(), TableError> {
        if read.is_empty() {
            return Ok(());
        }
        let forgotten = read.iter().map(|noticed| forgotten(org, noticed));
        let forgotten = forgotten.collect::<Result<Vec<_>, _>>()?;
        match self.table.write(forgotten.clone()).await {
            // Each by itself: those who are to be read once more keep nobody else.
            Err(TableError::Conflict { .. }) => {}
            other => return other,
        }
        for one in forgotten {
            match self.table.write(vec![one]).await {
                Ok(()) | Err(TableError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What says that users of the tenant are to be read at once.
pub(crate) fn marks(
    org: OrganizationId,
    objects: &BTreeSet<Uuid>,
    now: Timestamp,
) -> Result<Vec<Write>, TableError> {
    let end = now.checked_add(FORGOTTEN_AFTER).unwrap_or(now);
    let mark = |object: &Uuid| {
        let noticed = Noticed { object: *object, noticed_at: now };
        let item = Item::new(Key::noticed(org, *object), &noticed)?;
        Ok(Write::Next(item.until(end.as_second())))
    };
    objects.iter().take(MOST).map(mark).collect()
}

/// Forgets somebody who was noticed then, and not since.
///
/// Where nobody is noted by now somebody else did.
fn forgotten(org: OrganizationId, noticed: &Stored<Noticed>) -> Result<Write, TableError> {
    let key = Key::noticed(org, noticed.value.object);
    let at = Item::new(key.clone(), &noticed.value.noticed_at)?.value;
    let then = "(attribute_not_exists(#v.noticed_at) OR #v.noticed_at = :at)";
    let condition = format!("attribute_not_exists(pk) OR (version = :version AND {then})");
    let then = Clause::new(condition).with(":version", number(noticed.version)).with(":at", at);
    Ok(Write::RemoveThat(key, then))
}

/// That nothing was noticed since something was read: two may be in one instant, by clocks that differ,
/// and versions begin anew once it is seen to.
fn as_read(version: Version, then: &str) -> Clause {
    Clause::new(format!("version = :version AND {then}")).with(":version", number(version))
}

impl OutboxItem {
    /// For how long notices are gathered before anything is read: a thousand of them are one round.
    pub const GATHERED: SignedDuration = SignedDuration::from_millis(500);

    /// What is done about every notice: there is one, so that nobody else is at it.
    pub(crate) fn noticed(organization: OrganizationId, now: Timestamp) -> Self {
        let id = Self::id_of(&[b"noticed", organization.uuid().as_bytes()]);
        Self::gathered(id, organization, true, now)
    }

    /// What is done about whoever was brought to the directory in the same moment.
    pub(crate) fn pushed(organization: OrganizationId, now: Timestamp) -> Self {
        let moment = now.as_millisecond().div_euclid(Self::GATHERED.as_millis() as i64);
        let org = organization.uuid();
        let id = Self::id_of(&[b"pushed", org.as_bytes(), &moment.to_be_bytes()]);
        Self::gathered(id, organization, false, now)
    }

    fn gathered(id: OutboxId, organization: OrganizationId, again: bool, now: Timestamp) -> Self {
        let due_at = now.checked_add(Self::GATHERED).unwrap_or(now);
        Self::with_id(id, organization, Task::ReadNoticed { at: now, again }, (now, due_at))
    }

    /// What reads once more what changed, so long after now or a sixth more: there is one for each sixth.
    pub fn looking_again(
        organization: OrganizationId,
        after: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let sixth = after.as_secs() / 6;
        let number = now.as_second().div_euclid(sixth);
        let ends = Timestamp::from_second((number + 1) * sixth).unwrap_or(now);
        let due_at = ends.checked_add(after).unwrap_or(ends);
        let (org, span) = (organization.uuid(), after.as_secs().to_be_bytes());
        let id = Self::id_of(&[b"look again", org.as_bytes(), &span, &number.to_be_bytes()]);
        let task = Task::ReadNoticed { at: due_at, again: false };
        Self::with_id(id, organization, task, (ends, due_at))
    }
}
