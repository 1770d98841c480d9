//! What the table holds, read past all code of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use identity::{Limit, User, UserId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{Page, World};

/// How long the functions behind the bus may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every item of the table at one moment, by its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records(pub(crate) BTreeMap<(String, String), Value>);

impl Records {
    /// Reads the whole table.
    pub async fn read(client: &Client, table: &str) -> Self {
        let mut records = BTreeMap::new();
        let mut pages =
            client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let text = |name: &str| item[name].as_s().unwrap().clone();
            let rest = item.iter().filter(|(name, _)| !["pk", "sk"].contains(&name.as_str()));
            let rest = rest.map(|(name, value)| (name.clone(), plain(value)));
            records.insert((text("pk"), text("sk")), Value::Object(rest.collect()));
        }
        Self(records)
    }

    /// All but the audit, with what bounds it, and whatever has one of these in its partition key.
    pub fn without(&self, parts: &[&str]) -> Self {
        let audits = |pk: &str| pk.contains("#AUDIT#") || pk.contains("#LIMIT#TOLD#");
        let kept = |pk: &str| !audits(pk) && !parts.iter().any(|part| pk.contains(part));
        let records = self.0.iter().filter(|((pk, _), _)| kept(pk));
        Self(records.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// How many items have this in one of their keys.
    pub fn count(&self, part: &str) -> usize {
        self.0.keys().filter(|(pk, sk)| pk.contains(part) || sk.contains(part)).count()
    }

    /// What items with this in their partition key hold.
    pub fn values(&self, part: &str) -> Vec<&Value> {
        let items = self.0.iter().filter(|((pk, _), _)| pk.contains(part));
        items.map(|(_, item)| &item["value"]).collect()
    }

    /// The audit: every entry, the oldest first.
    pub fn audit(&self) -> Vec<Value> {
        let entries = self.0.iter().filter(|((pk, _), _)| pk.contains("#AUDIT#"));
        let mut entries = entries.map(|((_, sk), item)| (sk, &item["value"])).collect::<Vec<_>>();
        entries.sort_by_key(|(sk, _)| *sk);
        entries.into_iter().map(|(_, entry)| entry.clone()).collect()
    }

    /// Actions and reasons of the audit entries that are not in an earlier reading, sorted.
    pub fn audited_since(&self, before: &Self) -> Vec<(String, Option<String>)> {
        let known = before.audit();
        let new = self.audit().into_iter().filter(|entry| !known.contains(entry));
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut new = new
            .map(|entry| (text(&entry["action"]).unwrap(), text(&entry["reason"])))
            .collect::<Vec<_>>();
        new.sort();
        new
    }

    /// Every word, key or number anywhere in the table: what a stolen copy would tell.
    pub fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for ((pk, sk), item) in &self.0 {
            for text in [pk, sk, &item.to_string()] {
                words.insert(text.clone());
                let of_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
                words.extend(text.split(|c: char| !of_word(c)).map(str::to_owned));
            }
        }
        words
    }
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap(),
        AttributeValue::Bool(truth) => json!(truth),
        AttributeValue::B(bytes) => json!(bytes.as_ref()),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => json!(texts),
        AttributeValue::L(values) => values.iter().map(plain).collect(),
        AttributeValue::M(map) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        AttributeValue::Null(_) => Value::Null,
        other => panic!("no item of ours holds {other:?}"),
    }
}

/// The inverse of [`plain`].
pub(crate) fn stored_form(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(stored_form).collect()),
        Value::Object(map) => AttributeValue::M(
            map.iter().map(|(name, value)| (name.clone(), stored_form(value))).collect(),
        ),
    }
}

impl World {
    /// What the table holds now.
    pub async fn records(&self) -> Records {
        Records::read(&self.dynamodb, &self.table).await
    }

    /// Waits until the outbox is empty, and answers what the table holds then: it never contradicts
    /// itself.
    pub async fn quiet(&self) -> Records {
        self.settled().await;
        let records = self.records().await;
        records.check_invariants();
        records
    }

    /// Waits until the outbox is empty, or empties it where nobody else does.
    pub async fn settled(&self) {
        if self.is_mute {
            return self.swept().await;
        }
        let settled = async { while self.waiting().await > 0 {} };
        let settled = tokio::time::timeout(PATIENCE, settled).await;
        if settled.is_err() {
            panic!("the outbox is not empty: {:#?}", self.records().await.values("#OUTBOX#"));
        }
    }

    /// Lets time pass and sweeps until the outbox is empty.
    pub async fn swept(&self) {
        self.swept_by(SignedDuration::from_secs(31)).await;
    }

    /// The same with so much time between two sweeps, by Microsoft's clock too.
    pub async fn swept_by(&self, pause: SignedDuration) {
        let swept = async {
            while self.waiting().await > 0 {
                self.clock.pass(pause);
                self.agree();
                self.sweep().await;
            }
        };
        tokio::time::timeout(PATIENCE, swept).await.expect("the outbox is empty");
    }

    /// How many items wait in the outbox, by its index: the table may be large. What is put down for
    /// hours from now, as the next round of a directory is, waits for nobody.
    async fn waiting(&self) -> usize {
        let scan = self.dynamodb.scan().table_name(&self.table).index_name("index");
        let scan = scan.filter_expression("begins_with(index_pk, :outbox)");
        let outbox = AttributeValue::S("OUTBOX#".to_owned());
        let scan = scan.expression_attribute_values(":outbox", outbox);
        let mut items = scan.into_paginator().items().send();
        // Longer than anything is put off for, and shorter than what is left of a round's interval where
        // a story took most of it.
        let soon = format!("{:.9}", self.now() + SignedDuration::from_mins(50));
        let mut waiting = 0;
        while let Some(item) = items.next().await {
            let due = item.unwrap()["index_sk"].as_s().unwrap().clone();
            // What takes long is named by its organization first, a round by itself at the end.
            let due = due.split('#').find(|part| part.contains(':')).unwrap();
            waiting += usize::from(due < soon.as_str());
        }
        waiting
    }

    /// Waits until the table holds what it should.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Records) -> bool) -> Records {
        let reached = async {
            loop {
                let records = self.records().await;
                if is_so(&records) {
                    return records;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect(what)
    }

    /// Checks that nothing was written since, the audit apart.
    pub async fn unchanged_since(&self, before: &Records, what: &str) {
        self.unchanged_but(before, &[], what).await;
    }

    /// Checks that nothing at all was written since, the audit included.
    pub async fn unwritten_since(&self, before: &Records, what: &str) {
        let now = self.quiet().await;
        assert_eq!(now.audited_since(before), [], "something was audited: {what}");
        self.unchanged_since(before, what).await;
    }

    /// Why enrolments were refused that are not in an earlier reading, sorted.
    pub async fn refusals_since(&self, before: &Records) -> Vec<String> {
        let audited = self.quiet().await.audited_since(before).into_iter();
        let refused = audited.filter(|(action, _)| action == "enrolment_refused");
        refused.map(|(_, reason)| reason.expect("a reason")).collect()
    }

    /// Checks that nothing was written since, the audit and items with one of these in their
    /// partition key apart.
    pub async fn unchanged_but(&self, before: &Records, parts: &[&str], what: &str) {
        let now = self.quiet().await;
        assert_eq!(now.without(parts), before.without(parts), "something was written: {what}");
    }

    /// Lets a limit of this window have been used so often.
    pub async fn use_limit(&self, what: &str, limit: Limit, times: u32) {
        let window = limit.window(self.now());
        let pk = format!("ORG#{}#LIMIT#{what}#{window}", self.organization);
        self.dynamodb
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(pk))
            .item("sk", AttributeValue::S("LIMIT".to_owned()))
            .item("tally", AttributeValue::N(times.to_string()))
            .send()
            .await
            .unwrap();
    }

    /// Names one more administrator, as only the administrators' portal will do.
    pub(crate) async fn name_administrator(&self, user: UserId) {
        let organization = format!("ORG#{}", self.organization);
        let added = AttributeValue::L(vec![AttributeValue::S(user.to_string())]);
        self.dynamodb
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(organization))
            .key("sk", AttributeValue::S("ORGANIZATION".to_owned()))
            .update_expression("SET #v.administrators = list_append(#v.administrators, :added)")
            .expression_attribute_names("#v", "value")
            .expression_attribute_values(":added", added)
            .send()
            .await
            .unwrap();
    }

    /// Lets whatever is kept under sort keys that begin with this word be of a shape that we do not know, as a release that
    /// changed it leaves it, and answers how many that were.
    pub async fn reshape(&self, kind: &str) -> usize {
        let records = self.records().await;
        let is_it = |(_, sk): &&(String, String)| sk.split('#').next() == Some(kind);
        let kept = records.0.keys().filter(is_it).collect::<Vec<_>>();
        for (pk, sk) in &kept {
            let update = self.dynamodb.update_item().table_name(&self.table);
            let update = update.key("pk", AttributeValue::S(pk.clone()));
            let update = update.key("sk", AttributeValue::S(sk.clone()));
            let update = update.update_expression("SET #v = :value");
            let update = update.expression_attribute_names("#v", "value");
            let value = stored_form(&serde_json::json!({ "shape": "of another release" }));
            update.expression_attribute_values(":value", value).send().await.unwrap();
        }
        kept.len()
    }

    /// Lets nobody know how far a tenant was read, nor by what it tells what changes: as before it was read for
    /// the first time.
    pub async fn forget_reading(&self) {
        for kept in ["IMPORT", "SUBSCRIPTION"] {
            let pk = format!("ORG#{}#{kept}", self.organization);
            let delete = self.dynamodb.delete_item().table_name(&self.table);
            let delete = delete.key("pk", AttributeValue::S(pk));
            delete.key("sk", AttributeValue::S(kept.to_owned())).send().await.unwrap();
        }
    }

    /// Changes a user, as only provisioning and the administrators' portal will do.
    pub async fn amend(&self, user: &User, change: impl FnOnce(&mut User)) {
        let stored = self.store.user(self.organization, user.id, self.now()).await.unwrap();
        let mut stored = stored.unwrap();
        let address = stored.value.personal_email.clone();
        change(&mut stored.value);
        if stored.value.personal_email != address {
            self.forget_claim(user.id).await;
        }
        let value = stored_form(&serde_json::to_value(&stored.value).unwrap());
        let version = AttributeValue::N((stored.version + 1).to_string());
        let pk = format!("ORG#{}#USER#{}", self.organization, user.id);
        self.dynamodb
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S("USER".to_owned()))
            .update_expression("SET #v = :value, #n = :version")
            .expression_attribute_names("#v", "value")
            .expression_attribute_names("#n", "version")
            .expression_attribute_values(":value", value)
            .expression_attribute_values(":version", version)
            .send()
            .await
            .unwrap();
    }

    /// Lets nobody find a user by the personal address that they had.
    async fn forget_claim(&self, user: UserId) {
        let records = self.records().await;
        let of_user =
            |(pk, sk): &&(String, String)| pk.contains("#CLAIM#") && *sk == user.to_string();
        for (pk, sk) in records.0.keys().filter(of_user) {
            let delete = self.dynamodb.delete_item().table_name(&self.table);
            let delete = delete.key("pk", AttributeValue::S(pk.clone()));
            delete.key("sk", AttributeValue::S(sk.clone())).send().await.unwrap();
        }
    }

    /// Sends the login function what no client could, or what a socket would make a race of.
    pub async fn pass(&self, request: http::Request<Body>) -> Page {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        Page { status: parts.status, headers: parts.headers, text }
    }

    /// Invokes an operator function that was set up otherwise.
    pub async fn operate_as(
        &self,
        change: impl FnOnce(&mut operator::Config),
        payload: Value,
    ) -> Result<Value, (String, String)> {
        let mut config = self.operator_config.clone();
        change(&mut config);
        let aws = crate::world::aws(self.operator.url()).await;
        let entropy = Arc::new(ambient::SystemEntropy);
        let app = operator::App::with(&aws, config, self.clock.clone(), entropy);
        let answer = app.carry_out(payload, "operator-request").await;
        answer.map_err(|error| (error.error_type, error.error_message))
    }
}
