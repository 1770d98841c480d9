//! Where chance begins.

use ambient::{Entropy, SystemEntropy};
use proptest::test_runner::{Config, RngSeed};

/// Another one each time, or what `PROPTEST_RNG_SEED` says in the environment. It is said, and so shown with
/// whatever fails.
pub(crate) fn drawn() -> u64 {
    let entropy: &dyn Entropy = &SystemEntropy;
    let seed = match Config::default().rng_seed {
        RngSeed::Random => u64::from_le_bytes(entropy.bytes()),
        RngSeed::Fixed(seed) => seed,
    };
    println!("PROPTEST_RNG_SEED={seed}");
    seed
}
