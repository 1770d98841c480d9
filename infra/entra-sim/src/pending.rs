//! What is under way: requests that were sent, assertions that were seen, sign-outs.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Now;

/// A sign-in request that was sent to an identity provider.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The request's `ID`.
    pub(crate) id: String,
    /// The federated domain that it was sent for.
    pub(crate) domain: String,
    pub(crate) relay_state: String,
    /// The cookie of the browser that was sent away.
    pub(crate) browser: String,
    /// The address that was typed.
    pub(crate) address: String,
    pub(crate) sent: Now,
    pub(crate) fresh: Freshness,
    pub(crate) mfa: MfaRequest,
    pub(crate) progress: Progress,
}

/// Whether a fresh authentication was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Any,
    Forced,
}

/// Whether the MFA claim was asked for in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MfaRequest {
    Unasked,
    Asked,
}

/// Whether a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Open,
    Answered,
}

/// A sign-out request that was sent to an identity provider.
#[derive(Clone, Debug)]
pub(crate) struct SignOut {
    /// The request's `ID`.
    pub(crate) id: String,
    pub(crate) domain: String,
    pub(crate) relay_state: String,
    pub(crate) address: String,
}

/// How long a person may take; Entra's own figure is not documented.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// How many of each thing are remembered; the oldest are forgotten first.
const MOST: usize = 10_000;

/// A map that forgets its oldest entries.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    entries: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Recent<V> {
    /// Remembers a value.
    pub(crate) fn insert(&mut self, key: String, value: V) {
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    /// The value under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    /// The value under a key, to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Takes a value out, so that it serves once.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        self.entries.remove(key)
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Pending {
    /// Whether the person took too long, by the machine's clock.
    pub(crate) fn is_over(&self, machine: Timestamp) -> bool {
        machine.duration_since(self.sent.machine) >= PATIENCE
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_is_forgotten_first() {
        let mut recent = Recent::default();
        for number in 0..=MOST {
            recent.insert(number.to_string(), number);
        }

        assert_eq!(recent.get("0"), None);
        assert_eq!(recent.get("1"), Some(&1));
        assert_eq!(recent.len(), MOST);
    }

    #[test]
    fn a_request_is_over_after_an_hour() {
        let sent: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let pending = Pending {
            id: "_1".to_owned(),
            domain: "contoso.test".to_owned(),
            relay_state: String::new(),
            browser: String::new(),
            address: String::new(),
            sent: Now { simulated: sent, machine: sent },
            fresh: Freshness::Any,
            mfa: MfaRequest::Unasked,
            progress: Progress::Open,
        };

        assert!(!pending.is_over("2026-11-21T12:59:59Z".parse().unwrap()));
        assert!(pending.is_over("2026-11-21T13:00:00Z".parse().unwrap()));
    }
}
