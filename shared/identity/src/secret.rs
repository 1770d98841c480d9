//! Values that prove something by being known.

use std::fmt;
use std::str::FromStr;

use ambient::Entropy;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// 256 random bits that somebody holds: a session, a link, a browser's part of a request.
///
/// Only its [`hash`](Self::hash) is ever stored. On the wire it is 43 characters of base64url.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Makes a new secret.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The secret as it is handed out.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored, and looked up, in its place.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&[&self.0])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret([redacted])")
    }
}

/// The text is not 43 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a secret that we handed out")]
pub struct NotASecret;

impl FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let mut bytes = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(NotASecret),
        }
    }
}

/// The SHA-256 of a secret, as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// Hashes parts one after another, each led by its length so that no two lists look alike.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut message = Vec::new();
        for part in parts {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let hash = digest(&SHA256, &message);
        Self(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The digits, for a key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In constant time: the time tells nothing about where two hashes differ.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes())
            .is_ok()
    }
}

impl Eq for SecretHash {}

/// A code that a person writes down: 125 random bits as 25 letters and digits in five groups.
///
/// The alphabet is Crockford's base 32: no I, L, O or U, and what is typed may be in any case,
/// with or without the dashes.
#[derive(Clone)]
pub struct RecoveryCode(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl RecoveryCode {
    /// Makes a new code.
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 25];
        entropy.fill(&mut bytes);
        let letter = |byte: &u8| CROCKFORD.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        Self(bytes.iter().map(|byte| char::from(letter(byte))).collect())
    }

    /// The code as it is shown, once.
    pub fn reveal(&self) -> String {
        let groups = self.0.as_bytes().chunks(5).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join("-")
    }

    /// What is stored in its place.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&[self.0.as_bytes()])
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecoveryCode([redacted])")
    }
}

impl FromStr for RecoveryCode {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        if text.len() > 64 {
            return Err(NotASecret);
        }
        let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let folded = typed.map(|c| match c.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        });
        let code: String = folded.collect();
        let good = code.len() == 25 && code.bytes().all(|byte| CROCKFORD.contains(&byte));
        if good { Ok(Self(code)) } else { Err(NotASecret) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_revealed_and_no_other_way() {
        let secret = Secret::mint(&SystemEntropy);
        let revealed = secret.reveal();

        assert_eq!(revealed.len(), 43);
        assert_eq!(revealed.parse::<Secret>().unwrap().hash(), secret.hash());
        let short: String = revealed.chars().take(42).collect();
        for bad in ["", "short", &format!("{revealed}A"), &format!("{revealed}="), &short] {
            assert!(bad.parse::<Secret>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_recovery_code_forgives_case_dashes_and_look_alikes() {
        let code = RecoveryCode::mint(&SystemEntropy);
        let shown = code.reveal();

        assert_eq!(shown.len(), 29);
        let typed = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(typed.parse::<RecoveryCode>().unwrap().hash(), code.hash());
        assert!("ABCDE".parse::<RecoveryCode>().is_err());
    }

    #[test]
    fn two_lists_of_parts_never_hash_alike() {
        assert_ne!(SecretHash::of(&[b"ab", b"c"]), SecretHash::of(&[b"a", b"bc"]));
    }

    #[test]
    fn a_log_never_shows_a_secret() {
        assert_eq!(format!("{:?}", Secret::mint(&SystemEntropy)), "Secret([redacted])");
    }
}
