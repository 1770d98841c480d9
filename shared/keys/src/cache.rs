//! Values that a warm function keeps for a stated while.
//!
//! No background work and no clock: the caller says what time it is. Two calls at once may both
//! read; the later answer stays. An error is never kept, and an old value never stands in for one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long a function may go on with a key ring or a certificate that it read once.
///
/// A key that was made active or withdrawn is therefore in every warm function 60 seconds later.
pub const LIFETIME: SignedDuration = SignedDuration::from_secs(60);

/// How many keys a [`CachedBy`] holds before it forgets the oldest.
pub const CAPACITY: usize = 256;

/// One value for each key, each read again when its lifetime is over.
///
/// Holds [`CAPACITY`] values at most.
#[derive(Debug)]
pub struct CachedBy<K, T> {
    lifetime: SignedDuration,
    slots: Mutex<HashMap<K, Slot<T>>>,
}

/// A value and when it was asked for.
#[derive(Clone, Debug)]
struct Slot<T> {
    read_at: Timestamp,
    value: T,
}

impl<K: Clone + Eq + Hash, T: Clone> CachedBy<K, T> {
    /// Makes an empty cache whose values live for `lifetime`.
    pub fn new(lifetime: SignedDuration) -> Self {
        Self { lifetime, slots: Mutex::new(HashMap::new()) }
    }

    /// Returns the value kept for `key`, or asks `read` for one and keeps it.
    ///
    /// A value read at *t* serves while *t* ≤ `now` < *t* + lifetime.
    ///
    /// # Errors
    /// Those of `read`, unchanged.
    pub async fn get<E>(
        &self,
        key: K,
        now: Timestamp,
        read: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(value) = self.kept(&key, now) {
            return Ok(value);
        }
        let value = read().await?;
        self.keep(key, value.clone(), now);
        Ok(value)
    }

    /// Returns the value kept for `key`, for a caller that reads it together with others.
    pub fn kept(&self, key: &K, now: Timestamp) -> Option<T> {
        let slots = self.lock();
        let slot = slots.get(key)?;
        let age = now.duration_since(slot.read_at);
        (!age.is_negative() && age < self.lifetime).then(|| slot.value.clone())
    }

    /// Keeps a value read at `now`.
    pub fn keep(&self, key: K, value: T, now: Timestamp) {
        let mut slots = self.lock();
        if slots.len() >= CAPACITY && !slots.contains_key(&key) {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.read_at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                slots.remove(&oldest);
            }
        }
        slots.insert(key, Slot { read_at: now, value });
    }

    /// A panic elsewhere cannot leave a map half written: each change is one insert or remove.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Slot<T>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn a_value_serves_until_its_lifetime_and_not_before_it_was_read() {
        let cases = [
            // seconds after the first read, second value seen
            (0, 1),
            (59, 1),
            (60, 2),
            (61, 2),
            (-1, 2),
        ];
        for (seconds, expected) in cases {
            let reads = AtomicU32::new(0);
            let read = async || Ok::<_, Infallible>(reads.fetch_add(1, Ordering::Relaxed) + 1);
            let cached = CachedBy::new(LIFETIME);

            let Ok(_) = cached.get((), at(0), read).await;
            let Ok(second) = cached.get((), at(seconds), read).await;

            assert_eq!(second, expected, "{seconds} s later");
        }
    }

    #[tokio::test]
    async fn an_error_is_not_kept_and_an_old_value_does_not_hide_it() {
        let cached = CachedBy::new(LIFETIME);

        assert_eq!(cached.get((), at(0), async || Err::<u8, _>("down")).await, Err("down"));
        assert_eq!(cached.get((), at(0), async || Ok::<_, &str>(1)).await, Ok(1));
        assert_eq!(cached.get((), at(60), async || Err("down")).await, Err("down"));
        assert_eq!(cached.get((), at(61), async || Ok::<_, &str>(2)).await, Ok(2));
    }

    #[tokio::test]
    async fn keys_do_not_share_values_and_the_oldest_leaves_a_full_cache() {
        let cached = CachedBy::new(LIFETIME);
        for key in 0..=CAPACITY {
            let now = Timestamp::from_millisecond(1_800_000_000_000 + key as i64).unwrap();
            cached.get(key, now, async || Ok::<_, Infallible>(key)).await.unwrap();
        }

        assert_eq!(cached.get(0, at(1), async || Err("read again")).await, Err("read again"));
        assert_eq!(cached.get(1, at(1), async || Err("read again")).await, Ok(1));
        assert_eq!(cached.get(CAPACITY, at(1), async || Err("no")).await, Ok(CAPACITY));
    }
}
