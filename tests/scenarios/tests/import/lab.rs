//! A simulated tenant, the function that reads it, and a table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ambient::{Clock, SystemClock, SystemEntropy};
use async_trait::async_trait;
use directory::{App, Config, Directory, Reading, ReadingError};
use entra_sim::{Domain, GraphUser, Settings, Simulator};
use graph::{AccessToken, Graph, Origin, TokenError, TokenSource};
use identity::{OrganizationId, OutboxId, User, UserId};
use jiff::{SignedDuration, Timestamp};
use local::database::LocalDatabase;
use scenarios::exchanges;
use scenarios::world::{aws, model};
use store::{Action, Actor, AuditEntry, Order, Profile, Store, Table};
use uuid::Uuid;
use web::failure::RequestId;

pub(crate) struct Given(pub(crate) Arc<Simulator>, pub(crate) &'static [&'static str]);

#[async_trait]
impl TokenSource for Given {
    async fn token(&self, _: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
        let end = now() + SignedDuration::from_mins(60);
        Ok(AccessToken::new(self.0.graph_token(self.1).unwrap(), end))
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// Time passes whenever somebody looks.
pub(crate) struct Ticking(pub(crate) AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        now() + SignedDuration::from_millis(200 * ticks)
    }
}

/// A simulated tenant, the function, and a table.
pub(crate) struct Lab {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) app: App,
    pub(crate) graph: Graph,
    pub(crate) origin: Origin,
    pub(crate) store: Store,
    pub(crate) organization: OrganizationId,
    pub(crate) clock: Arc<dyn Clock>,
    _database: LocalDatabase,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::by(Arc::new(SystemClock)).await
    }

    pub(crate) async fn by(clock: Arc<dyn Clock>) -> Self {
        let settings = Settings { exchanges: exchanges(), ..Settings::default() };
        let simulator = Arc::new(Simulator::start(settings).unwrap());
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

    pub(crate) async fn try_read(&self, seconds: i64) -> Result<Reading, ReadingError> {
        self.try_read_since(self.clock.now(), seconds).await
    }

    /// By somebody who began at that instant.
    pub(crate) async fn try_read_since(
        &self,
        since: Timestamp,
        seconds: i64,
    ) -> Result<Reading, ReadingError> {
        let tenant = self.simulator.tenant_id().parse().unwrap();
        let until = self.clock.now() + SignedDuration::from_secs(seconds);
        let directory = Directory {
            organization: self.organization,
            tenant,
            graph: self.graph.tenant(tenant, Uuid::from_u128(7), until),
            origin: &self.origin,
            since,
            until,
            refusals: store::Refusals::default(),
        };
        self.app.read_directory(&directory, &RequestId::new("r")).await
    }

    /// A whole round.
    pub(crate) async fn read(&self) -> store::Import {
        match self.try_read(600).await.unwrap() {
            Reading::Ended(import) => import,
            other => panic!("{other:?}"),
        }
    }

    /// Everybody, by name.
    pub(crate) async fn users(&self) -> BTreeMap<String, User> {
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

    pub(crate) async fn user(&self, name: &str) -> User {
        self.users().await.remove(&format!("{name}@contoso.test")).unwrap()
    }

    /// Somebody whom a provisioning client made that says no object ids.
    pub(crate) async fn provisioned(&self, name: &str) -> User {
        let user =
            User::new(UserId::mint(&SystemEntropy), name.parse().unwrap(), name.to_owned(), now());
        let id = OutboxId::mint(&SystemEntropy);
        let audit = AuditEntry::new(id, now(), Actor::System, Action::UserCreated);
        let (org, profile) = (self.organization, Profile::new(now()));
        self.store.create_provisioned(org, &user, &profile, &audit, None).await.unwrap();
        user
    }

    /// How often Graph was asked for a path that begins like this.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let calls = self.simulator.graph_calls();
        calls.iter().filter(|call| call.path.starts_with(path)).count()
    }

    pub(crate) fn put(&self, name: &str, change: impl FnOnce(&mut GraphUser)) -> GraphUser {
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
