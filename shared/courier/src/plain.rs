//! Words that came from outside, made fit for a mail.

/// Makes one line of at most `limit` characters.
///
/// Control characters (a line break in a subject would begin another header, RFC 5322 §2.2) and
/// characters that turn the direction of writing or take no room become blanks, blanks are joined,
/// and what was cut off shows as an ellipsis.
pub(crate) fn line(text: &str, limit: usize) -> String {
    // More than enough to fill the limit, so that a huge input costs no more than a long one.
    let seen: String = text.chars().take(limit * 4).map(visible).collect();
    let joined = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= limit {
        return joined;
    }
    let mut cut: String = joined.chars().take(limit.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Makes one line in which no mail program sees an address to click on.
///
/// For words that a stranger may have chosen: a passkey named `http://…` would otherwise arrive
/// as a link in a mail that bears our name.
pub(crate) fn unlinked_line(text: &str, limit: usize) -> String {
    let line = line(&text.replace([':', '/', '\\', '@', '<', '>'], " "), limit);
    let mut parts = line.split('.').peekable();
    let mut spaced = String::with_capacity(line.len() + 8);
    while let Some(part) = parts.next() {
        spaced.push_str(part);
        if let Some(following) = parts.peek() {
            let digits = part.ends_with(|c: char| c.is_ascii_digit())
                && following.starts_with(|c: char| c.is_ascii_digit());
            // A version keeps its dot; three dots make an address of the net, not a version.
            spaced.push_str(if digits && line.matches('.').count() < 3 { "." } else { ". " });
        }
    }
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Directional marks and isolates, zero-width characters, byte order mark, and tags.
fn visible(character: char) -> char {
    let hidden = matches!(
        character,
        '\u{00AD}'
            | '\u{061C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    );
    if hidden || character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_no_longer_than_its_limit() {
        let cases = [
            ("Contoso", "Contoso"),
            ("  Contoso \t Ltd ", "Contoso Ltd"),
            ("Contoso\r\nBcc: eve@evil.example", "Contoso Bcc: e…"),
            ("line\u{2028}separator\u{85}next", "line separator…"),
            ("\u{202E}osotnoC", "osotnoC"),
            ("123456789012345", "123456789012345"),
            ("1234567890123456", "12345678901234…"),
            ("12345678901234 x y", "12345678901234…"),
            ("1234567890123 567", "1234567890123…"),
            ("üüüüüüüüüüüüüüüü", "üüüüüüüüüüüüüü…"),
            ("\0\u{7F}\u{200B}", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(line(text, 15), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_chosen_by_a_stranger_holds_no_link() {
        let cases = [
            ("iPhone 15.2 (work)", "iPhone 15.2 (work)"),
            ("Ada's laptop", "Ada's laptop"),
            ("http://evil.example/x?y", "http evil. example x?y"),
            ("call www.evil.example", "call www. evil. example"),
            ("mail eve@evil.example", "mail eve evil. example"),
            ("192.0.2.1", "192. 0. 2. 1"),
            ("<a href=x>", "a href=x"),
        ];
        for (text, expected) in cases {
            assert_eq!(unlinked_line(text, 64), expected, "{text:?}");
        }
    }
}
