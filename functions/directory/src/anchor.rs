//! Anchors of users who have none: an assertion can name nobody in Entra without one.
//!
//! The anchor is the user's own id, so that whoever comes back after a crash would write the same. It
//! is written there first and believed here afterwards; one that is there already is taken as it is.
//! A user who is mastered on-premises is never touched. Who is still to be seen to, reading the
//! directory says: it costs nothing where nobody is.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use graph::{Batch, DirectoryUser, GraphError, Tenant, Told, UserChange};
use identity::{Anchor, OrganizationId, User};
use jiff::SignedDuration;
use store::{Action, Connection, Feature, ImportError, Lacking, Named, OutboxItem, Stored, Task};
use uuid::Uuid;
use web::failure::RequestId;

use crate::app::App;
use crate::connection::may_write;
use crate::failure::Failure;
use crate::import::ReadingError;
use crate::outbox::{Outcome, Turn};
use crate::repair::has_temporary_name;

/// How many users are seen to at once: as many as one batch of Graph's holds.
const TOGETHER: usize = 20;
/// How many of them are stored at once.
const AT_ONCE: usize = 8;
/// How long Graph may take for them, beyond the instant at which nothing new is begun.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How often a user is decided anew who changes meanwhile.
const RACES: u32 = 5;

/// Whether a user may be given an anchor by us: nobody else gave them one, or keeps them.
pub(crate) fn is_ours_to_write(user: &User) -> bool {
    let ours = user.anchor.as_ref().is_none_or(|anchor| *anchor == Anchor::of(user.id));
    ours && !user.on_premises && user.object_id.is_some()
}

/// What became of a user's anchor there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum There {
    /// This is it.
    Is(String),
    /// They have none, and it is not for us to give them one.
    NotOurs,
    /// They have none, and will not get one from us.
    Refused(&'static str),
    /// They are not there, or not yet.
    Nobody,
}

/// What one attempt learned, or that Graph is to be asked again.
type Attempt = Result<There, GraphError>;

impl App {
    /// Gives everybody an anchor who lacks one, as long as there is time. Each has a fate of their
    /// own: whom Graph refuses, or does not know, is put off.
    pub(crate) async fn write_anchors(
        &self,
        item: &OutboxItem,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let organization = item.organization;
        let Some(connection) = self.writable(organization).await? else {
            return Ok(Outcome::default());
        };
        let (mut behind, mut later) = (None, None);
        while self.clock.now() < turn.long_ends {
            let (at, now) = (behind.as_deref(), self.clock.now());
            let some = self.store.unanchored(organization, at, TOGETHER, now).await?;
            let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
            let until = turn.long_ends.checked_add(PATIENCE).unwrap_or(turn.long_ends);
            turn.renew(&self.writer, &connection.value);
            let graph = self.writer.tenant(connection.value.tenant, correlation, until);
            match self.see_to(organization, graph, some.users, turn.request_id).await {
                // Whom Graph puts off keeps nobody else waiting.
                Ok(put_off) => {
                    turn.answered();
                    later = later.or(put_off);
                }
                Err(Failure::Writing(lost @ GraphError::ConsentLost(_))) => {
                    let lost = (Feature::WriteUsers, lost);
                    self.refused(organization, &connection, lost, turn).await?;
                    return Ok(Outcome::default());
                }
                Err(failure) => return Err(failure),
            }
            match some.next {
                None => {
                    let over = Ok(Outcome::default());
                    return later.map_or(over, |later| Err(Failure::Writing(later)));
                }
                next => behind = next,
            }
        }
        Err(Failure::Unfinished)
    }

    /// That anchors are to be written, if any are and that may be.
    pub(crate) async fn anchors_next(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<OutboxItem>, Failure> {
        let now = self.clock.now();
        if !self.store.has_unanchored(organization, now).await?
            || self.writable(organization).await?.is_none()
        {
            return Ok(None);
        }
        Ok(Some(OutboxItem::new(&*self.entropy, organization, Task::WriteAnchors, now)))
    }

    /// The connection, if users may be changed by it.
    async fn writable(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<Stored<Connection>>, Failure> {
        let stored = self.store.connection(organization, self.clock.now()).await?;
        Ok(stored.filter(|stored| may_write(&stored.value)))
    }

    /// Sees to some users, and stores what became of each. Answers that Graph is to be asked again for
    /// some of them, who stay due.
    async fn see_to(
        &self,
        organization: OrganizationId,
        graph: Tenant<'_>,
        users: Vec<Lacking>,
        request_id: &RequestId,
    ) -> Result<Option<GraphError>, Failure> {
        if users.is_empty() {
            return Ok(None);
        }
        let attempts = there(graph, &users).await.map_err(Failure::Writing)?;
        let mut later = None;
        let mut known = Vec::with_capacity(users.len());
        for (lacking, attempt) in users.into_iter().zip(attempts) {
            match attempt {
                Ok(there) => known.push((lacking, there)),
                Err(retry) => later = Some(retry),
            }
        }
        stream::iter(known)
            .map(|(lacking, there)| self.keep(organization, graph, lacking, there, request_id))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        Ok(later)
    }

    /// Stores what became of a user's anchor there.
    async fn keep(
        &self,
        organization: OrganizationId,
        graph: Tenant<'_>,
        mut lacking: Lacking,
        there: There,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let anchor = match &there {
            There::Is(text) => match text.parse::<Anchor>() {
                Ok(anchor) => Some(anchor),
                Err(_) => {
                    let reason = Some("anchor_not_assertable");
                    return self.put_off(organization, &lacking, reason, request_id).await;
                }
            },
            There::NotOurs => None,
            There::Refused(reason) => {
                return self.put_off(organization, &lacking, Some(reason), request_id).await;
            }
            There::Nobody => return self.put_off(organization, &lacking, None, request_id).await,
        };
        for _ in 0..RACES {
            let before = &lacking.user;
            let mut user = before.value.clone();
            user.unanchored = false;
            let mut audit = self.audit(Action::UserChanged, request_id, now);
            if anchor.is_some() {
                audit.action = Action::AnchorWritten;
                user.anchor.clone_from(&anchor);
            }
            audit.subject = Some(user.id);
            match self.store.change_directory_user(organization, before, &user, &audit).await {
                Ok(_) => return Ok(()),
                Err(ImportError::Taken(Named::Anchor)) => {
                    if !self.free_anchor(organization, graph, &user, request_id).await? {
                        let taken = Some("anchor_taken");
                        return self.put_off(organization, &lacking, taken, request_id).await;
                    }
                }
                Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => {}
                Err(ImportError::Table(error)) => return Err(error.into()),
            }
            let user = self.store.user(organization, user.id, now).await?;
            let Some(user) = user.filter(|user| user.value.unanchored) else { return Ok(()) };
            lacking.user = user;
        }
        Err(Failure::Unfinished)
    }

    /// Puts somebody off, and says why in the audit, once.
    async fn put_off(
        &self,
        organization: OrganizationId,
        lacking: &Lacking,
        reason: Option<&str>,
        request_id: &RequestId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let known = lacking.unanchored.value.refused.as_deref();
        let audit = reason
            .filter(|reason| known != Some(*reason))
            .map(|reason| self.anchor_refused(&lacking.user.value, reason, request_id));
        Ok(self.store.put_off_unanchored(organization, lacking, audit.as_ref(), now).await?)
    }

    /// Begins the entry of the audit that says that a user has no anchor, and why.
    pub(crate) fn anchor_refused(
        &self,
        user: &User,
        reason: &str,
        request_id: &RequestId,
    ) -> store::AuditEntry {
        let mut audit = self.audit(Action::AnchorRefused, request_id, self.clock.now());
        audit.subject = Some(user.id);
        audit.reason = Some(reason.to_owned());
        audit
    }

    /// Takes the anchor that somebody is to have from whoever has it here and no more there, and says
    /// whether it is free now. So an anchor that moved there moves here, whoever is told of first.
    pub(crate) async fn free_anchor(
        &self,
        organization: OrganizationId,
        graph: Tenant<'_>,
        wanted_by: &User,
        request_id: &RequestId,
    ) -> Result<bool, ReadingError> {
        let now = self.clock.now();
        let holder = self.store.holder(organization, Named::Anchor, wanted_by, None, now).await?;
        let Some(holder) = holder.filter(|holder| *holder != wanted_by.id) else { return Ok(true) };
        let holder = self.store.user(organization, holder, now).await?;
        let Some(holder) = holder.filter(|holder| holder.value.anchor == wanted_by.anchor) else {
            return Ok(true);
        };
        // Whom the directory does not know, it gives nothing to and takes nothing from.
        let Some(object) = holder.value.object_id else { return Ok(false) };
        let theirs = match graph.user(object).await {
            Ok(there) => anchor_of(&there).map(str::to_owned),
            Err(GraphError::NotFound(_)) => None,
            // Whoever makes no sense, or is not for us to see, keeps what they have.
            Err(GraphError::Unread(_)) => return Ok(false),
            Err(refused) if is_refusal(&refused) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if theirs.as_deref() == wanted_by.anchor.as_ref().map(Anchor::as_str) {
            return Ok(false);
        }
        let mut user = holder.value.clone();
        user.anchor = None;
        // What they have there instead is seen to, should nobody tell of it.
        user.unanchored = true;
        let mut audit = self.audit(Action::UserChanged, request_id, now);
        audit.subject = Some(user.id);
        audit.reason = Some("directory_anchor_moved".to_owned());
        match self.store.change_directory_user(organization, &holder, &user, &audit).await {
            // Who changed meanwhile may have let go of it.
            Ok(_) | Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => Ok(true),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
    }
}

/// Looks at users there, and writes what is missing.
async fn there(graph: Tenant<'_>, users: &[Lacking]) -> Result<Vec<Attempt>, GraphError> {
    let mut looks = Batch::default();
    let objects = users.iter().map(|lacking| lacking.user.value.object_id);
    let objects = objects.map(Option::unwrap_or_default).collect::<Vec<Uuid>>();
    // Whoever does not fit stays due.
    let fit = objects.iter().take_while(|object| looks.user(**object).is_ok()).count();
    debug_assert_eq!(fit, users.len(), "a batch holds as many as are taken together");
    let mut attempts: Vec<Option<Attempt>> = Vec::with_capacity(users.len());
    let (mut changes, mut changed) = (Batch::default(), Vec::new());
    for (at, looked) in graph.batch(&looks).await?.into_iter().enumerate() {
        let (Some(lacking), Some(object)) = (users.get(at), objects.get(at)) else { continue };
        let user = &lacking.user.value;
        attempts.push(match looked {
            // Whoever is on the way by another name gets theirs at the end of it.
            Ok(Some(there)) if has_temporary_name(&there, user.id) => Some(Ok(There::Nobody)),
            Ok(Some(there)) => match anchor_of(&there) {
                Some(text) => Some(Ok(There::Is(text.to_owned()))),
                None if there.is_synced() || !is_ours_to_write(user) => Some(Ok(There::NotOurs)),
                None => {
                    let anchor = Some(Anchor::of(user.id).as_str().to_owned());
                    let change =
                        UserChange { on_premises_immutable_id: anchor, ..UserChange::default() };
                    let fits = changes.change_user(*object, &change).is_ok();
                    changed.extend(fits.then_some(at));
                    None
                }
            },
            Ok(None) => Some(Ok(There::Nobody)),
            // Whoever may change users may look at all of them.
            Err(lost @ GraphError::ConsentLost(_)) => return Err(lost),
            Err(error) => Some(fate(error)),
        });
    }
    let written = if changed.is_empty() { Vec::new() } else { graph.batch(&changes).await? };
    for (at, written) in changed.into_iter().zip(written) {
        let (Some(lacking), Some(attempt)) = (users.get(at), attempts.get_mut(at)) else {
            continue;
        };
        let anchor = || Anchor::of(lacking.user.value.id).as_str().to_owned();
        *attempt = Some(written.map_or_else(fate, |_| Ok(There::Is(anchor()))));
    }
    Ok(attempts.into_iter().map(|attempt| attempt.unwrap_or(Ok(There::Nobody))).collect())
}

/// What follows for a user from their own part of a batch. A consent that is gone shows when a token is
/// asked for: what is forbidden here is this user, as an administrator is.
fn fate(error: GraphError) -> Attempt {
    match error {
        GraphError::Retry(later) => Err(GraphError::Retry(later)),
        GraphError::NotFound(_) => Ok(There::Nobody),
        GraphError::Conflict { .. } => Ok(There::Refused("anchor_taken")),
        // In a federated domain an anchor cannot be set.
        GraphError::ConsentLost(_)
        | GraphError::Gone { .. }
        | GraphError::Unread(_)
        | GraphError::Bug { .. } => Ok(There::Refused("anchor_refused")),
    }
}

/// The anchor that a user has there.
pub(crate) fn anchor_of(there: &DirectoryUser) -> Option<&str> {
    match &there.on_premises_immutable_id {
        Told::Value(text) => Some(text),
        Told::Empty | Told::Unsaid => None,
    }
}

/// Whether Graph will not do it for this user, however often: in a federated domain an anchor cannot be
/// set, and one of an administrator not by us. A consent that is gone shows when a token is asked for.
pub(crate) fn is_refusal(error: &GraphError) -> bool {
    match error {
        GraphError::Bug { trace, .. } => trace.status == Some(400),
        GraphError::ConsentLost(trace) => trace.status == Some(403),
        _ => false,
    }
}
