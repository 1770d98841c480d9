//! Application permissions, by the names that a token's `roles` say.

use std::fmt;

/// An application permission of Graph that a call of ours needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read users, and what changes of them.
    UserRead,
    /// Make and change users.
    UserReadWrite,
    /// Let a user sign in, or not any more.
    UserEnableDisable,
    /// Delete users, and take them out of the recycle bin.
    UserDeleteRestore,
    /// End a user's sessions.
    UserRevokeSessions,
    /// Read the tenant's name and its verified domains.
    OrganizationRead,
    /// Read domains.
    DomainRead,
    /// Read how domains are federated.
    FederationRead,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UserRead,
        Self::UserReadWrite,
        Self::UserEnableDisable,
        Self::UserDeleteRestore,
        Self::UserRevokeSessions,
        Self::OrganizationRead,
        Self::DomainRead,
        Self::FederationRead,
    ];

    /// The name in a token's `roles`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserRead => "User.Read.All",
            Self::UserReadWrite => "User.ReadWrite.All",
            Self::UserEnableDisable => "User.EnableDisableAccount.All",
            Self::UserDeleteRestore => "User.DeleteRestore.All",
            Self::UserRevokeSessions => "User.RevokeSessions.All",
            Self::OrganizationRead => "Organization.Read.All",
            Self::DomainRead => "Domain.Read.All",
            Self::FederationRead => "Domain-InternalFederation.Read.All",
        }
    }

    /// Whether one of these granted names covers it: its own, or a wider one.
    pub fn is_covered_by<'a>(self, granted: impl IntoIterator<Item = &'a str>) -> bool {
        let wider: &[&str] = match self {
            Self::UserRead => {
                &["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]
            }
            Self::UserReadWrite => &["Directory.ReadWrite.All"],
            Self::UserEnableDisable => &["User.ReadWrite.All", "Directory.ReadWrite.All"],
            Self::UserDeleteRestore | Self::UserRevokeSessions => &["User.ReadWrite.All"],
            Self::OrganizationRead => {
                &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"]
            }
            Self::DomainRead => &["Domain.ReadWrite.All", "Directory.Read.All"],
            Self::FederationRead => {
                &["Domain-InternalFederation.ReadWrite.All", "Domain.ReadWrite.All"]
            }
        };
        granted.into_iter().any(|name| name == self.as_str() || wider.contains(&name))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_covered_by_itself_and_by_wider_ones_only() {
        for permission in Permission::ALL {
            assert!(permission.is_covered_by([permission.as_str()]), "{permission}");
            assert!(!permission.is_covered_by([]), "{permission}");
            assert!(!permission.is_covered_by(["User.ReadBasic.All"]), "{permission}");
        }
        assert!(Permission::UserRead.is_covered_by(["User.ReadWrite.All"]));
        // Whoever may change users may disable them; ending sessions is another matter.
        assert!(Permission::UserEnableDisable.is_covered_by(["Directory.ReadWrite.All"]));
        assert!(!Permission::UserRevokeSessions.is_covered_by(["Directory.ReadWrite.All"]));
        assert!(!Permission::UserReadWrite.is_covered_by(["User.Read.All"]));
        assert!(!Permission::DomainRead.is_covered_by(["User.ReadWrite.All"]));
    }
}
