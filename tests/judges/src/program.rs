//! A judge's process: one JSON object a line in, one a line out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::functions::root;

/// A running judge; it ends when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// A judge in Python, from `programs/`.
    pub fn python(script: &str) -> Self {
        Self::spawn(Command::new(judge_file("bin/python")), script)
    }

    /// A judge in JavaScript, from `programs/`.
    pub fn node(script: &str) -> Self {
        let modules = root().join("tests/judges/node_modules");
        let hint = "tests/setup/install.sh fills it";
        assert!(modules.is_dir(), "{script} needs tests/judges/node_modules: {hint}");
        Self::spawn(Command::new("node"), script)
    }

    fn spawn(mut interpreter: Command, script: &str) -> Self {
        let path = root().join("tests/judges/programs").join(script);
        let command = interpreter.arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.env("PYTHONDONTWRITEBYTECODE", "1").spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{script} does not start: {error}"));
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { name: script.to_owned(), child, input, output }
    }

    /// Asks for one thing and waits for the answer. A program that fails in another way than a
    /// judge refuses is no judge: that stops the test.
    pub fn ask(&mut self, what: &str, mut arguments: Value) -> Value {
        arguments["do"] = json!(what);
        let name = &self.name;
        writeln!(self.input, "{arguments}").unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{name} ended; it says why above");
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("broken").is_none(), "{name} is broken: {}", answer["broken"]);
        answer
    }

    /// The same for something that must be answered.
    pub fn must(&mut self, what: &str, arguments: Value) -> Value {
        let answer = self.ask(what, arguments);
        assert!(answer.get("refused").is_none(), "{}: {}", self.name, answer["refused"]);
        answer
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of the Python environment that the judges have for themselves.
pub fn judge_file(name: &str) -> PathBuf {
    let path = root().join(".tools/judges").join(name);
    let hint = "tests/setup/install.sh installs it";
    assert!(path.is_file(), "this test needs .tools/judges/{name}: {hint}");
    path
}

/// Runs a command-line judge of a Debian package.
pub fn run(tool: &str, package: &str, arguments: &[&str]) -> Output {
    let output = Command::new(tool).args(arguments).output();
    output.unwrap_or_else(|error| panic!("this test needs {tool} (apt install {package}): {error}"))
}
