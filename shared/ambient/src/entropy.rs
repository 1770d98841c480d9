//! Where secrets come from.

use aws_lc_rs::rand;

/// Gives random bytes that nobody can foresee.
pub trait Entropy: Send + Sync {
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// Returns `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The generator of AWS-LC, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(
            clippy::panic,
            reason = "without a generator no secret can be made, and no caller has a safe answer: \
                      the process must stop rather than go on with predictable bytes"
        )]
        if rand::fill(bytes).is_err() {
            panic!("the system's generator of random bytes failed");
        }
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_every_byte_is_drawn() {
        let entropy: &dyn Entropy = &SystemEntropy;

        let draws: Vec<[u8; 32]> = (0..64).map(|_| entropy.bytes()).collect();

        for position in 0..32 {
            assert!(draws.iter().any(|draw| draw[position] != 0), "byte {position} is never set");
        }
        assert_ne!(draws.first(), draws.last());
    }

    #[test]
    fn a_stated_source_is_used_as_it_is() {
        struct Sevens;
        impl Entropy for Sevens {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(7);
            }
        }
        let entropy: &dyn Entropy = &Sevens;

        assert_eq!(entropy.bytes::<3>(), [7, 7, 7]);
    }
}
