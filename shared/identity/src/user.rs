//! A person of an organization.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Address, Anchor, Attributes, DirectoryId, LastDay, SecretHash, UserId, UserName};

/// Why somebody may not sign in; reasons add up, and access needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Entra says that the account is disabled or gone.
    Entra,
    /// An administrator took the access away.
    Administrator,
    /// A provisioning client set `active` to false.
    Provisioning,
    /// The person's last day is over.
    LastDay,
}

impl Block {
    /// Those that somebody here decides, and nobody who speaks for an account.
    pub const OURS: [Self; 2] = [Self::Administrator, Self::LastDay];
}

/// An account in Entra that we disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisabledAccount {
    /// The tenant that it is in.
    pub tenant: Uuid,
    /// Its object id there.
    pub object: Uuid,
    /// When we were about to.
    pub at: Timestamp,
}

impl DisabledAccount {
    /// How long what is told of an account may lag behind what we did of it.
    pub const LAG: SignedDuration = SignedDuration::from_hours(1);

    /// Whether what is told of the account by now is not older than what we did.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= Self::LAG
    }
}

/// What a person may do here beyond signing in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing beyond it.
    #[default]
    Member,
    /// Administers the organization.
    Administrator,
}

/// A person of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Ours; never changes.
    pub id: UserId,
    /// The directory that says how the person signs in; [`None`] is the organization's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryId>,
    /// Unique in the organization. Of whoever signs in it is the user principal name, which is also
    /// the work address that a person types.
    pub user_name: UserName,
    /// What pages and mails call the person.
    pub display_name: String,
    /// What else the directory says of the person, where it is the directory that does.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// What Entra matches an assertion by, once known.
    pub anchor: Option<Anchor>,
    /// Whether it is for us to see to their anchor in Entra: they have none there, it is said, or one
    /// that somebody else has here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanchored: bool,
    /// Entra's object id, once known.
    pub object_id: Option<Uuid>,
    /// When a reading took the account with that object id for theirs, by its name alone, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_at: Option<Timestamp>,
    /// The tenant whose account with that object id signed in as this person: from then on both
    /// together are who it is, whatever either side calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Uuid>,
    /// The tenant in which we made their account, where we did: when they are deleted here, it is
    /// disabled there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_in: Option<Uuid>,
    /// The account that we disabled in Entra, as long as it is for us to enable it again. From before it
    /// is disabled until after it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<DisabledAccount>,
    /// Whether the account is mastered on-premises: its anchor is never ours to set.
    #[serde(default)]
    pub on_premises: bool,
    /// Accounts that are to have their name or anchor, and that a reading left out for it: they are read
    /// once the person lets go of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub in_the_way_of: BTreeSet<Uuid>,
    /// The personal e-mail address that proves who enrols.
    pub personal_email: Option<Address>,
    /// When the personal claim last changed.
    pub claim_changed_at: Option<Timestamp>,
    /// What the person may do here.
    #[serde(default)]
    pub role: Role,
    /// Why the person may not sign in.
    #[serde(default)]
    pub blocks: BTreeSet<Block>,
    /// The last day on which the person has access, where one is known. Ask [`User::has_access`]: it is
    /// over at its instant, whether a block says so yet or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<LastDay>,
    /// Sessions, and proofs for an enrolment, of before this instant are over; those of this very
    /// instant hold.
    pub sessions_valid_from: Timestamp,
    /// When the first passkey was registered; a claim enrols nobody who ever had one.
    pub enrolled_at: Option<Timestamp>,
    /// The recovery code that was shown at the latest enrolment, until it is used.
    pub recovery: Option<SecretHash>,
}

impl User {
    /// A person who may sign in as soon as they have a passkey.
    pub fn new(id: UserId, user_name: UserName, display_name: String, now: Timestamp) -> Self {
        Self {
            id,
            directory: None,
            user_name,
            display_name,
            attributes: Attributes::default(),
            anchor: None,
            unanchored: false,
            object_id: None,
            linked_at: None,
            tenant: None,
            made_in: None,
            disabled: None,
            on_premises: false,
            in_the_way_of: BTreeSet::new(),
            personal_email: None,
            claim_changed_at: None,
            role: Role::Member,
            blocks: BTreeSet::new(),
            last_day: None,
            sessions_valid_from: now,
            enrolled_at: None,
            recovery: None,
        }
    }

    /// Whether nothing stands against the person's access now.
    pub fn has_access(&self, now: Timestamp) -> bool {
        self.blocks.is_empty() && !self.has_left(now)
    }

    /// Everything that stands against the person's access now, whether a block says so yet or not.
    pub fn stands_against(&self, now: Timestamp) -> BTreeSet<Block> {
        let left = self.has_left(now).then_some(Block::LastDay);
        self.blocks.iter().copied().chain(left).collect()
    }

    /// Whether the person's last day is over.
    pub fn has_left(&self, now: Timestamp) -> bool {
        self.last_day.as_ref().is_some_and(|day| day.is_over(now))
    }

    /// Whether somebody here took the access away, an administrator or the last day, whether a block says
    /// so yet or not: whoever speaks for Entra sees to the account there by themselves.
    pub fn is_offboarded(&self, now: Timestamp) -> bool {
        self.has_left(now) || Block::OURS.iter().any(|reason| self.blocks.contains(reason))
    }

    /// Says of whoever's last day is over that it is, as whoever tidies does.
    #[must_use]
    pub fn seen_off(mut self, now: Timestamp) -> Self {
        if self.has_left(now) && !self.blocks.contains(&Block::LastDay) {
            self.block(Block::LastDay, now);
        }
        self
    }

    /// Whether an account is disabled in Entra by us, and by nobody else as far as we know.
    pub fn is_disabled_by_us(&self, object: Uuid) -> bool {
        self.disabled.is_some_and(|account| account.object == object)
    }

    /// Says when the person's last day is, or that there is none. Where it gives access back, what was
    /// open until then stays over.
    pub fn leave_after(&mut self, last_day: Option<LastDay>, now: Timestamp) {
        let had_left = self.has_left(now);
        self.last_day = last_day;
        if !self.has_left(now) {
            self.unblock(Block::LastDay, now);
            if had_left {
                self.sessions_valid_from = self.sessions_valid_from.max(now);
            }
        }
    }

    /// Takes access away, for a reason, and ends every session with it.
    pub fn block(&mut self, reason: Block, now: Timestamp) {
        self.blocks.insert(reason);
        self.sessions_valid_from = self.sessions_valid_from.max(now);
    }

    /// Gives access back as far as one reason took it. What was pending or open until then is over,
    /// also where somebody decided by an earlier state of the user.
    pub fn unblock(&mut self, reason: Block, now: Timestamp) {
        if self.blocks.remove(&reason) {
            self.sessions_valid_from = self.sessions_valid_from.max(now);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn access_ends_with_the_last_day_and_comes_back_without_what_was_open() {
        let id = UserId::mint(&SystemEntropy);
        let noon = at("2026-12-30T12:00:00Z");
        let mut user = User::new(id, "ada@contoso.com".parse().unwrap(), "Ada".to_owned(), noon);
        let day = |date: &str| Some(LastDay::new(date.parse().unwrap(), "UTC").unwrap());

        user.leave_after(day("2026-12-31"), noon);
        for (now, is_over) in [("2026-12-31T23:59:59Z", false), ("2027-01-01T00:00:00Z", true)] {
            let found = (user.has_access(at(now)), user.is_offboarded(at(now)));
            assert_eq!(found, (!is_over, is_over), "{now}");
            let said = user.clone().seen_off(at(now));
            assert_eq!(said.blocks.contains(&Block::LastDay), is_over, "{now}");
            assert_eq!(said.clone().seen_off(at("2027-02-01T00:00:00Z")) == said, is_over, "{now}");
        }
        assert_eq!(user.sessions_valid_from, noon, "what is open stays open until then");

        // Nobody tidied yet, and the day is moved: what was open at its end is over.
        let late = at("2027-01-01T09:00:00Z");
        let mut stays = user.clone();
        stays.leave_after(day("2027-01-31"), late);
        assert!(stays.has_access(late));
        assert_eq!(stays.sessions_valid_from, late);

        user.block(Block::LastDay, late);
        user.block(Block::Entra, late);
        let later = at("2027-01-02T09:00:00Z");
        user.leave_after(None, later);
        assert_eq!(user.blocks, [Block::Entra].into());
        assert_eq!(user.sessions_valid_from, later);

        // A day that is over already: no access at once.
        user.unblock(Block::Entra, later);
        user.leave_after(day("2027-01-01"), later);
        assert!(!user.has_access(later));
    }
}
