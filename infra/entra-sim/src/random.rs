//! Randomness of the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// A fresh GUID.
pub(crate) fn guid() -> String {
    draw().to_string()
}

#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
fn draw() -> Uuid {
    Uuid::new_v4()
}

/// An unguessable value of more than 240 random bits as base64url.
pub(crate) fn secret() -> String {
    blob(32)
}

/// `length` random bytes as base64url.
pub(crate) fn blob(length: usize) -> String {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        bytes.extend_from_slice(draw().as_bytes());
    }
    bytes.truncate(length);
    URL_SAFE_NO_PAD.encode(bytes)
}
