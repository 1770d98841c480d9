//! Where the figures are from.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// What one needs to know to compare figures.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) system: String,
    pub(crate) rust: String,
    pub(crate) node: String,
    /// Load averages of the last minute, before and after.
    pub(crate) load: (String, String),
}

impl Machine {
    /// A paragraph.
    pub(crate) fn line(&self) -> String {
        let Self { processor, cores, memory, system, rust, node, load } = self;
        format!(
            "{processor}, {cores} cores, {memory}; {system}; {rust}; Node {node}. \
             Load average {} before, {} after.\n",
            load.0, load.1
        )
    }

    /// The same by name.
    pub(crate) fn json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "memory": self.memory,
            "system": self.system,
            "rust": self.rust,
            "node": self.node,
            "load_before": self.load.0,
            "load_after": self.load.1,
        })
    }
}

/// Names this machine; what cannot be found out is `unknown`.
pub(crate) fn describe(load: (String, String)) -> Machine {
    let kibibytes: Option<u64> = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse().ok());
    Machine {
        processor: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory: kibibytes.map_or_else(unknown, |kib| format!("{} GiB", kib / 1024 / 1024)),
        system: said("uname", &["-srm"]),
        rust: said("rustc", &["--version"]),
        node: said("node", &["--version"]),
        load,
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().map_or_else(unknown, str::to_owned)
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    Some(value?.1.trim().to_owned())
}

/// The first line or two that a program says of itself.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).unwrap_or_else(unknown)
}

fn unknown() -> String {
    "unknown".to_owned()
}
