//! Any text as the path of an operation: what it leaves is canonical, whatever it does.

#![no_main]

use scim::schema::USER;
use scim::{Patch, Resource};
use serde_json::{Value, json};

libfuzzer_sys::fuzz_target!(|path: &str| {
    let before = json!({
        "userName": "ada@contoso.com",
        "emails": [{ "value": "ada@contoso.com", "type": "work", "primary": true }, { "value": "a@x" }],
        "department": "Mathematics",
    });
    let before = Resource::read(&USER, before).expect("a user");
    for value in [json!("x"), json!(true), json!({ "value": "x", "type": "home" }), json!(null)] {
        for op in ["add", "replace", "remove"] {
            let body = json!({ "Operations": [{ "op": op, "path": path, "value": value }] });
            let Ok(patch) = Patch::read(&USER, body) else { continue };
            let mut after = before.clone();
            let changed = patch.apply(&mut after);
            assert!(changed.is_ok() || after == before);
            let sent = Value::Object(after.attributes().clone());
            assert_eq!(Resource::read(&USER, sent).as_ref(), Ok(&after));
        }
    }
});
