//! Takes a user's access away, and gives it back.

use identity::{Address, Block, OrganizationId, User};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Stored};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// What follows in Entra when access is taken.
const ENDED: &str = "follows: sessions are ended, and an account that is not synced from on-premises is \
                     disabled, as far as the tenant consents to it; the audit says sessions_ended, \
                     account_disabled, or account_left and why";
/// What follows there when it is given back.
const GIVEN_BACK: &str = "follows: the account is enabled again if we disabled it and no other reason of \
                          ours stands; the audit says account_enabled, or account_left and why";

/// Names the user whose access it is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    /// A domain of the organization.
    pub(crate) domain: String,
    /// The user's work address.
    pub(crate) email: String,
}

impl App {
    /// Takes access away: no new answer, and every session is over. Passkeys stay. Every
    /// administrator is told where it was an administrator's.
    pub(crate) async fn block(
        &self,
        asked: Access,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, user) = self.named(&asked, now).await?;
        let mut audit = self.audit(Action::AccessTaken, request_id, now);
        audit.subject = Some(user.value.id);
        audit.reason = Some("administrator".to_owned());
        let told = self.store.block_user(org, user.value.id, Block::Administrator, &audit).await?;
        self.announce(&told, request_id).await;
        self.blocks(org, &user, ENDED, now).await
    }

    /// Gives back what [`block`](Self::block) took. Other reasons stay as they are.
    pub(crate) async fn unblock(
        &self,
        asked: Access,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, user) = self.named(&asked, now).await?;
        let mut audit = self.audit(Action::AccessGiven, request_id, now);
        audit.subject = Some(user.value.id);
        audit.reason = Some("administrator".to_owned());
        let told =
            self.store.unblock_user(org, user.value.id, Block::Administrator, &audit).await?;
        self.announce(&told, request_id).await;
        self.blocks(org, &user, GIVEN_BACK, now).await
    }

    /// The user that an action names, and their organization.
    pub(crate) async fn named(
        &self,
        asked: &Access,
        now: Timestamp,
    ) -> Result<(OrganizationId, Stored<User>), Failure> {
        let domain = Self::domain(&asked.domain)?;
        let email: Address = asked.email.parse().map_err(|_| Failure::NotAnAddress)?;
        let org = self.store.domain_owner(&domain, now).await?.ok_or(Failure::NoOrganization)?;
        let user = self.store.user_named(org, &email.into(), now).await?.ok_or(Failure::NoUser)?;
        Ok((org, user))
    }

    /// Why the user has no access now; an empty list is access. Of an account in Entra it says what follows
    /// there.
    async fn blocks(
        &self,
        org: OrganizationId,
        user: &Stored<User>,
        entra: &str,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let user = self.store.user(org, user.value.id, now).await?.ok_or(Failure::NoUser)?;
        let blocks = user.value.stands_against(now);
        if user.value.object_id.is_none() {
            return Ok(json!({ "blocks": blocks }));
        }
        Ok(json!({ "blocks": blocks, "entra": entra }))
    }
}
