//! A page in the middle that nobody walked to: ours counts from the beginning.

use super::filled::{Filled, PAGE, resources};
use crate::Failure;
use crate::stopwatch::{Spread, Stopwatch};

/// Milliseconds of such requests, each to another place.
pub(crate) async fn measure(filled: &Filled<'_>, count: usize) -> Result<Spread, Failure> {
    let middle = filled.users.len() / 2;
    let mut found = Vec::new();
    for number in 0..count {
        // Never where a page ends that anybody has read.
        let start = middle + 1 + number * (PAGE + 1) % middle.saturating_sub(PAGE).max(1);
        let start = if start % PAGE == 1 { start + 1 } else { start };
        let watch = Stopwatch::start();
        let page = filled.server.get(&format!("/Users?startIndex={start}&count=1")).await?;
        found.push(watch.elapsed().as_secs_f64() * 1e3);
        if resources(&page).len() != 1 {
            return Err(format!("nobody at {start}: {page}").into());
        }
    }
    Spread::of(&found)
}
