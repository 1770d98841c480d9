//! The directory function reads the simulated Graph into the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use async_trait::async_trait;
use directory::{App, Config, Directory, Reading, ReadingError};
use entra_sim::{
    Disorder, Domain, Fault, GraphFault, GraphSettings, GraphUser, Settings, Simulator, population,
};
use graph::{AccessToken, Graph, GraphError, Origin, TokenError, TokenSource};
use identity::{Block, OrganizationId, User};
use jiff::{SignedDuration, Timestamp};
use local::database::LocalDatabase;
use scenarios::world::{aws, model};
use store::{Order, Store, Table};
use uuid::Uuid;
use web::failure::RequestId;

struct Given(Arc<Simulator>);

#[async_trait]
impl TokenSource for Given {
    async fn token(&self, _: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
        let end = now() + SignedDuration::from_mins(60);
        Ok(AccessToken::new(self.0.graph_token(&["User.Read.All"]).unwrap(), end))
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// A simulated tenant, the function, and a table.
struct Lab {
    simulator: Arc<Simulator>,
    app: App,
    graph: Graph,
    origin: Origin,
    store: Store,
    organization: OrganizationId,
    _database: LocalDatabase,
}

impl Lab {
    async fn start() -> Self {
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
                ("MAIL_FROM", "id@contoso.test"),
                ("CLIENT_ASSERTION_KEY", "none"),
                ("ENTRA_URL", "https://login.microsoftonline.com"),
                ("GRAPH_URL", "https://graph.microsoft.com/v1.0"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        )
        .unwrap();
        let origin = Origin::parse(&simulator.graph_url()).unwrap();
        let tokens = Arc::new(Given(Arc::clone(&simulator)));
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Self {
            app: App::new(&aws, config).unwrap(),
            graph: Graph::new(origin.clone(), tokens, clock, entropy).unwrap(),
            origin,
            store: Store::new(Table::new(&aws, table)),
            organization: OrganizationId::mint(&SystemEntropy),
            simulator,
            _database: database,
        }
    }

    async fn try_read(&self, seconds: i64) -> Result<Reading, ReadingError> {
        let tenant = self.simulator.tenant_id().parse().unwrap();
        let until = now() + SignedDuration::from_secs(seconds);
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
    let id = identity::UserId::mint(&SystemEntropy);
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
    let id = identity::UserId::mint(&SystemEntropy);
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
