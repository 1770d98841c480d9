//! Every page with given values, for the gallery and for the tests of all pages.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use identity::{
    DomainStanding, FederationDifference, FederationProperty, Obstacle, TenantFederation, Weight,
};
use jiff::Timestamp;
use web::language::Language;
use web::page::{
    Address, AutoPost, Certificate, CheckedDomain, CheckedFederation, Code, ConnectedTenant,
    Connection, ConnectionState, ConsentPurpose, Entry, FailingReading, FailureCause, Federation,
    FileLinks, Found, FoundObstacle, Invitation, ListedUser, LookStatus, LookStep, Microsoft,
    MicrosoftStep, MissingUsers, Notice, Preflight, PreflightList, Problem, Purpose, Reach,
    ReadingStatus, Recover, Recovery, Register, Role, SignIn, SignedOut, Trouble,
    UploadCertificate, UserSource, WantedConsent, WantedLook, WantedPermission,
};

/// What the pages are filled with.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) organization: &'a str,
    pub(crate) url: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) request_options: &'a str,
    pub(crate) creation_options: &'a str,
    pub(crate) person: &'a str,
    pub(crate) code: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) saml_response: &'a str,
    pub(crate) relay_state: &'a str,
    pub(crate) notice: Option<Notice>,
}

/// A page's name in the gallery, and its answer.
pub(crate) type Named = (&'static str, Response);

/// Every page, and each again in its other shape.
pub(crate) fn pages(language: Language, v: &Values<'_>) -> Vec<Named> {
    let mut pages = ceremonies(language, v);
    pages.extend(enrolment(language, v));
    pages.extend(ends(language, v));
    pages.extend(connection(language, v));
    pages.extend(federation(language, v));
    pages.extend(microsoft(language, v));
    pages.extend(preflight(language, v));
    pages
}

fn ceremonies(language: Language, v: &Values<'_>) -> Vec<Named> {
    let sign_in = SignIn {
        language,
        organization: v.organization,
        action: v.url,
        options: v.request_options,
        csrf: v.csrf,
        hint: None,
        enrol_url: v.url,
        notice: None,
    };
    let again = SignIn { hint: Some(v.person), notice: v.notice, ..sign_in };
    let sign_in = SignIn { notice: None, ..again };
    let first = SignIn { hint: None, notice: None, ..sign_in };
    let register = Register {
        language,
        organization: v.organization,
        action: v.url,
        csrf: v.csrf,
        options: v.creation_options,
        name: v.person,
        notice: v.notice,
    };
    vec![
        ("sign-in", sign_in.into_response()),
        ("sign-in-without-hint", first.into_response()),
        ("sign-in-again", again.into_response()),
        ("register", register.into_response()),
    ]
}

fn microsoft(language: Language, v: &Values<'_>) -> Vec<Named> {
    let page = |step| Microsoft {
        language,
        organization: v.organization,
        signed_in_as: None,
        connection_url: None,
        step,
    };
    let ask = MicrosoftStep::Ask { action: v.url, csrf: v.csrf, notice: v.notice };
    let leave = MicrosoftStep::Leave { address: v.person, url: v.url, back_url: v.url };
    let circular = MicrosoftStep::Circular { domain: v.domain, back_url: v.url };
    let (signed_in_as, connection_url) = (Some(v.person), Some(v.url));
    let signed_in = Microsoft { signed_in_as, connection_url, ..page(None) };
    vec![
        ("microsoft", page(Some(ask)).into_response()),
        ("microsoft-leave", page(Some(leave)).into_response()),
        ("microsoft-circular", page(Some(circular)).into_response()),
        ("microsoft-signed-in", signed_in.into_response()),
    ]
}

fn enrolment(language: Language, v: &Values<'_>) -> Vec<Named> {
    let Values { organization, url: action, csrf, notice, .. } = *v;
    let address = Address {
        language,
        organization,
        action,
        csrf,
        address: Some(v.person),
        notice,
        sign_in_url: Some(v.url),
        recover_url: v.url,
    };
    let person = Some(v.person);
    let recover = Recover { language, organization, action, csrf, address: person, notice };
    let code = Code { language, organization, action, csrf, resend_action: v.url, notice };
    let invitation = Invitation { language, organization, action, csrf };
    let recovery = Recovery { language, organization, code: v.code, continue_url: Some(v.url) };
    let last = Recovery { language, organization, code: v.code, continue_url: None };
    vec![
        ("address", address.into_response()),
        ("code", code.into_response()),
        ("invitation", invitation.into_response()),
        ("recover", recover.into_response()),
        ("recovery", recovery.into_response()),
        ("recovery-without-request", last.into_response()),
    ]
}

fn ends(language: Language, v: &Values<'_>) -> Vec<Named> {
    let fields = [("SAMLResponse", v.saml_response), ("RelayState", v.relay_state)];
    let post = AutoPost { language, action: v.url, fields: &fields };
    let [active, next] = entries(v.subject);
    let certificate = Certificate {
        language,
        organization: v.organization,
        domain: v.domain,
        issuer: v.url,
        entries: &[active, next],
        pem_url: v.url,
        metadata_url: v.url,
    };
    let problem = Problem {
        language,
        status: StatusCode::FORBIDDEN,
        title: v.subject,
        what: v.subject,
        next: v.subject,
        administrator: Some(v.subject),
        request_id: v.request_id,
    };
    vec![
        ("signed-out", SignedOut { language, organization: Some(v.organization) }.into_response()),
        ("signed-out-anywhere", SignedOut { language, organization: None }.into_response()),
        ("auto-post", post.into_response()),
        ("certificate", certificate.into_response()),
        ("problem", problem.into_response()),
        (
            "problem-no-anchor",
            Problem::of(Trouble::NoAnchor, language, v.request_id).into_response(),
        ),
        (
            "problem-unavailable",
            Problem::of(Trouble::Unavailable, language, v.request_id).into_response(),
        ),
    ]
}

fn connection(language: Language, v: &Values<'_>) -> Vec<Named> {
    let at = Timestamp::UNIX_EPOCH;
    let consent = |purposes: &[Purpose]| {
        let reads = purposes == [Purpose::Read];
        let purpose = |purpose: &Purpose| ConsentPurpose {
            purpose: *purpose,
            permissions: vec![WantedPermission {
                name: "User.Read.All",
                granted: reads,
                by_wider: !reads,
            }],
            wider: "Directory.Read.All",
        };
        WantedConsent {
            client_id: reads.then(|| v.request_id.to_owned()),
            lost_at: None,
            purposes: purposes.iter().map(purpose).collect(),
            start_url: reads.then(|| v.url.to_owned()),
        }
    };
    let consents = [consent(&[Purpose::Read]), consent(&[Purpose::EndAccess, Purpose::Change])];
    let certificates = [false, true].map(|follows| UploadCertificate {
        url: v.url.to_owned(),
        thumbprint: "A9993E364706816ABA3E25717850C26C9CD0D89D".to_owned(),
        not_after: at,
        follows,
    });
    let tenant = ConnectedTenant {
        id: "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f",
        name: Some(v.organization),
        domains: v.domain,
        authorised_by: Some(v.person),
        authorised_at: Some(at),
        checked_at: Some(at),
    };
    let reading = ReadingStatus {
        began_at: Some(at),
        ends_about: Some(at),
        ended_at: None,
        age: None,
        failing: None,
        pages: 12,
        told: 11_988,
        expected: Some(50_000),
        made: 11_900,
        changed: 0,
        blocked: 40,
        guests: 48,
        unanchored: 7,
        bad_anchors: 1,
        clashes: 2,
        unread: 3,
        interval: jiff::SignedDuration::from_mins(270),
    };
    let missing = MissingUsers {
        missing: 1_204,
        asked: 9_310,
        since: at,
        search: "5f0d2c1b3a49485796a5b4c3d2e1f001".to_owned(),
    };
    let page = |state, tenant, reading, missing| Connection {
        language,
        organization: v.organization,
        state,
        circular: Some(v.domain),
        is_overdue: state == ConnectionState::AwaitingToken,
        unchecked: None,
        tenant,
        reading,
        missing,
        preflight_url: v.url,
        federation_url: v.url,
        users: UserSource { cloud: true, pending: 3, conflicts: 1 },
        consents: &consents,
        // The next one is there for ninety days of two years.
        certificates: certificates.get(..1 + usize::from(reading.is_none())).unwrap_or_default(),
        csrf: v.csrf,
        check_action: v.url,
        disconnect_action: v.url,
    };
    let failing =
        FailingReading { since: at, times: 17, cause: FailureCause::Throttled, again_at: at };
    let hours = jiff::SignedDuration::from_mins;
    let fails = ReadingStatus {
        began_at: None,
        ends_about: None,
        ended_at: Some(at),
        age: Some(hours(545)),
        failing: Some(failing),
        expected: None,
        ..reading
    };
    let lost = [consent(&[Purpose::Read]), consent(&[Purpose::EndAccess, Purpose::Change])].map(
        |consent| WantedConsent { lost_at: consent.start_url.is_none().then_some(at), ..consent },
    );
    let troubled = Connection {
        unchecked: Some(hours(545)),
        consents: &lost,
        ..page(ConnectionState::Connected, Some(tenant), Some(fails), None)
    };
    vec![
        ("connection-troubled", troubled.into_response()),
        (
            "connection",
            page(ConnectionState::Connected, Some(tenant), Some(reading), Some(missing))
                .into_response(),
        ),
        (
            "connection-awaiting",
            page(ConnectionState::AwaitingToken, Some(tenant), None, None).into_response(),
        ),
        ("connection-none", page(ConnectionState::None, None, None, None).into_response()),
    ]
}

fn federation(language: Language, v: &Values<'_>) -> Vec<Named> {
    let look = |reach: Reach, offered: bool| WantedLook {
        reach,
        permissions: &["Domain-InternalFederation.Read.All", "Domain.Read.All"],
        start_url: offered.then(|| v.url.to_owned()),
    };
    let differs = |property, weight, should: Option<&str>| FederationDifference {
        property,
        weight,
        is: Some(v.subject.to_owned()),
        should: should.map(str::to_owned),
    };
    let differences = vec![
        differs(FederationProperty::PassiveSignInUri, Weight::KeepsOut, Some(v.url)),
        differs(FederationProperty::NextSigningCertificate, Weight::LetsOthersIn, None),
    ];
    let federated = DomainStanding::Federated(Box::<TenantFederation>::default());
    let domain = |standing, differences| CheckedDomain {
        name: v.domain,
        standing,
        differences,
        certificate_url: v.url.to_owned(),
    };
    let granted = ["Domain.Read.All".to_owned(), "Domain.ReadWrite.All".to_owned()];
    let at = Timestamp::UNIX_EPOCH;
    let checked = |domains: Vec<_>, left_out| {
        let by = Some(v.person);
        Some(CheckedFederation { at, by, granted: &granted, domains, left_out })
    };
    let looks = [true, false].map(|offered| Reach::ALL.map(|reach| look(reach, offered)));
    let [offered, waiting] = &looks;
    let seen = |checked| Federation {
        language,
        organization: v.organization,
        connected: true,
        checked,
        client_id: Some(v.request_id),
        redirect_uri: v.url,
        looks: offered,
        connection_url: v.url,
    };
    let others = [DomainStanding::Managed, DomainStanding::Absent, DomainStanding::Unverified];
    let others =
        others.iter().chain([&federated]).map(|standing| domain(standing, Vec::new())).collect();
    let none = Federation { connected: false, client_id: None, looks: waiting, ..seen(None) };
    let differs = checked(vec![domain(&federated, differences)], 3);
    vec![
        ("federation", seen(differs).into_response()),
        ("federation-elsewhere", seen(checked(others, 0)).into_response()),
        ("federation-none", none.into_response()),
    ]
}

fn preflight(language: Language, v: &Values<'_>) -> Vec<Named> {
    let at = Timestamp::UNIX_EPOCH;
    let counts = [40, 0, 7, 1, 0, 3, 1_204, 2, 0, 14, 311];
    let found = |told, counts: [u64; Obstacle::ALL.len()]| {
        let obstacles = Obstacle::ALL.into_iter().zip(counts);
        let obstacles =
            obstacles.map(|(obstacle, users)| FoundObstacle { obstacle, users, url: v.url.into() });
        Found { looked_at: 11_940, told, at, kept_until: at, obstacles: obstacles.collect() }
    };
    let page = |look, found| Preflight {
        language,
        organization: v.organization,
        look,
        found,
        csrf: v.csrf,
        begin_action: look.is_none().then_some(v.url),
        files: look.is_none().then_some(FileLinks { csv_url: v.url, json_url: v.url }),
        connection_url: v.url,
    };
    let look = LookStatus { looked_at: 4_200, expected: Some(11_940), step: LookStep::Looks };
    let list = PreflightList {
        language,
        organization: v.organization,
        obstacle: Obstacle::NameTaken,
        users: 1_204,
        at,
        people: &[
            ListedUser { user_name: v.person, display_name: v.subject, held_by: Some(v.person) },
            ListedUser { user_name: v.person, display_name: v.person, held_by: None },
        ],
        page: 2,
        pages: 25,
        previous_url: Some(v.url),
        next_url: Some(v.url),
        overview_url: v.url,
    };
    vec![
        ("preflight", page(None, Some(found(Some(12_254), counts))).into_response()),
        ("preflight-clear", page(None, Some(found(None, [0; 11]))).into_response()),
        ("preflight-look", page(Some(look), None).into_response()),
        ("preflight-list", list.into_response()),
    ]
}

fn entries(subject: &str) -> [Entry<'_>; 2] {
    let day = |text: &str| text.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let [start, turn, end] =
        ["2026-11-21T00:00:00Z", "2027-11-21T00:00:00Z", "2029-11-20T23:59:59Z"].map(day);
    [
        Entry::new(b"active", subject, start, turn, Role::Active),
        Entry::new(b"next", subject, turn, end, Role::Next),
    ]
}

/// What an ordinary sign-in fills them with.
pub(crate) fn ordinary<'a>(url: &'a str) -> Values<'a> {
    Values {
        organization: "Contoso",
        url,
        csrf: "TyTHAWyYGRm1JHbxwLFKh6SO1OyrQnaKmSLWW4aJLWQ",
        request_options: r#"{"publicKey":{"challenge":"Pn2Vbd0KYGdIDvGO2rLhPnYvVXZGBMqwQxhSC5Z2HfI","timeout":300000,"rpId":"localhost","allowCredentials":[],"userVerification":"required"}}"#,
        creation_options: r#"{"publicKey":{"rp":{"name":"Contoso","id":"localhost"},"user":{"id":"EjRWeJCrTe-BI0VniavN7w","name":"adele.vance@contoso.test","displayName":"Adele Vance"},"challenge":"0Jt3TGIQTkkzx5hO5aZVmS2w8mJbQ0Eo8uKJ5kqC0mE","pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":300000,"excludeCredentials":[],"authenticatorSelection":{"residentKey":"required","requireResidentKey":true,"userVerification":"required"},"attestation":"none"}}"#,
        person: "adele.vance@contoso.test",
        code: "7F3K-9QXM-2TRD-W8HP-4VNC",
        domain: "contoso.test",
        subject: "CN=contoso.test, O=Passerelle",
        request_id: "JKJaXmPLvHcESHA=",
        saml_response: "PHNhbWxwOlJlc3BvbnNlPjwvc2FtbHA6UmVzcG9uc2U+",
        relay_state: "estsredirect=2&estsrequest=rQQIARAA",
        notice: None,
    }
}
