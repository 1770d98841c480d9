//! One run against the target: the client, the rules, and the figures so far.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use jiff::Timestamp;

use super::client::Client;
use super::error::ProvisioningError;
use super::fault::Fault;
use super::health::QuarantineReason;
use super::job::{Job, Kind};
use super::mapping::Rule;
use super::report::{CycleReport, Outcome};
use super::settings::Provisioning;
use super::tenant_url::Dialect;
use crate::app::{App, hold};

/// After so many silent requests in a row the target counts as unreachable.
const SILENT: u32 = 20;

/// One run against the target.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) app: &'a App,
    pub(crate) settings: &'a Provisioning,
    pub(crate) client: Client<'a>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) dialect: Dialect,
    pub(crate) now: Timestamp,
    report: Mutex<CycleReport>,
    halted: OnceLock<(QuarantineReason, String)>,
    silent: AtomicU32,
}

impl<'a> Run<'a> {
    pub(crate) fn new(app: &'a App, settings: &'a Provisioning) -> Result<Self, ProvisioningError> {
        let client = Client::new(app, app.provisioner.log(), settings)?;
        Ok(Self {
            dialect: client.url.dialect(),
            rules: settings.mapping.rules(),
            now: app.now().simulated,
            app,
            settings,
            client,
            report: Mutex::default(),
            halted: OnceLock::new(),
            silent: AtomicU32::new(0),
        })
    }

    /// The figures so far.
    pub(crate) fn report(&self) -> MutexGuard<'_, CycleReport> {
        hold(&self.report)
    }

    /// The job's memory.
    pub(crate) fn job(&self) -> MutexGuard<'_, Job> {
        self.app.provisioner.job()
    }

    /// Why nothing more can succeed, if so.
    pub(crate) fn halted(&self) -> Option<&(QuarantineReason, String)> {
        self.halted.get()
    }

    /// Writes down that an object or a reference is in step again.
    pub(crate) fn succeeded(&self, id: &str) {
        self.silent.store(0, Ordering::Relaxed);
        self.job().escrows.remove(id);
    }

    /// Writes a failure down and decides whether it is everyone's.
    pub(crate) fn failed(&self, id: &str, subject: &str, kind: Kind, fault: &Fault) {
        self.job().failed(id, subject, kind, fault, self.now);
        {
            let mut report = self.report();
            match kind {
                Kind::User => report.users.add(Outcome::Failed),
                Kind::Group => report.groups.add(Outcome::Failed),
                Kind::Reference => report.references.failed += 1,
            }
        }
        let in_a_row = match fault {
            Fault::Silent(_) => self.silent.fetch_add(1, Ordering::Relaxed) + 1,
            _ => {
                self.silent.store(0, Ordering::Relaxed);
                0
            }
        };
        if fault.is_everyones() || in_a_row >= SILENT {
            let reason = QuarantineReason::EncounteredQuarantineException;
            let _first = self.halted.set((reason, fault.to_string()));
        }
    }
}
