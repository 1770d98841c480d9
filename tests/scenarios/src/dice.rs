//! Chance that can be had again: of the same seed the same is drawn.

/// Draws numbers, one after the other: SplitMix64, which is no secret's source.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins where this seed begins.
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// So many of them, in any order.
    pub fn some<T>(&mut self, mut all: Vec<T>, many: usize) -> Vec<T> {
        let many = many.min(all.len());
        (0..many).map(|_| all.swap_remove(self.below(all.len()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_whatever_is_likely_happens_as_often() {
        let draw = |seed| {
            let mut dice = Dice::of(seed);
            (0..8).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));

        let mut dice = Dice::of(7);
        let happened = (0..10_000).filter(|_| dice.happens(20)).count();
        assert!((1_800..2_200).contains(&happened), "{happened}");
        let mut some = dice.some((0..10).collect(), 10);
        some.sort_unstable();
        assert_eq!(some, (0..10).collect::<Vec<_>>(), "each once");
    }
}
