use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Asks for the work address and the recovery code that was shown at an earlier enrolment.
///
/// Posts `csrf`, `address` and `code`.
#[derive(Debug, Template)]
#[template(path = "recover.html")]
pub struct Recover<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// What the address begins with: Entra's hint.
    pub address: Option<&'a str>,
    /// Why the person sees the page again, if so.
    pub notice: Option<Notice>,
}

impl Page for Recover<'_> {}
