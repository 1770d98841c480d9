//! A token that is there already, for one piece of work.

use async_trait::async_trait;
use graph::{TokenError, TokenSource};
use oidc::AccessToken;
use uuid::Uuid;

/// The token that was just given. There is no other: one that Graph does not take is refused.
pub(crate) struct Held(AccessToken);

impl Held {
    /// Of this request.
    pub(crate) const fn new(token: AccessToken) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for Held {
    async fn token(&self, _: Uuid, _: Uuid) -> Result<graph::AccessToken, TokenError> {
        Ok(graph::AccessToken::new(self.0.reveal().to_owned(), self.0.expires_at()))
    }
}
