//! A clock that a story turns.

use std::sync::Mutex;

use ambient::Clock;
use jiff::{SignedDuration, Timestamp};

/// Stands still until it is turned, or goes on with every look at it.
#[derive(Debug)]
pub struct TestClock(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    step: SignedDuration,
}

impl TestClock {
    /// A clock that shows an instant.
    pub fn at(instant: &str) -> Self {
        Self(Mutex::new(Hands { now: instant.parse().unwrap(), step: SignedDuration::ZERO }))
    }

    /// Lets time pass.
    pub fn pass(&self, time: SignedDuration) {
        let mut hands = self.0.lock().unwrap();
        hands.now = hands.now.checked_add(time).unwrap();
    }

    /// From now on so much time passes between any two looks at it.
    pub fn hurry(&self, step: SignedDuration) {
        self.0.lock().unwrap().step = step;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let mut hands = self.0.lock().unwrap();
        hands.now = hands.now.checked_add(hands.step).unwrap();
        hands.now
    }
}
