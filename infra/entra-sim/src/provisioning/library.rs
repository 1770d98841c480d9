//! Provisioning as the caller of the library sees it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cycle;
use super::error::ProvisioningError;
use super::exchange::Exchange;
use super::health::Health;
use super::provisioner::{self, cycles};
use super::report::{ConnectionReport, CycleReport, OnDemandReport};
use super::settings::Provisioning;
use crate::app::App;
use crate::directory::DirectoryError;
use crate::graph_group::GraphGroup;
use crate::graph_user::GraphUser;
use crate::simulator::Simulator;

impl Simulator {
    /// Sets provisioning up and runs the next cycle in the background, then one after each
    /// interval if there is one. The same settings as before go on where they were.
    ///
    /// # Errors
    /// The settings are not usable, or the job cannot be saved.
    pub fn provision(&self, settings: Provisioning) -> Result<(), ProvisioningError> {
        self.configure_provisioning(settings)?;
        let task = self.runtime().spawn(cycles(Arc::clone(self.app())));
        self.app().provisioner.scheduled(task.abort_handle());
        Ok(())
    }

    /// Sets provisioning up; nothing is sent until it is asked for.
    ///
    /// # Errors
    /// The settings are not usable, or the job cannot be saved.
    pub fn configure_provisioning(&self, settings: Provisioning) -> Result<(), ProvisioningError> {
        self.app().provisioner.configure(self.app(), settings)
    }

    /// Stops the cycles of [`provision`](Self::provision).
    pub fn stop_provisioning(&self) {
        self.app().provisioner.stop();
    }

    /// "Test Connection".
    ///
    /// # Errors
    /// Provisioning is not configured.
    pub async fn test_connection(&self) -> Result<ConnectionReport, ProvisioningError> {
        self.inside(async |app| provisioner::test_connection(&app).await).await
    }

    /// Runs the next cycle: an initial one, or an incremental one behind it. In quarantine none
    /// runs before it is due, and the report says so.
    ///
    /// # Errors
    /// Provisioning is not configured, or the job cannot be saved.
    pub async fn run_cycle(&self) -> Result<CycleReport, ProvisioningError> {
        self.inside(async |app| cycle::next(&app).await).await
    }

    /// "Restart provisioning": an initial cycle, whatever failed before.
    ///
    /// # Errors
    /// Provisioning is not configured, or the job cannot be saved.
    pub async fn restart_provisioning(&self) -> Result<CycleReport, ProvisioningError> {
        self.inside(async |app| provisioner::restart(&app).await).await
    }

    /// "Provision on demand": one user now.
    ///
    /// # Errors
    /// Provisioning is not configured, the user is unknown, or the job cannot be saved.
    pub async fn provision_on_demand(
        &self,
        name: &str,
    ) -> Result<OnDemandReport, ProvisioningError> {
        let name = name.to_owned();
        self.inside(async move |app| provisioner::on_demand(&app, &name).await).await
    }

    /// The state of the provisioning job.
    #[must_use]
    pub fn provisioning_health(&self) -> Health {
        let now = self.app().now().simulated;
        self.app().provisioner.job().health.at(now)
    }

    /// The report of the last cycle.
    #[must_use]
    pub fn last_cycle(&self) -> Option<CycleReport> {
        self.app().provisioner.job().last.clone()
    }

    /// The latest requests of provisioning and their answers, oldest first.
    #[must_use]
    pub fn provisioning_log(&self) -> Vec<Exchange> {
        self.app().provisioner.exchanges(0)
    }

    /// Adds many users at once: all of them or none.
    ///
    /// # Errors
    /// A sign-in name or anchor that Graph would refuse, or a full disk.
    pub fn put_users(
        &self,
        users: impl IntoIterator<Item = GraphUser>,
    ) -> Result<(), DirectoryError> {
        let users = users.into_iter().collect();
        self.app().change(|directory| directory.put_users(users))
    }

    /// Moves a user to the recycle bin.
    ///
    /// # Errors
    /// Nobody has the sign-in name, or the change cannot be saved.
    pub fn soft_delete_user(&self, name: &str) -> Result<(), DirectoryError> {
        let now = self.app().now().simulated;
        self.app().change(|directory| directory.soft_delete_user(name, now))
    }

    /// Takes a user out of the recycle bin.
    ///
    /// # Errors
    /// Nobody there has the sign-in name, it was given away, or the change cannot be saved.
    pub fn restore_user(&self, name: &str) -> Result<GraphUser, DirectoryError> {
        self.app().change(|directory| directory.restore_user(name))
    }

    /// Removes a user for good, from the tenant or from the recycle bin.
    ///
    /// # Errors
    /// Nobody has the sign-in name, or the change cannot be saved.
    pub fn delete_user(&self, name: &str) -> Result<(), DirectoryError> {
        self.app().change(|directory| directory.delete_user(name))
    }

    /// The groups in the order of their ids.
    #[must_use]
    pub fn groups(&self) -> Vec<GraphGroup> {
        self.app().directory().groups.values().cloned().collect()
    }

    /// Adds a group, or replaces the one with the same id.
    ///
    /// # Errors
    /// It has no name, or the change cannot be saved.
    pub fn put_group(&self, group: GraphGroup) -> Result<GraphGroup, DirectoryError> {
        self.app().change(|directory| directory.put_group(group))
    }

    /// Adds and removes members of a group, all by object ids.
    ///
    /// # Errors
    /// No group has the name or id, or the change cannot be saved.
    pub fn change_members(
        &self,
        group: &str,
        added: impl IntoIterator<Item = String>,
        removed: &BTreeSet<String>,
    ) -> Result<GraphGroup, DirectoryError> {
        self.app().change(|directory| directory.change_members(group, added, removed))
    }

    /// Removes a group for good.
    ///
    /// # Errors
    /// No group has the name or id, or the change cannot be saved.
    pub fn delete_group(&self, group: &str) -> Result<(), DirectoryError> {
        self.app().change(|directory| directory.delete_group(group))
    }

    /// Puts a user or group into the application's scope, by its object id.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn assign(&self, id: &str) -> Result<(), DirectoryError> {
        self.app().change(|directory| {
            directory.assign(id);
            Ok(())
        })
    }

    /// Takes a user or group out of the application's scope, by its object id.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn unassign(&self, id: &str) -> Result<(), DirectoryError> {
        self.app().change(|directory| {
            directory.unassign(id);
            Ok(())
        })
    }

    /// Works on the simulator's own thread, where the client's connections live.
    async fn inside<T, F>(&self, work: impl FnOnce(Arc<App>) -> F) -> Result<T, ProvisioningError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ProvisioningError>> + Send + 'static,
    {
        let running = self.runtime().spawn(work(Arc::clone(self.app())));
        running.await.map_err(|_| ProvisioningError::Stopped)?
    }
}
