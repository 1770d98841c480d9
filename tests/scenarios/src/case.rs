//! Every way in which the calls of a clean run can fail, one at a time.

use crate::{Call, Effect, Fault};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// The service asks for fewer calls.
    Throttled,
    /// The service fails.
    Broken,
    /// The connection dies before the call arrives.
    Lost,
    /// The call is carried out, and its answer gets lost.
    AnswerLost,
    /// The call never arrives, and nothing comes back for as long as the caller waits.
    Stalled,
    /// The call is carried out, and nothing comes back for as long as the caller waits.
    AnswerStalled,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spell {
    /// The next attempt goes well.
    Once,
    /// No attempt goes well until it is mended.
    ForGood,
}

/// One call that fails in one way.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it stands in the clean run, from 0.
    pub position: usize,
    /// The call.
    pub call: Call,
    /// Calls of the same operation before it.
    pub before: usize,
    /// How it fails.
    pub failing: Failing,
    /// For how long.
    pub spell: Spell,
}

impl Failing {
    /// Every way that is over at once.
    pub const ALL: [Self; 4] = [Self::Throttled, Self::Broken, Self::Lost, Self::AnswerLost];

    fn effect(self, service: &str) -> Effect {
        match (self, service) {
            (Self::Throttled, "ses") => Effect::Refuse(429, "TooManyRequestsException"),
            (Self::Throttled, "s3") => Effect::Refuse(503, "SlowDown"),
            (Self::Throttled, _) => Effect::Refuse(400, "ThrottlingException"),
            (Self::Broken, "kms") => Effect::Refuse(500, "KMSInternalException"),
            (Self::Broken, _) => Effect::Refuse(500, "InternalServerError"),
            (Self::Lost, _) => Effect::Lose,
            (Self::AnswerLost, _) => Effect::LoseAnswer,
            (Self::Stalled, _) => Effect::Stall,
            (Self::AnswerStalled, _) => Effect::StallAnswer,
        }
    }
}

impl Case {
    /// Every way in which the calls of a clean run can fail at once.
    pub fn all(calls: &[Call]) -> Vec<Self> {
        let both = |failing| [Spell::Once, Spell::ForGood].map(|spell| (failing, spell));
        Self::each(calls, |_| Failing::ALL.into_iter().flat_map(both).collect())
    }

    /// Every way in which the calls of a clean run can be waited for in vain. Whether a read was
    /// carried out makes no difference to anybody.
    pub fn stalls(calls: &[Call]) -> Vec<Self> {
        Self::each(calls, |call| {
            let mut ways = vec![(Failing::Stalled, Spell::ForGood)];
            if call.writes() {
                let answer = Failing::AnswerStalled;
                ways.extend([(answer, Spell::Once), (answer, Spell::ForGood)]);
            }
            ways
        })
    }

    fn each(calls: &[Call], ways: impl Fn(&Call) -> Vec<(Failing, Spell)>) -> Vec<Self> {
        let mut cases = Vec::new();
        for (position, call) in calls.iter().enumerate() {
            let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
            for (failing, spell) in ways(call) {
                cases.push(Self { position, call: call.clone(), before, failing, spell });
            }
        }
        cases
    }

    /// What the wire does.
    pub fn fault(&self) -> Fault {
        Fault {
            operation: named(&self.call.operation),
            skip: self.before,
            times: if self.spell == Spell::Once { 1 } else { usize::MAX },
            effect: self.failing.effect(self.call.service),
        }
    }

    /// Whether events get lost for good.
    pub fn silences_events(&self) -> bool {
        self.call.service == "events"
            && self.spell == Spell::ForGood
            && !matches!(self.failing, Failing::AnswerLost | Failing::AnswerStalled)
    }

    /// Whether nobody notices it, since the next attempt goes well.
    pub fn is_mended_by_another_attempt(&self) -> bool {
        self.spell == Spell::Once
    }
}

/// The operations that functions use.
pub fn named(operation: &str) -> &'static str {
    let operations = [
        "GetItem",
        "BatchGetItem",
        "Query",
        "TransactWriteItems",
        "Sign",
        "GetPublicKey",
        "PutEvents",
        "SendEmail",
        "PutObject",
    ];
    operations.into_iter().find(|known| *known == operation).expect(operation)
}
