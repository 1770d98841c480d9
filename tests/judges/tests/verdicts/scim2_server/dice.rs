//! Chance that happens again for the same seed.

use std::collections::BTreeMap;

/// SplitMix64, and decks of cards.
pub(super) struct Dice {
    state: u64,
    dealt: BTreeMap<&'static str, usize>,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, dealt: BTreeMap::new() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(sides).unwrap()).unwrap()
    }

    /// Yes in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    /// The next card of a deck: each comes as often as any other.
    pub(super) fn deal(&mut self, deck: &'static str, cards: usize) -> usize {
        let dealt = self.dealt.entry(deck).or_default();
        *dealt += 1;
        *dealt % cards
    }

    /// One of several, each as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut rolled = self.roll(from.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in from {
            match rolled.checked_sub(*weight) {
                Some(rest) => rolled = rest,
                None => return *choice,
            }
        }
        unreachable!("the roll is below the sum")
    }

    /// The same letters in another case.
    pub(super) fn recased(&mut self, text: &str) -> String {
        let mut recase = |c: char| {
            if self.chance(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        };
        text.chars().map(&mut recase).collect()
    }
}
