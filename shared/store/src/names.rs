//! The names of which there can be one, and whose they are.

use identity::{OrganizationId, SecretHash, User, UserId, UserName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schema::Key;
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
}

impl LookUp<'_> {
    pub(crate) fn key(&self, org: OrganizationId) -> Key {
        match self {
            Self::UserName(name) => Key::user_name(org, name),
            Self::ExternalId(id) => Key::external(org, id),
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

impl Store {
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
