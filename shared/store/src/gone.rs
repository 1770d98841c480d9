//! Users who were deleted here, and whose account in Entra we made: no reading brings them back, and the
//! account is disabled there. Each is named twice: by the user, whose id is the account's anchor, and by
//! the object, once that was known.

use identity::{OrganizationId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{OutboxItem, TableError};

/// An account that we made, of somebody who is deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) user: UserId,
    /// Which object it is, where that was known.
    pub(crate) object: Option<Uuid>,
    /// Where.
    pub(crate) tenant: Uuid,
}

/// What is remembered of them.
#[derive(Serialize, Deserialize)]
struct Gone {
    user: UserId,
}

impl Made {
    /// What is written when the user is deleted.
    pub(crate) fn leaves(
        self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Vec<Write>, TableError> {
        let Self { user, object, tenant } = self;
        let mut writes = Vec::with_capacity(3);
        for id in [Some(user.uuid()), object].into_iter().flatten() {
            let item = Item::new(Key::gone(org, id), &Gone { user })?;
            writes.push(Write::Put(item, Expect::Anything));
        }
        let disable = OutboxItem::disabling(org, user, (object, Some(tenant)), now);
        writes.push(Write::Put(disable.item()?, Expect::Absent));
        Ok(writes)
    }
}

/// What expects that an account of the tenant, with an anchor, is of nobody who was deleted here, or is
/// on the way there.
pub(crate) fn of_nobody(
    org: OrganizationId,
    object: Option<Uuid>,
    anchor: Option<&str>,
) -> Vec<Write> {
    // Few anchors have the shape of our ids.
    let user = anchor.and_then(|anchor| anchor.parse::<UserId>().ok());
    let gone = [object, user.map(|user| user.uuid())].into_iter().flatten();
    let mut checks: Vec<Write> = gone.map(|id| Write::CheckAbsent(Key::gone(org, id))).collect();
    checks.extend(user.map(|user| Write::CheckAbsent(Key::push(org, user))));
    checks
}
