//! Puts the account together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ambient::{SystemClock, SystemEntropy};
use entra_sim::Simulator;

use super::data::DataFolder;
use super::ports::{self, Bound};
use super::{
    ACCOUNT, FEDERATION, NAME, Options, Parts, READER, REGION, Ready, Seed, StartError, WRITER,
    control,
};
use crate::database::LocalDatabase;
use crate::gateway::Gateway;
use crate::lambda::{self, Lambda, Ledger, Log};
use crate::seed;
use crate::services::{self, Services};
use crate::template::{Context, Model};

/// Starts every part in the order in which they need one another.
pub(super) async fn assemble(
    options: Options,
    log: Arc<Log>,
) -> Result<(Parts, Ready), StartError> {
    let data = DataFolder::open(&options.data)?;
    let bound = ports::bind(options.port).await?;
    let entra = Arc::new(start_entra(&options, &bound, data.path())?);
    let listeners = ports::services(options.port).await?;
    let endpoints = listeners.endpoints();
    let model = read_template(&options, &bound, &endpoints.sqs, &entra)?;
    let file = data.keeps().then(|| data.path().join("table.sqlite"));
    let database = start_database(&options, file.as_deref(), &model).await?;
    let ready = Ready::new(&bound, &entra, &endpoints, database.endpoint(), &model);
    let ledger = Arc::new(Ledger::reaping(data.path().join("processes")));
    let lambda = Lambda::new(&model.functions, lambda_settings(&options, &ready), log, ledger);
    let routes = model.routes.clone();
    let config = services_config(&options, model, data.path(), lambda.clone());
    let services = Arc::new(Services::start(config, listeners).await?);
    let lambda_api = control::lambda_api(lambda.clone(), services.clone());
    let mut servers = vec![tokio::spawn(control::serve(bound.lambda, lambda_api.clone()))];
    let (share, shared) = tokio::sync::watch::channel(ready.clone());
    let control = control::router(services.clone(), shared, lambda_api);
    let gateway = Gateway::new(&routes, lambda.clone(), control, bound.port);
    for listener in bound.site {
        servers.push(tokio::spawn(gateway.clone().serve(listener)));
    }
    let parts = Parts { lambda, services, entra, database, servers, data };
    let ready = match seeded(&options, &parts, ready).await {
        Ok(ready) => ready,
        Err(error) => {
            parts.end().await;
            return Err(error);
        }
    };
    share.send_replace(ready.clone());
    Ok((parts, ready))
}

async fn seeded(options: &Options, parts: &Parts, ready: Ready) -> Result<Ready, StartError> {
    match options.seed {
        Seed::Empty => Ok(ready),
        Seed::Demo => {
            let folder = parts.data.path();
            Ok(seed::demo(ready, &*parts.lambda, &parts.entra, folder, options.cycles).await?)
        }
    }
}

async fn start_database(
    options: &Options,
    file: Option<&Path>,
    model: &Model,
) -> Result<LocalDatabase, StartError> {
    let database = LocalDatabase::start(file, &model.tables).await?;
    Ok(match options.measured {
        true => database.measured().await?,
        false => database,
    })
}

fn start_entra(options: &Options, bound: &Bound, folder: &Path) -> Result<Simulator, StartError> {
    let port = if options.port == 0 { 0 } else { bound.port.saturating_add(1) };
    let settings = entra_sim::Settings {
        port,
        data_dir: Some(folder.join("entra")),
        exchanges: options.exchanges.clone(),
        ..entra_sim::Settings::default()
    };
    Simulator::start(settings).map_err(|error| match error {
        entra_sim::StartError::PortTaken(port) => StartError::PortTaken(port),
        other => StartError::Entra(other),
    })
}

fn read_template(
    options: &Options,
    bound: &Bound,
    sqs_endpoint: &str,
    entra: &Simulator,
) -> Result<Model, StartError> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let context = Context {
        base_url: bound.base_url(),
        sqs_endpoint: sqs_endpoint.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        stack: NAME.to_owned(),
        parameters: options.parameters.clone(),
        known: BTreeMap::from([
            own("EntraLoginUrl", &entra.login_srf_url()),
            own("EntraUrl", &entra.url()),
            own("GraphUrl", &format!("{}/v1.0", entra.url())),
            own("EntraReaderId", READER),
            own("EntraWriterId", WRITER),
            own("EntraFederationId", FEDERATION),
            own("MailFrom", "passerelle@contoso.test"),
        ]),
    };
    Model::read(&options.template, &context)
        .map_err(|source| StartError::Template { path: options.template.clone(), source })
}

fn lambda_settings(options: &Options, ready: &Ready) -> lambda::Settings {
    let mut variables: BTreeMap<String, String> = [
        ("AWS_ENDPOINT_URL_DYNAMODB", &ready.dynamodb_endpoint),
        ("AWS_ENDPOINT_URL_KMS", &ready.kms_endpoint),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", &ready.eventbridge_endpoint),
        ("AWS_ENDPOINT_URL_SQS", &ready.sqs_endpoint),
        ("AWS_ENDPOINT_URL_SESV2", &ready.ses_endpoint),
        ("AWS_ENDPOINT_URL_SNS", &ready.sns_endpoint),
        ("AWS_ENDPOINT_URL_S3", &ready.s3_endpoint),
        ("AWS_ENDPOINT_URL_LAMBDA", &ready.lambda_endpoint),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .collect();
    variables.extend(options.variables.clone());
    lambda::Settings {
        bin_dir: options.functions.clone(),
        region: REGION.to_owned(),
        concurrency: options.concurrency.max(1),
        variables,
        init_timeout: Duration::from_secs(10),
    }
}

fn services_config(
    options: &Options,
    model: Model,
    folder: &Path,
    functions: Arc<Lambda>,
) -> services::Config {
    services::Config {
        model,
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        data_dir: folder.join("services"),
        functions,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        timing: options.timing,
        deliveries: options.deliveries,
        mail_account: options.mail_account.clone(),
    }
}
