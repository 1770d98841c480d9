//! Six digits that travel through a personal channel.

use std::fmt;
use std::str::FromStr;

use ambient::Entropy;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::SignedDuration;

use crate::SecretHash;

/// A one-time code of six digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(u32);

impl Code {
    /// How long a code may be used after it was made; the end is outside.
    pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
    /// How many times one code may be tried.
    pub const TRIES: u32 = 5;
    /// The seed's length in bytes.
    pub const SEED: usize = 16;

    /// Makes the random seed of a code.
    pub fn seed(entropy: &dyn Entropy) -> [u8; Self::SEED] {
        let mut seed = [0; Self::SEED];
        entropy.fill(&mut seed);
        seed
    }

    /// Derives the code of a seed, the same every time, so that a mail sent again after a crash
    /// carries the code that the first one carried.
    ///
    /// The seed lives only in the outbox item and goes with it. The bias of reducing 64 bits to a
    /// million values is below one in 10^13.
    pub fn of(seed: &[u8]) -> Self {
        let hash = digest(&SHA256, seed);
        let number =
            hash.as_ref().iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Self(u32::try_from(number % 1_000_000).unwrap_or_default())
    }

    /// The six digits, as they are mailed.
    pub fn reveal(&self) -> String {
        format!("{:06}", self.0)
    }

    /// What is stored in its place, bound to the one enrolment that it proves.
    pub fn hash(&self, enrolment: &SecretHash) -> SecretHash {
        SecretHash::of(&[enrolment.as_str().as_bytes(), self.reveal().as_bytes()])
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code([redacted])")
    }
}

/// The text is not six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of six digits")]
pub struct NotACode;

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        if text.len() > 32 {
            return Err(NotACode);
        }
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotACode);
        }
        digits.parse().map(Self).map_err(|_| NotACode)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_code_for_ever() {
        assert_eq!(Code::of(&[7; 16]), Code::of(&[7; 16]));
        assert_ne!(Code::of(&[7; 16]), Code::of(&[8; 16]));
        assert_eq!(Code::of(&[7; 16]).reveal().len(), 6);
    }

    #[test]
    fn six_digits_are_read_with_the_spaces_that_people_add() {
        assert_eq!("012 345".parse::<Code>().unwrap().reveal(), "012345");
        assert_eq!(" 012-345 ".parse::<Code>().unwrap().reveal(), "012345");
        for bad in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(bad.parse::<Code>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_code_proves_one_enrolment_only() {
        let code = Code::of(&[7; 16]);

        assert_ne!(code.hash(&SecretHash::of(&[b"a"])), code.hash(&SecretHash::of(&[b"b"])));
    }
}
