//! A simulator with three people, and plain HTTP to ask it.

use entra_sim::{Domain, GraphUser, Settings, Simulator};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

pub(crate) const ADA: &str = "11111111-0000-4000-8000-000000000001";
pub(crate) const GRACE: &str = "22222222-0000-4000-8000-000000000002";
pub(crate) const SYNCED: &str = "33333333-0000-4000-8000-000000000003";

/// Enough for everything.
pub(crate) const ROLES: [&str; 4] = [
    "User.ReadWrite.All",
    "Domain.Read.All",
    "Organization.Read.All",
    "Domain-InternalFederation.Read.All",
];

pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    http: reqwest::Client,
    pub(crate) roles: Vec<&'static str>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) response_headers: reqwest::header::HeaderMap,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        let value = self.body["value"].as_array().unwrap();
        value.iter().map(|user| user["id"].as_str().unwrap()).collect()
    }

    pub(crate) fn next(&self) -> Option<&str> {
        self.body["@odata.nextLink"].as_str()
    }

    pub(crate) fn delta(&self) -> Option<&str> {
        self.body["@odata.deltaLink"].as_str()
    }
}

impl Lab {
    pub(crate) fn start() -> Self {
        let simulator = Simulator::start(Settings::default()).unwrap();
        simulator.put_domain(Domain::named("contoso.test")).unwrap();
        let person = |id: &str, name: &str| GraphUser {
            id: id.to_owned(),
            user_principal_name: format!("{name}@contoso.test"),
            display_name: name.to_owned(),
            ..GraphUser::default()
        };
        simulator.put_user(person(ADA, "ada")).unwrap();
        simulator.put_user(person(GRACE, "grace")).unwrap();
        let synced = GraphUser {
            on_premises_sync_enabled: Some(true),
            on_premises_immutable_id: Some("Zk9dQm4cTEKZ3wARIjOqCw==".to_owned()),
            ..person(SYNCED, "synced")
        };
        simulator.put_user(synced).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { simulator, http, roles: ROLES.to_vec() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.graph_url())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// As an application of another tenant.
    pub(crate) async fn get_of(&self, tenant: &str, path: &str) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        let token = self.simulator.graph_token_of(tenant, &self.roles).unwrap();
        read(self.http.get(url).bearer_auth(token).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Follows links until there is no next one, and answers each page.
    pub(crate) async fn walk(&self, from: &str) -> Vec<Answer> {
        let mut pages = vec![self.get(from).await];
        while let Some(next) = pages[pages.len() - 1].next().map(str::to_owned) {
            pages.push(self.get(&next).await);
        }
        pages
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { self.url(path) };
        let token = self.simulator.graph_token(&self.roles).unwrap();
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn with_token(&self, token: &str) -> Answer {
        let request = self.http.get(self.url("/users")).header("authorization", token);
        read(request.send().await.unwrap()).await
    }
}

async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.json().await.unwrap_or_default();
    Answer { status, body, response_headers: headers }
}

/// A certificate that fits into a slot.
pub(crate) fn certificate() -> String {
    crate::keys::keys()[0].certificate.clone()
}
