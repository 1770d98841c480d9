//! Which action is asked for.

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::Value;
use web::failure::RequestId;

use crate::access::Access;
use crate::app::App;
use crate::bootstrap::Bootstrap;
use crate::create_user::CreateUser;
use crate::directory::{CreateDirectory, ListDirectories, MoveUser, SetDirectoryMethod};
use crate::failure::Failure;
use crate::health::Health;
use crate::invite::Invite;
use crate::last_day::{ListLeavers, SetLastDay};
use crate::missing::{ApproveMissing, DismissMissing, ListMissing};
use crate::mode::SetMode;
use crate::push::{LinkUser, ListPending};
use crate::reading::{CheckInterval, SetMissingLimit};
use crate::repair::{AbandonRepair, ListRepairs, RepairAnchor};
use crate::scim_key::{CreateScimKey, ListScimKeys, RevokeScimKey};

/// What may be asked for. A misspelt field is an error, never ignored.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Action {
    Bootstrap(Bootstrap),
    Invite(Invite),
    CreateScimKey(CreateScimKey),
    ListScimKeys(ListScimKeys),
    RevokeScimKey(RevokeScimKey),
    CreateDirectory(CreateDirectory),
    ListDirectories(ListDirectories),
    SetDirectoryMethod(SetDirectoryMethod),
    MoveUser(MoveUser),
    Approve(Access),
    Block(Access),
    Unblock(Access),
    SetLastDay(SetLastDay),
    ListLeavers(ListLeavers),
    Health(Health),
    CheckInterval(CheckInterval),
    MissingLimit(SetMissingLimit),
    ListMissing(ListMissing),
    ApproveMissing(ApproveMissing),
    DismissMissing(DismissMissing),
    SetMode(SetMode),
    CreateUser(CreateUser),
    ListPending(ListPending),
    PushUser(Access),
    LinkUser(LinkUser),
    RepairAnchor(RepairAnchor),
    ListRepairs(ListRepairs),
    AbandonRepair(AbandonRepair),
}

impl App {
    /// Carries out what the payload asks for, and answers with its result.
    ///
    /// # Errors
    ///
    /// What stands against it, in words for whoever invoked it. Nothing was changed then.
    pub async fn carry_out(&self, payload: Value, request_id: &str) -> Result<Value, Diagnostic> {
        let request_id = RequestId::new(request_id);
        let action = serde_json::from_value(payload).map_err(Failure::Unreadable);
        let carried_out = match action {
            Ok(Action::Bootstrap(asked)) => self.bootstrap(asked, &request_id).await,
            Ok(Action::Invite(asked)) => self.invite(asked, &request_id).await,
            Ok(Action::CreateScimKey(asked)) => self.create_scim_key(asked, &request_id).await,
            Ok(Action::ListScimKeys(asked)) => self.list_scim_keys(asked).await,
            Ok(Action::RevokeScimKey(asked)) => self.revoke_scim_key(asked, &request_id).await,
            Ok(Action::CreateDirectory(asked)) => self.create_directory(asked, &request_id).await,
            Ok(Action::ListDirectories(asked)) => self.list_directories(asked).await,
            Ok(Action::SetDirectoryMethod(asked)) => self.set_method(asked, &request_id).await,
            Ok(Action::MoveUser(asked)) => self.move_user(asked, &request_id).await,
            Ok(Action::Approve(asked)) => self.approve(asked, &request_id).await,
            Ok(Action::Block(asked)) => self.block(asked, &request_id).await,
            Ok(Action::Unblock(asked)) => self.unblock(asked, &request_id).await,
            Ok(Action::SetLastDay(asked)) => self.set_last_day(asked, &request_id).await,
            Ok(Action::ListLeavers(asked)) => self.list_leavers(asked).await,
            Ok(Action::Health(asked)) => self.health(asked).await,
            Ok(Action::CheckInterval(asked)) => self.check_interval(asked, &request_id).await,
            Ok(Action::MissingLimit(asked)) => self.missing_limit(asked, &request_id).await,
            Ok(Action::ListMissing(asked)) => self.list_missing(asked).await,
            Ok(Action::ApproveMissing(asked)) => self.approve_missing(asked, &request_id).await,
            Ok(Action::DismissMissing(asked)) => self.dismiss_missing(asked, &request_id).await,
            Ok(Action::SetMode(asked)) => self.set_mode(asked, &request_id).await,
            Ok(Action::CreateUser(asked)) => self.create_user(asked, &request_id).await,
            Ok(Action::ListPending(asked)) => self.list_pending(asked).await,
            Ok(Action::PushUser(asked)) => self.push_user(asked, &request_id).await,
            Ok(Action::LinkUser(asked)) => self.link_user(asked, &request_id).await,
            Ok(Action::RepairAnchor(asked)) => self.repair_anchor(asked, &request_id).await,
            Ok(Action::ListRepairs(asked)) => self.list_repairs(asked).await,
            Ok(Action::AbandonRepair(asked)) => self.abandon_repair(asked, &request_id).await,
            Err(failure) => Err(failure),
        };
        carried_out.map_err(|failure| failure.answer(&request_id))
    }
}
