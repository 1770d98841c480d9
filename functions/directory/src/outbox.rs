//! Carries out outbox items: each is taken for a while, carried out, and ended.

use bus::OutboxDue;
use jiff::SignedDuration;
use store::{Action, AuditEntry, Folded, OutboxItem, Resource, Stored, Task};
use web::failure::RequestId;

use crate::app::App;
use crate::event::{Failed, Message, Reply};
use crate::failure::Failure;

/// How many items of each of the index's partitions one sweep takes.
const SWEPT: i32 = 25;
/// How long one item may take that can be carried out in parts: half of what Lambda gives us.
const FOLDING: SignedDuration = SignedDuration::from_secs(30);

/// What carrying an item out comes to, besides mails that are out already: written by the
/// transaction that ends the item.
#[derive(Default)]
pub(crate) struct Outcome {
    /// What the audit says of it.
    pub(crate) audit: Option<AuditEntry>,
    /// What must happen next.
    pub(crate) next: Vec<OutboxItem>,
}

impl App {
    /// Carries out every item that a batch names, and says which messages must come again.
    pub(crate) async fn batch(&self, messages: &[Message], request_id: &RequestId) -> Reply {
        let mut reply = Reply::default();
        for message in messages {
            // Anything else on the queue is not ours: it would fail for ever.
            let Some(due) = message.due() else { continue };
            if let Err(failure) = self.deliver(due, request_id).await {
                web::failure::log(&failure, request_id);
                let item_identifier = message.message_id.clone();
                reply.batch_item_failures.push(Failed { item_identifier });
            }
        }
        reply
    }

    /// Carries out everything that is due, then fails if any of it failed.
    pub(crate) async fn sweep(&self, request_id: &RequestId) -> Result<(), Failure> {
        let due = self.store.due_outbox(SWEPT, self.clock.now()).await?;
        let mut failed = 0;
        for (organization, item) in &due {
            let due = OutboxDue { organization: *organization, item: *item };
            if let Err(failure) = self.deliver(due, request_id).await {
                web::failure::log(&failure, request_id);
                failed += 1;
            }
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Sweep { failed, due: due.len() }) }
    }

    /// Carries out one item, unless it is done or somebody else is at it.
    async fn deliver(&self, due: OutboxDue, request_id: &RequestId) -> Result<(), Failure> {
        let now = self.clock.now();
        let taken = self.store.take_outbox(due.organization, due.item, now).await?;
        let Some(item) = taken else { return Ok(()) };
        if item.value.is_stale(now) {
            web::metric::count("MailGivenUp", "directory", now);
            let mut given_up = self.audit(Action::MailGivenUp, request_id, now);
            given_up.subject = item.value.task.subject();
            given_up.reason = Some("a_day_is_over".to_owned());
            return Ok(self.store.finish_outbox(&item, Some(&given_up), &[]).await?);
        }
        match self.perform(&item.value, request_id).await {
            Ok(Outcome { audit, next }) => {
                Ok(self.store.finish_outbox(&item, audit.as_ref(), &next).await?)
            }
            Err(Failure::Mail(error)) if error.is_permanent() => {
                web::metric::count("MailGivenUp", "directory", now);
                let mut given_up = self.audit(Action::MailGivenUp, request_id, now);
                given_up.subject = item.value.task.subject();
                given_up.reason = Some(error.to_string());
                Ok(self.store.finish_outbox(&item, Some(&given_up), &[]).await?)
            }
            Err(Failure::Unfinished) => Ok(self.store.continue_outbox(&item, now).await?),
            Err(failure) => {
                self.postpone(&item, &failure, request_id).await?;
                Ok(())
            }
        }
    }

    /// The sweep tries again: the queue need not.
    async fn postpone(
        &self,
        item: &Stored<OutboxItem>,
        failure: &Failure,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        web::metric::count("MailPostponed", "directory", now);
        web::failure::log(failure, request_id);
        Ok(self.store.postpone_outbox(item, now).await?)
    }

    async fn perform(&self, item: &OutboxItem, request_id: &RequestId) -> Result<Outcome, Failure> {
        match &item.task {
            Task::SendCode { enrolment, seed } => {
                return self.send_code(item, enrolment, seed, request_id).await;
            }
            Task::ClaimChanged { user } => {
                let next = self.ask_all(item.organization, *user).await?;
                return Ok(Outcome { audit: None, next });
            }
            Task::AskApprovals { administrators, user } => {
                let next = self.ask_approvals(item.organization, administrators, *user);
                return Ok(Outcome { audit: None, next });
            }
            Task::ReportEnrolment { user, passkey, language } => {
                self.report_enrolment(item, *user, passkey, language).await?;
            }
            Task::SendInvitation { user } => {
                self.send_invitation(item, *user, request_id).await?;
            }
            Task::AlertRecovery { administrator, user } => {
                self.alert_recovery(item, *administrator, *user).await?;
            }
            Task::AskApproval { administrator, user } => {
                self.ask_approval(item, *administrator, *user).await?;
            }
            Task::AlertBlocks { administrators, user } => {
                let next = self.alert_blocks(item, administrators.as_deref(), *user).await?;
                return Ok(Outcome { audit: None, next });
            }
            Task::AlertBlock { administrator, user } => {
                self.alert_block(item, *administrator, *user).await?;
            }
            Task::ForgetUser { user } => {
                let now = self.clock.now();
                self.store.forget_user(item.organization, *user, now).await?;
                let mut audit = self.audit(Action::UserForgotten, request_id, now);
                audit.resource = Some(Resource::User(*user));
                return Ok(Outcome { audit: Some(audit), next: Vec::new() });
            }
            Task::ForgetGroup { group, changes } => {
                let now = self.clock.now();
                self.store.forget_group(item.organization, *group, changes, now).await?;
            }
            Task::FoldMembers { group, .. } => {
                let now = self.clock.now();
                let go_on = || self.clock.now().duration_since(now) < FOLDING;
                match self.store.fold_members(item.organization, *group, go_on, now).await? {
                    Folded::Everything => {}
                    Folded::Partly => return Err(Failure::Unfinished),
                }
            }
        }
        Ok(Outcome::default())
    }
}
