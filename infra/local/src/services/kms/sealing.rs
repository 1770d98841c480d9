//! Symmetric encryption: AES-256-GCM with the encryption context bound to the ciphertext.

use std::collections::BTreeMap;

use ambient::Entropy;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use uuid::Uuid;

/// `EncryptionContext`: pairs that must be the same when decrypting.
pub(super) type Context = BTreeMap<String, String>;

/// First byte of every ciphertext of ours.
const VERSION: u8 = 1;

/// Version and key id stand in front of the nonce.
const HEADER_LEN: usize = 1 + 16;

/// Reads which key a ciphertext was made with; `None` for bytes that are no ciphertext of ours.
pub(super) fn key_of(ciphertext: &[u8]) -> Option<Uuid> {
    let (version, rest) = ciphertext.split_first()?;
    let id = rest.get(..16)?;
    if *version == VERSION { Uuid::from_slice(id).ok() } else { None }
}

/// Encrypts; the key's id, the context and the format are authenticated with the text.
pub(super) fn seal(
    key: &[u8; 32],
    id: Uuid,
    context: &Context,
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Unspecified> {
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(id.as_bytes());
    let nonce: [u8; NONCE_LEN] = entropy.bytes();
    let mut text = plaintext.to_vec();
    cipher(key)?.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(authenticated(&sealed, context)),
        &mut text,
    )?;
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&text);
    Ok(sealed)
}

/// Decrypts what [`seal`] made with the same key and context.
pub(super) fn open(
    key: &[u8; 32],
    context: &Context,
    ciphertext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let (header, rest) = ciphertext.split_at_checked(HEADER_LEN).ok_or(Unspecified)?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
    let mut text = text.to_vec();
    let plaintext = cipher(key)?.open_in_place(
        Nonce::try_assume_unique_for_key(nonce)?,
        Aad::from(authenticated(header, context)),
        &mut text,
    )?;
    Ok(plaintext.to_vec())
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new)
}

/// Lengths stand before the texts, so that no two contexts read the same.
fn authenticated(header: &[u8], context: &Context) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;

    use super::*;

    fn context(pairs: &[(&str, &str)]) -> Context {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let id = Uuid::from_bytes([7; 16]);
        let here = context(&[("organization", "a"), ("purpose", "b")]);
        let sealed = seal(&[1; 32], id, &here, b"secret", &SystemEntropy).unwrap();

        assert_eq!(key_of(&sealed), Some(id));
        assert_eq!(open(&[1; 32], &here, &sealed).unwrap(), b"secret");
        assert!(open(&[2; 32], &here, &sealed).is_err());
        for other in [
            context(&[]),
            context(&[("organization", "a")]),
            context(&[("organization", "ab"), ("purpose", "")]),
            context(&[("organizationa", ""), ("purpose", "b")]),
            context(&[("organization", "a"), ("purpose", "b"), ("more", "c")]),
        ] {
            assert!(open(&[1; 32], &other, &sealed).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let here = context(&[("a", "b")]);
        let sealed = seal(&[1; 32], Uuid::nil(), &here, b"secret", &SystemEntropy).unwrap();

        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            *changed.get_mut(position).unwrap() ^= 1;
            assert!(open(&[1; 32], &here, &changed).is_err(), "byte {position}");
        }
        assert!(open(&[1; 32], &here, &[]).is_err());
    }
}
