//! Which characters XML can carry at all.

/// A character that no XML 1.0 document can hold, not even escaped.
///
/// XML §2.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("character U+{:04X} cannot be written in xml", u32::from(*.0))]
pub struct IllegalCharacter(pub char);

/// Tells whether XML 1.0 allows `character`: production `Char`.
///
/// XML §2.2.
#[must_use]
pub const fn is_legal(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..
    )
}

/// Refuses the first illegal character of `text`.
pub(crate) fn check(text: &str) -> Result<(), IllegalCharacter> {
    match text.chars().find(|&character| !is_legal(character)) {
        Some(character) => Err(IllegalCharacter(character)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_characters_end_where_the_production_says() {
        let cases = [
            ('\u{0}', false),
            ('\u{8}', false),
            ('\t', true),
            ('\n', true),
            ('\u{B}', false),
            ('\u{C}', false),
            ('\r', true),
            ('\u{E}', false),
            ('\u{1F}', false),
            (' ', true),
            ('\u{7F}', true),
            ('\u{85}', true),
            ('\u{D7FF}', true),
            ('\u{E000}', true),
            ('\u{FFFD}', true),
            ('\u{FFFE}', false),
            ('\u{FFFF}', false),
            ('\u{10000}', true),
            ('\u{1FFFE}', true),
            ('\u{10FFFF}', true),
        ];
        for (character, expected) in cases {
            assert_eq!(is_legal(character), expected, "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn the_message_names_the_code_point_and_not_the_character() {
        assert_eq!(
            IllegalCharacter('\u{1}').to_string(),
            "character U+0001 cannot be written in xml"
        );
    }
}
