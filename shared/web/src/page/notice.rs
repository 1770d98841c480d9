use crate::language::Language;

/// Why a page is shown again: a closed set, so that no page ever echoes input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The person closed the browser's window, or it timed out.
    Cancelled,
    /// The credential is not one of this organization's.
    NotRecognised,
    /// The authenticator did not verify the user.
    UserVerificationMissing,
    /// The authenticator already holds a passkey for this user.
    AlreadyRegistered,
    /// What was typed is no address.
    AddressUnreadable,
    /// The digits differ.
    WrongCode,
    /// The address and the recovery code do not belong together.
    WrongRecovery,
    /// The code's tries are used up.
    TooManyTries,
    /// The code's time is over.
    CodeExpired,
    /// Perhaps another code was sent.
    CodeSent,
    /// The one-time link has been used, or its time is over.
    LinkUsed,
    /// The challenge's time is over.
    TooLate,
    /// Microsoft sent somebody here who wanted to sign in there.
    BackFromMicrosoft,
    /// Something else, and another try may help.
    TryAgain,
}

/// How a notice looks, and how soon a screen reader says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 14] = [
        Self::Cancelled,
        Self::NotRecognised,
        Self::UserVerificationMissing,
        Self::AlreadyRegistered,
        Self::AddressUnreadable,
        Self::WrongCode,
        Self::WrongRecovery,
        Self::TooManyTries,
        Self::CodeExpired,
        Self::CodeSent,
        Self::LinkUsed,
        Self::TooLate,
        Self::BackFromMicrosoft,
        Self::TryAgain,
    ];

    /// The notice in words.
    #[must_use]
    pub fn text(self, language: Language) -> &'static str {
        match self {
            Self::Cancelled => language.notice_cancelled(),
            Self::NotRecognised => language.notice_not_recognised(),
            Self::UserVerificationMissing => language.notice_user_verification_missing(),
            Self::AlreadyRegistered => language.notice_already_registered(),
            Self::AddressUnreadable => language.notice_address_unreadable(),
            Self::WrongCode => language.notice_wrong_code(),
            Self::WrongRecovery => language.notice_wrong_recovery(),
            Self::TooManyTries => language.notice_too_many_tries(),
            Self::CodeExpired => language.notice_code_expired(),
            Self::CodeSent => language.notice_code_sent(),
            Self::LinkUsed => language.notice_link_used(),
            Self::TooLate => language.notice_too_late(),
            Self::BackFromMicrosoft => language.notice_back_from_microsoft(),
            Self::TryAgain => language.notice_try_again(),
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::CodeSent => Tone::Good,
            Self::Cancelled
            | Self::NotRecognised
            | Self::UserVerificationMissing
            | Self::AlreadyRegistered
            | Self::AddressUnreadable
            | Self::WrongCode
            | Self::WrongRecovery
            | Self::TooManyTries
            | Self::CodeExpired
            | Self::LinkUsed
            | Self::TooLate
            | Self::BackFromMicrosoft
            | Self::TryAgain => Tone::Bad,
        }
    }
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "notice good",
            Self::Bad => "notice",
        }
    }
}
