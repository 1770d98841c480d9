//! The figures, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::arguments::Counts;
use crate::cpu::Cpu;
use crate::machine::Machine;
use crate::parts::Part;
use crate::size::Size;
use crate::start::Starts;
use crate::stopwatch::Spread;
use crate::throughput::Rate;

/// What was measured, to be shown.
pub(crate) trait Figures {
    /// Tables for `docs/PERFORMANCE.md`.
    fn markdown(&self) -> String;
    /// The same figures by name; units are in the names.
    fn json(&self) -> Value;
}

/// Everything that was measured about a sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) counts: Counts,
    pub(crate) sizes: Vec<Size>,
    pub(crate) starts: Starts,
    pub(crate) cpu: Cpu,
    pub(crate) parts: Vec<Part>,
    pub(crate) rates: Vec<Rate>,
}

impl Figures for Report {
    fn markdown(&self) -> String {
        let parts = [self.machine.line(), self.function(), self.where_it_goes(), self.rates()];
        parts.join("\n")
    }

    fn json(&self) -> Value {
        let Self { machine, starts, cpu, .. } = self;
        let spread = |Spread { median, least, most }: Spread| json!({ "median": median, "least": least, "most": most });
        let sizes = self.sizes.iter().map(|size| {
            json!({ "function": size.function, "plain_mb": size.plain, "zipped_mb": size.zipped })
        });
        let parts =
            self.parts.iter().map(|part| json!({ "part": part.what, "micros": part.micros }));
        let rates = self.rates.iter().map(|rate| {
            let found = rate.by_connections.iter().map(|(connections, found)| {
                json!({ "connections": connections, "per_second": spread(*found) })
            });
            json!({ "server": rate.server, "rates": found.collect::<Vec<_>>() })
        });
        json!({
            "machine": machine.json(),
            "first_poll_ms": spread(starts.first_poll),
            "first_answer_ms": spread(starts.first_answer),
            "resident_at_first_poll_mib": spread(starts.resident),
            "silent_sign_in_cpu_ms": cpu.silent_ms,
            "full_sign_in_cpu_ms": cpu.full_ms,
            "resident_later_mib": cpu.resident_later,
            "resident_later_after_sign_ins": cpu.sign_ins,
            "silent_sign_in_parts": parts.collect::<Vec<_>>(),
            "sign_ins_per_second": rates.collect::<Vec<_>>(),
            "sizes": sizes.collect::<Vec<_>>(),
        })
    }
}

impl Report {
    fn function(&self) -> String {
        let Self { starts, cpu, counts, .. } = self;
        let mut rows = vec![
            (
                "process start → first poll".to_owned(),
                spread(starts.first_poll, "ms"),
                String::new(),
            ),
            (
                "process start → first answer (a silent sign-in)".to_owned(),
                spread(starts.first_answer, "ms"),
                "≤ 60 ms".to_owned(),
            ),
            (
                format!("processor time of a silent sign-in ({})", counts.silent),
                format!("{:.2} ms", cpu.silent_ms),
                "≤ 1 ms".to_owned(),
            ),
            (
                format!("processor time of a sign-in with a passkey ({})", counts.full),
                format!("{:.2} ms", cpu.full_ms),
                String::new(),
            ),
            (
                "resident at the first poll".to_owned(),
                spread(starts.resident, "MiB"),
                String::new(),
            ),
            (
                format!("resident after {} sign-ins", cpu.sign_ins),
                format!("{:.1} MiB", cpu.resident_later),
                "≤ 32 MiB".to_owned(),
            ),
        ];
        for Size { function, plain, zipped } in &self.sizes {
            let size = format!("{zipped:.2} MB ({plain:.2} MB)");
            rows.push((format!("`{function}` zipped (plain)"), size, "≤ 4 MB".to_owned()));
        }
        let mut text = "| login function | measured | aim |\n|---|---|---|\n".to_owned();
        for (what, found, aim) in rows {
            let _ = writeln!(text, "| {what} | {found} | {aim} |");
        }
        text
    }

    fn where_it_goes(&self) -> String {
        let mut text = "| part of a silent sign-in | µs |\n|---|---|\n".to_owned();
        let known: f64 = self.parts.iter().map(|part| part.micros).sum();
        for part in &self.parts {
            let _ = writeln!(text, "| {} | {:.0} |", part.what, part.micros);
        }
        let rest = self.cpu.silent_ms * 1e3 - known;
        let _ = writeln!(text, "| the rest: Lambda's runtime API, routing, log | {rest:.0} |");
        text
    }

    fn rates(&self) -> String {
        if self.rates.is_empty() {
            return String::new();
        }
        let mut text = "| sign-ins per second |".to_owned();
        let connections = self.rates.first().map(|rate| rate.by_connections.as_slice());
        let connections = connections.unwrap_or_default();
        for (count, _) in connections {
            let noun = if *count == 1 { "connection" } else { "connections" };
            let _ = write!(text, " {count} {noun} |");
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(connections.len()));
        for rate in &self.rates {
            let _ = write!(text, "| {} |", rate.server);
            for (_, found) in &rate.by_connections {
                let Spread { median, least, most } = found;
                let _ = write!(text, " {median:.0} ({least:.0}–{most:.0}) |");
            }
            text.push('\n');
        }
        text
    }
}

fn spread(Spread { median, least, most }: Spread, unit: &str) -> String {
    format!("{median:.1} {unit} ({least:.1}–{most:.1})")
}
