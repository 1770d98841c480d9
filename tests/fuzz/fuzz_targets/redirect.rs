//! Any text as the raw query of the HTTP-Redirect binding.

#![no_main]

libfuzzer_sys::fuzz_target!(|query: &str| {
    let _ = saml::request::from_redirect(query);
    let _ = saml::request::hint(query);
});
