//! Processor time and memory of the function that signs in.

use crate::Failure;
use crate::account::Account;
use crate::arguments::Counts;
use crate::process::{processor_time, resident};

/// After how many sign-ins memory is looked at.
const MANY: usize = 1_000;
/// Sign-ins before anything counts.
const WARM_UP: usize = 100;

/// Milliseconds and MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    pub(crate) silent_ms: f64,
    pub(crate) full_ms: f64,
    pub(crate) resident_later: f64,
    /// How many sign-ins that one process had answered by then.
    pub(crate) sign_ins: usize,
}

/// Signs one person in, one request after the other, and divides.
///
/// The RSA signature is the key service's, another process: these times do not hold it.
pub(crate) async fn measure(account: &mut Account, counts: &Counts) -> Result<Cpu, Failure> {
    let sso = account.sso_path();
    let mut person = account.people.pop().ok_or("nobody enrolled")?;
    for _ in 0..WARM_UP {
        person.sign_in_silently(&sso).await?;
    }
    let began = processor_time(&account.processes())?;
    for _ in 0..counts.silent {
        person.sign_in_silently(&sso).await?;
    }
    let silent = processor_time(&account.processes())? - began;

    let began = processor_time(&account.processes())?;
    for _ in 0..counts.full {
        person.sign_in(&sso).await?;
    }
    let full = processor_time(&account.processes())? - began;

    let done = WARM_UP + counts.silent + counts.full;
    for _ in done..MANY {
        person.sign_in_silently(&sso).await?;
    }
    let pids = account.processes();
    let [pid] = pids.as_slice() else {
        return Err(format!("one request at a time needed {} processes", pids.len()).into());
    };
    account.people.push(person);
    let each = |time: std::time::Duration, count: usize| time.as_secs_f64() * 1e3 / count as f64;
    Ok(Cpu {
        silent_ms: each(silent, counts.silent),
        full_ms: each(full, counts.full),
        resident_later: resident(*pid)?,
        sign_ins: done.max(MANY),
    })
}
