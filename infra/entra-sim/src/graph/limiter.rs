//! Resource units: so many in ten seconds, then 429 until they are over.

use crate::clock::Stopwatch;

const WINDOW: u64 = 10;

/// Counts the units of the present ten seconds.
#[derive(Debug)]
pub(crate) struct Limiter {
    clock: Stopwatch,
    window: u64,
    used: u32,
}

impl Limiter {
    pub(crate) fn new(clock: Stopwatch) -> Self {
        Self { clock, window: 0, used: 0 }
    }

    /// Takes units, or says after how many seconds there are new ones.
    pub(crate) fn take(&mut self, units: u32, of: Option<u32>) -> Result<(), u64> {
        let Some(limit) = of else { return Ok(()) };
        let now = self.clock.elapsed().as_secs();
        if now / WINDOW != self.window {
            (self.window, self.used) = (now / WINDOW, 0);
        }
        if self.used + units > limit {
            return Err(WINDOW - now % WINDOW);
        }
        self.used += units;
        Ok(())
    }
}

/// What a call costs: two units to read users, one less with `$select`; two to write.
pub(crate) fn units(method: &str, selects: Option<&str>) -> u32 {
    match (method, selects) {
        ("GET", Some(_)) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_run_out_within_ten_seconds() {
        let mut limiter = Limiter::new(Stopwatch::start());

        assert_eq!(limiter.take(2, Some(3)), Ok(()));
        let wait = limiter.take(2, Some(3));
        assert!(wait.is_err_and(|seconds| (1..=10).contains(&seconds)));
        assert_eq!(limiter.take(1_000, None), Ok(()));
        assert_eq!(units("GET", Some("id")), 1);
        assert_eq!(units("GET", None), 2);
        assert_eq!(units("PATCH", None), 2);
    }
}
