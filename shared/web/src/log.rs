//! Lines of a function's log.
//!
//! The level is fixed: at finer ones the SDKs and HTTP libraries write addresses, tokens and bodies,
//! and no variable of a function may turn that on. In a release build they are not even there.

use tracing::level_filters::LevelFilter;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object, as CloudWatch searches it.
    Json,
    /// Words, for a terminal.
    Text,
}

impl Format {
    /// What Lambda's own variable `AWS_LAMBDA_LOG_FORMAT` says; words where it is absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let said = variables.into_iter().find(|(name, _)| name == "AWS_LAMBDA_LOG_FORMAT");
        let json = said.is_some_and(|(_, value)| value.eq_ignore_ascii_case("json"));
        if json { Self::Json } else { Self::Text }
    }
}

/// Writes what happens from now on, from information up to errors, to standard output.
pub fn start(format: Format) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_target(false)
        .without_time();
    match format {
        Format::Json => lines.json().init(),
        Format::Text => lines.init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_says_how_a_line_looks() {
        let cases =
            [(None, Format::Text), (Some("Text"), Format::Text), (Some("JSON"), Format::Json)];
        for (said, expected) in cases {
            let said = said.map(|value| ("AWS_LAMBDA_LOG_FORMAT".to_owned(), value.to_owned()));

            assert_eq!(Format::read(said), expected);
        }
    }
}
