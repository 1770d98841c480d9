//! What the outside needs to know of a running stack.

use entra_sim::Simulator;
use serde::{Deserialize, Serialize};

use super::{REGION, ports::Bound};
use crate::services::Endpoints;
use crate::template::Model;

/// The line of `--json`. Names are added and never changed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ready {
    /// Our site, without a slash at the end.
    pub base_url: String,
    /// The simulated Entra; its first page is the portal.
    pub entra_url: String,
    /// The page that shows mails and text messages; `outbox.json` below it is for programs.
    pub outbox_url: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb_endpoint: String,
    /// `AWS_ENDPOINT_URL_KMS`.
    pub kms_endpoint: String,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`.
    pub eventbridge_endpoint: String,
    /// `AWS_ENDPOINT_URL_SQS`.
    pub sqs_endpoint: String,
    /// `AWS_ENDPOINT_URL_SNS`.
    pub sns_endpoint: String,
    /// `AWS_ENDPOINT_URL_SESV2`.
    pub ses_endpoint: String,
    /// `AWS_ENDPOINT_URL_S3`.
    pub s3_endpoint: String,
    /// `AWS_ENDPOINT_URL_LAMBDA`.
    pub lambda_endpoint: String,
    /// `AWS_REGION`.
    pub region: String,
    /// Name of the table.
    pub table: String,
    /// Id of the demo organization.
    pub organization: String,
    /// Its federated domain.
    pub domain: String,
    /// The domain's issuer.
    pub issuer_uri: String,
    /// Where Entra sends the browser to sign in.
    pub sso_url: String,
    /// The domain's metadata.
    pub metadata_url: String,
    /// A file with the certificate that signs.
    pub certificate_pem_path: String,
    /// The first administrator's one-time enrolment link.
    pub bootstrap_url: String,
    /// Where provisioning clients begin: Entra calls it the tenant URL.
    pub scim_url: String,
    /// A provisioning key of the demo organization, of the client kind `entra`.
    pub scim_key: String,
    /// Where an administrator connects the demo organization to the simulated tenant.
    pub connect_url: String,
    /// The KMS key that proves us to Entra.
    pub client_key: String,
    /// The demo users.
    pub users: Vec<DemoUser>,
}

/// One demo user.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct DemoUser {
    /// User principal name.
    pub upn: String,
    /// Name shown to people.
    pub display_name: String,
    /// What is special: `hybrid`, `cloud`, `disabled`, `no anchor`, `no personal claim`,
    /// `outside the domain`, `administrator`.
    pub kind: String,
    /// Entra's object id.
    pub object_id: String,
    /// The anchor, if there is one.
    pub anchor: Option<String>,
    /// Where codes go, if anywhere.
    pub personal_email: Option<String>,
}

/// Empty where no function proves itself.
fn client_key(model: &Model) -> String {
    let mut functions = model.functions.values();
    let key = functions.find_map(|function| function.environment.get("CLIENT_ASSERTION_KEY"));
    key.cloned().unwrap_or_default()
}

impl Ready {
    pub(super) fn new(
        bound: &Bound,
        entra: &Simulator,
        endpoints: &Endpoints,
        dynamodb: &str,
        model: &Model,
    ) -> Self {
        Self {
            base_url: bound.base_url(),
            entra_url: entra.url(),
            outbox_url: endpoints.outbox.clone(),
            dynamodb_endpoint: dynamodb.to_owned(),
            kms_endpoint: endpoints.kms.clone(),
            eventbridge_endpoint: endpoints.eventbridge.clone(),
            sqs_endpoint: endpoints.sqs.clone(),
            sns_endpoint: endpoints.sns.clone(),
            s3_endpoint: endpoints.s3.clone(),
            ses_endpoint: endpoints.ses.clone(),
            lambda_endpoint: bound.lambda_endpoint.clone(),
            region: REGION.to_owned(),
            client_key: client_key(model),
            table: model.tables.first().map(|table| table.name.clone()).unwrap_or_default(),
            ..Self::default()
        }
    }
}
