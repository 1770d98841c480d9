//! What the simulated Entra sent, sent again: each request twice, all of it twice, and in every
//! other order that respects who must be there before whom. The end is always the same.

use std::collections::{BTreeMap, BTreeSet};

use entra_sim::{
    Dialect, Exchange, GraphGroup, GraphUser, GroupMapping, Mapping, Pace, Provisioning, Scope,
    Settings, Simulator,
};
use http::Method;
use scenarios::{Provisioner, World};
use serde_json::{Map, Value, json};

use crate::object;

const NAMES: [&str; 5] = ["ada", "grace", "linus", "mary", "temp"];

/// A write that Entra sent, and the id of what it made.
#[derive(Clone, Debug)]
struct Sent {
    method: Method,
    path: String,
    body: Value,
    made: Option<String>,
}

impl Sent {
    fn of(exchange: &Exchange, tenant_url: &str) -> Option<Self> {
        let method: Method = exchange.method.parse().unwrap();
        let status = exchange.status.unwrap();
        if method == Method::GET {
            return None;
        }
        assert!((200..300).contains(&status), "{exchange:?}");
        let received = exchange.received.as_ref().unwrap_or(&Value::Null);
        let body = exchange.sent.clone().unwrap_or_default();
        assert!(!body.is_string(), "the log cut a body: {body}");
        let path = exchange.url.strip_prefix(tenant_url).unwrap().to_owned();
        let made = (method == Method::POST).then(|| received["id"].as_str().unwrap().to_owned());
        Some(Self { method, path, body, made })
    }

    /// The resource that it is about.
    fn about(&self) -> &str {
        let path = self.path.split('?').next().unwrap();
        self.made.as_deref().unwrap_or_else(|| path.rsplit('/').next().unwrap())
    }

    fn mentions(&self, id: &str) -> bool {
        self.about() == id || self.body.to_string().contains(id)
    }

    /// Whether the order of two is part of what they mean.
    fn conflicts(&self, other: &Self) -> bool {
        self.mentions(other.about()) || other.mentions(self.about())
    }
}

/// Some weeks of a company: everything that Entra does, as it happens.
async fn record(entra: &Provisioner, dialect: Dialect) -> Vec<Sent> {
    let settings = Provisioning {
        mapping: Mapping::Recommended,
        scope: Scope::Everyone,
        groups: GroupMapping::Enabled,
        pace: Pace::Unlimited,
        concurrency: 1,
        ..Provisioning::new(&entra.tenant_url, &entra.key)
    };
    let simulator = Simulator::start(Settings::default()).unwrap();
    let user = |number: usize| GraphUser {
        id: object(number),
        user_principal_name: format!("{}@contoso.test", NAMES[number]),
        display_name: format!("The {}", NAMES[number]),
        job_title: Some("Pioneer".to_owned()),
        on_premises_immutable_id: Some(format!("anchor-{number}")),
        ..GraphUser::default()
    };
    let group = |number: usize, name: &str, members: &[usize]| GraphGroup {
        id: object(number),
        display_name: name.to_owned(),
        members: members.iter().map(|member| object(*member)).collect(),
        ..GraphGroup::default()
    };
    let name = |number: usize| format!("{}@contoso.test", NAMES[number]);
    (0..NAMES.len()).for_each(|number| drop(simulator.put_user(user(number)).unwrap()));
    simulator.put_user(GraphUser { manager: Some(object(1)), ..user(0) }).unwrap();
    simulator.put_group(group(100, "Engineers", &[0, 1, 2])).unwrap();
    simulator.put_group(group(101, "Everybody", &[0, 1, 2, 3, 4])).unwrap();
    simulator.put_group(group(102, "Short-lived", &[3])).unwrap();
    simulator.configure_provisioning(settings.with_dialect(dialect)).unwrap();
    simulator.run_cycle().await.unwrap();

    // Disabled; renamed and married; in the recycle bin; another manager; out of a group.
    simulator.put_user(GraphUser { account_enabled: false, ..user(0) }).unwrap();
    let renamed = GraphUser {
        user_principal_name: "grace.hopper@contoso.test".to_owned(),
        display_name: "Grace Hopper".to_owned(),
        manager: Some(object(3)),
        job_title: None,
        ..user(1)
    };
    simulator.put_user(renamed).unwrap();
    simulator.soft_delete_user(&name(2)).unwrap();
    simulator.change_members(&object(100), [object(3)], &BTreeSet::from([object(0)])).unwrap();
    simulator.run_cycle().await.unwrap();

    // Back again; gone for good; another name for a group, and the end of one.
    simulator.put_user(user(0)).unwrap();
    simulator.restore_user(&name(2)).unwrap();
    simulator.delete_user(&name(4)).unwrap();
    simulator.put_group(group(100, "Engineering", &[0, 1])).unwrap();
    simulator.delete_group(&object(102)).unwrap();
    let report = simulator.run_cycle().await.unwrap();
    assert_eq!(report.users.failed + report.groups.failed, 0, "{report:?}");

    let log = simulator.provisioning_log();
    simulator.stop();
    log.iter().filter_map(|exchange| Sent::of(exchange, &entra.tenant_url)).collect()
}

/// Another server that is told what was recorded, and the ids that it gave.
struct Replay {
    client: Provisioner,
    ids: BTreeMap<String, String>,
}

impl Replay {
    async fn start(world: &World, domain: &str) -> Self {
        let company = world.found(domain, domain).await;
        Self { client: world.provisioner(&company, "entra").await, ids: BTreeMap::new() }
    }

    fn here(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (there, here)| text.replace(there, here))
    }

    /// Sends it; it may have been sent before.
    async fn send(&mut self, sent: &Sent) {
        let body = serde_json::from_str(&self.here(&sent.body.to_string())).unwrap();
        let answer = self.client.call(sent.method.clone(), &self.here(&sent.path), &body).await;
        let expected: &[u16] = match sent.method {
            Method::POST => &[201, 409],
            Method::DELETE => &[204, 404],
            _ => &[200, 204],
        };
        let status = answer.status.as_u16();
        assert!(expected.contains(&status), "{sent:?}: {status} {}", answer.body);
        if let (201, Some(made)) = (status, &sent.made) {
            self.ids.insert(made.clone(), answer.body["id"].as_str().unwrap().to_owned());
        }
    }

    async fn state(&self, world: &World) -> Value {
        let recorded = self.ids.iter().map(|(there, here)| (here.clone(), there.clone()));
        state(world, &self.client, &recorded.collect()).await
    }
}

/// Everybody and every group, without times and versions, under the recorded ids. Whoever the
/// bootstrap made is nobody of Entra's.
async fn state(world: &World, client: &Provisioner, recorded: &BTreeMap<String, String>) -> Value {
    world.settled().await;
    let mut all = Vec::new();
    for path in ["/Users?count=200&filter=externalId%20pr", "/Groups?count=200"] {
        let listed = client.get(path).await.expect(200);
        for resource in listed["Resources"].as_array().unwrap() {
            let mut text = resource.to_string().replace(&client.tenant_url, "");
            for (here, there) in recorded {
                text = text.replace(here, there);
            }
            let mut resource: Map<String, Value> = serde_json::from_str(&text).unwrap();
            resource.remove("meta");
            if let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) {
                members.sort_by_key(ToString::to_string);
            }
            all.push(Value::Object(resource));
        }
    }
    all.sort_by_key(|resource| resource["externalId"].to_string());
    Value::Array(all)
}

/// Another order that keeps the order of those that conflict.
fn shuffled(sent: &[Sent], seed: u64) -> Vec<Sent> {
    let mut state = seed;
    let mut roll = |sides: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    let mut rest = sent.iter().collect::<Vec<_>>();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let is_free =
            |place: &usize| rest[..*place].iter().all(|earlier| !earlier.conflicts(rest[*place]));
        let free = (0..rest.len()).filter(is_free).collect::<Vec<_>>();
        order.push(rest.remove(free[roll(free.len())]).clone());
    }
    order
}

async fn ends_alike(dialect: Dialect) {
    let world = World::start().await;
    let entra = world.entra().await;
    let sent = record(&entra, dialect).await;
    let count = |method: Method| sent.iter().filter(|sent| sent.method == method).count();
    assert_eq!(count(Method::POST), 8, "five people and three groups");
    assert_eq!(count(Method::DELETE), 2);
    assert!(count(Method::PATCH) >= 10, "{}", count(Method::PATCH));
    let end = state(&world, &entra, &BTreeMap::new()).await;
    let find = |number: usize| {
        let mut all = end.as_array().unwrap().iter();
        all.find(|it| it["externalId"] == object(number)).cloned().unwrap_or_default()
    };
    assert_eq!(find(0)["active"], true);
    assert_eq!(find(1)["userName"], "grace.hopper@contoso.test");
    assert_eq!(find(100)["displayName"], "Engineering");
    assert_eq!(find(100)["members"].as_array().unwrap().len(), 2);
    assert_eq!([find(4), find(102)], [json!(null), json!(null)]);

    let mut each_twice = Replay::start(&world, "each.test").await;
    for sent in &sent {
        each_twice.send(sent).await;
        each_twice.send(sent).await;
    }
    assert_eq!(each_twice.state(&world).await, end, "each request twice");

    let mut all_twice = Replay::start(&world, "all.test").await;
    for sent in sent.iter().chain(&sent) {
        all_twice.send(sent).await;
    }
    assert_eq!(all_twice.state(&world).await, end, "all of it twice");

    for seed in 1..=4 {
        let order = shuffled(&sent, seed);
        let moved = order.iter().zip(&sent).filter(|(one, other)| one.path != other.path).count();
        assert!(moved > sent.len() / 4, "only {moved} are elsewhere");
        let mut other = Replay::start(&world, &format!("order-{seed}.test")).await;
        for sent in &order {
            other.send(sent).await;
        }
        assert_eq!(other.state(&world).await, end, "in order {seed}: {order:#?}");
    }
    world.quiet().await.check_invariants();
}

#[tokio::test]
async fn what_entra_sent_ends_alike_however_often_and_in_whatever_order_it_comes() {
    ends_alike(Dialect::Classic).await;
}

#[tokio::test]
async fn the_same_holds_for_the_dialect_of_the_standard() {
    ends_alike(Dialect::Compliant).await;
}
