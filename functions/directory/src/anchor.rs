//! Anchors of users who have none: an assertion can name nobody in Entra without one.
//!
//! The anchor is the user's own id, so that whoever comes back after a crash would write the same. It
//! is written there first and believed here afterwards; one that is there already is taken as it is.
//! A user who is mastered on-premises is never touched.

use graph::{DirectoryUser, GraphError, Told, UserChange};
use identity::{Anchor, OrganizationId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, Connection, Feature, ImportError, Named, Order, OutboxItem, Position, Stored, Task,
};
use uuid::Uuid;

use crate::app::App;
use crate::connection::may_write;
use crate::failure::Failure;
use crate::outbox::{Outcome, Turn};

/// How many users are looked at at once; those who lack an anchor fit one transaction.
const LOOKED_AT: usize = 50;
/// How long Graph may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How often somebody is looked for who is not there: who was just made may not be seen everywhere.
const LOOKS: u32 = 5;
/// What cursors of this list are bound to.
const LIST: &str = "anchors";

/// Whether a user may be given an anchor by us: nobody else gave them one, or keeps them.
pub(crate) fn is_ours_to_write(user: &User) -> bool {
    let ours = user.anchor.as_ref().is_none_or(|anchor| *anchor == Anchor::of(user.id));
    ours && !user.on_premises && user.object_id.is_some()
}

/// What became of an attempt.
enum Attempt {
    /// This is their anchor there.
    Is(String),
    /// They have none, and will not get one from us.
    Refused(&'static str),
    /// They are gone, or somebody else's.
    Nobody,
}

impl App {
    /// Writes a user's anchor to Entra, then stores it here.
    pub(crate) async fn write_anchor(
        &self,
        item: &OutboxItem,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (organization, now) = (item.organization, self.clock.now());
        let Some(connection) = self.writable(organization).await? else {
            return Ok(Outcome::default());
        };
        let Some(before) = self.store.user(organization, user, now).await? else {
            return Ok(Outcome::default());
        };
        let Some(object) = before.value.object_id.filter(|_| is_ours_to_write(&before.value))
        else {
            return Ok(Outcome::default());
        };
        let tenant = connection.value.tenant;
        match self.anchor_there(tenant, object, &before.value, item.attempts).await {
            Ok(Attempt::Is(text)) => self.keep_anchor(organization, &before, &text, turn).await,
            Ok(Attempt::Refused(reason)) => Ok(self.refused(user, reason, turn)),
            Ok(Attempt::Nobody) => Ok(Outcome::default()),
            Err(lost @ GraphError::ConsentLost(_)) => {
                web::failure::log(&lost, turn.request_id);
                self.lose_consent(organization, &connection, Feature::WriteUsers, turn).await
            }
            Err(error) => Err(Failure::Writing(error)),
        }
    }

    /// The connection, if users may be changed by it.
    async fn writable(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<Stored<Connection>>, Failure> {
        let stored = self.store.connection(organization, self.clock.now()).await?;
        Ok(stored.filter(|stored| may_write(&stored.value)))
    }

    /// Looks at the user there, and writes what is missing.
    async fn anchor_there(
        &self,
        tenant: Uuid,
        object: Uuid,
        user: &User,
        attempts: u32,
    ) -> Result<Attempt, GraphError> {
        let now = self.clock.now();
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        let graph = self.writer.tenant(tenant, correlation, until);
        let there = match graph.user(object).await {
            Ok(there) => there,
            Err(GraphError::NotFound(_)) if attempts >= LOOKS => return Ok(Attempt::Nobody),
            Err(error) => return Err(error),
        };
        if let Some(text) = anchor_of(&there) {
            return Ok(Attempt::Is(text.to_owned()));
        }
        if there.is_synced() {
            return Ok(Attempt::Nobody);
        }
        let anchor = Anchor::of(user.id).as_str().to_owned();
        let change =
            UserChange { on_premises_immutable_id: Some(anchor.clone()), ..UserChange::default() };
        match graph.change_user(object, &change).await {
            Ok(()) => Ok(Attempt::Is(anchor)),
            Err(GraphError::Conflict { .. }) => Ok(Attempt::Refused("anchor_taken")),
            Err(refused) if is_refusal(&refused) => Ok(Attempt::Refused("anchor_refused")),
            Err(error) => Err(error),
        }
    }

    async fn keep_anchor(
        &self,
        organization: OrganizationId,
        before: &Stored<User>,
        text: &str,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let Ok(anchor) = text.parse::<Anchor>() else {
            return Ok(self.refused(before.value.id, "anchor_not_assertable", turn));
        };
        if before.value.anchor.as_ref() == Some(&anchor) {
            return Ok(Outcome::default());
        }
        let mut user = before.value.clone();
        user.anchor = Some(anchor);
        let mut audit = self.audit(Action::AnchorWritten, turn.request_id, self.clock.now());
        audit.subject = Some(user.id);
        let kept =
            self.store.change_directory_user(organization, before, &user, &audit, None).await;
        match kept {
            Ok(()) => Ok(Outcome::default()),
            Err(ImportError::Taken(Named::Anchor)) => {
                Ok(self.refused(user.id, "anchor_taken", turn))
            }
            // Somebody changed them meanwhile: once more.
            Err(ImportError::Stale | ImportError::Taken(_)) => Err(Failure::Unfinished),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
    }

    fn refused(&self, user: UserId, reason: &str, turn: &Turn<'_>) -> Outcome {
        let mut audit = self.audit(Action::AnchorRefused, turn.request_id, self.clock.now());
        audit.subject = Some(user);
        audit.reason = Some(reason.to_owned());
        Outcome { audit: Some(audit), next: Vec::new() }
    }

    /// Puts down a page of those who have no anchor, and the page behind it.
    pub(crate) async fn write_anchors(
        &self,
        item: &OutboxItem,
        behind: Option<&str>,
    ) -> Result<Outcome, Failure> {
        let (organization, now) = (item.organization, self.clock.now());
        if self.writable(organization).await?.is_none() {
            return Ok(Outcome::default());
        }
        let behind = behind.and_then(|token| Position::read(token, LIST));
        let page = self
            .store
            .list_users(organization, Order::Stored, behind.as_ref(), LOOKED_AT, now)
            .await?;
        let users = page.items.iter().map(|user| &user.user.value);
        let lacking = users.filter(|user| user.anchor.is_none() && is_ours_to_write(user));
        let tasks = lacking.map(|user| Task::WriteAnchor { user: user.id });
        let rest = page.next.as_ref().map(|next| {
            let behind = Some(next.token(LIST));
            Task::WriteAnchors { behind }
        });
        let next = tasks.chain(rest).map(|task| self.following(organization, task, now));
        Ok(Outcome { audit: None, next: next.collect() })
    }

    fn following(&self, organization: OrganizationId, task: Task, now: Timestamp) -> OutboxItem {
        OutboxItem::new(&*self.entropy, organization, task, now)
    }
}

fn anchor_of(there: &DirectoryUser) -> Option<&str> {
    match &there.on_premises_immutable_id {
        Told::Value(text) => Some(text),
        Told::Empty | Told::Unsaid => None,
    }
}

/// Whether Graph will not do it for this user, however often: in a federated domain an anchor cannot be
/// set, and one of an administrator not by us. A consent that is gone shows when a token is asked for.
fn is_refusal(error: &GraphError) -> bool {
    match error {
        GraphError::Bug { trace, .. } => trace.status == Some(400),
        GraphError::ConsentLost(trace) => trace.status == Some(403),
        _ => false,
    }
}
