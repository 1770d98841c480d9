//! The whole account, and what its service provider knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::Credentials;
use entra_sim::{GraphUser, Simulator};
use identity::{OrganizationId, User, UserId};
use local::invoke::Outcome;
use local::{Options, Ready, Stack};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use store::{Store, Table};
use tempfile::TempDir;

use crate::functions;

/// Entra's name as a service provider.
pub const ENTRA: &str = "urn:federation:MicrosoftOnline";
/// The alias of the key that signs assertions.
pub const FEDERATION_KEY: &str = "alias/passerelle/federation";

/// A running stack with its demo organization.
pub struct Site {
    stack: Stack,
    store: Store,
    client: Client,
    folder: TempDir,
    /// The certificate that signs, as the bootstrap answered it.
    pub certificate: String,
    /// The domain's metadata, as it is served.
    pub metadata: String,
}

impl Site {
    /// Starts the account with the demo organization.
    pub async fn start() -> Self {
        Self::over(BTreeMap::new()).await
    }

    /// The same with variables that every function gets over the template's.
    pub async fn over(variables: BTreeMap<String, String>) -> Self {
        let options = Options::new(functions::template(), functions::folder());
        let stack = Stack::start(Options { variables, ..options }).await.unwrap();
        let ready = stack.ready();
        let aws = aws(&ready.region, &ready.dynamodb_endpoint).await;
        let store = Store::new(Table::new(&aws, ready.table.clone()));
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let certificate = fs::read_to_string(&ready.certificate_pem_path).unwrap();
        let metadata = client.get(&ready.metadata_url).send().await.unwrap();
        assert_eq!(metadata.headers()["content-type"], "application/samlmetadata+xml");
        let metadata = metadata.text().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { stack, store, client, folder, certificate, metadata }
    }

    /// Addresses and names.
    pub fn ready(&self) -> &Ready {
        self.stack.ready()
    }

    /// The simulated Entra.
    pub fn entra(&self) -> &Simulator {
        self.stack.entra()
    }

    /// Where answers go.
    pub fn reply_url(&self) -> String {
        self.entra().login_srf_url()
    }

    /// Where sign-outs go.
    pub fn slo_url(&self) -> String {
        format!("{}/slo", self.ready().issuer_uri)
    }

    /// A client without cookies that follows nothing.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How the account's services are reached through an endpoint of them.
    pub async fn aws(&self, endpoint: &str) -> SdkConfig {
        aws(&self.ready().region, endpoint).await
    }

    /// What a judge is told of the federation before anything else.
    pub fn federation(&self) -> Value {
        json!({
            "entity_id": ENTRA,
            "reply_url": self.reply_url(),
            "issuer": self.ready().issuer_uri,
            "sso_url": self.ready().sso_url,
            "slo_url": self.slo_url(),
            "metadata": self.metadata,
            "certificate": self.certificate,
        })
    }

    /// Writes `content` where a command-line judge finds it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Invokes the operator function.
    pub async fn operate(&self, payload: Value) -> Value {
        match self.stack.invoke("OperatorFunction", payload).await {
            Outcome::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
            Outcome::Failed(error) => panic!("{}", String::from_utf8_lossy(&error)),
            other => panic!("{other:?}"),
        }
    }

    /// The six digits that were mailed to an address.
    pub async fn code(&self, address: &str) -> String {
        let outbox = self.stack.outbox();
        let mail = outbox.wait_for(|message| message.to == address);
        let mail = tokio::time::timeout(Duration::from_secs(30), mail).await;
        scenarios::world::code_of(&mail.expect("a mail with a code"))
    }

    /// Makes a user of the organization who is in the simulated Entra, too.
    pub async fn hire(&self, upn: &str, anchor: &str) {
        let id = UserId::mint(&SystemEntropy);
        let mut user = User::new(id, upn.parse().unwrap(), upn.to_owned(), SystemClock.now());
        user.anchor = Some(anchor.parse().unwrap());
        let org: OrganizationId = self.ready().organization.parse().unwrap();
        self.store.create_user(org, &user).await.unwrap();
        let introduced = self.entra().put_user(GraphUser {
            user_principal_name: upn.to_owned(),
            display_name: upn.to_owned(),
            on_premises_immutable_id: Some(anchor.to_owned()),
            ..GraphUser::default()
        });
        introduced.unwrap();
    }

    /// Ends every process and task.
    pub async fn close(self) {
        self.stack.stop().await;
    }
}

/// Clients of the account, or of another emulator of one.
pub async fn aws(region: &str, endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .load()
        .await
}
