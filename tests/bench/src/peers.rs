//! The npm packages beside which we are measured, each in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Failure;

/// The packages, which are also the names of their scripts.
pub(crate) const PEERS: [&str; 2] = ["samlp", "samlify"];

/// A running server.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Where it takes a request of the HTTP-Redirect binding.
    pub(crate) url: String,
    process: Child,
    _key: TempDir,
}

impl Peer {
    /// Starts the script of a package, after installing what it needs, with a new key in memory.
    pub(crate) fn start(template: &Path, name: &'static str) -> Result<Self, Failure> {
        let folder = template.with_file_name("tests").join("bench/peers");
        install(&folder, name)?;
        let key = tempfile::tempdir()?;
        let (private, certificate) = (key.path().join("key.pem"), key.path().join("cert.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"]);
        openssl.args(["-subj", "/CN=bench", "-days", "2", "-keyout"]).arg(&private);
        run(openssl.arg("-out").arg(&certificate))?;
        let mut node = Command::new("node");
        node.arg(folder.join(name).with_extension("js")).arg(private).arg(certificate);
        // Both packages warn on standard error about Node functions that they still use.
        let mut process = node.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut url = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut url)?;
        }
        let url = url.trim().to_owned();
        let peer = Self { name, url, process, _key: key };
        if peer.url.is_empty() { Err(format!("{name} did not start").into()) } else { Ok(peer) }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Installs the npm packages unless this one is there.
pub(crate) fn install(folder: &Path, name: &str) -> Result<(), Failure> {
    if folder.join("node_modules").join(name).is_dir() {
        return Ok(());
    }
    eprintln!("bench: npm installs the peers into tests/bench/peers/node_modules");
    run(Command::new("npm").arg("ci").arg("--silent").current_dir(folder))
}

/// Runs a program that must succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program} is needed: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} failed: {said}").into());
    }
    Ok(())
}
