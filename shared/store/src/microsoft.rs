//! Signing in with Microsoft: whose an account is, and the session that begins.

use identity::{OrganizationId, SecretHash, Session, User, UserName};
use jiff::Timestamp;
use uuid::Uuid;

use crate::item::Item;
use crate::names::Owner;
use crate::schema::Key;
use crate::sign_ins::session_item;
use crate::table::{Expect, Write};
use crate::users::user_item;
use crate::{AuditEntry, Store, Stored, TableError, Version};

impl Store {
    /// Whoever has an object id of the directory, or else a name: two reads.
    pub async fn user_of_account(
        &self,
        org: OrganizationId,
        object_id: Uuid,
        name: Option<&UserName>,
        now: Timestamp,
    ) -> Result<Option<Stored<User>>, TableError> {
        let object = Key::object(org, &object_id.to_string());
        let name = name.map(|name| Key::user_name(org, name));
        let keys = [Some(&object), name.as_ref()].into_iter().flatten().cloned().collect();
        let mut found = self.table.get_many(keys).await?;
        let by_object: Option<Stored<Owner>> = found.take(&object, now)?;
        let by_name: Option<Stored<Owner>> =
            name.map_or(Ok(None), |name| found.take(&name, now))?;
        match by_object.or(by_name) {
            Some(owner) => self.user(org, owner.value.user, now).await,
            None => Ok(None),
        }
    }

    /// Begins the session of somebody who signed in with Microsoft. Where the account was recognised
    /// by its name, `linked` is the user who has it from now on.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when the user is not as they were read any more, or somebody else has
    /// the account by now.
    pub async fn enter(
        &self,
        org: OrganizationId,
        before: &Stored<User>,
        linked: Option<&User>,
        session: (&SecretHash, &Session),
        audit: &AuditEntry,
    ) -> Result<(), TableError> {
        let mut writes = match linked {
            None => vec![Write::Check(Key::user(org, before.value.id), before.version)],
            Some(user) => {
                let mut writes =
                    vec![Write::Put(user_item(org, user)?, Expect::Version(before.version))];
                let new = user.object_id.filter(|_| before.value.object_id.is_none());
                if let Some(object_id) = new {
                    let key = Key::object(org, &object_id.to_string());
                    let claim = Item::new(key, &Owner { user: user.id })?;
                    writes.push(Write::Put(claim, Expect::Absent));
                }
                writes
            }
        };
        writes.push(Write::Put(session_item(org, session.0, session.1)?, Expect::Absent));
        writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        self.table.write(writes).await
    }

    /// Ends a journey that signs nobody in. The audit says so as long as its limit allows: anybody
    /// can begin one.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when it was ended before.
    pub async fn refuse_journey(
        &self,
        org: OrganizationId,
        ended: (&SecretHash, Version),
        audit: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let writes = vec![Write::Delete(Key::journey(org, ended.0), ended.1)];
        self.write_and_audit_refusal(org, writes, audit, now).await
    }
}
