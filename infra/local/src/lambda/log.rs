//! What all functions write, as one stream that a person can read.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use ambient::{Clock as _, SystemClock};
use jiff::Timestamp;

/// Lines kept for [`Log::lines`].
const KEPT: usize = 20_000;

/// One line that a function wrote to its standard output or error.
///
/// Displayed as a person reads it: when, by the same time zone as every instant in it, whose, and what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Logical id of the function.
    pub function: String,
    /// The text without its line end.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, function, text } = self;
        let name = function.strip_suffix("Function").unwrap_or(function);
        write!(f, "{} {name:>13} | {text}", at.strftime("%H:%M:%SZ"))
    }
}

/// Whether lines are also shown on standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Show {
    /// Each line at once, behind the time and the function's name.
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
        let (at, function, text) = (SystemClock.now(), function.to_owned(), text.to_owned());
        let line = Line { at, function, text };
        if self.show == Show::OnStandardError {
            // Whoever closed standard error does not want to read it.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
        let mut lines = self.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_whose_and_what() {
        let at = "2026-11-22T09:05:07.9Z".parse().unwrap();

        let lines = ["DirectoryFunction", "NotificationsFunction"].map(|function| {
            let text = "a round is over".to_owned();
            Line { at, function: function.to_owned(), text }.to_string()
        });

        assert_eq!(
            lines,
            [
                "09:05:07Z     Directory | a round is over",
                "09:05:07Z Notifications | a round is over",
            ]
        );
    }
}
