//! The deployment's own event bus: what is said on it, and how.
//!
//! An event only says that something is due; the table says what. One that gets lost is made up
//! for by the sweep, one that comes twice changes nothing.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use identity::{Block, OrganizationId, OutboxId, SearchId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The `source` of every event of ours.
pub const SOURCE: &str = "passerelle";

/// An outbox item waits to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDue {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which one.
    pub item: OutboxId,
}

impl OutboxDue {
    /// The `detail-type` of this event.
    pub const DETAIL_TYPE: &str = "outbox.due";
    /// The `detail-type` where the item is a round of reading: it has a queue of its own.
    pub const ROUND_DETAIL_TYPE: &str = "round.due";
}

/// A tenant took its consent back, or somebody in it did: nothing is read or written there until it is
/// given again. For the owner's own automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentLost {
    /// 1: what is here now keeps its meaning for as long as this number stays.
    pub version: u32,
    /// Names the occurrence: the same one may be told twice.
    pub id: OutboxId,
    /// Whose connection it is.
    pub organization: OrganizationId,
    /// The tenant that is connected to it.
    pub tenant: Uuid,
    /// When it was seen.
    pub at: Timestamp,
}

impl ConsentLost {
    /// The `detail-type` of this event.
    pub const DETAIL_TYPE: &str = "connection.consent_lost";
}

/// Somebody lost their access, or got it back. For the owner's own automation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessChanged {
    /// 1: what is here now keeps its meaning for as long as this number stays.
    pub version: u32,
    /// Names the occurrence: the same one may be told twice.
    pub id: OutboxId,
    /// Whose user it is.
    pub organization: OrganizationId,
    /// The user, by our id.
    pub user: UserId,
    /// The user, by Entra's object id, where it is known.
    pub object_id: Option<Uuid>,
    /// What stands against the access; nothing where it came back.
    pub reasons: Vec<Reason>,
    /// When it was decided.
    pub at: Timestamp,
}

/// What stands against somebody's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Entra says that the account is disabled or gone.
    Entra,
    /// An administrator took the access away.
    Administrator,
    /// A provisioning client set `active` to false.
    Provisioning,
    /// The person's last day is over.
    LastDay,
    /// A provisioning client deleted the user.
    Deleted,
}

impl From<Block> for Reason {
    fn from(block: Block) -> Self {
        match block {
            Block::Entra => Self::Entra,
            Block::Administrator => Self::Administrator,
            Block::Provisioning => Self::Provisioning,
            Block::LastDay => Self::LastDay,
        }
    }
}

impl AccessChanged {
    /// The `detail-type` where access was taken.
    pub const OFFBOARDED: &str = "user.offboarded";
    /// The `detail-type` where it was given back.
    pub const REENABLED: &str = "user.reenabled";

    /// Which of both it is.
    pub const fn detail_type(&self) -> &'static str {
        if self.reasons.is_empty() { Self::REENABLED } else { Self::OFFBOARDED }
    }
}

/// More users are missing in a tenant than may lose access unasked: nobody did, and somebody has to
/// decide. For the owner's own automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingHeld {
    /// 1: what is here now keeps its meaning for as long as this number stays.
    pub version: u32,
    /// Names the occurrence: the same one may be told twice.
    pub id: OutboxId,
    /// Whose users they are.
    pub organization: OrganizationId,
    /// The tenant that does not have them.
    pub tenant: Uuid,
    /// Names the list of them.
    pub search: SearchId,
    /// How many are missing.
    pub missing: u64,
    /// How many the tenant was asked for.
    pub asked: u64,
    /// When it was seen.
    pub at: Timestamp,
}

impl MissingHeld {
    /// The `detail-type` of this event.
    pub const DETAIL_TYPE: &str = "connection.missing_held";
}

/// A round of reading a tenant failed; it is tried again, less and less often. For the owner's own
/// automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundFailed {
    /// 1: what is here now keeps its meaning for as long as this number stays.
    pub version: u32,
    /// Names the occurrence: the same one may be told twice.
    pub id: OutboxId,
    /// Whose tenant it is.
    pub organization: OrganizationId,
    /// The end of the last round, or when the tenant was connected: who left since then is not known.
    pub since: Timestamp,
    /// How many tries failed, one after the other.
    pub failures: u32,
    /// Why the last one did.
    pub cause: Cause,
    /// When it did.
    pub at: Timestamp,
}

impl RoundFailed {
    /// The `detail-type` of this event.
    pub const DETAIL_TYPE: &str = "connection.round_failed";
}

/// Why a round failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Microsoft asked for time.
    Throttled,
    /// Microsoft did not answer, or not in time.
    Unavailable,
    /// Microsoft refused; it is asked again before that is believed.
    Refused,
    /// It is ours: the log says what.
    Ours,
}

/// Nobody knows for how long whether somebody left: a round is late. For the owner's own automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unchecked {
    /// 1: what is here now keeps its meaning for as long as this number stays.
    pub version: u32,
    /// Names the occurrence: the same one may be told twice.
    pub id: OutboxId,
    /// Whose tenant it is.
    pub organization: OrganizationId,
    /// The end of the last round, or when the tenant was connected.
    pub since: Timestamp,
    /// How many whole hours ago that was.
    pub hours: i64,
    /// When it was seen.
    pub at: Timestamp,
}

impl Unchecked {
    /// The `detail-type` of this event.
    pub const DETAIL_TYPE: &str = "connection.unchecked";
}

/// An event was not taken.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take an event")]
pub struct BusError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The longest pause before the second attempt: the person's answer waits for it.
const PAUSE: Duration = Duration::from_millis(100);

/// An EventBridge bus.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// Speaks to the bus of that name: at most two attempts of one second each for an event, since
    /// the sweep makes up for a lost one.
    pub fn new(aws: &SdkConfig, name: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(1))
            .operation_timeout(Duration::from_secs(2))
            .build();
        let config = aws_sdk_eventbridge::config::Builder::from(aws)
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(PAUSE))
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config), name }
    }

    /// Says that outbox items are due; at most ten at once (EventBridge's own limit), the sweep
    /// finds the others.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused an entry.
    pub async fn outbox_due(&self, due: &[OutboxDue]) -> Result<(), BusError> {
        self.put_due(OutboxDue::DETAIL_TYPE, due).await
    }

    /// Says that rounds of reading are due, or what else goes through everybody; at most ten at once.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused an entry.
    pub async fn rounds_due(&self, due: &[OutboxDue]) -> Result<(), BusError> {
        self.put_due(OutboxDue::ROUND_DETAIL_TYPE, due).await
    }

    async fn put_due(&self, detail_type: &str, due: &[OutboxDue]) -> Result<(), BusError> {
        if due.is_empty() {
            return Ok(());
        }
        let entries = due.iter().take(10).map(|due| self.entry(detail_type, due));
        self.put(entries.collect::<Result<_, _>>()?).await
    }

    /// Says that a tenant took its consent back.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused it.
    pub async fn consent_lost(&self, lost: &ConsentLost) -> Result<(), BusError> {
        self.put(vec![self.entry(ConsentLost::DETAIL_TYPE, lost)?]).await
    }

    /// Says that somebody lost their access, or got it back.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused it.
    pub async fn access_changed(&self, changed: &AccessChanged) -> Result<(), BusError> {
        self.put(vec![self.entry(changed.detail_type(), changed)?]).await
    }

    /// Says that users are missing in a tenant, and that somebody has to decide about them.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused it.
    pub async fn missing_held(&self, held: &MissingHeld) -> Result<(), BusError> {
        self.put(vec![self.entry(MissingHeld::DETAIL_TYPE, held)?]).await
    }

    /// Says that a round failed.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused it.
    pub async fn round_failed(&self, failed: &RoundFailed) -> Result<(), BusError> {
        self.put(vec![self.entry(RoundFailed::DETAIL_TYPE, failed)?]).await
    }

    /// Says that nobody knows for how long whether somebody left.
    ///
    /// # Errors
    ///
    /// [`BusError`] when the bus could not be reached or refused it.
    pub async fn unchecked(&self, unchecked: &Unchecked) -> Result<(), BusError> {
        self.put(vec![self.entry(Unchecked::DETAIL_TYPE, unchecked)?]).await
    }

    fn entry(
        &self,
        detail_type: &str,
        detail: &impl Serialize,
    ) -> Result<PutEventsRequestEntry, BusError> {
        let detail = serde_json::to_string(detail).map_err(|error| BusError(error.into()))?;
        Ok(PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(detail_type)
            .detail(detail)
            .build())
    }

    async fn put(&self, entries: Vec<PutEventsRequestEntry>) -> Result<(), BusError> {
        let request = self.client.put_events().set_entries(Some(entries));
        let answer = request
            .send()
            .await
            .map_err(|error| BusError(DisplayErrorContext(error).to_string().into()))?;
        match answer.entries.unwrap_or_default().iter().find_map(|entry| entry.error_code.clone()) {
            None => Ok(()),
            Some(code) => Err(BusError(code.into())),
        }
    }
}
