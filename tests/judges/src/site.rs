//! The whole account, and what a service provider knows of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::Credentials;
use entra_sim::{Domain, GraphUser, InternalDomainFederation, Simulator};
use identity::{OrganizationId, User, UserId};
use local::invoke::Outcome;
use local::stack::REGION;
use local::{Options, Ready, Seed, Stack};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use store::{CreateUserError, Store, Table};
use tempfile::TempDir;

use crate::functions;

/// Entra's name as a service provider.
pub const ENTRA: &str = "urn:federation:MicrosoftOnline";
/// The alias of the key that signs assertions.
pub const FEDERATION_KEY: &str = "alias/passerelle/federation";
/// The federated domain.
pub const DOMAIN: &str = "contoso.test";

/// A running stack with one organization.
pub struct Site {
    stack: Stack,
    store: Store,
    organization: OrganizationId,
    client: Client,
    folder: TempDir,
    /// The domain's issuer.
    pub issuer: String,
    /// The certificate that signs, as the bootstrap answered it.
    pub certificate: String,
    /// The domain's metadata, as it is served.
    pub metadata: String,
}

impl Site {
    /// Starts the account with the demo organization.
    pub async fn start() -> Self {
        let stack = Stack::start(options()).await.unwrap();
        let ready = stack.ready().clone();
        let certificate = fs::read_to_string(&ready.certificate_pem_path).unwrap();
        let aws = aws(&ready.dynamodb_endpoint).await;
        Self::of(stack, &aws, &ready.organization, ready.issuer_uri, certificate).await
    }

    /// Starts the account over the DynamoDB and the KMS of another emulator, with an organization
    /// that has nobody but its administrator.
    pub async fn over(endpoint: &str, federation_key: &str) -> Self {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = BTreeMap::from([
            own("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
            own("AWS_ENDPOINT_URL_KMS", endpoint),
            own("FEDERATION_KEY", federation_key),
        ]);
        let options = Options { variables, seed: Seed::Empty, ..options() };
        let stack = Stack::start(options).await.unwrap();
        let made = operate(
            &stack,
            json!({
                "action": "bootstrap", "organization": "Contoso", "domain": DOMAIN,
                "email": format!("admin@{DOMAIN}"),
            }),
        );
        let made = made.await;
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        let federation = InternalDomainFederation {
            issuer_uri: text("issuer_uri"),
            passive_sign_in_uri: text("sso_url"),
            sign_out_uri: text("slo_url"),
            signing_certificate: text("certificate_base64"),
            ..InternalDomainFederation::default()
        };
        stack.entra().federate(Domain::named(DOMAIN), federation).unwrap();
        let aws = aws(endpoint).await;
        let (organization, issuer) = (text("organization"), text("issuer_uri"));
        Self::of(stack, &aws, &organization, issuer, text("certificate_pem")).await
    }

    async fn of(
        stack: Stack,
        aws: &SdkConfig,
        organization: &str,
        issuer: String,
        certificate: String,
    ) -> Self {
        let store = Store::new(Table::new(aws, stack.ready().table.clone()));
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let metadata = client.get(format!("{issuer}/metadata")).send().await.unwrap();
        assert_eq!(metadata.headers()["content-type"], "application/samlmetadata+xml");
        let metadata = metadata.text().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let organization = organization.parse().unwrap();
        Self { stack, store, organization, client, folder, issuer, certificate, metadata }
    }

    /// Addresses and names of the stack.
    pub fn ready(&self) -> &Ready {
        self.stack.ready()
    }

    /// The simulated Entra.
    pub fn entra(&self) -> &Simulator {
        self.stack.entra()
    }

    /// Where requests go.
    pub fn sso_url(&self) -> String {
        format!("{}/sso", self.issuer)
    }

    /// Where sign-outs go.
    pub fn slo_url(&self) -> String {
        format!("{}/slo", self.issuer)
    }

    /// Where answers go.
    pub fn reply_url(&self) -> String {
        self.entra().login_srf_url()
    }

    /// A client without cookies that follows nothing.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What a judge is told of the federation before anything else.
    pub fn federation(&self) -> Value {
        json!({
            "entity_id": ENTRA,
            "reply_url": self.reply_url(),
            "issuer": self.issuer,
            "sso_url": self.sso_url(),
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
        operate(&self.stack, payload).await
    }

    /// The six digits that were mailed to an address.
    pub async fn code(&self, address: &str) -> String {
        let mail = self.stack.outbox().wait_for(|message| message.to == address);
        let mail = tokio::time::timeout(Duration::from_secs(30), mail).await;
        scenarios::world::code_of(&mail.expect("a mail with a code"))
    }

    /// Makes a user of the organization.
    ///
    /// # Errors
    /// A name of theirs belongs to somebody else.
    pub async fn hire(&self, upn: &str, anchor: &str) -> Result<(), CreateUserError> {
        let id = UserId::mint(&SystemEntropy);
        let mut user = User::new(id, upn.parse().unwrap(), upn.to_owned(), SystemClock.now());
        user.anchor = Some(anchor.parse().unwrap());
        self.store.create_user(self.organization, &user).await
    }

    /// Makes somebody known to the simulated Entra.
    pub fn introduce(&self, upn: &str, anchor: &str) {
        let user = GraphUser {
            user_principal_name: upn.to_owned(),
            display_name: upn.to_owned(),
            on_premises_immutable_id: Some(anchor.to_owned()),
            ..GraphUser::default()
        };
        self.entra().put_user(user).unwrap();
    }

    /// Ends every process and task.
    pub async fn close(self) {
        self.stack.stop().await;
    }
}

fn options() -> Options {
    Options::new(functions::template(), functions::folder())
}

async fn operate(stack: &Stack, payload: Value) -> Value {
    match stack.invoke("OperatorFunction", payload).await {
        Outcome::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
        Outcome::Failed(error) => panic!("{}", String::from_utf8_lossy(&error)),
        other => panic!("{other:?}"),
    }
}

/// How the services of an account are reached, or those of another emulator of one.
pub async fn aws(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .load()
        .await
}
