//! Names that somebody gives: to an organization, to a provisioning key.

/// The name without space around it: 1 to 64 characters. Control characters would be more than text
/// on a terminal, in a mail or in a list.
pub(crate) fn read(text: &str) -> Option<&str> {
    let name = text.trim();
    let good = (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control);
    good.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_1_to_64_characters_of_text() {
        let (longest, too_long) = ("é".repeat(64), "é".repeat(65));
        let cases = [
            ("Contoso", Some("Contoso")),
            (" Contoso GmbH & Co. KG\n", Some("Contoso GmbH & Co. KG")),
            (&longest, Some(&*longest)),
            (&too_long, None),
            ("", None),
            (" \t ", None),
            ("Con\ntoso", None),
            ("\u{1b}[2JContoso", None),
            ("Contoso\u{7}", None),
            ("Con\u{85}toso", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
