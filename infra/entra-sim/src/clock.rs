//! The simulator's clock: the machine's, moved by an offset.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// One reading of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// What the simulator takes for the time.
    pub(crate) simulated: Timestamp,
    /// What the machine says, which the identity provider under test sees too.
    pub(crate) machine: Timestamp,
}

impl Now {
    /// Reads the machine's clock and moves it by `offset`; an offset that leaves the calendar
    /// counts as none.
    pub(crate) fn read(offset: SignedDuration) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let machine = to_milliseconds(Timestamp::now());
        Self { simulated: machine.checked_add(offset).unwrap_or(machine), machine }
    }
}

/// Drops what is finer than Entra writes.
fn to_milliseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(instant)
}

/// Measures how long something takes, whatever the simulator's clock says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a duration, never a decision")]
        Self(Instant::now())
    }

    /// How long it took so far.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
