//! How fast requests follow one another.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::settings::Pace;

/// Lets requests through one after another at the configured pace.
#[derive(Debug)]
pub(crate) struct Pacer {
    ticks: Option<Mutex<Interval>>,
}

impl Pacer {
    /// A pace of zero lets one request through in a second.
    pub(crate) fn new(pace: Pace) -> Self {
        let ticks = match pace {
            Pace::Unlimited => None,
            Pace::PerSecond(rate) => {
                let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
                // A late request does not let others catch up: the pace is a limit.
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                Some(Mutex::new(ticks))
            }
        };
        Self { ticks }
    }

    /// Waits for the next turn.
    pub(crate) async fn turn(&self) {
        if let Some(ticks) = &self.ticks {
            ticks.lock().await.tick().await;
        }
    }
}
