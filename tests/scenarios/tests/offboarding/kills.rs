//! The function's real process is killed (SIGKILL) at random instants of rounds, and of what follows from
//! them: afterwards exactly those are blocked who are disabled, each change is audited once, and told of by
//! one id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ambient::{Clock as _, Entropy, SystemClock, SystemEntropy};
use aws_sdk_dynamodb::types::AttributeValue;
use entra_sim::{Delivery, GraphUser, population};
use identity::{Block, OrganizationId, OutboxId, User};
use jiff::SignedDuration;
use local::{Options, Stack, build};
use scenarios::microsoft::connect_demo;
use scenarios::wire::Upstreams;
use scenarios::world::aws;
use scenarios::{Authenticator, Browser, Records, Wire, exchanges};
use serde_json::{Value, json};
use store::{Order, Store, Table};
use tokio::time::timeout;

const DIRECTORY: &str = "DirectoryFunction";
/// How many people the tenant has besides those of the demo.
const PEOPLE: usize = 12;
/// How many of them change at once.
const AT_ONCE: usize = 4;
/// Longer than it takes a process to start and to read a round.
const LONGEST: u64 = 400;
/// How long a busy machine may take for what it does without being killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The whole account, with a wire to the bus.
struct Site {
    stack: Stack,
    wire: Wire,
    dynamodb: aws_sdk_dynamodb::Client,
    store: Store,
    organization: OrganizationId,
    /// How often somebody changed in the tenant, by object id.
    changes: BTreeMap<String, usize>,
}

impl Site {
    async fn start() -> Self {
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
            events: ready.eventbridge_endpoint.clone(),
            ses: ready.ses_endpoint.clone(),
            s3: ready.s3_endpoint.clone(),
        });
        stack.entra().set_delivery(Delivery { silent: true, ..Delivery::default() });
        let people = population(PEOPLE).enumerate().map(|(number, user)| GraphUser {
            on_premises_immutable_id: Some(format!("{number:032x}")),
            ..user
        });
        stack.entra().put_users(people).unwrap();
        let mut browser = Browser::new(&ready.base_url);
        let page = browser.open_link(&ready.bootstrap_url).await;
        browser.register(&page, &mut Authenticator::default()).await;
        connect_demo(&ready, &mut browser).await.unwrap();
        let aws = aws(&ready.dynamodb_endpoint).await;
        let site = Self {
            store: Store::new(Table::new(&aws, ready.table.clone())),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            organization: ready.organization.parse().unwrap(),
            changes: BTreeMap::new(),
            stack,
            wire,
        };
        site.rest().await;
        site
    }

    /// Whom the tenant has.
    fn there(&self) -> Vec<GraphUser> {
        let mut users = self.stack.entra().users();
        users.retain(|user| user.user_principal_name.starts_with("person"));
        users
    }

    /// The same people here, by object id.
    async fn here(&self) -> BTreeMap<String, User> {
        let (org, now) = (self.organization, SystemClock.now());
        let page = self.store.list_users(org, Order::Stored, None, 100, now).await.unwrap();
        let users = page.items.into_iter().map(|user| user.user.value);
        users.filter_map(|user| Some((user.object_id?.to_string(), user))).collect()
    }

    /// Who is here as they are there.
    async fn agreed(&self) -> Vec<GraphUser> {
        let here = self.here().await;
        let agrees = |user: &GraphUser| {
            let blocked = here[&user.id].blocks.contains(&Block::Entra);
            blocked != user.account_enabled
        };
        self.there().into_iter().filter(agrees).collect()
    }

    /// Some are disabled, some enabled again: each of whom the change before has arrived here, so that this
    /// one is seen by itself.
    async fn change_some(&mut self) {
        let mut people = self.agreed().await;
        for _ in 0..AT_ONCE.min(people.len()) {
            let user = people.swap_remove(random(people.len()));
            *self.changes.entry(user.id.clone()).or_default() += 1;
            let account_enabled = !user.account_enabled;
            self.stack.entra().put_user(GraphUser { account_enabled, ..user }).unwrap();
        }
    }

    /// Lets the time be over until the next round, and the lease of whoever died: names what is due then.
    async fn due(&self) -> Vec<(OrganizationId, OutboxId)> {
        let now = SystemClock.now();
        let later = now + SignedDuration::from_hours(5);
        let due = self.waiting().await;
        for (org, id) in &due {
            if let Some(item) = self.store.outbox(*org, *id, later).await.unwrap() {
                self.store.continue_outbox(&item, now).await.unwrap();
            }
        }
        due
    }

    /// Everything in the outbox, by its index.
    async fn waiting(&self) -> Vec<(OrganizationId, OutboxId)> {
        let table = &self.stack.ready().table;
        let scan = self.dynamodb.scan().table_name(table).index_name("index");
        let scan = scan.filter_expression("begins_with(index_pk, :outbox)");
        let outbox = AttributeValue::S("OUTBOX#".to_owned());
        let scan = scan.expression_attribute_values(":outbox", outbox);
        let mut items = scan.into_paginator().items().send();
        let mut waiting = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.unwrap();
            let key = item["pk"].as_s().unwrap();
            let (organization, id) = key.split_once("#OUTBOX#").unwrap();
            let organization = organization.trim_start_matches("ORG#");
            waiting.push((organization.parse().unwrap(), id.parse().unwrap()));
        }
        waiting
    }

    /// Has it carried out, for as long as nobody kills it.
    async fn carry_out(&self, due: &[(OrganizationId, OutboxId)]) {
        let message = |(organization, item): &(OrganizationId, OutboxId)| {
            let detail = json!({ "detail-type": "outbox.due", "detail": { "organization": organization, "item": item } });
            json!({ "messageId": item.to_string(), "body": detail.to_string() })
        };
        let records: Vec<Value> = due.iter().map(message).collect();
        self.stack.invoke(DIRECTORY, json!({ "Records": records })).await;
    }

    /// Nobody kills anything: rounds, until nothing but the next one waits, and everybody is here as they are
    /// there.
    async fn rest(&self) {
        let rested = async {
            loop {
                let due = self.due().await;
                let knows_all = self.here().await.len() >= PEOPLE;
                if due.len() == 1 && knows_all && self.agreed().await.len() == PEOPLE {
                    return;
                }
                self.carry_out(&due).await;
            }
        };
        timeout(PATIENCE, rested).await.expect("everything is carried out");
    }

    /// Who was told of on the bus, and by which ids.
    fn told(&self, kind: &str) -> BTreeSet<(String, String)> {
        let calls = self.wire.seen();
        let entries = calls.iter().flat_map(|call| call.body["Entries"].as_array()).flatten();
        let of_kind = entries.filter(|entry| entry["DetailType"] == kind);
        let details = of_kind.map(|entry| entry["Detail"].as_str().unwrap().parse().unwrap());
        let text = |detail: &Value, name: &str| detail[name].as_str().unwrap().to_owned();
        details.map(|detail: Value| (text(&detail, "user"), text(&detail, "id"))).collect()
    }
}

fn random(below: usize) -> usize {
    let entropy: &dyn Entropy = &SystemEntropy;
    let bytes: [u8; 8] = entropy.bytes();
    (u64::from_le_bytes(bytes) % u64::try_from(below).unwrap()) as usize
}

/// Kills the process so many times in the middle of something, and checks what came of it.
async fn survives(deaths: usize) {
    let mut site = Site::start().await;
    let mut kills = 0;
    for _ in 0..4 * deaths {
        site.change_some().await;
        let due = site.due().await;
        let instant = Duration::from_millis(random(LONGEST as usize) as u64);
        let is_cut = timeout(instant, site.carry_out(&due)).await.is_err();
        site.stack.kill(DIRECTORY).await;
        kills += usize::from(is_cut);
        if kills == deaths {
            break;
        }
    }
    assert_eq!(kills, deaths, "it was under way when it was killed");
    site.rest().await;

    let changes: usize = site.changes.values().sum();
    assert!(changes > deaths / 4, "rounds got somewhere: {changes} changes arrived");
    let here = site.here().await;
    let records = Records::read(&site.dynamodb, &site.stack.ready().table).await;
    records.check_invariants();
    let audit = records.audit();
    let told = ["user.offboarded", "user.reenabled"].map(|kind| site.told(kind));
    for user in site.there() {
        let ours = &here[&user.id];
        let (name, id) = (&user.user_principal_name, ours.id.to_string());
        assert_eq!(ours.blocks.contains(&Block::Entra), !user.account_enabled, "{name}");
        // They begin with access, and lose it and get it back in turn.
        let changes = site.changes.get(&user.id).copied().unwrap_or_default();
        let expected = ["access_taken", "access_given"].into_iter().cycle().take(changes);
        let of_them = audit.iter().filter(|entry| entry["subject"] == id);
        let access = of_them.filter_map(|entry| entry["action"].as_str());
        let access = access.filter(|action| action.starts_with("access_"));
        assert!(access.eq(expected), "{name}: {changes} changes, each audited once");
        let told = told.each_ref().map(|told| told.iter().filter(|(user, _)| *user == id).count());
        assert_eq!(told, [changes.div_ceil(2), changes / 2], "{name}: each by one id");
    }
    let written = site.stack.entra().graph_calls().into_iter();
    let written: Vec<_> = written.filter(|call| !call.changes.is_empty()).collect();
    assert!(written.iter().all(|call| call.path.starts_with("/subscriptions")), "{written:?}");
    site.stack.stop().await;
}

#[tokio::test]
async fn a_process_that_is_killed_at_random_instants_takes_and_gives_each_access_once() {
    survives(25).await;
}

#[tokio::test]
// Each run has the twenty-five above; these take minutes, which nobody waits for each time.
#[ignore = "takes minutes; twenty-five of them are in each run: cargo nextest run --workspace --test offboarding --run-ignored all -E 'test(two_hundred)'"]
async fn a_process_that_is_killed_at_two_hundred_random_instants_takes_and_gives_each_access_once()
{
    survives(200).await;
}
