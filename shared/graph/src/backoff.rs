//! How long to pause before the next attempt.

use std::time::Duration;

use ambient::Entropy;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The pause after the `failed`th attempt: what Graph asked for and up to a second more, so that not
/// everybody comes back at once; else one that doubles from one second to sixty, of which the second
/// half is left to chance.
pub(crate) fn pause(failed: u32, asked: Option<Duration>, entropy: &dyn Entropy) -> Duration {
    let chance = f64::from(u16::from_be_bytes(entropy.bytes::<2>())) / f64::from(u16::MAX);
    if let Some(asked) = asked {
        return asked + Duration::from_secs(1).mul_f64(chance);
    }
    let doubled = FIRST.saturating_mul(1 << failed.saturating_sub(1).min(16)).min(LONGEST);
    doubled / 2 + (doubled / 2).mul_f64(chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All(u8);
    impl Entropy for All {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn pauses_double_to_a_minute_and_half_of_each_is_chance() {
        let seconds = [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (u32::MAX, 60)];

        for (failed, longest) in seconds {
            let longest = Duration::from_secs(longest);
            assert_eq!(pause(failed, None, &All(0)), longest / 2, "{failed}");
            assert_eq!(pause(failed, None, &All(255)), longest, "{failed}");
        }
    }

    #[test]
    fn what_graph_asks_for_is_the_least() {
        let asked = Duration::from_secs(10);

        assert_eq!(pause(5, Some(asked), &All(0)), asked);
        assert_eq!(pause(1, Some(asked), &All(255)), asked + Duration::from_secs(1));
    }
}
