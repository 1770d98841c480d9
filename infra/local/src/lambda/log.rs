//! What all functions write, as one stream that a person can read.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// Lines kept for [`Log::lines`].
const KEPT: usize = 20_000;

/// One line that a function wrote to its standard output or error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Logical id of the function.
    pub function: String,
    /// The text without its line end.
    pub text: String,
}

/// Whether lines are also shown on standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Show {
    /// Each line at once, behind the function's name.
    OnStandardError,
    /// Kept only.
    Nowhere,
}

/// The lines of all functions, the newest kept in memory.
#[derive(Debug)]
pub struct Log {
    show: Show,
    lines: Mutex<VecDeque<Line>>,
}

impl Log {
    /// Makes an empty log.
    pub fn new(show: Show) -> Self {
        Self { show, lines: Mutex::new(VecDeque::new()) }
    }

    /// The newest lines, oldest first.
    pub fn lines(&self) -> Vec<Line> {
        self.lock().iter().cloned().collect()
    }

    /// Adds a line of `function`, the logical id.
    pub(crate) fn write(&self, function: &str, text: &str) {
        if self.show == Show::OnStandardError {
            let name = function.strip_suffix("Function").unwrap_or(function);
            // Whoever closed standard error does not want to read it.
            let _ = writeln!(std::io::stderr().lock(), "{name:>9} | {text}");
        }
        let mut lines = self.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(Line { function: function.to_owned(), text: text.to_owned() });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
