//! What can happen, as it is drawn.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::rule::Word;

/// How many users a sequence is about: fewer than may be missing at once without anybody's decision.
pub(crate) const PEOPLE: usize = 4;
/// What the function asks of its services.
const OPERATIONS: [&str; 5] =
    ["GetItem", "BatchGetItem", "Query", "TransactWriteItems", "PutEvents"];

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Something is said of somebody.
    Said(usize, Word),
    /// A round is due and is read.
    Round,
    /// The same, and something is said meanwhile.
    Meanwhile(usize, Word),
    /// Microsoft tells that somebody changed, though perhaps nobody did.
    Notice(usize),
    /// A round is due, and whoever reads it dies.
    Death {
        /// At a call of this operation,
        operation: &'static str,
        /// after so many of them,
        after: usize,
        /// which is carried out or not.
        done: bool,
    },
    /// Microsoft forgets where we were: the next round tells of everybody, and of nobody who is gone.
    Forgotten,
    /// The same, and somebody is gone for good whom nobody was told of before.
    Unseen(usize),
    /// Time passes, and nobody comes.
    Hours(i64),
}

impl Step {
    /// What is said of whom.
    pub(crate) fn word(&self) -> Option<(usize, Word)> {
        match self {
            Self::Said(whom, word) | Self::Meanwhile(whom, word) => Some((*whom, *word)),
            Self::Unseen(whom) => Some((*whom, Word::Purged)),
            Self::Round
            | Self::Notice(_)
            | Self::Death { .. }
            | Self::Forgotten
            | Self::Hours(_) => None,
        }
    }
}

/// A sequence, of several parts with a rest behind each.
pub(crate) fn sequence() -> impl Strategy<Value = Vec<Vec<Step>>> {
    vec(vec(step(), 2..9), 2..9)
}

fn step() -> impl Strategy<Value = Step> {
    let death = (select(&OPERATIONS[..]), 0..8_usize, any::<bool>());
    prop_oneof![
        16 => (0..PEOPLE, word()).prop_map(|(whom, word)| Step::Said(whom, word)),
        2 => Just(Step::Round),
        4 => (0..PEOPLE, word()).prop_map(|(whom, word)| Step::Meanwhile(whom, word)),
        2 => (0..PEOPLE).prop_map(Step::Notice),
        3 => death.prop_map(|(operation, after, done)| Step::Death { operation, after, done }),
        1 => Just(Step::Forgotten),
        1 => (0..PEOPLE).prop_map(Step::Unseen),
        1 => (1..40_i64).prop_map(Step::Hours),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        8 => any::<bool>().prop_map(Word::Enabled),
        2 => Just(Word::Deleted),
        3 => Just(Word::Restored),
        1 => Just(Word::Purged),
        4 => any::<bool>().prop_map(Word::Active),
        4 => any::<bool>().prop_map(Word::Blocked),
        3 => proptest::option::of(-1..3_i8).prop_map(Word::LastDay),
    ]
}
