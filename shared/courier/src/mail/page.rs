//! The parts of a mail, and the two templates they are put into.

use askama::Template;

use super::{Letter, LetterError};
use crate::Language;

/// A mail as HTML.
///
/// No picture, no foreign origin, no style sheet: nothing that a mail program would have to load,
/// and nothing that tells us who read it.
#[derive(Debug, Template)]
#[template(path = "letter.html")]
pub(super) struct Page {
    language: &'static str,
    subject: String,
    /// What happened, or what to do.
    lead: String,
    /// The digits to type.
    pub(super) code: Option<String>,
    /// The link to open.
    pub(super) button: Option<Button>,
    /// Particulars: label and value.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What else to know, a paragraph each.
    pub(super) notes: Vec<String>,
    footer: String,
}

/// A link with what it does.
#[derive(Clone, Debug)]
pub(super) struct Button {
    pub(super) label: &'static str,
    pub(super) url: String,
}

/// The same mail without markup.
#[derive(Debug, Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    page: &'a Page,
}

impl Page {
    pub(super) fn new(
        language: Language,
        organization: &str,
        subject: String,
        lead: String,
    ) -> Self {
        Self {
            language: language.tag(),
            subject,
            lead,
            code: None,
            button: None,
            facts: Vec::new(),
            notes: Vec::new(),
            footer: language.footer(organization),
        }
    }

    pub(super) fn render(self) -> Result<Letter, LetterError> {
        let text = Text { page: &self }.render()?;
        let html = Template::render(&self)?;
        Ok(Letter { subject: self.subject, text, html })
    }
}
