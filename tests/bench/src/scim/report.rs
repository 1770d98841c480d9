//! The figures of provisioning, as tables for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cost::Cost;
use super::cycle::Cycle;
use super::members::{Added, Everybody};
use super::rate::Rate;
use crate::arguments::Counts;
use crate::machine::Machine;
use crate::report::Figures;
use crate::size::Size;
use crate::stopwatch::Spread;

/// Everything that was measured about provisioning.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) python: String,
    pub(crate) counts: Counts,
    pub(crate) sizes: Vec<Size>,
    pub(crate) cycles: Vec<Cycle>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) groups: Vec<Added>,
    /// Milliseconds.
    pub(crate) jump: Option<Spread>,
    pub(crate) everybody: Option<Everybody>,
    /// The most that each process ever had in memory, in MiB.
    pub(crate) memory: Vec<(String, Vec<f64>)>,
    pub(crate) costs: Vec<Cost>,
}

impl Figures for Report {
    fn markdown(&self) -> String {
        let machine = format!("{}{}.\n", self.machine.line(), self.python);
        [machine, self.cycles(), self.rates(), self.members(), self.costs()].join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "machine": self.machine.json(),
            "python": self.python,
            "users": self.counts.users,
            "sizes": self.sizes.iter().map(|size| json!({
                "function": size.function, "plain_mb": size.plain, "zipped_mb": size.zipped,
            })).collect::<Value>(),
            "first_cycles": self.cycles.iter().map(Cycle::json).collect::<Value>(),
            "rates": self.rates.iter().map(|rate| rate.json(self.counts.users)).collect::<Value>(),
            "jump_ms": self.jump.map(spread),
            "members_added": self.groups.iter().map(Added::json).collect::<Value>(),
            "everybody_in_one_group": self.everybody.as_ref().map(Everybody::json),
            "most_resident_mib": self.memory.iter().map(|(server, resident)| json!({
                "server": server, "processes": resident,
            })).collect::<Value>(),
            "table": self.costs.iter().map(Cost::json).collect::<Value>(),
        })
    }
}

impl Report {
    fn cycles(&self) -> String {
        let users = self.counts.users;
        let mut text = format!(
            "| first cycle of {users} users | time | users a second | processor time for each | \
             most resident then | at the end |\n|---|---|---|---|---|---|\n"
        );
        for cycle in &self.cycles {
            let end = self.memory.iter().find(|(server, _)| *server == cycle.server);
            let end = end.map(|(_, resident)| resident.as_slice()).unwrap_or_default();
            let seconds = cycle.duration.as_secs_f64();
            let count = cycle.users as f64;
            let _ = writeln!(
                text,
                "| {} | {seconds:.0} s | {:.0} | {:.2} ms | {} | {} |",
                cycle.server,
                count / seconds,
                cycle.processor.as_secs_f64() * 1e3 / count,
                mebibytes(&cycle.resident),
                mebibytes(end),
            );
        }
        for Size { function, plain, zipped } in &self.sizes {
            let _ = write!(text, "\n`{function}` zipped: {zipped:.2} MB ({plain:.2} MB plain).\n");
        }
        text
    }

    fn rates(&self) -> String {
        let mut text = "| requests per second | server | 1 at a time | 4 at a time | \
                        processor time for each |\n|---|---|---|---|---|\n"
            .to_owned();
        for rate in &self.rates {
            let name = rate.operation.name(self.counts.users);
            let _ = write!(text, "| {name} | {} |", rate.server);
            for (_, Spread { median, least, most }) in &rate.by_connections {
                let _ = write!(text, " {} ({}–{}) |", short(*median), short(*least), short(*most));
            }
            let _ = writeln!(text, " {:.2} ms |", rate.processor_ms);
        }
        if let Some(Spread { median, least, most }) = self.jump {
            let _ = write!(
                text,
                "\nA `startIndex` in the second half that nobody walked to, ours: {median:.0} ms \
                 ({least:.0}–{most:.0}).\n"
            );
        }
        text
    }

    fn members(&self) -> String {
        let mut text = format!(
            "| {} members added to a group by one PATCH | answered after | carried out after | \
             processor time |\n|---|---|---|---|\n",
            self.counts.members
        );
        let seconds = |Spread { median, least, most }: Spread| {
            format!("{median:.2} s ({least:.2}–{most:.2})")
        };
        for added in &self.groups {
            let folded = added.folded.map_or_else(|| "the answer".to_owned(), seconds);
            let answered = seconds(added.answered);
            let _ = writeln!(
                text,
                "| {} | {answered} | {folded} | {:.2} s |",
                added.server, added.processor
            );
        }
        if let Some(all) = &self.everybody {
            let _ = write!(
                text,
                "\nAll {} users in one group of ours, by {} PATCHes one after the other: each \
                 answered after {}, all of them after {:.1} s, carried out after {:.1} s.\n",
                all.members,
                all.requests,
                seconds(all.answered),
                all.all_answered,
                all.folded
            );
        }
        text
    }

    fn costs(&self) -> String {
        let mut text = "| what ours asks of the table | reading requests | transactions | \
                        read units | write units |\n|---|---|---|---|---|\n"
            .to_owned();
        for cost in &self.costs {
            let Cost { operation, reads, writes, read_units, write_units } = cost;
            let _ = writeln!(
                text,
                "| {operation} | {} | {} | {} | {} |",
                short(*reads),
                short(*writes),
                short(*read_units),
                short(*write_units)
            );
        }
        text
    }
}

impl Cycle {
    fn json(&self) -> Value {
        json!({
            "server": self.server,
            "users": self.users,
            "requests": self.requests,
            "seconds": self.duration.as_secs_f64(),
            "processor_seconds": self.processor.as_secs_f64(),
            "most_resident_mib": self.resident,
        })
    }
}

impl Rate {
    fn json(&self, users: usize) -> Value {
        let found = self.by_connections.iter().map(|(connections, found)| {
            json!({ "connections": connections, "per_second": spread(*found) })
        });
        json!({
            "operation": self.operation.name(users),
            "server": self.server,
            "rates": found.collect::<Value>(),
            "processor_ms": self.processor_ms,
        })
    }
}

impl Added {
    fn json(&self) -> Value {
        json!({
            "server": self.server,
            "members": self.members,
            "answered_s": spread(self.answered),
            "carried_out_s": self.folded.map(spread),
            "processor_s": self.processor,
        })
    }
}

impl Everybody {
    fn json(&self) -> Value {
        json!({
            "members": self.members,
            "requests": self.requests,
            "answered_s": spread(self.answered),
            "all_answered_s": self.all_answered,
            "carried_out_s": self.folded,
        })
    }
}

impl Cost {
    fn json(&self) -> Value {
        json!({
            "operation": self.operation,
            "reads": self.reads,
            "transactions": self.writes,
            "read_units": self.read_units,
            "write_units": self.write_units,
        })
    }
}

fn spread(Spread { median, least, most }: Spread) -> Value {
    json!({ "median": median, "least": least, "most": most })
}

/// Of several processes the largest.
fn mebibytes(resident: &[f64]) -> String {
    let most = resident.iter().copied().fold(0.0, f64::max);
    match resident.len() {
        0 | 1 => format!("{most:.0} MiB"),
        many => format!("{most:.0} MiB, the largest of {many} processes"),
    }
}

/// Three digits where there are fewer before the point.
fn short(number: f64) -> String {
    if number.fract() == 0.0 || number >= 100.0 {
        format!("{number:.0}")
    } else if number >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}
