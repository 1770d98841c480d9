//! Time that passes, and processor time of one thread.

use std::time::{Duration, Instant};

use crate::Failure;

/// Runs since it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the monotonic clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The processor time that this thread has used. Linux: first field of `/proc/PID/schedstat`.
pub(crate) fn thread_time() -> Result<Duration, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("schedstat is empty")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// The value in the middle, and the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Result<Self, Failure> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let middle = values.get(values.len() / 2);
        match (values.first(), middle, values.last()) {
            (Some(&least), Some(&median), Some(&most)) => Ok(Self { median, least, most }),
            _ => Err("nothing was measured".into()),
        }
    }
}
