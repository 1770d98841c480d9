//! A provisioning client with a key.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::{Company, World};

/// A provisioning client.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// Where it provisions, as operator answered it.
    pub tenant_url: String,
    /// Its key.
    pub key: String,
    /// Its key's id.
    pub key_id: String,
    client: reqwest::Client,
}

/// What it was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `null` when there is none.
    pub body: Value,
}

impl World {
    /// Entra, with a new key of the world's organization.
    pub async fn entra(&self) -> Provisioner {
        self.provisioner(&self.contoso(), "entra").await
    }

    /// Entra, with a new key of a directory of the world's organization.
    pub async fn entra_of(&self, directory_id: &str) -> Provisioner {
        let payload = json!({ "name": "entra", "client": "entra", "directory_id": directory_id });
        self.provisioner_by(&self.contoso(), payload).await
    }

    /// Some other client, with a new key of the world's organization.
    pub async fn other_client(&self) -> Provisioner {
        self.provisioner(&self.contoso(), "other").await
    }

    /// Some other client, with a new key of a directory of the world's organization.
    pub async fn other_client_of(&self, directory_id: &str) -> Provisioner {
        let payload = json!({ "name": "other", "client": "other", "directory_id": directory_id });
        self.provisioner_by(&self.contoso(), payload).await
    }

    /// Lets the count say that the organization has so many users.
    pub async fn pretend_users(&self, count: usize) {
        let pk = format!("ORG#{}#COUNT#USERS", self.organization);
        let shard = |number: u8| AttributeValue::S(number.to_string());
        for number in 0..16 {
            let tally = if number == 0 { count.to_string() } else { "0".to_owned() };
            self.dynamodb
                .update_item()
                .table_name(&self.table)
                .key("pk", AttributeValue::S(pk.clone()))
                .key("sk", shard(number))
                .update_expression("SET tally = :count")
                .expression_attribute_values(":count", AttributeValue::N(tally))
                .send()
                .await
                .unwrap();
        }
    }

    /// Puts invented members into a group, without anybody's code, and answers their ids.
    pub async fn pretend_members(&self, group: &str, count: usize) -> Vec<String> {
        let ids = (0..count).map(invented).collect::<Vec<_>>();
        let keys = ids.iter().enumerate().map(|(number, id)| {
            let group = format!("ORG#{}#GROUP#{group}", self.organization);
            (format!("{group}#MEMBERS#{}", number % 16), id.clone())
        });
        self.pretend(keys.collect()).await;
        ids
    }

    /// Lets so many people be there, of whom nothing more is known, and answers their ids.
    pub async fn pretend_people(&self, count: usize) -> Vec<String> {
        let ids = (0..count).map(invented).collect::<Vec<_>>();
        let user = |id: &String| (format!("ORG#{}#USER#{id}", self.organization), "USER".into());
        self.pretend(ids.iter().map(user).collect()).await;
        ids
    }

    async fn pretend(&self, keys: Vec<(String, String)>) {
        for chunk in keys.chunks(25) {
            let put = |(pk, sk): &(String, String)| {
                let put = PutRequest::builder()
                    .item("pk", AttributeValue::S(pk.clone()))
                    .item("sk", AttributeValue::S(sk.clone()))
                    .item("version", AttributeValue::N("1".to_owned()))
                    .item("value", AttributeValue::Null(true));
                WriteRequest::builder().put_request(put.build().unwrap()).build()
            };
            let puts = chunk.iter().map(put).collect::<Vec<_>>();
            let written = self.dynamodb.batch_write_item().request_items(&self.table, puts);
            written.send().await.unwrap();
        }
    }

    /// A client of a kind, with a new key of an organization.
    pub async fn provisioner(&self, company: &Company, kind: &str) -> Provisioner {
        self.provisioner_by(company, json!({ "name": kind, "client": kind })).await
    }

    async fn provisioner_by(&self, company: &Company, mut payload: Value) -> Provisioner {
        payload["action"] = json!("create_scim_key");
        payload["domain"] = json!(company.domain);
        let made = self.operate(payload).await.unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Provisioner {
            tenant_url: text("tenant_url"),
            key: text("key"),
            key_id: text("key_id"),
            client: reqwest::Client::new(),
        }
    }
}

impl Provisioner {
    /// The same client with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Begins a request; the path is below the tenant URL.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.tenant_url);
        self.client.request(method, url).bearer_auth(&self.key)
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Queries with a filter.
    pub async fn filter(&self, path: &str, filter: &str) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.get(&format!("{path}{joint}filter={}", encoded(filter))).await
    }

    /// Sends a body.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path);
        let request = request.header("content-type", "application/scim+json");
        self.send(request.body(body.to_string())).await
    }

    /// Makes something.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    /// Replaces something.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    /// Changes something by operations.
    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.call(Method::PATCH, path, &patch(operations)).await
    }

    /// Deletes something.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Makes a user, and answers them.
    pub async fn create(&self, body: &Value) -> Value {
        self.post("/Users", body).await.expect(201)
    }
}

/// An id of nobody's, spread over the shards as random ones are.
fn invented(number: usize) -> String {
    format!("{:02x}{number:030x}", number % 256)
}

/// A text as a query holds it.
pub fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The body of a PATCH.
pub fn patch(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// A user as Entra sends one, `{name}@contoso.test`, with everything that a sign-in needs.
pub fn entra_user(name: &str, object_id: &str) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User",
        ],
        "externalId": object_id,
        "userName": format!("{name}@contoso.test"),
        "active": true,
        "displayName": format!("The {name}"),
        "emails": [{ "primary": true, "type": "work", "value": format!("{name}@contoso.test") }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": format!("The {name}"), "familyName": name, "givenName": "The" },
        "title": null,
        "roles": [],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "R&D" },
        "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User": {
            "immutableId": format!("anchor-of-{name}"),
            "personalEmail": format!("{name}@personal.test"),
        },
    })
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect(&text) };
        if !text.is_empty() {
            assert_eq!(headers["content-type"], "application/scim+json", "{status} {text}");
        }
        Self { status, headers, body }
    }

    /// The body, after a look at the status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    /// Checks that it is an error of this status and kind, in the form of RFC 7644 §3.12.
    pub fn assert_error(&self, status: u16, scim_type: Option<&str>, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", self.body);
        let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
        assert_eq!(self.body["schemas"], json!([schema]), "{what}");
        assert_eq!(self.body["status"], status.to_string(), "{what}");
        assert_eq!(self.body["scimType"].as_str(), scim_type, "{what}: {}", self.body);
        assert!(!self.body["detail"].as_str().unwrap().is_empty(), "{what}");
        let asks = (status == 401).then_some("Bearer");
        assert_eq!(self.header("www-authenticate"), asks, "{what}");
        assert_eq!(self.header("retry-after").is_some(), status == 503, "{what}");
    }
}
