//! What each mail says, as text and as HTML, in the reader's language.
//!
//! A [`Letter`] is made only by the functions here and a [`Mail`] only from a letter: what was
//! typed by somebody is one capped line in it, and a subject cannot hold a line break.

mod page;

use std::fmt;

use identity::Address;
use jiff::Timestamp;

use self::page::{Button, Page};
use crate::{Language, plain};

/// Characters of an organization's name at most.
const ORGANIZATION: usize = 64;

/// Characters of an account's name at most: that of the longest mail address, RFC 5321 §4.5.3.1.
const ACCOUNT: usize = 254;

/// Characters of a passkey's name at most.
const PASSKEY: usize = 64;

/// Bytes of a link at most.
const LINK: usize = 2048;

/// A mail without an addressee.
#[derive(Clone, Eq, PartialEq)]
pub struct Letter {
    subject: String,
    text: String,
    html: String,
}

/// A mail, ready to be sent.
#[derive(Clone, Eq, PartialEq)]
pub struct Mail {
    to: Address,
    letter: Letter,
}

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// Neither `https://` nor the local stack's `http://localhost`, too long, or no single word.
    #[error("not a link that is put into a mail")]
    Link,
    /// Its template did not render.
    #[error("the mail's template did not render")]
    Template(#[from] askama::Error),
}

/// The six digits that prove a personal address.
///
/// # Errors
/// [`LetterError::Template`].
pub fn code(
    language: Language,
    organization: &str,
    code: &str,
    minutes: u32,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let mut page = Page::new(
        language,
        organization,
        language.code_subject(organization),
        language.code_lead(organization),
    );
    page.code = Some(plain::line(code, 16));
    page.notes = vec![language.code_lifetime(minutes), language.code_unasked(organization)];
    page.render()
}

/// Tells the work address that a passkey was registered at `when`.
///
/// # Errors
/// [`LetterError::Template`].
pub fn enrolled(
    language: Language,
    organization: &str,
    when: Timestamp,
    passkey: &str,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let mut page = Page::new(
        language,
        organization,
        language.enrolled_subject(organization),
        language.enrolled_lead(organization),
    );
    page.facts.push((language.when_label(), instant(when)));
    let passkey = plain::unlinked_line(passkey, PASSKEY);
    if !passkey.is_empty() {
        page.facts.push((language.passkey_label(), passkey));
    }
    page.notes = vec![language.enrolled_not_you().to_owned()];
    page.render()
}

/// A one-time enrolment link.
///
/// # Errors
/// [`LetterError::Link`] unless `url` is `https://…` or `http://localhost…`;
/// [`LetterError::Template`].
pub fn invitation(
    language: Language,
    organization: &str,
    url: &str,
    hours: u32,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let mut page = Page::new(
        language,
        organization,
        language.invitation_subject(organization),
        language.invitation_lead(organization),
    );
    page.button = Some(Button { label: language.invitation_button(), url: link(url)? });
    page.notes =
        vec![language.invitation_lifetime(hours), language.invitation_unexpected().to_owned()];
    page.render()
}

/// Tells an administrator that the operator made a recovery link for `account` at `when`.
///
/// # Errors
/// [`LetterError::Template`].
pub fn recovery_alert(
    language: Language,
    organization: &str,
    account: &str,
    when: Timestamp,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let subject = language.recovery_subject(organization);
    let mut page = Page::new(language, organization, subject, language.recovery_lead().to_owned());
    page.facts = account_and_time(language, account, when);
    page.notes = vec![language.recovery_unexpected().to_owned()];
    page.render()
}

/// Tells an administrator that the access of `account`, an administrator's too, was taken away at
/// `when`.
///
/// # Errors
/// [`LetterError::Template`].
pub fn block_alert(
    language: Language,
    organization: &str,
    account: &str,
    when: Timestamp,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let subject = language.block_subject(organization);
    let mut page = Page::new(language, organization, subject, language.block_lead().to_owned());
    page.facts = account_and_time(language, account, when);
    page.notes = vec![language.block_unexpected().to_owned()];
    page.render()
}

/// Tells an administrator that the enrolment of `account`, asked for at `when`, waits for approval.
///
/// # Errors
/// [`LetterError::Template`].
pub fn approval_wanted(
    language: Language,
    organization: &str,
    account: &str,
    when: Timestamp,
) -> Result<Letter, LetterError> {
    let organization = &plain::line(organization, ORGANIZATION);
    let subject = language.approval_subject(organization);
    let mut page = Page::new(language, organization, subject, language.approval_lead().to_owned());
    page.facts = account_and_time(language, account, when);
    page.notes = vec![language.approval_ask().to_owned()];
    page.render()
}

impl Letter {
    /// Addresses the letter.
    pub fn to(self, to: Address) -> Mail {
        Mail { to, letter: self }
    }

    /// One line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The whole mail without markup.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole mail as an HTML document.
    pub fn html(&self) -> &str {
        &self.html
    }
}

impl Mail {
    /// Who gets it.
    pub fn to(&self) -> &Address {
        &self.to
    }

    /// What it says.
    pub fn letter(&self) -> &Letter {
        &self.letter
    }
}

/// Codes and links are secrets, and debug output ends in logs.
impl fmt::Debug for Letter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Letter([redacted])")
    }
}

/// Addresses are personal, and debug output ends in logs.
impl fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Mail([redacted])")
    }
}

fn account_and_time(
    language: Language,
    account: &str,
    when: Timestamp,
) -> Vec<(&'static str, String)> {
    vec![
        (language.account_label(), plain::line(account, ACCOUNT)),
        (language.when_label(), instant(when)),
    ]
}

/// The same in every language and time zone: `2026-11-21 12:04 UTC`.
fn instant(when: Timestamp) -> String {
    when.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn link(url: &str) -> Result<String, LetterError> {
    let ours = url.starts_with("https://") || {
        let rest = url.strip_prefix("http://localhost").unwrap_or("elsewhere");
        rest.is_empty() || rest.starts_with([':', '/'])
    };
    let one_word =
        url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
    if !ours || !one_word || url.len() > LINK || url.contains('@') {
        return Err(LetterError::Link);
    }
    Ok(url.to_owned())
}
