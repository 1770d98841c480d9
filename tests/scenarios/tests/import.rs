//! The directory function reads the simulated Graph into the table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ambient::{Clock, SystemClock, SystemEntropy};
use async_trait::async_trait;
use directory::{App, Config, Directory, Reading, ReadingError};
use entra_sim::{
    Disorder, Domain, Fault, GraphFault, GraphSettings, GraphUser, Settings, Simulator, population,
};
use graph::{AccessToken, Graph, GraphError, Origin, TokenError, TokenSource};
use identity::{Block, OrganizationId, OutboxId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use local::database::LocalDatabase;
use scenarios::world::{aws, model};
use serde_json::json;
use store::{Action, Actor, AuditEntry, Order, Profile, Store, Table};
use uuid::Uuid;
use web::failure::RequestId;

struct Given(Arc<Simulator>, &'static [&'static str]);

#[async_trait]
impl TokenSource for Given {
    async fn token(&self, _: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
        let end = now() + SignedDuration::from_mins(60);
        Ok(AccessToken::new(self.0.graph_token(self.1).unwrap(), end))
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// Time passes whenever somebody looks.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        now() + SignedDuration::from_millis(200 * ticks)
    }
}

/// A simulated tenant, the function, and a table.
struct Lab {
    simulator: Arc<Simulator>,
    app: App,
    graph: Graph,
    origin: Origin,
    store: Store,
    organization: OrganizationId,
    clock: Arc<dyn Clock>,
    _database: LocalDatabase,
}

impl Lab {
    async fn start() -> Self {
        Self::by(Arc::new(SystemClock)).await
    }

    async fn by(clock: Arc<dyn Clock>) -> Self {
        let simulator = Arc::new(Simulator::start(Settings::default()).unwrap());
        simulator.put_domain(Domain::named("contoso.test")).unwrap();
        let tables = model("http://localhost:1", "http://localhost:2").tables;
        let database = LocalDatabase::start(None, &tables).await.unwrap();
        let aws = aws(database.endpoint()).await;
        let table = tables[0].name.clone();
        let config = Config::read(
            [
                ("TABLE", &*table),
                ("BUS", "none"),
                ("EXPORTS", "none"),
                ("MAIL_FROM", "id@contoso.test"),
                ("CLIENT_ASSERTION_KEY", "none"),
                ("ENTRA_URL", "https://login.microsoftonline.com"),
                ("GRAPH_URL", "https://graph.microsoft.com/v1.0"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        )
        .unwrap();
        let origin = Origin::parse(&simulator.graph_url()).unwrap();
        let tokens = Arc::new(Given(Arc::clone(&simulator), &["User.Read.All"]));
        let (system, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Self {
            app: App::with(&aws, config, Arc::clone(&clock), entropy.clone()).unwrap(),
            graph: Graph::new(origin.clone(), tokens, system, entropy).unwrap(),
            origin,
            store: Store::new(Table::new(&aws, table)),
            organization: OrganizationId::mint(&SystemEntropy),
            simulator,
            clock,
            _database: database,
        }
    }

    async fn try_read(&self, seconds: i64) -> Result<Reading, ReadingError> {
        let tenant = self.simulator.tenant_id().parse().unwrap();
        let until = self.clock.now() + SignedDuration::from_secs(seconds);
        let directory = Directory {
            organization: self.organization,
            tenant,
            graph: self.graph.tenant(tenant, Uuid::from_u128(7), until),
            origin: &self.origin,
            until,
        };
        self.app.read_directory(&directory, &RequestId::new("r")).await
    }

    /// A whole round.
    async fn read(&self) -> store::Import {
        match self.try_read(600).await.unwrap() {
            Reading::Ended(import) => import,
            other => panic!("{other:?}"),
        }
    }

    /// Everybody, by name.
    async fn users(&self) -> BTreeMap<String, User> {
        let (mut users, mut from) = (BTreeMap::new(), None);
        loop {
            let order = Order::Stored;
            let page = self.store.list_users(self.organization, order, from.as_ref(), 50, now());
            let page = page.await.unwrap();
            for user in page.items {
                let known = users.insert(user.user.value.user_name.folded(), user.user.value);
                assert!(known.is_none(), "nobody is there twice");
            }
            let Some(next) = page.next else { return users };
            from = Some(next);
        }
    }

    async fn user(&self, name: &str) -> User {
        self.users().await.remove(&format!("{name}@contoso.test")).unwrap()
    }

    /// Somebody whom a provisioning client made that says no object ids.
    async fn provisioned(&self, name: &str) -> User {
        let user =
            User::new(UserId::mint(&SystemEntropy), name.parse().unwrap(), name.to_owned(), now());
        let id = OutboxId::mint(&SystemEntropy);
        let audit = AuditEntry::new(id, now(), Actor::System, Action::UserCreated);
        let (org, profile) = (self.organization, Profile::new(now()));
        self.store.create_provisioned(org, &user, &profile, &audit, None).await.unwrap();
        user
    }

    /// How often Graph was asked for a path that begins like this.
    fn asked(&self, path: &str) -> usize {
        let calls = self.simulator.graph_calls();
        calls.iter().filter(|call| call.path.starts_with(path)).count()
    }

    fn put(&self, name: &str, change: impl FnOnce(&mut GraphUser)) -> GraphUser {
        let known = self.simulator.users().into_iter().find(|user| user.display_name == name);
        let mut user = known.unwrap_or_else(|| GraphUser {
            user_principal_name: format!("{name}@contoso.test"),
            display_name: name.to_owned(),
            ..GraphUser::default()
        });
        change(&mut user);
        self.simulator.put_user(user).unwrap()
    }
}

#[tokio::test]
async fn everybody_is_read_once_whatever_the_order_and_a_quiet_round_changes_nothing() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(60)).unwrap();
    lab.simulator.set_graph(GraphSettings {
        page_size: 9,
        disorder: Disorder::Repeated,
        empty_every: Some(3),
        ..GraphSettings::default()
    });

    let first = lab.read().await;
    let users = lab.users().await;
    let second = lab.read().await;

    assert_eq!((users.len(), first.tally.made, first.round), (60, 60, 2));
    assert!(first.tally.told > 60, "some were told of twice");
    assert_eq!((second.tally.told, second.pages), (0, 1), "a round without changes is one page");
    assert_eq!(lab.users().await, users);
    assert!(users.values().all(|user| user.object_id.is_some() && user.personal_email.is_some()));
}

#[tokio::test]
async fn a_change_there_is_a_change_here_and_the_user_stays_the_same() {
    let lab = Lab::start().await;
    lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));
    lab.put("guest", |guest| {
        guest.more.insert("userType".to_owned(), "Guest".into());
    });
    let first = lab.read().await;
    let ada = lab.user("ada").await;
    assert_eq!((first.tally.made, first.tally.guests), (1, 1));

    lab.put("ada", |ada| {
        ada.account_enabled = false;
        ada.user_principal_name = "arden@contoso.test".to_owned();
    });
    let second = lab.read().await;
    let arden = lab.user("arden").await;
    assert_eq!((second.tally.changed, second.tally.blocked), (1, 1));
    assert_eq!((arden.id, arden.anchor.clone()), (ada.id, ada.anchor.clone()));
    assert!(arden.blocks.contains(&Block::Entra));
    assert!(arden.sessions_valid_from > ada.sessions_valid_from, "every session is over");

    lab.put("ada", |ada| ada.account_enabled = true);
    lab.read().await;
    assert!(lab.user("arden").await.blocks.is_empty());
    lab.simulator.soft_delete_user("arden@contoso.test").unwrap();
    lab.read().await;
    assert!(lab.user("arden").await.blocks.contains(&Block::Entra), "gone there, no access here");
    lab.simulator.restore_user("arden@contoso.test").unwrap();
    lab.read().await;
    assert!(lab.user("arden").await.blocks.is_empty());
}

#[tokio::test]
async fn a_name_that_somebody_left_is_taken_in_the_same_round() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.put("grace", |_| ());
    lab.read().await;
    let before = lab.users().await;

    lab.put("ada", |ada| ada.user_principal_name = "away@contoso.test".to_owned());
    lab.put("grace", |grace| grace.user_principal_name = "ada@contoso.test".to_owned());
    let round = lab.read().await;

    let after = lab.users().await;
    assert_eq!(round.tally.clashes, 0);
    assert_eq!(after["ada@contoso.test"].id, before["grace@contoso.test"].id);
    assert_eq!(after["away@contoso.test"].id, before["ada@contoso.test"].id);
}

#[tokio::test]
async fn names_that_two_or_three_swap_end_where_they_belong() {
    let lab = Lab::start().await;
    let names = ["ada", "grace", "alan", "edsger", "barbara"];
    for name in names {
        lab.put(name, |_| ());
    }
    lab.read().await;
    let before = lab.users().await;

    // By way of a name that nobody is told of: two change places, and three more in turn.
    for name in names {
        lab.put(name, |user| user.user_principal_name = format!("{name}@x.test"));
    }
    let swaps = [
        ("ada", "grace"),
        ("grace", "ada"),
        ("alan", "edsger"),
        ("edsger", "barbara"),
        ("barbara", "alan"),
    ];
    for (from, to) in swaps {
        lab.put(from, |user| user.user_principal_name = format!("{to}@contoso.test"));
    }
    let round = lab.read().await;

    let after = lab.users().await;
    assert_eq!(round.tally.clashes, 0);
    for (from, to) in swaps {
        let (old, new) = (format!("{from}@contoso.test"), format!("{to}@contoso.test"));
        assert_eq!(after[&new].id, before[&old].id, "{from} is {to} now");
    }
    assert_eq!(after.len(), 5);
}

#[tokio::test]
async fn anchors_that_change_hands_end_where_they_belong() {
    let lab = Lab::start().await;
    let names = ["ada", "grace", "alan"];
    for name in names {
        lab.put(name, |user| user.on_premises_immutable_id = Some(format!("anchor-of-{name}")));
    }
    lab.read().await;
    for name in names {
        lab.put(name, |user| user.on_premises_immutable_id = None);
    }
    let hands = [("ada", "grace"), ("grace", "alan"), ("alan", "ada")];
    for (from, to) in hands {
        lab.put(to, |user| user.on_premises_immutable_id = Some(format!("anchor-of-{from}")));
    }

    let round = lab.read().await;

    assert_eq!(round.tally.clashes, 0);
    for (from, to) in hands {
        let user = lab.user(to).await;
        assert_eq!(user.anchor.unwrap().as_str(), format!("anchor-of-{from}"));
        assert!(!user.unanchored);
    }
}

#[tokio::test]
async fn an_anchor_that_somebody_else_has_is_counted_and_seen_to_again() {
    let lab = Lab::start().await;
    let id = UserId::mint(&SystemEntropy);
    let mut here = User::new(id, "else@contoso.test".parse().unwrap(), "Else".to_owned(), now());
    here.anchor = "A1".parse().ok();
    lab.store.create_user(lab.organization, &here).await.unwrap();
    lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));

    let round = lab.read().await;

    let ada = lab.user("ada").await;
    assert_eq!((round.tally.clashes, ada.anchor, ada.unanchored), (1, None, true));
    assert_eq!(lab.user("else").await.anchor, here.anchor);
    assert!(lab.store.has_unanchored(lab.organization, now()).await.unwrap());
}

#[tokio::test]
async fn a_name_of_somebody_who_is_gone_for_good_is_free_again() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.read().await;
    let gone = lab.user("ada").await;
    lab.simulator.delete_user("ada@contoso.test").unwrap();
    lab.put("ada", |_| ());

    let round = lab.read().await;

    let users = lab.users().await;
    let kept = users.values().find(|user| user.id == gone.id).unwrap();
    assert_eq!((round.tally.made, round.tally.clashes, users.len()), (1, 0, 2));
    assert_ne!(users["ada@contoso.test"].id, gone.id, "a name used again is another person");
    assert!(kept.blocks.contains(&Block::Entra));
}

#[tokio::test]
async fn it_goes_on_where_it_was_whatever_stopped_it() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(40)).unwrap();
    lab.simulator.set_graph(GraphSettings { page_size: 10, ..GraphSettings::default() });

    // Every page fails once, each in another way, and half of the invocations have no time.
    let faults = [
        Fault::Throttled { retry_after: Some(3_000) },
        Fault::ConsentLost,
        Fault::Torn,
        Fault::Garbage,
    ];
    for fault in faults {
        lab.simulator.inject(GraphFault::next(fault).at("/users/delta"));
        let error = lab.try_read(600).await.unwrap_err();
        assert!(matches!(error, ReadingError::Graph(_)), "{error}");
        lab.simulator.inject(
            GraphFault::next(Fault::Throttled { retry_after: Some(3_000) })
                .at("/users/delta")
                .after(1),
        );
        let stopped = lab.try_read(600).await;
        assert!(matches!(stopped, Err(ReadingError::Graph(GraphError::Retry(_))) | Ok(_)));
        assert!(matches!(lab.try_read(1).await.unwrap(), Reading::Unfinished(_)));
    }
    let mut rounds = 0;
    while lab.users().await.len() < 40 {
        lab.try_read(600).await.unwrap();
        rounds += 1;
        assert!(rounds < 10);
    }

    let calls = lab.simulator.graph_calls();
    assert!(calls.iter().all(|call| call.method == "GET"), "reading writes nothing there");
    assert!(lab.users().await.values().all(|user| user.blocks.is_empty()));
}

#[tokio::test]
async fn an_expired_link_or_a_reset_reads_anew_and_removes_nobody() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(20)).unwrap();
    lab.read().await;

    for fault in [Fault::Expired, Fault::Reset] {
        lab.simulator.inject(GraphFault::next(fault).at("/users/delta"));
        let anew = lab.read().await;
        assert_eq!((anew.tally.told, anew.tally.made, anew.tally.changed), (20, 0, 0));
    }
    lab.simulator
        .put_user(GraphUser {
            display_name: "Other".to_owned(),
            ..lab.simulator.users().into_iter().next().unwrap()
        })
        .unwrap();
    assert_eq!(lab.read().await.tally.changed, 1, "what is selected is still selected");
    let before = lab.users().await;
    for empty in 0..2 {
        lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
        lab.simulator.inject(GraphFault::next(Fault::Empty).at("/users/delta"));
        assert_eq!(lab.read().await.tally.told, 0, "{empty}");
    }

    assert_eq!(lab.users().await, before, "who is not told of keeps everything");
}

#[tokio::test]
async fn two_at_once_make_nobody_twice() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(30)).unwrap();
    lab.simulator.set_graph(GraphSettings { page_size: 10, ..GraphSettings::default() });

    let (one, other) = tokio::join!(lab.try_read(600), lab.try_read(600));
    let ended = [one.unwrap(), other.unwrap()];

    assert!(ended.iter().any(|reading| matches!(reading, Reading::Ended(_))), "{ended:?}");
    assert_eq!(lab.users().await.len(), 30);
}

#[tokio::test]
async fn somebody_who_was_here_before_becomes_the_object_and_an_anchor_is_of_one_only() {
    let lab = Lab::start().await;
    let id = UserId::mint(&SystemEntropy);
    let name = "ada@contoso.test".parse().unwrap();
    let here = User::new(id, name, "Ada".to_owned(), now());
    lab.store.create_user(lab.organization, &here).await.unwrap();
    let ada = lab.put("ada", |ada| ada.on_premises_immutable_id = Some("A1".to_owned()));
    lab.put("other", |other| other.on_premises_immutable_id = Some("a 1".replace(' ', "")));

    let round = lab.read().await;

    let user = lab.user("ada").await;
    assert_eq!((user.id, user.object_id), (id, ada.id.parse().ok()));
    assert_eq!(user.anchor.unwrap().as_str(), "A1");
    assert_eq!(user.display_name, "Ada", "what they are here stays");
    assert_eq!(lab.user("other").await.anchor.unwrap().as_str(), "a1", "another one by its case");
    assert_eq!(round.tally.clashes, 0);
}

#[tokio::test]
async fn who_has_a_name_by_a_provisioning_client_keeps_it_and_a_page_of_them_is_one_pass() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(60)).unwrap();
    for user in lab.simulator.users().iter().take(40) {
        lab.provisioned(&user.user_principal_name).await;
    }

    let round = lab.read().await;

    assert_eq!((round.tally.made, round.tally.clashes, round.tally.told), (20, 40, 60));
    let linked = lab.users().await.into_values().filter(|user| user.object_id.is_some()).count();
    assert_eq!(linked, 20, "a sign-in name that arrives with an object id takes nobody over");
    assert_eq!(lab.asked("/users/delta"), 1);
    assert_eq!(lab.asked("/users/"), 1, "nobody of them is asked for");
}

#[tokio::test]
async fn whoever_loses_access_loses_it_though_their_new_name_is_somebody_elses() {
    let lab = Lab::start().await;
    lab.put("ada", |_| ());
    lab.read().await;
    lab.provisioned("taken@contoso.test").await;
    lab.put("ada", |ada| {
        ada.user_principal_name = "taken@contoso.test".to_owned();
        ada.account_enabled = false;
    });

    let round = lab.read().await;

    assert_eq!((round.tally.clashes, round.tally.blocked), (1, 1));
    assert!(lab.user("ada").await.blocks.contains(&Block::Entra));
    assert!(lab.user("taken").await.blocks.is_empty());
}

#[tokio::test]
async fn a_page_that_fits_no_invocation_is_carried_out_by_several() {
    let lab = Lab::by(Arc::new(Ticking(AtomicI64::new(0)))).await;
    let names: Vec<String> = (0..24).map(|number| format!("user{number}")).collect();
    for name in &names {
        lab.put(name, |_| ());
    }
    while !matches!(lab.try_read(60).await.unwrap(), Reading::Ended(_)) {}
    let before = lab.users().await;
    // Everybody takes the name of the next one, in a circle.
    for name in &names {
        lab.put(name, |user| user.user_principal_name = format!("{name}@x.test"));
    }
    let next = |number: usize| format!("user{}@contoso.test", (number + 1) % 24);
    for (number, name) in names.iter().enumerate() {
        lab.put(name, |user| user.user_principal_name = next(number));
    }

    let mut invocations = 1;
    let round = loop {
        match lab.try_read(30).await.unwrap() {
            Reading::Ended(round) => break round,
            Reading::Unfinished(import) => {
                let known = lab.store.import(lab.organization, now()).await.unwrap().unwrap();
                assert_eq!(known.value, import, "what is done is kept");
            }
            Reading::Elsewhere => panic!("nobody else is there"),
        }
        invocations += 1;
        assert!(invocations < 50, "it gets nowhere");
    };

    assert!(invocations > 1, "it fitted one");
    assert_eq!((round.tally.clashes, round.carried_out.len(), round.pages), (0, 0, 1));
    let after = lab.users().await;
    for number in 0..24 {
        let old = format!("user{number}@contoso.test");
        assert_eq!(after[&next(number)].id, before[&old].id, "{old}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_left_out_counted_and_enables_nobody() {
    let lab = Lab::start().await;
    let ada = lab.put("ada", |ada| ada.account_enabled = false);
    lab.read().await;
    let odd = [
        json!({ "id": ada.id, "accountEnabled": "true" }),
        json!({ "id": ada.id, "accountEnabled": 1 }),
        json!({ "id": ada.id, "@removed": { "reason": "moved" } }),
        json!({ "accountEnabled": true }),
        json!(7),
    ];
    for (number, thing) in odd.into_iter().enumerate() {
        let name = format!("user{number}");
        lab.put(&name, |_| ());
        lab.put("ada", |ada| ada.account_enabled = number % 2 == 1);
        let text = thing.to_string();
        lab.simulator.inject(GraphFault::next(Fault::Odd(thing)).at("/users/delta"));

        let round = lab.read().await;

        assert_eq!((round.tally.unread, round.tally.made), (1, 1), "{text}");
        assert!(lab.users().await.contains_key(&format!("{name}@contoso.test")), "{text}");
        let blocked = lab.user("ada").await.blocks.contains(&Block::Entra);
        assert!(blocked || number == 3, "{text}");
    }
    // Who is made of what is asked for, and not told, is made of sense alone.
    lab.put("new", |_| ());
    lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
    lab.read().await;
    assert!(lab.user("new").await.blocks.is_empty());
}

#[tokio::test]
async fn a_graph_that_loses_its_place_again_and_again_is_not_asked_without_pause() {
    let lab = Lab::start().await;
    lab.simulator.put_users(population(10)).unwrap();
    lab.read().await;
    let before = (lab.users().await, lab.asked("/users/delta"));
    lab.simulator.inject(GraphFault::next(Fault::Reset).at("/users/delta").times(30));

    let error = lab.try_read(600).await.unwrap_err();

    assert!(matches!(error, ReadingError::Graph(GraphError::Gone { .. })), "{error}");
    assert_eq!(lab.asked("/users/delta") - before.1, 3);
    assert_eq!(lab.users().await, before.0);
}

#[tokio::test]
async fn without_the_one_permission_that_reading_declares_nothing_is_read_and_nobody_changes() {
    let mut lab = Lab::start().await;
    lab.simulator.put_users(population(5)).unwrap();
    lab.read().await;
    let before = lab.users().await;
    lab.put("new", |_| ());
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let tokens = Arc::new(Given(Arc::clone(&lab.simulator), &[]));
    lab.graph = Graph::new(lab.origin.clone(), tokens, clock, entropy).unwrap();

    let error = lab.try_read(600).await.unwrap_err();

    assert!(matches!(error, ReadingError::Graph(GraphError::ConsentLost(_))), "{error}");
    assert_eq!(lab.users().await, before);
    let calls = lab.simulator.graph_calls();
    assert!(calls.iter().all(|call| call.method == "GET"), "reading writes nothing there");
}
