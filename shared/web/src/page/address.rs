use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Asks for the work address that a passkey is to be set up for.
///
/// Posts `csrf` and `address`.
#[derive(Debug, Template)]
#[template(path = "address.html")]
pub struct Address<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the form posts to.
    pub action: &'a str,
    /// Ties the form to the browser that it was sent to.
    pub csrf: &'a str,
    /// What the field begins with: Entra's hint, or what was typed before.
    pub address: Option<&'a str>,
    /// Why the person sees the page again, if so.
    pub notice: Option<Notice>,
    /// Where somebody who has a passkey after all goes back to.
    pub sign_in_url: Option<&'a str>,
    /// Where somebody with a recovery code goes.
    pub recover_url: &'a str,
}

impl Page for Address<'_> {}
