use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Creates a passkey.
///
/// Posts `csrf`, `label` (the passkey's name, at most 60 characters in an honest browser, may be
/// empty) and `response`, the credential as JSON (WebAuthn Level 3 §5.1).
#[derive(Debug, Template)]
#[template(path = "register.html")]
pub struct Register<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// The creation options as JSON, with or without the outer `publicKey`.
    pub options: &'a str,
    /// The person's own display name or address.
    pub name: &'a str,
    /// Why the person sees the page again, if so.
    pub notice: Option<Notice>,
}

impl Page for Register<'_> {}
