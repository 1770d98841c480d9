//! What one action of a transaction does, and what it expects.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use crate::Version;
use crate::item::{Attributes, Item};
use crate::schema::Key;
use crate::table::{key_attributes, number};

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nothing.
    Absent,
    /// Exactly this version.
    Version(Version),
    /// Whatever is there: for items that never say anything else.
    Anything,
}

impl Expect {
    /// What was read: version 0 is nothing.
    pub(crate) const fn read(version: Version) -> Self {
        if version == 0 { Self::Absent } else { Self::Version(version) }
    }
}

/// One action of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// Stores an item.
    Put(Item, Expect),
    /// Stores an item whatever is there, as the version after it: for items that are ended as they were read.
    Next(Item),
    /// Stores an item unless one is there: for items that say the same either way.
    Ensure(Item),
    /// Deletes an item of a version.
    Delete(Key, Version),
    /// Deletes an item of which a condition holds.
    DeleteThat(Key, Clause),
    /// Deletes an item if it is there.
    Remove(Key),
    /// Deletes an item if it is there, and expects then what a condition says.
    RemoveThat(Key, Clause),
    /// Only expects a version.
    Check(Key, Version),
    /// Only expects that there is nothing.
    CheckAbsent(Key),
    /// Only expects that there is something.
    CheckPresent(Key),
    /// Only expects what a condition says.
    CheckThat(Key, Clause),
    /// Changes an item in place.
    Update(Key, Clause, Clause),
    /// Counts one more, unless `limit` is reached.
    Count { key: Key, limit: u32, expires_at: i64 },
    /// Adds to a number.
    Tally(Key, i64),
    /// Adds one to a number, unless it has reached a limit.
    TallyBelow(Key, usize),
}

/// A part of an expression with the values that it names; `#v` stands for an item's value.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    text: String,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Clause {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Both this and another condition.
    pub(crate) fn and(self, text: &str, name: &'static str, value: AttributeValue) -> Self {
        Self { text: format!("{} AND {text}", self.text), ..self }.with(name, value)
    }

    pub(crate) fn with(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.values.push((name, value));
        self
    }
}

impl Write {
    pub(crate) const fn key(&self) -> &Key {
        match self {
            Self::Put(Item { key, .. }, _)
            | Self::Next(Item { key, .. })
            | Self::Ensure(Item { key, .. })
            | Self::Delete(key, _)
            | Self::DeleteThat(key, _)
            | Self::Remove(key)
            | Self::RemoveThat(key, _)
            | Self::Check(key, _)
            | Self::CheckAbsent(key)
            | Self::CheckPresent(key)
            | Self::CheckThat(key, _)
            | Self::Update(key, ..)
            | Self::Count { key, .. }
            | Self::Tally(key, _)
            | Self::TallyBelow(key, _) => key,
        }
    }

    pub(crate) fn action(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let action = TransactWriteItem::builder();
        let action = match self {
            Self::Put(item, expect) => action.put(put(table, item, expect)?),
            Self::Next(item) => action.update(next(table, item)?),
            Self::Ensure(item) => action.update(ensure(table, item)?),
            Self::Delete(key, version) => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .condition_expression("version = :version")
                    .expression_attribute_values(":version", number(version));
                action.delete(delete.build()?)
            }
            Self::DeleteThat(key, condition) => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .condition_expression(&condition.text)
                    .set_expression_attribute_names(names([&condition]))
                    .set_expression_attribute_values(values([condition]));
                action.delete(delete.build()?)
            }
            Self::Remove(key) => {
                let delete = Delete::builder().table_name(table).set_key(Some(key_attributes(key)));
                action.delete(delete.build()?)
            }
            Self::RemoveThat(key, condition) => {
                let text = format!("attribute_not_exists(pk) OR {}", condition.text);
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .condition_expression(text)
                    .set_expression_attribute_names(names([&condition]))
                    .set_expression_attribute_values(values([condition]));
                action.delete(delete.build()?)
            }
            Self::Check(key, version) => {
                let check = check(table, key, "version = :version")
                    .expression_attribute_values(":version", number(version));
                action.condition_check(check.build()?)
            }
            Self::CheckAbsent(key) => {
                action.condition_check(check(table, key, "attribute_not_exists(pk)").build()?)
            }
            Self::CheckPresent(key) => {
                action.condition_check(check(table, key, "attribute_exists(pk)").build()?)
            }
            Self::CheckThat(key, condition) => {
                let check = check(table, key, &condition.text)
                    .set_expression_attribute_names(names([&condition]))
                    .set_expression_attribute_values(values([condition]));
                action.condition_check(check.build()?)
            }
            Self::Update(key, change, condition) => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .update_expression(&change.text)
                    .condition_expression(&condition.text)
                    .set_expression_attribute_names(names([&change, &condition]))
                    .set_expression_attribute_values(values([change, condition]));
                action.update(update.build()?)
            }
            Self::Count { key, limit, expires_at } => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .update_expression("ADD tally :one SET expires_at = :end")
                    .condition_expression("attribute_not_exists(tally) OR tally < :limit")
                    .expression_attribute_values(":one", number(1_u64))
                    .expression_attribute_values(":limit", number(limit))
                    .expression_attribute_values(":end", number(expires_at));
                action.update(update.build()?)
            }
            Self::Tally(key, by) => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .update_expression("ADD tally :by")
                    .expression_attribute_values(":by", number(by));
                action.update(update.build()?)
            }
            Self::TallyBelow(key, limit) => {
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key_attributes(key)))
                    .update_expression("ADD tally :one")
                    .condition_expression("attribute_not_exists(tally) OR tally < :limit")
                    .expression_attribute_values(":one", number(1_u64))
                    .expression_attribute_values(":limit", number(limit));
                action.update(update.build()?)
            }
        };
        Ok(action.build())
    }
}

fn put(table: &str, item: Item, expect: Expect) -> Result<Put, BuildError> {
    let put = Put::builder().table_name(table);
    match expect {
        Expect::Absent => put
            .set_item(Some(item.attributes(1)))
            .condition_expression("attribute_not_exists(pk)")
            .build(),
        Expect::Version(version) => put
            .set_item(Some(item.attributes(version + 1)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(version))
            .build(),
        Expect::Anything => put.set_item(Some(item.attributes(1))).build(),
    }
}

/// Each attribute stays as it is where there is one.
fn ensure(table: &str, item: Item) -> Result<Update, BuildError> {
    let (update, many) = naming(table, item, &["pk", "sk"]);
    let parts = (0..many).map(|place| format!("#a{place} = if_not_exists(#a{place}, :a{place})"));
    update.update_expression(format!("SET {}", parts.collect::<Vec<_>>().join(", "))).build()
}

/// Each attribute becomes what the item says, and the version one more than it was.
fn next(table: &str, item: Item) -> Result<Update, BuildError> {
    let (update, many) = naming(table, item, &["pk", "sk", "version"]);
    let parts = (0..many).map(|place| format!("#a{place} = :a{place}"));
    let text = format!("SET {} ADD version :one", parts.collect::<Vec<_>>().join(", "));
    update.update_expression(text).expression_attribute_values(":one", number(1)).build()
}

/// An update that names attributes of an item, all without these, and what it says of them: `#a0` and
/// `:a0`, and so on. Answers how many there are.
fn naming(table: &str, item: Item, without: &[&str]) -> (UpdateBuilder, usize) {
    let key = item.key.clone();
    let mut update = Update::builder().table_name(table).set_key(Some(key_attributes(key)));
    let attributes = item.attributes(1).into_iter();
    let mut many = 0;
    for (name, value) in attributes.filter(|(name, _)| !without.contains(&&**name)) {
        update = update
            .expression_attribute_names(format!("#a{many}"), name)
            .expression_attribute_values(format!(":a{many}"), value);
        many += 1;
    }
    (update, many)
}

fn check(
    table: &str,
    key: Key,
    condition: &str,
) -> aws_sdk_dynamodb::types::builders::ConditionCheckBuilder {
    ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key_attributes(key)))
        .condition_expression(condition)
}

/// DynamoDB refuses a name that no clause uses.
fn names<const N: usize>(clauses: [&Clause; N]) -> Option<HashMap<String, String>> {
    let used = clauses.iter().any(|clause| clause.text.contains("#v"));
    used.then(|| HashMap::from([("#v".to_owned(), "value".to_owned())]))
}

fn values(clauses: impl IntoIterator<Item = Clause>) -> Option<Attributes> {
    let values = clauses.into_iter().flat_map(|clause| clause.values);
    let values = values.map(|(name, value)| (name.to_owned(), value)).collect::<Attributes>();
    (!values.is_empty()).then_some(values)
}
