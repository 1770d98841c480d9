//! The figures of offboarding, as tables for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::dispatch::Dispatched;
use super::refusal::{Refusals, Start};
use crate::import::cost::{self, Cost};
use crate::machine::Machine;
use crate::report::Figures;

/// Everything that was measured about offboarding.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) dispatched: Vec<Dispatched>,
    pub(crate) rounds: Vec<Cost>,
    pub(crate) refusals: Vec<Refusals>,
}

/// What so many in a hundred stay within.
const PERCENTILES: [usize; 2] = [50, 99];

impl Figures for Report {
    fn markdown(&self) -> String {
        let rounds = cost::markdown(&self.rounds);
        [self.machine.line(), self.dispatches(), rounds, self.refused()].join("\n")
    }

    fn json(&self) -> Value {
        let dispatched = self.dispatched.iter().map(|found| {
            json!({
                "organizations": found.organizations, "seconds": found.seconds,
                "reads": found.reads, "transactions": found.writes,
                "read_units": found.read_units, "write_units": found.write_units,
                "requests_to_the_bus": found.said,
            })
        });
        let refusals = self.refusals.iter().map(|found| {
            let within = |percent| found.percentile(percent).as_secs_f64();
            json!({
                "start": name(found.start), "times": found.took.len(),
                "p50_seconds": within(50), "p99_seconds": within(99),
            })
        });
        json!({
            "machine": self.machine.json(),
            "dispatched": dispatched.collect::<Value>(),
            "rounds": cost::json(&self.rounds),
            "refusals": refusals.collect::<Value>(),
        })
    }
}

impl Report {
    fn dispatches(&self) -> String {
        let mut text = "| organizations due | seconds | reading requests | transactions | \
                        read units | write units | requests to the bus |\n\
                        |---|---|---|---|---|---|---|\n"
            .to_owned();
        for found in &self.dispatched {
            let _ = writeln!(
                text,
                "| {} | {:.1} | {} | {} | {} | {} | {} |",
                found.organizations,
                found.seconds,
                found.reads,
                found.writes,
                found.read_units,
                found.write_units,
                found.said,
            );
        }
        text
    }

    fn refused(&self) -> String {
        let mut text = "| from a change in the tenant to the refusal | times |".to_owned();
        for percent in PERCENTILES {
            let _ = write!(text, " p{percent} |");
        }
        text.push_str("\n|---|---|---|---|\n");
        for found in &self.refusals {
            let _ = write!(text, "| {} | {} |", name(found.start), found.took.len());
            for percent in PERCENTILES {
                let _ = write!(text, " {:.2} s |", found.percentile(percent).as_secs_f64());
            }
            text.push('\n');
        }
        text
    }
}

fn name(start: Start) -> &'static str {
    match start {
        Start::Warm => "warm",
        Start::Cold => "cold",
    }
}
