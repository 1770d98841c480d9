//! The connection as its page shows it.

use axum::response::Response;
use entra::ClientCertificates;
use http::HeaderValue;
use http::header::REFRESH;
use identity::{DomainName, Mode};
use jiff::{SignedDuration, Timestamp};
use keys::ring::SigningKey;
use oidc::Verifier;
use store::{
    Connecting, Connection, Failing, Feature, Import, PushCounts, ReadingRules, RoundCause, Stage,
    Tally,
};
use web::language::Language;
use web::page::{
    ConnectedTenant, Connection as ConnectionPage, ConnectionState, ConsentPurpose, FailingReading,
    FailureCause, MissingUsers, Page as _, Purpose, ReadingStatus, UploadCertificate, UserSource,
    WantedConsent, WantedPermission,
};

use crate::app::App;
use crate::visitor::Visitor;
use crate::{connect, feature, federation};

/// After how many seconds a page that waits looks again.
const LOOK_AGAIN: u32 = 5;
/// The same for how long somebody has waited for a consent to be known: each look asks Microsoft for a
/// token, and KMS for a signature.
const LOOK_FOR_CONSENT: [(SignedDuration, u32); 3] = [
    (SignedDuration::from_mins(2), LOOK_AGAIN),
    (OVERDUE, 30),
    (SignedDuration::from_hours(24), 300),
];
/// After how long a consent should be known everywhere.
const OVERDUE: SignedDuration = SignedDuration::from_mins(15);

/// Whether the page looks again by itself: the consent is not known everywhere yet.
pub(crate) fn waits(connection: &Connection) -> bool {
    match connection.stage {
        Stage::AwaitingToken => true,
        Stage::Connected => !connection.granted.contains_key(&connection.feature),
        Stage::AwaitingRole | Stage::Lost | Stage::Disconnected => false,
    }
}

/// For how long it has waited for that.
fn waited(connection: &Connection, now: Timestamp) -> SignedDuration {
    let authorised = connection.authorised.as_ref().map_or(connection.since, |by| by.at);
    now.duration_since(authorised)
}

/// After how many seconds the page looks whether the consent is known: after a day by hand alone.
fn looks_after(connection: &Connection, now: Timestamp) -> Option<u32> {
    let waited = waited(connection, now);
    let looks = LOOK_FOR_CONSENT.into_iter().find(|(until, _)| waited < *until);
    looks.filter(|_| waits(connection)).map(|(_, seconds)| seconds)
}

fn state(connection: Option<&Connection>) -> ConnectionState {
    match connection.map(|connection| connection.stage) {
        None => ConnectionState::None,
        Some(Stage::AwaitingRole) => ConnectionState::AwaitingRole,
        Some(Stage::AwaitingToken) => ConnectionState::AwaitingToken,
        Some(Stage::Connected) => ConnectionState::Connected,
        Some(Stage::Lost) => ConnectionState::Lost,
        Some(Stage::Disconnected) => ConnectionState::Disconnected,
    }
}

/// Shows how the connection stands.
pub(crate) fn respond(
    app: &App,
    visitor: &Visitor,
    found: &Connecting<Verifier>,
    certificates: &ClientCertificates,
    circular: Option<&DomainName>,
    pushes: PushCounts,
    (language, now): (Language, Timestamp),
) -> Response {
    let path = connect::path(visitor.org);
    let connection = found.connection.as_ref().map(|stored| &stored.value);
    let consents: Vec<_> =
        Feature::ALL.map(|feature| consent(app, visitor, connection, feature)).into();
    let tenant_id = connection.map(|connection| connection.tenant.to_string());
    let domains: Vec<_> =
        connection.iter().flat_map(|c| &c.domains).map(|d| d.name.as_str()).collect();
    let domains = domains.join(", ");
    let tenant = connection.zip(tenant_id.as_deref()).map(|(connection, id)| ConnectedTenant {
        id,
        name: connection.name.as_deref(),
        domains: &domains,
        authorised_by: connection.authorised.as_ref().and_then(|by| by.user_name.as_deref()),
        authorised_at: connection.authorised.as_ref().map(|by| by.at),
        checked_at: connection.checked_at,
    });
    let upload = |name: &str, key: &SigningKey, follows| UploadCertificate {
        url: format!("{path}/certificate/{name}.cer"),
        thumbprint: key.fingerprint().sha1,
        not_after: key.not_after,
        follows,
    };
    let mut uploads = vec![upload("current", &certificates.current, false)];
    uploads.extend(certificates.next.last().map(|key| upload("next", key, true)));
    let page = ConnectionPage {
        language,
        organization: &found.organization.name,
        state: state(connection),
        circular: circular.map(DomainName::as_str),
        unchecked: connection.and_then(|connection| {
            let since = connection.unchecked_since(found.import.as_ref(), &found.rules, now)?;
            Some(now.duration_since(since))
        }),
        is_overdue: connection.is_some_and(|it| waits(it) && waited(it, now) >= OVERDUE),
        tenant,
        reading: found
            .import
            .as_ref()
            .and_then(|import| reading(connection?, import, &found.rules, now)),
        missing: found.missing.as_ref().and_then(|search| {
            let since = search.held_since(now)?;
            let (missing, asked) = (search.missing, search.asked());
            Some(MissingUsers { missing, asked, since, search: search.id.to_string() })
        }),
        preflight_url: &format!("{path}/preflight"),
        federation_url: &federation::path(visitor.org),
        users: UserSource {
            cloud: found.organization.mode == Mode::Cloud,
            pending: pushes.pending,
            conflicts: pushes.conflicts,
        },
        consents: &consents,
        certificates: &uploads,
        csrf: &visitor.csrf(),
        check_action: &format!("{path}/check"),
        disconnect_action: &format!("{path}/disconnect"),
    };
    let mut response = page.respond();
    // Who has just connected the tenant waits for the first round.
    let reads = found
        .import
        .as_ref()
        .is_none_or(|import| import.began_at.is_some() || import.ended_at.is_none());
    let works = connection.is_some_and(|connection| connection.stage == Stage::Connected);
    if works && reads && !connection.is_some_and(waits) {
        response.headers_mut().insert(REFRESH, HeaderValue::from(LOOK_AGAIN));
    }
    if let Some(seconds) = connection.and_then(|connection| looks_after(connection, now))
        && let Ok(again) = HeaderValue::try_from(format!("{seconds};url={path}/continue"))
    {
        response.headers_mut().insert(REFRESH, again);
    }
    response
}

/// How reading that very tenant stands.
fn reading(
    connection: &Connection,
    import: &Import,
    rules: &ReadingRules,
    now: Timestamp,
) -> Option<ReadingStatus> {
    let works = connection.stage == Stage::Connected;
    let tally = import.tally;
    let Tally { told, made, changed, blocked, guests, unanchored, bad_anchors, .. } = tally;
    (connection.tenant == import.tenant).then(|| ReadingStatus {
        began_at: import.began_at,
        ends_about: import.ends_about(now),
        ended_at: import.ended_at,
        age: import.ended_at.map(|ended| now.duration_since(ended)),
        failing: import.trouble(connection.since).filter(|_| works).map(failing),
        pages: import.pages,
        told,
        expected: import.expected,
        made,
        changed,
        blocked,
        guests,
        unanchored,
        bad_anchors,
        clashes: tally.clashes,
        unread: tally.unread,
        interval: rules.interval(),
    })
}

fn failing(failing: Failing) -> FailingReading {
    let Failing { since, times, again_at, .. } = failing;
    let cause = match failing.cause {
        RoundCause::Throttled => FailureCause::Throttled,
        RoundCause::Unavailable => FailureCause::Unavailable,
        RoundCause::Refused => FailureCause::Refused,
        RoundCause::Ours => FailureCause::Ours,
    };
    FailingReading { since, times, cause, again_at }
}

fn consent(
    app: &App,
    visitor: &Visitor,
    connection: Option<&Connection>,
    feature: Feature,
) -> WantedConsent {
    let roles = connection.and_then(|connection| connection.granted.get(&feature));
    let granted = roles.into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    let purpose = |purpose: &Purpose| {
        let permissions = feature::permissions(*purpose).iter();
        let permissions = permissions.map(|permission| WantedPermission {
            name: permission.as_str(),
            granted: permission.is_covered_by(granted.iter().copied()),
            by_wider: !granted.contains(&permission.as_str()),
        });
        let (permissions, wider) = (permissions.collect(), feature::wider(*purpose));
        ConsentPurpose { purpose: *purpose, permissions, wider }
    };
    let path = connect::path(visitor.org);
    let offered = feature::is_offered(feature, connection);
    let registered = app.registration.client_id(feature).ok();
    WantedConsent {
        client_id: registered.map(str::to_owned),
        lost_at: connection.and_then(|connection| connection.lost.get(&feature).copied()),
        purposes: feature::purposes(feature).iter().map(purpose).collect(),
        start_url: registered
            .filter(|_| offered)
            .map(|_| format!("{path}/start/{}/{}", feature.word(), visitor.csrf())),
    }
}
