//! The one table: every fact of the deployment, and every write with what it expects.
//!
//! Refuses to know HTTP, pages and the formats of any standard. Each file is one noun; its methods
//! are sentences about the domain whose invariant is in the write itself. How keys are spelled,
//! and what each access costs, is in [`schema`].

pub mod schema;

mod access;
mod accounts;
mod anchors;
mod audit;
mod codes;
mod connections;
mod counters;
mod enrolments;
mod federation_checks;
mod folds;
mod forget;
mod gone;
mod groups;
mod imports;
mod item;
mod key_ring;
mod leavers;
mod left_out;
mod limits;
mod links;
mod memberships;
mod microsoft;
mod missing;
mod names;
mod notices;
mod organizations;
mod outbox;
mod pages;
mod passkeys;
mod positions;
mod preflights;
mod profiles;
mod provisioning;
mod pushes;
mod queries;
mod reading_rules;
mod repairs;
mod requests;
mod rosters;
mod rounds;
mod scim_keys;
mod sign_ins;
mod staged;
mod standing;
mod table;
mod task;
mod users;
mod write;

pub use access::{Access, AccessChange};
pub use accounts::{Account, AccountEnd};
pub use anchors::{Lacking, SomeLacking, Unanchored};
pub use audit::{Action, Actor, AuditEntry, Resource};
pub use codes::CodeSlip;
pub use connections::{
    Authorised, ConnectError, Connecting, Connection, Feature, Journey, Leg, Stage, TenantDomain,
};
pub use enrolments::{Enrolling, Enrolment, NewPasskey, Proven};
pub use federation_checks::{CheckedDomain, FederationCheck};
pub use folds::Progress;
pub use groups::{Group, GroupName};
pub use imports::{Failing, Import, ImportError, Known, NamesOf, Tally};
pub use item::{Stored, Version};
pub use leavers::SomeLeavers;
pub use left_out::{DueLeftOut, LeftOut, LeftOutReason};
pub use links::Link;
pub use memberships::MemberChange;
pub use missing::{MissingEnd, MissingSearch, MissingStep};
pub use names::{LookUp, Named};
pub use notices::{Noticed, Subscription};
pub use organizations::{Deployment, FoundError, Founding};
pub use outbox::{Finished, Late, OutboxItem, Refusals, Refused};
pub use pages::{Order, Page};
pub use passkeys::Passkey;
pub use positions::{Bookmark, Position};
pub use preflights::{
    FINDINGS_OF_A_PAGE, Finding, Findings, FindingsPage, Holder, Inquiry, Look, Preflight, Step,
    Upload, Writing, pages_of,
};
pub use profiles::{KeptAttributes, Profile, Provisioned};
pub use provisioning::ProvisionError;
pub use pushes::{Particulars, Push, PushCounts, PushReason, PushStage, Pushing};
pub use reading_rules::ReadingRules;
pub use repairs::{Repair, RepairReason, RepairStep, Repairing};
pub use requests::{Ceremony, PendingAuthn, Request};
pub use rosters::Roster;
pub use rounds::{ClaimedRounds, DueRounds, Round};
pub use scim_keys::{KeyUse, MOST_SCIM_KEYS, ProvisioningKey, Unread};
pub use sign_ins::{Answered, Asking, Facts, Proof, SignedIn};
pub use staged::Folding;
pub use standing::Standing;
pub use table::{Table, TableError};
pub use task::{RoundCause, Task};
pub use users::CreateUserError;

/// The table, with its sentences.
#[derive(Clone, Debug)]
pub struct Store {
    table: Table,
}

impl Store {
    /// Speaks to one table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }
}
