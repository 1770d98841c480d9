//! Connections to Entra tenants, and the journeys to Microsoft that make them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use identity::{
    HeldSession, Method, Organization, OrganizationId, SecretHash, Session, User, UserId,
    accept_session, may_administer,
};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item::{Item, or_gone};
use crate::schema::Key;
use crate::table::{Expect, Write};
use crate::write::Clause;
use crate::{
    AuditEntry, Import, MissingSearch, OutboxItem, ReadingRules, Store, Stored, TableError, Task,
    Version,
};

/// What a connection is good for. Each is an application of its own, with its own consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Users are read.
    ReadUsers,
    /// Users are created and changed.
    WriteUsers,
}

impl Feature {
    /// Every one, in the order in which they are asked for.
    pub const ALL: [Self; 2] = [Self::ReadUsers, Self::WriteUsers];

    /// The word in our URLs and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReadUsers => "read-users",
            Self::WriteUsers => "write-users",
        }
    }
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Somebody of the tenant signed in, and Microsoft does not tell whether they may consent.
    AwaitingRole,
    /// An administrator of the tenant signed in; the consent is not known everywhere yet.
    AwaitingToken,
    /// It works.
    Connected,
    /// It worked, and the consent is gone.
    Lost,
    /// An administrator ended it.
    Disconnected,
}

/// Who authorised a connection, as Microsoft names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// The person's object id in the tenant: who it is.
    pub object_id: Uuid,
    /// The sign-in name at that time, for showing.
    pub user_name: Option<String>,
    /// The name at that time, for showing.
    pub name: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A domain that is verified in the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDomain {
    /// Its name.
    pub name: String,
    /// Whether somebody else than Microsoft signs its people in.
    pub federated: bool,
}

/// An organization's connection to its Entra tenant. Holds no token and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Which tenant.
    pub tenant: Uuid,
    /// How far it has come.
    pub stage: Stage,
    /// Since when; where it works, since when its users are read as they are.
    pub since: Timestamp,
    /// What it was last asked to be good for.
    pub feature: Feature,
    /// Who authorised it last, once somebody did who may.
    pub authorised: Option<Authorised>,
    /// The permissions that are really granted.
    pub granted: BTreeMap<Feature, BTreeSet<String>>,
    /// What the tenant calls itself.
    pub name: Option<String>,
    /// Its verified domains.
    pub domains: Vec<TenantDomain>,
    /// When Microsoft last confirmed all that.
    pub checked_at: Option<Timestamp>,
    /// Which consents were taken back in Entra and not given again since, and when that was seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lost: BTreeMap<Feature, Timestamp>,
}

impl Connection {
    /// Whether users may be made and changed there, whatever of them, by what is granted. To end access
    /// alone, less may be granted to the same application.
    pub fn lets_users_be_changed(&self) -> bool {
        let granted = self.granted.get(&Feature::WriteUsers).into_iter().flatten();
        let mut granted = granted.map(String::as_str);
        granted.any(|name| ["User.ReadWrite.All", "Directory.ReadWrite.All"].contains(&name))
    }

    /// Whether it holds the tenant, so that no other organization can have it.
    pub const fn holds_tenant(&self) -> bool {
        match self.stage {
            Stage::AwaitingToken | Stage::Connected | Stage::Lost => true,
            Stage::AwaitingRole | Stage::Disconnected => false,
        }
    }
}

/// That an organization is connected to a tenant.
pub(crate) fn works_with(tenant: Uuid) -> Clause {
    let connected = AttributeValue::S("connected".to_owned());
    Clause::new("#v.stage = :stage").with(":stage", connected).and(
        "#v.tenant = :tenant",
        ":tenant",
        AttributeValue::S(tenant.to_string()),
    )
}

/// A browser on its way to Microsoft and back. Its id is the `state`: known to that browser, used
/// once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey<Proof> {
    /// What the browser held when it left: its session, or a half made for who has none. It must
    /// hold the same when it comes back.
    pub browser: SecretHash,
    /// What it left for.
    pub leg: Leg<Proof>,
    /// First instant at which it is over.
    pub ends_at: Timestamp,
}

/// What a browser left for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg<Proof> {
    /// To consent.
    Consent {
        /// What the connection is to be good for.
        feature: Feature,
    },
    /// To sign in at a tenant.
    SignIn {
        /// What the connection is to be good for.
        feature: Feature,
        /// The tenant that was consented in, it is said.
        tenant: Uuid,
        /// What the id token must carry.
        nonce: String,
        /// What proves that we are who asked for the code.
        proof: Proof,
    },
    /// To sign in at the organization's tenant, and be signed in here by it.
    Enter {
        /// The tenant that the organization was connected to.
        tenant: Uuid,
        /// What the id token must carry.
        nonce: String,
        /// What proves that we are who asked for the code.
        proof: Proof,
    },
    /// To sign in at the organization's tenant, and let us look at how its domains are federated.
    Federation {
        /// The tenant that the organization was connected to.
        tenant: Uuid,
        /// What the id token must carry.
        nonce: String,
        /// What proves that we are who asked for the code.
        proof: Proof,
    },
}

impl Journey<()> {
    /// How long somebody may take.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

    /// The end of a journey that begins now.
    pub fn end(now: Timestamp) -> Timestamp {
        now.checked_add(Self::LIFETIME).unwrap_or(now)
    }
}

#[derive(Serialize, Deserialize)]
struct Owner {
    organization: OrganizationId,
}

/// What a step of connecting, or of signing in with Microsoft, needs to know.
#[derive(Debug)]
pub struct Connecting<Proof> {
    /// The organization.
    pub organization: Organization,
    /// Whoever the session speaks for.
    pub user: Option<Stored<User>>,
    /// The session that the browser says it has.
    pub session: Option<Session>,
    /// The connection, once there was one.
    pub connection: Option<Stored<Connection>>,
    /// How far reading the directory has come, once it began.
    pub import: Option<Import>,
    /// How it is read.
    pub rules: ReadingRules,
    /// The latest search for whoever is missing there, once there was one.
    pub missing: Option<MissingSearch>,
    /// The journey that the browser comes back from.
    pub journey: Option<Stored<Journey<Proof>>>,
}

impl<Proof> Connecting<Proof> {
    /// Who asks, if the session speaks for somebody who administers the organization.
    pub fn administrator(&self, now: Timestamp) -> Option<UserId> {
        let user = self.signed_in(now)?;
        may_administer(user, &self.organization, now).then_some(user.id)
    }

    /// Whom the session speaks for, if it began as their directory says. Administrators have both
    /// ways. One that Microsoft began ends with the tenant that it began at.
    pub fn signed_in(&self, now: Timestamp) -> Option<&User> {
        let (user, session) = (&self.user.as_ref()?.value, self.session.as_ref()?);
        let begun = session.by == self.organization.method_of(user)
            || may_administer(user, &self.organization, now);
        let held = self.connection.as_ref().map(|stored| &stored.value);
        let held = held.filter(|held| held.holds_tenant()).map(|held| held.tenant);
        let begun =
            begun && (session.by == Method::Passkey || held.is_some() && held == user.tenant);
        let speaks = user.has_access(now) && accept_session(session, user, None, now);
        (begun && speaks).then_some(user)
    }

    /// The tenant, if its people can sign in with Microsoft: where it was connected and is not let go.
    /// That its users cannot be read for now locks none of them out.
    pub fn tenant(&self) -> Option<Uuid> {
        let connection = &self.connection.as_ref()?.value;
        matches!(connection.stage, Stage::Connected | Stage::Lost).then_some(connection.tenant)
    }

    /// The connection, while it works.
    pub fn connected(&self) -> Option<&Connection> {
        let connection = &self.connection.as_ref()?.value;
        (connection.stage == Stage::Connected).then_some(connection)
    }
}

/// Why a connection was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Another organization has the tenant.
    #[error("the tenant is connected to another organization")]
    TenantTaken,
    /// The table did not do as told.
    #[error("the connection could not be stored")]
    Table(#[source] TableError),
}

impl Store {
    /// What a step of connecting, or of signing in with Microsoft, needs, in one read; [`None`] when
    /// there is no such organization.
    pub async fn connecting<Proof: DeserializeOwned>(
        &self,
        org: OrganizationId,
        held: Option<&HeldSession>,
        journey: Option<&SecretHash>,
        now: Timestamp,
    ) -> Result<Option<Connecting<Proof>>, TableError> {
        let organization = Key::organization(org);
        let user = held.map(|held| Key::user(org, held.user));
        let session = held.map(|held| Key::session(org, held.user, &held.hash));
        let connection = Key::connection(org);
        let import = Key::import(org);
        let rules = Key::reading_rules(org);
        let missing = Key::missing(org);
        let journey = journey.map(|journey| Key::journey(org, journey));
        let fixed = [&organization, &connection, &import, &rules, &missing];
        let optional = [&user, &session, &journey].into_iter().flatten();
        let keys = fixed.into_iter().chain(optional).cloned().collect();
        let mut found = self.table.get_many(keys).await?;
        let Some(organization) = found.take::<Organization>(&organization, now)? else {
            return Ok(None);
        };
        let session: Option<Stored<Session>> =
            session.map_or(Ok(None), |key| or_gone(found.take(&key, now)))?;
        let import: Option<Stored<Import>> = found.take(&import, now)?;
        let rules: Option<Stored<ReadingRules>> = found.take(&rules, now)?;
        let missing: Option<Stored<MissingSearch>> = found.take(&missing, now)?;
        Ok(Some(Connecting {
            organization: organization.value,
            user: user.map_or(Ok(None), |key| found.take(&key, now))?,
            session: session.map(|stored| stored.value),
            connection: found.take(&connection, now)?,
            import: import.map(|stored| stored.value),
            rules: rules.map(|stored| stored.value).unwrap_or_default(),
            missing: missing.map(|stored| stored.value),
            journey: journey.map_or(Ok(None), |key| or_gone(found.take(&key, now)))?,
        }))
    }

    /// The connection of an organization.
    pub async fn connection(
        &self,
        org: OrganizationId,
        now: Timestamp,
    ) -> Result<Option<Stored<Connection>>, TableError> {
        self.table.get(Key::connection(org), now).await
    }

    /// The organization that a tenant is connected to.
    pub async fn tenant_owner(
        &self,
        tenant: Uuid,
        now: Timestamp,
    ) -> Result<Option<OrganizationId>, TableError> {
        let owner: Option<Stored<Owner>> = self.table.get(Key::tenant_owner(tenant), now).await?;
        Ok(owner.map(|stored| stored.value.organization))
    }

    /// Remembers that a browser leaves.
    pub async fn depart<Proof: Serialize>(
        &self,
        org: OrganizationId,
        id: &SecretHash,
        journey: &Journey<Proof>,
    ) -> Result<(), TableError> {
        self.table.write(vec![Write::Put(journey_item(org, id, journey)?, Expect::Absent)]).await
    }

    /// Ends a journey and begins the next one, both or neither.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] at position 0 when it was ended before.
    pub async fn travel_on<Proof: Serialize>(
        &self,
        org: OrganizationId,
        ended: (&SecretHash, Version),
        next: (&SecretHash, &Journey<Proof>),
    ) -> Result<(), TableError> {
        let writes = vec![
            Write::Delete(Key::journey(org, ended.0), ended.1),
            Write::Put(journey_item(org, next.0, next.1)?, Expect::Absent),
        ];
        self.table.write(writes).await
    }

    /// Ends a journey, before anything that it brought is used.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when it was ended before.
    pub async fn arrive(
        &self,
        org: OrganizationId,
        ended: (&SecretHash, Version),
        refused: Option<&AuditEntry>,
    ) -> Result<(), TableError> {
        let mut writes = vec![Write::Delete(Key::journey(org, ended.0), ended.1)];
        if let Some(audit) = refused {
            writes.push(Write::Put(audit.item(org)?, Expect::Absent));
        }
        self.table.write(writes).await
    }

    /// Stores what a connection became, with what must happen because of it, and with the claim on its
    /// tenant: claimed when it begins to hold it, given back when it does not any more.
    ///
    /// # Errors
    ///
    /// [`ConnectError::TenantTaken`] when another organization holds the tenant;
    /// [`TableError::Conflict`] inside [`ConnectError::Table`] when the connection changed since it
    /// was read.
    pub async fn connect(
        &self,
        org: OrganizationId,
        connection: &Connection,
        before: Option<&Stored<Connection>>,
        audit: Option<&AuditEntry>,
        next: &[OutboxItem],
    ) -> Result<(), ConnectError> {
        let held = before.filter(|before| before.value.holds_tenant());
        let held = held.map(|before| before.value.tenant);
        let holds = connection.holds_tenant().then_some(connection.tenant);
        let claimed = holds.filter(|tenant| held != Some(*tenant));
        let given_back = held.filter(|tenant| holds != Some(*tenant));
        let expect = before.map_or(Expect::Absent, |before| Expect::Version(before.version));
        let writes = || -> Result<Vec<Write>, TableError> {
            let mut writes = Vec::new();
            if let Some(tenant) = claimed {
                let item = Item::new(Key::tenant_owner(tenant), &Owner { organization: org })?;
                writes.push(Write::Put(item, Expect::Absent));
            }
            writes.push(Write::Put(Item::new(Key::connection(org), connection)?, expect));
            if let Some(tenant) = given_back {
                writes.push(Write::Remove(Key::tenant_owner(tenant)));
                // What it still tells is nothing to us.
                writes.push(Write::Remove(Key::subscription(org)));
            }
            if let Some(audit) = audit {
                writes.push(Write::Put(audit.item(org)?, Expect::Absent));
            }
            for next in next {
                writes.push(Write::Put(next.item()?, Expect::Absent));
            }
            Ok(writes)
        };
        let writes = writes().map_err(ConnectError::Table)?;
        self.table.write(writes).await.map_err(|error| match error {
            TableError::Conflict { position: 0 } if claimed.is_some() => ConnectError::TenantTaken,
            other => ConnectError::Table(other),
        })
    }

    /// Stores that a tenant took its consent to a feature back, and that this is to be said on the
    /// bus. Nobody loses access for it. Answers the outbox item.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] inside [`ConnectError::Table`] when the connection changed since it
    /// was read.
    pub async fn lose_consent(
        &self,
        org: OrganizationId,
        before: &Stored<Connection>,
        feature: Feature,
        audit: &AuditEntry,
    ) -> Result<OutboxItem, ConnectError> {
        let mut connection = before.value.clone();
        connection.granted.remove(&feature);
        connection.lost.insert(feature, audit.at);
        // Nobody waits for what is gone.
        if connection.feature == feature {
            connection.feature = Feature::ReadUsers;
        }
        if feature == Feature::ReadUsers {
            (connection.stage, connection.since) = (Stage::Lost, audit.at);
        }
        let task = Task::ReportConsentLost { tenant: connection.tenant };
        let report = OutboxItem::following(audit, org, task);
        self.connect(org, &connection, Some(before), Some(audit), std::slice::from_ref(&report))
            .await?;
        Ok(report)
    }

    /// The certificates of the deployment's client key.
    pub async fn client_certificates<Certificates: DeserializeOwned>(
        &self,
        now: Timestamp,
    ) -> Result<Option<Stored<Certificates>>, TableError> {
        self.table.get(Key::client_certificates(), now).await
    }

    /// Stores the certificates of the deployment's client key.
    ///
    /// # Errors
    ///
    /// [`TableError::Conflict`] when somebody else did meanwhile.
    pub async fn keep_client_certificates(
        &self,
        certificates: &impl Serialize,
        expected: Option<Version>,
    ) -> Result<(), TableError> {
        let item = Item::new(Key::client_certificates(), certificates)?;
        let expect = expected.map_or(Expect::Absent, Expect::Version);
        self.table.write(vec![Write::Put(item, expect)]).await
    }
}

fn journey_item<Proof: Serialize>(
    org: OrganizationId,
    id: &SecretHash,
    journey: &Journey<Proof>,
) -> Result<Item, TableError> {
    Ok(Item::new(Key::journey(org, id), journey)?.until(journey.ends_at.as_second()))
}
