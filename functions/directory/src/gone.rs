//! Accounts in Entra of users who were deleted here: those that we made, and those that were to be disabled
//! before, are disabled there, with their sessions.

use graph::{DirectoryUser, GraphError, Tenant, UserChange};
use identity::{Anchor, OrganizationId, UserId};
use jiff::SignedDuration;
use store::{Action, Connection, Feature, OutboxItem, Refused, Stage, Stored};
use uuid::Uuid;

use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;
use crate::connection::{may_disable, may_end_sessions};
use crate::failure::Failure;
use crate::outbox::{Outcome, Turn};

/// How long Graph may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How long a tenant may be let go of.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long an account is looked for that may just have been made.
const LOOKED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// An account of somebody who was deleted.
#[derive(Clone, Copy)]
pub(crate) struct GoneAccount {
    pub(crate) user: UserId,
    /// Which object it is, where that was known.
    pub(crate) object: Option<Uuid>,
    /// Where we made it, if we did.
    pub(crate) tenant: Option<Uuid>,
}

/// What became of it.
enum Fate {
    Disabled,
    /// It is left as it is, and this is why.
    Left(&'static str),
    /// It is not to be seen, or not yet.
    Unseen,
}

impl App {
    /// Disables the account, unless it is somebody's here, or not ours to write any more.
    pub(crate) async fn disable_account(
        &self,
        item: &OutboxItem,
        gone: GoneAccount,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (org, now) = (item.organization, self.clock.now());
        let connection = self.store.connection(org, now).await?;
        let lost = connection.as_ref().is_some_and(|stored| {
            stored.value.stage == Stage::Lost
                || stored.value.lost.contains_key(&Feature::WriteUsers)
        });
        let connection = connection.filter(|stored| {
            let held = stored.value.holds_tenant();
            held && gone.tenant.is_none_or(|tenant| tenant == stored.value.tenant)
        });
        // A tenant that is let go of may be connected again, and consent that was taken back be given again.
        // That is no attempt.
        let may_come = gone.tenant.is_some() || lost;
        let rests = may_come && now.duration_since(item.created_at) < GIVEN_UP_AFTER;
        let left = |reason| Ok(self.over(gone, (Action::AccountLeft, Some(reason)), turn));
        let Some(connection) = connection else {
            return if rests { Err(Failure::Resting) } else { left("not_connected") };
        };
        if !may_disable(&connection.value) {
            return if rests { Err(Failure::Resting) } else { left("no_consent") };
        }
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        turn.renew(&self.writer, &connection.value);
        let graph = self.writer.tenant(connection.value.tenant, correlation, until);
        match self.disable_there((org, &connection.value), graph, gone).await? {
            Ok(Fate::Disabled) => Ok(self.over(gone, (Action::AccountDisabled, None), turn)),
            Ok(Fate::Left(why)) => Ok(self.over(gone, (Action::AccountLeft, Some(why)), turn)),
            Ok(Fate::Unseen) if now.duration_since(item.created_at) < LOOKED_FOR => {
                Err(Failure::Waiting)
            }
            Ok(Fate::Unseen) => Ok(self.over(gone, (Action::AccountLeft, Some("not_found")), turn)),
            Err(error) => self.not_disabled(org, gone, &connection, error, turn).await,
        }
    }

    async fn disable_there(
        &self,
        (org, connection): (OrganizationId, &Connection),
        graph: Tenant<'_>,
        gone: GoneAccount,
    ) -> Result<Result<Fate, GraphError>, Failure> {
        let found = match find(graph, gone).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Ok(Fate::Unseen)),
            Err(error) => return Ok(Err(error)),
        };
        if found.is_synced() {
            return Ok(Ok(Fate::Left("synced")));
        }
        // Somebody linked another user to it meanwhile: what the one had open who is gone is over.
        if !self.store.users_of_objects(org, &[found.id], self.clock.now()).await?.is_empty() {
            let ended = end_sessions(graph, connection, found.id).await;
            return Ok(ended.map(|()| Fate::Left("somebody_here")));
        }
        // Also where it is said to be: what is said may be older than somebody's undoing.
        let change = UserChange { account_enabled: Some(false), ..UserChange::default() };
        if let Err(error) = graph.change_user(found.id, &change).await {
            return Ok(Err(error));
        }
        Ok(end_sessions(graph, connection, found.id).await.map(|()| Fate::Disabled))
    }

    /// Whether it is tried again. What Graph forbids of an account is believed once fresh tokens agree.
    async fn not_disabled(
        &self,
        org: OrganizationId,
        gone: GoneAccount,
        connection: &Stored<Connection>,
        error: GraphError,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        match error {
            GraphError::ConsentLost(_)
                if is_refusal(&error) && !turn.is_agreed(Refused::Account) =>
            {
                self.writer.forget(connection.value.tenant);
                Err(turn.refused(Refused::Account, error))
            }
            refused if is_refusal(&refused) => {
                web::failure::log(&refused, turn.request_id);
                web::metric::count("AccountLeft", "directory", self.clock.now());
                Ok(self.over(gone, (Action::AccountLeft, Some("refused")), turn))
            }
            GraphError::ConsentLost(_) => {
                self.refused(org, connection, (Feature::WriteUsers, error), turn).await?;
                Err(Failure::Resting)
            }
            other => Err(Failure::Writing(other)),
        }
    }

    fn over(
        &self,
        gone: GoneAccount,
        (action, reason): (Action, Option<&str>),
        turn: &Turn<'_>,
    ) -> Outcome {
        let mut audit = self.audit(action, turn.request_id, self.clock.now());
        audit.subject = Some(gone.user);
        audit.reason = reason.map(str::to_owned);
        Outcome { audit: Some(audit), next: Vec::new() }
    }
}

/// Ends whatever is open there, where that may be.
async fn end_sessions(
    graph: Tenant<'_>,
    connection: &Connection,
    object: Uuid,
) -> Result<(), GraphError> {
    if may_end_sessions(connection) { graph.revoke_sessions(object).await } else { Ok(()) }
}

/// The account: by its object id, or, where nobody learned it, by exactly the anchor that it was made
/// with.
async fn find(graph: Tenant<'_>, gone: GoneAccount) -> Result<Option<DirectoryUser>, GraphError> {
    match gone.object {
        Some(object) => match graph.user(object).await {
            Ok(found) => Ok(Some(found)),
            Err(GraphError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        },
        None => {
            let anchor = Anchor::of(gone.user);
            let found = graph.user_anchored(anchor.as_str()).await?;
            Ok(found.filter(|found| anchor_of(found) == Some(anchor.as_str())))
        }
    }
}
