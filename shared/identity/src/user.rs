//! A person of an organization.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Address, Anchor, DirectoryId, SecretHash, UserId, UserName};

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
    /// What Entra matches an assertion by, once known.
    pub anchor: Option<Anchor>,
    /// Whether it is for us to see to their anchor in Entra: they have none there, it is said, or one
    /// that somebody else has here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanchored: bool,
    /// Entra's object id, once known.
    pub object_id: Option<Uuid>,
    /// The tenant whose account with that object id signed in as this person: from then on both
    /// together are who it is, whatever either side calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Uuid>,
    /// Whether the account is mastered on-premises: its anchor is never ours to set.
    #[serde(default)]
    pub on_premises: bool,
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
            anchor: None,
            unanchored: false,
            object_id: None,
            tenant: None,
            on_premises: false,
            personal_email: None,
            claim_changed_at: None,
            role: Role::Member,
            blocks: BTreeSet::new(),
            sessions_valid_from: now,
            enrolled_at: None,
            recovery: None,
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
