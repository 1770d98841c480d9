//! What was typed.

use std::path::PathBuf;
use std::time::Duration;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Measures what a sign-in costs, and prints a table.

usage: cargo run --release -p bench [-- OPTIONS]

options:
  --json            one JSON document instead of the table
  --quick           small counts: to see that it works, not to quote
  --function-only   without sign-ins per second, for which node and npm are needed
  --functions DIR   measure the functions in DIR as they are, instead of building them";

/// How often each thing is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Processes started.
    pub(crate) starts: usize,
    /// Silent sign-ins whose processor time is measured.
    pub(crate) silent: usize,
    /// Sign-ins with a passkey whose processor time is measured.
    pub(crate) full: usize,
    /// Repetitions of each part of a sign-in.
    pub(crate) parts: usize,
    /// Rounds of sign-ins per second; their median counts.
    pub(crate) rounds: usize,
    /// How long each round of each server lasts.
    pub(crate) round: Duration,
}

impl Counts {
    const FULL: Self = Self {
        starts: 31,
        silent: 2_000,
        full: 500,
        parts: 1_000,
        rounds: 5,
        round: Duration::from_secs(5),
    };
    const QUICK: Self = Self {
        starts: 3,
        silent: 100,
        full: 20,
        parts: 50,
        rounds: 1,
        round: Duration::from_secs(1),
    };
}

/// How the figures are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Output {
    Help,
    Markdown,
    Json,
}

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    All,
    /// Not sign-ins per second, ours and theirs.
    Function,
}

/// What to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) output: Output,
    pub(crate) counts: Counts,
    pub(crate) scope: Scope,
    /// Where the functions are, unless they are to be built.
    pub(crate) functions: Option<PathBuf>,
}

impl Arguments {
    /// Reads what follows the program's name.
    pub(crate) fn read(mut typed: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self {
            output: Output::Markdown,
            counts: Counts::FULL,
            scope: Scope::All,
            functions: None,
        };
        while let Some(word) = typed.next() {
            match word.as_str() {
                "--help" | "-h" => arguments.output = Output::Help,
                "--json" => arguments.output = Output::Json,
                "--quick" => arguments.counts = Counts::QUICK,
                "--function-only" => arguments.scope = Scope::Function,
                "--functions" => {
                    let folder = typed.next().ok_or("--functions needs a folder")?;
                    arguments.functions = Some(folder.into());
                }
                other => return Err(format!("bench does not know {other}")),
            }
        }
        Ok(arguments)
    }
}
