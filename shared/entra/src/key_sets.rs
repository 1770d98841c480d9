//! The keys of tenants, kept for a day and asked for anew when a token names one that is not there.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keys::cache::CachedBy;
use oidc::{KeySet, Rejected, TenantId};

use crate::EntraError;

/// How long a set serves.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long nobody asks again after a set was asked for: tokens with invented keys cost Entra, and
/// us, one request in this while.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// What is known of each tenant's keys.
#[derive(Debug)]
pub(crate) struct KeySets {
    sets: CachedBy<TenantId, Arc<KeySet>>,
    asked: CachedBy<TenantId, Asked>,
}

/// What came of asking for a set.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// Nothing, or nothing yet: whose key a token names is unknown to us, and may be known to Entra.
    NotAnswered,
    /// It is the set that is kept.
    Answered,
}

impl Default for KeySets {
    fn default() -> Self {
        Self { sets: CachedBy::new(LIFETIME), asked: CachedBy::new(PAUSE) }
    }
}

impl KeySets {
    /// A set that has the key.
    ///
    /// # Errors
    ///
    /// [`Rejected::UnknownKey`] when the set that was read within the last half minute has it not;
    /// [`EntraError::NoKeysYet`] when none could be read within it; those of `read`.
    pub(crate) async fn with(
        &self,
        key_id: &str,
        tenant: TenantId,
        now: Timestamp,
        read: impl AsyncFnOnce() -> Result<KeySet, EntraError>,
    ) -> Result<Arc<KeySet>, EntraError> {
        let kept = self.sets.kept(&tenant, now);
        if let Some(set) = kept.filter(|set| set.knows(key_id)) {
            return Ok(set);
        }
        match self.asked.kept(&tenant, now) {
            Some(Asked::Answered) => return Err(Rejected::UnknownKey.into()),
            Some(Asked::NotAnswered) => return Err(EntraError::NoKeysYet),
            None => {}
        }
        // Before the answer: a failing endpoint is not asked by everybody either.
        self.asked.keep(tenant, Asked::NotAnswered, now);
        let set = Arc::new(read().await?);
        self.asked.keep(tenant, Asked::Answered, now);
        self.sets.keep(tenant, Arc::clone(&set), now);
        if set.knows(key_id) { Ok(set) } else { Err(Rejected::UnknownKey.into()) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn set(kid: &str) -> KeySet {
        let modulus = format!("wQ{}", "A".repeat(340));
        let key = serde_json::json!({ "kty": "RSA", "kid": kid, "n": modulus, "e": "AQAB" });
        KeySet::parse(serde_json::json!({ "keys": [key] }).to_string().as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_new_key_is_asked_for_once_and_a_storm_of_unknown_ones_costs_one_request() {
        let tenant: TenantId = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();
        let cases = [
            // seconds, key that the token names, key that Entra has, found, requests so far
            (0, "a", "a", true, 1),
            (1, "a", "b", true, 1),
            (2, "evil", "a", false, 1),
            (29, "evil", "a", false, 1),
            (30, "evil", "a", false, 2),
            (31, "b", "b", false, 2),
            (60, "b", "b", true, 3),
            (61, "b", "c", true, 3),
            (60 + 86_400, "b", "b", true, 4),
        ];
        let (sets, requests) = (KeySets::default(), AtomicU32::new(0));
        for (seconds, named, held, found, count) in cases {
            let now = Timestamp::from_second(1_800_000_000 + seconds).unwrap();
            let read = async || {
                requests.fetch_add(1, Ordering::Relaxed);
                Ok(set(held))
            };
            let answer = sets.with(named, tenant, now, read).await;
            assert_eq!(answer.is_ok(), found, "{seconds} s");
            assert_eq!(requests.load(Ordering::Relaxed), count, "{seconds} s");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_fails_is_left_alone_for_a_while_and_nobody_is_refused_for_it() {
        let tenant: TenantId = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();
        let sets = KeySets::default();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();

        let first = sets.with("a", tenant, at(0), async || Err(EntraError::NoKeys(503))).await;
        let second = sets.with("a", tenant, at(1), async || Ok(set("a"))).await;
        let third = sets.with("a", tenant, at(30), async || Ok(set("a"))).await;

        assert!(matches!(first, Err(EntraError::NoKeys(503))));
        assert!(matches!(second, Err(EntraError::NoKeysYet)), "nobody knows what Entra has");
        assert!(third.is_ok());
    }
}
