//! Any text as an id token, a callback, a set of keys and an answer: nothing but values comes out.

#![no_main]

use oidc::{ConsentCallback, KeySet, SignInCallback, TokenRefusal, UnverifiedIdToken};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = ConsentCallback::parse(text);
    let _ = SignInCallback::parse(text);
    let _ = oidc::signed_in(text.as_bytes());
    let refusal = TokenRefusal::read(400, Some(text), text.as_bytes());
    assert!(refusal.code.len() <= 64);
    let now = "2026-01-01T00:00:00Z".parse().expect("an instant");
    if let Ok(token) = oidc::access_token(text.as_bytes(), now) {
        assert!(now < token.expires_at());
    }
    if let Ok(token) = UnverifiedIdToken::parse(text) {
        // No key is here that could have signed it.
        let keys = r#"{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":""#;
        let keys = format!("{keys}{}{}", "wQ", "A".repeat(340)) + r#""}]}"#;
        let keys = KeySet::parse(keys.as_bytes()).expect("a key set");
        let cloud = oidc::Cloud::new("https://login.microsoftonline.com", "https://graph.microsoft.com");
        assert!(token.verify(&keys, &cloud.expect("a cloud")).is_err());
    }
    let _ = KeySet::parse(text.as_bytes());
});
