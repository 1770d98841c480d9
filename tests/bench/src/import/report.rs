//! The figures of reading a tenant, as tables for people and as JSON for programs.

use serde_json::{Value, json};

use super::cost::{self, Cost};
use super::tenant::Read;
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
        [self.machine.line(), cost::markdown(&self.costs), self.tenant()].join("\n")
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
            "look_seconds": read.look_seconds,
            "look_most_resident_mib": read.look_resident,
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
            "| users | first round | users a second | processor time for each | most resident | \
             looked at in | most resident then |\n|---|---|---|---|---|---|---|\n\
             | {} | {:.0} s | {:.0} | {:.2} ms | {} | {:.0} s | {:.0} MiB |\n",
            read.users,
            read.seconds,
            users / read.seconds,
            read.processor.as_secs_f64() * 1e3 / users,
            resident.collect::<Vec<_>>().join(", "),
            read.look_seconds,
            read.look_resident,
        )
    }
}
