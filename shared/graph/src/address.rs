//! Addresses below the origin, in the spelling that goes alone and in a batch.

/// A path and its query, below the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    path: String,
    query: String,
}

impl Address {
    /// Begins with a fixed path.
    pub(crate) fn new(path: &'static str) -> Self {
        Self { path: path.to_owned(), query: String::new() }
    }

    /// Goes on with a segment that may hold anything.
    pub(crate) fn segment(mut self, segment: &str) -> Self {
        self.path.push('/');
        encode(segment, &mut self.path);
        self
    }

    /// Goes on with a fixed segment.
    pub(crate) fn then(mut self, fixed: &'static str) -> Self {
        self.path.push('/');
        self.path.push_str(fixed);
        self
    }

    /// Adds a parameter.
    pub(crate) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        encode(value, &mut self.query);
        self
    }

    /// The whole of it, beginning with a slash.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.path, self.query)
    }
}

/// Percent-encodes everything but unreserved characters and the comma, RFC 3986 §2.3.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                into.push(char::from(byte));
            }
            _ => {
                into.push('%');
                for digit in [byte >> 4, byte & 15] {
                    into.extend(char::from_digit(digit.into(), 16).map(|d| d.to_ascii_uppercase()));
                }
            }
        }
    }
}

/// A string of OData: quotes are doubled.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_name_holds_stays_in_its_place() {
        let address = Address::new("/users")
            .segment("o'neil#ext@contoso.test/../x?y")
            .query("$select", "id,mail")
            .query("$filter", &format!("userPrincipalName eq {}", literal("o'neil & co+%")));

        assert_eq!(
            address.text(),
            "/users/o%27neil%23ext%40contoso.test%2F..%2Fx%3Fy?$select=id,mail\
             &$filter=userPrincipalName%20eq%20%27o%27%27neil%20%26%20co%2B%25%27"
        );
    }
}
