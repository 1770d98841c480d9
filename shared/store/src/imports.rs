//! Reading an Entra directory: how far it has come, and what it makes of users. A user who came this
//! way has no profile: whatever a provisioning client keeps of them is the client's.

use std::collections::{BTreeMap, HashMap};

use identity::{Anchor, OrganizationId, User, UserId, UserName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access;
use crate::anchors;
use crate::gone::of_nobody;
use crate::item::Item;
use crate::leavers;
use crate::left_out;
use crate::names::{Owner, claims, move_claim};
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{
    AuditEntry, LookUp, Named, OutboxItem, RoundCause, Store, Stored, TableError, Task, Version,
};

/// How many items one request reads: DynamoDB's own limit.
const AT_ONCE: usize = 100;

/// How far reading a tenant's directory has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Which tenant's.
    pub tenant: Uuid,
    /// The round that is under way, or the next one: the first tells of everybody.
    pub round: u64,
    /// Whether the round that is under way tells of everybody.
    #[serde(default)]
    pub whole: bool,
    /// By which selection of what is told of each user, counted by whoever reads: it stays fixed from
    /// round to round.
    #[serde(default)]
    pub selection: u32,
    /// Since when everybody is told of, or was the last time, however often it began anew.
    #[serde(default)]
    pub whole_since: Option<Timestamp>,
    /// Where the next page is, exactly as Graph said; nothing before the first page of all.
    pub next: Option<String>,
    /// When the present round began, if one is under way.
    pub began_at: Option<Timestamp>,
    /// When the first page of the present round, or of the latest one, was asked for.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// When the latest round ended, if one did.
    pub ended_at: Option<Timestamp>,
    /// When it was last kept how far reading has come.
    #[serde(default)]
    pub kept_at: Option<Timestamp>,
    /// Whom the page there tells of and who are carried out already, each by a fingerprint of what was
    /// told: time was over before the page was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_out: Vec<u64>,
    /// Pages of the present round, or of the latest one.
    pub pages: u64,
    /// What that round came to so far.
    pub tally: Tally,
    /// About how many users there are to be told of in the first round, where Graph counted them.
    #[serde(default)]
    pub expected: Option<u64>,
    /// Until when nobody's anchor is to be seen to, where that was asked since anything changed.
    #[serde(default)]
    pub anchored_until: Option<Timestamp>,
    /// From when on somebody whom a round left out is asked for, or earlier; nobody is left out where
    /// there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out_at: Option<Timestamp>,
    /// That it fails, where it does. Ask [`Import::trouble`]: it may have been another connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

/// That reading a tenant fails, time after time. Over with the next round that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// When it did first.
    pub since: Timestamp,
    /// When it did last.
    pub at: Timestamp,
    /// How often, with no round that ended in between.
    pub times: u32,
    /// Why it did last.
    pub cause: RoundCause,
    /// When it is tried again.
    pub again_at: Timestamp,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Users who were told of, each as often as they were.
    pub told: u64,
    /// Users who were made.
    pub made: u64,
    /// Users who were known and changed.
    pub changed: u64,
    /// Users whose access Entra took.
    pub blocked: u64,
    /// Users to whom Entra gave access back.
    pub unblocked: u64,
    /// Guests, who sign in at home.
    pub guests: u64,
    /// Users without an anchor.
    pub unanchored: u64,
    /// Anchors that nobody can assert.
    pub bad_anchors: u64,
    /// Names and anchors that somebody else has.
    pub clashes: u64,
    /// What was told and made no sense: it was left out.
    pub unread: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            made: self.made + other.made,
            changed: self.changed + other.changed,
            blocked: self.blocked + other.blocked,
            unblocked: self.unblocked + other.unblocked,
            guests: self.guests + other.guests,
            unanchored: self.unanchored + other.unanchored,
            bad_anchors: self.bad_anchors + other.bad_anchors,
            clashes: self.clashes + other.clashes,
            unread: self.unread + other.unread,
        }
    }
}

impl Import {
    /// Before anything was read.
    pub fn new(tenant: Uuid) -> Self {
        Self {
            tenant,
            round: 1,
            whole: true,
            selection: 0,
            whole_since: None,
            next: None,
            carried_out: Vec::new(),
            began_at: None,
            asked_at: None,
            ended_at: None,
            kept_at: None,
            pages: 0,
            tally: Tally::default(),
            expected: None,
            anchored_until: None,
            left_out_at: None,
            failing: None,
        }
    }

    /// Whether anything of the tenant was read.
    pub const fn is_begun(&self) -> bool {
        self.kept_at.is_some() || self.next.is_some()
    }

    /// It failed, for a connection that works since then, and is tried again.
    pub fn fail(
        &mut self,
        connected: Timestamp,
        cause: RoundCause,
        (at, again_at): (Timestamp, Timestamp),
    ) {
        let (since, before) =
            self.trouble(connected).map_or((at, 0), |failing| (failing.since, failing.times));
        let times = before.saturating_add(1);
        self.failing = Some(Failing { since, at, times, cause, again_at });
    }

    /// That it fails, for a connection that is as it is since then.
    pub fn trouble(&self, connected: Timestamp) -> Option<Failing> {
        self.failing.filter(|failing| failing.at >= connected)
    }

    /// Somebody is left out, and asked for from an instant on.
    pub fn leave_out(&mut self, at: Timestamp) {
        self.left_out_at = Some(self.left_out_at.map_or(at, |before| before.min(at)));
    }

    /// Whether somebody whom a round left out is to be asked for.
    pub fn asks_for_left_out(&self, now: Timestamp) -> bool {
        self.left_out_at.is_some_and(|at| at <= now)
    }

    /// When the round will be over if it goes on as it did; [`None`] where nobody knows.
    pub fn ends_about(&self, now: Timestamp) -> Option<Timestamp> {
        let (began, expected) = (self.began_at?, self.expected?);
        let (told, left) = (self.tally.told, expected.checked_sub(self.tally.told)?);
        let took = now.duration_since(began).as_secs();
        let seconds =
            i128::from(took) * i128::from(left) / i128::from(Some(told).filter(|it| *it > 0)?);
        now.checked_add(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()
    }

    /// The round begins, unless it is under way. Before its first page of all it is by the selection of
    /// now, behind it by the one with which that was asked for.
    pub fn begin(&mut self, selection: u32, now: Timestamp) {
        if self.next.is_none() {
            self.selection = selection;
        }
        if self.began_at.is_none() {
            self.began_at = Some(now);
            self.asked_at = Some(now);
            if self.whole {
                self.whole_since = self.whole_since.or(Some(now));
            }
            self.pages = 0;
            self.tally = Tally::default();
            self.expected = None;
        }
    }

    /// A page is done, and more of the round is behind it.
    pub fn turn(&mut self, next: String, tally: Tally) {
        self.next = Some(next);
        self.carried_out = Vec::new();
        self.pages += 1;
        self.tally = self.tally.plus(tally);
    }

    /// Time is over within a page: these of it are done, and whoever comes next does the others.
    pub fn pause(&mut self, carried_out: Vec<u64>, tally: Tally) {
        self.carried_out.extend(carried_out);
        self.tally = self.tally.plus(tally);
    }

    /// The last page of the round is done; the next round begins behind it.
    pub fn end(&mut self, next: String, tally: Tally, now: Timestamp) {
        self.turn(next, tally);
        self.round += 1;
        self.whole = false;
        self.began_at = None;
        self.ended_at = Some(now);
        self.failing = None;
    }

    /// Everything is read anew, from the beginning. Nobody is removed for it.
    pub fn restart(&mut self) {
        self.round += 1;
        if !self.whole {
            self.whole_since = None;
        }
        self.whole = true;
        self.next = None;
        self.carried_out = Vec::new();
        self.began_at = None;
    }
}

/// A user whom the directory tells of.
#[derive(Clone, Debug)]
pub struct Known {
    /// The user.
    pub user: Stored<User>,
    /// Whose their names are to say.
    pub names: NamesOf,
}

/// Who says what a user is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesOf {
    /// The directory.
    Directory,
    /// A provisioning client, which keeps a profile of them.
    Client,
}

/// Why a user of the directory was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A name belongs to somebody else.
    #[error("a name of the user belongs to somebody else")]
    Taken(Named),
    /// The account is of somebody who was deleted here, or who is being brought there.
    #[error("the account is of somebody of ours")]
    Ours,
    /// The user is not as they were when it was decided.
    #[error("the user is not as they were when it was decided")]
    Stale,
    /// The table did not do as told.
    #[error("the user could not be stored")]
    Table(#[from] TableError),
}

impl Store {
    /// How far reading the directory has come.
    pub async fn import(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Import>>, TableError> {
        self.table.get(Key::import(org), now).await
    }

    /// Keeps how far it has come; `before` is the version that was read, 0 for the first time.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else reads the same directory at the same time.
    pub async fn keep_import(
        &self,
        org: OrganizationId,
        before: Version,
        import: &Import,
    ) -> Result<Stored<Import>, TableError> {
        let item = Item::new(Key::import(org), import)?;
        self.table.write(vec![Write::Put(item, Expect::read(before))]).await?;
        Ok(Stored { value: import.clone(), version: before + 1 })
    }

    /// The users who are these objects of the directory, those that are known.
    pub async fn users_of_objects(
        &self,
        org: OrganizationId,
        objects: &[Uuid],
        now: Timestamp,
    ) -> Result<HashMap<Uuid, Known>, TableError> {
        let mut known = HashMap::with_capacity(objects.len());
        for some in objects.chunks(AT_ONCE) {
            let keys = some.iter().map(|object| Key::object(org, &object.to_string()));
            let mut found = self.table.get_many(keys.collect()).await?;
            let mut owners: Vec<(Uuid, UserId)> = Vec::with_capacity(some.len());
            for object in some {
                let key = Key::object(org, &object.to_string());
                let owner: Option<Stored<Owner>> = found.take(&key, now)?;
                owners.extend(owner.map(|owner| (*object, owner.value.user)));
            }
            for some in owners.chunks(AT_ONCE / 2) {
                let both =
                    |(_, user): &(Uuid, UserId)| [Key::user(org, *user), Key::profile(org, *user)];
                let mut found = self.table.get_many(some.iter().flat_map(both).collect()).await?;
                for (object, user) in some {
                    let names = match found.has(&Key::profile(org, *user)) {
                        true => NamesOf::Client,
                        false => NamesOf::Directory,
                    };
                    if let Some(user) = found.take(&Key::user(org, *user), now)? {
                        known.insert(*object, Known { user, names });
                    }
                }
            }
        }
        Ok(known)
    }

    /// Who has each of some names, in the order asked.
    pub async fn holders(
        &self,
        org: OrganizationId,
        names: &[LookUp<'_>],
        now: Timestamp,
    ) -> Result<Vec<Option<Known>>, TableError> {
        let keys: Vec<Key> = names.iter().map(|name| name.key(org)).collect();
        let mut found = self.table.get_all(keys.clone()).await?;
        let mut owners: BTreeMap<&Key, UserId> = BTreeMap::new();
        for key in &keys {
            let owner: Option<Stored<Owner>> = found.take(key, now)?;
            owners.extend(owner.map(|owner| (key, owner.value.user)));
        }
        let both = |user: &UserId| [Key::user(org, *user), Key::profile(org, *user)];
        let mut found = self.table.get_all(owners.values().flat_map(both).collect()).await?;
        let mut holders: HashMap<UserId, Known> = HashMap::with_capacity(owners.len());
        for owner in owners.values() {
            let names = match found.has(&Key::profile(org, *owner)) {
                true => NamesOf::Client,
                false => NamesOf::Directory,
            };
            let user = found.take(&Key::user(org, *owner), now)?;
            holders.extend(user.map(|user| (*owner, Known { user, names })));
        }
        let holder = |key| owners.get(key).and_then(|owner| holders.get(owner)).cloned();
        Ok(keys.iter().map(holder).collect())
    }

    /// Somebody who has a user name that the directory wants for another object.
    pub async fn user_in_the_way(
        &self,
        org: OrganizationId,
        name: &UserName,
        now: Timestamp,
    ) -> Result<Option<Known>, TableError> {
        let Some(found) = self.user_named(org, name, now).await? else {
            return Ok(None);
        };
        let profile = Key::profile(org, found.value.id);
        let kept = self.table.get_many(vec![profile.clone()]).await?;
        let names = if kept.has(&profile) { NamesOf::Client } else { NamesOf::Directory };
        Ok(Some(Known { user: found, names }))
    }

    /// Stores a user whom the directory tells of for the first time: with their names, counted,
    /// audited, or not at all.
    ///
    /// # Errors
    ///
    /// [`ImportError::Taken`] names the first claim that somebody else holds; [`ImportError::Ours`] when
    /// it is not the directory that says who this is.
    pub async fn make_directory_user(
        &self,
        org: OrganizationId,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<(), ImportError> {
        let anchor = user.anchor.as_ref().map(Anchor::as_str);
        let mut writes = of_nobody(org, user.object_id, anchor);
        // Whoever was deleted here while their anchor is repaired gets their own name back first.
        let repaired = user.user_name.temporary_of();
        writes.extend(repaired.map(|id| Write::CheckAbsent(Key::repair(org, id))));
        let checks = writes.len();
        writes.extend(crate::users::user_writes(org, user)?);
        writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        writes.extend(anchors::moved(org, false, user, audit.at)?);
        let names: Vec<Named> = claims(org, user, None).into_iter().map(|claim| claim.0).collect();
        self.table.write(writes).await.map_err(|error| match error {
            TableError::Conflict { position } => match position.checked_sub(checks) {
                None => ImportError::Ours,
                Some(at) => names.get(at).map_or(ImportError::Stale, |it| ImportError::Taken(*it)),
            },
            other => ImportError::Table(other),
        })
    }

    /// Stores what the directory makes of a known user, and moves their names: all or nothing.
    /// It is told where access is taken or given, or a personal address changed, and whoever they stood
    /// in the way of is read: answers what of the same transaction is in the outbox.
    ///
    /// # Errors
    ///
    /// [`ImportError::Stale`] when the user is not at the version of `before` any more,
    /// [`ImportError::Taken`] when somebody else has a name.
    pub async fn change_directory_user(
        &self,
        org: OrganizationId,
        before: &Stored<User>,
        user: &User,
        audit: &AuditEntry,
    ) -> Result<Vec<OutboxItem>, ImportError> {
        let user = &left_out::stepped_aside(org, &before.value, user.clone());
        let Changing { mut writes, taken, mut follows } = changing(org, before, user, audit)?;
        let aside = left_out::out_of_the_way(org, &before.value, Some(user), audit.at)?;
        if let Some((item, read)) = aside {
            writes.extend(read);
            follows.push(item);
        }
        self.table.write(writes).await.map(|()| follows).map_err(|error| match error {
            TableError::Conflict { position } => match taken.get(position).copied().flatten() {
                Some(named) => ImportError::Taken(named),
                None => ImportError::Stale,
            },
            other => ImportError::Table(other),
        })
    }
}

/// A change of a known user.
pub(crate) struct Changing {
    pub(crate) writes: Vec<Write>,
    /// Which of the first writes claim a name.
    pub(crate) taken: Vec<Option<Named>>,
    /// What they put into the outbox.
    pub(crate) follows: Vec<OutboxItem>,
}

pub(crate) fn changing(
    org: OrganizationId,
    before: &Stored<User>,
    user: &User,
    audit: &AuditEntry,
) -> Result<Changing, TableError> {
    let user = &access::seen_off(&before.value, user.clone(), audit.at);
    let old = claims(org, &before.value, None);
    let new = claims(org, user, None);
    let mut writes = vec![Write::Put(user_item(org, user)?, Expect::Version(before.version))];
    let mut taken = vec![None];
    for (named, key) in new.iter().filter(|claim| !old.contains(claim)) {
        let item = Item::new(key.clone(), &Owner { user: user.id })?;
        writes.push(Write::Put(item, Expect::Absent));
        taken.push(Some(*named));
    }
    for (_, key) in old.iter().filter(|claim| !new.contains(claim)) {
        writes.push(Write::Delete(key.clone(), 1));
    }
    writes.extend(move_claim(org, Some(&before.value), Some(user))?);
    writes.push(Write::Put(audit.item(org)?, Expect::Absent));
    let claimed =
        user.claim_changed_at.filter(|_| user.claim_changed_at != before.value.claim_changed_at);
    let claimed =
        claimed.map(|_| OutboxItem::following(audit, org, Task::ClaimChanged { user: user.id }));
    if let Some(item) = &claimed {
        writes.push(Write::Put(item.item()?, Expect::Absent));
    }
    let told = access::told(org, &before.value, Some(user), audit)?;
    writes.extend(told.writes);
    let follows = told.items.into_iter().chain(claimed).collect::<Vec<_>>();
    writes.extend(anchors::moved(org, before.value.unanchored, user, audit.at)?);
    writes.extend(leavers::moved(org, &before.value, user)?);
    Ok(Changing { writes, taken, follows })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_counted_by_itself_and_nothing_ends_it_but_its_last_page() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-21T12:05:00Z".parse().unwrap();
        let one = Tally { told: 1, made: 1, ..Tally::default() };
        let mut import = Import::new(Uuid::nil());

        import.begin(1, now);
        import.turn("second".to_owned(), one);
        import.begin(1, later);
        assert_eq!((import.began_at, import.round), (Some(now), 1), "it is under way");
        import.end("next round".to_owned(), one, later);
        assert_eq!((import.pages, import.tally.made, import.round), (2, 2, 2));
        assert!(!import.whole, "the next one tells what changed");
        assert_eq!((import.began_at, import.ended_at), (None, Some(later)));

        import.begin(1, later);
        assert_eq!((import.pages, import.tally), (0, Tally::default()));
        import.expected = Some(4);
        assert_eq!(import.ends_about(later), None, "nothing is known of its pace yet");
        import.turn("third".to_owned(), one);
        let minute = later + SignedDuration::from_mins(1);
        assert_eq!(import.ends_about(minute), Some(minute + SignedDuration::from_mins(3)));
        import.expected = Some(0);
        assert_eq!(import.ends_about(minute), None, "there are more than were counted");
        import.pause(vec![7], one);
        import.pause(vec![8], one);
        assert_eq!((&*import.carried_out, import.pages), (&[7, 8][..], 1), "the page is not over");
        import.turn("fourth".to_owned(), one);
        assert_eq!((import.carried_out.len(), import.tally.told), (0, 4));
        import.pause(vec![9], one);
        import.restart();
        assert_eq!((import.next.as_deref(), import.began_at, import.round), (None, None, 3));
        assert!(import.whole);
        import.begin(1, minute);
        import.restart();
        import.begin(1, later);
        assert_eq!(import.whole_since, Some(minute), "it began anew before it was over");
        assert!(import.carried_out.is_empty());
    }

    #[test]
    fn what_fails_is_counted_until_a_round_ends_and_for_one_connection_alone() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut import = Import::new(Uuid::nil());
        import.fail(at(10), RoundCause::Refused, (at(20), at(50)));
        import.fail(at(10), RoundCause::Throttled, (at(50), at(90)));
        let cause = RoundCause::Throttled;
        let twice = Failing { since: at(20), at: at(50), times: 2, cause, again_at: at(90) };
        assert_eq!(import.trouble(at(10)), Some(twice));
        assert_eq!(import.trouble(at(50)), Some(twice), "the connection is as it is since then");
        assert_eq!(import.trouble(at(51)), None, "that was another one");
        assert!(!import.is_begun(), "nothing was read");

        import.turn("second".to_owned(), Tally::default());
        assert_eq!(import.trouble(at(10)), Some(twice), "a page is no round");
        assert!(import.is_begun());
        import.fail(at(60), RoundCause::Ours, (at(70), at(80)));
        assert_eq!(import.failing.map(|it| (it.since, it.times)), Some((at(70), 1)));
        import.end("next round".to_owned(), Tally::default(), at(90));
        assert_eq!(import.failing, None);
    }

    #[test]
    fn a_selection_stays_from_round_to_round_until_everybody_is_read_anew() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut import = Import::new(Uuid::nil());

        import.begin(1, now);
        import.turn("second".to_owned(), Tally::default());
        import.begin(2, now);
        assert_eq!(import.selection, 1, "behind its first page");
        import.end("next round".to_owned(), Tally::default(), now);
        import.begin(2, now);
        assert_eq!(import.selection, 1, "in the round behind that one");
        import.restart();
        import.begin(2, now);
        assert_eq!(import.selection, 2);

        let older = serde_json::json!({
            "tenant": Uuid::nil(), "round": 7, "next": "link", "began_at": null, "ended_at": now,
            "pages": 1, "tally": {},
        });
        let older: Import = serde_json::from_value(older).unwrap();
        assert_eq!(older.selection, 0, "whoever kept it knew of none");
    }
}
