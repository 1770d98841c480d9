//! The raw query of a URL, read with patience.

/// The parameters of a query, decoded; names in any case, the first of a name counts.
///
/// A tenant URL in Entra may end in `?aadOptscim062020`, and Entra then appends its own query with
/// `?` or `&` again: each parameter is found all the same, and unknown ones do no harm.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parameters {
    list: Vec<(String, String)>,
}

impl Parameters {
    /// Reads what follows the first `?` of a URL.
    pub fn read(raw: &str) -> Self {
        let mut list = Vec::new();
        for piece in raw.split('&') {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            // A question mark in a name can only begin a second query.
            let name = name.rsplit('?').next().unwrap_or(name);
            if !name.is_empty() {
                list.push((decoded(name), decoded(value)));
            }
        }
        Self { list }
    }

    /// The value of a parameter; present and empty is not the same as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Plus signs and percent escapes, as forms write them; a broken escape stands for itself.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (*first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (other, _) => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_however_the_query_is_put_together() {
        let cases = [
            ("filter=userName%20eq%20%22a%22", Some("userName eq \"a\"")),
            ("filter=userName+eq+%22a%2Bb%22", Some("userName eq \"a+b\"")),
            ("aadOptscim062020&filter=x", Some("x")),
            ("aadOptscim062020?filter=x", Some("x")),
            ("aadOptscim062020&&filter=x&", Some("x")),
            ("?filter=x", Some("x")),
            ("FILTER=x", Some("x")),
            ("filter=a?b=c", Some("a?b=c")),
            ("filter=x&filter=y", Some("x")),
            ("filter=%C3%A9%zz%", Some("é%zz%")),
            ("filter", Some("")),
            ("filter=", Some("")),
            ("filters=x", None),
            ("", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(Parameters::read(raw).get("filter"), expected, "{raw}");
        }
    }
}
