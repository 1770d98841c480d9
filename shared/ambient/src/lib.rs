//! The clock and the source of random bytes, as values that a caller is given.
//!
//! No formats, no identifiers, no policy: what an instant or a secret means is decided elsewhere.
//! Pure crates take `now` as an argument; whoever waits for the outside world holds a [`Clock`]
//! and an [`Entropy`], so a test can state both.

mod clock;
mod entropy;

pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, SystemEntropy};
