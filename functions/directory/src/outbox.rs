//! Carries out outbox items: each is taken for a while, carried out, and ended.

use std::sync::{Mutex, PoisonError};

use bus::OutboxDue;
use futures_util::stream::{self, StreamExt as _};
use graph::{Graph, GraphError};
use identity::UserId;
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, AuditEntry, Connection, Finished, OutboxItem, Progress, Refusals, Refused, Resource,
    Stored, Task,
};
use web::failure::RequestId;

use crate::app::App;
use crate::event::{Due, Failed, Message, Reply};
use crate::failure::Failure;
use crate::gone::GoneAccount;

/// How many items of each of the index's partitions one sweep takes.
const SWEPT: i32 = 25;
/// How many things that take long one sweep takes of each organization.
const SWEPT_OF_EACH: u8 = 25;
/// How many things that take long are carried out at once: mostly they wait for Microsoft.
const AT_ONCE: usize = 8;
/// How long one invocation begins new things, of the minute that Lambda gives us.
const BEGINNING: SignedDuration = SignedDuration::from_secs(30);
/// What is due by then is said at once: an item that was just put down is the sweep's after 30 s. What is
/// put down for later is not said: it would come too early.
const SOON: SignedDuration = SignedDuration::from_secs(30);
/// How long a batch of the queue spends on what may take long: others wait behind it, who may have
/// asked for a code. The sweep goes on with it, and gives no item more either.
const LONG: SignedDuration = SignedDuration::from_secs(10);

/// How often somebody's own call is tried that fails for them alone.
pub(crate) const AGREE: u32 = 3;
/// How long an item rests of which nothing is due.
const REST: SignedDuration = SignedDuration::from_mins(5);

/// One invocation: which, and how long it begins what.
pub(crate) struct Turn<'a> {
    pub(crate) request_id: &'a RequestId,
    /// First instant at which nothing is begun any more.
    ends: Timestamp,
    /// First instant at which nothing long is begun, or gone on with, any more.
    pub(crate) long_ends: Timestamp,
    /// How often in a row the tenant of an item refused us.
    refusals: Mutex<Refusals>,
}

impl<'a> Turn<'a> {
    fn of_a_sweep(request_id: &'a RequestId, now: Timestamp) -> Self {
        let ends = now.checked_add(BEGINNING).unwrap_or(now);
        Self { request_id, ends, long_ends: ends, refusals: Mutex::default() }
    }

    fn of_a_batch(request_id: &'a RequestId, now: Timestamp) -> Self {
        let long_ends = now.checked_add(LONG).unwrap_or(now);
        Self { long_ends, ..Self::of_a_sweep(request_id, now) }
    }

    /// The part of it that one item may have.
    pub(crate) fn slice(&self, item: &OutboxItem, now: Timestamp) -> Self {
        let long_ends = now.checked_add(LONG).unwrap_or(now).min(self.long_ends);
        let refusals = Mutex::new(item.refusals);
        Self { request_id: self.request_id, ends: self.ends, long_ends, refusals }
    }

    /// Has a tenant that refused us asked by a token of its own. What it refused under another consent is
    /// over.
    pub(crate) fn renew(&self, graph: &Graph, connection: &Connection) {
        let refusals = self.refusals(|refusals| refusals.under(connection.checked_at));
        if refusals.times > 0 {
            graph.forget(connection.tenant);
        }
    }

    /// The tenant did as it was asked: whatever it refused us before is over.
    pub(crate) fn answered(&self) {
        self.refusals(|refusals| match refusals.what {
            Refused::Us => Refusals { times: 0, ..refusals },
            Refused::Account => refusals,
        });
    }

    /// Whether it is believed that the tenant refuses that, now that it does once more.
    pub(crate) fn is_agreed(&self, what: Refused) -> bool {
        self.counted().another(what).is_agreed()
    }

    /// The tenant refuses that, and may do so by mistake: it is asked again.
    pub(crate) fn refused(&self, what: Refused, source: GraphError) -> Failure {
        Failure::Refused { refusals: self.counted().another(what), source: Box::new(source) }
    }

    /// What it refused until now.
    pub(crate) fn counted(&self) -> Refusals {
        self.refusals(|refusals| refusals)
    }

    fn refusals(&self, change: impl FnOnce(Refusals) -> Refusals) -> Refusals {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals = change(*refusals);
        *refusals
    }

    /// Whether there is time to begin with an item.
    pub(crate) fn has_time_for(&self, item: &OutboxItem, now: Timestamp) -> bool {
        now < if item.task.is_long() { self.long_ends } else { self.ends }
    }
}

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
        let turn = Turn::of_a_batch(request_id, self.clock.now());
        let (mut items, mut rounds) = (Vec::new(), Vec::new());
        for (number, message) in messages.iter().enumerate() {
            match message.due() {
                Some(Due::Round(due)) => rounds.push((number, due)),
                Some(Due::Item(due)) => items.push((number, due)),
                // It is not ours, and would fail for ever.
                None => {}
            }
        }
        let mut failed = self.carry_out_all(&items, &turn).await;
        for (number, due) in rounds {
            if let Err(failure) = self.carry_round_out(due, &turn).await {
                web::failure::log(&failure, request_id);
                failed.push(number);
            }
        }
        let failed = failed.into_iter().filter_map(|number| messages.get(number));
        let failed = failed.map(|message| Failed { item_identifier: message.message_id.clone() });
        Reply { batch_item_failures: failed.collect() }
    }

    /// Carries out everything that is due, then fails if any of it failed.
    pub(crate) async fn sweep(&self, request_id: &RequestId) -> Result<(), Failure> {
        let turn = Turn::of_a_sweep(request_id, self.clock.now());
        let named = |(organization, item)| (0, OutboxDue { organization, item });
        let due = self.store.due_outbox(SWEPT, self.clock.now()).await?;
        let due = due.into_iter().map(named).collect::<Vec<_>>();
        let mut failed = self.carry_out_all(&due, &turn).await.len();
        let long = self.store.due_long_outbox(SWEPT_OF_EACH, self.clock.now()).await?;
        let mut begun = due.len();
        let turn = &turn;
        let mut outcomes = stream::iter(long.into_iter().map(named))
            .map(|due| async move {
                let goes_on = self.clock.now() < turn.long_ends;
                if goes_on { Some(self.carry_out_all(&[due], turn).await.len()) } else { None }
            })
            .buffer_unordered(AT_ONCE);
        while let Some(outcome) = outcomes.next().await {
            begun += usize::from(outcome.is_some());
            failed += outcome.unwrap_or_default();
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Sweep { failed, due: begun }) }
    }

    /// Carries items out, as long as there is time: what somebody waits for first, one after the other;
    /// then what may take long, several at once, what has waited longest first. The next sweep takes what
    /// is left. Answers which ones failed.
    async fn carry_out_all(&self, due: &[(usize, OutboxDue)], turn: &Turn<'_>) -> Vec<usize> {
        let (mut items, mut failed) = (Vec::new(), Vec::new());
        for (number, due) in due {
            let read = self.store.outbox(due.organization, due.item, self.clock.now()).await;
            match read {
                Ok(item) => items.extend(item.map(|item| (*number, item))),
                Err(error) => {
                    web::failure::log(&error, turn.request_id);
                    failed.push(*number);
                }
            }
        }
        items.sort_by_key(|(_, item)| item.value.due_at);
        let (long, short): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|(_, item)| item.value.task.is_long());
        for (number, item) in short {
            failed.extend(self.deliver_in_time(item, turn).await.then_some(number));
        }
        let long = stream::iter(long).map(|(number, item)| async move {
            self.deliver_in_time(item, turn).await.then_some(number)
        });
        let long: Vec<_> = long.buffer_unordered(AT_ONCE).collect().await;
        failed.extend(long.into_iter().flatten());
        failed
    }

    /// Carries out one item where there is time to begin with it: says whether that failed.
    async fn deliver_in_time(&self, item: Stored<OutboxItem>, turn: &Turn<'_>) -> bool {
        if !turn.has_time_for(&item.value, self.clock.now()) {
            return false;
        }
        let failed = self.deliver(item, turn).await.err();
        if let Some(failure) = &failed {
            web::failure::log(failure, turn.request_id);
        }
        failed.is_some()
    }

    /// Carries out one item, unless somebody else is at it.
    pub(crate) async fn deliver(
        &self,
        item: Stored<OutboxItem>,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let (now, request_id) = (self.clock.now(), turn.request_id);
        let Some(item) = self.store.take_outbox(item, now).await? else { return Ok(()) };
        if item.value.is_stale(now) {
            web::metric::count("MailGivenUp", "directory", now);
            let mut given_up = self.audit(Action::MailGivenUp, request_id, now);
            given_up.subject = item.value.task.subject();
            given_up.reason = Some("a_day_is_over".to_owned());
            self.store.finish_outbox(&item, Some(&given_up), &[]).await?;
            return Ok(());
        }
        let done = self.perform(&item.value, &turn.slice(&item.value, now)).await;
        self.conclude(item, done, request_id).await
    }

    /// Stores what carrying out an item that was taken came to.
    pub(crate) async fn conclude(
        &self,
        item: Stored<OutboxItem>,
        done: Result<Outcome, Failure>,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        match done {
            Ok(Outcome { audit, next }) => {
                let next = match self.store.finish_outbox(&item, audit.as_ref(), &next).await? {
                    Finished::Over => next,
                    Finished::GoesOn => vec![item.value.not_before(now)],
                };
                self.announce(&next, request_id).await;
                Ok(())
            }
            Err(Failure::Mail(error)) if error.is_permanent() => {
                web::metric::count("MailGivenUp", "directory", now);
                let mut given_up = self.audit(Action::MailGivenUp, request_id, now);
                given_up.subject = item.value.task.subject();
                given_up.reason = Some(error.to_string());
                self.store.finish_outbox(&item, Some(&given_up), &[]).await?;
                Ok(())
            }
            Err(Failure::Unfinished) => {
                Ok(self.store.continue_outbox(&item, self.clock.now()).await?)
            }
            Err(Failure::GoesOn) => {
                let due_at = self.clock.now();
                self.store.continue_outbox(&item, due_at).await?;
                self.announce(&[item.value.not_before(due_at)], request_id).await;
                Ok(())
            }
            Err(Failure::Resting) => {
                let now = self.clock.now();
                let due_at = now.checked_add(REST).unwrap_or(now);
                Ok(self.store.continue_outbox(&item, due_at).await?)
            }
            Err(failure) => self.postpone(item, &failure, request_id).await,
        }
    }

    /// Says that items are due, as many as one call takes, those that are put down for later apart.
    /// What is not said, or gets lost, the sweep makes up for.
    pub(crate) async fn announce(&self, items: &[OutboxItem], request_id: &RequestId) {
        let now = self.clock.now();
        let soon = now.checked_add(SOON).unwrap_or(now);
        let due = items.iter().filter(|item| item.due_at <= soon);
        let (rounds, others): (Vec<_>, Vec<_>) = due.partition(|item| item.task.is_of_everybody());
        let named =
            |item: &OutboxItem| OutboxDue { organization: item.organization, item: item.id };
        // The last one goes on with what the others are a part of.
        let others: Vec<_> = others.into_iter().rev().take(10).map(named).collect();
        let rounds: Vec<_> = rounds.into_iter().take(10).map(named).collect();
        let said = [self.bus.outbox_due(&others).await, self.bus.rounds_due(&rounds).await];
        for error in said.into_iter().filter_map(Result::err) {
            web::failure::log(&error, request_id);
        }
    }

    /// The sweep tries again, less and less often: the queue need not.
    async fn postpone(
        &self,
        mut item: Stored<OutboxItem>,
        failure: &Failure,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        item.value.refusals = failure.refusals();
        let mut failed = None;
        if !failure.is_waiting() {
            if failure.is_ours() || item.value.attempts >= AGREE {
                web::metric::count(failure.metric(), "directory", now);
            }
            web::failure::log(failure, request_id);
            failed = self.round_failed(&item.value, failure);
        }
        let asked_for = failure.asked_for();
        let Some((cause, told)) = failed else {
            return Ok(self.store.postpone_outbox(&item, asked_for, now).await?);
        };
        self.store.fail_round(&item, (cause, &told), asked_for, now).await?;
        self.announce(&[told], request_id).await;
        Ok(())
    }

    async fn perform(&self, item: &OutboxItem, turn: &Turn<'_>) -> Result<Outcome, Failure> {
        let (org, request_id) = (item.organization, turn.request_id);
        match &item.task {
            Task::SendCode { enrolment, seed } => {
                return self.send_code(item, enrolment, seed, request_id).await;
            }
            Task::ClaimChanged { user } => {
                let next = self.ask_all(org, *user).await?;
                return Ok(Outcome { audit: None, next });
            }
            Task::AskApprovals { administrators, user } => {
                let next = self.ask_approvals(org, administrators, *user);
                return Ok(Outcome { audit: None, next });
            }
            Task::ReportEnrolment { user, passkey, language } => {
                self.report_enrolment(item, *user, passkey, language).await?;
            }
            Task::SendInvitation { user } => {
                self.send_invitation(item, *user, request_id).await?;
            }
            Task::AlertRecoveries { administrators, user } => {
                let next = self.alert_recoveries(item, administrators.as_deref(), *user).await?;
                return Ok(Outcome { audit: None, next });
            }
            Task::AlertRecovery { administrator, user } => {
                self.alert_recovery(item, *administrator, *user).await?;
            }
            Task::AskApproval { administrator, user } => {
                self.ask_approval(item, *administrator, *user).await?;
            }
            Task::TellAccess(change) => self.tell_access(item, change).await?,
            Task::AlertBlocks { administrators, user, account } => {
                let about = (*user, account.as_ref());
                let next = self.alert_blocks(item, administrators.as_deref(), about).await?;
                return Ok(Outcome { audit: None, next });
            }
            Task::AlertBlock { administrator, user, account } => {
                self.alert_block(item, *administrator, (*user, account.as_ref())).await?;
            }
            Task::EndAccess { user, over_at } => {
                return self.end_access(item, *user, *over_at, request_id).await;
            }
            Task::ForgetUser { user } => return self.forget_user(item, *user, turn).await,
            Task::ForgetGroup { group, changes } => {
                let (until, clock) = (turn.long_ends, &*self.clock);
                whole(self.store.forget_group(org, *group, changes, until, clock).await?)?;
            }
            Task::ReadDirectory { since } => {
                return self.read_connected(item, *since, None, turn).await;
            }
            Task::ReportRoundFailed { since, failures, cause } => {
                self.report_round_failed(item, *since, (*failures, *cause)).await?;
            }
            Task::ReportLate { since } => self.report_late(item, *since).await?,
            Task::WriteAnchors => return self.write_anchors(item, turn).await,
            Task::ReadNoticed { at, again } => {
                return self.read_noticed(item, (*at, *again), turn).await;
            }
            Task::LookAtEverybody { look } => {
                return self.look_at_everybody(item, *look, turn).await;
            }
            Task::PushUsers { shard } => return self.push_users(item, *shard, turn).await,
            Task::EndSessions { user, object } => {
                return self.end_sessions(item, (*user, *object), turn).await;
            }
            Task::ReconcileAccount { user } => {
                return self.reconcile_account(item, *user, turn).await;
            }
            Task::ResumeAccounts => return self.resume_accounts(item, turn).await,
            Task::DisableAccount { user, object, tenant } => {
                let gone = GoneAccount { user: *user, object: *object, tenant: *tenant };
                return self.disable_account(item, gone, turn).await;
            }
            Task::LookForMissing { search } => {
                return self.look_for_missing(item, *search, turn).await;
            }
            Task::ReportMissing { tenant, search, since, missing, asked } => {
                let (of, counts) = ((*tenant, *search, *since), (*missing, *asked));
                return self.report_missing(item, of, counts).await;
            }
            Task::RepairAnchor { user } => return self.repair_anchor(item, *user, turn).await,
            Task::ReportConsentLost { tenant } => {
                self.report_consent_lost(item, *tenant).await?;
            }
            Task::FoldMembers { group, .. } => {
                let (until, clock) = (turn.long_ends, &*self.clock);
                whole(self.store.fold_members(org, *group, until, clock).await?)?;
            }
        }
        Ok(Outcome::default())
    }

    /// Sees somebody off, unless the last day was moved: then another item comes with the new one. By
    /// a clock that is behind it comes too early, and once more.
    async fn end_access(
        &self,
        item: &OutboxItem,
        user: UserId,
        over_at: Timestamp,
        request_id: &RequestId,
    ) -> Result<Outcome, Failure> {
        let (org, now) = (item.organization, self.clock.now());
        if now < over_at {
            let again = OutboxItem::new(&*self.entropy, org, item.task.clone(), now);
            return Ok(Outcome { audit: None, next: vec![again.not_before(over_at)] });
        }
        let mut audit = self.audit(Action::AccessTaken, request_id, now);
        audit.subject = Some(user);
        audit.reason = Some("last_day".to_owned());
        let told = self.store.see_off(org, user, &audit).await?;
        self.announce(&told, request_id).await;
        Ok(Outcome::default())
    }

    async fn forget_user(
        &self,
        item: &OutboxItem,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (org, until) = (item.organization, turn.long_ends);
        whole(self.store.forget_user(org, user, until, &*self.clock).await?)?;
        let mut audit = self.audit(Action::UserForgotten, turn.request_id, self.clock.now());
        audit.resource = Some(Resource::User(user));
        Ok(Outcome { audit: Some(audit), next: Vec::new() })
    }
}

/// What is carried out in part stays due.
const fn whole(progress: Progress) -> Result<(), Failure> {
    match progress {
        Progress::Everything => Ok(()),
        Progress::Partly => Err(Failure::Unfinished),
    }
}
