//! A local stack whose demo organization is connected, and whose bus says nothing to anybody: what is due the
//! story itself brings, so that it knows who is at work and when they die.

use std::collections::BTreeMap;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use aws_sdk_dynamodb::types::AttributeValue;
use entra_sim::{Delivery, GraphUser, population};
use identity::{OrganizationId, OutboxId, User};
use jiff::SignedDuration;
use local::invoke::Outcome;
use local::{Options, Stack, build};
use scenarios::microsoft::{connect_demo, consent_demo};
use scenarios::wire::{Seen, Upstreams};
use scenarios::world::aws;
use scenarios::{Authenticator, Browser, Records, Wire, exchanges, mute};
use serde_json::{Value, json};
use store::{Order, OutboxItem, Store, Stored, Table, Task};
use tokio::time::timeout;

use crate::once::Hand;

pub(crate) const DIRECTORY: &str = "DirectoryFunction";
/// How many people the tenant has besides those of the demo.
pub(crate) const PEOPLE: usize = 18;
/// Of how many of them the operator decides, the first ones; of the others Entra.
const OF_THE_OPERATOR: usize = 6;
/// How long a busy machine may take for what it does without being killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The whole account, with a wire to the bus.
pub(crate) struct Site {
    pub(crate) stack: Stack,
    pub(crate) wire: Wire,
    dynamodb: aws_sdk_dynamodb::Client,
    store: Store,
    organization: OrganizationId,
}

impl Site {
    /// Connected by the application that reads and, where `writes`, by the one that ends access there too.
    async fn start(writes: bool) -> Self {
        let (template, functions) = build::tested(env!("CARGO")).unwrap();
        let wire = Wire::unconnected().await;
        let bus = ("AWS_ENDPOINT_URL_EVENTBRIDGE".to_owned(), wire.url().to_owned());
        let variables = [bus].into();
        let options =
            Options { variables, exchanges: exchanges(), ..Options::new(template, functions) };
        let stack = Stack::start(options).await.unwrap();
        let ready = stack.ready().clone();
        wire.connect(Upstreams {
            dynamodb: ready.dynamodb_endpoint.clone(),
            kms: ready.kms_endpoint.clone(),
            events: mute::start().await,
            ses: ready.ses_endpoint.clone(),
            s3: ready.s3_endpoint.clone(),
        });
        stack.entra().set_delivery(Delivery { silent: true, ..Delivery::default() });
        let others = stack.entra().users().into_iter();
        let people = others.chain(population(PEOPLE)).enumerate().map(|(number, user)| {
            let anchor = user.on_premises_immutable_id.unwrap_or(format!("{number:032x}"));
            GraphUser { on_premises_immutable_id: Some(anchor), ..user }
        });
        stack.entra().put_users(people).unwrap();
        let mut browser = Browser::new(&ready.base_url);
        let page = browser.open_link(&ready.bootstrap_url).await;
        browser.register(&page, &mut Authenticator::default()).await;
        connect_demo(&ready, &mut browser).await.unwrap();
        if writes {
            consent_demo(&ready, &mut browser, "write-users").await.unwrap();
        }
        let aws = aws(&ready.dynamodb_endpoint).await;
        let site = Self {
            store: Store::new(Table::new(&aws, ready.table.clone())),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            organization: ready.organization.parse().unwrap(),
            stack,
            wire,
        };
        site.rest().await;
        site
    }

    /// Connected by the application that reads.
    pub(crate) async fn reading() -> Self {
        Self::start(false).await
    }

    /// Connected by both applications.
    pub(crate) async fn writing() -> Self {
        Self::start(true).await
    }

    /// Whom the tenant has, and by whose word each has access.
    pub(crate) fn there(&self) -> Vec<(GraphUser, Hand)> {
        let of = |user: GraphUser| {
            let number = user.user_principal_name.strip_prefix("person")?.split('@').next()?;
            let number: usize = number.parse().ok()?;
            Some((user, if number < OF_THE_OPERATOR { Hand::Operator } else { Hand::Entra }))
        };
        self.stack.entra().users().into_iter().filter_map(of).collect()
    }

    /// The same people here, by object id.
    pub(crate) async fn here(&self) -> BTreeMap<String, User> {
        let (org, now) = (self.organization, SystemClock.now());
        let page = self.store.list_users(org, Order::Stored, None, 100, now).await.unwrap();
        let users = page.items.into_iter().map(|user| user.user.value);
        users.filter_map(|user| Some((user.object_id?.to_string(), user))).collect()
    }

    /// Who is here as they are there, and of whom nothing is left to do.
    pub(crate) async fn settled(&self) -> Vec<(GraphUser, Hand)> {
        let (here, waiting) = (self.here().await, self.waiting().await);
        let mut people = self.there();
        people.retain(|(there, hand)| {
            let Some(here) = here.get(&there.id) else { return false };
            let stands = here.blocks.contains(&hand.reason());
            let is_left = |item: &Stored<OutboxItem>| item.value.task.subject() == Some(here.id);
            stands != there.account_enabled && !waiting.iter().any(is_left)
        });
        people
    }

    /// Takes somebody's access, or gives it back.
    pub(crate) async fn change(&self, user: GraphUser, hand: Hand) {
        let account_enabled = !user.account_enabled;
        match hand {
            Hand::Entra => {
                self.stack.entra().put_user(GraphUser { account_enabled, ..user }).unwrap();
            }
            Hand::Operator => {
                let action = if account_enabled { "unblock" } else { "block" };
                let email = user.user_principal_name;
                let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
                let done = self.stack.invoke("OperatorFunction", asked).await;
                assert!(done.is_answer(), "{done:?}");
            }
        }
    }

    /// What is in the outbox, whoever has it.
    pub(crate) async fn waiting(&self) -> Vec<Stored<OutboxItem>> {
        let table = &self.stack.ready().table;
        let scan = self.dynamodb.scan().table_name(table).index_name("index");
        let scan = scan.filter_expression("begins_with(index_pk, :outbox)");
        let outbox = AttributeValue::S("OUTBOX#".to_owned());
        let scan = scan.expression_attribute_values(":outbox", outbox);
        let mut keys = scan.into_paginator().items().send();
        let (mut waiting, later) = (Vec::new(), SystemClock.now() + SignedDuration::from_hours(24));
        while let Some(key) = keys.next().await {
            let key = key.unwrap();
            let (organization, id) = key["pk"].as_s().unwrap().split_once("#OUTBOX#").unwrap();
            let organization = organization.trim_start_matches("ORG#").parse().unwrap();
            let id: OutboxId = id.parse().unwrap();
            waiting.extend(self.store.outbox(organization, id, later).await.unwrap());
        }
        waiting
    }

    /// The same once the leases of whoever died are over.
    pub(crate) async fn due(&self) -> Vec<OutboxItem> {
        let (waiting, now) = (self.waiting().await, SystemClock.now());
        for item in waiting.iter().filter(|item| item.value.attempts > 0) {
            self.store.continue_outbox(item, now).await.unwrap();
        }
        waiting.into_iter().map(|item| item.value).collect()
    }

    /// Has it carried out, as a batch of the queues.
    pub(crate) async fn carry_out(&self, due: &[OutboxItem]) -> Outcome {
        let message = |item: &OutboxItem| {
            let is_round = item.task.is_of_everybody();
            let kind = if is_round { "round.due" } else { "outbox.due" };
            let detail = json!({ "organization": item.organization, "item": item.id });
            let event = json!({ "detail-type": kind, "detail": detail });
            json!({ "messageId": item.id.to_string(), "body": event.to_string() })
        };
        let records: Vec<Value> = due.iter().map(message).collect();
        self.stack.invoke(DIRECTORY, json!({ "Records": records })).await
    }

    /// Nobody kills anything: rounds, until nothing but the next one waits, and everybody is here as they are
    /// there.
    pub(crate) async fn rest(&self) {
        let rested = async {
            loop {
                let due = self.due().await;
                let is_next = |item: &OutboxItem| matches!(item.task, Task::ReadDirectory { .. });
                if due.iter().all(is_next) && self.settled().await.len() == PEOPLE {
                    return;
                }
                self.carry_out(&due).await;
            }
        };
        if timeout(PATIENCE, rested).await.is_err() {
            panic!("not everything is carried out: {:#?}", self.waiting().await);
        }
    }

    /// What the table holds.
    pub(crate) async fn records(&self) -> Records {
        Records::read(&self.dynamodb, &self.stack.ready().table).await
    }
}

/// What was said on the bus in these calls under a `detail-type`.
pub(crate) fn said(calls: &[Seen], kind: &str) -> Vec<Value> {
    let entries = calls.iter().flat_map(|call| call.body["Entries"].as_array()).flatten();
    let of_kind = entries.filter(|entry| entry["DetailType"] == kind);
    of_kind.map(|entry| entry["Detail"].as_str().unwrap().parse().unwrap()).collect()
}
