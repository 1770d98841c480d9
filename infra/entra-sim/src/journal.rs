//! What the simulator sent and how it judged what came back, for tests to read.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// How many entries are kept.
const MOST: usize = 1_000;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Counts from one over the life of the process.
    pub(crate) number: u64,
    /// The simulator's time.
    pub(crate) at: Timestamp,
    /// `request_sent`, `answer_judged`, `logout_sent` or `logout_judged`.
    pub(crate) kind: &'static str,
    /// The details of this kind.
    #[serde(flatten)]
    pub(crate) details: Value,
}

/// The latest entries.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    written: u64,
}

impl Journal {
    /// Writes an entry and forgets the oldest if there are too many.
    pub(crate) fn write(&mut self, at: Timestamp, kind: &'static str, details: Value) {
        self.written += 1;
        self.entries.push_back(Entry { number: self.written, at, kind, details });
        if self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    /// The entries, oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }
}
