//! The languages a mail is written in.

/// A language that every mail is written in.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Language {
    /// English, also for whoever reads a language that is not here.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

impl Language {
    /// Every language, in the order of the message file.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The language's tag, as in `<html lang>`, RFC 5646 §2.1.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// Reads a tag such as `de` or `de-AT`, RFC 5646 §2.1: only the first subtag counts.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_subtag_names_the_language() {
        let cases = [
            ("en", Some(Language::English)),
            ("de-AT", Some(Language::German)),
            ("FR_ca", Some(Language::French)),
            ("es-419", Some(Language::Spanish)),
            ("nl", None),
            ("deutsch", None),
            ("", None),
        ];
        for (tag, expected) in cases {
            assert_eq!(Language::from_tag(tag), expected, "{tag:?}");
        }
    }
}
