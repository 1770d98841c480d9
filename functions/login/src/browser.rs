//! What a browser holds: its half of a request, and its session.

use http::{HeaderMap, HeaderValue};
use identity::{
    DomainName, HeldSession, OrganizationId, Secret, SecretHash, Session, microsoft_cookie_name,
};
use store::Request;
use web::cookie::{self, Cookie, UnwritableCookie};
use web::csrf;

use crate::failure::Failure;

/// How many characters of an id's hash name its cookie.
const SHORT: usize = 12;

/// The id of a pending request, as it stands in our URLs.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    id: Secret,
    hash: SecretHash,
}

impl Ticket {
    /// Names a new request.
    pub(crate) fn new(id: Secret) -> Self {
        let hash = id.hash();
        Self { id, hash }
    }

    /// Reads the id of a path.
    pub(crate) fn parse(path: &str) -> Result<Self, Failure> {
        path.parse().map(Self::new).map_err(|_| Failure::RequestOver)
    }

    /// The id as it stands in our URLs.
    pub(crate) fn reveal(&self) -> String {
        self.id.reveal()
    }

    /// Where the request goes on, once somebody can sign in.
    pub(crate) fn sign_in_url(&self, domain: &DomainName) -> String {
        format!("/sign-in/{domain}/{}", self.reveal())
    }

    /// Where somebody without a passkey begins.
    pub(crate) fn enrol_url(&self, org: OrganizationId) -> String {
        format!("/enrol/{org}/{}", self.reveal())
    }

    /// What the table knows it by.
    pub(crate) const fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn cookie_name(&self) -> String {
        let short = self.hash.as_str().get(..SHORT).unwrap_or_default();
        format!("r-{short}")
    }

    /// Gives a browser its half.
    pub(crate) fn cookie(&self, browser: &Secret) -> Result<HeaderValue, UnwritableCookie> {
        Cookie::host(&self.cookie_name(), &browser.reveal()).max_age(Request::LIFETIME).header()
    }

    /// Takes a browser's half away.
    pub(crate) fn removal(&self) -> Result<HeaderValue, UnwritableCookie> {
        Cookie::remove(&self.cookie_name()).header()
    }

    /// The half that this browser holds, whether or not it is the right one.
    pub(crate) fn half(&self, headers: &HeaderMap) -> Result<Half, Failure> {
        let held = cookie::read(headers, &self.cookie_name()).ok_or(Failure::OtherBrowser)?;
        held.parse().map(Half).map_err(|_| Failure::OtherBrowser)
    }
}

/// How many requests one browser may be in the middle of.
const MOST_REQUESTS: usize = 8;

/// Takes the halves of the oldest requests away where a browser holds too many beside the one that
/// it goes on with: they would fill the header until the gateway reads none of ours any more.
///
/// A browser sends the oldest first (RFC 6265 §5.4).
pub(crate) fn surplus(headers: &HeaderMap, current: &Ticket) -> Vec<HeaderValue> {
    let current = current.cookie_name();
    let others = |name: &&str| name.starts_with("r-") && *name != current;
    let names = cookie::names(headers).filter(others).collect::<Vec<_>>();
    let surplus = (names.len() + 1).saturating_sub(MOST_REQUESTS);
    names.into_iter().take(surplus).filter_map(|name| Cookie::remove(name).header().ok()).collect()
}

/// What a browser holds of a request.
pub(crate) struct Half(Secret);

impl Half {
    /// Checks that it is the other half of this request: only who began it goes on.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Failure> {
        if self.0.hash() == request.browser { Ok(()) } else { Err(Failure::OtherBrowser) }
    }

    /// The token that this browser's forms carry.
    pub(crate) fn csrf(&self) -> String {
        csrf::token(&self.0.reveal())
    }

    /// Checks that a form carries it.
    pub(crate) fn check_csrf(&self, given: &str) -> Result<(), Failure> {
        Ok(csrf::check(&self.0.reveal(), given)?)
    }

    /// What the browser keeps.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.0
    }

    /// A half that was made now.
    pub(crate) const fn of(browser: Secret) -> Self {
        Self(browser)
    }
}

/// Whether this browser left us to sign in at Microsoft: then Microsoft sent it here.
pub(crate) fn left_for_microsoft(headers: &HeaderMap, org: OrganizationId) -> bool {
    cookie::read(headers, &microsoft_cookie_name(org)).is_some()
}

/// The session that this browser says it has with an organization.
pub(crate) fn held_session(headers: &HeaderMap, org: OrganizationId) -> Option<HeldSession> {
    HeldSession::parse(cookie::read(headers, &HeldSession::cookie_name(org))?)
}

/// Gives a browser a session.
pub(crate) fn session_cookie(
    org: OrganizationId,
    session: &Session,
    secret: &Secret,
) -> Result<HeaderValue, UnwritableCookie> {
    let value = HeldSession::cookie_value(session, secret);
    Cookie::host(&HeldSession::cookie_name(org), &value).header()
}

/// Takes a session away.
pub(crate) fn session_removal(org: OrganizationId) -> Result<HeaderValue, UnwritableCookie> {
    Cookie::remove(&HeldSession::cookie_name(org)).header()
}
