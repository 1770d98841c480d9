//! A world in which one case after another is played.

use jiff::SignedDuration;
use scenarios::{Call, Case, Ended, World};

use crate::errand::Errand;
use crate::visitor::Visitor;

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

    /// Runs the errand without a fault, and makes cases of the calls that it is about.
    pub(crate) async fn cases(&mut self, cases: impl Fn(&[Call]) -> Vec<Case>) -> Vec<Case> {
        let (calls, (from, to)) = self.run(None).await;
        let mut cases = cases(&calls);
        cases.retain(|case| (from..to).contains(&case.position));
        cases
    }

    /// Plays one case.
    pub(crate) async fn play(&mut self, case: &Case) {
        self.run(Some(case)).await;
    }

    /// Checks what must hold when all cases were played.
    pub(crate) async fn end(self) {
        self.world.has_no_orphans().await;
        let records = self.world.records().await;
        if self.errand.is_for_newcomers() && self.errand != Errand::Link {
            assert_eq!(records.count("ENROLMENT"), 0, "an enrolment is left of somebody enrolled");
        }
    }

    async fn run(&mut self, case: Option<&Case>) -> (Vec<Call>, (usize, usize)) {
        self.played += 1;
        let what =
            case.map_or("without a fault".to_owned(), |case| format!("{:?} {case:?}", self.errand));
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
        let left = self.world.login.mend();
        if let Some(case) = case {
            let mut ended = visitor.ended().iter().chain(&left);
            let spent = ended.next().is_some_and(Ended::is_spent) && ended.next().is_none();
            assert!(spent, "{what}: it never happened");
            assert!(visitor.troubles() <= 1, "{what}: mended, and still in trouble");
            if case.is_mended_by_another_attempt() || self.errand.does_without(case) {
                assert_eq!(visitor.troubles(), 0, "{what}: another attempt would have mended it");
            }
        }
        let window = visitor.window;
        self.errand.check(&self.world, &mut visitor).await;
        if !self.errand.is_for_newcomers() {
            self.regular = Some(visitor);
        }
        (calls, window)
    }
}
