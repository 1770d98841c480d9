//! What Linux says about a process. `proc(5)`.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// `USER_HZ`: the unit of times in `/proc/PID/stat`, 100 on every architecture that Lambda has.
const TICK: Duration = Duration::from_millis(10);

/// `utime` + `stime` of processes, all of their threads together.
pub(crate) fn processor_time(pids: &[u32]) -> Result<Duration, Failure> {
    let mut ticks = 0;
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in brackets, may hold anything; `state` is the first field after it.
        let (_, fields) = stat.rsplit_once(") ").ok_or("stat has no name")?;
        let times = fields.split_whitespace().skip(11).take(2);
        ticks += times.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    }
    Ok(TICK * ticks)
}

/// `VmRSS`: resident memory in MiB, with the pages of the executable that were touched.
pub(crate) fn resident(pid: u32) -> Result<f64, Failure> {
    mebibytes(pid, "VmRSS:")
}

/// `VmHWM`: the most that was ever resident, in MiB.
pub(crate) fn most_resident(pid: u32) -> Result<f64, Failure> {
    mebibytes(pid, "VmHWM:")
}

fn mebibytes(pid: u32, field: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = number.ok_or_else(|| format!("no {field}"))?.parse()?;
    Ok(kibibytes / 1024.0)
}
