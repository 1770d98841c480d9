//! Prism as a proxy: every request and every answer that passes is held to a contract.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::functions::root;

/// A running proxy; it ends when dropped.
#[derive(Debug)]
pub struct Prism {
    child: Child,
    reader: Option<JoinHandle<()>>,
    said: Arc<Mutex<Vec<String>>>,
    /// Where it listens; the contract's paths begin here.
    pub url: String,
}

impl Prism {
    /// Stands before `upstream` and holds both sides to a file of `contracts/`.
    pub fn before(upstream: &str, contract: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = root().join("tests/judges/node_modules/.bin/prism");
        let hint = "tests/setup/install.sh fills it";
        assert!(program.is_file(), "this test needs tests/judges/node_modules: {hint}");
        let mut child = Command::new(program)
            .arg("proxy")
            .arg(root().join("tests/judges/contracts").join(contract))
            .arg(upstream)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--errors"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.any(|line| line.unwrap().contains("Prism is listening"));
        assert!(ready, "Prism does not start");
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line));
        });
        Self { child, reader: Some(reader), said, url: format!("http://127.0.0.1:{port}") }
    }

    /// How many requests passed through it.
    pub fn received(&self) -> usize {
        self.lines("Request received").len()
    }

    /// Where a side did not keep to the contract.
    pub fn complaints(&self) -> Vec<String> {
        self.lines("Request terminated with error")
    }

    fn lines(&self, with: &str) -> Vec<String> {
        let said = self.said.lock().unwrap();
        said.iter().filter(|line| line.contains(with)).cloned().collect()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
