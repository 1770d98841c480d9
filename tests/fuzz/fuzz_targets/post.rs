//! Any bytes as the body of the HTTP-POST binding.

#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let _ = saml::request::from_post(body);
});
