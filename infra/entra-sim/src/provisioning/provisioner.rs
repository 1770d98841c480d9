//! What the simulator holds of its provisioning job, and what can be asked of it.

use std::sync::{Arc, Mutex, MutexGuard};

use reqwest::Method;
use tokio::task::AbortHandle;

use super::client::{Request, authorization};
use super::cycle;
use super::error::ProvisioningError;
use super::exchange::{Exchange, ExchangeLog};
use super::fault::Fault;
use super::filter::{equals, query};
use super::job::{Job, Kind};
use super::report::{ConnectionReport, CycleReport, OnDemandReport, Outcome};
use super::run::Run;
use super::settings::{GroupMapping, Provisioning};
use super::tenant_url::{Dialect, TenantUrl};
use super::users::only;
use crate::app::{App, hold};
use crate::directory::DirectoryError;
use crate::random;

/// The name of the job's file in the data folder.
pub(crate) const JOB_FILE: &str = "provisioning.json";

/// The job, its log, and the task that runs its cycles.
#[derive(Debug, Default)]
pub(crate) struct Provisioner {
    job: Mutex<Job>,
    log: Mutex<ExchangeLog>,
    turn: tokio::sync::Mutex<()>,
    schedule: Mutex<Option<AbortHandle>>,
}

impl Provisioner {
    pub(crate) fn new(job: Job) -> Self {
        Self { job: Mutex::new(job), ..Self::default() }
    }

    /// The job's memory; taken after the directory where both are needed.
    pub(crate) fn job(&self) -> MutexGuard<'_, Job> {
        hold(&self.job)
    }

    pub(crate) fn log(&self) -> &Mutex<ExchangeLog> {
        &self.log
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        hold(&self.log).written()
    }

    /// The exchanges behind a number, oldest first.
    pub(crate) fn exchanges(&self, since: u64) -> Vec<Exchange> {
        hold(&self.log).since(since)
    }

    /// Waits until no other cycle runs.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(crate) fn settings(&self) -> Result<Provisioning, ProvisioningError> {
        self.job().settings.clone().ok_or(ProvisioningError::NotConfigured)
    }

    /// Writes the job to the data folder, if there is one.
    pub(crate) fn save(&self, app: &App) -> Result<(), ProvisioningError> {
        let job = self.job();
        app.keep(JOB_FILE, &*job).map_err(ProvisioningError::Save)
    }

    /// Sets the job up, or changes how it is set up; what runs is stopped first.
    pub(crate) fn configure(
        &self,
        app: &App,
        settings: Provisioning,
    ) -> Result<(), ProvisioningError> {
        let url = TenantUrl::parse(&settings.tenant_url)?;
        authorization(&settings.token)?;
        self.stop();
        {
            let mut job = self.job();
            let before = job.settings.as_ref();
            let before = before.and_then(|before| TenantUrl::parse(&before.tenant_url).ok());
            let same_server = before.is_some_and(|before| before.base() == url.base());
            job.configure(settings, same_server);
        }
        self.save(app)
    }

    /// Forgets the job and stops what runs.
    pub(crate) fn forget(&self, app: &App) -> Result<(), ProvisioningError> {
        self.stop();
        *self.job() = Job::default();
        self.save(app)
    }

    /// Stops the cycles.
    pub(crate) fn stop(&self) {
        if let Some(schedule) = hold(&self.schedule).take() {
            schedule.abort();
        }
    }

    /// Remembers the task that runs the cycles, and ends the one before.
    pub(crate) fn scheduled(&self, schedule: AbortHandle) {
        if let Some(before) = hold(&self.schedule).replace(schedule) {
            before.abort();
        }
    }
}

/// Runs the next cycle, then one after each interval if there is one.
pub(crate) async fn cycles(app: Arc<App>) {
    loop {
        // A cycle that cannot run at all is told by the state that it leaves.
        let _told = cycle::next(&app).await;
        let Ok(settings) = app.provisioner.settings() else { return };
        let Some(interval) = settings.interval.and_then(|interval| interval.try_into().ok()) else {
            return;
        };
        tokio::time::sleep(interval).await;
    }
}

/// "Restart provisioning": forgets failures, quarantine and watermark, and runs an initial cycle.
pub(crate) async fn restart(app: &App) -> Result<CycleReport, ProvisioningError> {
    app.provisioner.settings()?;
    app.provisioner.job().restart();
    cycle::next(app).await
}

/// "Test Connection": asks for somebody who does not exist.
pub(crate) async fn test_connection(app: &App) -> Result<ConnectionReport, ProvisioningError> {
    let settings = app.provisioner.settings()?;
    let run = Run::new(app, &settings)?;
    let before = app.provisioner.requests();
    let mut problems = Vec::new();
    let matching = settings.mapping.matching().iter().map(|target| ("/Users", target.to_string()));
    let groups =
        (settings.groups == GroupMapping::Enabled).then(|| ("/Groups", "displayName".to_owned()));
    for (path, attribute) in matching.take(1).chain(groups) {
        let filter = equals(&attribute, &random::guid());
        let query = match path {
            "/Groups" => query(&[("excludedAttributes", "members"), ("filter", &filter)]),
            _ => query(&[("filter", &filter)]),
        };
        let request = Request {
            subject: "Test Connection",
            method: Method::GET,
            path,
            query: Some(&query),
            body: None,
        };
        let list = run.client.send(&request).await.and_then(|answer| answer.expect(&[200]));
        match only(list) {
            Ok(None) => {}
            Ok(Some(_)) | Err(Fault::SeveralMatch) => {
                problems.push(format!("{path} finds a resource by a random value"));
            }
            Err(fault) => problems.push(format!("{path}: {fault}")),
        }
    }
    let exchanges = app.provisioner.exchanges(before);
    let about = |exchange: &&Exchange| exchange.subject == "Test Connection";
    let exchanges: Vec<Exchange> = exchanges.iter().filter(about).cloned().collect();
    problems.extend(exchanges.iter().filter_map(|exchange| exchange.complaint.clone()));
    Ok(ConnectionReport { problems, exchanges })
}

/// "Provision on demand": one user now, with the classic PATCH whatever the flag says.
pub(crate) async fn on_demand(app: &App, name: &str) -> Result<OnDemandReport, ProvisioningError> {
    let settings = app.provisioner.settings()?;
    let id = app.directory().user_by_name(name).map(|user| user.id.clone());
    let id = id.ok_or(DirectoryError::UserUnknown)?;
    let mut run = Run::new(app, &settings)?;
    run.dialect = Dialect::Classic;
    let before = app.provisioner.requests();
    let source = run.source(&id);
    let subject = source.subject(&id).to_owned();
    let done = run.user(&id, &source).await;
    let (outcome, reason) = match done {
        Ok((outcome, reason)) => {
            run.succeeded(&id);
            if let Err(fault) = run.manager(&id, &subject).await {
                run.failed(&id, &subject, Kind::Reference, &fault);
            }
            (outcome, reason.map(str::to_owned))
        }
        Err(fault) => {
            run.failed(&id, &subject, Kind::User, &fault);
            (Outcome::Failed, Some(fault.to_string()))
        }
    };
    app.provisioner.save(app)?;
    let exchanges = app.provisioner.exchanges(before);
    let exchanges = exchanges.into_iter().filter(|exchange| exchange.subject == subject).collect();
    Ok(OnDemandReport { outcome, reason, exchanges })
}
