use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Forms, Page};
use crate::language::Language;

/// Posts fields to a reply URL that we registered (SAML Bindings §3.5.4).
///
/// A script submits the form, a button does without scripts. Fields arrive as they were given,
/// with one exception that no HTML form escapes: browsers send every line break as CR LF. A NUL
/// does not survive HTML either.
#[derive(Template)]
#[template(path = "auto_post.html")]
pub struct AutoPost<'a> {
    /// The language of the page.
    pub language: Language,
    /// The reply URL, never one from the request.
    pub action: &'a str,
    /// Names and values, in the order in which they are sent.
    pub fields: &'a [(&'a str, &'a str)],
}

impl Page for AutoPost<'_> {
    fn forms(&self) -> Forms {
        Forms::Foreign
    }
}

/// A value as it stands between the quotes of an attribute, line breaks included.
///
/// HTML's parser turns a bare CR into LF before it looks at anything else, so both are written as
/// character references.
struct Exact<'a>(&'a str);

impl fmt::Display for Exact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '"', '\'', '<', '>', '\r', '\n', '\t']) {
            let (plain, tail) = rest.split_at(at);
            let mut characters = tail.chars();
            f.write_str(plain)?;
            match characters.next() {
                Some('&') => f.write_str("&amp;")?,
                Some(other) => write!(f, "&#{};", u32::from(other))?,
                None => {}
            }
            rest = characters.as_str();
        }
        f.write_str(rest)
    }
}

impl HtmlSafe for Exact<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_exact_between_quotes() {
        let cases = [
            ("", ""),
            ("PHNhbWw+==", "PHNhbWw+=="),
            ("\"'<>&", "&#34;&#39;&#60;&#62;&amp;"),
            ("a\r\nb\rc\nd\te", "a&#13;&#10;b&#13;c&#10;d&#9;e"),
            ("&#13;", "&amp;#13;"),
            ("ünï ✓", "ünï ✓"),
        ];
        for (value, expected) in cases {
            assert_eq!(Exact(value).to_string(), expected, "{value:?}");
        }
    }
}
