//! Versions of resources and conditions on them, RFC 7644 §3.14 and RFC 9110 §13.

/// What `If-Match` or `If-None-Match` names.
///
/// Versions are compared weakly, since RFC 7644 §3.14 gives weak ones for `If-Match`, which by
/// RFC 9110 §13 alone could never match them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// Whatever version there is.
    Any,
    /// One of these opaque tags. A header that cannot be read names none.
    Tags(Vec<String>),
}

impl Condition {
    /// Reads the value of a header.
    pub fn read(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = header.trim_start();
        while !rest.is_empty() {
            let weak = rest.strip_prefix("W/").unwrap_or(rest);
            let Some((tag, after)) = weak.strip_prefix('"').and_then(|tag| tag.split_once('"'))
            else {
                return Self::Tags(Vec::new());
            };
            tags.push(tag.to_owned());
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next.trim_start(),
                None if rest.is_empty() => {}
                None => return Self::Tags(Vec::new()),
            }
        }
        Self::Tags(tags)
    }

    /// Whether the version, as [`weak`] writes it, is named.
    pub fn names(&self, version: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| weak(tag) == version),
        }
    }
}

/// Writes an opaque tag as a weak version: `W/"…"`.
pub fn weak(tag: &str) -> String {
    format!("W/\"{tag}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_weakly_or_strongly_and_never_by_what_cannot_be_read() {
        let cases = [
            ("*", true),
            (" * ", true),
            ("W/\"3.7\"", true),
            ("\"3.7\"", true),
            ("\"1\", W/\"3.7\"", true),
            ("\"1\",W/\"3.7\" ,", true),
            ("W/\"3.70\"", false),
            ("\"1\", \"2\"", false),
            ("", false),
            ("3.7", false),
            ("\"3.7", false),
            ("\"3.7\" \"3.7\"", false),
            ("w/\"3.7\"", false),
        ];
        for (header, expected) in cases {
            assert_eq!(Condition::read(header).names(&weak("3.7")), expected, "{header}");
        }
    }
}
