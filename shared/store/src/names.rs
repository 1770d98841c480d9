//! The names of which there can be one, and whose they are.

use identity::{Address, Anchor, OrganizationId, SecretHash, User, UserId, UserName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::{ProvisioningKey, Store, Stored, TableError, Unread};

#[derive(Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) user: UserId,
}

/// A name that belongs to one user of an organization, or to one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The user name.
    UserName,
    /// The provisioning client's own id.
    ExternalId,
    /// The anchor.
    Anchor,
    /// Entra's object id.
    ObjectId,
    /// The display name of a group, in any case.
    DisplayName,
}

/// A name by which a user is looked up.
#[derive(Clone, Copy, Debug)]
pub enum LookUp<'a> {
    /// The user name, in any case.
    UserName(&'a UserName),
    /// The provisioning client's own id, exactly.
    ExternalId(&'a str),
    /// The anchor, exactly.
    Anchor(&'a Anchor),
}

impl LookUp<'_> {
    pub(crate) fn key(&self, org: OrganizationId) -> Key {
        match self {
            Self::UserName(name) => Key::user_name(org, name),
            Self::ExternalId(id) => Key::external(org, id),
            Self::Anchor(anchor) => Key::anchor(org, anchor),
        }
    }
}

/// The claims on a user's names, each with what it names.
pub(crate) fn claims(
    org: OrganizationId,
    user: &User,
    external_id: Option<&str>,
) -> Vec<(Named, Key)> {
    let mut claims = vec![(Named::UserName, Key::user_name(org, &user.user_name))];
    if let Some(anchor) = &user.anchor {
        claims.push((Named::Anchor, Key::anchor(org, anchor)));
    }
    if let Some(object_id) = &user.object_id {
        claims.push((Named::ObjectId, Key::object(org, &object_id.to_string())));
    }
    if let Some(external_id) = external_id {
        claims.push((Named::ExternalId, Key::external(org, external_id)));
    }
    claims
}

/// Where a user is found by the personal address that they have.
pub(crate) fn claim_key(org: OrganizationId, user: &User) -> Option<Key> {
    let address = user.personal_email.as_ref()?;
    Some(Key::user_of_claim(org, address, user.id))
}

/// Lets a user be found by the personal address that they have now, and by none that they had.
pub(crate) fn move_claim(
    org: OrganizationId,
    before: Option<&User>,
    after: Option<&User>,
) -> Result<Vec<Write>, TableError> {
    let before = before.and_then(|user| claim_key(org, user));
    let after = after.and_then(|user| claim_key(org, user));
    if before == after {
        return Ok(Vec::new());
    }
    let mut writes = Vec::new();
    if let Some(key) = after {
        writes.push(Write::Put(Item::new(key, &())?, Expect::Anything));
    }
    writes.extend(before.map(Write::Remove));
    Ok(writes)
}

impl Store {
    /// Whether another user than this one has a personal address.
    pub async fn shares_claim(
        &self,
        org: OrganizationId,
        user: UserId,
        address: &Address,
    ) -> Result<bool, TableError> {
        let two = self.table.sort_keys(&Key::claim(org, address), "", 2).await?;
        Ok(two.iter().any(|other| *other != user.to_string()))
    }

    /// A provisioning key and whose a name is, in one read.
    pub async fn scim_key_and_owner(
        &self,
        org: OrganizationId,
        hash: &SecretHash,
        name: LookUp<'_>,
        now: Timestamp,
    ) -> Result<(Option<Stored<ProvisioningKey>>, Unread<UserId>), TableError> {
        let keys = [Key::scim_key(org, hash), name.key(org)];
        let mut found = self.table.get_many(keys.to_vec()).await?;
        let [key, name] = keys;
        let key = found.take(&key, now)?;
        let owner = Unread::of(move || {
            let owner: Option<Stored<Owner>> = found.take(&name, now)?;
            Ok(owner.map(|owner| owner.value.user))
        });
        Ok((key, owner))
    }

    /// Who has a name that somebody else wanted: that of its kind which `user` would have claimed.
    pub async fn holder(
        &self,
        org: OrganizationId,
        named: Named,
        user: &User,
        external_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<UserId>, TableError> {
        let wanted = claims(org, user, external_id).into_iter().find(|(kind, _)| *kind == named);
        let Some((_, key)) = wanted else { return Ok(None) };
        let owner: Option<Stored<Owner>> = self.table.get(key, now).await?;
        Ok(owner.map(|owner| owner.value.user))
    }

    /// Whose a name is.
    pub async fn owner(
        &self,
        org: OrganizationId,
        name: LookUp<'_>,
        now: Timestamp,
    ) -> Result<Option<UserId>, TableError> {
        let owner: Option<Stored<Owner>> = self.table.get(name.key(org), now).await?;
        Ok(owner.map(|owner| owner.value.user))
    }
}
