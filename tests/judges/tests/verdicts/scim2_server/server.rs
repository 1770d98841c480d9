//! The two servers: ours behind its gateway, and scim2-server with our own schemas.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use judges::Site;
use judges::program::judge_file;
use reqwest::Client;
use scenarios::scim::encoded;
use serde_json::{Value, json};

use super::model::Model;
use super::request::{Request, Version};

/// How many keys we have.
pub(super) const KEYS: usize = 8;

/// What a server answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) location: Option<String>,
    pub(super) content_location: Option<String>,
    /// `null` when there is none.
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A server that speaks SCIM.
pub(super) struct Server {
    pub(super) base: String,
    keys: Vec<String>,
    client: Client,
    number: usize,
}

impl Server {
    /// Ours, with an organization of its own in which there is nobody.
    pub(super) async fn ours(site: &Site) -> Self {
        let domain = "reference.test";
        let bootstrap = json!({
            "action": "bootstrap", "organization": "Reference", "domain": domain,
            "email": format!("admin@{domain}"),
        });
        site.operate(bootstrap).await;
        let (mut base, mut keys) = (String::new(), Vec::new());
        for number in 0..KEYS {
            let asked = json!({
                "action": "create_scim_key", "domain": domain, "client": "other",
                "name": format!("Reference {number}"),
            });
            let made = site.operate(asked).await;
            base = made["tenant_url"].as_str().unwrap().to_owned();
            keys.push(made["key"].as_str().unwrap().to_owned());
        }
        let server = Self { base, keys, client: Client::new(), number: super::model::OURS };
        let model = Model::default();
        let users = server.send(&model, &Request::get("", "/Users")).await;
        for user in users.body["Resources"].as_array().unwrap() {
            let path = format!("/Users/{}", user["id"].as_str().unwrap());
            let gone = server.send(&model, &Request::new("", reqwest::Method::DELETE, path)).await;
            assert_eq!(gone.status, 204, "{}", gone.body);
        }
        server
    }

    pub(super) async fn send(&self, model: &Model, request: &Request) -> Answer {
        let said = |text: &str| model.for_server(self.number, text);
        let mut url = format!("{}{}", self.base, said(&request.path));
        let cursor = request.cursors.as_ref().map(|cursors| ("cursor", &cursors[self.number]));
        let query = request.query.iter().map(|(name, value)| (*name, value)).chain(cursor);
        for (place, (name, value)) in query.enumerate() {
            let joint = if place == 0 { '?' } else { '&' };
            write!(url, "{joint}{name}={}", encoded(&said(value))).unwrap();
        }
        let mut sent = self.client.request(request.method.clone(), url);
        if let Some(key) = self.keys.get(request.key) {
            sent = sent.bearer_auth(key);
        }
        if let Some(content_type) = request.content_type {
            sent = sent.header("content-type", content_type);
        }
        for (header, version) in &request.conditions {
            let known = request.about.as_ref().and_then(|name| model.get(name)).unwrap();
            let version = match version {
                Version::Current => &known.versions[self.number],
                Version::First => &known.first_versions[self.number],
                Version::Any => "*",
            };
            sent = sent.header(*header, version);
        }
        if let Some(body) = &request.body {
            sent = sent.body(said(body));
        }
        let response = sent.send().await.unwrap_or_else(|error| panic!("{request}: {error:?}"));
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        let (etag, location) = (header("etag"), header("location"));
        let content_location = header("content-location");
        let content_type = header("content-type");
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Answer { status, content_type, etag, location, content_location, body }
    }
}

/// The running reference; it ends when dropped.
pub(super) struct Reference {
    child: Child,
}

impl Reference {
    /// Starts it with the schemas, resource types and limits that ours publishes.
    pub(super) async fn start(site: &Site, ours: &Server) -> (Self, Server) {
        let model = Model::default();
        let document = async |path: &str| ours.send(&model, &Request::get("", path)).await.body;
        let listed = |document: Value| document["Resources"].to_string();
        let schemas = site.file("schemas.json", listed(document("/Schemas").await));
        let types = site.file("types.json", listed(document("/ResourceTypes").await));
        let config = document("/ServiceProviderConfig").await.to_string();
        let config = site.file("config.json", config);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(judge_file("bin/scim2-server"))
            .args(["--schema", &schemas, "--resource-type", &types])
            .args(["--service-provider-config", &config, "--port", &port.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Serving SCIM"), "scim2-server does not start: {line}");
        let base = format!("http://127.0.0.1:{port}/v2");
        // It closes each connection.
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let server = Server { base, keys: Vec::new(), client, number: super::model::REFERENCE };
        (Self { child }, server)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
