//! Whom an account at Microsoft signs in.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Method, OrganizationId, Role, User, UserName};

/// An account whose sign-in at Microsoft holds, as far as it decides who that is.
#[derive(Clone, Debug)]
pub struct MicrosoftAccount {
    /// Whose directory.
    pub tenant: Uuid,
    /// Who in it. With the tenant: who it is.
    pub object_id: Uuid,
    /// What it is called now, which may change and pass to somebody else.
    pub user_name: Option<UserName>,
    /// Whether the person is at home elsewhere, where their name was given to them.
    pub is_guest: bool,
    /// Whether the account may consent for its tenant, as far as Microsoft tells.
    pub may_consent: Option<bool>,
}

/// How an account is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// It signed in before.
    Known,
    /// By its name, this once: from now on by its tenant and object id.
    First,
}

/// Why an account signs nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MicrosoftRefusal {
    /// Nobody here has its object id or its name.
    #[error("nobody here has the account")]
    Stranger,
    /// Whoever has its object id here is called something else, and it never signed in.
    #[error("the account and its user have different names")]
    NameDiffers,
    /// Whoever has its name here is another object.
    #[error("the account's name belongs to somebody else here")]
    OtherAccount,
    /// Whoever it is here signed in by another tenant's account.
    #[error("the account is of another tenant than the user's")]
    OtherTenant,
    /// A guest's name is no proof.
    #[error("a guest is not recognised by name")]
    Guest,
    /// A name alone makes nobody an administrator.
    #[error("the administrator's account may not consent for its tenant")]
    NotTenantAdministrator,
    /// Access was taken away.
    #[error("the user's access is blocked")]
    Blocked,
    /// The person signs in with a passkey.
    #[error("the user signs in with a passkey")]
    PasskeyOnly,
}

impl MicrosoftRefusal {
    /// The word that the audit keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stranger => "account_unknown",
            Self::NameDiffers => "account_name_differs",
            Self::OtherAccount => "other_account",
            Self::OtherTenant => "other_tenant",
            Self::Guest => "guest",
            Self::NotTenantAdministrator => "not_tenant_administrator",
            Self::Blocked => "user_blocked",
            Self::PasskeyOnly => "passkey_only",
        }
    }
}

/// Decides whether an account is the person's who has its object id, or else its name.
///
/// Whoever may rename accounts in the tenant could take an administrator's name: an administrator's
/// own first sign-in therefore takes a role that may do more than that.
///
/// # Errors
///
/// [`MicrosoftRefusal`] names the first reason against it.
pub fn recognise(user: &User, account: &MicrosoftAccount) -> Result<Recognition, MicrosoftRefusal> {
    if user.object_id.is_some_and(|object_id| object_id != account.object_id) {
        return Err(MicrosoftRefusal::OtherAccount);
    }
    match user.tenant {
        Some(tenant) if tenant == account.tenant => return Ok(Recognition::Known),
        Some(_) => return Err(MicrosoftRefusal::OtherTenant),
        None => {}
    }
    if account.is_guest {
        Err(MicrosoftRefusal::Guest)
    } else if account.user_name.as_ref() != Some(&user.user_name) {
        Err(MicrosoftRefusal::NameDiffers)
    } else if user.role == Role::Administrator && account.may_consent != Some(true) {
        Err(MicrosoftRefusal::NotTenantAdministrator)
    } else {
        Ok(Recognition::First)
    }
}

/// Decides whether a person of a directory of that method may sign in with Microsoft now.
/// Administrators may, whatever their directory says.
///
/// # Errors
///
/// [`MicrosoftRefusal`] names the first reason against it.
pub fn may_enter(user: &User, method: Method, now: Timestamp) -> Result<(), MicrosoftRefusal> {
    if !user.has_access(now) {
        Err(MicrosoftRefusal::Blocked)
    } else if method == Method::Microsoft || user.role == Role::Administrator {
        Ok(())
    } else {
        Err(MicrosoftRefusal::PasskeyOnly)
    }
}

/// The name of the cookie that a browser holds while it is at Microsoft to sign in.
pub fn microsoft_cookie_name(org: OrganizationId) -> String {
    format!("m-{org}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;
    use crate::{Block, UserId};

    const TENANT: Uuid = Uuid::from_u128(1);
    const OBJECT: Uuid = Uuid::from_u128(2);
    const OTHER: Uuid = Uuid::from_u128(3);

    fn user() -> User {
        let name = "ada@contoso.com".parse().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        User::new(UserId::mint(&SystemEntropy), name, "Ada".to_owned(), now)
    }

    fn account() -> MicrosoftAccount {
        MicrosoftAccount {
            tenant: TENANT,
            object_id: OBJECT,
            user_name: "Ada@Contoso.com".parse().ok(),
            is_guest: false,
            may_consent: Some(false),
        }
    }

    #[test]
    fn the_name_decides_once_and_then_tenant_and_object() {
        type Change = fn(&mut User, &mut MicrosoftAccount);
        let known: Change = |user, _| (user.object_id, user.tenant) = (Some(OBJECT), Some(TENANT));
        let renamed: Change = |user, account| {
            (user.object_id, user.tenant) = (Some(OBJECT), Some(TENANT));
            account.user_name = "byron@contoso.com".parse().ok();
        };
        let cases: [(&str, Change, Result<Recognition, MicrosoftRefusal>); 14] = [
            ("the name, in any case", |_, _| (), Ok(Recognition::First)),
            (
                "provisioned with the object id",
                |user, _| user.object_id = Some(OBJECT),
                Ok(Recognition::First),
            ),
            ("known", known, Ok(Recognition::Known)),
            ("known, renamed", renamed, Ok(Recognition::Known)),
            (
                "known, as a guest",
                |user, account| {
                    (user.object_id, user.tenant) = (Some(OBJECT), Some(TENANT));
                    account.is_guest = true;
                },
                Ok(Recognition::Known),
            ),
            (
                "another's name",
                |user, _| user.object_id = Some(OTHER),
                Err(MicrosoftRefusal::OtherAccount),
            ),
            (
                "the name of somebody who signed in before",
                |user, _| (user.object_id, user.tenant) = (Some(OTHER), Some(TENANT)),
                Err(MicrosoftRefusal::OtherAccount),
            ),
            (
                "the same object id in another tenant",
                |user, _| (user.object_id, user.tenant) = (Some(OBJECT), Some(OTHER)),
                Err(MicrosoftRefusal::OtherTenant),
            ),
            (
                "the object id and another name",
                |user, account| {
                    user.object_id = Some(OBJECT);
                    account.user_name = "byron@contoso.com".parse().ok();
                },
                Err(MicrosoftRefusal::NameDiffers),
            ),
            ("no name", |_, account| account.user_name = None, Err(MicrosoftRefusal::NameDiffers)),
            ("a guest", |_, account| account.is_guest = true, Err(MicrosoftRefusal::Guest)),
            (
                "an administrator whose account may not consent",
                |user, _| user.role = Role::Administrator,
                Err(MicrosoftRefusal::NotTenantAdministrator),
            ),
            (
                "an administrator of whose roles Microsoft does not tell",
                |user, account| {
                    user.role = Role::Administrator;
                    account.may_consent = None;
                },
                Err(MicrosoftRefusal::NotTenantAdministrator),
            ),
            (
                "an administrator whose account may",
                |user, account| {
                    user.role = Role::Administrator;
                    account.may_consent = Some(true);
                },
                Ok(Recognition::First),
            ),
        ];
        for (what, change, expected) in cases {
            let (mut user, mut account) = (user(), account());
            change(&mut user, &mut account);
            assert_eq!(recognise(&user, &account), expected, "{what}");
        }
    }

    #[test]
    fn a_block_speaks_first() {
        let (mut user, now) = (user(), Timestamp::UNIX_EPOCH);
        let passkey_only = Err(MicrosoftRefusal::PasskeyOnly);
        assert_eq!(may_enter(&user, Method::Passkey, now), passkey_only);
        assert_eq!(may_enter(&user, Method::Microsoft, now), Ok(()));
        user.role = Role::Administrator;
        for method in [Method::Passkey, Method::Microsoft] {
            assert_eq!(may_enter(&user, method, now), Ok(()));
        }
        user.block(Block::Entra, now);
        for method in [Method::Passkey, Method::Microsoft] {
            assert_eq!(may_enter(&user, method, now), Err(MicrosoftRefusal::Blocked));
        }
    }
}
