//! The tenant that an organization is connected to: reads it as long as the connection works, and says
//! so when it does not any more.

use bus::ConsentLost;
use graph::{GraphError, Permission};
use identity::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use store::{Action, Connection, Feature, OutboxItem, Refused, Stage, Stored};
use uuid::Uuid;

use crate::app::App;
use crate::failure::Failure;
use crate::import::{Directory, FirstPage, PAGE, Reading, ReadingError};
use crate::outbox::{Outcome, Turn};
use crate::round;

/// How long before the end Graph is not asked any more.
const ASKING: SignedDuration = SignedDuration::from_secs(5);

impl App {
    /// Reads on where the last invocation stopped. The chain of rounds ends with the connection: one
    /// that works again has a chain of its own.
    pub(crate) async fn read_connected(
        &self,
        item: &OutboxItem,
        since: Timestamp,
        first: Option<FirstPage>,
        turn: &Turn<'_>,
    ) -> Result<Outcome, Failure> {
        let organization = item.organization;
        let stored = self.store.connection(organization, self.clock.now()).await?;
        let Some(stored) = stored else { return Ok(Outcome::default()) };
        if !works(&stored.value, since) {
            if !stored.value.holds_tenant() {
                self.reader.forget(stored.value.tenant);
                self.writer.forget(stored.value.tenant);
            }
            return Ok(Outcome::default());
        }
        let directory = self.directory(organization, &stored.value, turn);
        match self.read_from(&directory, first, turn.request_id).await {
            Ok(Reading::Ended(import)) => {
                self.search_again(&directory, &import, turn.request_id).await;
                self.keep_subscribed(&directory, turn.request_id).await;
                self.look_for_the_first_time(organization, turn.request_id).await;
                let now = self.clock.now();
                let rules = self.store.reading_rules(organization, now).await?.value;
                let next = self.next_round(organization, since, &rules);
                round::log(organization, &import, Some(&next), turn.request_id);
                let mut outcome = Outcome { audit: None, next: vec![next] };
                outcome.next.extend(self.anchors_next(organization).await?);
                Ok(outcome)
            }
            Ok(Reading::Unfinished { came_further, .. }) => Err(Failure::out_of_time(came_further)),
            Ok(Reading::Elsewhere) => Err(Failure::Unfinished),
            Err(ReadingError::Graph(lost @ GraphError::ConsentLost(_))) => {
                self.refused(organization, &stored, (Feature::ReadUsers, lost), turn).await?;
                Ok(Outcome::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The tenant that a connection leads to, for as long as an invocation has.
    pub(crate) fn directory(
        &self,
        organization: OrganizationId,
        connection: &Connection,
        turn: &Turn<'_>,
    ) -> Directory<'_> {
        // A page that is begun in time is mostly carried to its end.
        let until = turn.long_ends.checked_add(PAGE).unwrap_or(turn.long_ends);
        let correlation = uuid::Builder::from_random_bytes((*self.entropy).bytes()).into_uuid();
        let asked = until.checked_sub(ASKING).unwrap_or(until);
        turn.renew(&self.reader, connection);
        Directory {
            organization,
            tenant: connection.tenant,
            graph: self.reader.tenant(connection.tenant, correlation, asked),
            origin: self.reader.origin(),
            since: self.clock.now(),
            until,
            refusals: turn.counted(),
        }
    }

    /// The tenant refuses us, and not for somebody alone. The token may be older than the consent: it is
    /// believed lost once fresh ones agree, in a row. Nobody is offboarded for it: nothing more is asked,
    /// everybody can see it, and the bus is told.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`] where it is not believed yet.
    pub(crate) async fn refused(
        &self,
        organization: OrganizationId,
        stored: &Stored<Connection>,
        (feature, lost): (Feature, GraphError),
        turn: &Turn<'_>,
    ) -> Result<(), Failure> {
        let graph = match feature {
            Feature::ReadUsers => &self.reader,
            Feature::WriteUsers => &self.writer,
        };
        graph.forget(stored.value.tenant);
        if !turn.is_agreed(Refused::Us) {
            return Err(turn.refused(Refused::Us, lost));
        }
        web::failure::log(&lost, turn.request_id);
        let mut audit = self.audit(Action::ConsentLost, turn.request_id, self.clock.now());
        audit.reason = Some(feature.word().to_owned());
        let report = self.store.lose_consent(organization, stored, feature, &audit).await?;
        self.announce(std::slice::from_ref(&report), turn.request_id).await;
        Ok(())
    }

    /// Says it on the bus, as often as it takes.
    pub(crate) async fn report_consent_lost(
        &self,
        item: &OutboxItem,
        tenant: Uuid,
    ) -> Result<(), Failure> {
        let (id, organization, at) = (item.id, item.organization, item.created_at);
        let whose = organization.to_string();
        web::metric::count_of("ConsentLost", &[], ("directory", &whose), self.clock.now());
        Ok(self.bus.consent_lost(&ConsentLost { version: 1, id, organization, tenant, at }).await?)
    }
}

/// Whether users may be changed there, by what is granted.
pub(crate) fn may_write(connection: &Connection) -> bool {
    connection.stage == Stage::Connected && connection.lets_users_be_changed()
}

/// Whether accounts may be disabled and enabled there, by what is granted.
pub(crate) fn may_disable(connection: &Connection) -> bool {
    may(connection, Permission::UserEnableDisable) && may(connection, Permission::UserRead)
}

/// Whether sessions may be ended there, by what is granted.
pub(crate) fn may_end_sessions(connection: &Connection) -> bool {
    may(connection, Permission::UserRevokeSessions)
}

fn may(connection: &Connection, permission: Permission) -> bool {
    let granted = connection.granted.get(&Feature::WriteUsers).into_iter().flatten();
    connection.stage == Stage::Connected && permission.is_covered_by(granted.map(String::as_str))
}

pub(crate) fn works(connection: &Connection, since: Timestamp) -> bool {
    connection.stage == Stage::Connected && connection.since == since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_decides_what_is_done_and_the_narrow_permissions_do_their_part_alone() {
        let cases: [(&[&str], [bool; 3]); 8] = [
            (&[], [false, false, false]),
            (&["User.Read.All"], [false, false, false]),
            (&["User.RevokeSessions.All"], [false, false, true]),
            (&["User.EnableDisableAccount.All"], [false, false, false]),
            (&["User.EnableDisableAccount.All", "User.Read.All"], [false, true, false]),
            (
                &["User.EnableDisableAccount.All", "User.Read.All", "User.RevokeSessions.All"],
                [false, true, true],
            ),
            (&["User.ReadWrite.All"], [true, true, true]),
            (&["Directory.ReadWrite.All"], [true, true, false]),
        ];
        for (granted, expected) in cases {
            let names = granted.iter().map(|name| (*name).to_owned()).collect();
            let mut connection = Connection {
                tenant: Uuid::nil(),
                stage: Stage::Connected,
                since: Timestamp::UNIX_EPOCH,
                feature: Feature::ReadUsers,
                authorised: None,
                granted: [(Feature::WriteUsers, names)].into(),
                name: None,
                domains: Vec::new(),
                checked_at: None,
                lost: [].into(),
            };
            let found =
                |one: &Connection| [may_write(one), may_disable(one), may_end_sessions(one)];
            assert_eq!(found(&connection), expected, "{granted:?}");
            let writes = Permission::UserReadWrite.is_covered_by(granted.iter().copied());
            assert_eq!(connection.lets_users_be_changed(), writes, "{granted:?}");
            connection.stage = Stage::Lost;
            assert_eq!(found(&connection), [false; 3], "{granted:?}");
        }
    }
}
