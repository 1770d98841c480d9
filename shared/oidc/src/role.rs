//! Directory roles that decide whether somebody speaks for their tenant.

use uuid::{Uuid, uuid};

/// A directory role whose holders may consent to application permissions for the whole tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryRole {
    /// May do everything.
    GlobalAdministrator,
    /// Assigns roles, and consents to any permission.
    PrivilegedRoleAdministrator,
}

impl DirectoryRole {
    /// Every role that may consent.
    pub const ALL: [Self; 2] = [Self::GlobalAdministrator, Self::PrivilegedRoleAdministrator];

    /// The id of the role's template, the same in every tenant; what the claim `wids` holds.
    pub const fn template(self) -> Uuid {
        match self {
            Self::GlobalAdministrator => uuid!("62e90394-69f5-4237-9190-012177145e10"),
            Self::PrivilegedRoleAdministrator => uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"),
        }
    }
}
