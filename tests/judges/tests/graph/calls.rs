//! Each call of our Graph client passes through Prism to the simulated Graph, and each answer comes
//! back through it: Microsoft's contract is the judge of both.

use std::collections::BTreeMap;
use std::sync::Arc;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use async_trait::async_trait;
use axum::Router;
use axum::extract::Query;
use entra_sim::{
    Domain, Fault, GraphFault, GraphSettings, InternalDomainFederation, Settings, Simulator,
    population,
};
use graph::{
    AccessToken, Batch, Graph, GraphError, NewSubscription, NewUser, Next, Origin, Page, Password,
    Permission, Tenant, TokenError, TokenSource, UserChange,
};
use jiff::SignedDuration;
use judges::prism::Prism;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

/// Tokens that the simulator gives without any consent.
struct Given(Arc<Simulator>);

#[async_trait]
impl TokenSource for Given {
    async fn token(&self, _: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
        let roles = Permission::ALL.map(Permission::as_str);
        let end = SystemClock.now() + SignedDuration::from_mins(60);
        Ok(AccessToken::new(self.0.graph_token(&roles).unwrap(), end))
    }
}

/// The simulated Graph, Prism before it, and our client before that.
struct Lab {
    simulator: Arc<Simulator>,
    prism: Prism,
    graph: Graph,
    tenant: Uuid,
}

impl Lab {
    fn start() -> Self {
        let simulator = Arc::new(Simulator::start(Settings::default()).unwrap());
        simulator.put_domain(Domain::named("contoso.test")).unwrap();
        let prism = Prism::before(&simulator.graph_url(), "graph.yaml");
        let origin = Origin::parse(&prism.url).unwrap();
        let tokens = Arc::new(Given(Arc::clone(&simulator)));
        let graph = Graph::new(origin, tokens, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let tenant = simulator.tenant_id().parse().unwrap();
        let lab = Self { simulator, prism, graph: graph.unwrap(), tenant };
        lab.behave(GraphSettings::default());
        lab
    }

    /// Sets how Graph behaves; links lead to Prism.
    fn behave(&self, settings: GraphSettings) {
        let public_url = Some(self.prism.url.clone());
        self.simulator.set_graph(GraphSettings { public_url, ..settings });
    }

    /// A short piece of work: what breaks the contract is not tried for long.
    fn tenant(&self) -> Tenant<'_> {
        let deadline = SystemClock.now() + SignedDuration::from_secs(8);
        self.graph.tenant(self.tenant, Uuid::from_u128(7), deadline)
    }

    /// Every call went through Prism, which found nothing.
    fn verdict(&self) {
        assert_eq!(self.prism.complaints(), Vec::<String>::new());
        let alone = self.simulator.graph_calls().into_iter().filter(|call| !call.batched);
        assert_eq!(self.prism.received(), alone.count());
    }
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        mail_nickname: name.to_owned(),
        account_enabled: true,
        on_premises_immutable_id: format!("5f0d9c0b1e2a4c7d8e9f{name}"),
        given_name: Some("O'Neil".to_owned()),
        surname: None,
        usage_location: Some("DE".to_owned()),
        other_mails: vec![format!("{name}@personal.test")],
        mobile_phone: Some("+49 171 1234567".to_owned()),
        password_profile: Password::random(&SystemEntropy),
    }
}

/// The template of Helpdesk Administrator.
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

#[tokio::test]
async fn a_user_is_made_found_changed_deleted_and_restored_by_the_contract() {
    let lab = Lab::start();
    let graph = lab.tenant();

    let made = graph.create_user(&new_user("ada")).await.unwrap();
    let named = graph.user_named("ADA@contoso.test").await.unwrap().unwrap();
    let anchored = graph.user_anchored("5f0d9c0b1e2a4c7d8e9fada").await.unwrap().unwrap();
    let change = UserChange {
        on_premises_immutable_id: Some("5f0d9c0b1e2a4c7d8e9f00112233aabb".to_owned()),
        display_name: Some("Ada Arden".to_owned()),
        usage_location: Some("FR".to_owned()),
        ..UserChange::default()
    };
    graph.change_user(made.id, &change).await.unwrap();
    let away = UserChange {
        user_principal_name: Some("5f0d9c0b1e2a4c7d8e9f@contoso.onmicrosoft.com".to_owned()),
        ..UserChange::default()
    };
    graph.change_user(made.id, &away).await.unwrap();
    let back = UserChange {
        user_principal_name: Some("ada@contoso.test".to_owned()),
        on_premises_immutable_id: Some("5f0d9c0b1e2a4c7d8e9f00112233aabc".to_owned()),
        ..UserChange::default()
    };
    graph.change_user(made.id, &back).await.unwrap();
    // The id of any SKU.
    graph.assign_licences(made.id, &[made.id]).await.unwrap();
    graph.revoke_sessions(made.id).await.unwrap();
    assert!(!graph.holds_role(made.id).await.unwrap());
    lab.simulator.put_directory_roles("ada@contoso.test", &[HELPDESK]).unwrap();
    assert!(graph.holds_role(made.id).await.unwrap());
    let read = graph.user(made.id).await.unwrap();
    graph.delete_user(made.id).await.unwrap();
    let gone = graph.user(made.id).await.unwrap_err();
    let in_bin = graph.is_in_recycle_bin(made.id).await.unwrap();
    graph.restore_user(made.id).await.unwrap();

    assert_eq!((named.id, anchored.id), (made.id, made.id));
    assert_eq!(read.display_name.value().unwrap(), "Ada Arden");
    assert_eq!(read.usage_location.value().unwrap(), "FR");
    assert!(matches!(gone, GraphError::NotFound(_)), "{gone}");
    assert!(in_bin && !graph.is_in_recycle_bin(made.id).await.unwrap());
    assert_eq!(graph.user_named("o'neil@contoso.test").await.unwrap(), None);
    lab.verdict();
}

#[tokio::test]
async fn lists_and_rounds_of_changes_keep_to_the_contract_on_every_page() {
    let lab = Lab::start();
    lab.simulator.put_users(population(25)).unwrap();
    let settings = GraphSettings {
        page_size: 7,
        disorder: entra_sim::Disorder::Repeated,
        empty_every: Some(3),
        ..GraphSettings::default()
    };
    lab.behave(settings);
    let graph = lab.tenant();

    let mut page = graph.users().await.unwrap();
    let mut listed = page.value.len();
    while let Next::More(link) = page.next {
        page = graph.more_users(&link).await.unwrap();
        listed += page.value.len();
    }
    let mut told = std::collections::BTreeSet::new();
    let mut page: Page<_> = graph.changes().await.unwrap();
    let round = loop {
        told.extend(page.value.iter().map(|user| user.id));
        match page.next {
            Next::More(link) => page = graph.more_changes(&link).await.unwrap(),
            Next::Round(link) => break link,
            Next::End => unreachable!("the client says that this is a bug"),
        }
    };
    lab.simulator.soft_delete_user("person000003@contoso.test").unwrap();
    lab.simulator.delete_user("person000004@contoso.test").unwrap();
    let next = graph.more_changes(&round).await.unwrap();

    assert_eq!((listed, told.len()), (25, 25));
    assert_eq!(next.value.iter().filter(|user| user.removed.is_some()).count(), 3, "one twice");
    lab.verdict();
}

#[tokio::test]
async fn the_tenant_and_its_domains_are_read_by_the_contract() {
    let lab = Lab::start();
    let certificate = certificate();
    let federation = InternalDomainFederation {
        display_name: "Passkeys".into(),
        issuer_uri: "http://localhost:8080/saml/contoso.test".into(),
        passive_sign_in_uri: "http://localhost:8080/saml/contoso.test/sso".into(),
        sign_out_uri: "http://localhost:8080/saml/contoso.test/slo".into(),
        signing_certificate: certificate.clone(),
        ..InternalDomainFederation::default()
    };
    lab.simulator.federate(Domain::named("contoso.test"), federation).unwrap();
    let graph = lab.tenant();

    let organization = graph.organization().await.unwrap();
    let domains = graph.domains().await.unwrap();
    let domain = graph.domain("contoso.test").await.unwrap();
    let found = graph.federation("contoso.test").await.unwrap().unwrap();

    assert_eq!(organization.id, lab.tenant);
    assert_eq!((organization.verified_domains.len(), domains.len()), (2, 2));
    assert!(domain.is_federated());
    assert_eq!(found.signing_certificate, Some(certificate));
    assert_eq!(graph.federation("contoso.onmicrosoft.com").await.unwrap(), None);
    lab.verdict();
}

#[tokio::test]
async fn a_subscription_is_made_once_found_renewed_and_ended_by_the_contract() {
    // Somebody who shows whatever is asked for.
    async fn echo(query: Query<BTreeMap<String, String>>) -> String {
        query.0["validationToken"].clone()
    }
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hear", socket.local_addr().unwrap());
    tokio::spawn(async { axum::serve(socket, Router::new().fallback(echo)).await.unwrap() });
    let lab = Lab::start();
    let graph = lab.tenant();
    let end = |hours| SystemClock.now() + SignedDuration::from_hours(hours);

    let new = NewSubscription::new(url.clone(), url.clone(), "secret".to_owned(), end(24));
    let made = graph.subscribe(&new).await.unwrap();
    let again = graph.subscribe(&new).await.unwrap_err();
    let renewed = graph.renew_subscription(made.id, end(48)).await.unwrap();
    let found = graph.subscriptions().await.unwrap();
    graph.unsubscribe(made.id).await.unwrap();
    graph.unsubscribe(made.id).await.unwrap();
    let gone = graph.renew_subscription(made.id, end(48)).await.unwrap_err();

    assert!(matches!(again, GraphError::Conflict { .. }), "{again}");
    assert!(made.expiration_date_time < renewed.expiration_date_time);
    assert_eq!(found, [renewed]);
    assert_eq!(found[0].notification_url, url);
    assert!(matches!(gone, GraphError::NotFound(_)), "{gone}");
    lab.verdict();
}

#[tokio::test]
async fn a_batch_keeps_to_the_contract_and_is_made_of_calls_that_do() {
    let lab = Lab::start();
    let graph = lab.tenant();
    let mut batch = Batch::default();
    let ada = graph.create_user(&new_user("ada")).await.unwrap().id;
    batch.create_user(&new_user("grace")).unwrap();
    batch.user(ada).unwrap();
    batch
        .change_user(ada, &UserChange { account_enabled: Some(false), ..Default::default() })
        .unwrap();
    batch.revoke_sessions(ada).unwrap();
    batch.delete_user(ada).unwrap();
    batch.user(Uuid::from_u128(1)).unwrap();

    let fates = graph.batch(&batch).await.unwrap();

    let told: Vec<_> = fates
        .iter()
        .map(|fate| match fate {
            Ok(Some(_)) => "a user",
            Ok(None) => "done",
            Err(GraphError::NotFound(_)) => "nobody",
            Err(_) => "an error",
        })
        .collect();
    assert_eq!(told, ["a user", "a user", "done", "done", "done", "nobody"]);
    lab.verdict();
}

#[tokio::test]
async fn errors_keep_to_the_contract_too() {
    let lab = Lab::start();
    let graph = lab.tenant();
    graph.create_user(&new_user("ada")).await.unwrap();

    let taken = graph.create_user(&new_user("ada")).await.unwrap_err();
    let elsewhere =
        NewUser { user_principal_name: "ada@elsewhere.test".to_owned(), ..new_user("elsewhere") };
    let refused = graph.create_user(&elsewhere).await.unwrap_err();
    let faults = [
        Fault::Reset,
        Fault::Expired,
        Fault::ConsentLost,
        Fault::Throttled { retry_after: Some(60) },
    ];
    let mut told = Vec::new();
    for fault in faults {
        lab.simulator.inject(GraphFault::next(fault));
        told.push(match graph.changes().await.unwrap_err() {
            GraphError::Gone { resync: Some(_), .. } => "gone, and where to begin",
            GraphError::Gone { resync: None, .. } => "gone",
            GraphError::ConsentLost(_) => "consent lost",
            GraphError::Retry(_) => "later",
            other => panic!("{other}"),
        });
    }

    let conflict = matches!(&taken, GraphError::Conflict { property: Some(name), .. }
        if name == "userPrincipalName");
    assert!(conflict, "{taken}");
    assert!(matches!(refused, GraphError::Bug { .. }), "{refused}");
    assert_eq!(told, ["gone, and where to begin", "gone", "consent lost", "later"]);
    lab.verdict();
}

#[tokio::test]
async fn prism_sees_what_breaks_the_contract_on_either_side() {
    let lab = Lab::start();
    let http = reqwest::Client::new();
    let token = lab.simulator.graph_token(&["User.ReadWrite.All"]).unwrap();
    let send = async |method: reqwest::Method, path: &str, body: Option<Value>| {
        let request = http.request(method, format!("{}{path}", lab.prism.url)).bearer_auth(&token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };

    let incomplete = json!({ "displayName": "x" });
    let unknown = json!({ "shoeSize": 42 });
    let ours = [
        send(reqwest::Method::POST, "/users", Some(incomplete)).await,
        send(reqwest::Method::PATCH, "/users/ada@contoso.test", Some(unknown)).await,
        send(reqwest::Method::GET, "/users?$top=many", None).await,
        send(reqwest::Method::GET, "/me", None).await,
    ];
    assert!(ours.iter().all(|status| (400..500).contains(status)), "{ours:?}");
    lab.simulator.inject(GraphFault::next(Fault::Torn));
    let theirs = send(reqwest::Method::GET, "/users", None).await;
    assert!(theirs >= 500, "{theirs}");
    let asked = lab.simulator.graph_calls();
    assert_eq!(asked.len(), 1, "what breaks the contract does not reach Graph: {asked:?}");
}

/// A certificate by openssl, as a slot holds it.
fn certificate() -> String {
    let arguments = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "/dev/null",
        "-subj",
        "/CN=contoso",
        "-days",
        "30",
    ];
    let made = judges::program::run("openssl", "openssl", &arguments);
    let pem = String::from_utf8(made.stdout).unwrap();
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}
