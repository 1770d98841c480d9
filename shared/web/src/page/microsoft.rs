use askama::Template;

use super::{Notice, Page};
use crate::language::Language;

/// Asks for the work address and leads to Microsoft, to sign in there.
///
/// Posts `csrf` and `address`.
#[derive(Debug, Template)]
#[template(path = "microsoft.html")]
pub struct Microsoft<'a> {
    /// The language of the page.
    pub language: Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Who is signed in already, if somebody is.
    pub signed_in_as: Option<&'a str>,
    /// The organization's connection, for its administrators.
    pub connection_url: Option<&'a str>,
    /// How far the person is on the way to Microsoft, where there is one.
    pub step: Option<MicrosoftStep<'a>>,
}

/// How far somebody is on the way to Microsoft.
#[derive(Debug)]
pub enum MicrosoftStep<'a> {
    /// Whose account it will be.
    Ask {
        /// Where the form posts to.
        action: &'a str,
        /// Ties the form to the browser that it was sent to.
        csrf: &'a str,
        /// Why the person sees the page again, if so.
        notice: Option<Notice>,
    },
    /// On to Microsoft.
    Leave {
        /// The address that was typed.
        address: &'a str,
        /// Where Microsoft signs people in: a link, since our forms go to ourselves only.
        url: &'a str,
        /// Where another address is typed.
        back_url: &'a str,
    },
    /// Microsoft would send the person back to us.
    Circular {
        /// The domain of the address that was typed.
        domain: &'a str,
        /// Where another address is typed.
        back_url: &'a str,
    },
}

impl Page for Microsoft<'_> {}
