use askama::Template;
use http::StatusCode;

use super::Page;
use crate::language::Language;

/// Says that the way ends here, why, and what the person can do.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct Problem<'a> {
    /// The language of the page.
    pub language: Language,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headline.
    pub title: &'a str,
    /// What happened.
    pub what: &'a str,
    /// What the person can do.
    pub next: &'a str,
    /// What the administrator must do, if only they can help.
    pub administrator: Option<&'a str>,
    /// Finds the log entry.
    pub request_id: &'a str,
}

impl<'a> Problem<'a> {
    /// The page for a trouble, in its own words.
    #[must_use]
    pub fn of(trouble: Trouble, language: Language, request_id: &'a str) -> Self {
        Self {
            language,
            status: trouble.status(),
            title: trouble.title(language),
            what: trouble.what(language),
            next: trouble.next(language),
            administrator: trouble.administrator(language),
            request_id,
        }
    }
}

impl Page for Problem<'_> {
    fn status(&self) -> StatusCode {
        self.status
    }
}

/// Why the way ends: a closed set with its words in every language.
///
/// Those about a user tell that the user exists: only for somebody who has shown a passkey, a code
/// or a link, never in answer to a typed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request of the relying party is unreadable or not acceptable.
    RequestRefused,
    /// The request has expired, or its one answer has been issued.
    RequestOver,
    /// The request was landed by another browser, or no cookie came.
    OtherBrowser,
    /// No such page.
    NotFound,
    /// The user may not sign in.
    UserDisabled,
    /// The user has no ImmutableID.
    NoAnchor,
    /// The user's principal name is outside the federated root domain.
    OutsideDomain,
    /// The passkey's counter went back.
    PasskeyRefused,
    /// The one-time link has been used, or its time is over.
    LinkOver,
    /// No claim of this account can enrol.
    AskAdministrator,
    /// The claim changed lately, so somebody has to approve.
    AwaitingApproval,
    /// The user has as many passkeys as there can be.
    TooManyPasskeys,
    /// The form came from elsewhere, or without its token.
    FormRefused,
    /// The request is larger than what is accepted.
    TooLarge,
    /// A rate limit was reached.
    TooMany,
    /// Nobody who administers the organization is signed in.
    SignInFirst,
    /// A journey to Microsoft is over, or never began here.
    JourneyOver,
    /// Somebody declined a consent or a sign-in at Microsoft.
    ConsentDeclined,
    /// Nobody let us look at how domains are federated.
    LookDeclined,
    /// Microsoft does not show whoever signed in how domains are federated.
    LookForbidden,
    /// An id token proves nothing.
    IdentityRefused,
    /// A sign-in with Microsoft is over, was declined, or never began here.
    SignInOver,
    /// Nobody here has the account that signed in at Microsoft.
    AccountUnknown,
    /// Whoever has a passkey, a link or a code signs in with Microsoft.
    MicrosoftOnly,
    /// Whoever signed in at Microsoft signs in here with a passkey.
    PasskeyOnly,
    /// The person may not consent for the Entra tenant.
    NotTenantAdministrator,
    /// The organization is connected to another tenant.
    OtherTenant,
    /// Another organization has the tenant.
    TenantTaken,
    /// No application is registered in Entra.
    NotRegistered,
    /// Entra does not know our certificate.
    CertificateUnknown,
    /// A service that we need did not answer, ours or Microsoft's, while a tenant was connected.
    ConnectionUnavailable,
    /// A service that we need did not answer.
    Unavailable,
    /// A fault of our own.
    Internal,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 33] = [
        Self::RequestRefused,
        Self::RequestOver,
        Self::OtherBrowser,
        Self::NotFound,
        Self::UserDisabled,
        Self::NoAnchor,
        Self::OutsideDomain,
        Self::PasskeyRefused,
        Self::LinkOver,
        Self::AskAdministrator,
        Self::AwaitingApproval,
        Self::TooManyPasskeys,
        Self::FormRefused,
        Self::TooLarge,
        Self::TooMany,
        Self::SignInFirst,
        Self::JourneyOver,
        Self::ConsentDeclined,
        Self::LookDeclined,
        Self::LookForbidden,
        Self::IdentityRefused,
        Self::SignInOver,
        Self::AccountUnknown,
        Self::MicrosoftOnly,
        Self::PasskeyOnly,
        Self::NotTenantAdministrator,
        Self::OtherTenant,
        Self::TenantTaken,
        Self::NotRegistered,
        Self::CertificateUnknown,
        Self::ConnectionUnavailable,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status that goes with it (RFC 9110 §15).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::RequestRefused => StatusCode::BAD_REQUEST,
            Self::RequestOver | Self::LinkOver => StatusCode::GONE,
            Self::OtherBrowser
            | Self::UserDisabled
            | Self::NoAnchor
            | Self::OutsideDomain
            | Self::PasskeyRefused
            | Self::AskAdministrator
            | Self::AwaitingApproval
            | Self::TooManyPasskeys
            | Self::FormRefused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::JourneyOver | Self::SignInOver => StatusCode::GONE,
            Self::SignInFirst
            | Self::ConsentDeclined
            | Self::LookDeclined
            | Self::LookForbidden
            | Self::IdentityRefused
            | Self::AccountUnknown
            | Self::MicrosoftOnly
            | Self::PasskeyOnly
            | Self::NotTenantAdministrator => StatusCode::FORBIDDEN,
            Self::OtherTenant
            | Self::TenantTaken
            | Self::NotRegistered
            | Self::CertificateUnknown => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::ConnectionUnavailable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self, language: Language) -> &'static str {
        match self {
            Self::RequestRefused => language.request_refused_title(),
            Self::RequestOver => language.request_over_title(),
            Self::OtherBrowser => language.other_browser_title(),
            Self::NotFound => language.not_found_title(),
            Self::UserDisabled => language.user_disabled_title(),
            Self::NoAnchor => language.no_anchor_title(),
            Self::OutsideDomain => language.outside_domain_title(),
            Self::PasskeyRefused => language.passkey_refused_title(),
            Self::LinkOver => language.link_over_title(),
            Self::AskAdministrator => language.ask_administrator_title(),
            Self::AwaitingApproval => language.awaiting_approval_title(),
            Self::TooManyPasskeys => language.too_many_passkeys_title(),
            Self::FormRefused => language.form_refused_title(),
            Self::TooLarge => language.too_large_title(),
            Self::TooMany => language.too_many_title(),
            Self::SignInFirst => language.sign_in_first_title(),
            Self::JourneyOver => language.journey_over_title(),
            Self::ConsentDeclined => language.consent_declined_title(),
            Self::LookDeclined => language.look_declined_title(),
            Self::LookForbidden => language.look_forbidden_title(),
            Self::IdentityRefused => language.identity_refused_title(),
            Self::SignInOver => language.sign_in_over_title(),
            Self::AccountUnknown => language.account_unknown_title(),
            Self::MicrosoftOnly => language.microsoft_only_title(),
            Self::PasskeyOnly => language.passkey_only_title(),
            Self::NotTenantAdministrator => language.not_tenant_administrator_title(),
            Self::OtherTenant => language.other_tenant_title(),
            Self::TenantTaken => language.tenant_taken_title(),
            Self::NotRegistered => language.not_registered_title(),
            Self::CertificateUnknown => language.certificate_unknown_title(),
            Self::ConnectionUnavailable => language.connection_unavailable_title(),
            Self::Unavailable => language.unavailable_title(),
            Self::Internal => language.internal_title(),
        }
    }

    fn what(self, language: Language) -> &'static str {
        match self {
            Self::RequestRefused => language.request_refused_what(),
            Self::RequestOver => language.request_over_what(),
            Self::OtherBrowser => language.other_browser_what(),
            Self::NotFound => language.not_found_what(),
            Self::UserDisabled => language.user_disabled_what(),
            Self::NoAnchor => language.no_anchor_what(),
            Self::OutsideDomain => language.outside_domain_what(),
            Self::PasskeyRefused => language.passkey_refused_what(),
            Self::LinkOver => language.link_over_what(),
            Self::AskAdministrator => language.ask_administrator_what(),
            Self::AwaitingApproval => language.awaiting_approval_what(),
            Self::TooManyPasskeys => language.too_many_passkeys_what(),
            Self::FormRefused => language.form_refused_what(),
            Self::TooLarge => language.too_large_what(),
            Self::TooMany => language.too_many_what(),
            Self::SignInFirst => language.sign_in_first_what(),
            Self::JourneyOver => language.journey_over_what(),
            Self::ConsentDeclined => language.consent_declined_what(),
            Self::LookDeclined => language.look_declined_what(),
            Self::LookForbidden => language.look_forbidden_what(),
            Self::IdentityRefused => language.identity_refused_what(),
            Self::SignInOver => language.sign_in_over_what(),
            Self::AccountUnknown => language.account_unknown_what(),
            Self::MicrosoftOnly => language.microsoft_only_what(),
            Self::PasskeyOnly => language.passkey_only_what(),
            Self::NotTenantAdministrator => language.not_tenant_administrator_what(),
            Self::OtherTenant => language.other_tenant_what(),
            Self::TenantTaken => language.tenant_taken_what(),
            Self::NotRegistered => language.not_registered_what(),
            Self::CertificateUnknown => language.certificate_unknown_what(),
            Self::ConnectionUnavailable => language.connection_unavailable_what(),
            Self::Unavailable => language.unavailable_what(),
            Self::Internal => language.internal_what(),
        }
    }

    fn next(self, language: Language) -> &'static str {
        match self {
            Self::RequestRefused
            | Self::RequestOver
            | Self::NotFound
            | Self::FormRefused
            | Self::TooLarge
            | Self::Internal => language.next_start_again(),
            Self::OtherBrowser => language.other_browser_next(),
            Self::UserDisabled
            | Self::NoAnchor
            | Self::OutsideDomain
            | Self::PasskeyRefused
            | Self::AskAdministrator
            | Self::AwaitingApproval
            | Self::TooManyPasskeys => language.next_ask_administrator(),
            Self::LinkOver => language.link_over_next(),
            Self::TooMany => language.too_many_next(),
            Self::SignInFirst => language.sign_in_first_next(),
            Self::SignInOver => language.sign_in_over_next(),
            Self::AccountUnknown => language.next_ask_administrator(),
            Self::MicrosoftOnly => language.microsoft_only_next(),
            Self::PasskeyOnly => language.passkey_only_next(),
            Self::LookDeclined => language.look_declined_next(),
            Self::LookForbidden => language.look_forbidden_next(),
            Self::JourneyOver
            | Self::ConsentDeclined
            | Self::IdentityRefused
            | Self::NotTenantAdministrator
            | Self::OtherTenant
            | Self::TenantTaken
            | Self::NotRegistered
            | Self::CertificateUnknown => language.next_connection(),
            Self::ConnectionUnavailable | Self::Unavailable => language.unavailable_next(),
        }
    }

    fn administrator(self, language: Language) -> Option<&'static str> {
        match self {
            Self::NoAnchor => Some(language.no_anchor_administrator()),
            Self::OutsideDomain => Some(language.outside_domain_administrator()),
            Self::PasskeyRefused => Some(language.passkey_refused_administrator()),
            Self::AskAdministrator => Some(language.ask_administrator_administrator()),
            Self::AccountUnknown => Some(language.account_unknown_administrator()),
            Self::MicrosoftOnly => Some(language.microsoft_only_administrator()),
            Self::RequestRefused
            | Self::RequestOver
            | Self::OtherBrowser
            | Self::NotFound
            | Self::UserDisabled
            | Self::SignInOver
            | Self::PasskeyOnly
            | Self::LinkOver
            | Self::AwaitingApproval
            | Self::TooManyPasskeys
            | Self::FormRefused
            | Self::TooLarge
            | Self::TooMany
            | Self::SignInFirst
            | Self::JourneyOver
            | Self::ConsentDeclined
            | Self::LookDeclined
            | Self::LookForbidden
            | Self::IdentityRefused
            | Self::NotTenantAdministrator
            | Self::OtherTenant
            | Self::TenantTaken
            | Self::NotRegistered
            | Self::CertificateUnknown
            | Self::ConnectionUnavailable
            | Self::Unavailable
            | Self::Internal => None,
        }
    }
}
