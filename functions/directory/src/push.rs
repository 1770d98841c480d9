//! Users who were made here, on their way into Entra.
//!
//! Whoever comes back after a crash finds the user there by the anchor, which is the user's own id and
//! was known to nobody before: taken as done, nothing is doubled. Whoever else has the name there is
//! never taken over: it stops, until somebody decides.

use graph::{DirectoryUser, GraphError, NewUser, Password, Tenant, Told, UserChange};
use identity::{Anchor, Block, Method, Mode, OrganizationId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{
    Action, AuditEntry, Connection, Feature, ImportError, Named, OutboxItem, Push, PushReason,
    PushStage, Pushing, Stored,
};
use uuid::Uuid;

use crate::anchor::{anchor_of, is_refusal};
use crate::app::App;
use crate::connection::may_write;
use crate::failure::Failure;
use crate::outbox::{Outcome, Turn};

/// How long Graph may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// How long a name may be taken by nobody whom Entra shows: whoever was just made may not be seen
/// everywhere.
const UNSEEN: SignedDuration = SignedDuration::from_mins(10);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// It is over, or somebody has to decide first.
    Nothing,
    /// The user is an object of the tenant already: somebody else said so.
    Known,
    /// Not now, and this is why.
    Wait(PushReason),
    /// The user is to be made there.
    Make,
    /// The user is to become this object.
    Link(Uuid),
}

/// Everything that it takes.
struct Ready {
    connection: Stored<Connection>,
    user: Stored<User>,
    push: Stored<Push>,
}

/// What the user is there.
struct There {
    object: Uuid,
    anchor: Anchor,
    enabled: bool,
    synced: bool,
    /// How it came to be: the word of the audit.
    by: &'static str,
    /// Whether a licence was refused.
    unlicensed: bool,
}

/// What became of an attempt.
enum Attempt {
    Is(There),
    /// Somebody has to decide.
    Stopped(PushReason, Option<Uuid>),
    /// Not yet.
    Waits(PushReason),
}

fn decide(facts: &Pushing) -> Decision {
    let (Some(push), Some(user)) = (&facts.push, &facts.user) else { return Decision::Nothing };
    let organization = facts.organization.as_ref().map(|stored| &stored.value);
    let hybrid = organization.is_none_or(|it| it.mode == Mode::Hybrid);
    let by_microsoft =
        organization.is_some_and(|it| it.method_of(&user.value) == Method::Microsoft);
    let connection = facts.connection.as_ref().map(|stored| &stored.value);
    match push.value.stage {
        PushStage::Conflict(_) => Decision::Nothing,
        _ if user.value.object_id.is_some() => Decision::Known,
        _ if hybrid => Decision::Wait(PushReason::Hybrid),
        _ if !connection.is_some_and(|it| it.stage == store::Stage::Connected) => {
            Decision::Wait(PushReason::NotConnected)
        }
        _ if !connection.is_some_and(may_write) => Decision::Wait(PushReason::NoConsent),
        _ if by_microsoft => Decision::Wait(PushReason::MicrosoftAccounts),
        _ if !user.value.blocks.is_empty() => Decision::Wait(PushReason::Blocked),
        PushStage::Pending => Decision::Make,
        PushStage::Linking(object) => Decision::Link(object),
    }
}

impl App {
    /// Makes a user in Entra, or links them to who is there, then stores which object they are.
    pub(crate) async fn push_user(
        &self,
        item: &OutboxItem,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let (org, now) = (item.organization, self.clock.now());
        let facts = self.store.pushing(org, user, now).await?;
        let decision = decide(&facts);
        let (Some(push), Some(user)) = (facts.push, facts.user) else {
            return Ok(Outcome::default());
        };
        match (decision, facts.connection) {
            (Decision::Nothing, _) | (Decision::Make | Decision::Link(_), None) => {
                Ok(Outcome::default())
            }
            (Decision::Known, _) => {
                let audit = [self.pushed(&user.value, "known", turn)];
                self.end(org, (&user, &push), &user.value, &audit).await
            }
            (Decision::Wait(reason), _) => self.wait(org, &push, reason).await,
            (Decision::Make, Some(connection)) => {
                self.go(org, &Ready { connection, user, push }, None, turn).await
            }
            (Decision::Link(object), Some(connection)) => {
                self.go(org, &Ready { connection, user, push }, Some(object), turn).await
            }
        }
    }

    async fn go(
        &self,
        org: OrganizationId,
        ready: &Ready,
        link: Option<Uuid>,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        let tenant = ready.connection.value.tenant;
        let graph = self.writer.tenant(tenant, correlation, until);
        let reader = self.reader.tenant(tenant, correlation, until);
        let attempt = match link {
            Some(object) if self.is_somebody(org, object, now).await? => {
                Ok(Attempt::Stopped(PushReason::ObjectTaken, Some(object)))
            }
            Some(object) => match reader.holds_role(object).await {
                Ok(true) => Ok(Attempt::Stopped(PushReason::Administrator, Some(object))),
                Ok(false) => link_there(graph, &ready.user.value, object).await,
                Err(GraphError::NotFound(_)) => {
                    Ok(Attempt::Stopped(PushReason::Gone, Some(object)))
                }
                // That the other consent is gone, the next round sees.
                Err(GraphError::ConsentLost(_)) => {
                    self.reader.forget(tenant);
                    Ok(Attempt::Waits(PushReason::NoConsent))
                }
                Err(error) => Err(error),
            },
            None if !self.is_ours(org, &ready.user.value, now).await? => {
                Ok(Attempt::Stopped(PushReason::OutsideDomain, None))
            }
            None => self.make_there(graph, ready).await,
        };
        match attempt {
            Ok(Attempt::Is(there)) => self.keep_there(org, ready, &there, turn).await,
            Ok(Attempt::Stopped(reason, object)) => {
                self.stop(org, &ready.push, (reason, object), turn).await
            }
            Ok(Attempt::Waits(reason)) => self.wait(org, &ready.push, reason).await,
            Err(GraphError::ConsentLost(_))
                if ready.push.value.reason != Some(PushReason::NoConsent) =>
            {
                // The token may be older than the consent: believed once a fresh one agrees.
                self.writer.forget(tenant);
                self.wait(org, &ready.push, PushReason::NoConsent).await
            }
            Err(lost @ GraphError::ConsentLost(_)) => {
                web::failure::log(&lost, turn.request_id);
                self.writer.forget(tenant);
                self.lose_consent(org, &ready.connection, Feature::WriteUsers, turn).await?;
                Err(Failure::Waiting)
            }
            Err(error) => {
                self.note(org, &ready.push, PushReason::Unavailable).await?;
                Err(Failure::Writing(error))
            }
        }
    }

    /// Makes the user; where the name is taken, looks whether an earlier attempt took it.
    async fn make_there(&self, graph: Tenant<'_>, ready: &Ready) -> Result<Attempt, GraphError> {
        let (user, push) = (&ready.user.value, &ready.push.value);
        let anchor = Anchor::of(user.id);
        let made = |object, enabled, by| There {
            object,
            anchor: anchor.clone(),
            enabled,
            synced: false,
            by,
            unlicensed: false,
        };
        let mut there = match graph.create_user(&self.new_user(user, push)).await {
            Ok(created) => made(created.id, true, "made"),
            Err(GraphError::Conflict { .. }) => {
                let anchored = graph.user_anchored(anchor.as_str()).await?;
                let named = graph.user_named(user.user_name.as_str()).await?;
                let is_ours = |found: &DirectoryUser| {
                    anchor_of(found) == Some(anchor.as_str()) && !found.is_synced()
                };
                match (anchored, named) {
                    (Some(ours), _) if is_ours(&ours) => {
                        made(ours.id, ours.account_enabled != Told::Value(false), "found")
                    }
                    (_, Some(other)) => {
                        return Ok(Attempt::Stopped(PushReason::NameTaken, Some(other.id)));
                    }
                    (Some(other), None) => {
                        return Ok(Attempt::Stopped(PushReason::AnchorTaken, Some(other.id)));
                    }
                    (None, None) => return Ok(self.unseen(push)),
                }
            }
            Err(GraphError::Bug { trace, .. }) if trace.status == Some(400) => {
                return Ok(Attempt::Stopped(PushReason::Refused, None));
            }
            Err(error) => return Err(error),
        };
        let licences = &push.particulars.licences;
        if !licences.is_empty() {
            match graph.assign_licences(there.object, licences).await {
                Ok(()) => {}
                Err(refused) if is_refusal(&refused) => there.unlicensed = true,
                Err(error) => return Err(error),
            }
        }
        Ok(Attempt::Is(there))
    }

    /// Somebody whom Entra does not show has the name: for a while that may be our own user.
    fn unseen(&self, push: &Push) -> Attempt {
        let since = Some(push.changed_at).filter(|_| push.reason == Some(PushReason::Unseen));
        let over = |since| self.clock.now().duration_since(since) >= UNSEEN;
        if since.is_some_and(over) {
            Attempt::Stopped(PushReason::NameTaken, None)
        } else {
            Attempt::Waits(PushReason::Unseen)
        }
    }

    /// The password is drawn here and known to nobody once it is sent.
    fn new_user(&self, user: &User, push: &Push) -> NewUser {
        let name = user.user_name.as_str();
        let particulars = &push.particulars;
        let alias = name.rsplit_once('@').map_or(name, |(local, _)| local);
        let personal = user.personal_email.as_ref().map(|address| address.as_str().to_owned());
        NewUser {
            user_principal_name: name.to_owned(),
            display_name: user.display_name.clone(),
            mail_nickname: alias.to_owned(),
            account_enabled: true,
            on_premises_immutable_id: Anchor::of(user.id).as_str().to_owned(),
            given_name: particulars.given_name.clone(),
            surname: particulars.surname.clone(),
            usage_location: particulars.usage_location.as_ref().map(ToString::to_string),
            other_mails: personal.into_iter().collect(),
            mobile_phone: particulars.mobile_phone.clone(),
            password_profile: Password::random(&*self.entropy),
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

    /// Whether an object is a user here.
    async fn is_somebody(
        &self,
        org: OrganizationId,
        object: Uuid,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        Ok(!self.store.users_of_objects(org, &[object], now).await?.is_empty())
    }

    async fn keep_there(
        &self,
        org: OrganizationId,
        ready: &Ready,
        there: &There,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let mut user = ready.user.value.clone();
        user.object_id = Some(there.object);
        user.anchor = Some(there.anchor.clone());
        user.on_premises = there.synced;
        if there.by == LINKED && user.personal_email.is_some() {
            // Nobody knows whether the address is the object's owner's: administrators are told.
            user.claim_changed_at = Some(now);
        }
        if !there.enabled {
            user.block(Block::Entra, now);
        }
        let mut audit = vec![self.pushed(&user, there.by, turn)];
        if there.unlicensed {
            let mut refused = self.audit(Action::LicenceRefused, turn.request_id, now);
            refused.subject = Some(user.id);
            audit.push(refused);
        }
        match self.store.end_push(org, (&ready.user, &ready.push), &user, &audit).await {
            Ok(()) => Ok(Outcome::default()),
            Err(ImportError::Taken(Named::ObjectId)) => {
                let stopped = (PushReason::ObjectTaken, Some(there.object));
                self.stop(org, &ready.push, stopped, turn).await
            }
            Err(ImportError::Taken(_)) => {
                let stopped = (PushReason::AnchorTaken, Some(there.object));
                self.stop(org, &ready.push, stopped, turn).await
            }
            // Somebody changed them meanwhile: once more.
            Err(ImportError::Stale) => Err(Failure::Unfinished),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
    }

    async fn end(
        &self,
        org: OrganizationId,
        before: (&Stored<User>, &Stored<Push>),
        user: &User,
        audit: &[AuditEntry],
    ) -> Result<Outcome, Failure> {
        match self.store.end_push(org, before, user, audit).await {
            Ok(()) => Ok(Outcome::default()),
            Err(ImportError::Stale | ImportError::Taken(_)) => Err(Failure::Unfinished),
            Err(ImportError::Table(error)) => Err(error.into()),
        }
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
    ) -> Result<Outcome, Failure> {
        let now = self.clock.now();
        let mut audit = self.audit(Action::PushStopped, turn.request_id, now);
        audit.subject = Some(push.value.user);
        audit.reason = Some(reason.word().to_owned());
        let stopped = push.value.at(PushStage::Conflict(object), Some(reason), now);
        self.store.keep_push(org, push, &stopped, Some(&audit), None).await?;
        Ok(Outcome::default())
    }

    /// It stays due, and whoever looks sees why.
    async fn wait(
        &self,
        org: OrganizationId,
        push: &Stored<Push>,
        reason: PushReason,
    ) -> Result<Outcome, Failure> {
        self.note(org, push, reason).await?;
        Err(Failure::Waiting)
    }

    async fn note(
        &self,
        org: OrganizationId,
        push: &Stored<Push>,
        reason: PushReason,
    ) -> Result<(), Failure> {
        if push.value.reason == Some(reason) {
            return Ok(());
        }
        let noted = push.value.at(push.value.stage, Some(reason), self.clock.now());
        Ok(self.store.keep_push(org, push, &noted, None, None).await?)
    }
}

/// How a user came to be an object that was there before.
const LINKED: &str = "linked";

/// Looks at the object that somebody confirmed, and gives it an anchor where it has none. Whoever is
/// synced from on-premises is never written.
async fn link_there(graph: Tenant<'_>, user: &User, object: Uuid) -> Result<Attempt, GraphError> {
    let stopped = |reason| Ok(Attempt::Stopped(reason, Some(object)));
    if user.enrolled_at.is_some() {
        return stopped(PushReason::Enrolled);
    }
    let there = match graph.user(object).await {
        Ok(there) => there,
        Err(GraphError::NotFound(_)) => return stopped(PushReason::Gone),
        Err(error) => return Err(error),
    };
    let name = there.user_principal_name.value().map(|name| name.to_lowercase());
    if name != Some(user.user_name.folded()) {
        return stopped(PushReason::OtherName);
    }
    let anchor = match anchor_of(&there) {
        Some(text) => match text.parse::<Anchor>() {
            Ok(anchor) => anchor,
            Err(_) => return stopped(PushReason::AnchorNotAssertable),
        },
        None if there.is_synced() => return stopped(PushReason::AnchorRefused),
        None => {
            let anchor = Anchor::of(user.id);
            let change = UserChange {
                on_premises_immutable_id: Some(anchor.as_str().to_owned()),
                ..UserChange::default()
            };
            match graph.change_user(object, &change).await {
                Ok(()) => anchor,
                Err(GraphError::Conflict { .. }) => return stopped(PushReason::AnchorTaken),
                Err(refused) if is_refusal(&refused) => return stopped(PushReason::AnchorRefused),
                Err(error) => return Err(error),
            }
        }
    };
    Ok(Attempt::Is(There {
        object,
        anchor,
        enabled: there.account_enabled != Told::Value(false),
        synced: there.is_synced(),
        by: LINKED,
        unlicensed: false,
    }))
}
