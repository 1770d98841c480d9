//! Users who were made here, on their way into Entra: all of a shard, one after the other.
//!
//! Whoever comes back after a crash finds the user there by the anchor, which is the user's own id and
//! was known to nobody before: taken as done, nothing is doubled. Whoever else has the name there is
//! never taken over: it stops, until somebody decides. What stands against one user puts off that user,
//! each time twice as long, and keeps nobody else waiting; what stands against all of them ends the turn.

mod linking;
mod making;
mod particulars;

use graph::{GraphError, Later, Tenant};
use identity::{Anchor, Block, Method, OrganizationId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, AuditEntry, Connection, Feature, ImportError, Named, OutboxItem, Profile, Push,
    PushReason, PushStage, Pushing, Stored, TableError,
};
use uuid::Uuid;

use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;
use crate::connection::may_write;
use crate::failure::Failure;
use crate::outbox::{AGREE, Outcome, Turn};

/// How many users are read at once.
const TOGETHER: usize = 100;
/// How often a user is decided anew who changes meanwhile.
const RACES: u32 = 3;
/// How long Graph may take for one user.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How long nobody else is at a user whom somebody is at.
const LEASE: SignedDuration = SignedDuration::from_secs(45);
/// A first pause, and the longest.
type Pauses = (SignedDuration, SignedDuration);
/// What Graph may do better at once: it was out of order, or does not show yet what was just made.
const AT_ONCE: Pauses = (SignedDuration::from_secs(15), SignedDuration::from_mins(30));
/// What somebody here, or in the tenant, has to do first.
const SOON: Pauses = (SignedDuration::from_mins(15), SignedDuration::from_hours(1));
/// What Entra does not take.
const LATER: Pauses = (SignedDuration::from_hours(24), SignedDuration::from_hours(24));
/// What is everybody's: whoever was tried first is tried first again.
const NEVER: Pauses = (SignedDuration::ZERO, SignedDuration::ZERO);
/// The longest pause that Graph may ask for.
const LONGEST_ASKED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How many users in a row Graph fails before it is left alone.
const FAILURES: u32 = 3;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// It is over, or somebody has to decide first.
    Nothing,
    /// Somebody else is at it, or it was put off.
    NotYet,
    /// The user is an object of the tenant already: somebody else said so.
    Known,
    /// Nobody is brought there now.
    End,
    /// Not this user now, and this is why.
    Wait(PushReason),
    /// Somebody has to decide, and this is why.
    Stop(PushReason),
    /// The user is to be made there.
    Make,
    /// The user is to become this object.
    Link(Uuid),
}

/// Everything that it takes.
struct Ready {
    connection: Stored<Connection>,
    user: Stored<User>,
    profile: Option<Stored<Profile>>,
    push: Stored<Push>,
}

/// The tenant, for one user: by the application that changes users, and by the one that reads.
struct Both<'graph> {
    id: Uuid,
    writer: Tenant<'graph>,
    reader: Tenant<'graph>,
}

/// What the user is there.
struct There {
    object: Uuid,
    anchor: Anchor,
    enabled: bool,
    synced: bool,
    by: By,
    /// What Entra did not take, as the audit says it.
    left_out: Vec<(Action, &'static str)>,
}

/// How a user came to be an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Made,
    /// An earlier attempt made them.
    Found,
    /// Somebody decided it.
    Link,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Found => "found",
            Self::Link => "linked",
        }
    }
}

/// What became of an attempt.
enum Attempt {
    Is(There),
    /// Somebody has to decide.
    Stopped(PushReason, Option<Uuid>),
    /// Not yet.
    Waits(PushReason, Pauses),
}

/// What became of a user in this turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nobody waits for them any more.
    Over,
    /// They wait.
    Waits,
    /// They wait since Graph is out of order, for them at least: it is to be asked no sooner than this.
    Failed(SignedDuration),
    /// They changed meanwhile: all of it is decided anew.
    Stale,
}

/// `held` is until when we are at the user ourselves.
fn decide(facts: &Pushing, held: Option<Timestamp>, now: Timestamp) -> Decision {
    let (Some(push), Some(user)) = (&facts.push, &facts.user) else { return Decision::Nothing };
    let (push, user) = (&push.value, &user.value);
    let Some(organization) = facts.organization.as_ref().map(|stored| &stored.value) else {
        return Decision::Nothing;
    };
    let connection = facts.connection.as_ref().map(|stored| &stored.value);
    let connected = connection
        .filter(|one| PushReason::of_all(organization.mode, Some(one)).is_none() && may_write(one));
    match (push.stage, connected) {
        (PushStage::Conflict(_), _) => Decision::Nothing,
        _ if now < push.due_at && Some(push.due_at) != held => Decision::NotYet,
        _ if user.object_id.is_some() => Decision::Known,
        (_, None) => Decision::End,
        (_, Some(one)) if push.tenant.is_some_and(|tenant| tenant != one.tenant) => {
            Decision::Stop(PushReason::OtherTenant)
        }
        _ if organization.method_of(user) == Method::Microsoft => {
            Decision::Wait(PushReason::MicrosoftAccounts)
        }
        _ if !user.has_access(now) => Decision::Wait(PushReason::Blocked),
        (PushStage::Pending, Some(_)) if user.anchor.is_some() => {
            Decision::Stop(PushReason::AnchorGiven)
        }
        (PushStage::Pending, Some(_)) => Decision::Make,
        (PushStage::Linking(object), Some(_)) => Decision::Link(object),
    }
}

impl App {
    /// Makes those of a shard in Entra who wait for it, or links them to who is there, as long as there
    /// is time.
    pub(crate) async fn push_users(
        &self,
        item: &OutboxItem,
        shard: u8,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let org = item.organization;
        // A turn may begin with anybody: those whose own calls fail, and end it, are not always the
        // first ones, and keep nobody behind them waiting for good.
        let start = UserId::mint(&*self.entropy);
        let (mut rests, mut failures) = (false, 0);
        let mut asked_for = SignedDuration::ZERO;
        for (mut behind, end) in [(Some(start), None), (None, Some(start))] {
            loop {
                let some =
                    self.store.pushes(org, shard, behind, TOGETHER, self.clock.now()).await?;
                let before_end = |push: &&Push| end.is_none_or(|end| push.user <= end);
                let is_last = some.iter().any(|push| !before_end(&push));
                let Some(last) = some.last() else { break };
                behind = Some(last.user);
                let some = some.iter().filter(before_end).filter(|push| !push.is_conflict());
                for push in some {
                    let now = self.clock.now();
                    if now >= turn.long_ends {
                        // A Graph that is out of order is not asked again at once.
                        let failed = failures > 0;
                        let is_out = Failure::OutOfOrder(asked_for);
                        return Err(if failed { is_out } else { Failure::Unfinished });
                    }
                    if now < push.due_at {
                        rests = true;
                        continue;
                    }
                    let fate = self.push_user(org, push.user, turn).await?;
                    rests |= fate != Fate::Over;
                    (failures, asked_for) = match fate {
                        Fate::Failed(pause) => (failures + 1, asked_for.max(pause)),
                        Fate::Over | Fate::Waits | Fate::Stale => (0, SignedDuration::ZERO),
                    };
                    if failures >= FAILURES {
                        return Err(Failure::OutOfOrder(asked_for));
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        if rests { Err(Failure::Resting) } else { Ok(Outcome::default()) }
    }

    /// Brings one user there, or stores why not.
    async fn push_user(
        &self,
        org: OrganizationId,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let mut held = None;
        for _ in 0..RACES {
            match self.push_once(org, user, &mut held, turn).await? {
                Fate::Stale => {}
                fate => return Ok(fate),
            }
        }
        Ok(Fate::Waits)
    }

    async fn push_once(
        &self,
        org: OrganizationId,
        user: UserId,
        held: &mut Option<Timestamp>,
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let now = self.clock.now();
        let facts = self.store.pushing(org, user, now).await?;
        let decision = decide(&facts, *held, now);
        let Pushing { organization, connection, user, profile, push } = facts;
        let (Some(push), Some(user)) = (push, user) else { return Ok(Fate::Over) };
        let link = match decision {
            Decision::Nothing => return Ok(Fate::Over),
            Decision::NotYet => return Ok(Fate::Waits),
            Decision::End => return Err(Failure::Waiting),
            Decision::Known => return self.known_there(org, connection, (user, push), turn).await,
            Decision::Wait(reason) => return self.defer_push(org, &push, reason, SOON).await,
            Decision::Stop(reason) => return self.stop(org, &push, (reason, None), turn).await,
            Decision::Make => None,
            Decision::Link(object) => Some(object),
        };
        let (Some(organization), Some(connection)) = (organization, connection) else {
            return Err(Failure::Waiting);
        };
        let (tenant, until) = (connection.value.tenant, now.checked_add(LEASE).unwrap_or(now));
        let push = match self.store.begin_push(&organization, &user, &push, (tenant, until)).await {
            Ok(push) => push,
            Err(TableError::Conflict { .. }) => return Ok(Fate::Stale),
            Err(error) => return Err(error.into()),
        };
        *held = Some(until);
        let ready = Ready { connection, user, profile, push };
        match self.attempt(org, &ready, link, turn).await? {
            Ok(Attempt::Is(there)) => self.keep_there(org, &ready, there, turn).await,
            Ok(Attempt::Stopped(reason, object)) => {
                self.stop(org, &ready.push, (reason, object), turn).await
            }
            Ok(Attempt::Waits(reason, pause)) => {
                self.defer_push(org, &ready.push, reason, pause).await
            }
            Err(error) => self.not_done((org, &ready.connection, &ready.push), error, turn).await,
        }
    }

    /// Somebody else said which object the user is: Entra's own client. Whether we made it shows by its
    /// anchor, where it was begun.
    async fn known_there(
        &self,
        org: OrganizationId,
        connection: Option<Stored<Connection>>,
        (before, push): (Stored<User>, Stored<Push>),
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let mut user = before.value.clone();
        let begun = connection.filter(|one| Some(one.value.tenant) == push.value.tenant);
        if let (Some(connection), Some(object)) = (begun, user.object_id) {
            if !may_write(&connection.value) {
                return self.defer_push(org, &push, PushReason::NoConsent, SOON).await;
            }
            let found = self.both(&connection.value, turn).writer.user(object).await;
            if found.as_ref().map_or_else(is_answer, |_| true) {
                turn.answered();
            }
            match found {
                Ok(found) if anchor_of(&found) == Some(Anchor::of(user.id).as_str()) => {
                    user.made_in = Some(connection.value.tenant);
                }
                Ok(_) | Err(GraphError::NotFound(_)) => {}
                Err(error) => return self.not_done((org, &connection, &push), error, turn).await,
            }
        }
        let audit = [self.pushed(&user, "known", turn)];
        fate_of(self.store.end_push(org, (&before, &push), &user, &audit).await)
    }

    /// The tenant, for as long as one user may take.
    fn both(&self, connection: &Connection, turn: &Turn<'_>) -> Both<'_> {
        let now = self.clock.now();
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        let id = connection.tenant;
        turn.renew(&self.writer, connection);
        let writer = self.writer.tenant(id, correlation, until);
        Both { id, writer, reader: self.reader.tenant(id, correlation, until) }
    }

    async fn attempt(
        &self,
        org: OrganizationId,
        ready: &Ready,
        link: Option<Uuid>,
        turn: &Turn<'_>,
    ) -> Result<Result<Attempt, GraphError>, Failure> {
        let now = self.clock.now();
        let both = self.both(&ready.connection.value, turn);
        let attempted = match link {
            Some(object) => {
                let stopped = |reason| Ok(Ok(Attempt::Stopped(reason, Some(object))));
                if !self.store.users_of_objects(org, &[object], now).await?.is_empty() {
                    return stopped(PushReason::ObjectTaken);
                }
                if ready.user.value.enrolled_at.is_some() {
                    return stopped(PushReason::Enrolled);
                }
                self.link_there(&both, &ready.user.value, object).await
            }
            None => {
                if !self.is_ours(org, &ready.user.value, now).await? {
                    return Ok(Ok(Attempt::Stopped(PushReason::OutsideDomain, None)));
                }
                let profile = ready.profile.as_ref().map(|stored| &stored.value);
                let asked = &ready.push.value.particulars;
                let particulars = particulars::particulars(asked, profile)?;
                self.make_there(&both, ready, &particulars).await
            }
        };
        // Whatever it says of this user, it took the token.
        if attempted.as_ref().map_or_else(is_answer, |_| true) {
            turn.answered();
        }
        Ok(attempted)
    }

    /// What reads is another application: that its consent is gone, the next round of reading sees.
    fn cannot_read(&self, both: &Both<'_>, error: GraphError) -> Result<(), GraphError> {
        match error {
            GraphError::ConsentLost(_) => {
                self.reader.forget(both.id);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// What follows from an attempt that failed: for the user alone, or for everybody.
    async fn not_done(
        &self,
        (org, connection, push): (OrganizationId, &Stored<Connection>, &Stored<Push>),
        error: GraphError,
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let is_throttled = |later: &Later| later.trace.status == Some(429);
        match error {
            GraphError::Retry(ref later) if is_throttled(later) => {
                self.defer_push(org, push, PushReason::Unavailable, NEVER).await?;
                Err(Failure::Writing(error))
            }
            GraphError::Retry(ref later) => {
                web::failure::log(&error, turn.request_id);
                let asked_for = later.after.try_into().unwrap_or(AT_ONCE.1).min(LONGEST_ASKED_FOR);
                let pauses = (AT_ONCE.0.max(asked_for), AT_ONCE.1.max(asked_for));
                self.defer_push(org, push, PushReason::Unavailable, pauses).await?;
                Ok(Fate::Failed(asked_for))
            }
            // For this user alone. The token may be older than the consent: believed once fresh ones agree.
            GraphError::ConsentLost(_) if is_refusal(&error) => {
                self.writer.forget(connection.value.tenant);
                let why = PushReason::Forbidden;
                let is_agreed = push.value.reason == Some(why) && push.value.tries >= AGREE;
                let pauses = if is_agreed { LATER } else { AT_ONCE };
                web::failure::log(&error, turn.request_id);
                self.defer_push(org, push, why, pauses).await
            }
            GraphError::ConsentLost(_) => {
                self.defer_push(org, push, PushReason::NoConsent, NEVER).await?;
                let lost = (Feature::WriteUsers, error);
                self.refused(org, connection, lost, turn).await?;
                Err(Failure::Waiting)
            }
            // Whoever was just made may not be seen everywhere.
            GraphError::NotFound(_) => {
                self.defer_push(org, push, PushReason::Unseen, AT_ONCE).await
            }
            GraphError::Conflict { .. }
            | GraphError::Gone { .. }
            | GraphError::Unread(_)
            | GraphError::Bug { .. } => {
                web::failure::log(&error, turn.request_id);
                self.defer_push(org, push, PushReason::Unavailable, AT_ONCE).await
            }
        }
    }

    /// Whether the user's name lies in a domain of the organization.
    async fn is_ours(
        &self,
        org: OrganizationId,
        user: &User,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let Some(address) = user.user_name.address() else { return Ok(false) };
        let domain = address.domain();
        for name in std::iter::once(domain.clone()).chain(domain.parents()) {
            if self.store.domain(org, &name, now).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn keep_there(
        &self,
        org: OrganizationId,
        ready: &Ready,
        there: There,
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let now = self.clock.now();
        let mut user = ready.user.value.clone();
        user.object_id = Some(there.object);
        user.anchor = Some(there.anchor);
        user.on_premises = there.synced;
        if there.by == By::Link {
            // Whoever was asked to enrol before was asked as somebody else.
            user.sessions_valid_from = user.sessions_valid_from.max(now);
            // Nobody knows whether the address is the object's owner's: administrators are told.
            user.claim_changed_at = user.personal_email.as_ref().map(|_| now);
        } else {
            user.made_in = Some(ready.connection.value.tenant);
        }
        if !there.enabled {
            user.block(Block::Entra, now);
        }
        let mut audit = vec![self.pushed(&user, there.by.word(), turn)];
        for (action, reason) in there.left_out {
            let mut left_out = self.audit(action, turn.request_id, now);
            left_out.subject = Some(user.id);
            left_out.reason = Some(reason.to_owned());
            audit.push(left_out);
        }
        let ended = self.store.end_push(org, (&ready.user, &ready.push), &user, &audit).await;
        let taken = match ended {
            Err(ImportError::Taken(Named::ObjectId)) => PushReason::ObjectTaken,
            Err(ImportError::Taken(_)) => PushReason::AnchorTaken,
            other => return fate_of(other),
        };
        self.stop(org, &ready.push, (taken, Some(there.object)), turn).await
    }

    fn pushed(&self, user: &User, by: &str, turn: &Turn<'_>) -> AuditEntry {
        let mut audit = self.audit(Action::UserPushed, turn.request_id, self.clock.now());
        audit.subject = Some(user.id);
        audit.reason = Some(by.to_owned());
        audit
    }

    /// Somebody has to decide: it can be seen, and nothing happens until then.
    async fn stop(
        &self,
        org: OrganizationId,
        push: &Stored<Push>,
        (reason, object): (PushReason, Option<Uuid>),
        turn: &Turn<'_>,
    ) -> Result<Fate, Failure> {
        let now = self.clock.now();
        let mut audit = self.audit(Action::PushStopped, turn.request_id, now);
        audit.subject = Some(push.value.user);
        audit.reason = Some(reason.word().to_owned());
        let stopped = push.value.at(PushStage::Conflict(object), Some(reason), now);
        match self.store.keep_push(org, push, &stopped, Some(&audit), None).await {
            Ok(()) => Ok(Fate::Over),
            Err(TableError::Conflict { .. }) => Ok(Fate::Stale),
            Err(error) => Err(error.into()),
        }
    }

    /// It stays due, and whoever looks sees why.
    async fn defer_push(
        &self,
        org: OrganizationId,
        push: &Stored<Push>,
        reason: PushReason,
        pauses: Pauses,
    ) -> Result<Fate, Failure> {
        let later = push.value.put_off(reason, pauses, self.clock.now());
        match self.store.keep_push(org, push, &later, None, None).await {
            // Somebody decided something else meanwhile: it is looked at again.
            Ok(()) | Err(TableError::Conflict { .. }) => Ok(Fate::Waits),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the tenant took our token, and says so of somebody.
fn is_answer(error: &GraphError) -> bool {
    match error {
        GraphError::Retry(_) => false,
        GraphError::ConsentLost(_) => is_refusal(error),
        GraphError::Bug { trace, .. } => trace.status.is_some(),
        GraphError::NotFound(_)
        | GraphError::Conflict { .. }
        | GraphError::Gone { .. }
        | GraphError::Unread(_) => true,
    }
}

fn fate_of(ended: Result<(), ImportError>) -> Result<Fate, Failure> {
    match ended {
        Ok(()) => Ok(Fate::Over),
        Err(ImportError::Stale | ImportError::Ours | ImportError::Taken(_)) => Ok(Fate::Stale),
        Err(ImportError::Table(error)) => Err(error.into()),
    }
}
