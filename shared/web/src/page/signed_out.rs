use askama::Template;

use super::Page;
use crate::language::Language;

/// Says that the session has ended.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name, when it is known.
    pub organization: Option<&'a str>,
}

impl Page for SignedOut<'_> {}
