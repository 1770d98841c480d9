//! Graph, for tests in the caller's process.

use std::sync::Arc;

use super::{
    Delivery, GraphCall, GraphFault, GraphSettings, Lifecycle, Subscription, notifications,
};
use crate::app::App;
use crate::oauth::access_token::{Claims, Unsigned};
use crate::simulator::Simulator;

impl App {
    /// The address that stands for `https://graph.microsoft.com/v1.0`.
    pub(crate) fn graph_url(&self) -> String {
        let public = self.graph.settings().public_url;
        public.unwrap_or_else(|| format!("{}/v1.0", self.site.url()))
    }

    /// A token of the tenant with these roles, whatever was consented to.
    pub(crate) fn token(&self, roles: Vec<String>) -> Result<String, Unsigned> {
        let tenant = self.directory().tenant_id.clone();
        self.token_of(&tenant, roles)
    }

    /// A token of any tenant.
    fn token_of(&self, tenant: &str, roles: Vec<String>) -> Result<String, Unsigned> {
        let application = "00000000-0000-4000-8000-00000000a991";
        self.access_tokens.issue(&Claims::new(tenant, application, roles, self.now().simulated))
    }
}

impl Simulator {
    /// The address that stands for `https://graph.microsoft.com/v1.0`.
    #[must_use]
    pub fn graph_url(&self) -> String {
        self.app().graph_url()
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant_id(&self) -> String {
        self.app().directory().tenant_id.clone()
    }

    /// A token for Graph with these roles, whatever was consented to; [`None`] when the machine can
    /// sign nothing.
    #[must_use]
    pub fn graph_token(&self, roles: &[&str]) -> Option<String> {
        self.app().token(roles.iter().map(|role| (*role).to_owned()).collect()).ok()
    }

    /// The same for another tenant.
    #[must_use]
    pub fn graph_token_of(&self, tenant: &str, roles: &[&str]) -> Option<String> {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self.app().token_of(tenant, roles).ok()
    }

    /// Says how Graph behaves from now on.
    pub fn set_graph(&self, settings: GraphSettings) {
        self.app().graph.hold().settings = settings;
    }

    /// Lets a call of Graph go wrong, behind those that were said before.
    pub fn inject(&self, fault: GraphFault) {
        self.app().graph.hold().faults.push(fault);
    }

    /// Says how notifications are told from now on.
    pub fn set_delivery(&self, delivery: Delivery) {
        self.app().graph.hold().delivery = delivery;
    }

    /// The subscriptions whose end has not come.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.app().live_subscriptions()
    }

    /// Where notifications were sent, oldest first, with the status of each answer that came.
    #[must_use]
    pub fn notified(&self) -> Vec<(String, Option<u16>)> {
        self.app().graph.hold().told.clone()
    }

    /// Tells every subscriber what becomes of its subscription, and waits for its answer.
    ///
    /// # Panics
    /// The simulator was stopped.
    pub async fn announce(&self, event: Lifecycle) {
        let app = Arc::clone(self.app());
        let told = self.runtime().spawn(async move { notifications::announce(&app, event).await });
        assert!(told.await.is_ok_and(|told| told.is_ok()), "the simulator was stopped");
    }

    /// Lets every call of Graph go well again.
    pub fn mend(&self) {
        self.app().graph.hold().faults.clear();
    }

    /// What Graph was asked, oldest first.
    #[must_use]
    pub fn graph_calls(&self) -> Vec<GraphCall> {
        self.app().graph.hold().calls()
    }
}
