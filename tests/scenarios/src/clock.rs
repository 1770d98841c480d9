//! A clock that a story turns.

use std::sync::Mutex;

use ambient::Clock;
use jiff::{SignedDuration, Timestamp};

/// Stands still until it is turned.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// A clock that shows an instant.
    pub fn at(instant: &str) -> Self {
        Self(Mutex::new(instant.parse().unwrap()))
    }

    /// Lets time pass.
    pub fn pass(&self, time: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
