//! The filters that Entra sends: `eq` and `and`, nothing else.

use url::form_urlencoded;

/// A comparison with a quoted value.
pub(crate) fn equals(path: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{path} eq \"{value}\"")
}

/// A comparison as one documented sample has it, without quotes.
pub(crate) fn equals_unquoted(path: &str, value: &str) -> String {
    format!("{path} eq {value}")
}

/// The question whether a reference has a certain value.
pub(crate) fn reference(id: &str, path: &str, value: &str) -> String {
    format!("{} and {}", equals("id", id), equals(path, value))
}

/// A query string of pairs, encoded as a form.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_and_the_query_encoded_as_a_form() {
        let filter = equals("userName", "a\"b\\c@contoso.test");

        assert_eq!(filter, "userName eq \"a\\\"b\\\\c@contoso.test\"");
        assert_eq!(
            query(&[("filter", &equals("userName", "a@b.test"))]),
            "filter=userName+eq+%22a%40b.test%22"
        );
    }
}
