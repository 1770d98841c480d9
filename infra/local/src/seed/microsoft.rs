//! The applications that a real tenant's owner would register, known to the simulated Entra.

use std::collections::BTreeSet;

use ambient::{Clock as _, SystemClock};
use aws_config::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entra::ClientCertificates;
use entra_sim::{Application, Simulator};
use keys::{KeyId, KmsKeys, kms_config};
use store::Store;

use super::{ADMINISTRATOR, SeedError};
use crate::stack::{FEDERATION, READER, Ready, WRITER};

/// The template of Global Administrator.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// What an administrator may let us do with their own rights: the narrow permissions, and the wider
/// ones for whoever cannot grant those.
const DELEGATED: [&str; 4] = [
    "Domain-InternalFederation.Read.All",
    "Domain.Read.All",
    "Domain.ReadWrite.All",
    "Directory.AccessAsUser.All",
];

/// Registers the applications with our certificate, and makes the demo administrator one of the
/// tenant too.
pub(super) async fn register(
    ready: &Ready,
    store: &Store,
    aws: &SdkConfig,
    entra: &Simulator,
) -> Result<(), SeedError> {
    let certificates = certificates(ready, store, aws).await?;
    let callback = |leg| format!("{}/oauth/callback/{leg}", ready.base_url);
    for (client_id, name, role) in [
        (READER, "Passerelle, reading users", "User.Read.All"),
        (WRITER, "Passerelle, creating users", "User.ReadWrite.All"),
    ] {
        let application = Application {
            display_name: name.to_owned(),
            redirect_uris: ["consent", "sign-in", "microsoft"].map(callback).into(),
            certificates: vec![STANDARD.encode(&certificates.current.certificate)],
            roles: [role.to_owned()].into(),
            scopes: BTreeSet::new(),
            directory_role_claims: true,
        };
        entra.put_application(client_id, application)?;
    }
    let federation = Application {
        display_name: "Passerelle, looking at the federation of domains".to_owned(),
        redirect_uris: vec![callback("federation")],
        certificates: vec![STANDARD.encode(&certificates.current.certificate)],
        scopes: DELEGATED.map(str::to_owned).into(),
        ..Application::default()
    };
    entra.put_application(FEDERATION, federation)?;
    entra.put_directory_roles(ADMINISTRATOR, &[GLOBAL_ADMINISTRATOR])?;
    Ok(())
}

/// The certificates of an earlier start, or new ones.
async fn certificates(
    ready: &Ready,
    store: &Store,
    aws: &SdkConfig,
) -> Result<ClientCertificates, SeedError> {
    let kms = kms_config(aws).to_builder().endpoint_url(&ready.kms_endpoint).build();
    let keys = KmsKeys::new(aws_sdk_kms::Client::from_conf(kms));
    let named = |_| SeedError::Identifier(ready.client_key.clone());
    let key = KeyId::parse(ready.client_key.as_str()).map_err(named)?;
    Ok(registration::certificates(store, (&keys, &key), |_| {}, SystemClock.now()).await?)
}
