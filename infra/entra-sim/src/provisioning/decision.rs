//! What to do about one user, decided without acting.

/// Where a user stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    /// `accountEnabled` is false.
    Disabled,
    /// Not assigned any more, or never.
    OutOfScope,
    /// In the recycle bin.
    SoftDeleted,
    /// Gone for good.
    HardDeleted,
}

/// What the job knows of a user in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Never provisioned.
    Unknown,
    /// Provisioned and kept in step.
    Managed,
    /// Unassigned after it was provisioned: nothing is sent any more until it is assigned again.
    Released,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, and why.
    Skip(&'static str),
    /// Find it in the target, create it there if it is not, and bring it up to date.
    Ensure,
    /// Set `active` to false and stay in charge.
    Disable,
    /// Set `active` to false and leave it alone from now on.
    Release,
    /// Delete it in the target.
    Delete,
    /// Only forget it.
    Forget,
}

/// Decides.
pub(crate) fn decide(standing: Standing, known: Known) -> Step {
    match (standing, known) {
        (Standing::Active, _) | (Standing::Disabled, Known::Managed) => Step::Ensure,
        (Standing::Disabled, Known::Unknown | Known::Released) => {
            Step::Skip("disabled when it came into scope")
        }
        (Standing::OutOfScope, Known::Managed) => Step::Release,
        (Standing::OutOfScope, Known::Unknown | Known::Released) => Step::Skip("out of scope"),
        (Standing::SoftDeleted, Known::Managed) => Step::Disable,
        (Standing::SoftDeleted, Known::Unknown | Known::Released) => {
            Step::Skip("deleted and not managed")
        }
        (Standing::HardDeleted, Known::Managed) => Step::Delete,
        (Standing::HardDeleted, Known::Released) => Step::Forget,
        (Standing::HardDeleted, Known::Unknown) => Step::Skip("deleted and never provisioned"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g5_what_is_done_depends_on_where_somebody_stands_and_on_what_is_known() {
        use Known::{Managed, Released, Unknown};
        use Standing::{Active, Disabled, HardDeleted, OutOfScope, SoftDeleted};
        let cases = [
            (Active, [Some(Step::Ensure), Some(Step::Ensure), Some(Step::Ensure)]),
            (Disabled, [None, Some(Step::Ensure), None]),
            (OutOfScope, [None, Some(Step::Release), None]),
            (SoftDeleted, [None, Some(Step::Disable), None]),
            (HardDeleted, [None, Some(Step::Delete), Some(Step::Forget)]),
        ];
        for (standing, steps) in cases {
            for (known, expected) in [Unknown, Managed, Released].into_iter().zip(steps) {
                let step = decide(standing, known);
                let told = (!matches!(step, Step::Skip(_))).then_some(step);
                assert_eq!(told, expected, "{standing:?}, {known:?}");
            }
        }
    }
}
