//! Access tokens: asked for by somebody else, kept in memory until shortly before they end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long before its end a token is replaced.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// How long before its end a token is used at all: a call takes a while.
const LEAST: SignedDuration = SignedDuration::from_secs(60);

/// Lets us act in one tenant. Never stored and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    secret: String,
    expires_at: Timestamp,
}

impl AccessToken {
    /// A token that is no longer good at `expires_at`.
    pub fn new(secret: String, expires_at: Timestamp) -> Self {
        Self { secret, expires_at }
    }

    /// The token itself.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    fn outlives(&self, now: Timestamp, by: SignedDuration) -> bool {
        self.expires_at.duration_since(now) > by
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccessToken(until {})", self.expires_at)
    }
}

/// Why there is no token, by what follows.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Throttled, out of order, or not replicated yet: again later.
    #[error("no token can be had now")]
    Retry(Option<Duration>),
    /// The tenant does not know the application (any more), or never consented.
    #[error("the tenant does not consent to the application")]
    ConsentLost(Option<String>),
    /// Anything else: asking again will not help.
    #[error("no token can be had")]
    Bug(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whoever asks Entra for an application's token in a tenant.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Asks for a fresh token. `correlation` goes along as `client-request-id`.
    async fn token(&self, tenant: Uuid, correlation: Uuid) -> Result<AccessToken, TokenError>;
}

/// Tokens in memory, by tenant.
pub(crate) struct Tokens {
    source: Arc<dyn TokenSource>,
    kept: Mutex<HashMap<Uuid, AccessToken>>,
    /// Held by whoever asks for a tenant's, so that others of the same moment wait for theirs.
    asking: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
}

impl Tokens {
    pub(crate) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self { source, kept: Mutex::default(), asking: Mutex::default() }
    }

    /// A token that is good for a call. One that is about to end is replaced; while no new one can be
    /// had, it serves.
    pub(crate) async fn get(
        &self,
        tenant: Uuid,
        correlation: Uuid,
        now: Timestamp,
    ) -> Result<AccessToken, TokenError> {
        if let Some(token) = self.kept_of(tenant).filter(|token| token.outlives(now, EARLY)) {
            return Ok(token);
        }
        let asking = {
            let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asking.entry(tenant).or_default())
        };
        let _one = asking.lock().await;
        let kept = self.kept_of(tenant);
        if let Some(token) = kept.as_ref().filter(|token| token.outlives(now, EARLY)) {
            return Ok(token.clone());
        }
        let fresh = match (self.source.token(tenant, correlation).await, kept) {
            (Ok(fresh), _) => fresh,
            (Err(TokenError::Retry(_)), Some(kept)) if kept.outlives(now, LEAST) => {
                return Ok(kept);
            }
            (Err(error), _) => return Err(error),
        };
        self.kept(|kept| kept.insert(tenant, fresh.clone()));
        Ok(fresh)
    }

    /// Forgets a token that Graph did not take, unless it was replaced meanwhile.
    pub(crate) fn forget(&self, tenant: Uuid, token: &AccessToken) {
        self.kept(|kept| {
            if kept.get(&tenant) == Some(token) {
                kept.remove(&tenant);
            }
        });
    }

    /// Forgets whatever there is of a tenant.
    pub(crate) fn forget_tenant(&self, tenant: Uuid) {
        self.kept(|kept| kept.remove(&tenant));
    }

    fn kept_of(&self, tenant: Uuid) -> Option<AccessToken> {
        self.kept(|kept| kept.get(&tenant).cloned())
    }

    fn kept<T>(&self, act: impl FnOnce(&mut HashMap<Uuid, AccessToken>) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Gives tokens of an hour, or says no.
    struct Source {
        asked: AtomicU32,
        works: bool,
        now: Timestamp,
    }

    #[async_trait]
    impl TokenSource for Source {
        async fn token(&self, _: Uuid, _: Uuid) -> Result<AccessToken, TokenError> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst);
            if number > 0 && !self.works {
                return Err(TokenError::Retry(None));
            }
            let end = self.now + SignedDuration::from_mins(60);
            Ok(AccessToken::new(format!("token {number}"), end))
        }
    }

    fn source(works: bool) -> (Arc<Source>, Tokens, Timestamp) {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let source = Arc::new(Source { asked: AtomicU32::new(0), works, now });
        (Arc::clone(&source), Tokens::new(source), now)
    }

    #[tokio::test]
    async fn a_token_is_kept_and_replaced_five_minutes_before_its_end() {
        let (source, tokens, now) = source(true);
        let cases = [(0, 1), (54, 1), (55, 2)];

        for (minutes, asked) in cases {
            let now = now + SignedDuration::from_mins(minutes);
            tokens.get(Uuid::nil(), Uuid::nil(), now).await.unwrap();
            assert_eq!(source.asked.load(Ordering::SeqCst), asked, "after {minutes} minutes");
        }
    }

    #[tokio::test]
    async fn while_no_new_one_can_be_had_the_old_one_serves_to_its_last_minute() {
        let (_, tokens, now) = source(false);
        tokens.get(Uuid::nil(), Uuid::nil(), now).await.unwrap();

        let late = now + SignedDuration::from_mins(58);
        assert_eq!(tokens.get(Uuid::nil(), Uuid::nil(), late).await.unwrap().secret(), "token 0");
        let over = now + SignedDuration::from_mins(59);
        assert!(tokens.get(Uuid::nil(), Uuid::nil(), over).await.is_err());
    }

    #[tokio::test]
    async fn tenants_have_tokens_of_their_own_and_a_refused_one_is_forgotten() {
        let (source, tokens, now) = source(true);
        let first = tokens.get(Uuid::from_u128(1), Uuid::nil(), now).await.unwrap();
        let second = tokens.get(Uuid::from_u128(2), Uuid::nil(), now).await.unwrap();
        assert_ne!(first, second);

        tokens.forget(Uuid::from_u128(1), &second);
        assert_eq!(tokens.get(Uuid::from_u128(1), Uuid::nil(), now).await.unwrap(), first);
        tokens.forget(Uuid::from_u128(1), &first);
        assert_ne!(tokens.get(Uuid::from_u128(1), Uuid::nil(), now).await.unwrap(), first);
        assert_eq!(source.asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_token_is_shown_to_no_log() {
        let token = AccessToken::new("secret".to_owned(), Timestamp::UNIX_EPOCH);

        assert!(!format!("{token:?}").contains("secret"));
    }
}
