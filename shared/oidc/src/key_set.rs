//! The keys that a tenant's tokens are signed with, RFC 7517, each with the issuer it is for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use crate::TenantId;

/// The largest set that is read, in bytes; Entra's has about twenty thousand.
const LARGEST: usize = 256 * 1024;
/// How many keys are looked at.
const MOST_KEYS: usize = 64;
/// The smallest modulus that is believed, in bytes: 2048 bits.
const SMALLEST_MODULUS: usize = 256;
/// What stands for the tenant in the issuer of a key that serves all of them.
const PLACEHOLDER: &str = "{tenantid}";

/// Why bytes are no set of keys.
#[derive(Debug, thiserror::Error)]
pub enum MalformedKeySet {
    /// Larger than any set of Entra's.
    #[error("the key set is too large")]
    TooLarge,
    /// Not the JSON of RFC 7517 §5.
    #[error("not a key set")]
    Json(#[source] serde_json::Error),
    /// No key in it can verify anything.
    #[error("the key set has no usable key")]
    Empty,
}

/// Keys of an issuer. Those of other kinds than RSA, too short, or for encryption are left out.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    id: String,
    issuer: Option<String>,
    pub(crate) verifier: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    n: String,
    e: String,
    issuer: Option<String>,
}

impl KeySet {
    /// Reads a set, RFC 7517 §5; a key that is not understood is left out.
    ///
    /// # Errors
    ///
    /// [`MalformedKeySet`] when nothing in it can verify.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedKeySet> {
        if bytes.len() > LARGEST {
            return Err(MalformedKeySet::TooLarge);
        }
        let document: Document = serde_json::from_slice(bytes).map_err(MalformedKeySet::Json)?;
        let keys: Vec<_> =
            document.keys.into_iter().take(MOST_KEYS).filter_map(Key::read).collect();
        if keys.is_empty() { Err(MalformedKeySet::Empty) } else { Ok(Self { keys }) }
    }

    /// Whether a key of that id is here: otherwise the set may be old.
    pub fn knows(&self, key_id: &str) -> bool {
        self.find(key_id).is_some()
    }

    /// The key of an id; two of the same id are none, since nothing tells which is meant.
    pub(crate) fn find(&self, key_id: &str) -> Option<&Key> {
        let mut found = self.keys.iter().filter(|key| key.id == key_id);
        let key = found.next()?;
        match found.next() {
            None => Some(key),
            Some(_) => None,
        }
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.alg.as_deref().is_none_or(|alg| alg == "RS256");
        let modulus = URL_SAFE_NO_PAD.decode(&jwk.n).ok()?;
        let long = modulus.iter().skip_while(|byte| **byte == 0).count() >= SMALLEST_MODULUS;
        if jwk.kty != "RSA" || jwk.kid.is_empty() || !signs || !long {
            return None;
        }
        let verifier = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok()?;
        Some(Self { id: jwk.kid, issuer: jwk.issuer, verifier })
    }

    /// Whether the key may sign for an issuer of a tenant. One without an issuer of its own came
    /// from the issuer's own address and signs for that one only.
    pub(crate) fn signs_for(&self, issuer: &str, tenant: TenantId) -> bool {
        self.issuer
            .as_ref()
            .is_none_or(|template| template.replace(PLACEHOLDER, &tenant.to_string()) == issuer)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(kid: &str) -> Value {
        let modulus = URL_SAFE_NO_PAD.encode([0xC1; 256]);
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": "AQAB" })
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key.as_object_mut().unwrap().insert(name.to_owned(), value);
        key
    }

    fn set(keys: &[Value]) -> Result<KeySet, MalformedKeySet> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn only_long_rsa_keys_that_sign_are_taken() {
        let short = URL_SAFE_NO_PAD.encode([0xC1; 255]);
        let padded = [vec![0; 16], vec![0xC1; 255]].concat();
        let cases = [
            (key("a"), true),
            (with(key("a"), "use", Value::Null), true),
            (with(key("a"), "alg", json!("RS256")), true),
            (with(key("a"), "alg", json!("HS256")), false),
            (with(key("a"), "use", json!("enc")), false),
            (with(key("a"), "kty", json!("EC")), false),
            (with(key("a"), "kty", json!("oct")), false),
            (with(key("a"), "n", json!(short)), false),
            (with(key("a"), "n", json!(URL_SAFE_NO_PAD.encode(padded))), false),
            (with(key("a"), "n", json!("not base64 !")), false),
            (key(""), false),
            (json!("text"), false),
        ];
        for (key, good) in cases {
            let known = set(std::slice::from_ref(&key)).is_ok_and(|set| set.knows("a"));
            assert_eq!(known, good, "{key}");
        }
    }

    #[test]
    fn a_key_that_is_not_understood_leaves_the_others() {
        let set = set(&[json!({ "kty": "OKP" }), key("a"), key("twice"), key("twice")]).unwrap();

        assert!(set.knows("a"));
        assert!(!set.knows("twice"));
        assert!(!set.knows("b"));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bytes in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}"] {
            assert!(KeySet::parse(bytes.as_bytes()).is_err(), "{bytes}");
        }
        let large = vec![b' '; LARGEST + 1];
        assert!(matches!(KeySet::parse(&large), Err(MalformedKeySet::TooLarge)));
    }

    #[test]
    fn a_key_signs_for_its_own_issuer_only() {
        let tenant: TenantId = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".parse().unwrap();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let cases = [
            (Value::Null, true),
            (json!("https://login.microsoftonline.com/{tenantid}/v2.0"), true),
            (json!(issuer), true),
            (
                json!(
                    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
                ),
                false,
            ),
            (json!("https://login.microsoftonline.us/{tenantid}/v2.0"), false),
            (json!(""), false),
        ];
        for (template, good) in cases {
            let set = set(&[with(key("a"), "issuer", template.clone())]).unwrap();
            let signs = set.find("a").unwrap().signs_for(&issuer, tenant);
            assert_eq!(signs, good, "{template}");
        }
    }
}
