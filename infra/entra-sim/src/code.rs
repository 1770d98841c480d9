//! The AADSTS codes that the simulator answers with, and what each one means.

/// One code of Entra's sign-in service.
///
/// Microsoft documents the meaning of most; which code a given defect earns is often only
/// observed, so programs must never branch on the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The identity provider answered with a failure status.
    FederationResponse,
    /// The signature does not verify.
    Signature,
    /// The assertion is missing or misconfigured.
    Assertion,
    /// The signing certificate is not registered.
    SigningKey,
    /// The token is invalid: time, audience, recipient, reply, replay.
    TokenInvalid,
    /// The e-mail claim is missing or another person's.
    EmailClaim,
    /// The federated-token-validation policy forbids the sign-in.
    DomainPolicy,
    /// No user has the anchor.
    UserUnknown,
    /// The address belongs to no domain of the tenant.
    AccountUnknown,
    /// The user is disabled.
    UserDisabled,
    /// The authentication is older than was asked for.
    AuthenticationStale,
    /// The federated identity provider must bring the MFA claim.
    MfaMissing,
    /// The sign-in took too long.
    FlowExpired,
    /// No domain has the issuer.
    Realm,
    /// The message cannot be read from the transport.
    Binding,
    /// The binding is not the one that carries responses.
    UnsupportedBinding,
    /// The message is not a SAML message.
    Message,
    /// The root element is not a response.
    ResponseType,
    /// An identifier is no XML identifier.
    MessageId,
    /// The request is malformed or nothing that the service knows of.
    Request,
    /// The browser is not the one that started the sign-in.
    Browser,
}

impl Code {
    /// The number behind `AADSTS`.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::FederationResponse => 20001,
            Self::Signature => 50006,
            Self::Assertion => 50008,
            Self::AccountUnknown => 50034,
            Self::UserDisabled => 50057,
            Self::AuthenticationStale => 50078,
            Self::MfaMissing => 50079,
            Self::FlowExpired => 50089,
            Self::Realm => 50107,
            Self::UserUnknown => 51004,
            Self::Binding => 75001,
            Self::UnsupportedBinding => 75003,
            Self::Message => 75005,
            Self::Request => 90023,
            Self::Browser => 165_000,
            Self::TokenInvalid => 500_089,
            Self::SigningKey => 5_000_811,
            Self::EmailClaim => 5_000_819,
            Self::DomainPolicy => 5_000_820,
            Self::ResponseType => 7_500_514,
            Self::MessageId => 7_500_529,
        }
    }

    /// What the code means, for people.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::FederationResponse => "The identity provider reported that the sign-in failed.",
            Self::Signature => "The signature of the assertion does not verify.",
            Self::Assertion => "The SAML assertion is missing or misconfigured in the answer.",
            Self::AccountUnknown => "The account does not exist in this directory.",
            Self::UserDisabled => "The user account is disabled.",
            Self::AuthenticationStale => {
                "The presented authentication has expired: a fresh one was asked for."
            }
            Self::MfaMissing => {
                "Multi-factor authentication is required, and a federated user must bring the \
                 claim from the identity provider."
            }
            Self::FlowExpired => "The sign-in took too long and has expired.",
            Self::Realm => "The federation realm object does not exist: unknown issuer.",
            Self::UserUnknown => "The user account does not exist in the directory.",
            Self::Binding => "The SAML message cannot be read from its binding.",
            Self::UnsupportedBinding => "A SAML response is accepted by HTTP POST only.",
            Self::Message => "The message is not a valid SAML message.",
            Self::Request => "The authentication service request is not valid.",
            Self::Browser => "The tokens of the request do not match the browser's session.",
            Self::TokenInvalid => "SAML 2.0 assertion validation failed: the token is invalid.",
            Self::SigningKey => {
                "The signing key identifier does not match any valid registered key."
            }
            Self::EmailClaim => "The e-mail claim is missing or does not match the account.",
            Self::DomainPolicy => {
                "The sign-in was blocked by the federated token validation policy: the user's \
                 domain is not the domain of the trust."
            }
            Self::ResponseType => "The message is not a SAML 2.0 Response.",
            Self::MessageId => "An ID in the SAML message is not a valid XML identifier.",
        }
    }
}

/// Why an answer was refused: the code, a word for tests, and the offending value for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    /// Stable and machine-readable, as `audience` or `replay`.
    pub(crate) reason: &'static str,
    /// What was found and what was expected.
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { code, reason, detail: detail.into() }
    }

    /// Refuses a value that should have been another.
    pub(crate) fn unequal(
        code: Code,
        reason: &'static str,
        what: &str,
        found: Option<&str>,
        expected: &str,
    ) -> Self {
        let found = found.map_or_else(|| "missing".to_owned(), shown);
        Self::new(code, reason, format!("{what} is {found}, expected {}", shown(expected)))
    }
}

/// A value for a message: quoted, and cut when it is long.
pub(crate) fn shown(value: &str) -> String {
    const LONGEST: usize = 200;
    let cut: String = value.chars().take(LONGEST).collect();
    let dots = if cut.len() < value.len() { "…" } else { "" };
    format!("\u{201c}{cut}{dots}\u{201d}")
}
