//! What becomes of an account in Entra, by what the user is here and what is there. Decides, and does
//! nothing.

use graph::DirectoryUser;
use identity::User;
use jiff::Timestamp;
use uuid::Uuid;

use super::NO_CONSENT;

/// What is next for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is disabled.
    Disable(Disabling),
    /// It is enabled again.
    Enable,
    /// It is enabled already, by us or by somebody of the tenant: nothing is ours to do any more.
    Forget,
    /// It is left as it is, and this is why.
    Leave(&'static str),
    /// It is as it should be.
    Nothing,
}

/// Whose doing it is that an account is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disabling {
    /// Ours, from now on: it is enabled.
    New,
    /// Ours: we noted that before.
    Ours,
    /// Somebody else's, it is said. What is said may be older than an end of ours, so that it is disabled
    /// all the same; but never enabled by us.
    Theirs,
}

/// `may` is whether the tenant lets us disable and enable accounts.
pub(super) fn next(
    user: &User,
    tenant: Uuid,
    may: bool,
    there: &DirectoryUser,
    now: Timestamp,
) -> Next {
    let ours =
        user.disabled.filter(|account| (account.tenant, account.object) == (tenant, there.id));
    let enabled = there.account_enabled.value() == Some(&true);
    match (user.is_offboarded(now), ours) {
        (false, None) => Next::Nothing,
        // Whoever speaks for it on-premises disables it there.
        (_, _) if there.is_synced() => Next::Leave("synced"),
        // What is said may be older than our end of it: it is enabled all the same.
        (false, Some(ours)) if enabled && (ours.is_settled(now) || !may) => Next::Forget,
        (_, _) if !may => Next::Leave(NO_CONSENT),
        (false, Some(_)) => Next::Enable,
        (true, Some(_)) => Next::Disable(Disabling::Ours),
        (true, None) if enabled => Next::Disable(Disabling::New),
        (true, None) => Next::Disable(Disabling::Theirs),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use identity::{Block, DisabledAccount, LastDay, UserId};
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;

    const TENANT: Uuid = Uuid::from_u128(1);
    const OBJECT: Uuid = Uuid::from_u128(2);

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn user(blocks: &[Block], disabled: Option<(Uuid, Uuid)>) -> User {
        let id = UserId::from_uuid(Uuid::from_u128(3));
        let mut user = User::new(id, "ada@contoso.com".parse().unwrap(), "Ada".to_owned(), now());
        user.blocks = blocks.iter().copied().collect();
        user.disabled =
            disabled.map(|(tenant, object)| DisabledAccount { tenant, object, at: now() });
        user
    }

    fn there(enabled: Option<bool>, synced: bool) -> DirectoryUser {
        let said = json!({
            "id": OBJECT, "accountEnabled": enabled,
            "onPremisesSyncEnabled": synced.then_some(true),
        });
        serde_json::from_value(said).unwrap()
    }

    #[test]
    fn an_account_is_disabled_by_whoever_is_blocked_here_and_enabled_by_whoever_disabled_it() {
        use Block::{Administrator, Entra, LastDay, Provisioning};
        let (new, ours, theirs) = (
            Next::Disable(Disabling::New),
            Next::Disable(Disabling::Ours),
            Next::Disable(Disabling::Theirs),
        );
        let is_ours = Some((TENANT, OBJECT));
        let cases: [(&[Block], _, _, Next); 19] = [
            // blocks, what we disabled, what is said of it there, what is next
            (&[], None, Some(true), Next::Nothing),
            (&[], None, Some(false), Next::Nothing),
            (&[Entra], None, Some(false), Next::Nothing),
            (&[Provisioning], None, Some(true), Next::Nothing),
            (&[Entra, Provisioning], None, Some(true), Next::Nothing),
            (&[Administrator], None, Some(true), new),
            (&[LastDay], None, Some(true), new),
            (&[Administrator, LastDay, Entra, Provisioning], None, Some(true), new),
            (&[Administrator], None, Some(false), theirs),
            (&[Administrator], None, None, theirs),
            (&[Administrator], is_ours, Some(true), ours),
            (&[Administrator], is_ours, Some(false), ours),
            (&[], is_ours, Some(false), Next::Enable),
            (&[], is_ours, None, Next::Enable),
            (&[], is_ours, Some(true), Next::Enable),
            // Another reason of somebody else's does not keep us from undoing what we did.
            (&[Entra], is_ours, Some(false), Next::Enable),
            (&[Provisioning], is_ours, Some(false), Next::Enable),
            // Somebody else's object or tenant is none of our doing.
            (&[], Some((TENANT, Uuid::nil())), Some(false), Next::Nothing),
            (&[], Some((Uuid::nil(), OBJECT)), Some(false), Next::Nothing),
        ];
        for (blocks, disabled, enabled, expected) in cases {
            let (user, what) =
                (user(blocks, disabled), format!("{blocks:?} {disabled:?} {enabled:?}"));
            let account = there(enabled, false);
            assert_eq!(next(&user, TENANT, true, &account, now()), expected, "{what}");
            let without = match expected {
                Next::Enable if enabled == Some(true) => Next::Forget,
                Next::Disable(_) | Next::Enable => Next::Leave("no_consent"),
                Next::Forget | Next::Leave(_) | Next::Nothing => expected,
            };
            assert_eq!(next(&user, TENANT, false, &account, now()), without, "{what}");
            let synced = match expected {
                Next::Nothing => Next::Nothing,
                _ => Next::Leave("synced"),
            };
            for may in [true, false] {
                let account = there(enabled, true);
                assert_eq!(next(&user, TENANT, may, &account, now()), synced, "{what}");
            }
        }
    }

    #[test]
    fn what_is_said_of_an_account_is_believed_once_it_cannot_be_older_than_our_end_of_it() {
        let (user, enabled) = (user(&[], Some((TENANT, OBJECT))), there(Some(true), false));
        for (minutes, expected) in [(0, Next::Enable), (59, Next::Enable), (60, Next::Forget)] {
            let now = now() + SignedDuration::from_mins(minutes);
            assert_eq!(next(&user, TENANT, true, &enabled, now), expected, "{minutes}");
        }
    }

    #[test]
    fn a_last_day_that_is_over_counts_before_anybody_tidied() {
        let mut user = user(&[], Some((TENANT, OBJECT)));
        user.last_day = Some(LastDay::new("2026-11-21".parse().unwrap(), "UTC").unwrap());
        let disabled = there(Some(false), false);
        assert_eq!(next(&user, TENANT, true, &disabled, now()), Next::Disable(Disabling::Ours));
        user.last_day = Some(LastDay::new("2026-11-22".parse().unwrap(), "UTC").unwrap());
        assert_eq!(next(&user, TENANT, true, &disabled, now()), Next::Enable);
    }
}
