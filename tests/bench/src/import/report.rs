//! The figures of reading a tenant, as tables for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cost::{self, Cost};
use super::tenant::{Later, Read};
use crate::machine::Machine;
use crate::report::Figures;

/// Everything that was measured about reading a tenant.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) costs: Vec<Cost>,
    pub(crate) read: Read,
}

impl Figures for Report {
    fn markdown(&self) -> String {
        [self.machine.line(), cost::markdown(&self.costs), self.tenant(), self.later()].join("\n")
    }

    fn json(&self) -> Value {
        let read = &self.read;
        let resident = read.resident.iter();
        json!({
            "machine": self.machine.json(),
            "rounds": cost::json(&self.costs),
            "users": read.users,
            "first_round_seconds": read.seconds,
            "processor_seconds": read.processor.as_secs_f64(),
            "most_resident_mib": resident.map(|(percent, resident)| json!({
                "percent": percent, "mib": resident,
            })).collect::<Value>(),
            "later": read.later.iter().map(|later| json!({
                "what": later.what, "seconds": later.seconds, "told": later.told,
                "table_requests": later.requests, "most_resident_mib": later.resident,
            })).collect::<Value>(),
        })
    }
}

impl Report {
    fn tenant(&self) -> String {
        let read = &self.read;
        let users = read.users as f64;
        let resident = read.resident.iter();
        let resident = resident.map(|(percent, mib)| format!("{mib:.0} MiB at {percent} %"));
        format!(
            "| users | first round | users a second | processor time for each | most resident |\n\
             |---|---|---|---|---|\n| {} | {:.0} s | {:.0} | {:.2} ms | {} |\n",
            read.users,
            read.seconds,
            users / read.seconds,
            read.processor.as_secs_f64() * 1e3 / users,
            resident.collect::<Vec<_>>().join(", "),
        )
    }

    fn later(&self) -> String {
        let mut text = "| afterwards | users told of | seconds | requests to the table | most \
                        resident |\n|---|---|---|---|---|\n"
            .to_owned();
        for later in &self.read.later {
            let told = later.told.map_or_else(|| "–".to_owned(), |told| told.to_string());
            let Later { what, seconds, requests, resident, .. } = later;
            let _ = writeln!(
                text,
                "| {what} | {told} | {seconds:.1} | {requests} | {resident:.0} MiB |"
            );
        }
        text
    }
}
