//! What a sign-in, provisioning and reading a tenant cost, measured on this machine: the tables of
//! `docs/PERFORMANCE.md`.
//!
//! ```text
//! cargo run --release -p bench              a sign-in: the tables, in Markdown
//! cargo run --release -p bench -- scim      provisioning: the same
//! cargo run --release -p bench -- import    reading a tenant: the same
//! cargo run --release -p bench -- offboarding    offboarding: the same
//! cargo run --release -p bench -- --json    each as one JSON document
//! cargo run -p bench -- month               what a month costs, from what is counted and a list of prices
//! ```
//!
//! | file | what is measured |
//! |---|---|
//! | [`cpu`] | processor time and memory of the login function, per silent and per full sign-in |
//! | [`parts`] | where that time goes |
//! | [`throughput`] | sign-ins per second through the local stack, beside samlp and samlify |
//! | [`start`] | from the start of a process to its first poll and to its first answer |
//! | [`size`] | what is uploaded |
//! | [`scim`] | provisioning, beside scimmy-routers and scim2-server |
//! | [`import`] | reading a tenant: what it asks for, users per second, memory |
//! | [`offboarding`] | dispatching 10,000 organizations, a round, and how long a leaver is not refused |
//! | [`month`] | requests and units of each thing, and what AWS asks for a month of them |
//!
//! It builds the functions as they are deployed, starts [`local::Stack`] with them, and signs a
//! demo user in with the browser and the authenticator of `tests/scenarios`. Never part of the
//! tests: a figure that depends on the machine cannot fail a build.

mod account;
mod answer;
mod arguments;
mod cpu;
mod import;
mod machine;
mod month;
mod offboarding;
mod parts;
mod peers;
mod process;
mod report;
mod scim;
mod size;
mod start;
mod stopwatch;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;

use local::build::{self, Build, Profile, Progress};

use account::Account;
use arguments::{Arguments, HELP, Output, Scope, Subject};
use report::{Figures, Report};

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
    let figures: Result<Box<dyn Figures>, Failure> = match arguments.subject {
        Subject::SignIn => run(&arguments).await.map(|report| Box::new(report) as _),
        Subject::Provisioning => scim::run(&arguments).await.map(|report| Box::new(report) as _),
        Subject::Import => import::run(&arguments).await.map(|report| Box::new(report) as _),
        Subject::Offboarding => {
            offboarding::run(&arguments).await.map(|report| Box::new(report) as _)
        }
        Subject::Month => month::run().await.map(|report| Box::new(report) as _),
    };
    match figures {
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
    let (template, folder) = built(arguments)?;
    let before = machine::load();
    let sizes = size::measure(&folder, &["login", "operator", "directory"])?;
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

/// The template, and the folder with the functions that are measured.
fn built(arguments: &Arguments) -> Result<(PathBuf, PathBuf), Failure> {
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
    Ok((template, folder))
}

/// Progress goes to standard error: the figures alone are on standard output.
fn tell(what: &str) {
    eprintln!("bench: {what}");
}
