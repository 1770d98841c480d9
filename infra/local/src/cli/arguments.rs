//! What was typed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::stack::Seed;

/// The text of `--help`.
pub(super) const HELP: &str = "\
Runs Passerelle on this machine: template.yaml, executed.

usage: cargo run -p local [-- OPTIONS]
       cargo run -p local -- invoke FUNCTION JSON [--port N]

options:
  --port N            our site, http://localhost:N (default 8080); the simulated Entra takes N+1
  --data DIR          where state is kept (default .local beside template.yaml)
  --fresh             delete that state first
  --concurrency N     most processes of one function at a time (default 4)
  --empty             without the demo organization
  --quiet             without cargo's progress and the functions' lines
  --json              when ready, one JSON line with all addresses on standard output
  --template FILE     the template (default: template.yaml here or in a folder above)
  --parameter K=V     a value for a parameter of the template
  --release           build the functions with optimisation
  --no-build          take the functions beside this program as they are
  --functions DIR     take the functions from DIR as they are

invoke runs a function of the running stack, as `aws lambda invoke` does:
  cargo run -p local -- invoke OperatorFunction '{\"action\":\"invite\",…}'

exit codes:
  0 ended by Ctrl-C or SIGTERM     5 cargo is missing
  1 anything else                  6 the functions do not build
  2 wrong command line             7 template.yaml cannot be executed
  3 a port is taken                8 the invoked function failed
  4 the data is damaged, in use, or of another address
";

/// What to do.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Command {
    Help,
    Run(Box<Run>),
    Invoke(Invocation),
}

/// How to run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) port: u16,
    pub(super) data: Option<PathBuf>,
    pub(super) fresh: bool,
    pub(super) concurrency: usize,
    pub(super) quiet: bool,
    pub(super) json: bool,
    pub(super) template: Option<PathBuf>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) functions: Functions,
    pub(super) seed: Seed,
}

/// Where the functions' executables come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Functions {
    /// `cargo build`.
    Built,
    /// `cargo build --release`.
    BuiltForRelease,
    /// The folder of this program.
    Beside,
    /// A folder.
    In(PathBuf),
}

/// What to invoke.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Invocation {
    pub(super) port: u16,
    pub(super) function: String,
    pub(super) payload: String,
}

/// A command line that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}; --help tells more")]
pub struct Wrong(String);

const PORT: u16 = 8080;

pub(super) fn read(arguments: Vec<String>) -> Result<Command, Wrong> {
    let mut words = arguments.into_iter().peekable();
    if words.next_if(|word| word == "invoke").is_some() {
        return invocation(words);
    }
    let mut run = Run {
        port: PORT,
        data: None,
        fresh: false,
        concurrency: 4,
        quiet: false,
        json: false,
        template: None,
        parameters: BTreeMap::new(),
        functions: Functions::Built,
        seed: Seed::Demo,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| Wrong(format!("{word} needs a value")));
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => run.port = port(&value()?)?,
            "--data" => run.data = Some(value()?.into()),
            "--fresh" => run.fresh = true,
            "--concurrency" => run.concurrency = concurrency(&value()?)?,
            "--quiet" => run.quiet = true,
            "--json" => run.json = true,
            "--template" => run.template = Some(value()?.into()),
            "--parameter" => {
                let value = value()?;
                let pair = value.split_once('=');
                let (name, value) =
                    pair.ok_or_else(|| Wrong("--parameter needs NAME=VALUE".to_owned()))?;
                run.parameters.insert(name.to_owned(), value.to_owned());
            }
            "--empty" => run.seed = Seed::Empty,
            "--release" => run.functions = Functions::BuiltForRelease,
            "--no-build" => run.functions = Functions::Beside,
            "--functions" => run.functions = Functions::In(value()?.into()),
            other => return Err(Wrong(format!("`{other}` is not known"))),
        }
    }
    Ok(Command::Run(Box::new(run)))
}

fn invocation(mut words: impl Iterator<Item = String>) -> Result<Command, Wrong> {
    let mut given = Vec::new();
    let mut at = PORT;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => {
                let value = words.next().ok_or_else(|| Wrong("--port needs a value".to_owned()))?;
                at = port(&value)?;
            }
            _ => given.push(word),
        }
    }
    let mut given = given.into_iter();
    match (given.next(), given.next(), given.next()) {
        (Some(function), payload, None) => Ok(Command::Invoke(Invocation {
            port: at,
            function,
            payload: payload.unwrap_or_else(|| "{}".to_owned()),
        })),
        _ => Err(Wrong("invoke needs a function and its JSON".to_owned())),
    }
}

fn port(text: &str) -> Result<u16, Wrong> {
    // The simulated Entra takes the port after it.
    match text.parse() {
        Ok(u16::MAX) | Err(_) => Err(Wrong(format!("`{text}` is no port"))),
        Ok(port) => Ok(port),
    }
}

fn concurrency(text: &str) -> Result<usize, Wrong> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err(Wrong(format!("`{text}` is no number from 1 to 1000"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn every_option_is_understood() {
        let line = "--port 9000 --data d --fresh --concurrency 2 --quiet --json --template t \
                    --parameter A=b=c --functions f --empty";

        let Command::Run(run) = read(words(line)).unwrap() else { panic!("not run") };

        let expected = Run {
            port: 9000,
            data: Some("d".into()),
            fresh: true,
            concurrency: 2,
            quiet: true,
            json: true,
            template: Some("t".into()),
            parameters: BTreeMap::from([("A".to_owned(), "b=c".to_owned())]),
            functions: Functions::In("f".into()),
            seed: Seed::Empty,
        };
        assert_eq!(*run, expected);
    }

    #[test]
    fn nonsense_is_refused_with_one_line() {
        let cases = [
            ("--prot 1", "`--prot` is not known; --help tells more"),
            ("--port", "--port needs a value; --help tells more"),
            ("--port 65535", "`65535` is no port; --help tells more"),
            ("--concurrency 0", "`0` is no number from 1 to 1000; --help tells more"),
            ("--parameter x", "--parameter needs NAME=VALUE; --help tells more"),
            ("invoke", "invoke needs a function and its JSON; --help tells more"),
            ("invoke a b c", "invoke needs a function and its JSON; --help tells more"),
        ];
        for (line, message) in cases {
            assert_eq!(read(words(line)).unwrap_err().to_string(), message, "{line}");
        }
    }

    #[test]
    fn an_invocation_has_a_function_and_json() {
        let expected =
            Invocation { port: 9, function: "F".to_owned(), payload: "{\"a\":1}".to_owned() };
        assert_eq!(read(words("invoke F {\"a\":1} --port 9")), Ok(Command::Invoke(expected)));
    }
}
