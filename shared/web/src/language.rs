//! Which of four languages a person reads, and (in `messages.rs`) every text of every page.
//!
//! Knows no page and no storage: a language comes from the browser's header or from its tag.

mod messages;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

/// A language that every page is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, also for whoever asks for a language that is not here.
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

    /// The language's tag, as in `<html lang>` (RFC 5646 §2.1).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// Reads a language tag such as `de` or `de-AT`; only the first subtag counts.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).trim();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Chooses from an `Accept-Language` value: the best weighted language that we have, the first
    /// of equals, English when there is none (RFC 9110 §12.5.4).
    #[must_use]
    pub fn from_accept_language(value: &str) -> Self {
        let mut best = (0, Self::default());
        for range in value.split(',') {
            let (tag, weight) = weighted(range);
            if let Some(language) = Self::from_tag(tag)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Chooses from a request's headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        const HEADER: HeaderName = ACCEPT_LANGUAGE;
        headers
            .get(HEADER)
            .and_then(|value| value.to_str().ok())
            .map_or_else(Self::default, Self::from_accept_language)
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// Splits `de-AT;q=0.7` into the tag and its weight in thousandths; an unreadable weight is 0.
fn weighted(range: &str) -> (&str, u32) {
    let Some((tag, parameter)) = range.split_once(';') else { return (range.trim(), 1000) };
    let weight = parameter
        .trim()
        .strip_prefix("q=")
        .and_then(|q| q.parse::<f32>().ok())
        .filter(|q| (0.0..=1.0).contains(q))
        .map_or(0, |q| (q * 1000.0).round() as u32);
    (tag.trim(), weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_we_have_wins() {
        let cases = [
            ("", Language::English),
            ("de", Language::German),
            ("DE-at", Language::German),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Language::French),
            ("nl, pl;q=0.9, es;q=0.2", Language::Spanish),
            ("en;q=0.5, de;q=0.5", Language::English),
            ("de;q=0, fr;q=0.001", Language::French),
            ("de;q=0", Language::English),
            ("de;q=7, es;q=0.1", Language::Spanish),
            ("de;q=NaN, es;q=0.1", Language::Spanish),
            ("*", Language::English),
            ("deutsch", Language::English),
            (";;;,,,=", Language::English),
        ];
        for (header, expected) in cases {
            assert_eq!(Language::from_accept_language(header), expected, "{header:?}");
        }
    }

    #[test]
    fn a_request_without_the_header_is_answered_in_english() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
