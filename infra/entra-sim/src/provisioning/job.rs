//! The job's memory: what is linked to what, what failed, how far it read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::Known;
use super::fault::Fault;
use super::health::{Health, Tally, is_given_up, next_try};
use super::report::CycleReport;
use super::settings::Provisioning;

/// Everything about the job that survives a restart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) settings: Option<Provisioning>,
    pub(crate) health: Health,
    /// The directory's revision up to which everything is provisioned; without one the next
    /// cycle is an initial one.
    pub(crate) watermark: Option<u64>,
    /// By the user's object id.
    pub(crate) users: BTreeMap<String, UserLink>,
    /// By the group's object id.
    pub(crate) groups: BTreeMap<String, GroupLink>,
    /// By the object id of what failed.
    pub(crate) escrows: BTreeMap<String, Escrow>,
    /// How many cycles there were.
    pub(crate) cycles: u64,
    pub(crate) last: Option<CycleReport>,
}

/// A user's counterpart in the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UserLink {
    /// The target's id.
    pub(crate) id: String,
    pub(crate) charge: Charge,
    /// The target's id of the manager that was set last.
    pub(crate) manager: Option<String>,
    /// Whether the manager waits for being provisioned itself.
    #[serde(default)]
    pub(crate) awaits_manager: bool,
}

/// Whether the job is in charge of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Charge {
    Managed,
    Released,
}

/// A group's counterpart in the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupLink {
    /// The target's id.
    pub(crate) id: String,
    /// Object ids of the users that were made members.
    pub(crate) members: BTreeSet<String>,
    /// Whether members wait for being provisioned themselves.
    #[serde(default)]
    pub(crate) awaits_members: bool,
}

/// What failed and when it is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Escrow {
    pub(crate) subject: String,
    pub(crate) kind: Kind,
    pub(crate) first: Timestamp,
    pub(crate) tries: u32,
    pub(crate) next: Timestamp,
    pub(crate) error: String,
}

/// What kind of thing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    User,
    Group,
    /// A manager or members; such failures weigh less.
    Reference,
}

impl Job {
    /// What is known of a user.
    pub(crate) fn known(&self, user: &str) -> Known {
        match self.users.get(user).map(|link| link.charge) {
            None => Known::Unknown,
            Some(Charge::Managed) => Known::Managed,
            Some(Charge::Released) => Known::Released,
        }
    }

    /// Remembers a user's counterpart and takes charge of it.
    pub(crate) fn link_user(&mut self, user: &str, id: &str) {
        let link = self.users.entry(user.to_owned()).or_insert_with(|| UserLink {
            id: id.to_owned(),
            charge: Charge::Managed,
            manager: None,
            awaits_manager: false,
        });
        if link.id != id {
            id.clone_into(&mut link.id);
            link.manager = None;
        }
        link.charge = Charge::Managed;
    }

    /// Remembers a failure: tried again in the next cycle, then after 6, 12 and 24 hours from the
    /// first one, then daily.
    pub(crate) fn failed(
        &mut self,
        id: &str,
        subject: &str,
        kind: Kind,
        fault: &Fault,
        now: Timestamp,
    ) {
        let escrow = self.escrows.entry(id.to_owned()).or_insert_with(|| Escrow {
            subject: subject.to_owned(),
            kind,
            first: now,
            tries: 0,
            next: now,
            error: String::new(),
        });
        escrow.tries += 1;
        escrow.kind = kind;
        escrow.error = fault.to_string();
        escrow.next = if escrow.tries == 1 { now } else { next_try(escrow.first, now) };
    }

    /// Object ids whose next try is due; those given up after four weeks are forgotten.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<String> {
        self.escrows.retain(|_, escrow| !is_given_up(escrow.first, now));
        let due = self.escrows.iter().filter(|(_, escrow)| escrow.next <= now);
        due.map(|(id, _)| id.clone()).collect()
    }

    /// How the job stands.
    pub(crate) fn tally(&self) -> Tally {
        let references = self.escrows.values().filter(|escrow| escrow.kind == Kind::Reference);
        let references = references.count() as u64;
        let failed = self.escrows.len() as u64 - references;
        let linked = self.users.keys().chain(self.groups.keys());
        let good = linked.filter(|id| !self.escrows.contains_key(*id)).count() as u64;
        Tally { good, failed, references }
    }

    /// Takes a configuration over and forgets what it makes meaningless.
    pub(crate) fn configure(&mut self, settings: Provisioning, same_server: bool) {
        let Some(before) = &self.settings else {
            *self = Self { settings: Some(settings), ..Self::default() };
            return;
        };
        if !same_server {
            *self = Self { settings: Some(settings), cycles: self.cycles, ..Self::default() };
            return;
        }
        if settings.restarts(before) {
            self.watermark = None;
        }
        if settings != *before {
            self.escrows.clear();
            self.health = Health::Healthy;
        }
        self.settings = Some(settings);
    }

    /// Forgets failures, quarantine and watermark, but not what is linked to what.
    pub(crate) fn restart(&mut self) {
        self.escrows.clear();
        self.health = Health::Healthy;
        self.watermark = None;
    }
}
