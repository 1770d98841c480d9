//! OAuth 2.0 and OpenID Connect as Microsoft Entra speaks them: URLs, callbacks, tokens, assertions.
//!
//! No HTTP, no storage, no clock: text and `now` in, values out. A client assertion is signed in
//! two phases, because its key is in KMS: [`UnsignedAssertion::digest`], then
//! [`UnsignedAssertion::finish`].
//!
//! | module | what |
//! |---|---|
//! | `cloud`, `tenant` | where Microsoft is, and whose directory |
//! | `pkce`, `authorize`, `callback` | what a browser is sent to, and what it brings back |
//! | `request`, `answer`, `refusal` | what is asked of the token endpoint, and what it says |
//! | `assertion` | how we prove who we are without a secret |
//! | `key_set`, `id_token` | who somebody is: unverified, verified, accepted |

mod answer;
mod assertion;
mod authorize;
mod callback;
mod cloud;
mod id_token;
mod key_set;
mod pkce;
mod refusal;
mod request;
mod role;
mod secret;
mod tenant;

pub use answer::{AccessToken, MalformedAnswer, SignedIn, access_token, signed_in};
pub use assertion::{AssertionClaims, UnsignedAssertion};
pub use authorize::{AdminConsent, Authorization, Prompt, SIGN_IN_SCOPE};
pub use callback::{
    CALLBACK_LIMIT, ConsentAnswer, ConsentCallback, MalformedCallback, ProviderError, SignInAnswer,
    SignInCallback,
};
pub use cloud::{Cloud, NotACloud};
pub use id_token::{Expected, Person, Rejected, UnverifiedIdToken, VerifiedIdToken};
pub use key_set::{KeySet, MalformedKeySet};
pub use pkce::{Challenge, Verifier};
pub use refusal::{Follows, TokenRefusal};
pub use request::{ClientCredential, TokenForm};
pub use role::DirectoryRole;
pub use secret::Redacted;
pub use tenant::{Authority, NotATenant, TenantId};
