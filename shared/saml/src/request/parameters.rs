//! The parameters of a query or of a form body.

use std::collections::BTreeMap;

use super::malformed::{Malformed, Parameter};

/// Longer hints are passed over: no user name of Entra's is longer than an e-mail address.
const MAX_HINT: usize = 320;

/// What a `+` means in a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plus {
    /// A space, as in `application/x-www-form-urlencoded`.
    Space,
    /// Itself.
    Literal,
}

/// The known parameters with their values as they came, still encoded.
#[derive(Debug)]
pub(super) struct Parameters<'a>(BTreeMap<Parameter, &'a str>);

impl<'a> Parameters<'a> {
    /// Sorts out the known parameters and refuses each that occurs twice, however it is spelt.
    pub(super) fn read(raw: &'a str) -> Result<Self, Malformed> {
        let mut values = BTreeMap::new();
        for pair in raw.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, Plus::Space)?;
            let known = Parameter::ALL.into_iter().find(|known| known.name().as_bytes() == name);
            if let Some(parameter) = known
                && values.insert(parameter, value).is_some()
            {
                return Err(Malformed::DuplicateParameter(parameter));
            }
        }
        Ok(Self(values))
    }

    /// The message's base64.
    pub(super) fn message(&self, plus: Plus) -> Result<String, Malformed> {
        let raw = self.0.get(&Parameter::SamlRequest).ok_or(Malformed::NoMessage)?;
        text(raw, plus)
    }

    /// A parameter's decoded value, if it is there.
    pub(super) fn value(&self, parameter: Parameter) -> Result<Option<String>, Malformed> {
        self.0.get(&parameter).map(|raw| text(raw, Plus::Space)).transpose()
    }

    /// Who is expected to sign in, if somebody said so in a length that can be a user name, without
    /// the space around it.
    pub(super) fn hint(&self) -> Result<Option<String>, Malformed> {
        let usable = |hint: String| {
            let hint = hint.trim();
            (!hint.is_empty() && hint.len() <= MAX_HINT).then(|| hint.to_owned())
        };
        let login_hint = self.value(Parameter::LoginHint)?.and_then(usable);
        let username = self.value(Parameter::Username)?.and_then(usable);
        Ok(login_hint.or(username))
    }
}

fn text(raw: &str, plus: Plus) -> Result<String, Malformed> {
    String::from_utf8(decode(raw, plus)?).map_err(|_| Malformed::NotUtf8)
}

/// Undoes percent-encoding, in either case of the hexadecimal digits.
fn decode(raw: &str, plus: Plus) -> Result<Vec<u8>, Malformed> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match (byte, plus) {
            (b'%', _) => {
                let high = bytes.next().and_then(hexadecimal).ok_or(Malformed::PercentEncoding)?;
                let low = bytes.next().and_then(hexadecimal).ok_or(Malformed::PercentEncoding)?;
                high << 4 | low
            }
            (b'+', Plus::Space) => b' ',
            (other, _) => other,
        });
    }
    Ok(decoded)
}

const fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_in_either_case_and_refused_when_broken() {
        let broken = Err(Malformed::PercentEncoding);
        let cases = [
            ("", Ok(vec![])),
            ("a%3d%3D", Ok(b"a==".to_vec())),
            ("%0d%0A+", Ok(b"\r\n ".to_vec())),
            ("%2B", Ok(b"+".to_vec())),
            ("%2525", Ok(b"%25".to_vec())),
            ("%ff", Ok(vec![0xFF])),
            ("\u{FC}", Ok("\u{FC}".as_bytes().to_vec())),
            ("%", broken.clone()),
            ("%2", broken.clone()),
            ("%2g", broken.clone()),
            ("%+1", broken.clone()),
            ("%%41", broken),
        ];
        for (raw, expected) in cases {
            assert_eq!(decode(raw, Plus::Space), expected, "{raw}");
        }
        assert_eq!(decode("a+b", Plus::Literal), Ok(b"a+b".to_vec()));
    }

    #[test]
    fn a_known_parameter_occurs_once_however_it_is_spelt() {
        let duplicate = |parameter| Some(Malformed::DuplicateParameter(parameter));
        let cases = [
            ("SAMLRequest=a&SAMLRequest=a", duplicate(Parameter::SamlRequest)),
            ("SAMLRequest=a&SAML%52equest=b", duplicate(Parameter::SamlRequest)),
            ("RelayState=&RelayState", duplicate(Parameter::RelayState)),
            ("login_hint=a&x=1&login_hint=b", duplicate(Parameter::LoginHint)),
            ("username=a&username=a", duplicate(Parameter::Username)),
            ("SAMLEncoding=a&SAMLEncoding=a", duplicate(Parameter::SamlEncoding)),
            ("login_hint=a&username=b", None),
            ("samlrequest=a&SAMLRequest=b", None),
            ("Signature=a&Signature=b&SigAlg=c", None),
            ("&&a=1&a=2&=", None),
            ("%zz=1", Some(Malformed::PercentEncoding)),
        ];
        for (raw, expected) in cases {
            assert_eq!(Parameters::read(raw).err(), expected, "{raw}");
        }
    }

    #[test]
    fn an_empty_value_is_a_value_and_no_parameter_is_none() {
        let parameters = Parameters::read("RelayState=").unwrap();
        assert_eq!(parameters.value(Parameter::RelayState), Ok(Some(String::new())));
        assert_eq!(parameters.value(Parameter::LoginHint), Ok(None));
        assert_eq!(parameters.message(Plus::Space), Err(Malformed::NoMessage));
    }

    #[test]
    fn the_hint_is_login_hint_before_username_and_neither_empty_nor_endless() {
        let longest = "a".repeat(MAX_HINT);
        let too_long = "a".repeat(MAX_HINT + 1);
        let cases = [
            ("login_hint=ada%40contoso.test".to_owned(), Some("ada@contoso.test")),
            ("username=ada%40contoso.test".to_owned(), Some("ada@contoso.test")),
            ("username=b&login_hint=a".to_owned(), Some("a")),
            ("username=b&login_hint=".to_owned(), Some("b")),
            ("username=".to_owned(), None),
            ("username=%20%0d%0a+%c2%a0".to_owned(), None),
            ("username=b&login_hint=+".to_owned(), Some("b")),
            ("login_hint=+a+b%09".to_owned(), Some("a b")),
            (String::new(), None),
            (format!("login_hint={longest}"), Some(longest.as_str())),
            (format!("login_hint={too_long}"), None),
        ];
        for (raw, expected) in cases {
            let hint = Parameters::read(&raw).unwrap().hint().unwrap();
            assert_eq!(hint.as_deref(), expected, "{raw}");
        }
    }
}
