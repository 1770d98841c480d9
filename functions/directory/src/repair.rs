//! The anchor of a user in a federated domain, where Entra takes none: the user gets a temporary name in
//! a managed domain, and then their own back, together with the anchor.
//!
//! What is begun there is noted before, and what comes next is decided by what is there: whoever comes
//! after a crash goes on, and does nothing twice that matters. Somebody who may have the temporary name
//! is never given up: they get their name back with the anchor, or without, whichever Entra takes, as
//! soon as it does; and somebody is told.

mod decision;

use graph::{DirectoryUser, GraphError, Tenant, UserChange};
use identity::{Anchor, OrganizationId, User, UserId, UserName};
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, Connection, Feature, ImportError, Named, OutboxItem, Repair, RepairReason, RepairStep,
    Repairing, Stored, TableError,
};

use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;
use crate::connection::may_write;
use crate::failure::Failure;
use crate::outbox::{AGREE, Outcome, Turn};
use decision::{Answered, Next, SETTLES, next};

/// How long Graph may take for one look or one step.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How many looks one turn takes at most: there are three where nothing comes in between.
const LOOKS: u32 = 8;
/// How long somebody may expect that a repair begins which they confirmed.
const EXPECTED: SignedDuration = SignedDuration::from_hours(1);

/// The account, looked at once.
enum Seen {
    Is(Box<DirectoryUser>),
    /// It is not there, for this reason.
    Not(RepairReason),
}

/// What a step came to.
enum Stepped {
    Done,
    /// Entra will not do it, and this is why.
    Refused(RepairReason),
}

impl App {
    /// Goes on with a repair until it is over, or as far as Entra lets us.
    pub(crate) async fn repair_anchor(
        &self,
        item: &OutboxItem,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let org = item.organization;
        let mut answered = Answered::Nothing;
        for _ in 0..LOOKS {
            let now = self.clock.now();
            if now >= turn.long_ends {
                return Err(Failure::Unfinished);
            }
            let Repairing { connection, user, repair } =
                self.store.repairing(org, user, now).await?;
            let Some(repair) = repair else { return Ok(Outcome::default()) };
            if let Some(reason) = too_late(&repair.value, user.as_ref(), now) {
                return self.end_without(org, &repair, reason, turn).await;
            }
            let connection = match usable(connection, &repair.value) {
                Ok(connection) => connection,
                Err(reason) => return self.not_now(org, &repair, reason, turn).await,
            };
            let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
            let until = now.checked_add(PATIENCE).unwrap_or(now);
            turn.renew(&self.writer, &connection.value);
            let graph = self.writer.tenant(repair.value.tenant, correlation, until);
            let there = match self.look_at(graph, &repair.value).await {
                Ok(Seen::Is(there)) => {
                    turn.answered();
                    there
                }
                Ok(Seen::Not(reason)) => return self.absent(org, &repair, reason, turn).await,
                Err(error) => {
                    return self.in_vain(org, &repair, &connection, error, turn).await;
                }
            };
            let decided = next(&repair.value, &there, answered, now);
            let step = match decided {
                Next::Repaired => {
                    match self.repaired(org, graph, &repair, user.as_ref(), turn).await? {
                        Some(outcome) => return Ok(outcome),
                        None => continue,
                    }
                }
                Next::Over(reason) => return self.end_without(org, &repair, reason, turn).await,
                Next::Settle => {
                    return self.repair_waits(org, &repair, RepairReason::Unseen, turn).await;
                }
                Next::Leave => RepairStep::Leaving,
                Next::Return => RepairStep::Returning,
                Next::Revert(_) => RepairStep::Reverting,
            };
            if !repair.value.is_begun() && step == RepairStep::Leaving {
                match self.is_free(graph, &repair.value).await {
                    Ok(true) => {}
                    Ok(false) => {
                        return self
                            .end_without(org, &repair, RepairReason::AnchorTaken, turn)
                            .await;
                    }
                    Err(error) => {
                        return self.in_vain(org, &repair, &connection, error, turn).await;
                    }
                }
            }
            let noted = noted(&repair.value, (step, decided), &there, now);
            let repair = match self.store.step_repair(org, &repair, &noted, user.as_ref()).await {
                Ok(noted) => noted,
                // Somebody else was here, or the tenant was let go: it is looked at anew.
                Err(TableError::Conflict { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            answered = match self.take_step(graph, &repair.value, &there).await {
                Ok(Stepped::Done) => Answered::Done(step),
                Ok(Stepped::Refused(reason)) if step == RepairStep::Reverting => {
                    return self.neither_way(org, &repair, reason, &there, turn).await;
                }
                Ok(Stepped::Refused(reason)) => {
                    let other = self.turned(&repair.value, reason);
                    self.store_repair(org, &repair, &other).await?;
                    Answered::Nothing
                }
                Err(error) => {
                    return self.in_vain(org, &repair, &connection, error, turn).await;
                }
            };
        }
        match self.store.repair(org, user, self.clock.now()).await? {
            Some(repair) => self.repair_waits(org, &repair, RepairReason::Unseen, turn).await,
            None => Ok(Outcome::default()),
        }
    }

    /// The repair after a step that Entra will not take: back without the anchor, mostly. Whoever has none
    /// to go back with, and whose own somebody else took meanwhile, gets another one that is nobody's: one,
    /// since it may be the name that is taken where Entra does not say what is.
    fn turned(&self, repair: &Repair, reason: RepairReason) -> Repair {
        let is_without = repair.anchor_before.is_none() && repair.step == RepairStep::Returning;
        let is_own = repair.anchor == Anchor::of(repair.user);
        if is_without && is_own && reason == RepairReason::AnchorTaken {
            let anchor = Anchor::of(UserId::mint(&*self.entropy));
            return Repair { anchor, ..repair.clone() };
        }
        Repair { step: RepairStep::Reverting, cause: Some(reason), ..repair.clone() }
    }

    /// The account as it is now, or that it is not there, and whether it may come back.
    async fn look_at(&self, graph: Tenant<'_>, repair: &Repair) -> Result<Seen, GraphError> {
        match graph.user(repair.object).await {
            Ok(there) => Ok(Seen::Is(Box::new(there))),
            Err(GraphError::NotFound(trace)) if trace.is_no_such_object() => {
                Ok(Seen::Not(match graph.is_in_recycle_bin(repair.object).await? {
                    true => RepairReason::Deleted,
                    false => RepairReason::Gone,
                }))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether nobody else has the anchor there. Looked at before anything is begun: without an anchor
    /// there may be no way back.
    async fn is_free(&self, graph: Tenant<'_>, repair: &Repair) -> Result<bool, GraphError> {
        let anchor = repair.anchor.as_str();
        let holder = graph.user_anchored(anchor).await?;
        let holder = holder.filter(|holder| anchor_of(holder) == Some(anchor));
        Ok(holder.is_none_or(|holder| holder.id == repair.object))
    }

    /// Does what was noted.
    async fn take_step(
        &self,
        graph: Tenant<'_>,
        repair: &Repair,
        there: &DirectoryUser,
    ) -> Result<Stepped, GraphError> {
        let own = repair.spelling.clone().unwrap_or_else(|| repair.name.as_str().to_owned());
        let (name, anchor) = match repair.step {
            RepairStep::Planned | RepairStep::Leaving => {
                (repair.temporary.as_str().to_owned(), None)
            }
            RepairStep::Returning => (own, Some(repair.anchor.as_str().to_owned())),
            // What they had stays where it is; where it is gone, they get it back.
            RepairStep::Reverting => {
                let lost = anchor_of(there).is_none();
                (own, repair.anchor_before.clone().filter(|_| lost))
            }
        };
        let change = UserChange {
            user_principal_name: Some(name),
            on_premises_immutable_id: anchor,
            ..UserChange::default()
        };
        match graph.change_user(repair.object, &change).await {
            Ok(()) => Ok(Stepped::Done),
            Err(GraphError::Conflict { property, .. }) => {
                let is_name = property.as_deref() == Some("userPrincipalName");
                let is_name = is_name || repair.step != RepairStep::Returning;
                let taken =
                    if is_name { RepairReason::NameTaken } else { RepairReason::AnchorTaken };
                Ok(Stepped::Refused(taken))
            }
            // The token may be older than the consent: believed once fresh ones agree.
            Err(GraphError::ConsentLost(trace)) if trace.status == Some(403) => {
                let is_known = repair.reason == Some(RepairReason::Forbidden);
                if is_known && repair.tries >= AGREE {
                    return Ok(Stepped::Refused(RepairReason::Forbidden));
                }
                Err(GraphError::ConsentLost(trace))
            }
            Err(refused) if is_refusal(&refused) => Ok(Stepped::Refused(RepairReason::Refused)),
            Err(error) => Err(error),
        }
    }

    /// They have their name and the anchor: from now on they may sign in by it here. Nothing, where
    /// somebody else wrote meanwhile.
    async fn repaired(
        &self,
        org: OrganizationId,
        graph: Tenant<'_>,
        repair: &Stored<Repair>,
        user: Option<&Stored<User>>,
        turn: &Turn<'_>,
    ) -> Result<Option<Outcome>, Failure> {
        let mut audit = self.audit(Action::AnchorRepaired, turn.request_id, self.clock.now());
        audit.subject = Some(repair.value.user);
        // Whoever was deleted here, or is another object by now, is none of its business.
        let ours = user.filter(|user| user.value.object_id == Some(repair.value.object));
        let after = ours.map(|before| {
            let anchor = Some(repair.value.anchor.clone());
            let user = User { anchor, unanchored: false, ..before.value.clone() };
            (before, user)
        });
        let change = after.as_ref().map(|(before, user)| (*before, user));
        match self.store.end_repair(org, repair, change, &audit).await {
            Ok(()) => Ok(Some(Outcome::default())),
            Err(ImportError::Taken(Named::Anchor)) => {
                if let Some((_, user)) = &after
                    && !self.free_anchor(org, graph, user, turn.request_id).await?
                {
                    // There it is theirs: who has it here, the readings say.
                    audit.reason = Some(RepairReason::AnchorTaken.word().to_owned());
                    return ended(self.store.end_repair(org, repair, None, &audit).await);
                }
                Ok(None)
            }
            other => ended(other),
        }
    }

    /// They have a name of their own there, and no anchor of ours.
    async fn end_without(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let mut audit = self.audit(Action::AnchorRepairEnded, turn.request_id, self.clock.now());
        audit.subject = Some(repair.value.user);
        audit.reason = Some(reason.word().to_owned());
        let over = ended(self.store.end_repair(org, repair, None, &audit).await)?;
        over.ok_or(Failure::Unfinished)
    }

    /// The account is not there. One in the recycle bin may come back with the temporary name.
    async fn absent(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (now, known) = (self.clock.now(), &repair.value);
        let is_settled =
            known.reason == Some(reason) && now.duration_since(known.waits_since) >= SETTLES;
        if is_settled && (reason == RepairReason::Gone || !known.is_begun()) {
            return self.end_without(org, repair, reason, turn).await;
        }
        self.repair_waits(org, repair, reason, turn).await
    }

    /// Nothing can be asked of the tenant. What was never begun is not begun when that changes, whenever
    /// that may be.
    async fn not_now(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        if repair.value.is_begun() {
            self.repair_waits(org, repair, reason, turn).await
        } else {
            self.end_without(org, repair, reason, turn).await
        }
    }

    /// Entra takes them back neither with the anchor nor without: one after the other is tried on and on,
    /// and somebody has to look.
    async fn neither_way(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        there: &DirectoryUser,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        // Why they did not get the anchor says what is to be mended.
        let reason = repair.value.cause.unwrap_or(reason);
        let mut other = repair.value.waiting(reason, now);
        // Whoever has their own name already only waits for that to settle.
        if there.user_principal_name.value().and_then(|name| name.parse().ok())
            != Some(repair.value.name.clone())
        {
            other.step = RepairStep::Returning;
            other.cause = None;
            web::metric::count("RepairStuck", "directory", now);
            tracing::error!(
                request_id = %turn.request_id.as_str(), reason = reason.word(),
                "a user keeps a temporary name: Entra takes their own back in no way"
            );
        }
        self.store_repair(org, repair, &other).await?;
        Err(Failure::Waiting)
    }

    /// Waits, where everybody can see why; and tells somebody where it takes too long.
    async fn repair_waits(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        self.note_repair(org, repair, reason, turn).await?;
        Err(Failure::Waiting)
    }

    async fn note_repair(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        reason: RepairReason,
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let waiting = repair.value.waiting(reason, now);
        if waiting.is_stuck(now) {
            web::metric::count("RepairStuck", "directory", now);
            tracing::error!(
                request_id = %turn.request_id.as_str(), reason = reason.word(),
                "a user may keep a temporary name: the repair waits"
            );
        }
        self.store_repair(org, repair, &waiting).await
    }

    async fn store_repair(
        &self,
        org: OrganizationId,
        before: &Stored<Repair>,
        repair: &Repair,
    ) -> Result<(), Failure> {
        match self.store.keep_repair(org, before, repair).await {
            // Somebody else decided something meanwhile: it is looked at again.
            Ok(()) | Err(TableError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Graph did not do as asked, and may do so later.
    async fn in_vain(
        &self,
        org: OrganizationId,
        repair: &Stored<Repair>,
        connection: &Stored<Connection>,
        error: GraphError,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let GraphError::ConsentLost(trace) = &error else {
            self.note_repair(org, repair, RepairReason::Unavailable, turn).await?;
            return Err(Failure::Writing(error));
        };
        // The token may be older than the consent: believed once fresh ones agree.
        self.writer.forget(repair.value.tenant);
        let reason = match trace.status {
            Some(403) => RepairReason::Forbidden,
            _ => RepairReason::NoConsent,
        };
        self.note_repair(org, repair, reason, turn).await?;
        if reason == RepairReason::NoConsent {
            self.refused(org, connection, (Feature::WriteUsers, error), turn).await?;
            return Err(Failure::Waiting);
        }
        Err(Failure::Writing(error))
    }
}

/// Whether an account has the temporary name of a user: it is nobody's business but a repair's.
pub(crate) fn has_temporary_name(there: &DirectoryUser, user: UserId) -> bool {
    let name = there.user_principal_name.value().and_then(|name| name.parse::<UserName>().ok());
    name.and_then(|name| name.temporary_of()) == Some(user)
}

/// Why what was confirmed is not begun any more: the user is not who they were, or it is too long ago.
fn too_late(repair: &Repair, user: Option<&Stored<User>>, now: Timestamp) -> Option<RepairReason> {
    if repair.is_begun() {
        return None;
    }
    let is_same = user.map(|user| &user.value).is_some_and(|user| {
        user.has_access(now)
            && user.object_id == Some(repair.object)
            && user.user_name == repair.name
            && !user.on_premises
    });
    match is_same {
        false => Some(RepairReason::UserChanged),
        true if now.duration_since(repair.created_at) >= EXPECTED => {
            let waits = repair.reason.filter(|reason| *reason != RepairReason::Unavailable);
            waits.or(Some(RepairReason::TooLate))
        }
        true => None,
    }
}

/// The repair, with a step that is about to be taken.
fn noted(
    repair: &Repair,
    (step, decided): (RepairStep, Next),
    there: &DirectoryUser,
    now: Timestamp,
) -> Repair {
    let mut noted = repair.begun(step, now);
    if let Next::Revert(cause) = decided {
        noted.cause = Some(cause);
    }
    if step == RepairStep::Leaving {
        noted.spelling = there.user_principal_name.value().cloned();
    }
    noted
}

/// The connection, if users of the repair's tenant may be changed by it.
fn usable(
    connection: Option<Stored<Connection>>,
    repair: &Repair,
) -> Result<Stored<Connection>, RepairReason> {
    let held = connection.filter(|stored| stored.value.holds_tenant());
    let held = held.ok_or(RepairReason::NotConnected)?;
    match held.value.tenant == repair.tenant {
        false => Err(RepairReason::OtherTenant),
        true if may_write(&held.value) => Ok(held),
        true => Err(RepairReason::NoConsent),
    }
}

/// Nothing, where somebody else wrote meanwhile.
fn ended(ended: Result<(), ImportError>) -> Result<Option<Outcome>, Failure> {
    match ended {
        Ok(()) => Ok(Some(Outcome::default())),
        Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => Ok(None),
        Err(ImportError::Table(error)) => Err(error.into()),
    }
}
