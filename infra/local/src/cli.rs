//! The command line: arguments in, an exit code out, one clear line for every failure.

mod arguments;
mod banner;
mod call;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::build::{self, Build, BuildError, Profile, Progress};
use crate::database::DatabaseError;
use crate::lambda::Show;
use crate::seed::SeedError;
use crate::services::ServicesError;
use crate::stack::{Cycles, Data, Options, Stack, StartError};
pub use arguments::Wrong;
use arguments::{Command, Functions, Run};
pub use call::CallError;

/// What was in the environment when the program started.
pub type Environment = BTreeMap<String, String>;

/// Entra's forty minutes between cycles of provisioning, as seconds.
const CYCLE: Duration = Duration::from_secs(40);

/// Variables that functions inherit: nothing secret, nothing of AWS.
const INHERITED: &[&str] = &["PATH", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// Why the program ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The command line makes no sense.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// The functions were not built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The stack did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A function could not be invoked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Something that should always work did not.
    #[error("the operating system refused")]
    System(#[from] std::io::Error),
}

impl Failed {
    /// The codes that `--help` lists.
    fn code(&self) -> u8 {
        match self {
            Self::Wrong(_) => 2,
            Self::Start(error) => start_code(error),
            Self::Build(BuildError::NoCargo) => 5,
            Self::Build(BuildError::Failed | BuildError::Nothing(_)) => 6,
            Self::Build(BuildError::NoTemplate) => 7,
            Self::Build(BuildError::System(_)) => 1,
            Self::Call(CallError::Failed(_)) => 8,
            Self::Call(_) | Self::System(_) => 1,
        }
    }
}

fn start_code(error: &StartError) -> u8 {
    match error {
        StartError::PortTaken(_) => 3,
        StartError::Data(_)
        | StartError::Database(DatabaseError::Damaged { .. } | DatabaseError::OtherTemplate(_))
        | StartError::Services(ServicesError::Disk(_) | ServicesError::Busy(_))
        | StartError::Entra(
            entra_sim::StartError::Damaged(_) | entra_sim::StartError::Folder(..),
        )
        | StartError::Seed(
            SeedError::OtherAddress(_) | SeedError::Damaged(..) | SeedError::File(..),
        ) => 4,
        StartError::Template { .. }
        | StartError::Database(DatabaseError::Create { .. })
        | StartError::Services(
            ServicesError::Pattern { .. }
            | ServicesError::Expression { .. }
            | ServicesError::Template { .. },
        ) => 7,
        StartError::Listen(_)
        | StartError::Database(DatabaseError::Listen(_))
        | StartError::Services(ServicesError::Listen { .. } | ServicesError::KeyGeneration)
        | StartError::Entra(_)
        | StartError::Seed(_)
        | StartError::Runtime(_) => 1,
    }
}

/// Runs the program.
pub fn run(arguments: Vec<String>, environment: Environment) -> ExitCode {
    match execute(arguments, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "local: {}", one_line(&error));
            ExitCode::from(error.code())
        }
    }
}

/// The error and its causes on one line.
fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // `#[error(transparent)]` repeats its source.
        if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn execute(arguments: Vec<String>, environment: &Environment) -> Result<(), Failed> {
    match arguments::read(arguments)? {
        Command::Help => {
            std::io::stdout().write_all(arguments::HELP.as_bytes())?;
            Ok(())
        }
        Command::Invoke(invocation) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let answer = runtime.block_on(call::call(&invocation))?;
            writeln!(std::io::stdout(), "{answer}")?;
            Ok(())
        }
        Command::Run(run) => start(&run, environment),
    }
}

fn start(run: &Run, environment: &Environment) -> Result<(), Failed> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // A refused condition is an everyday answer of the database, no warning.
        .with_env_filter(if run.quiet { "error" } else { "warn,dynoxide=error" })
        .without_time()
        .with_target(false)
        .init();
    let template = run.template.clone().map_or_else(build::find_template, Ok)?;
    let functions = functions(run, &template, environment)?;
    let folder = template.parent().map(|folder| folder.join(".local")).unwrap_or_default();
    let folder = run.data.clone().unwrap_or(folder);
    let options = Options {
        port: run.port,
        data: if run.fresh { Data::Fresh(folder) } else { Data::Keep(folder) },
        concurrency: run.concurrency,
        show: if run.quiet { Show::Nowhere } else { Show::OnStandardError },
        variables: inherited(environment),
        parameters: run.parameters.clone(),
        seed: run.seed,
        cycles: Cycles::Every(CYCLE),
        ..Options::new(template, functions)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(run, options))
}

/// The folder with the functions' executables.
fn functions(run: &Run, template: &Path, environment: &Environment) -> Result<PathBuf, BuildError> {
    let profile = match &run.functions {
        Functions::In(folder) => return Ok(folder.clone()),
        Functions::Beside => {
            let program = std::env::current_exe()?;
            return Ok(program.parent().map(Path::to_owned).unwrap_or_default());
        }
        Functions::Built => Profile::Dev,
        Functions::BuiltForRelease => Profile::Release,
    };
    let how = Build {
        cargo: environment.get("CARGO").map_or("cargo", String::as_str).to_owned(),
        profile,
        progress: if run.quiet { Progress::Hidden } else { Progress::Shown },
    };
    build::functions(template, &how)
}

fn inherited(environment: &Environment) -> BTreeMap<String, String> {
    let wanted = INHERITED.iter().filter_map(|name| environment.get_key_value(*name));
    wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
}

async fn serve(run: &Run, options: Options) -> Result<(), Failed> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stack = tokio::select! {
        started = Stack::start(options) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let text = if run.json {
        format!("{}\n", serde_json::json!(stack.ready()))
    } else {
        banner::banner(stack.ready())
    };
    let mut stdout = std::io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stack.stop().await;
    Ok(())
}
