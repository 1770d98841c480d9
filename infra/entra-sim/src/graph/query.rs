//! The options of OData that the simulator understands; any other is refused rather than ignored.

use std::collections::BTreeMap;

use url::Url;

use super::answer::Answer;

/// The parameters of a request, each at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

/// `property eq 'value'`, the one kind of filter that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Equals {
    pub(crate) property: String,
    pub(crate) value: String,
}

impl Query {
    pub(crate) fn read(url: &Url) -> Result<Self, Answer> {
        let mut found = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            if found.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Answer::error(400, "BadRequest", "A query option is there twice."));
            }
        }
        Ok(Self(found))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Refuses every option but these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Answer> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let message = format!("The query option '{name}' is not supported here.");
                Err(Answer::error(400, "Request_UnsupportedQuery", &message))
            }
        }
    }

    /// The properties of `$select`.
    pub(crate) fn select(&self) -> Option<Vec<String>> {
        let select = self.get("$select")?;
        Some(select.split(',').map(|name| name.trim().to_owned()).collect())
    }

    /// `$top`, between 1 and 999.
    pub(crate) fn top(&self) -> Result<Option<usize>, Answer> {
        let Some(top) = self.get("$top") else { return Ok(None) };
        match top.parse() {
            Ok(top @ 1..=999) => Ok(Some(top)),
            _ => Err(Answer::bad("Invalid page size specified: it must be between 1 and 999.")),
        }
    }

    /// `$filter`, if it compares one property with one string.
    pub(crate) fn filter(&self) -> Result<Option<Equals>, Answer> {
        let Some(filter) = self.get("$filter") else { return Ok(None) };
        let refused = || {
            let message = "Unsupported or invalid query filter clause specified.";
            Answer::error(400, "Request_UnsupportedQuery", message)
        };
        let (property, quoted) = filter.split_once(" eq ").ok_or_else(refused)?;
        let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let inner = inner.ok_or_else(refused)?;
        if inner.replace("''", "").contains('\'') {
            return Err(refused());
        }
        Ok(Some(Equals { property: property.to_owned(), value: inner.replace("''", "'") }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::read(&Url::parse(&format!("http://graph/users?{text}")).unwrap()).unwrap()
    }

    #[test]
    fn a_filter_compares_one_property_with_one_string() {
        let equals = |property: &str, value: &str| {
            Some(Equals { property: property.to_owned(), value: value.to_owned() })
        };
        let cases = [
            ("$filter=mail%20eq%20%27o%27%27neil%27", equals("mail", "o'neil")),
            ("$select=id", None),
        ];
        for (text, expected) in cases {
            assert_eq!(query(text).filter().unwrap(), expected, "{text}");
        }
        for bad in ["mail ne 'x'", "mail eq x", "mail eq 'a'b'", "mail eq 'a' or id eq 'b'"] {
            let text = format!("$filter={}", bad.replace(' ', "%20"));
            assert!(query(&text).filter().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_has_between_one_and_999_things() {
        for (text, expected) in [("$top=1", Some(1)), ("$top=999", Some(999)), ("", None)] {
            assert_eq!(query(text).top().unwrap(), expected, "{text}");
        }
        for bad in ["$top=0", "$top=1000", "$top=-1", "$top=many"] {
            assert!(query(bad).top().is_err(), "{bad}");
        }
    }
}
