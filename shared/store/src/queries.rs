//! Partitions read from end to end, page by page of 1 MB.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::Stored;
use crate::item::{Attributes, key_of, read};
use crate::schema::Key;
use crate::table::{Found, Table, TableError, unavailable};

/// How many requests of one read are under way at once.
const AT_ONCE: usize = 8;
/// How many keys one batch may name.
const BATCH: usize = 100;

/// Where in an index partition to begin, and which way to go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From<'a> {
    /// At its first sort key.
    Start,
    /// Behind a sort key.
    After(&'a str),
    /// At its last sort key, going back.
    End,
    /// Before a sort key, going back.
    Before(&'a str),
}

impl Table {
    /// Reads any number of items, 100 in one request.
    pub(crate) async fn get_all(&self, keys: Vec<Key>) -> Result<Found, TableError> {
        self.all(keys, None).await
    }

    /// Looks for any number of items, without what they hold.
    pub(crate) async fn find_all(&self, keys: Vec<Key>) -> Result<Found, TableError> {
        self.all(keys, Some("pk, sk")).await
    }

    async fn all(&self, mut keys: Vec<Key>, projection: Option<&str>) -> Result<Found, TableError> {
        // DynamoDB refuses a batch that names a key twice.
        keys.sort_unstable();
        keys.dedup();
        let batches = keys.chunks(BATCH).map(<[Key]>::to_vec).collect::<Vec<_>>();
        let reads = batches.into_iter().map(|keys| self.batch(keys, projection));
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        let mut found = Found::default();
        while let Some(some) = reads.try_next().await? {
            found.extend(some);
        }
        Ok(found)
    }

    /// The sort keys of a partition that begin with `prefix`, or at least `most` of them.
    pub(crate) async fn sort_keys(
        &self,
        pk: &str,
        prefix: &str,
        most: usize,
    ) -> Result<Vec<String>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .projection_expression("pk, sk")
            .set_limit(i32::try_from(most).ok())
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        // DynamoDB takes no empty text as a key's value.
        let query = match prefix {
            "" => query.key_condition_expression("pk = :pk"),
            _ => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
        };
        let mut sort_keys = Vec::new();
        let mut start = None;
        loop {
            let answer = query.clone().set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(unavailable)?;
            let keys = answer.items.unwrap_or_default().into_iter();
            sort_keys.extend(keys.filter_map(|item| Some(key_of(&item)?.sk)));
            start = answer.last_evaluated_key;
            if start.is_none() || sort_keys.len() >= most {
                return Ok(sort_keys);
            }
        }
    }

    /// The items of a partition: the first page of 1 MB.
    pub(crate) async fn first_page(&self, pk: &str) -> Result<Vec<(Key, Attributes)>, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .send()
            .await
            .map_err(unavailable)?;
        let items = answer.items.unwrap_or_default().into_iter();
        Ok(items.filter_map(|item| Some((key_of(&item)?, item))).collect())
    }

    /// Reads the first `most` items of a partition behind a sort key.
    pub(crate) async fn behind<T: DeserializeOwned>(
        &self,
        pk: &str,
        after: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Stored<T>>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .limit(i32::try_from(most).unwrap_or(i32::MAX));
        // DynamoDB takes no empty text as a key's value.
        let query = match after {
            "" => query.key_condition_expression("pk = :pk"),
            _ => query
                .key_condition_expression("pk = :pk AND sk > :after")
                .expression_attribute_values(":after", AttributeValue::S(after.to_owned())),
        };
        let items = query.send().await.map_err(unavailable)?.items.unwrap_or_default();
        items.into_iter().filter_map(|item| read(item, now).transpose()).collect()
    }

    /// Names at most `most` candidates of an index partition, each with its place in it.
    pub(crate) async fn walk(
        &self,
        index_pk: &str,
        from: From<'_>,
        most: usize,
    ) -> Result<Vec<(Key, String)>, TableError> {
        let mut walked = Vec::new();
        let mut start = None;
        while walked.len() < most {
            let left = i32::try_from(most - walked.len()).unwrap_or(i32::MAX);
            let answer = self
                .index_query(index_pk, from)
                .limit(left)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            walked.extend(answer.items.unwrap_or_default().iter().filter_map(|item| {
                let place = item.get("index_sk")?.as_s().ok()?.clone();
                Some((key_of(item)?, place))
            }));
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(walked)
    }

    /// Counts the candidates of an index partition.
    pub(crate) async fn length(&self, index_pk: &str, from: From<'_>) -> Result<usize, TableError> {
        let mut length = 0;
        let mut start = None;
        loop {
            let answer = self
                .index_query(index_pk, from)
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            length += usize::try_from(answer.count).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(length);
            }
        }
    }

    fn index_query(
        &self,
        index_pk: &str,
        from: From<'_>,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name("index")
            .expression_attribute_values(":pk", AttributeValue::S(index_pk.to_owned()));
        let (condition, place) = match from {
            From::Start | From::End => ("index_pk = :pk", None),
            From::After(place) => ("index_pk = :pk AND index_sk > :sk", Some(place)),
            From::Before(place) => ("index_pk = :pk AND index_sk < :sk", Some(place)),
        };
        let query = query.key_condition_expression(condition);
        let forward = matches!(from, From::Start | From::After(_));
        let query = query.scan_index_forward(forward);
        match place {
            Some(place) => {
                query.expression_attribute_values(":sk", AttributeValue::S(place.to_owned()))
            }
            None => query,
        }
    }
}
