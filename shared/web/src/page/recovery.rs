use askama::Template;

use super::Page;
use crate::language::Language;

/// Shows the recovery code, once.
#[derive(Template)]
#[template(path = "recovery.html")]
pub struct Recovery<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// The code, grouped as it is to be read.
    pub code: &'a str,
    /// Where to go on; without it the page says to go to the application.
    pub continue_url: Option<&'a str>,
}

impl Page for Recovery<'_> {}
