//! Creates, changes and deletes a user: the same for one request and for a part of a bulk.

use identity::{Method, Mode, ScimClient, UserId};
use jiff::Timestamp;
use scim::{Patch, Resource};
use store::{
    Action, AuditEntry, Named, OutboxItem, Particulars, ProvisionError, Provisioned, Push, Stored,
};

use super::change::{self, Change};
use super::resource;
use crate::app::App;
use crate::caller::Caller;
use crate::conditions::Conditions;
use crate::failure::{Failure, is_race};

/// How often a change is made anew because somebody else changed the user meanwhile.
const RACES: u32 = 5;

impl App {
    /// Makes a user: one transaction.
    pub(crate) async fn create_user(
        &self,
        caller: &Caller,
        wanted: Resource,
    ) -> Result<Provisioned, Failure> {
        let (id, now) = (UserId::mint(&*self.entropy), self.clock.now());
        let mut change = change::create(id, wanted, caller.key.client, now)?;
        change.user.directory = caller.key.directory;
        let audit = self.audit_change(caller, Action::UserCreated, &change, now);
        let ignored = self.audit_ignored(caller, &change, now);
        let (org, user, profile) = (caller.org, &change.user, &change.profile);
        let push = self.push(caller, &change, now).await?;
        let created = match &push {
            None => {
                self.store.create_provisioned(org, user, profile, &audit, ignored.as_ref()).await
            }
            Some((push, task)) => {
                let push = (push, task);
                let ignored = ignored.as_ref();
                self.store
                    .create_provisioned_to_push(org, user, profile, push, &audit, ignored)
                    .await
            }
        };
        if let Err(ProvisionError::Taken(named)) = created {
            self.tell_taken(caller, named, &change, None).await?;
        }
        let created = created?;
        if let Some((_, task)) = &push {
            self.announce(std::slice::from_ref(task), &caller.request_id).await;
        }
        Ok(created)
    }

    /// That a new user is to be made in Entra, where users come from here. Whom Entra's own client
    /// brings is there, and so are whoever signs in with Microsoft and whoever has an anchor by the
    /// client's word. All that is looked at once more when it is carried out.
    async fn push(
        &self,
        caller: &Caller,
        change: &Change,
        now: Timestamp,
    ) -> Result<Option<(Push, OutboxItem)>, Failure> {
        let is_there = change.user.object_id.is_some() || change.user.anchor.is_some();
        if caller.key.client == ScimClient::Entra || is_there {
            return Ok(None);
        }
        let organization = self.store.organization(caller.org, now).await?;
        let is_pushed = organization.is_some_and(|Stored { value: organization, .. }| {
            organization.mode == Mode::Cloud
                && organization.method_of(&change.user) == Method::Passkey
        });
        if !is_pushed {
            return Ok(None);
        }
        let user = change.user.id;
        let push = Push::new(user, Particulars::default(), now);
        Ok(Some((push, OutboxItem::pushing(caller.org, user, now))))
    }

    /// Replaces a user by another resource, RFC 7644 §3.5.1.
    pub(crate) async fn replace_user(
        &self,
        caller: &Caller,
        user: Provisioned,
        conditions: &Conditions,
        wanted: &Resource,
    ) -> Result<Provisioned, Failure> {
        let replaced = |base: &Resource| {
            let mut wanted = wanted.clone();
            // Who says nothing of it gives no access back.
            if wanted.active().is_none() {
                wanted.set("active", base.active());
            }
            wanted.replacing(base)
        };
        self.change_user(caller, user, conditions, replaced).await
    }

    /// Changes a user by all operations or by none, RFC 7644 §3.5.2.
    pub(crate) async fn patch_user(
        &self,
        caller: &Caller,
        user: Provisioned,
        conditions: &Conditions,
        patch: &Patch,
    ) -> Result<Provisioned, Failure> {
        let patched = |base: &Resource| {
            let mut patched = base.clone();
            patch.apply(&mut patched)?;
            Ok(patched)
        };
        self.change_user(caller, user, conditions, patched).await
    }

    /// Reads, decides and writes, again when somebody else wrote in between: no update is lost.
    async fn change_user(
        &self,
        caller: &Caller,
        mut before: Provisioned,
        conditions: &Conditions,
        wanted: impl Fn(&Resource) -> Result<Resource, scim::Error>,
    ) -> Result<Provisioned, Failure> {
        let id = before.user.value.id;
        for _ in 0..RACES {
            conditions.check(&resource::version(caller, &before))?;
            let base = resource::base(caller.user_kind(), &before)?;
            let wanted = wanted(&base)?;
            // Who signed in since the request came must not stay when access ends now.
            let now = self.clock.now();
            let change = change::change(&before, &base, wanted, caller.key.client, now);
            let change = match change {
                Err(error) => {
                    if let Some(word) = change::word(&error) {
                        self.tell_refused(caller, Some(id), Some(id), word).await?;
                    }
                    return Err(error.into());
                }
                Ok(change) => change,
            };
            match self.store_change(caller, &before, &change, now).await {
                Ok(after) => return Ok(after),
                Err(error) if is_race(&error) => {
                    let again = self.store.provisioned(caller.org, id, caller.now).await?;
                    before = again.ok_or(scim::Error::NOT_FOUND)?;
                }
                Err(error) => {
                    if let ProvisionError::Taken(named) = error {
                        self.tell_taken(caller, named, &change, Some(id)).await?;
                    }
                    return Err(error.into());
                }
            }
        }
        Err(Failure::Changed)
    }

    /// Stores what a user became, and says so in the same transaction.
    async fn store_change(
        &self,
        caller: &Caller,
        before: &Provisioned,
        change: &Change,
        now: Timestamp,
    ) -> Result<Provisioned, ProvisionError> {
        let audit = self.audit_change(caller, Action::UserChanged, change, now);
        let ignored = self.audit_ignored(caller, change, now);
        let (org, user, profile) = (caller.org, &change.user, &change.profile);
        let ignored = ignored.as_ref();
        let changed =
            self.store.change_provisioned(org, before, user, profile, &audit, ignored).await;
        let (after, follows) = changed?;
        self.announce(&follows, &caller.request_id).await;
        Ok(after)
    }

    /// Deletes a user for good, RFC 7644 §3.6. What they leave behind goes afterwards.
    pub(crate) async fn delete_user(
        &self,
        caller: &Caller,
        mut user: Provisioned,
        conditions: &Conditions,
    ) -> Result<(), Failure> {
        let id = user.user.value.id;
        for _ in 0..RACES {
            conditions.check(&resource::version(caller, &user))?;
            let mut audit = self.audit(caller, Action::UserDeleted, self.clock.now());
            audit.subject = Some(id);
            audit.resource = Some(store::Resource::User(id));
            let deleted =
                self.store.delete_provisioned(caller.org, &user, &audit, &*self.entropy).await;
            match deleted {
                Ok(follows) => {
                    self.announce(&follows, &caller.request_id).await;
                    return Ok(());
                }
                Err(error) if is_race(&error) => {
                    let again = self.store.provisioned(caller.org, id, caller.now).await?;
                    user = again.ok_or(scim::Error::NOT_FOUND)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Changed)
    }

    fn audit_change(
        &self,
        caller: &Caller,
        action: Action,
        change: &Change,
        now: Timestamp,
    ) -> AuditEntry {
        let mut audit = self.audit(caller, action, now);
        audit.subject = Some(change.user.id);
        audit.resource = Some(store::Resource::User(change.user.id));
        audit.attributes.clone_from(&change.attributes);
        audit
    }

    /// What was left out is in the audit: the client is told nothing of it.
    fn audit_ignored(
        &self,
        caller: &Caller,
        change: &Change,
        now: Timestamp,
    ) -> Option<AuditEntry> {
        let ignored = change.ignored?;
        let mut audit = self.audit(caller, Action::ProvisioningIgnored, now);
        audit.subject = Some(change.user.id);
        audit.resource = Some(store::Resource::User(change.user.id));
        audit.reason = Some(ignored.word().to_owned());
        Some(audit)
    }

    /// What is refused for safety is in the audit too: who should have been changed, and whom it
    /// would have hurt. Nothing was changed, so that whoever cannot be told of it may try again.
    async fn tell_refused(
        &self,
        caller: &Caller,
        user: Option<UserId>,
        subject: Option<UserId>,
        reason: &str,
    ) -> Result<(), Failure> {
        let mut audit = self.audit(caller, Action::ProvisioningRefused, self.clock.now());
        audit.subject = subject;
        audit.resource = user.map(store::Resource::User);
        audit.reason = Some(reason.to_owned());
        Ok(self.store.audit(caller.org, &audit).await?)
    }

    /// Says whose name was wanted, and for which user if that is there already.
    async fn tell_taken(
        &self,
        caller: &Caller,
        named: Named,
        change: &Change,
        user: Option<UserId>,
    ) -> Result<(), Failure> {
        let external_id = change.profile.external_id.as_deref();
        let (org, now) = (caller.org, caller.now);
        let holder = self.store.holder(org, named, &change.user, external_id, now).await?;
        self.tell_refused(caller, user, holder, word(named)).await
    }
}

const fn word(named: Named) -> &'static str {
    match named {
        Named::UserName => "user_name_taken",
        Named::ExternalId => "external_id_taken",
        Named::Anchor => "anchor_taken",
        Named::ObjectId => "object_id_taken",
        Named::DisplayName => "display_name_taken",
    }
}
