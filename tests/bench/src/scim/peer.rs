//! The packages beside which we are measured, each in a process of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use local::Ready;
use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;
use crate::peers::{install, run};

/// What opens both of them.
const TOKEN: &str = "bench";

/// A running server.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) token: String,
    process: Child,
    _files: Option<TempDir>,
}

impl Peer {
    /// `scimmy-routers.js`.
    pub(crate) fn scimmy(template: &Path) -> Result<Self, Failure> {
        let folder = folder(template);
        let package = "scimmy-routers";
        install(&folder, package)?;
        let manifest: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("package.json"))?)?;
        let version = manifest.pointer("/dependencies/scimmy-routers").and_then(Value::as_str);
        let name = format!("{package} {} (npm)", version.unwrap_or("of unknown version"));
        let mut node = Command::new("node");
        node.arg(folder.join(package).with_extension("js")).arg(TOKEN);
        let (process, line) = started(&mut node)?;
        Self { name, base: line, token: TOKEN.to_owned(), process, _files: None }.checked()
    }

    /// scim2-server's own command, with the schemas and resource types that ours publishes.
    pub(crate) async fn scim2_server(template: &Path, ready: &Ready) -> Result<Self, Failure> {
        let requirements = folder(template).join("requirements.txt");
        let environment = environment(template, &requirements)?;
        let pinned = fs::read_to_string(&requirements)?;
        let version = pinned.lines().find_map(|line| line.strip_prefix("scim2-server=="));
        let name = format!("scim2-server {} (PyPI)", version.unwrap_or("of unknown version"));
        let files = tempfile::tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(environment.join("bin/scim2-server"));
        command.args(["--bearer-token", TOKEN, "--port", &port.to_string()]);
        for (option, path) in [("--schema", "/Schemas"), ("--resource-type", "/ResourceTypes")] {
            let client = reqwest::Client::builder().no_proxy().build()?;
            let request = client.get(format!("{}{path}", ready.scim_url));
            let document = request.bearer_auth(&ready.scim_key).send().await?.text().await?;
            let document: Value = serde_json::from_str(&document)?;
            let listed = document.get("Resources").ok_or("a discovery document without any")?;
            let file = files.path().join(path.trim_start_matches('/'));
            fs::write(&file, listed.to_string())?;
            command.arg(option).arg(file);
        }
        let (process, line) = started(&mut command)?;
        let base = line.rsplit(' ').next().unwrap_or_default().to_owned();
        Self { name, base, token: TOKEN.to_owned(), process, _files: Some(files) }.checked()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    fn checked(self) -> Result<Self, Failure> {
        if self.base.starts_with("http://") {
            Ok(self)
        } else {
            Err(format!("{} did not start", self.name).into())
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder(template: &Path) -> PathBuf {
    template.with_file_name("tests").join("bench/peers")
}

/// The process, and the first line that it writes: where it is.
fn started(command: &mut Command) -> Result<(Child, String), Failure> {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    if let Some(output) = process.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    Ok((process, line.trim().to_owned()))
}

/// The Python environment, made anew unless it was made of the same requirements.
fn environment(template: &Path, requirements: &Path) -> Result<PathBuf, Failure> {
    let folder = template.with_file_name(".tools").join("bench");
    let (stamp, wanted) = (folder.join(".requirements"), fs::read_to_string(requirements)?);
    if fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == wanted) {
        return Ok(folder);
    }
    eprintln!("bench: pip installs scim2-server into .tools/bench");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
    fs::write(&stamp, wanted)?;
    Ok(folder)
}
