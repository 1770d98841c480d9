//! Who somebody is, in three stages of belief: unverified, verified, accepted.
//!
//! OIDC Core §3.1.3.7, with Entra's rule on top: the issuer holds the token's own tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::{Cloud, DirectoryRole, KeySet, Redacted, TenantId};

/// The longest token that is read, in bytes.
const LONGEST: usize = 32 * 1024;
/// By how much our clock and Microsoft's may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why an id token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not a JWT of three parts whose header and claims are what they should be.
    #[error("not an id token")]
    Malformed,
    /// Signed by another algorithm than RS256, or by none.
    #[error("the id token is not signed with RS256")]
    Algorithm,
    /// The key is in no set that we know: a newer one may have it.
    #[error("the id token is signed by an unknown key")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the signature of the id token does not hold")]
    Signature,
    /// Issued by somebody else, or signed by a key that is not the issuer's.
    #[error("the id token has another issuer")]
    Issuer,
    /// Meant for another application.
    #[error("the id token is for another audience")]
    Audience,
    /// Of another tenant than the one that was asked.
    #[error("the id token is of another tenant")]
    Tenant,
    /// In answer to another request.
    #[error("the id token has another nonce")]
    Nonce,
    /// Over.
    #[error("the id token is over")]
    Expired,
    /// Not valid yet, or issued in the future.
    #[error("the id token is not valid yet")]
    NotYetValid,
}

/// An id token of which nothing is known but which key it names.
#[derive(Clone, Debug)]
pub struct UnverifiedIdToken {
    token: Redacted,
    key_id: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood, RFC 7515 §4.1.11: we understand none.
    crit: Option<IgnoredAny>,
}

#[derive(Clone, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    tid: TenantId,
    oid: Uuid,
    wids: Option<Vec<Uuid>>,
    /// Who signed the person in, where that is not the issuer.
    idp: Option<String>,
    preferred_username: Option<String>,
    name: Option<String>,
}

/// An id token whose signature holds and whose issuer is the one of its tenant.
///
/// Made only by [`UnverifiedIdToken::verify`]; whom it is for and when is not known yet.
#[derive(Clone)]
pub struct VerifiedIdToken {
    claims: Claims,
}

/// What an id token must say to be the answer to our own request.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our application's id.
    pub client_id: &'a str,
    /// What the request carried.
    pub nonce: &'a str,
    /// The only tenant whose people are asked for; [`None`] for anybody's.
    pub tenant: Option<TenantId>,
}

/// Somebody who signed in at Microsoft.
///
/// `tenant` and `object_id` together are who it is; the names change and are only for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whose directory.
    pub tenant: TenantId,
    /// Who in it.
    pub object_id: Uuid,
    /// The sign-in name, for showing and for the first match only.
    pub user_name: Option<String>,
    /// What the person is called.
    pub name: Option<String>,
    /// Templates of the directory roles that the person holds; [`None`] where the registration
    /// does not ask for the claim.
    pub directory_roles: Option<Vec<Uuid>>,
    /// Whether somebody else than the tenant signed the person in: a guest, whose names are theirs.
    pub is_guest: bool,
}

impl Person {
    /// Whether the person may consent for the tenant; [`None`] when Microsoft does not tell.
    pub fn may_consent(&self) -> Option<bool> {
        let roles = self.directory_roles.as_ref()?;
        Some(DirectoryRole::ALL.iter().any(|role| roles.contains(&role.template())))
    }
}

impl UnverifiedIdToken {
    /// Reads a token as far as to know which key it names. RFC 7515 §3.1.
    ///
    /// # Errors
    ///
    /// [`Rejected::Malformed`], or [`Rejected::Algorithm`] for any but RS256: `none` and the
    /// symmetric ones never reach a key.
    pub fn parse(token: &str) -> Result<Self, Rejected> {
        if token.len() > LONGEST {
            return Err(Rejected::Malformed);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Rejected::Malformed);
        };
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Rejected::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| Rejected::Malformed)?;
        if header.alg != "RS256" {
            return Err(Rejected::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Rejected::Malformed);
        }
        let key_id = header.kid.ok_or(Rejected::Malformed)?;
        Ok(Self { token: Redacted::new(token.to_owned()), key_id })
    }

    /// The id of the key that it says it is signed with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks the signature, and that the issuer is the one of the token's own tenant.
    ///
    /// # Errors
    ///
    /// [`Rejected::UnknownKey`], [`Rejected::Signature`], [`Rejected::Malformed`] or
    /// [`Rejected::Issuer`].
    pub fn verify(self, keys: &KeySet, cloud: &Cloud) -> Result<VerifiedIdToken, Rejected> {
        let key = keys.find(&self.key_id).ok_or(Rejected::UnknownKey)?;
        let claims: Claims = signed_claims(self.token.reveal(), key)?;
        if claims.iss != cloud.issuer(claims.tid) || !key.signs_for(&claims.iss, claims.tid) {
            return Err(Rejected::Issuer);
        }
        Ok(VerifiedIdToken { claims })
    }
}

/// The claims of a token whose signature holds. Audience and times are judged by us, later, by a
/// clock that is given to us.
fn signed_claims(token: &str, key: &crate::key_set::Key) -> Result<Claims, Rejected> {
    use jsonwebtoken::errors::ErrorKind;

    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.verifier, &validation);
    decoded.map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Rejected::Signature,
        ErrorKind::InvalidAlgorithm => Rejected::Algorithm,
        _ => Rejected::Malformed,
    })
}

impl std::fmt::Debug for VerifiedIdToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("VerifiedIdToken").field("tenant", &self.claims.tid).finish()
    }
}

impl VerifiedIdToken {
    /// Checks that it answers our own request and holds at `now`: from `nbf` until before `exp`,
    /// five minutes more on both sides.
    ///
    /// # Errors
    ///
    /// [`Rejected::Audience`], [`Rejected::Tenant`], [`Rejected::Nonce`], [`Rejected::Expired`] or
    /// [`Rejected::NotYetValid`].
    pub fn accept(self, expected: &Expected<'_>, now: Timestamp) -> Result<Person, Rejected> {
        let claims = self.claims;
        if claims.aud != expected.client_id {
            return Err(Rejected::Audience);
        }
        let own = !claims.tid.is_consumers();
        if !own || expected.tenant.is_some_and(|tenant| tenant != claims.tid) {
            return Err(Rejected::Tenant);
        }
        if expected.nonce.is_empty() || claims.nonce.as_deref() != Some(expected.nonce) {
            return Err(Rejected::Nonce);
        }
        check_times(&claims, now)?;
        Ok(Person {
            tenant: claims.tid,
            object_id: claims.oid,
            user_name: claims.preferred_username,
            name: claims.name,
            directory_roles: claims.wids,
            is_guest: claims.idp.is_some_and(|idp| idp != claims.iss),
        })
    }
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), Rejected> {
    let instant = |second| Timestamp::from_second(second).map_err(|_| Rejected::Malformed);
    if now.duration_since(instant(claims.exp)?) >= SKEW {
        return Err(Rejected::Expired);
    }
    for begins in [Some(claims.iat), claims.nbf].into_iter().flatten() {
        if instant(begins)?.duration_since(now) > SKEW {
            return Err(Rejected::NotYetValid);
        }
    }
    Ok(())
}
