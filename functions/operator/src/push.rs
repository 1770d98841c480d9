//! Users who are not in Entra yet: who they are and why, and what somebody decides about them.

use serde::Deserialize;
use serde_json::{Value, json};
use store::{Action, Connection, OutboxItem, Position, Push, PushReason, PushStage};
use uuid::Uuid;
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::failure::Failure;

/// How many users a page has.
const PAGE: usize = 50;
/// What cursors of this list are bound to.
const LIST: &str = "pushes";

/// Asks who is not in Entra yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPending {
    /// A domain of the organization.
    domain: String,
    /// Where the last page ended.
    next: Option<String>,
}

/// Asks that a user become an object of the tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkUser {
    /// A domain of the organization.
    domain: String,
    /// The user's work address.
    email: String,
    /// The object's id, as `list_pending` offers it or as Entra shows it.
    object_id: Uuid,
    /// Whether it is to be done; otherwise the answer says what would be.
    #[serde(default)]
    confirm: bool,
}

impl App {
    /// A page of those who are not in Entra yet.
    pub(crate) async fn list_pending(&self, asked: ListPending) -> Result<Value, Failure> {
        let now = self.clock.now();
        let organization = self.stored_organization(&asked.domain, now).await?.value;
        let org = organization.id;
        let connection = self.store.connection(org, now).await?.map(|stored| stored.value);
        let of_all = PushReason::of_all(organization.mode, connection.as_ref());
        let behind = asked.next.as_deref().map(|token| Position::read(token, LIST));
        let behind = match behind {
            Some(None) => return Err(Failure::NotAPlace),
            Some(Some(behind)) => Some(behind),
            None => None,
        };
        let (pushes, next) = self.store.list_pushes(org, behind.as_ref(), PAGE, now).await?;
        let mut users = Vec::with_capacity(pushes.len());
        for push in &pushes {
            let user = self.store.user(org, push.user, now).await?;
            let name = user.map(|user| user.value.user_name.as_str().to_owned());
            users.push(shown(push, name, of_all));
        }
        let counts = self.store.count_pushes(org).await?;
        Ok(json!({
            "pending": counts.pending,
            "conflicts": counts.conflicts,
            "users": users,
            "next": next.map(|next| next.token(LIST)),
        }))
    }

    /// Tries once more to make somebody in Entra, now. Begun in another tenant, it begins anew in the
    /// one that is connected.
    pub(crate) async fn push_user(
        &self,
        asked: Access,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (org, user) = self.named(&asked, now).await?;
        let before = self.store.push(org, user.value.id, now).await?.ok_or(Failure::NotPending)?;
        let again = match before.value.stage {
            PushStage::Conflict(_) => PushStage::Pending,
            stage @ (PushStage::Pending | PushStage::Linking(_)) => stage,
        };
        let mut push = before.value.at(again, None, now);
        if before.value.reason == Some(PushReason::OtherTenant) {
            push.tenant = None;
        }
        let item = OutboxItem::pushing(org, push.user, now);
        let mut audit = self.audit(Action::PushResumed, request_id, now);
        audit.subject = Some(push.user);
        audit.reason = Some("again".to_owned());
        self.store.keep_push(org, &before, &push, Some(&audit), Some(&item)).await?;
        self.announce(&[item], request_id).await;
        Ok(shown(&push, Some(user.value.user_name.as_str().to_owned()), None))
    }

    /// Answers what it means that a user become an object which is there already; with a
    /// confirmation, decides it. What the object allows is looked at when it is carried out.
    pub(crate) async fn link_user(
        &self,
        asked: LinkUser,
        request_id: &RequestId,
    ) -> Result<Value, Failure> {
        let now = self.clock.now();
        let object = asked.object_id;
        let access = Access { domain: asked.domain, email: asked.email };
        let (org, user) = self.named(&access, now).await?;
        let before = self.store.push(org, user.value.id, now).await?.ok_or(Failure::NotPending)?;
        match before.value.stage {
            PushStage::Conflict(offered) if offered.is_none_or(|offered| offered == object) => {}
            PushStage::Conflict(_) => return Err(Failure::OtherObject),
            PushStage::Pending | PushStage::Linking(_) => return Err(Failure::NotInConflict),
        }
        if !self.store.users_of_objects(org, &[object], now).await?.is_empty() {
            return Err(Failure::ObjectTaken);
        }
        // Whoever enrolled proved an address that was given here: of the object's owner nobody knows.
        if user.value.enrolled_at.is_some() {
            return Err(Failure::EnrolledUnknown);
        }
        let connection = self.store.connection(org, now).await?.map(|stored| stored.value);
        let tenant = connection.filter(Connection::holds_tenant).ok_or(Failure::NoTenant)?.tenant;
        if before.value.tenant.is_some_and(|begun| begun != tenant) {
            return Err(Failure::OtherTenant);
        }
        let push =
            Push { tenant: Some(tenant), ..before.value.at(PushStage::Linking(object), None, now) };
        if asked.confirm {
            let item = OutboxItem::pushing(org, push.user, now);
            let mut audit = self.audit(Action::PushResumed, request_id, now);
            audit.subject = Some(push.user);
            audit.reason = Some("link".to_owned());
            self.store.keep_push(org, &before, &push, Some(&audit), Some(&item)).await?;
            self.announce(&[item], request_id).await;
        }
        Ok(json!({
            "user": push.user,
            "user_name": user.value.user_name,
            "object_id": object,
            "confirmed": asked.confirm,
            "confirm": if asked.confirm { Value::Null } else { json!({ "confirm": true }) },
            "what": [
                "whoever enrols as this user signs in to Entra as that account, with every right that it \
                 has there: look in Entra whose it is",
                "an account that holds a directory role, by itself or through a group, is refused; roles \
                 that it may only activate, and roles that your tenant made itself, are not seen: look",
                "the account must have the same sign-in name; its anchor is taken as it is, or written \
                 where it has none; an account that is synced from on-premises is never written",
                "the personal address that was given here proves nothing for a day, or until it is \
                 approved; administrators are told",
            ],
        }))
    }
}

/// What anybody may see of it who may see that there is one.
fn shown(push: &Push, user_name: Option<String>, of_all: Option<PushReason>) -> Value {
    let (status, object) = match push.stage {
        PushStage::Pending => ("pending", None),
        PushStage::Linking(object) => ("linking", Some(object)),
        PushStage::Conflict(object) => ("conflict", object),
    };
    let reason = of_all.filter(|_| !push.is_conflict()).or(push.reason);
    json!({
        "user": push.user,
        "user_name": user_name,
        "status": status,
        "reason": reason.map(PushReason::word),
        "object_id": object,
        "since": push.created_at,
        "changed_at": push.changed_at,
    })
}
