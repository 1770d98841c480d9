//! The demo organization: made by the deployed `operator` itself, then peopled through `store`.
//!
//! Every step may be interrupted and is done again at the next start; a person's object id and
//! anchor are made from the address and so are the same everywhere.

mod microsoft;
mod people;
mod provisioning;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ambient::{Clock as _, SystemClock};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use bytes::Bytes;
use entra_sim::{Domain, GraphUser, InternalDomainFederation, PromptLoginBehavior, Simulator};
use identity::{Block, OrganizationId, User, UserName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{CreateUserError, Store, Table, TableError};

use crate::invoke::{Invoke, Outcome};
use crate::stack::{Cycles, DemoUser, Ready};
use people::{Kind, Person};

/// The function that bootstraps.
const OPERATOR: &str = "OperatorFunction";
/// What the bootstrap answered, kept for the next start.
const STATE: &str = "demo.json";
/// The certificate that signs, for judges.
const CERTIFICATE: &str = "certificate.pem";

/// The demo organization's name.
pub const ORGANIZATION: &str = "Contoso";
/// Its federated domain.
pub const DOMAIN: &str = "contoso.test";
/// Its first administrator.
pub const ADMINISTRATOR: &str = "admin@contoso.test";

/// Why the demo organization could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The operator function did not bootstrap.
    #[error("the operator function did not bootstrap: {0}")]
    Bootstrap(String),
    /// The operator function did not make a provisioning key.
    #[error("the operator function did not make a provisioning key: {0}")]
    ScimKey(String),
    /// Its answer lacks something.
    #[error("the operator function answered something else than a result")]
    Answer(#[source] serde_json::Error),
    /// The state in the folder is for another address: passkeys and issuers are bound to it.
    #[error("the data folder belongs to {0}: use that --port, or --fresh")]
    OtherAddress(String),
    /// The state in the folder is damaged.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf, #[source] serde_json::Error),
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The bootstrap's organization or address is none.
    #[error("the operator function answered `{0}`, which is no identifier")]
    Identifier(String),
    /// A user could not be stored.
    #[error("the user {0} could not be stored")]
    User(&'static str, #[source] CreateUserError),
    /// The certificate that proves us to Entra could not be made.
    #[error("the client certificate could not be made")]
    Registration(#[from] registration::RegistrationError),
    /// The table could not be read.
    #[error("the table could not be read")]
    Table(#[from] TableError),
    /// The simulated Entra refused.
    #[error("the simulated Entra did not take the demo tenant")]
    Entra(#[from] entra_sim::DirectoryError),
    /// The simulated Entra refused to provision.
    #[error("the simulated Entra cannot provision")]
    Provisioning(#[from] entra_sim::ProvisioningError),
}

/// What `operator` answers to a bootstrap.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Bootstrap {
    organization: String,
    domain: String,
    issuer_uri: String,
    sso_url: String,
    slo_url: String,
    metadata_url: String,
    certificate_pem: String,
    enrolment_url: String,
    base_url: String,
}

/// Makes what is missing and tells where everything is.
pub(crate) async fn demo(
    mut ready: Ready,
    functions: &dyn Invoke,
    entra: &Simulator,
    folder: &Path,
    cycles: Cycles,
) -> Result<Ready, SeedError> {
    let bootstrap = bootstrap(functions, folder).await?;
    if bootstrap.base_url != ready.base_url {
        return Err(SeedError::OtherAddress(bootstrap.base_url));
    }
    let organization: OrganizationId = bootstrap
        .organization
        .parse()
        .map_err(|_| SeedError::Identifier(bootstrap.organization.clone()))?;
    federate(entra, &bootstrap)?;
    let provisioning = provisioning::key(functions, folder).await?;
    let aws = aws(&ready).await;
    let store = Store::new(Table::new(&aws, ready.table.clone()));
    let mut users = vec![administrator(&store, organization, entra).await?];
    for person in people::all() {
        let user = person
            .user(SystemClock.now())
            .map_err(|_| SeedError::Identifier(person.upn.to_owned()))?;
        if person.kind != Kind::Provisioned {
            match store.create_user(organization, &user).await {
                Ok(()) | Err(CreateUserError::Taken(_)) => {}
                Err(error) => return Err(SeedError::User(person.upn, error)),
            }
        }
        introduce(entra, &person.demo(&user), &user)?;
        users.push(person.demo(&user));
    }
    microsoft::register(&ready, &store, &aws, entra).await?;
    provisioning.begin(entra, cycles)?;
    let certificate = folder.join(CERTIFICATE);
    write(&certificate, bootstrap.certificate_pem.as_bytes())?;
    ready.connect_url = format!("{}/oauth/connect/{}", ready.base_url, bootstrap.organization);
    ready.organization = bootstrap.organization;
    ready.domain = bootstrap.domain;
    ready.issuer_uri = bootstrap.issuer_uri;
    ready.sso_url = bootstrap.sso_url;
    ready.metadata_url = bootstrap.metadata_url;
    ready.certificate_pem_path = certificate.to_string_lossy().into_owned();
    ready.bootstrap_url = bootstrap.enrolment_url;
    ready.scim_url = provisioning.tenant_url;
    ready.scim_key = provisioning.key;
    ready.users = users;
    Ok(ready)
}

async fn bootstrap(functions: &dyn Invoke, folder: &Path) -> Result<Bootstrap, SeedError> {
    let request = json!({
        "action": "bootstrap", "organization": ORGANIZATION, "domain": DOMAIN,
        "email": ADMINISTRATOR,
    });
    once(functions, &folder.join(STATE), &request, SeedError::Bootstrap).await
}

/// Asks `operator`, unless an earlier start did: its answer is in `state`.
async fn once<Answer: DeserializeOwned>(
    functions: &dyn Invoke,
    state: &Path,
    request: &Value,
    refused: fn(String) -> SeedError,
) -> Result<Answer, SeedError> {
    match fs::read(state) {
        Ok(bytes) => {
            return serde_json::from_slice(&bytes)
                .map_err(|error| SeedError::Damaged(state.to_owned(), error));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(SeedError::File(state.to_owned(), error)),
    }
    let answer = match functions.invoke(OPERATOR, Bytes::from(request.to_string())).await {
        Outcome::Answered(answer) => answer,
        Outcome::Failed(error) => {
            return Err(refused(String::from_utf8_lossy(&error).into_owned()));
        }
        Outcome::TimedOut => return Err(refused("it timed out".to_owned())),
        Outcome::Throttled => return Err(refused("it was throttled".to_owned())),
    };
    let read = serde_json::from_slice(&answer).map_err(SeedError::Answer)?;
    write(state, &answer)?;
    Ok(read)
}

/// The old or the new file is there, never a part.
fn write(path: &Path, bytes: &[u8]) -> Result<(), SeedError> {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| SeedError::File(path.to_owned(), error))
}

/// Tells Entra what the set-up script of a real tenant would tell it, once: later changes stay.
fn federate(entra: &Simulator, bootstrap: &Bootstrap) -> Result<(), SeedError> {
    entra.put_domain(Domain::named(people::OTHER_DOMAIN))?;
    if entra.federation(&bootstrap.domain).is_some() {
        return Ok(());
    }
    let certificate = bootstrap.certificate_pem.lines();
    let certificate = certificate.filter(|line| !line.starts_with("-----")).collect::<String>();
    entra.federate(
        Domain::named(&bootstrap.domain),
        InternalDomainFederation {
            display_name: ORGANIZATION.to_owned(),
            issuer_uri: bootstrap.issuer_uri.clone(),
            passive_sign_in_uri: bootstrap.sso_url.clone(),
            sign_out_uri: bootstrap.slo_url.clone(),
            signing_certificate: certificate,
            prompt_login_behavior: PromptLoginBehavior::Disabled,
            ..InternalDomainFederation::default()
        },
    )?;
    Ok(())
}

/// The administrator that the bootstrap made, with whatever anchor it has.
async fn administrator(
    store: &Store,
    organization: OrganizationId,
    entra: &Simulator,
) -> Result<DemoUser, SeedError> {
    let name: UserName =
        ADMINISTRATOR.parse().map_err(|_| SeedError::Identifier(ADMINISTRATOR.to_owned()))?;
    let stored = store.user_named(organization, &name, SystemClock.now()).await?;
    let Some(stored) = stored else {
        return Err(SeedError::Bootstrap("there is no administrator afterwards".to_owned()));
    };
    let user = stored.value;
    let demo = DemoUser {
        upn: ADMINISTRATOR.to_owned(),
        display_name: user.display_name.clone(),
        kind: "administrator".to_owned(),
        object_id: user.object_id.unwrap_or_else(|| people::object_id(ADMINISTRATOR)).to_string(),
        anchor: user.anchor.as_ref().map(ToString::to_string),
        personal_email: user.personal_email.as_ref().map(|address| address.as_str().to_owned()),
    };
    introduce(entra, &demo, &user)?;
    Ok(demo)
}

/// Adds the person to the simulated tenant unless they are there: later changes stay.
fn introduce(entra: &Simulator, demo: &DemoUser, user: &User) -> Result<(), SeedError> {
    if entra.users().iter().any(|known| known.id == demo.object_id) {
        return Ok(());
    }
    entra.put_user(GraphUser {
        id: demo.object_id.clone(),
        user_principal_name: demo.upn.clone(),
        display_name: demo.display_name.clone(),
        mail: Some(demo.upn.clone()),
        other_mails: demo.personal_email.clone().into_iter().collect(),
        department: user.attributes.department.as_ref().map(|it| it.as_str().to_owned()),
        country: user.attributes.country.as_ref().map(|it| it.as_str().to_owned()),
        account_enabled: !user.blocks.contains(&Block::Entra),
        on_premises_immutable_id: demo.anchor.clone(),
        on_premises_sync_enabled: user.on_premises.then_some(true),
        ..GraphUser::default()
    })?;
    Ok(())
}

/// The same endpoint and credentials as the functions have.
async fn aws(ready: &Ready) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(ready.region.clone()))
        .endpoint_url(&ready.dynamodb_endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .load()
        .await
}

impl Person {
    fn demo(&self, user: &User) -> DemoUser {
        DemoUser {
            upn: self.upn.to_owned(),
            display_name: self.name.to_owned(),
            kind: self.kind.to_string(),
            object_id: user.object_id.unwrap_or_default().to_string(),
            anchor: user.anchor.as_ref().map(ToString::to_string),
            personal_email: self.personal_email.map(str::to_owned),
        }
    }
}
