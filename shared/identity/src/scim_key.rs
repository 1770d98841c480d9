//! The keys of provisioning clients.

use std::fmt;
use std::str::FromStr;

use ambient::Entropy;
use serde::{Deserialize, Serialize};

use crate::{Secret, SecretHash};

/// What every key begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "passerelle_scim_";
/// How many characters the secret has.
const SECRET: usize = 43;
/// How many characters the checksum has.
const CHECKSUM: usize = 6;

/// Who provisions with a key, as far as that decides what attributes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScimClient {
    /// Microsoft Entra: an `externalId` that is a UUID is the user's object id.
    Entra,
    /// Anybody else: an `externalId` is opaque.
    Other,
}

impl ScimClient {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Other => "other",
        }
    }
}

/// A bearer key that provisions into one organization: 256 random bits (RFC 6750 §2.1).
///
/// On the wire it is `passerelle_scim_`, 43 characters of base64url, `_`, and 6 characters of
/// checksum: a scanner knows one when it sees one, and a mistyped or invented one is refused
/// without asking the table. Only its [`hash`](Self::hash) is ever stored.
///
/// ```
/// use ambient::SystemEntropy;
/// use identity::ScimKey;
///
/// let key = ScimKey::mint(&SystemEntropy).reveal();
///
/// assert!(key.starts_with("passerelle_scim_"));
/// assert!(key.parse::<ScimKey>().is_ok());
/// assert!(key.to_uppercase().parse::<ScimKey>().is_err());
/// ```
#[derive(Clone)]
pub struct ScimKey(Secret);

impl ScimKey {
    /// Makes a new key.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        Self(Secret::mint(entropy))
    }

    /// The key as it is handed out, once.
    pub fn reveal(&self) -> String {
        let body = format!("{PREFIX}{}", self.0.reveal());
        format!("{body}_{}", checksum(&body))
    }

    /// What is stored, and looked up, in its place.
    pub fn hash(&self) -> SecretHash {
        self.0.hash()
    }
}

impl fmt::Debug for ScimKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ScimKey([redacted])")
    }
}

/// The text is no key that we handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a provisioning key that we handed out")]
pub struct NotAScimKey;

impl FromStr for ScimKey {
    type Err = NotAScimKey;

    /// Looks at the form alone, all of which anybody may know: how long this takes tells nothing.
    fn from_str(text: &str) -> Result<Self, NotAScimKey> {
        if text.len() != PREFIX.len() + SECRET + 1 + CHECKSUM {
            return Err(NotAScimKey);
        }
        let (body, sum) = text.split_at_checked(PREFIX.len() + SECRET).ok_or(NotAScimKey)?;
        let secret = body.strip_prefix(PREFIX).ok_or(NotAScimKey)?;
        if sum.strip_prefix('_') != Some(checksum(body).as_str()) {
            return Err(NotAScimKey);
        }
        secret.parse().map(Self).map_err(|_| NotAScimKey)
    }
}

/// CRC-32 in base 62: no secret, only a guard against slips and inventions.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

/// RFC 1952 §8, bit by bit: a key is short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let lowest = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 * lowest);
        }
    }
    !crc
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_revealed_and_no_other_way() {
        let key = ScimKey::mint(&SystemEntropy);
        let shown = key.reveal();

        assert_eq!(shown.len(), 66);
        assert_eq!(shown.parse::<ScimKey>().unwrap().hash(), key.hash());
        let other = ScimKey::mint(&SystemEntropy).reveal();
        let crossed = format!("{}{}", shown.split_at(59).0, other.split_at(59).1);
        let bad = [
            String::new(),
            shown.replace("scim", "SCIM"),
            shown.split_at(65).0.to_owned(),
            format!("{shown}0"),
            format!(" {shown}"),
            crossed,
            "ü".repeat(33),
            "_".repeat(66),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<ScimKey>().err(), Some(NotAScimKey), "{bad}");
        }
    }

    #[test]
    fn one_changed_character_is_always_noticed() {
        let shown = ScimKey::mint(&SystemEntropy).reveal();
        for position in 0..shown.len() {
            let mut changed = shown.clone().into_bytes();
            let byte = changed.get_mut(position).unwrap();
            *byte = if *byte == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed.parse::<ScimKey>().is_err(), "{position}");
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_everybody_computes() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        // 62^5 = 916,132,832: five digits and the leading one.
        assert_eq!(checksum(""), "000000");
        assert_eq!(checksum("123456789"), "3jZRME");
    }

    #[test]
    fn a_log_never_shows_a_key() {
        assert_eq!(format!("{:?}", ScimKey::mint(&SystemEntropy)), "ScimKey([redacted])");
    }
}
