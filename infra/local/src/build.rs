//! Builds the functions with cargo, whose progress the person sees.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// How the functions are built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Build {
    /// The program to run, usually `cargo`; tests say `env!("CARGO")`.
    pub cargo: String,
    /// With optimisation or without.
    pub profile: Profile,
    /// Whether cargo tells how far it is.
    pub progress: Progress,
}

/// With optimisation or without.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Quickly built.
    Dev,
    /// As deployed.
    Release,
}

/// Whether cargo tells how far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// On standard error.
    Shown,
    /// Only what does not build.
    Hidden,
}

/// Why there are no functions to run.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No template here or above.
    #[error("there is no template.yaml here or in a folder above: name it with --template")]
    NoTemplate,
    /// Cargo is not installed.
    #[error("cargo is missing: install Rust from https://rustup.rs, or give --functions DIR")]
    NoCargo,
    /// Cargo said no.
    #[error("the functions do not build; cargo says why above")]
    Failed,
    /// No executables came out.
    #[error("the workspace of {} has no functions to build", .0.display())]
    Nothing(PathBuf),
    /// The system refused.
    #[error("cargo cannot be run")]
    System(#[from] io::Error),
}

/// `template.yaml` here or in the nearest folder above.
///
/// # Errors
/// [`BuildError::NoTemplate`].
pub fn find_template() -> Result<PathBuf, BuildError> {
    let here = std::env::current_dir()?;
    let mut paths = here.ancestors().map(|folder| folder.join("template.yaml"));
    paths.find(|path| path.is_file()).ok_or(BuildError::NoTemplate)
}

/// Builds each executable that the template names and tells the folder they are in.
///
/// # Errors
/// [`BuildError::NoCargo`], [`BuildError::Failed`], [`BuildError::Nothing`], and
/// [`BuildError::System`] for the rest.
pub fn functions(template: &Path, how: &Build) -> Result<PathBuf, BuildError> {
    let profile = match how.profile {
        Profile::Dev => "dev",
        Profile::Release => "release",
    };
    let mut command = Command::new(&how.cargo);
    command.args(["build", "--message-format", "json-render-diagnostics", "--profile", profile]);
    for name in binaries(template) {
        command.args(["--bin", &name]);
    }
    if how.progress == Progress::Hidden {
        command.arg("--quiet");
    }
    if let Some(folder) = template.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        command.current_dir(folder);
    }
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BuildError::NoCargo,
        _ => BuildError::System(error),
    })?;
    let mut built = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            built = executable(&line?).or(built);
        }
    }
    if !child.wait()?.success() {
        return Err(BuildError::Failed);
    }
    let folder = built.as_deref().and_then(Path::parent).map(Path::to_owned);
    folder.ok_or_else(|| BuildError::Nothing(template.to_owned()))
}

/// The template, and the folder of the functions that the workspace's own tests run, without
/// optimization.
///
/// Those in the folder that `PASSERELLE_FUNCTIONS` names: who runs all tests has built them with
/// everything else, and by themselves they would be built once more, with fewer features of what
/// they share. Else they are built now, by the `cargo` of `env!("CARGO")`.
///
/// # Errors
/// As [`functions`].
#[expect(clippy::disallowed_methods, reason = "for tests alone, which have no command line")]
pub fn tested(cargo: &str) -> Result<(PathBuf, PathBuf), BuildError> {
    let template = find_template()?;
    if let Some(folder) = std::env::var_os("PASSERELLE_FUNCTIONS") {
        return Ok((template, folder.into()));
    }
    let cargo = cargo.to_owned();
    let how = Build { cargo, profile: Profile::Dev, progress: Progress::Hidden };
    let folder = functions(&template, &how)?;
    Ok((template, folder))
}

/// `BuildProperties.Binary` of each function. Only names are needed, so this reads lines: the whole
/// template is resolved later, when the addresses that it asks for are known.
fn binaries(template: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(template).unwrap_or_default();
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("Binary:"));
    names.map(|name| name.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

/// The path in a `compiler-artifact` message, if it is of a program.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    Some(PathBuf::from(message.get("executable")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_s_functions_are_built() {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");

        let binaries: Vec<String> = binaries(&template).into_iter().collect();

        assert_eq!(
            binaries,
            ["directory", "login", "notifications", "oauth", "offboarding", "operator", "scim"]
        );
    }

    #[test]
    fn only_messages_of_programs_name_an_executable() {
        let program = r#"{"reason":"compiler-artifact","executable":"/t/debug/login"}"#;
        let library = r#"{"reason":"compiler-artifact","executable":null}"#;

        assert_eq!(executable(program), Some(PathBuf::from("/t/debug/login")));
        for other in [library, r#"{"reason":"build-finished"}"#, "rubbish"] {
            assert_eq!(executable(other), None, "{other}");
        }
    }
}
