use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Asks for a passkey.
///
/// Posts `csrf` and `response`, the credential as JSON (WebAuthn Level 3 §5.1), which
/// `passkey.js` fills in; nothing is posted when the ceremony fails in the browser.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignIn<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// The request options as JSON, with or without the outer `publicKey`.
    pub options: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// The work address that Entra named, if it did.
    pub hint: Option<&'a str>,
    /// Where somebody without a passkey goes.
    pub enrol_url: &'a str,
    /// Why the person sees the page again, if so.
    pub notice: Option<Notice>,
}

impl Page for SignIn<'_> {}
