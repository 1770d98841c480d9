//! Any text as a filter: what parses is printed, parsed again to the same, and asked of a user.

#![no_main]

use scim::schema::{RESOURCE_TYPES, USER};
use scim::{Filter, Resource};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for kind in RESOURCE_TYPES {
        if let Ok(filter) = Filter::parse(text, kind) {
            assert_eq!(Filter::parse(&filter.to_string(), kind).as_ref(), Ok(&filter));
            let _ = filter.lookup();
        }
    }
    let user = serde_json::json!({
        "userName": "ada@contoso.com",
        "title": "Countess",
        "active": true,
        "emails": [{ "value": "ada@contoso.com", "type": "work", "primary": true }, { "value": "a@x" }],
        "manager": { "value": "1" },
    });
    let user = Resource::read(&USER, user).expect("a user");
    if let Ok(filter) = Filter::parse(text, &USER) {
        let _ = filter.matches(&user);
    }
});
