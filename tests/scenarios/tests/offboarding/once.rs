//! What the audit and the bus say of somebody whose access was taken and given back in turn.

use std::collections::{BTreeMap, BTreeSet};

use identity::Block;
use serde_json::Value;

/// Whose word somebody's access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Entra's: the account is disabled there.
    Entra,
    /// The operator's: they are blocked here, and we disable the account.
    Operator,
}

impl Hand {
    /// The reason that stands against them.
    pub(crate) const fn reason(self) -> Block {
        match self {
            Self::Entra => Block::Entra,
            Self::Operator => Block::Administrator,
        }
    }
}

/// Checks that each of so many changes is audited once, the first of which took access, and so is what was done
/// in Entra because of it.
pub(crate) fn check_audit(audit: &[Value], (user, hand): (&str, Hand), changes: usize, what: &str) {
    let of_them = audit.iter().filter(|entry| entry["subject"] == user);
    let of_them: Vec<&str> = of_them.filter_map(|entry| entry["action"].as_str()).collect();
    let expected: Vec<&str> =
        ["access_taken", "access_given"].into_iter().cycle().take(changes).collect();
    let access = of_them.iter().copied().filter(|action| action.starts_with("access_"));
    assert_eq!(access.collect::<Vec<_>>(), expected, "{what}: each change is audited once");
    let (taken, given) = (changes.div_ceil(2), changes / 2);
    let expected = match hand {
        Hand::Entra => [("sessions_ended", taken), ("account_disabled", 0), ("account_enabled", 0)],
        Hand::Operator => {
            [("sessions_ended", taken), ("account_disabled", taken), ("account_enabled", given)]
        }
    };
    let mut expected: BTreeMap<_, _> =
        expected.into_iter().filter(|(_, times)| *times > 0).collect();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for action in of_them {
        if action.starts_with("account_") || action.starts_with("sessions_") {
            *found.entry(action).or_default() += 1;
        }
    }
    // Where the word of an account that was enabled is lost, a reading may see first that it is, and ends that
    // it is ours.
    let [enabled, at_most] =
        [&mut found, &mut expected].map(|all| all.remove("account_enabled").unwrap_or_default());
    assert!(enabled <= at_most, "{what}: enabled {enabled} times, of {at_most}");
    assert_eq!(found, expected, "{what}: {changes} changes, each seen to in Entra, and said once");
}

/// Users of whom the bus was told that they lost access, or got it back, each with the id of the event.
#[derive(Debug, Default)]
pub(crate) struct Told([BTreeSet<(String, String)>; 2]);

impl Told {
    /// What these events are called.
    pub(crate) const KINDS: [&str; 2] = ["user.offboarded", "user.reenabled"];

    /// Takes in what was told under each of the names.
    pub(crate) fn hear(&mut self, events: impl Fn(&str) -> Vec<Value>) {
        for (all, kind) in self.0.iter_mut().zip(Self::KINDS) {
            let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
            let each = events(kind).into_iter();
            all.extend(each.map(|event| (text(&event, "user"), text(&event, "id"))));
        }
    }

    /// Checks that somebody's changes were told, each by one id.
    pub(crate) fn check(&self, user: &str, changes: usize, what: &str) {
        let found = self.0.each_ref().map(|told| told.iter().filter(|(of, _)| of == user).count());
        assert_eq!(found, [changes.div_ceil(2), changes / 2], "{what}: each is told by one id");
    }
}
