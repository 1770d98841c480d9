use askama::Template;

use super::Page;
use crate::language::Language;

/// Where a one-time link lands: a button, so that a mail scanner's GET does not use the link up.
///
/// Posts `csrf`.
#[derive(Debug, Template)]
#[template(path = "invitation.html")]
pub struct Invitation<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
}

impl Page for Invitation<'_> {}
