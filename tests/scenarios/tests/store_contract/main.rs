//! What the store promises, over the embedded DynamoDB: each sentence of it, its boundaries, and
//! sixteen who say it at the same time.

mod answers;
mod enrolments;
mod federation_checks;
mod folds;
mod groups;
mod members;
mod notices;
mod organizations;
mod outbox;
mod pages;
mod provisioned;
mod requests;
mod users;

use ambient::SystemEntropy;
use futures_util::future::join_all;
use identity::{
    Anchor, FederatedDomain, Method, Organization, OrganizationId, OutboxId, SESSION_HOURS, Secret,
    SecretHash, Session, User, UserId,
};
use jiff::{SignedDuration, Timestamp};
use local::database::LocalDatabase;
use scenarios::Records;
use scenarios::wire::{Upstreams, Wire};
use scenarios::world::{aws, model};
use store::{Action, Actor, AuditEntry, FoundError, Founding, Link, Passkey, Store, Table};

/// How many do the same at once.
const RACERS: usize = 16;

/// A table with one organization in it.
struct Place {
    store: Store,
    table_name: String,
    organization: Organization,
    domain: FederatedDomain,
    database: LocalDatabase,
}

/// When every story begins.
fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn secret() -> SecretHash {
    Secret::mint(&SystemEntropy).hash()
}

fn audit(action: Action) -> AuditEntry {
    AuditEntry::new(OutboxId::mint(&SystemEntropy), noon(), Actor::System, action)
}

fn user(name: &str) -> User {
    let id = UserId::mint(&SystemEntropy);
    let user_name = format!("{name}@contoso.test").parse().unwrap();
    User { anchor: Some(Anchor::of(id)), ..User::new(id, user_name, name.to_owned(), noon()) }
}

fn passkey() -> Passkey {
    Passkey {
        id: secret(),
        name: "Laptop".to_owned(),
        credential: "{}".to_owned(),
        created_at: noon(),
        used_at: None,
    }
}

fn organization(base_url: &str) -> Organization {
    Organization {
        id: OrganizationId::mint(&SystemEntropy),
        name: "Contoso".to_owned(),
        base_url: base_url.to_owned(),
        rp_id: "id.contoso.test".to_owned(),
        session_hours: SESSION_HOURS,
        mode: identity::Mode::default(),
        administrators: Vec::new(),
        domains: Vec::new(),
        directories: Vec::new(),
        created_at: noon(),
    }
}

fn domain(organization: &Organization, name: &str) -> FederatedDomain {
    FederatedDomain {
        name: name.parse().unwrap(),
        organization: organization.id,
        issuer: format!("{}/saml/{name}", organization.base_url),
        reply_url: "https://entra.test/login.srf".to_owned(),
    }
}

/// Founds an organization with its first administrator.
async fn found(
    store: &Store,
    organization: &Organization,
    domain: &FederatedDomain,
    administrator: &User,
) -> Result<(), FoundError> {
    let domains = vec![domain.name.clone()];
    let organization = &Organization { domains, ..organization.clone() };
    let founding = Founding {
        organization,
        domain,
        ring: &"ring",
        administrator,
        link: (&secret(), &Link::new(administrator.id, noon())),
        audit: &audit(Action::OrganizationFounded),
    };
    store.found(&founding, noon()).await
}

/// Lets several do something at the same time, and counts those for whom it went well.
async fn race<T, E>(
    attempts: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> usize {
    join_all(attempts).await.into_iter().filter(Result::is_ok).count()
}

impl Place {
    async fn empty() -> (Store, String, LocalDatabase) {
        let mut tables = model("http://localhost:1", "http://localhost:2").tables;
        for table in &mut tables {
            // It goes by the real clock.
            table.ttl_attribute = None;
        }
        let database = LocalDatabase::start(None, &tables).await.unwrap();
        let aws = aws(database.endpoint()).await;
        let table_name = tables[0].name.clone();
        (Store::new(Table::new(&aws, table_name.clone())), table_name, database)
    }

    async fn new() -> Self {
        let (store, table_name, database) = Self::empty().await;
        let administrator = user("admin");
        let organization = Organization {
            administrators: vec![administrator.id, UserId::mint(&SystemEntropy)],
            domains: vec!["contoso.test".parse().unwrap()],
            ..organization("https://id.contoso.test")
        };
        let domain = domain(&organization, "contoso.test");
        found(&store, &organization, &domain, &administrator).await.unwrap();
        Self { store, table_name, organization, domain, database }
    }

    fn org(&self) -> OrganizationId {
        self.organization.id
    }

    /// A new user, as stored.
    async fn user(&self, name: &str) -> store::Stored<User> {
        let user = user(name);
        self.store.create_user(self.org(), &user).await.unwrap();
        self.store.user(self.org(), user.id, noon()).await.unwrap().unwrap()
    }

    /// The same table by another way, on which every call is counted.
    async fn watched(&self) -> (Store, Wire) {
        let url = self.database.endpoint().to_owned();
        let other = || url.clone();
        let upstreams = Upstreams {
            dynamodb: url.clone(),
            kms: other(),
            events: other(),
            ses: other(),
            s3: other(),
        };
        let wire = Wire::start(upstreams).await;
        let store = Store::new(Table::new(&aws(wire.url()).await, self.table_name.clone()));
        (store, wire)
    }

    /// Everything that the table holds, after a check that it does not contradict itself.
    async fn sound_records(&self) -> Records {
        let client = aws_sdk_dynamodb::Client::new(&aws(self.database.endpoint()).await);
        let records = Records::read(&client, &self.table_name).await;
        records.check_invariants();
        records
    }

    fn session(&self, user: &User) -> Session {
        Session::begin(user, &self.organization, Method::Passkey, noon())
    }
}
