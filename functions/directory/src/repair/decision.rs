//! What comes next of a repair, by what is there. Decides, and does nothing.

use graph::DirectoryUser;
use identity::{Anchor, UserName};
use jiff::{SignedDuration, Timestamp};
use store::{Repair, RepairReason, RepairStep};

use crate::anchor::anchor_of;

/// How long Entra may show what was there before a step of ours.
pub(super) const SETTLES: SignedDuration = SignedDuration::from_mins(10);

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// They have their name, and the anchor.
    Repaired,
    /// They have a name of their own, and no anchor of ours: this is why.
    Over(RepairReason),
    /// They are to get the temporary name.
    Leave,
    /// They are to get their name back, with the anchor.
    Return,
    /// They are to get their name back, and nothing else: this is why.
    Revert(RepairReason),
    /// What was just done is not to be seen yet.
    Settle,
}

/// What was answered to the step before, in the same turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// Nothing was asked yet.
    Nothing,
    /// It was done.
    Done(RepairStep),
}

/// Which name they have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Own,
    Temporary,
    Otherwise,
    /// Nobody knows.
    Unread,
}

/// By what is there, not by what we believe we did: whoever comes after a crash decides the same. What
/// may be older than our last step ends nothing that was begun.
pub(super) fn next(
    repair: &Repair,
    there: &DirectoryUser,
    answered: Answered,
    now: Timestamp,
) -> Next {
    let anchor = anchor_of(there);
    let is_repaired = anchor == Some(repair.anchor.as_str());
    // What somebody else gave them meanwhile is not ours to take away.
    let stands_against = if there.is_synced() {
        Some(RepairReason::Synced)
    } else {
        // Whatever can be asserted signs somebody in, though Graph may not take it; and nothing is
        // replaced that was not shown.
        let is_other = |text: &str| {
            let is_shown = repair.anchor_before.as_deref() == Some(text);
            !is_shown || text.parse::<Anchor>().is_ok()
        };
        anchor.filter(|text| !is_repaired && is_other(text)).map(|_| RepairReason::HasAnchor)
    };
    let is_settled = now.duration_since(repair.stepped_at) >= SETTLES;
    let cause = repair.cause.or(stands_against);
    match (named(repair, there), repair.step, answered) {
        (Named::Unread, ..) => Next::Settle,
        (Named::Otherwise, RepairStep::Planned, _) => Next::Over(RepairReason::OtherName),
        (Named::Otherwise, ..) if !is_settled => Next::Settle,
        (Named::Own | Named::Otherwise, ..) if is_repaired => Next::Repaired,
        (Named::Otherwise, ..) => Next::Over(RepairReason::OtherName),
        // What was just done is not to be seen yet: nobody does it again for that at once.
        (Named::Own, RepairStep::Leaving, Answered::Done(_))
        | (Named::Temporary, RepairStep::Returning, Answered::Done(RepairStep::Returning))
        | (Named::Temporary, RepairStep::Reverting, Answered::Done(_)) => Next::Settle,
        (Named::Own, RepairStep::Planned, _) => stands_against.map_or(Next::Leave, Next::Over),
        (Named::Own, RepairStep::Leaving, _) if cause.is_none() => Next::Leave,
        (Named::Own, RepairStep::Returning, _) if cause.is_none() && is_settled => Next::Leave,
        (Named::Own, RepairStep::Returning, _) if cause.is_none() => Next::Settle,
        (Named::Own, _, answered) => {
            let cause = cause.unwrap_or(RepairReason::Refused);
            let is_over = answered == Answered::Done(RepairStep::Reverting) || is_settled;
            if is_over { Next::Over(cause) } else { Next::Revert(cause) }
        }
        (Named::Temporary, RepairStep::Reverting, _) => {
            Next::Revert(cause.unwrap_or(RepairReason::Refused))
        }
        (Named::Temporary, ..) => stands_against.map_or(Next::Return, Next::Revert),
    }
}

fn named(repair: &Repair, there: &DirectoryUser) -> Named {
    let name = there.user_principal_name.value().and_then(|name| name.parse::<UserName>().ok());
    match name {
        Some(name) if name == repair.name => Named::Own,
        Some(name) if name == repair.temporary => Named::Temporary,
        Some(_) => Named::Otherwise,
        None => Named::Unread,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use identity::{User, UserId};
    use serde_json::{Value, json};
    use store::Actor;
    use uuid::Uuid;

    use super::*;

    const OWN: &str = "Ada@contoso.test";
    const OTHER: &str = "grace@contoso.test";
    const STEPS: [RepairStep; 4] =
        [RepairStep::Planned, RepairStep::Leaving, RepairStep::Returning, RepairStep::Reverting];

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn repair(step: RepairStep, cause: Option<RepairReason>) -> Repair {
        let id = UserId::from_bytes([1; 16]);
        let user = User::new(id, OWN.parse().unwrap(), "Ada".to_owned(), noon());
        let temporary = UserName::temporary(id, &"contoso.onmicrosoft.com".parse().unwrap());
        let by = Actor::Operator;
        let both = (temporary.unwrap(), bad());
        let new = Repair::new((&user, Uuid::nil()), Uuid::nil(), both, by, noon());
        Repair { step, cause, ..new }
    }

    /// What they have there and nobody can assert, as it was shown.
    fn bad() -> Option<String> {
        Some("größe".to_owned())
    }

    fn there(name: &str, anchor: Value, synced: bool) -> DirectoryUser {
        let said = json!({
            "id": Uuid::nil(), "userPrincipalName": name, "onPremisesImmutableId": anchor,
            "onPremisesSyncEnabled": synced,
        });
        serde_json::from_value(said).unwrap()
    }

    fn decided(repair: &Repair, there: &DirectoryUser, minutes: i64) -> Next {
        let now = noon() + SignedDuration::from_mins(minutes);
        next(repair, there, Answered::Nothing, now)
    }

    #[test]
    fn every_step_goes_on_from_every_name_and_anchor_that_may_be_there() {
        use Next::{Leave, Over, Repaired, Return, Revert, Settle};
        use RepairReason::{AnchorTaken, HasAnchor, OtherName, Synced};
        let refused = Some(AnchorTaken);
        let (own, away) = (OWN.to_lowercase(), repair(STEPS[0], None).temporary);
        let away = away.as_str().to_uppercase();
        let (other, unread) = (OTHER.to_owned(), " ".to_owned());
        let ours = json!(repair(STEPS[0], None).anchor);
        let (none, bad, good) = (Value::Null, json!(bad()), json!("theirs"));
        // Name, anchor and mastery there, then what each step goes on with; going back has a cause.
        let cases = [
            (&own, &none, false, [Leave, Leave, Settle, Revert(AnchorTaken)]),
            (&own, &bad, false, [Leave, Leave, Settle, Revert(AnchorTaken)]),
            (&own, &ours, false, [Repaired; 4]),
            (
                &own,
                &json!("höhe"),
                false,
                [Over(HasAnchor), Revert(HasAnchor), Revert(HasAnchor), Revert(AnchorTaken)],
            ),
            (
                &own,
                &good,
                false,
                [Over(HasAnchor), Revert(HasAnchor), Revert(HasAnchor), Revert(AnchorTaken)],
            ),
            (
                &own,
                &none,
                true,
                [Over(Synced), Revert(Synced), Revert(Synced), Revert(AnchorTaken)],
            ),
            (&away, &none, false, [Return, Return, Return, Revert(AnchorTaken)]),
            (&away, &bad, false, [Return, Return, Return, Revert(AnchorTaken)]),
            // Somebody else wrote the same meanwhile.
            (&away, &ours, false, [Return, Return, Return, Revert(AnchorTaken)]),
            (
                &away,
                &good,
                false,
                [Revert(HasAnchor), Revert(HasAnchor), Revert(HasAnchor), Revert(AnchorTaken)],
            ),
            (
                &away,
                &none,
                true,
                [Revert(Synced), Revert(Synced), Revert(Synced), Revert(AnchorTaken)],
            ),
            // Graph would not take it, but it signs them in.
            (
                &own,
                &json!("a_b"),
                false,
                [Over(HasAnchor), Revert(HasAnchor), Revert(HasAnchor), Revert(AnchorTaken)],
            ),
            (&other, &none, false, [Over(OtherName), Settle, Settle, Settle]),
            (&other, &ours, false, [Over(OtherName), Settle, Settle, Settle]),
            (&unread, &ours, false, [Settle; 4]),
        ];

        for (name, anchor, synced, expected) in cases {
            let there = there(name, anchor.clone(), synced);
            for (step, expected) in STEPS.into_iter().zip(expected) {
                let cause = refused.filter(|_| step == RepairStep::Reverting);
                let repair = repair(step, cause);
                assert_eq!(decided(&repair, &there, 0), expected, "{step:?} {name} {anchor}");
            }
        }
    }

    #[test]
    fn nothing_that_was_begun_ends_in_the_old_state_by_what_may_be_an_old_view() {
        let cause = RepairReason::AnchorTaken;
        let reverting = repair(RepairStep::Reverting, Some(cause));
        let own = there(OWN, Value::Null, false);

        assert_eq!(decided(&reverting, &own, 9), Next::Revert(cause));
        let reverted = Answered::Done(RepairStep::Reverting);
        assert_eq!(next(&reverting, &own, reverted, noon()), Next::Over(cause));
        assert_eq!(decided(&reverting, &own, 10), Next::Over(cause), "it has settled");
        // What was just done is not done again at once, as long as it does not show.
        let away = there(reverting.temporary.as_str(), Value::Null, false);
        let names = [
            (RepairStep::Leaving, &own),
            (RepairStep::Returning, &away),
            (RepairStep::Reverting, &away),
        ];
        for (step, there) in names {
            let repair = repair(step, None);
            assert_eq!(
                next(&repair, there, Answered::Done(step), noon()),
                Next::Settle,
                "{step:?}"
            );
            assert_ne!(decided(&repair, there, 0), Next::Settle, "{step:?}");
        }
        // Nobody goes away anew who may be back.
        let returning = repair(RepairStep::Returning, None);
        assert_eq!(decided(&returning, &own, 9), Next::Settle);
        assert_eq!(decided(&returning, &own, 10), Next::Leave);
    }

    #[test]
    fn another_name_ends_what_was_begun_once_it_cannot_be_the_one_of_before() {
        let returning = repair(RepairStep::Returning, None);
        let ours = serde_json::to_value(&returning.anchor).unwrap();
        let (with, without) = (there(OTHER, ours, false), there(OTHER, Value::Null, false));

        assert_eq!(decided(&returning, &without, 10), Next::Over(RepairReason::OtherName));
        assert_eq!(decided(&returning, &with, 10), Next::Repaired, "the anchor is theirs");
        let unread = there(" ", Value::Null, false);
        assert_eq!(
            decided(&returning, &unread, 60),
            Next::Settle,
            "what makes no sense ends nothing"
        );
    }
}
