//! Any JSON as the body of a PATCH, and as a resource: what is read is canonical.

#![no_main]

use scim::schema::{GROUP, USER};
use scim::{BulkRequest, ListQuery, Patch, Resource, ResourceType};
use serde_json::{Value, json};

fn apply(kind: &'static ResourceType, before: Value, body: Value) {
    let mut resource = Resource::read(kind, before).expect("a resource");
    if let Ok(patch) = Patch::read(kind, body) {
        let before = resource.clone();
        let changed = patch.apply(&mut resource);
        assert!(changed.is_ok() || resource == before);
        assert_eq!(Resource::restore(kind, resource.kept()), resource);
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(body) = serde_json::from_str::<Value>(text) else { return };
    let user = json!({ "userName": "a", "emails": [{ "value": "a@x", "type": "work" }] });
    apply(&USER, user, body.clone());
    apply(&GROUP, json!({ "displayName": "g" }), body.clone());
    let _ = ListQuery::from_search(&USER, &body);
    if let Ok(request) = BulkRequest::read(body.clone()) {
        let mut members = body.as_object().into_iter().flatten();
        let operations = members.find(|(name, _)| name.eq_ignore_ascii_case("Operations"));
        let count = operations.and_then(|(_, list)| list.as_array()).map(Vec::len);
        assert_eq!(Some(request.plan().len()), count);
    }
    if let Ok(user) = Resource::read(&USER, body) {
        let sent = Value::Object(user.attributes().clone());
        assert_eq!(Resource::read(&USER, sent), Ok(user));
    }
});
