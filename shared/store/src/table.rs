//! The table itself: consistent reads by key, and writes that state what they expect.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::Stored;
use crate::item::{Attributes, key_of, read};
use crate::schema::Key;
pub(crate) use crate::write::{Expect, Write};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the table did not do as told.
///
/// Nothing was written, unless the table is unavailable: then the last attempt may have been
/// carried out and only its answer lost, so that whoever tries again must read first.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The write expected another state; `position` counts the transaction's actions from 0.
    #[error("action {position} of a write expected another state")]
    Conflict {
        /// The first action whose expectation failed.
        position: usize,
    },
    /// An item is not of the shape that its key promises, or could not be made.
    #[error("an item has an unexpected shape")]
    Shape(#[source] Cause),
    /// DynamoDB could not be reached, was throttled or refused, after every attempt.
    #[error("the table is unavailable")]
    Unavailable(#[source] Cause),
}

/// The longest first pause after an attempt that failed; each further one may be twice as long.
///
/// A person waits: the SDK's own second would let one lost packet be felt, and leave no time for
/// the third attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// How often a transaction is tried that loses races against others.
const RACES: u32 = 7;
/// About how long the first pause between two such tries is; it doubles.
const PAUSE: Duration = Duration::from_millis(10);

/// One DynamoDB table.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Table {
    /// Speaks to the table of that name: at most three attempts of one second each for a request,
    /// three seconds in all.
    pub fn new(aws: &SdkConfig, name: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(1))
            .operation_timeout(Duration::from_secs(3))
            .build();
        let config = aws_sdk_dynamodb::config::Builder::from(aws)
            .retry_config(
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(FIRST_PAUSE),
            )
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config), name }
    }

    /// Reads one item.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        key: Key,
        now: Timestamp,
    ) -> Result<Option<Stored<T>>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .consistent_read(true)
            .set_key(Some(key_attributes(key)))
            .send()
            .await
            .map_err(unavailable)?;
        answer.item.map_or(Ok(None), |attributes| read(attributes, now))
    }

    /// Reads up to 100 items in one request.
    pub(crate) async fn get_many(&self, keys: Vec<Key>) -> Result<Found, TableError> {
        self.batch(keys, None).await
    }

    /// The same, of each item no more than a projection names.
    pub(crate) async fn batch(
        &self,
        keys: Vec<Key>,
        projection: Option<&str>,
    ) -> Result<Found, TableError> {
        let mut found = HashMap::new();
        let mut wanted = keys.into_iter().map(key_attributes).collect::<Vec<_>>();
        let mut attempt = 0;
        // One answer holds 16 MB at most: what it leaves is asked for at once, as long as any comes.
        while attempt < RACES {
            let asked = wanted.len();
            let request = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_projection_expression(projection.map(str::to_owned))
                .set_keys(Some(wanted))
                .build()
                .map_err(|error| TableError::Shape(error.into()))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, request)
                .send()
                .await
                .map_err(unavailable)?;
            let items = answer.responses.and_then(|mut tables| tables.remove(&self.name));
            found.extend(items.unwrap_or_default().into_iter().filter_map(|item| {
                let key = key_of(&item)?;
                Some((key, item))
            }));
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
            wanted = left.map(|request| request.keys).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(Found(found));
            }
            if wanted.len() == asked {
                pause(attempt, 0).await;
                attempt += 1;
            }
        }
        Err(TableError::Unavailable("the table left keys unread".into()))
    }

    /// Reads the first `most` items of a partition whose sort keys begin with `prefix`.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        most: i32,
        now: Timestamp,
    ) -> Result<Vec<Stored<T>>, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .limit(most)
            .send()
            .await
            .map_err(unavailable)?;
        let items = answer.items.unwrap_or_default().into_iter();
        items.filter_map(|attributes| read(attributes, now).transpose()).collect()
    }

    /// Names the first `most` candidates of an index partition up to a sort key, in order.
    pub(crate) async fn candidates(
        &self,
        index_pk: String,
        up_to: String,
        most: i32,
    ) -> Result<Vec<Key>, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("index")
            .key_condition_expression("index_pk = :pk AND index_sk <= :sk")
            .expression_attribute_values(":pk", AttributeValue::S(index_pk))
            .expression_attribute_values(":sk", AttributeValue::S(up_to))
            .limit(most)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(answer.items.unwrap_or_default().iter().filter_map(key_of).collect())
    }

    /// Carries out all actions or none.
    ///
    /// The SDK sends one token with all attempts of a call, so that an attempt whose answer got
    /// lost counts as this one.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let gait = gait(&writes);
        let actions = writes
            .into_iter()
            .map(|write| write.action(&self.name))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TableError::Shape(error.into()))?;
        let mut attempt = 0;
        loop {
            let request = self.client.transact_write_items();
            let Err(error) = request.set_transact_items(Some(actions.clone())).send().await else {
                return Ok(());
            };
            match cancellation(&error) {
                Some(Cancelled::Expectation { position }) => {
                    return Err(TableError::Conflict { position });
                }
                Some(Cancelled::Race) if attempt + 1 < RACES => pause(attempt, gait).await,
                Some(Cancelled::Race) | None => return Err(unavailable(error)),
            }
            attempt += 1;
        }
    }
}

/// What a batch read found, by key.
#[derive(Default)]
pub(crate) struct Found(HashMap<Key, Attributes>);

impl Found {
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn attributes(&self, key: &Key) -> Option<&Attributes> {
        self.0.get(key)
    }

    pub(crate) fn take<T: DeserializeOwned>(
        &mut self,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Stored<T>>, TableError> {
        self.0.remove(key).map_or(Ok(None), |attributes| read(attributes, now))
    }
}

/// Why a transaction was cancelled, when that decides what follows.
enum Cancelled {
    Expectation { position: usize },
    Race,
}

/// A failed expectation is final; a race against another transaction, and throttling of a single
/// item, are worth another try. An earlier attempt of this very call that is still under way is not:
/// another call would meet what it writes and take it for somebody else's.
fn cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Cancelled> {
    let SdkError::ServiceError(context) = error else {
        return None;
    };
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = context.err() else {
        return None;
    };
    let codes = || cancelled.cancellation_reasons().iter().map(|reason| reason.code());
    if let Some(position) = codes().position(|code| code == Some("ConditionalCheckFailed")) {
        return Some(Cancelled::Expectation { position });
    }
    let race = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    codes().flatten().any(|code| race.contains(&code)).then_some(Cancelled::Race)
}

pub(crate) fn unavailable<E, R>(error: SdkError<E, R>) -> TableError
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug,
{
    TableError::Unavailable(DisplayErrorContext(&error).to_string().into())
}

/// From half as long to half as long again as usual: those who lost a race against each other do not
/// meet again.
async fn pause(attempt: u32, gait: u64) {
    let usual = PAUSE * 2_u32.saturating_pow(attempt);
    let step = gait.rotate_right(8 * attempt).to_be_bytes();
    let more = u32::from(step.last().copied().unwrap_or_default());
    tokio::time::sleep(usual / 2 + usual * more / 256).await;
}

/// A number that hardly any other transaction has: each writes something that is its own, such as
/// an entry of the audit.
fn gait(writes: &[Write]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for write in writes {
        write.key().hash(&mut hasher);
    }
    hasher.finish()
}

pub(crate) fn key_attributes(key: Key) -> Attributes {
    Attributes::from([
        ("pk".to_owned(), AttributeValue::S(key.pk)),
        ("sk".to_owned(), AttributeValue::S(key.sk)),
    ])
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
