//! Remembers which processes were started, for the next start after a `kill -9`.
//!
//! A function whose stack is gone ends by itself when it asks for its next event. One that never
//! asks again (an endless loop) is found in this list and killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Processes by id, with their start time so that a reused id is not mistaken for ours.
#[derive(Debug)]
pub struct Ledger {
    path: Option<PathBuf>,
    processes: Mutex<BTreeMap<u32, String>>,
}

impl Ledger {
    /// Opens the list at `path`, kills what is still running of it, and empties it.
    pub fn reaping(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_default();
        for line in text.lines() {
            let Some((pid, started)) = line.split_once(' ') else { continue };
            if let Ok(pid) = pid.parse::<u32>()
                && start_time(pid).as_deref() == Some(started)
            {
                let mut kill = Command::new("kill");
                kill.args(["-KILL", &pid.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
                if let Err(error) = kill.status() {
                    tracing::warn!(error = %error, pid, "an old function process was not killed");
                }
            }
        }
        let ledger = Self { path: Some(path), processes: Mutex::default() };
        ledger.save(&BTreeMap::new());
        ledger
    }

    /// A list that nobody reads again.
    pub fn forgetful() -> Self {
        Self { path: None, processes: Mutex::default() }
    }

    pub(super) fn add(&self, pid: u32) {
        self.change(|processes| {
            processes.insert(pid, start_time(pid).unwrap_or_default());
        });
    }

    pub(super) fn remove(&self, pid: u32) {
        self.change(|processes| {
            processes.remove(&pid);
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<u32, String>)) {
        let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut processes);
        self.save(&processes);
    }

    fn save(&self, processes: &BTreeMap<u32, String>) {
        let Some(path) = &self.path else { return };
        let text: String =
            processes.iter().map(|(pid, started)| format!("{pid} {started}\n")).collect();
        if let Err(error) = fs::write(path, text) {
            tracing::warn!(error = %error, "the list of processes was not written");
        }
    }
}

/// Field 22 of `/proc/PID/stat`; other systems have none, and nothing is killed there.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field may hold spaces and brackets: count after its last bracket.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_process_of_the_list_is_killed_at_the_next_start_and_a_reused_id_is_not() {
        let folder = std::env::temp_dir().join(format!("ledger-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut ours = Command::new("sleep").arg("600").spawn().unwrap();
        let mut other = Command::new("sleep").arg("600").spawn().unwrap();
        let started = start_time(ours.id()).unwrap();
        let list = format!("{} {started}\n{} 1\n4000000000 1\nrubbish\n", ours.id(), other.id());
        fs::write(folder.join("processes"), list).unwrap();

        Ledger::reaping(folder.join("processes"));

        assert_eq!(ours.wait().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        assert_eq!(fs::read_to_string(folder.join("processes")).unwrap(), "");
        other.kill().unwrap();
        other.wait().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
