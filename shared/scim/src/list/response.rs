//! The answer to a query, RFC 7644 §3.4.2.

use serde_json::{Value, json};

/// The URN of a list.
const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Where in the whole a page stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    /// From this place on, counted from 1.
    Index(u64),
    /// Somewhere; the next page is found by a cursor, if there is one, RFC 9865 §2.
    Cursor(Option<String>),
}

/// One page of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ListResponse {
    /// How many there are on all pages.
    pub total: u64,
    /// Where this page stands.
    pub start: Start,
    /// The resources of this page, each as JSON text: as values, a page of many small ones would
    /// take a hundred times its length in memory.
    pub resources: Vec<String>,
}

impl ListResponse {
    /// The body of the answer. `Resources` is there even if empty, as Entra expects.
    pub fn into_body(self) -> String {
        let mut body = head(self.total, self.resources.len(), self.start).to_string();
        // The end of the object.
        body.pop();
        body.reserve_exact(self.resources.iter().map(|resource| resource.len() + 1).sum());
        body.push_str(",\"Resources\":[");
        for (place, resource) in self.resources.into_iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            body.push_str(&resource);
        }
        body.push_str("]}");
        body
    }
}

/// All there is on one page.
pub(crate) fn whole(resources: Vec<Value>) -> Value {
    let total = u64::try_from(resources.len()).unwrap_or(u64::MAX);
    let mut body = head(total, resources.len(), Start::Index(1));
    if let Some(body) = body.as_object_mut() {
        body.insert("Resources".to_owned(), resources.into());
    }
    body
}

/// Everything but the resources.
fn head(total: u64, count: usize, start: Start) -> Value {
    let mut head =
        json!({ "schemas": [LIST_SCHEMA], "totalResults": total, "itemsPerPage": count });
    let extra = match start {
        Start::Index(start) => Some(("startIndex", Value::from(start))),
        Start::Cursor(next) => next.map(|next| ("nextCursor", Value::from(next))),
    };
    if let (Some((name, value)), Some(head)) = (extra, head.as_object_mut()) {
        head.insert(name.to_owned(), value);
    }
    head
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn body(total: u64, start: Start, resources: &[Value]) -> Value {
        let resources = resources.iter().map(Value::to_string).collect();
        serde_json::from_str(&ListResponse { total, start, resources }.into_body()).unwrap()
    }

    #[test]
    fn an_empty_list_is_what_entra_expects() {
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0,
            "startIndex": 1,
            "itemsPerPage": 0,
            "Resources": [],
        });
        assert_eq!(body(0, Start::Index(1), &[]), expected);
        assert_eq!(whole(Vec::new()), expected);
    }

    #[test]
    fn a_page_by_cursor_has_the_next_cursor_and_no_index() {
        let resources = [json!({ "id": "1" }), json!({ "id": "\"2\"" })];
        let page = |next: Option<&str>| body(9, Start::Cursor(next.map(str::to_owned)), &resources);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 9,
            "itemsPerPage": 2,
            "nextCursor": "n",
            "Resources": resources,
        });
        assert_eq!(page(Some("n")), expected);
        assert_eq!(page(None).get("nextCursor"), None);
    }
}
