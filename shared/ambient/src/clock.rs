//! What time it is.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one permitted read of the clock")]
        Timestamp::now()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_tells_the_present_and_goes_forward() {
        let written: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();

        let first = SystemClock.now();
        let second = SystemClock.now();

        assert!(first > written, "{first} is before this test was written");
        assert!(second >= first);
    }
}
