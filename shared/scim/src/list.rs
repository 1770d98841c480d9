//! Lists: what is asked, RFC 7644 §3.4.2 and RFC 9865 §2, and what is answered.

mod response;
mod sort;

use serde_json::{Map, Value};

use crate::error::{Error, ScimType};
use crate::filter::Filter;
use crate::projection::Projection;
use crate::query::Parameters;
use crate::schema::ResourceType;
use crate::value::check_depth;

pub(crate) use response::whole;
pub use response::{ListResponse, Start};
pub use sort::{Order, Sort, SortKey};

/// How many resources a page has unless the client says it.
pub const DEFAULT_COUNT: usize = 100;
/// How many resources a page has at the most.
pub const MAX_COUNT: usize = 200;

/// The URN of a search by POST.
const SEARCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Where a page begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Page {
    /// At this place, counted from 1, RFC 7644 §3.4.2.4.
    Index(u64),
    /// Where this cursor says; at the beginning if there is none yet, RFC 9865 §2.
    Cursor(Option<String>),
}

/// Which resources are asked for and how they are returned.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which, if not all.
    pub filter: Option<Filter>,
    /// In which order, if the client cares.
    pub sort: Option<Sort>,
    /// From where on.
    pub page: Page,
    /// How many at the most; 0 asks for the total alone.
    pub count: usize,
    /// With which attributes.
    pub projection: Projection,
}

impl ListQuery {
    /// Reads the query of a GET.
    ///
    /// # Errors
    ///
    /// `invalidFilter` for the filter, `invalidCount` for a count with a cursor, `invalidValue`
    /// for the rest.
    pub fn from_query(kind: &'static ResourceType, parameters: &Parameters) -> Result<Self, Error> {
        let raw = Raw {
            filter: parameters.get("filter"),
            sort_by: parameters.get("sortBy"),
            sort_order: parameters.get("sortOrder"),
            start_index: parameters.get("startIndex").map(Number::from_text),
            count: parameters.get("count").map(Number::from_text),
            cursor: parameters.get("cursor"),
        };
        raw.read(kind, Projection::from_query(kind, parameters))
    }

    /// Reads the body of a POST to `/.search`, RFC 7644 §3.4.3.
    ///
    /// # Errors
    ///
    /// As for a GET, and `invalidSyntax` for what is no such body.
    pub fn from_search(kind: &'static ResourceType, body: &Value) -> Result<Self, Error> {
        check_depth(body)?;
        let Value::Object(body) = body else { return Err(Error::NO_OBJECT) };
        let schemas = member(body, "schemas").and_then(Value::as_array);
        let is_search = |schema: &Value| {
            schema.as_str().is_some_and(|schema| schema.eq_ignore_ascii_case(SEARCH_SCHEMA))
        };
        if schemas.is_some_and(|schemas| !schemas.is_empty() && !schemas.iter().any(is_search)) {
            return Err(NO_SEARCH);
        }
        let raw = Raw {
            filter: text(body, "filter")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            start_index: member(body, "startIndex").map(Number::from_json),
            count: member(body, "count").map(Number::from_json),
            cursor: text(body, "cursor")?,
        };
        let only = member(body, "attributes");
        raw.read(kind, Projection::from_lists(kind, only, member(body, "excludedAttributes")))
    }

    /// A text that is equal for two queries over the same resources in the same order: what a
    /// cursor is bound to.
    pub fn identity(&self) -> String {
        let filter = self.filter.as_ref().map(ToString::to_string).unwrap_or_default();
        let sort = self.sort.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{sort}\n{filter}")
    }
}

/// The parameters as they came, by either way.
struct Raw<'a> {
    filter: Option<&'a str>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
    start_index: Option<Number>,
    count: Option<Number>,
    cursor: Option<&'a str>,
}

impl Raw<'_> {
    fn read(self, kind: &'static ResourceType, projection: Projection) -> Result<ListQuery, Error> {
        let is_given = |text: &&str| !text.trim().is_empty();
        let filter = self.filter.filter(is_given);
        let filter = filter.map(|text| Filter::parse(text, kind)).transpose()?;
        let order = Order::read(self.sort_order.filter(is_given))?;
        let sort = match self.sort_by.filter(is_given) {
            Some(path) => Sort::read(kind, path, order)?,
            None => None,
        };
        let page = match (self.cursor, self.start_index) {
            (Some(cursor), _) => {
                Page::Cursor(Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty()))
            }
            (None, None) => Page::Index(1),
            (None, Some(Number::Whole(start))) => {
                Page::Index(u64::try_from(start).unwrap_or(0).max(1))
            }
            (None, Some(Number::Other)) => return Err(INVALID_START),
        };
        let count = match (self.count, &page) {
            (None, _) => DEFAULT_COUNT,
            (Some(Number::Other), Page::Index(_)) => return Err(INVALID_COUNT_VALUE),
            (Some(Number::Other | Number::Whole(i64::MIN..0)), Page::Cursor(_)) => {
                return Err(Error::INVALID_COUNT);
            }
            (Some(Number::Whole(count)), _) => usize::try_from(count.max(0)).unwrap_or(MAX_COUNT),
        };
        Ok(ListQuery { filter, sort, page, count: count.min(MAX_COUNT), projection })
    }
}

/// A whole number, as far as it fits, or something else.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Other,
}

impl Number {
    fn from_text(text: &str) -> Self {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Other;
        }
        let largest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        Self::Whole(text.parse().unwrap_or(largest))
    }

    fn from_json(value: &Value) -> Self {
        match value {
            Value::Number(number) => number.as_i64().map_or_else(
                || if number.is_u64() { Self::Whole(i64::MAX) } else { Self::Other },
                Self::Whole,
            ),
            Value::String(text) => Self::from_text(text),
            _ => Self::Other,
        }
    }
}

/// A member of an object by its name in any case; `null` is none.
fn member<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut members = body.iter();
    let found = members.find(|(given, _)| given.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(NO_SEARCH),
    }
}

const NO_SEARCH: Error =
    Error::known(ScimType::InvalidSyntax, "the body is not a SearchRequest as the standard has it");
const INVALID_START: Error =
    Error::known(ScimType::InvalidValue, "startIndex must be a whole number");
const INVALID_COUNT_VALUE: Error =
    Error::known(ScimType::InvalidValue, "count must be a whole number");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::schema::USER;

    #[test]
    fn a_page_is_where_and_as_large_as_the_client_says_within_limits() {
        let first = Page::Index(1);
        let cases = [
            ("", Ok((first.clone(), 100))),
            ("startIndex=5&count=7", Ok((Page::Index(5), 7))),
            ("startIndex=0&count=0", Ok((first.clone(), 0))),
            ("startIndex=-3&count=-3", Ok((first.clone(), 0))),
            ("count=100000", Ok((first.clone(), 200))),
            ("count=99999999999999999999999", Ok((first, 200))),
            ("startIndex=99999999999999999999", Ok((Page::Index(i64::MAX as u64), 100))),
            ("startIndex=x", Err(INVALID_START)),
            ("count=x", Err(INVALID_COUNT_VALUE)),
            ("count=", Err(INVALID_COUNT_VALUE)),
            ("cursor", Ok((Page::Cursor(None), 100))),
            ("cursor=&count=3", Ok((Page::Cursor(None), 3))),
            ("cursor=abc&startIndex=9", Ok((Page::Cursor(Some("abc".to_owned())), 100))),
            ("cursor=&count=-1", Err(Error::INVALID_COUNT)),
            ("cursor=&count=x", Err(Error::INVALID_COUNT)),
            ("sortBy=userName&sortOrder=sideways", Err(sort::INVALID_ORDER)),
            ("filter=userName", Err(crate::filter::INVALID)),
        ];
        for (raw, expected) in cases {
            let query = ListQuery::from_query(&USER, &Parameters::read(raw));
            assert_eq!(query.map(|query| (query.page, query.count)), expected, "{raw}");
        }
    }

    #[test]
    fn a_search_says_the_same_as_a_query() {
        let body = json!({
            "schemas": [SEARCH_SCHEMA],
            "attributes": ["userName"],
            "excludedAttributes": null,
            "Filter": "userName sw \"a\"",
            "sortBy": "userName",
            "sortOrder": "descending",
            "startIndex": 2,
            "count": "3",
        });
        let searched = ListQuery::from_search(&USER, &body).unwrap();
        let raw = "attributes=userName&filter=userName+sw+%22a%22&sortBy=username&sortOrder=descending&startIndex=2&count=3";
        let queried = ListQuery::from_query(&USER, &Parameters::read(raw)).unwrap();

        assert_eq!(format!("{searched:?}"), format!("{queried:?}"));
        assert_eq!(searched.identity(), queried.identity());
        assert_eq!(searched.identity(), "userName descending\nuserName sw \"a\"");
    }

    #[test]
    fn a_body_that_is_no_search_is_refused() {
        let cases = [
            (json!([]), Error::NO_OBJECT),
            (json!({ "schemas": ["urn:x"] }), NO_SEARCH),
            (json!({ "filter": 7 }), NO_SEARCH),
            (json!({ "count": "x" }), INVALID_COUNT_VALUE),
        ];
        for (body, expected) in cases {
            assert_eq!(ListQuery::from_search(&USER, &body).err(), Some(expected), "{body}");
        }
    }
}
