//! What a sign-in costs, measured on this machine: the table of `docs/PERFORMANCE.md`.
//!
//! ```text
//! cargo run --release -p bench              the table, in Markdown
//! cargo run --release -p bench -- --json    the same as one JSON document
//! ```
//!
//! | file | what is measured |
//! |---|---|
//! | [`cpu`] | processor time and memory of the login function, per silent and per full sign-in |
//! | [`parts`] | where that time goes |
//! | [`throughput`] | sign-ins per second through the local stack, beside samlp and samlify |
//! | [`start`] | from the start of a process to its first poll and to its first answer |
//! | [`size`] | what is uploaded |
//!
//! It builds the functions as they are deployed, starts [`local::Stack`] with them, and signs a
//! demo user in with the browser and the authenticator of `tests/scenarios`. Never part of the
//! tests: a figure that depends on the machine cannot fail a build.

mod account;
mod answer;
mod arguments;
mod cpu;
mod machine;
mod parts;
mod peers;
mod process;
mod report;
mod size;
mod start;
mod stopwatch;
mod throughput;

use std::process::ExitCode;

use local::build::{self, Build, Profile, Progress};

use account::Account;
use arguments::{Arguments, HELP, Output, Scope};
use report::Report;

/// What goes wrong ends the run, in words for whoever started it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if arguments.output == Output::Help {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments).await {
        Ok(report) if arguments.output == Output::Json => println!("{:#}", report.json()),
        Ok(report) => println!("{}", report.markdown()),
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let counts = arguments.counts;
    let template = build::find_template()?;
    let folder = match &arguments.functions {
        Some(folder) => folder.clone(),
        None => {
            tell("building the functions for release");
            let cargo = "cargo".to_owned();
            let how = Build { cargo, profile: Profile::Release, progress: Progress::Shown };
            build::functions(&template, &how)?
        }
    };
    let before = machine::load();
    let sizes = size::measure(&folder)?;
    tell("starting the local stack");
    let mut account = Account::start(&template, &folder).await?;
    tell("starting single processes");
    let starts = start::measure(&account, &folder, counts.starts).await?;
    tell("signing in: processor time and memory");
    let cpu = cpu::measure(&mut account, &counts).await?;
    tell("signing in: where the time goes");
    let parts = parts::measure(&account, counts.parts)?;
    let rates = match arguments.scope {
        Scope::Function => Vec::new(),
        Scope::All => {
            tell("signing in: how many a second");
            throughput::measure(&account, &template, &counts).await?
        }
    };
    account.stop().await;
    let load = (before, machine::load());
    Ok(Report { machine: machine::describe(load), counts, sizes, starts, cpu, parts, rates })
}

/// Progress goes to standard error: the figures alone are on standard output.
fn tell(what: &str) {
    eprintln!("bench: {what}");
}
