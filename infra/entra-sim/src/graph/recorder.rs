//! What Graph was asked and what it said, written down for whoever judges it by Microsoft's contract.
//!
//! One file for each shape, from whichever process was first. No token is in it, and of a secret only that
//! there was one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::random;

/// The headers of a request that mean something.
const HEADERS: [&str; 4] = ["consistencylevel", "content-type", "if-match", "prefer"];
/// Parameters whose values make no other shape.
const VALUES: [&str; 3] = ["$deltatoken", "$filter", "$skiptoken"];
/// What of bodies is one of a few words: each of them is another shape.
const WORDS: [&str; 7] = [
    "changeType",
    "federatedIdpMfaBehavior",
    "preferredAuthenticationProtocol",
    "promptLoginBehavior",
    "reason",
    "usageLocation",
    "userType",
];
/// What bodies hold that nobody needs to judge.
const SECRETS: [&str; 2] = ["clientState", "password"];

/// What was asked, as a batch would write it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Behind the version, with its query.
    pub(crate) url: String,
    pub(crate) headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
}

impl Asked {
    /// What came by HTTP. A body that is no JSON is its text.
    pub(crate) fn read(method: &str, url: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let headers = HEADERS.iter().filter_map(|name| Some((*name, headers.get(*name)?)));
        let headers = headers.filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
        let text = || json!(String::from_utf8_lossy(body));
        let parsed = || serde_json::from_slice(body).unwrap_or_else(|_| text());
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), json!(value))).collect(),
            body: (!body.is_empty()).then(parsed),
        }
    }

    fn shape(&self) -> Value {
        let (path, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let is_word = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic() || c == '$');
        let path: Vec<_> =
            path.split('/').map(|part| if is_word(part) { part } else { "{}" }).collect();
        let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| match VALUES.contains(&&*name) {
                true => (name, "".into()),
                false => (name, value),
            })
            .collect();
        let headers: BTreeSet<_> = self.headers.keys().collect();
        json!([self.method, path, query, headers, self.body.as_ref().map(shape)])
    }
}

/// The folder of what is written down.
#[derive(Clone, Debug)]
pub(crate) struct Recorder(PathBuf);

impl Recorder {
    /// Opens the folder and makes it when it is not there.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// Writes an exchange down, unless one of its shape is there. There is no response where none was
    /// given, or one that Graph would never give.
    pub(crate) fn write(&self, asked: Asked, response: Option<Value>) -> io::Result<()> {
        let status = response.as_ref().and_then(|response| response.get("status"));
        let told = response.as_ref().and_then(|response| response.get("body")).map(shape);
        let shape = json!([asked.shape(), status, told]).to_string();
        let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, shape.as_bytes()));
        let file = self.0.join(format!("{name}.json"));
        if file.exists() {
            return Ok(());
        }
        let mut exchange = json!({ "request": asked, "response": response });
        leave_out_secrets(&mut exchange);
        // Whoever reads finds whole files alone.
        let unfinished = self.0.join(random::guid());
        fs::write(&unfinished, exchange.to_string())?;
        fs::rename(unfinished, file)
    }
}

/// The keys, kinds and forms of a value; of a list, each kind of element once.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(text) => json!(form(text)),
        Value::Array(list) => {
            let kinds: BTreeSet<_> =
                list.iter().map(|element| shape(element).to_string()).collect();
            json!(kinds)
        }
        Value::Object(object) => {
            let kind = |name: &str, value: &Value| match value {
                Value::String(_) if WORDS.contains(&name) => value.clone(),
                other => shape(other),
            };
            let kinds: BTreeMap<_, _> =
                object.iter().map(|(name, value)| (name, kind(name, value))).collect();
            json!(kinds)
        }
    }
}

/// The form of a text, as far as the contract may ask for one.
fn form(text: &str) -> &'static str {
    let is_guid = text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let begins_with_a_date = text.len() >= 10
        && text.chars().take(10).enumerate().all(|(place, c)| match place {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    match text {
        "" => "empty",
        _ if is_guid => "guid",
        _ if begins_with_a_date => "date",
        _ if text.starts_with("http") => "url",
        _ if text.contains('@') => "address",
        _ => "text",
    }
}

fn leave_out_secrets(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(leave_out_secrets),
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if SECRETS.contains(&name.as_str()) => {
                        "left out".clone_into(text);
                    }
                    other => leave_out_secrets(other),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_body_is_its_keys_and_kinds() {
        let ada = json!({ "value": [{ "id": "ada", "mail": null }] });
        let same =
            json!({ "value": [{ "mail": null, "id": "grace" }, { "id": "alan", "mail": null }] });
        let others = [
            json!({ "value": [{ "id": "ada", "mail": "ada@contoso.test" }] }),
            json!({ "value": [{ "id": "5f0d9c0b-1e2a-4c7d-8e9f-00112233aabb", "mail": null }] }),
            json!({ "value": [{ "id": "2026-11-23T00:00:00Z", "mail": null }] }),
            json!({ "value": [{ "id": "", "mail": null }] }),
            json!({ "value": [{ "id": "ada", "mail": null }, { "id": "grace" }] }),
            json!({ "value": [] }),
            json!({ "value": null }),
        ];

        assert_eq!(shape(&ada), shape(&same));
        let [member, guest] = ["Member", "Guest"].map(|word| shape(&json!({ "userType": word })));
        assert_ne!(member, guest, "a word of a few is a shape");
        for other in others {
            assert_ne!(shape(&ada), shape(&other), "{other}");
        }
    }

    #[test]
    fn the_shape_of_an_address_is_without_ids_and_tokens() {
        let of = |url: &str| Asked::read("GET", url, &HeaderMap::new(), b"").shape();

        assert_eq!(
            of("/users/ada@contoso.test"),
            of("/users/5f0d9c0b-1e2a-4c7d-8e9f-00112233aabb")
        );
        assert_eq!(of("/users?$skiptoken=a&$top=2"), of("/users?$top=2&$skiptoken=b"));
        for (one, other) in [
            ("/users/delta", "/users/ada@contoso.test"),
            ("/users?$top=2", "/users?$top=3"),
            ("/users?$top=2", "/users?$top=2&$skiptoken=a"),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
    }
}
