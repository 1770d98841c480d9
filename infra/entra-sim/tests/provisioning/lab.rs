//! A simulator with three people, set up against a recording server.

use entra_sim::{CycleReport, GraphUser, Mapping, Pace, Provisioning, Scope, Settings, Simulator};
use jiff::SignedDuration;

use crate::target::{TOKEN, Target};

pub(crate) const ADA: &str = "ada@contoso.test";
pub(crate) const GRACE: &str = "grace@contoso.test";
pub(crate) const ADA_ID: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const GRACE_ID: &str = "22222222-2222-4222-8222-222222222222";

pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    pub(crate) target: Target,
}

/// Settings that send as fast as they can and wait for nothing.
pub(crate) fn settings(target: &Target) -> Provisioning {
    Provisioning {
        scope: Scope::Everyone,
        pace: Pace::Unlimited,
        pause: SignedDuration::from_millis(1),
        concurrency: 1,
        ..Provisioning::new(&target.url(), TOKEN)
    }
}

pub(crate) fn ada() -> GraphUser {
    GraphUser {
        id: ADA_ID.to_owned(),
        user_principal_name: ADA.to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        given_name: Some("Ada".to_owned()),
        surname: Some("Lovelace".to_owned()),
        mail: Some("ada.lovelace@contoso.test".to_owned()),
        mail_nickname: Some("alovelace".to_owned()),
        ..GraphUser::default()
    }
}

pub(crate) fn grace() -> GraphUser {
    GraphUser {
        id: GRACE_ID.to_owned(),
        user_principal_name: GRACE.to_owned(),
        display_name: "Grace Hopper".to_owned(),
        ..GraphUser::default()
    }
}

impl Lab {
    /// Nobody in the tenant yet.
    pub(crate) async fn empty(change: impl FnOnce(Provisioning) -> Provisioning) -> Self {
        let target = Target::start().await;
        let simulator = Simulator::start(Settings::default()).unwrap();
        simulator.configure_provisioning(change(settings(&target))).unwrap();
        Self { simulator, target }
    }

    /// Ada alone in the tenant.
    pub(crate) async fn start(change: impl FnOnce(Provisioning) -> Provisioning) -> Self {
        let lab = Self::empty(change).await;
        lab.simulator.put_user(ada()).unwrap();
        lab
    }

    /// Ada was provisioned, and nothing else.
    pub(crate) async fn provisioned(change: impl FnOnce(Provisioning) -> Provisioning) -> Self {
        let lab = Self::start(change).await;
        lab.cycle().await;
        lab.target.take();
        lab
    }

    pub(crate) async fn cycle(&self) -> CycleReport {
        self.simulator.run_cycle().await.unwrap()
    }

    /// Changes Ada in the source.
    pub(crate) fn change(&self, change: impl FnOnce(&mut GraphUser)) {
        let users = self.simulator.users();
        let mut user = users.into_iter().find(|user| user.id == ADA_ID).unwrap();
        change(&mut user);
        self.simulator.put_user(user).unwrap();
    }
}

pub(crate) fn same(settings: Provisioning) -> Provisioning {
    settings
}

pub(crate) fn recommended(settings: Provisioning) -> Provisioning {
    Provisioning { mapping: Mapping::Recommended, ..settings }
}
