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
    /// The resources of this page.
    pub resources: Vec<Value>,
}

impl ListResponse {
    /// All there is on one page.
    pub fn whole(resources: Vec<Value>) -> Self {
        let total = u64::try_from(resources.len()).unwrap_or(u64::MAX);
        Self { total, start: Start::Index(1), resources }
    }

    /// The body of the answer. `Resources` is there even if empty, as Entra expects.
    pub fn into_json(self) -> Value {
        let mut body = json!({
            "schemas": [LIST_SCHEMA],
            "totalResults": self.total,
            "itemsPerPage": self.resources.len(),
            "Resources": self.resources,
        });
        let extra = match self.start {
            Start::Index(start) => Some(("startIndex", Value::from(start))),
            Start::Cursor(next) => next.map(|next| ("nextCursor", Value::from(next))),
        };
        if let (Some((name, value)), Some(body)) = (extra, body.as_object_mut()) {
            body.insert(name.to_owned(), value);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_what_entra_expects() {
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0,
            "startIndex": 1,
            "itemsPerPage": 0,
            "Resources": [],
        });
        assert_eq!(ListResponse::whole(Vec::new()).into_json(), expected);
    }

    #[test]
    fn a_page_by_cursor_has_the_next_cursor_and_no_index() {
        let page = |next: Option<&str>| ListResponse {
            total: 9,
            start: Start::Cursor(next.map(str::to_owned)),
            resources: vec![json!({ "id": "1" })],
        };
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 9,
            "itemsPerPage": 1,
            "nextCursor": "n",
            "Resources": [{ "id": "1" }],
        });
        assert_eq!(page(Some("n")).into_json(), expected);
        assert_eq!(page(None).into_json().get("nextCursor"), None);
    }
}
