//! What a month costs: what each thing uses, counted once each on the wire, times how often it is done,
//! times a price.
//!
//! | file | what it knows |
//! |---|---|
//! | [`usage`] | how much of each service something uses |
//! | [`ways`] | what each way through the product uses: counted |
//! | `habits.json` | how often somebody does what: assumed |
//! | `prices.json` | what AWS asks for it |
//!
//! Counts depend on no machine, so that a test compares the table in `docs/PERFORMANCE.md` with them.

mod usage;
mod ways;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Failure;
use crate::report::Figures;

use usage::{Prices, Usage};
use ways::Ways;

/// How many organizations, with how many people each.
const DEPLOYMENTS: [(u32, u32); 4] = [(1, 10), (1, 500), (1, 10_000), (1_000, 50)];
const DAYS: f64 = 30.0;
/// As many days, in minutes.
const MINUTES: f64 = 43_200.0;
/// How often each tenant is read in a month: every four hours, as nobody has set it otherwise.
const ROUNDS: f64 = 180.0;

/// What a month of one deployment costs.
#[derive(Clone, Debug)]
struct Month {
    organizations: u32,
    people: u32,
    /// What is paid for by what is used.
    parts: Vec<(&'static str, f64)>,
    /// What is there whether somebody signs in or not.
    standing: f64,
}

impl Month {
    fn dollars(&self) -> f64 {
        self.standing + self.parts.iter().map(|(_, dollars)| dollars).sum::<f64>()
    }
}

/// Everything that was counted and computed.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    ways: Ways,
    months: Vec<Month>,
}

/// Counts, and computes.
pub(crate) async fn run() -> Result<Report, Failure> {
    let (prices, habits) = (Prices::read()?, Habits::read()?);
    let ways = Ways::count(habits.milliseconds / 1_000.0).await?;
    let months = DEPLOYMENTS.map(|(organizations, people)| {
        month(&ways, &prices, &habits, f64::from(organizations), f64::from(people))
    });
    let months = DEPLOYMENTS.into_iter().zip(months);
    let months =
        months.map(|((organizations, people), month)| Month { organizations, people, ..month });
    Ok(Report { ways, months: months.collect() })
}

fn month(ways: &Ways, prices: &Prices, habits: &Habits, organizations: f64, people: f64) -> Month {
    let everybody = organizations * people;
    let days = habits.workdays;
    let signing_in = ways.silent.times(habits.silent * days * everybody)
        + ways.passkey.times(habits.passkeys * days * everybody)
        + ways.enrolment.times(habits.enrolments * everybody);
    let provisioning = ways.provisioned.times(habits.provisioned * everybody);
    let reading = ways.round.times(ROUNDS * organizations)
        + ways.notice.times(habits.read * everybody)
        + ways.renewal.times(DAYS * organizations);
    let sweeping = ways.sweep.times(MINUTES) + ways.dispatch.times(MINUTES / 5.0);
    let stored = everybody * habits.kilobytes / 1_048_576.0;
    let logged = |usage: &Usage| usage.invocations * habits.logged / 1_073_741_824.0;
    let of = |usage: &Usage| prices.of(usage) + logged(usage) * prices.get("gb_logged");
    let standing = ways.keys * prices.get("key")
        + ways.alarms * prices.get("alarm")
        + ways.queues * habits.polls * prices.million("million_queue_requests");
    let parts = vec![
        ("signing in", of(&signing_in)),
        ("provisioning", of(&provisioning)),
        ("reading the tenants", of(&reading)),
        ("the schedules", of(&sweeping)),
        ("what is stored", stored * prices.get("gb_stored")),
    ];
    Month { organizations: 0, people: 0, parts, standing }
}

/// How often somebody does what.
#[derive(Clone, Copy, Debug)]
struct Habits {
    workdays: f64,
    silent: f64,
    passkeys: f64,
    enrolments: f64,
    provisioned: f64,
    read: f64,
    milliseconds: f64,
    logged: f64,
    kilobytes: f64,
    polls: f64,
}

impl Habits {
    fn read() -> Result<Self, Failure> {
        let told: Value = serde_json::from_str(include_str!("../habits.json"))?;
        let get = |name: &str| {
            let habit = told.get(name).and_then(Value::as_f64);
            habit.ok_or(format!("habits.json lacks {name}"))
        };
        Ok(Self {
            workdays: get("workdays")?,
            silent: get("silent_sign_ins_a_day")?,
            passkeys: get("sign_ins_by_passkey_a_day")?,
            enrolments: get("enrolments_a_month")?,
            provisioned: get("provisioned_changes_a_month")?,
            read: get("read_changes_a_month")?,
            milliseconds: get("invocation_milliseconds")?,
            logged: get("logged_bytes_a_request")?,
            kilobytes: get("stored_kilobytes_a_user")?,
            polls: get("polls_of_a_queue_a_month")?,
        })
    }
}

impl Figures for Report {
    fn markdown(&self) -> String {
        let mut text = String::from(
            "| what | HTTP requests | invocations | read units | write units | signatures | events | mails |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for (what, usage) in self.ways.all() {
            let _ = writeln!(
                text,
                "| {what} | {} | {} | {} | {} | {} | {} | {} |",
                usage.requests,
                usage.invocations,
                usage.read_units,
                usage.write_units,
                usage.signatures,
                usage.events,
                usage.mails,
            );
        }
        text.push_str("\n| a month |");
        for month in &self.months {
            let _ = match month.organizations {
                1 => write!(text, " {} people |", month.people),
                many => write!(text, " {many} organizations of {} |", month.people),
            };
        }
        text.push_str("\n|---|");
        text.push_str(&"---|".repeat(self.months.len()));
        let standing = ("keys, alarms, queues", self.months.iter().map(|month| month.standing));
        let _ = write!(text, "\n| {} |", standing.0);
        for dollars in standing.1 {
            let _ = write!(text, " ${dollars:.2} |");
        }
        let parts = self.months.first().map_or(0, |month| month.parts.len());
        for part in 0..parts {
            let name = self.months.first().and_then(|month| month.parts.get(part));
            let _ = write!(text, "\n| {} |", name.map_or("", |(name, _)| name));
            for month in &self.months {
                let dollars = month.parts.get(part).map_or(0.0, |(_, dollars)| *dollars);
                let _ = write!(text, " ${dollars:.2} |");
            }
        }
        text.push_str("\n| **in all** |");
        for month in &self.months {
            let _ = write!(text, " **${:.2}** |", month.dollars());
        }
        text.push_str("\n| each person |");
        for month in &self.months {
            let people = f64::from(month.organizations) * f64::from(month.people);
            let _ = write!(text, " ${:.4} |", month.dollars() / people);
        }
        text.push('\n');
        text
    }

    fn json(&self) -> Value {
        let ways =
            self.ways.all().map(|(what, usage)| json!({ "what": what, "usage": usage.json() }));
        let months = self.months.iter().map(|month| {
            let parts = month
                .parts
                .iter()
                .map(|(name, dollars)| json!({ "what": name, "dollars": dollars }));
            json!({
                "organizations": month.organizations, "people": month.people,
                "standing_dollars": month.standing, "parts": parts.collect::<Vec<_>>(),
                "dollars": month.dollars(),
            })
        });
        json!({ "ways": ways.collect::<Vec<_>>(), "months": months.collect::<Vec<_>>() })
    }
}
