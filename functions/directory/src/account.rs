//! Accounts in Entra of users who lost their access here, or got it back: whatever they have open there is
//! ended; and where somebody here decided it, the account is disabled, and enabled again by whoever disabled
//! it.

mod decision;
mod left;

use graph::{DirectoryUser, GraphError, Tenant, UserChange};
use identity::{DisabledAccount, User, UserId};
use jiff::SignedDuration;
use store::{
    Account, AccountEnd, Action, Connection, Feature, OutboxItem, Refused, Stage, Stored,
    TableError,
};
use uuid::Uuid;

use crate::app::App;
use crate::connection::{may_disable, may_end_sessions};
use crate::failure::Failure;
use crate::outbox::{AGREE, Outcome, Turn};
use decision::{Disabling, Next};

/// How long Graph may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// Why an account is left that is not there.
const NOT_FOUND: &str = "not_found";
/// Why an account is left that the tenant does not let us see to.
const NO_CONSENT: &str = "no_consent";
/// Why an account is left whose tenant was let go of.
const NOT_CONNECTED: &str = "not_connected";
/// How often an account is decided anew whose user changes meanwhile.
const RACES: u32 = 5;

/// What became of an account.
struct Fate {
    /// What the audit says of it; nothing, where it is as it should be.
    said: Option<(Action, Option<&'static str>)>,
    end: AccountEnd,
}

impl Fate {
    /// It is as it should be, or as nobody here decides.
    const NOTHING: Self = Self { said: None, end: AccountEnd { frees: false, waits: false } };

    /// What only a consent keeps from it waits for one.
    fn left(why: &'static str) -> Self {
        let waits = [NO_CONSENT, NOT_CONNECTED].contains(&why);
        let said = Some((Action::AccountLeft, Some(why)));
        Self { said, end: AccountEnd { waits, ..AccountEnd::default() } }
    }

    const fn done(action: Action) -> Self {
        Self { said: Some((action, None)), ..Self::NOTHING }
    }

    /// From now on it is not for us to enable it again.
    const fn not_ours(self) -> Self {
        Self { end: AccountEnd { frees: true, ..self.end }, ..self }
    }

    const fn for_good(self) -> Self {
        Self { end: AccountEnd { waits: false, ..self.end }, ..self }
    }
}

/// An account that is seen to: whose it is, and how it is reached.
struct Seeing<'a> {
    item: &'a OutboxItem,
    connection: &'a Stored<Connection>,
    object: Uuid,
    reader: Tenant<'a>,
    writer: Tenant<'a>,
    turn: &'a Turn<'a>,
}

impl App {
    /// Ends whatever somebody has open in Entra. Where no tenant was ever connected there is none.
    pub(crate) async fn end_sessions(
        &self,
        item: &OutboxItem,
        (user, object): (UserId, Uuid),
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let connection = self.store.connection(item.organization, self.clock.now()).await?;
        let Some(connection) = connection else { return Ok(Outcome::default()) };
        let seeing = self.seeing(item, &connection, object, turn);
        let left = self.revoke(&seeing).await?;
        let action = if left.is_none() { Action::SessionsEnded } else { Action::SessionsLeft };
        let mut audit = self.audit(action, turn.request_id, self.clock.now());
        audit.subject = Some(user);
        audit.reason = left.map(str::to_owned);
        Ok(Outcome { audit: Some(audit), next: Vec::new() })
    }

    /// Sees to the account of a user, until it is what it should be by what the user is then.
    pub(crate) async fn reconcile_account(
        &self,
        item: &OutboxItem,
        user: UserId,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        for race in 0..RACES {
            let account = self.store.account(item.organization, user, self.clock.now()).await?;
            // Whoever lost a race may have changed the account last, and sees to it all the same.
            if !account.owed && race == 0 {
                return Ok(Outcome::default());
            }
            match self.reconcile(item, (user, account), turn).await {
                Ok(()) => return Ok(Outcome::default()),
                // Somebody changed the user meanwhile.
                Err(Failure::Table(TableError::Conflict { .. }))
                    if self.clock.now() < turn.long_ends => {}
                Err(Failure::Table(TableError::Conflict { .. })) => break,
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Unfinished)
    }

    async fn reconcile(
        &self,
        item: &OutboxItem,
        (id, mut account): (UserId, Account),
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let mut fate = Fate::NOTHING;
        if let Some(stored) = &mut account.user
            && let Some(object) = stored.value.object_id
        {
            match &account.connection {
                Some(connection) => {
                    let seeing = self.seeing(item, connection, object, turn);
                    fate = self.settle_account(&seeing, stored).await?;
                }
                // There is no tenant yet whose account it would be.
                None => fate.end.waits = stored.value.is_offboarded(self.clock.now()),
            }
        }
        let audit = fate.said.map(|(action, reason)| {
            let mut audit = self.audit(action, turn.request_id, self.clock.now());
            audit.subject = Some(id);
            audit.reason = reason.map(str::to_owned);
            audit
        });
        let org = item.organization;
        Ok(self.store.end_account(org, id, &account, fate.end, audit.as_ref()).await?)
    }

    /// Does what is next for an account.
    async fn settle_account(
        &self,
        seeing: &Seeing<'_>,
        stored: &mut Stored<User>,
    ) -> Result<Fate, Failure> {
        let (user, connection, now) = (&stored.value, &seeing.connection.value, self.clock.now());
        if !user.is_offboarded(now) && user.disabled.is_none() {
            return Ok(Fate::NOTHING);
        }
        // What cannot be undone any more is Entra's own from then on, so that a reading says how it stands.
        let is_undone = !user.is_offboarded(now);
        let left = |why| match is_undone && why != NOT_FOUND {
            true => Fate::left(why).not_ours().for_good(),
            // It may be restored from the recycle bin.
            false => Fate::left(why),
        };
        if connection.stage != Stage::Connected {
            return Ok(left(lacks(connection)));
        }
        let there = match self.account_there(seeing).await? {
            Ok(there) => there,
            Err(why) => return Ok(left(why)),
        };
        let enabled = there.account_enabled.value() == Some(&true);
        match decision::next(user, connection.tenant, may_disable(connection), &there, now) {
            Next::Nothing => Ok(Fate::NOTHING),
            // Whoever disables what is enabled now is not us.
            Next::Leave(why) if enabled => Ok(Fate::left(why).not_ours()),
            Next::Leave(why) => Ok(left(why)),
            Next::Forget => Ok(Fate::done(Action::AccountEnabled).not_ours()),
            Next::Enable => match self.set_enabled(seeing, true).await? {
                Ok(()) => self.show_enabled(seeing).await,
                Err(why) => Ok(left(why)),
            },
            Next::Disable(disabling) => {
                self.disable_there_too(seeing, stored, disabling, enabled).await
            }
        }
    }

    /// Ends that an account is ours once it is shown as we left it: until then what is shown may be older, and
    /// whoever is blocked again would be taken for somebody whom others disabled.
    async fn show_enabled(&self, seeing: &Seeing<'_>) -> Result<Fate, Failure> {
        let enabled = Fate::done(Action::AccountEnabled).not_ours();
        match self.account_there(seeing).await? {
            Ok(there) if there.account_enabled.value() != Some(&true) => {
                if seeing.item.attempts >= AGREE { Ok(enabled) } else { Err(Failure::Waiting) }
            }
            Ok(_) | Err(_) => Ok(enabled),
        }
    }

    /// Disables an account, which is noted before, and ends what was opened until then.
    async fn disable_there_too(
        &self,
        seeing: &Seeing<'_>,
        stored: &mut Stored<User>,
        disabling: Disabling,
        enabled: bool,
    ) -> Result<Fate, Failure> {
        if disabling == Disabling::New {
            let (tenant, at) = (seeing.connection.value.tenant, self.clock.now());
            let account = DisabledAccount { tenant, object: seeing.object, at };
            let org = seeing.item.organization;
            *stored = self.store.note_disabled(org, stored, account).await?;
        }
        let fate = match (self.set_enabled(seeing, false).await?, disabling) {
            (_, Disabling::Theirs) => Fate::left("disabled_there"),
            (Ok(()), Disabling::New | Disabling::Ours) => Fate::done(Action::AccountDisabled),
            // Done before, by an attempt whose end nobody saw.
            (Err(_), Disabling::Ours) if !enabled => Fate::done(Action::AccountDisabled),
            // It may be disabled in the recycle bin.
            (Err(NOT_FOUND), _) => Fate::left(NOT_FOUND),
            (Err(why), _) => Fate::left(why).not_ours(),
        };
        // Whether that may be is said of whoever lost their access.
        let _left = self.revoke(seeing).await?;
        Ok(fate)
    }

    /// The account as it is there, or why nobody can say.
    async fn account_there(
        &self,
        seeing: &Seeing<'_>,
    ) -> Result<Result<DirectoryUser, &'static str>, Failure> {
        match seeing.reader.user(seeing.object).await {
            Ok(there) => Ok(Ok(there)),
            Err(lost @ GraphError::ConsentLost(_)) => {
                // Whether it is gone for good, a round of reading finds out.
                self.reader.forget(seeing.connection.value.tenant);
                if !seeing.turn.is_agreed(Refused::Account) {
                    return Err(seeing.turn.refused(Refused::Account, lost));
                }
                web::failure::log(&lost, seeing.turn.request_id);
                Ok(Err(NO_CONSENT))
            }
            Err(error) => self.why_left(seeing, error).await.map(Err),
        }
    }

    async fn set_enabled(
        &self,
        seeing: &Seeing<'_>,
        enabled: bool,
    ) -> Result<Result<(), &'static str>, Failure> {
        let change = UserChange { account_enabled: Some(enabled), ..UserChange::default() };
        match seeing.writer.change_user(seeing.object, &change).await {
            Ok(()) => Ok(Ok(())),
            Err(error) => self.why_left(seeing, error).await.map(Err),
        }
    }

    /// Ends whatever is open, or says why that cannot be.
    async fn revoke(&self, seeing: &Seeing<'_>) -> Result<Option<&'static str>, Failure> {
        let connection = &seeing.connection.value;
        if !may_end_sessions(connection) {
            return Ok(Some(lacks(connection)));
        }
        match seeing.writer.revoke_sessions(seeing.object).await {
            Ok(()) => Ok(None),
            Err(error) => self.why_left(seeing, error).await.map(Some),
        }
    }

    /// Why an account is left as it is, once that is known for good; until then it is tried again. What
    /// Graph forbids is believed once fresh tokens agree.
    async fn why_left(
        &self,
        seeing: &Seeing<'_>,
        error: GraphError,
    ) -> Result<&'static str, Failure> {
        let Seeing { item, connection, turn, .. } = seeing;
        match error {
            later @ GraphError::Retry(_) => Err(Failure::Writing(later)),
            // Whoever was just made may not be seen everywhere.
            GraphError::NotFound(trace) if trace.is_no_such_object() => {
                if item.attempts >= AGREE {
                    Ok(NOT_FOUND)
                } else {
                    Err(Failure::Waiting)
                }
            }
            GraphError::ConsentLost(trace) if trace.status != Some(403) => {
                let lost = (Feature::WriteUsers, GraphError::ConsentLost(trace));
                self.refused(item.organization, connection, lost, turn).await?;
                Ok(NO_CONSENT)
            }
            error if !turn.is_agreed(Refused::Account) => {
                self.writer.forget(connection.value.tenant);
                Err(turn.refused(Refused::Account, error))
            }
            refused => {
                web::failure::log(&refused, turn.request_id);
                web::metric::count("AccountLeft", "directory", self.clock.now());
                Ok("refused")
            }
        }
    }

    fn seeing<'a>(
        &'a self,
        item: &'a OutboxItem,
        connection: &'a Stored<Connection>,
        object: Uuid,
        turn: &'a Turn<'a>,
    ) -> Seeing<'a> {
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let now = self.clock.now();
        let until = now.checked_add(PATIENCE).unwrap_or(now);
        let [reader, writer] = [&self.reader, &self.writer].map(|graph| {
            turn.renew(graph, &connection.value);
            graph.tenant(connection.value.tenant, correlation, until)
        });
        Seeing { item, connection, object, reader, writer, turn }
    }
}

/// What a connection lacks by which nothing may be done.
const fn lacks(connection: &Connection) -> &'static str {
    if connection.holds_tenant() { NO_CONSENT } else { NOT_CONNECTED }
}
