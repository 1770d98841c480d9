use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Asks for the six digits, in the same words whether or not a message went out.
///
/// Posts `csrf` and `code` (the browser lets a space between the digits pass); the second form
/// posts `csrf` alone to ask for another code.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub struct Code<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// Where the request for another code posts to.
    pub resend_action: &'a str,
    /// Why the person sees the page again, if so.
    pub notice: Option<Notice>,
}

impl Page for Code<'_> {}
