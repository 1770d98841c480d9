//! People by the thousand, for first cycles that are measured.

use std::time::Duration;

use serde::Serialize;

use super::error::ProvisioningError;
use super::report::CycleReport;
use super::settings::Provisioning;
use crate::graph_user::GraphUser;
use crate::simulator::{Settings, Simulator, StartError};

/// People with every property of the default mapping; the same ones for the same count.
pub fn population(count: usize) -> impl Iterator<Item = GraphUser> {
    (0..count).map(person)
}

fn person(number: usize) -> GraphUser {
    let given = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Ken"];
    let family = ["Arden", "Bligh", "Costa", "Dumas", "Evers", "Frank", "Gray", "Hahn", "Ito"];
    let departments = ["Engineering", "Finance", "Legal", "Operations", "Sales"];
    let pick =
        |names: &[&'static str]| names.get(number % names.len()).copied().unwrap_or_default();
    let (given, family, department) = (pick(&given), pick(&family), pick(&departments));
    let alias = format!("person{number:06}");
    GraphUser {
        id: format!("00000000-0000-4000-8000-{number:012x}"),
        user_principal_name: format!("{alias}@contoso.test"),
        display_name: format!("{given} {family} {number}"),
        given_name: Some(given.to_owned()),
        surname: Some(family.to_owned()),
        mail: Some(format!("{given}.{family}.{number}@contoso.test").to_lowercase()),
        other_mails: vec![format!("{alias}@personal.test")],
        mail_nickname: Some(alias),
        business_phones: vec![format!("+49 30 {number:07}")],
        mobile_phone: Some(format!("+49 151 {number:07}")),
        job_title: Some("Engineer".to_owned()),
        department: Some(department.to_owned()),
        employee_id: Some(format!("E{number:06}")),
        preferred_language: Some("en-GB".to_owned()),
        street_address: Some(format!("{} Long Street", number % 200 + 1)),
        city: Some("Berlin".to_owned()),
        postal_code: Some(format!("{:05}", 10_115 + number % 1_000)),
        country: Some("DE".to_owned()),
        ..GraphUser::default()
    }
}

/// What a measured first cycle gave.
#[derive(Clone, Debug, Serialize)]
pub struct FirstCycle {
    /// The figures of the cycle.
    pub report: CycleReport,
    /// How many users there were.
    pub users: usize,
    /// How long the cycle took.
    pub duration: Duration,
}

/// Why a measured first cycle gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum FirstCycleError {
    /// The simulator did not start.
    #[error("the simulator did not start")]
    Start(#[from] StartError),
    /// The cycle did not run.
    #[error("the cycle did not run")]
    Provisioning(#[from] ProvisioningError),
}

/// Runs the initial cycle of a tenant with so many people, in memory and on a port of its own.
///
/// # Errors
/// The simulator did not start, or the settings are not usable.
pub async fn first_cycle(
    users: usize,
    settings: Provisioning,
) -> Result<FirstCycle, FirstCycleError> {
    let simulator = Simulator::start(Settings::default())?;
    simulator.put_users(population(users)).map_err(ProvisioningError::from)?;
    simulator.configure_provisioning(settings)?;
    let report = simulator.run_cycle().await?;
    let duration = Duration::from_millis(report.duration_ms);
    Ok(FirstCycle { report, users, duration })
}
