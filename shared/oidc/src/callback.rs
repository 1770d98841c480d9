//! What a browser brings back from Microsoft: nothing of it is believed, and `error` comes first.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::{NotATenant, Redacted, TenantId};

/// The longest query that is read, in bytes; a code has about a thousand.
pub const CALLBACK_LIMIT: usize = 8 * 1024;

/// The longest error code that is kept.
const LONGEST_CODE: usize = 64;

/// Why a query is no answer to anything that we ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCallback {
    /// Longer than [`CALLBACK_LIMIT`].
    #[error("the query is longer than any answer")]
    TooLong,
    /// A parameter occurs twice, RFC 6749 §3.1.
    #[error("a parameter occurs twice")]
    Duplicate,
    /// There is no `state`, so that nobody asked.
    #[error("there is no state")]
    NoState,
    /// Neither an error nor what was asked for.
    #[error("neither an error nor an answer")]
    Nothing,
    /// The `tenant` is none.
    #[error("the tenant is none")]
    Tenant(#[from] NotATenant),
}

/// An error that the other side reports, RFC 6749 §4.1.2.1.
///
/// Its description is not kept: it is text of whoever called, and Entra's own is for its own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderError {
    /// The error code, such as `access_denied`: letters, digits, `_`, `-` and `.` only.
    pub code: String,
    /// The number behind `AADSTS` in the description, if there is one.
    pub number: Option<u32>,
}

/// What became of a consent, and in answer to which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentCallback {
    /// Which of our requests this claims to answer.
    pub state: String,
    /// What it says.
    pub answer: ConsentAnswer,
}

/// What Entra's admin consent says.
///
/// The tenant is a claim of whoever called: anybody may call us with any tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// Somebody consented, it says, in this tenant.
    Granted(TenantId),
    /// Nobody consented.
    Refused(ProviderError),
}

/// What became of a sign-in, and in answer to which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInCallback {
    /// Which of our requests this claims to answer.
    pub state: String,
    /// What it says.
    pub answer: SignInAnswer,
}

/// What an authorization endpoint says, RFC 6749 §4.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInAnswer {
    /// A code to redeem.
    Code(Redacted),
    /// Nobody signed in.
    Refused(ProviderError),
}

impl ConsentCallback {
    /// Reads a raw query.
    ///
    /// # Errors
    ///
    /// [`MalformedCallback`] when it is no answer.
    pub fn parse(query: &str) -> Result<Self, MalformedCallback> {
        let mut parameters = Parameters::read(query)?;
        let state = parameters.state()?;
        // Before `admin_consent`, which Entra sends as `True` beside an error too.
        if let Some(error) = parameters.error() {
            return Ok(Self { state, answer: ConsentAnswer::Refused(error) });
        }
        let granted = parameters.take("admin_consent");
        if !granted.is_some_and(|granted| granted.eq_ignore_ascii_case("true")) {
            return Err(MalformedCallback::Nothing);
        }
        let tenant = parameters.take("tenant").ok_or(MalformedCallback::Nothing)?.parse()?;
        Ok(Self { state, answer: ConsentAnswer::Granted(tenant) })
    }
}

impl SignInCallback {
    /// Reads a raw query.
    ///
    /// # Errors
    ///
    /// [`MalformedCallback`] when it is no answer.
    pub fn parse(query: &str) -> Result<Self, MalformedCallback> {
        let mut parameters = Parameters::read(query)?;
        let state = parameters.state()?;
        if let Some(error) = parameters.error() {
            return Ok(Self { state, answer: SignInAnswer::Refused(error) });
        }
        let code = parameters.take("code").filter(|code| !code.is_empty());
        let code = code.ok_or(MalformedCallback::Nothing)?;
        Ok(Self { state, answer: SignInAnswer::Code(Redacted::new(code)) })
    }
}

struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn read(query: &str) -> Result<Self, MalformedCallback> {
        if query.len() > CALLBACK_LIMIT {
            return Err(MalformedCallback::TooLong);
        }
        let mut read = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if read.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(MalformedCallback::Duplicate);
            }
        }
        Ok(Self(read))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn state(&mut self) -> Result<String, MalformedCallback> {
        self.take("state").filter(|state| !state.is_empty()).ok_or(MalformedCallback::NoState)
    }

    fn error(&mut self) -> Option<ProviderError> {
        let code = self.take("error")?;
        let description = self.take("error_description").unwrap_or_default();
        Some(ProviderError { code: plain(&code), number: number(&description) })
    }
}

/// A code as the standard spells codes; whatever else somebody sends is `other`.
pub(crate) fn plain(code: &str) -> String {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let good = !code.is_empty() && code.len() <= LONGEST_CODE && code.bytes().all(known);
    if good { code.to_owned() } else { "other".to_owned() }
}

/// The number of Entra's own error code, `AADSTS65004: …`.
pub(crate) fn number(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let end = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";

    fn refused(code: &str, number: Option<u32>) -> ConsentAnswer {
        ConsentAnswer::Refused(ProviderError { code: code.to_owned(), number })
    }

    #[test]
    fn an_error_comes_before_a_consent_that_is_said_beside_it() {
        let granted = ConsentAnswer::Granted(TENANT.parse().unwrap_or_else(|_| unreachable!()));
        let cases = [
            (format!("admin_consent=True&tenant={TENANT}&state=s&scope=x"), granted.clone()),
            (format!("admin_consent=true&tenant={TENANT}&state=s"), granted),
            (
                format!("admin_consent=True&tenant={TENANT}&error=access_denied&state=s"),
                refused("access_denied", None),
            ),
            (
                "error=consent_required&error_description=AADSTS65004%3A+no.&admin_consent=True&state=s".to_owned(),
                refused("consent_required", Some(65004)),
            ),
            ("error=&state=s".to_owned(), refused("other", None)),
            ("error=%3Cscript%3E&state=s".to_owned(), refused("other", None)),
        ];
        for (query, expected) in cases {
            let read = ConsentCallback::parse(&query);
            let expected = ConsentCallback { state: "s".to_owned(), answer: expected };
            assert_eq!(read, Ok(expected), "{query}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        use MalformedCallback as M;
        let cases = [
            (format!("admin_consent=True&tenant={TENANT}"), M::NoState),
            (format!("admin_consent=True&tenant={TENANT}&state="), M::NoState),
            ("state=s".to_owned(), M::Nothing),
            ("admin_consent=True&state=s".to_owned(), M::Nothing),
            (format!("admin_consent=False&tenant={TENANT}&state=s"), M::Nothing),
            (format!("tenant={TENANT}&state=s"), M::Nothing),
            ("admin_consent=True&tenant=common&state=s".to_owned(), M::Tenant(NotATenant)),
            (format!("admin_consent=True&tenant={TENANT}&state=s&state=t"), M::Duplicate),
            (format!("admin_consent=True&tenant={TENANT}&tenant={TENANT}&state=s"), M::Duplicate),
            (format!("admin_consent=True&tenant={TENANT}&state=s&%73tate=t"), M::Duplicate),
            ("state=s".repeat(2000), M::TooLong),
        ];
        for (query, expected) in cases {
            assert_eq!(ConsentCallback::parse(&query), Err(expected), "{query}");
        }
    }

    #[test]
    fn a_sign_in_brings_a_code_or_an_error() {
        use MalformedCallback as M;
        let code = SignInCallback::parse("code=0.abc&state=s&session_state=x");
        let refused = SignInCallback::parse("error=login_required&code=0.abc&state=s");

        assert_eq!(
            code.map(|read| read.answer),
            Ok(SignInAnswer::Code(Redacted::new("0.abc".to_owned())))
        );
        assert!(matches!(refused.map(|read| read.answer), Ok(SignInAnswer::Refused(_))));
        for (query, expected) in [
            ("code=&state=s", M::Nothing),
            ("state=s", M::Nothing),
            ("code=a", M::NoState),
            ("code=a&code=b&state=s", M::Duplicate),
            ("", M::NoState),
        ] {
            assert_eq!(SignInCallback::parse(query), Err(expected), "{query}");
        }
    }

    #[test]
    fn a_code_is_not_shown_by_a_log() {
        let read = SignInCallback::parse("code=secret&state=s");

        assert!(!format!("{read:?}").contains("secret"));
    }
}
