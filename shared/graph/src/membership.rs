//! What a user is a member of, as far as we ask.

use serde::Deserialize;

/// What is asked of each: its type comes with it.
pub(crate) const SELECT: &str = "id";

/// Kinds that give nobody any power over the tenant by themselves.
const POWERLESS: [&str; 2] = ["#microsoft.graph.group", "#microsoft.graph.administrativeUnit"];

/// Something that a user is a member of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Membership {
    #[serde(default, rename = "@odata.type")]
    kind: Option<String>,
}

impl Membership {
    /// Whether it is a directory role. What does not say that it is something else counts as one.
    pub(crate) fn is_role(&self) -> bool {
        !self.kind.as_deref().is_some_and(|kind| POWERLESS.contains(&kind))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_is_no_group_and_no_unit_counts_as_a_role() {
        let cases = [
            (json!({ "@odata.type": "#microsoft.graph.directoryRole", "id": "1" }), true),
            (json!({ "@odata.type": "#microsoft.graph.group", "id": "1" }), false),
            (json!({ "@odata.type": "#microsoft.graph.administrativeUnit", "id": "1" }), false),
            (json!({ "@odata.type": "#microsoft.graph.newInTheFuture", "id": "1" }), true),
            (json!({ "id": "1" }), true),
        ];
        for (told, expected) in cases {
            let read: Membership = serde_json::from_value(told.clone()).unwrap();
            assert_eq!(read.is_role(), expected, "{told}");
        }
    }
}
