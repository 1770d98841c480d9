//! One call of an errand that fails in one way.

use jiff::SignedDuration;
use scenarios::{Call, Effect, Fault, World};

use crate::errand::Errand;
use crate::visitor::Visitor;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The service asks for fewer calls.
    Throttled,
    /// The service fails.
    Broken,
    /// The connection dies before the call arrives.
    Lost,
    /// The call is carried out, and its answer gets lost.
    AnswerLost,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spell {
    /// The next attempt goes well.
    Once,
    /// No attempt goes well until it is mended.
    ForGood,
}

/// One call of an errand that fails in one way.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) errand: &'static str,
    pub(crate) position: usize,
    pub(crate) call: Call,
    /// Calls of the same operation before it.
    pub(crate) before: usize,
    pub(crate) failing: Failing,
    pub(crate) spell: Spell,
}

impl Failing {
    const ALL: [Self; 4] = [Self::Throttled, Self::Broken, Self::Lost, Self::AnswerLost];

    fn effect(self, service: &str) -> Effect {
        match (self, service) {
            (Self::Throttled, "ses") => Effect::Refuse(429, "TooManyRequestsException"),
            (Self::Throttled, _) => Effect::Refuse(400, "ThrottlingException"),
            (Self::Broken, "kms") => Effect::Refuse(500, "KMSInternalException"),
            (Self::Broken, _) => Effect::Refuse(500, "InternalServerError"),
            (Self::Lost, _) => Effect::Lose,
            (Self::AnswerLost, _) => Effect::LoseAnswer,
        }
    }
}

impl Case {
    /// Every way in which the calls of a clean run can fail.
    pub(crate) fn all(errand: &'static str, calls: &[Call]) -> Vec<Self> {
        let mut cases = Vec::new();
        for (position, call) in calls.iter().enumerate() {
            let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
            for failing in Failing::ALL {
                for spell in [Spell::Once, Spell::ForGood] {
                    let call = call.clone();
                    cases.push(Self { errand, position, call, before, failing, spell });
                }
            }
        }
        cases
    }

    /// What the wire does.
    pub(crate) fn fault(&self) -> Fault {
        Fault {
            operation: named(&self.call.operation),
            skip: self.before,
            times: if self.spell == Spell::Once { 1 } else { usize::MAX },
            effect: self.failing.effect(self.call.service),
        }
    }

    /// Whether events get lost for good.
    pub(crate) fn silences_events(&self) -> bool {
        self.call.service == "events"
            && self.spell == Spell::ForGood
            && self.failing != Failing::AnswerLost
    }

    /// Whether everybody gets on without noticing it: another attempt goes well, or the way does
    /// not depend on it.
    pub(crate) fn goes_unnoticed(&self) -> bool {
        let optional = self.call.service == "events"
            || self.errand == "SignOut" && (self.call.service == "kms" || self.position >= 4);
        self.spell == Spell::Once || optional
    }
}

/// The operations that functions use.
fn named(operation: &str) -> &'static str {
    let operations = [
        "GetItem",
        "BatchGetItem",
        "Query",
        "TransactWriteItems",
        "Sign",
        "GetPublicKey",
        "PutEvents",
        "SendEmail",
    ];
    operations.into_iter().find(|known| *known == operation).expect(operation)
}

/// A world in which one case after another is played.
pub(crate) struct Lane {
    world: World,
    errand: Errand,
    /// Whoever does all errands that need somebody with a passkey.
    regular: Option<Visitor>,
    played: usize,
}

impl Lane {
    pub(crate) async fn start(errand: Errand) -> Self {
        let world = World::start().await;
        let regular = match errand.is_for_newcomers() {
            true => None,
            false => Some(Visitor::regular(&world).await),
        };
        Self { world, errand, regular, played: 0 }
    }

    /// Runs the errand without a fault, and makes a case of each call and each way to fail.
    pub(crate) async fn cases(&mut self) -> Vec<Case> {
        let calls = self.run(None).await;
        Case::all(self.errand.name(), &calls)
    }

    /// Plays one case.
    pub(crate) async fn play(&mut self, case: &Case) {
        self.run(Some(case)).await;
    }

    /// Checks what must hold when all cases were played.
    pub(crate) async fn end(self) {
        self.world.has_no_orphans().await;
        let records = self.world.records().await;
        if self.errand == Errand::Code {
            assert_eq!(records.count("ENROLMENT"), 0, "an enrolment is left of somebody enrolled");
        }
    }

    async fn run(&mut self, case: Option<&Case>) -> Vec<Call> {
        self.played += 1;
        let what = case.map_or("without a fault".to_owned(), |case| format!("{case:?}"));
        let mut visitor = match self.regular.take() {
            Some(visitor) => visitor,
            None => Visitor::newcomer(&self.world, self.played).await,
        };
        visitor.begin(&what, case.is_some_and(Case::silences_events));
        self.errand.prepare(&self.world, &mut visitor).await;
        // So that the function has forgotten what it read: each case has all calls.
        self.world.clock.pass(SignedDuration::from_mins(2));
        self.world.login.calls();
        if let Some(case) = case {
            self.world.login.fault(case.fault());
        }

        self.errand.go(&self.world, &mut visitor).await;

        let calls = self.world.login.calls();
        let unspent = self.world.login.mend();
        if let Some(case) = case {
            assert!(case.spell == Spell::ForGood || unspent == 0, "{what}: it never happened");
            assert!(visitor.troubles() <= 1, "{what}: mended, and still in trouble");
            if case.goes_unnoticed() {
                assert_eq!(visitor.troubles(), 0, "{what}: another attempt would have mended it");
            }
        }
        self.errand.check(&self.world, &mut visitor).await;
        if !self.errand.is_for_newcomers() {
            self.regular = Some(visitor);
        }
        calls
    }
}
