//! The one table: every fact of the deployment, and every write with what it expects.
//!
//! Refuses to know HTTP, pages and the formats of any standard. Each file is one noun; its methods
//! are sentences about the domain whose invariant is in the write itself. How keys are spelled,
//! and what each access costs, is in [`schema`].

pub mod schema;

mod audit;
mod enrolments;
mod item;
mod key_ring;
mod links;
mod organizations;
mod outbox;
mod passkeys;
mod requests;
mod scim_keys;
mod sign_ins;
mod table;
mod users;

pub use audit::{Action, Actor, AuditEntry};
pub use enrolments::{CodeSlip, Enrolling, Enrolment, NewPasskey};
pub use item::{Stored, Version};
pub use links::Link;
pub use organizations::{Deployment, FoundError, Founding};
pub use outbox::{OutboxItem, Task};
pub use passkeys::Passkey;
pub use requests::{Ceremony, PendingAuthn, Request};
pub use scim_keys::{KeyUse, MOST_SCIM_KEYS, ProvisioningKey};
pub use sign_ins::{Answered, Asking, Facts, SignedIn};
pub use table::{Table, TableError};
pub use users::{CreateUserError, Named};

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
