//! What was typed.

use std::path::PathBuf;
use std::time::Duration;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Measures what a sign-in costs, with `scim` what provisioning costs, with `import` what reading a
tenant costs, or with `offboarding` what offboarding costs and how long it takes, and prints tables.
With `month` it counts what each thing uses, and computes what a month costs.

usage: cargo run --release -p bench [-- [scim | import | offboarding] [OPTIONS]]
       cargo run -p bench -- month [--json]

options:
  --json            one JSON document instead of the tables
  --quick           small counts: to see that it works, not to quote
  --function-only   ours alone: neither node, npm nor Python is needed
  --functions DIR   measure the functions in DIR as they are, instead of building them
  --users N         so many users, in hundreds, instead of 50,000 (with `scim`, `import` or `offboarding`)";

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
    /// Turns of requests per second of provisioning; their median counts.
    pub(crate) turns: usize,
    /// How long each turn of each server lasts.
    pub(crate) turn: Duration,
    /// Users that are provisioned, or read.
    pub(crate) users: usize,
    /// Members that one request adds to a group.
    pub(crate) members: usize,
    /// Organizations that are dispatched.
    pub(crate) organizations: usize,
    /// How often somebody leaves, warm and cold.
    pub(crate) leavers: usize,
}

impl Counts {
    const FULL: Self = Self {
        starts: 31,
        silent: 2_000,
        full: 500,
        parts: 1_000,
        rounds: 5,
        round: Duration::from_secs(5),
        turns: 3,
        turn: Duration::from_secs(2),
        users: 50_000,
        members: 10_000,
        organizations: 10_000,
        leavers: 100,
    };
    const QUICK: Self = Self {
        starts: 3,
        silent: 100,
        full: 20,
        parts: 50,
        rounds: 1,
        round: Duration::from_secs(1),
        turns: 1,
        turn: Duration::from_secs(1),
        users: 2_000,
        members: 1_000,
        organizations: 500,
        leavers: 5,
    };
}

/// How the figures are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Output {
    Help,
    Markdown,
    Json,
}

/// Which servers are measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    All,
    /// Ours alone.
    Function,
}

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subject {
    SignIn,
    Provisioning,
    Import,
    Offboarding,
    Month,
}

/// What to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) subject: Subject,
    pub(crate) output: Output,
    pub(crate) counts: Counts,
    pub(crate) scope: Scope,
    /// Where the functions are, unless they are to be built.
    pub(crate) functions: Option<PathBuf>,
}

impl Arguments {
    /// Reads what follows the program's name.
    pub(crate) fn read(mut typed: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut users = None;
        let mut arguments = Self {
            subject: Subject::SignIn,
            output: Output::Markdown,
            counts: Counts::FULL,
            scope: Scope::All,
            functions: None,
        };
        while let Some(word) = typed.next() {
            match word.as_str() {
                "scim" => arguments.subject = Subject::Provisioning,
                "import" => arguments.subject = Subject::Import,
                "offboarding" => arguments.subject = Subject::Offboarding,
                "month" => arguments.subject = Subject::Month,
                "--help" | "-h" => arguments.output = Output::Help,
                "--json" => arguments.output = Output::Json,
                "--quick" => arguments.counts = Counts::QUICK,
                "--function-only" => arguments.scope = Scope::Function,
                "--functions" => {
                    let folder = typed.next().ok_or("--functions needs a folder")?;
                    arguments.functions = Some(folder.into());
                }
                "--users" => {
                    let count = typed.next().and_then(|count| count.parse().ok());
                    let hundreds = |count: &usize| *count > 0 && count.is_multiple_of(100);
                    users = Some(count.filter(hundreds).ok_or("--users needs whole hundreds")?);
                }
                other => return Err(format!("bench does not know {other}")),
            }
        }
        let counts = &mut arguments.counts;
        counts.users = users.unwrap_or(counts.users);
        counts.members = counts.members.min(counts.users);
        Ok(arguments)
    }
}
