//! Consent, sign-in by code and tokens of the simulated Entra, as a client meets them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "a client of the tests reads the clock")]

mod lab;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaSignatureEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use entra_sim::{Application, GraphUser, Settings, Simulator};
use jiff::Timestamp;
use reqwest::{Response, StatusCode, Url};
use serde_json::{Value, json};

use lab::keys;

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
const TENANT: &str = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";
const FOREIGN: &str = "aaaaaaaa-1111-4222-8333-444444444444";
const CONSENT_URI: &str = "http://localhost:8080/oauth/callback/consent";
const SIGN_IN_URI: &str = "http://localhost:8080/oauth/callback/sign-in";
const ADMIN: &str = "00000000-0000-4000-8000-00000000000a";
const MEMBER: &str = "00000000-0000-4000-8000-00000000000b";
const STRANGER: &str = "00000000-0000-4000-8000-00000000000c";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What may be asked for with somebody's own rights.
const SCOPES: [&str; 2] = ["Domain-InternalFederation.Read.All", "Domain.Read.All"];

struct Client {
    simulator: Simulator,
    http: reqwest::Client,
}

impl Client {
    async fn start() -> Self {
        let simulator = Simulator::start(Settings::default()).unwrap();
        for (id, name) in [(ADMIN, "admin"), (MEMBER, "member")] {
            let user = GraphUser {
                id: id.to_owned(),
                user_principal_name: format!("{name}@contoso.onmicrosoft.com"),
                display_name: name.to_owned(),
                ..GraphUser::default()
            };
            simulator.put_user(user).unwrap();
        }
        let global = "62e90394-69f5-4237-9190-012177145e10";
        simulator.put_directory_roles("admin@contoso.onmicrosoft.com", &[global]).unwrap();
        let application = Application {
            display_name: "Passerelle".to_owned(),
            redirect_uris: vec![CONSENT_URI.to_owned(), SIGN_IN_URI.to_owned()],
            certificates: vec![keys()[0].certificate.clone(), keys()[1].certificate.clone()],
            roles: ["User.Read.All".to_owned()].into(),
            scopes: SCOPES.map(str::to_owned).into(),
            directory_role_claims: true,
        };
        simulator.put_application(CLIENT, application).unwrap();
        let policy = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(policy).build().unwrap();
        let client = Self { simulator, http };
        let foreign = json!({ "name": "Fabrikam", "people": [{
            "id": STRANGER, "userPrincipalName": "boss@fabrikam.test", "displayName": "Boss",
            "directoryRoles": [global],
        }] });
        client.put(&format!("tenants/{FOREIGN}"), &foreign).await;
        client
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    async fn put(&self, path: &str, body: &Value) {
        let url = self.url(&format!("/_sim/oauth/{path}"));
        let answer = self.http.put(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }

    /// Answers the page of a path as an account, or as nobody.
    async fn choose(&self, path: &str, query: &[(&str, &str)], account: Option<&str>) -> Response {
        let mut url = Url::parse(&self.url(path)).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let form: Vec<_> = account.map(|account| ("account", account)).into_iter().collect();
        self.http.post(url).form(&form).send().await.unwrap()
    }

    async fn consent(&self, tenant: &str, account: Option<&str>) -> Response {
        let query = [
            ("client_id", CLIENT),
            ("redirect_uri", CONSENT_URI),
            ("state", "s"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        self.choose(&format!("/{tenant}/v2.0/adminconsent"), &query, account).await
    }

    async fn sign_in(&self, tenant: &str, account: Option<&str>) -> Response {
        self.delegate(tenant, "openid profile", account).await
    }

    async fn delegate(&self, tenant: &str, scope: &str, account: Option<&str>) -> Response {
        let query = [
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", SIGN_IN_URI),
            ("scope", scope),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        self.choose(&format!("/{tenant}/oauth2/v2.0/authorize"), &query, account).await
    }

    async fn code(&self) -> String {
        back(&self.sign_in(TENANT, Some(ADMIN)).await)["code"].clone()
    }

    fn endpoint(&self, tenant: &str) -> String {
        self.url(&format!("/{tenant}/oauth2/v2.0/token"))
    }

    fn assertion(&self, tenant: &str) -> Assertion {
        let now = Timestamp::now().as_second();
        Assertion {
            header: json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(0) }),
            claims: json!({
                "aud": self.endpoint(tenant), "iss": CLIENT, "sub": CLIENT,
                "jti": format!("{now}-{}", uuid()), "nbf": now, "iat": now, "exp": now + 300,
            }),
            key: 0,
            how: &RSA_PSS_SHA256,
        }
    }

    async fn ask(&self, tenant: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.http.post(self.endpoint(tenant)).form(form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn own_token(&self, tenant: &str, assertion: &str) -> (StatusCode, Value) {
        let mut form = client(assertion);
        form.push(("grant_type", "client_credentials"));
        form.push(("scope", "https://graph.microsoft.com/.default"));
        self.ask(tenant, &form).await
    }

    async fn redeem(&self, code: &str, verifier: &str, uri: &str) -> (StatusCode, Value) {
        let assertion = self.assertion(TENANT).sign();
        let mut form = client(&assertion);
        form.push(("grant_type", "authorization_code"));
        form.push(("code", code));
        form.push(("code_verifier", verifier));
        form.push(("redirect_uri", uri));
        self.ask(TENANT, &form).await
    }
}

fn client(assertion: &str) -> Vec<(&str, &str)> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    vec![("client_id", CLIENT), ("client_assertion_type", kind), ("client_assertion", assertion)]
}

struct Assertion {
    header: Value,
    claims: Value,
    key: usize,
    how: &'static RsaSignatureEncoding,
}

impl Assertion {
    fn sign(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = keys()[self.key].sign(self.how, input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn thumbprint(key: usize) -> String {
    let der = STANDARD.decode(&keys()[key].certificate).unwrap();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &der))
}

fn uuid() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Where an answer sends the browser, and with which parameters.
fn back(answer: &Response) -> BTreeMap<String, String> {
    assert_eq!(answer.status(), StatusCode::FOUND);
    let url = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with("http://localhost:8080/oauth/callback/"), "{url}");
    url.query_pairs().into_owned().collect()
}

fn number(body: &Value) -> u64 {
    body["error_codes"][0].as_u64().unwrap()
}

fn payload(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_consent_is_for_the_administrators_own_tenant_and_a_refusal_still_says_true() {
    let client = Client::start().await;

    let declined = back(&client.consent("organizations", None).await);
    let granted = back(&client.consent("organizations", Some(ADMIN)).await);
    let foreign = back(&client.consent("organizations", Some(STRANGER)).await);
    let member = client.consent(TENANT, Some(MEMBER)).await;
    let elsewhere = client.consent(TENANT, Some(STRANGER)).await;
    let common = client.consent("common", Some(ADMIN)).await;

    assert_eq!((&*declined["error"], &*declined["admin_consent"]), ("access_denied", "True"));
    assert_eq!((&*granted["tenant"], &*granted["admin_consent"]), (TENANT, "True"));
    assert_eq!(foreign["tenant"], FOREIGN);
    for answer in [member, elsewhere, common] {
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert!(answer.headers().get("location").is_none());
    }
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_never_followed() {
    let client = Client::start().await;
    for uri in ["http://localhost:8080/oauth/callback/sign-in/", "http://evil.test/", ""] {
        let query = [
            ("client_id", CLIENT),
            ("redirect_uri", uri),
            ("response_type", "code"),
            ("scope", "openid"),
        ];
        for path in ["oauth2/v2.0/authorize", "v2.0/adminconsent"] {
            let answer = client.choose(&format!("/{TENANT}/{path}"), &query, Some(ADMIN)).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{uri} {path}");
        }
    }
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_whoever_asked_for_it() {
    let client = Client::start().await;

    let code = client.code().await;
    let (status, body) = client.redeem(&code, VERIFIER, SIGN_IN_URI).await;
    let (_, again) = client.redeem(&code, VERIFIER, SIGN_IN_URI).await;
    let stolen = client.code().await;
    let (_, without_proof) = client.redeem(&stolen, &"x".repeat(43), SIGN_IN_URI).await;
    let (_, after) = client.redeem(&stolen, VERIFIER, SIGN_IN_URI).await;
    let (_, elsewhere) = client.redeem(&client.code().await, VERIFIER, CONSENT_URI).await;

    assert_eq!(status, StatusCode::OK, "{body}");
    let claims = payload(&body["id_token"]);
    assert_eq!(claims["iss"], client.url(&format!("/{TENANT}/v2.0")));
    assert_eq!((&claims["tid"], &claims["oid"]), (&json!(TENANT), &json!(ADMIN)));
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(CLIENT), &json!("n")));
    assert_eq!(claims["wids"].as_array().unwrap().len(), 2);
    assert_eq!(number(&again), 54_005);
    assert_eq!(number(&without_proof), 501_481);
    assert_eq!(number(&after), 54_005);
    assert_eq!(number(&elsewhere), 50_011);
}

#[tokio::test]
async fn an_own_token_carries_what_was_consented_to_once_it_is_known_everywhere() {
    let client = Client::start().await;

    let (_, before) = client.own_token(TENANT, &client.assertion(TENANT).sign()).await;
    back(&client.consent(TENANT, Some(ADMIN)).await);
    let (status, after) = client.own_token(TENANT, &client.assertion(TENANT).sign()).await;
    let (_, foreign) = client.own_token(FOREIGN, &client.assertion(FOREIGN).sign()).await;
    client.put("replication", &json!({ "seconds": 60 })).await;
    back(&client.consent(TENANT, Some(ADMIN)).await);
    let (_, early) = client.own_token(TENANT, &client.assertion(TENANT).sign()).await;
    let (_, anywhere) =
        client.own_token("organizations", &client.assertion("organizations").sign()).await;

    assert_eq!(number(&before), 700_016);
    assert_eq!(status, StatusCode::OK, "{after}");
    let claims = payload(&after["access_token"]);
    assert_eq!(claims["roles"], json!(["User.Read.All"]));
    assert_eq!((&claims["tid"], &claims["appid"]), (&json!(TENANT), &json!(CLIENT)));
    for refused in [foreign, early] {
        assert_eq!(number(&refused), 700_016);
    }
    assert_eq!(number(&anywhere), 9_002_330);
}

#[tokio::test]
async fn an_assertion_is_judged_by_signature_certificate_audience_time_and_use() {
    let client = Client::start().await;
    back(&client.consent(TENANT, Some(ADMIN)).await);
    let now = Timestamp::now().as_second();
    type Change = fn(&mut Assertion, i64);
    let cases: [(&str, Change, Option<u64>); 13] = [
        ("as it should be", |_, _| {}, None),
        (
            "the second certificate",
            |a, _| {
                (a.key, a.header["x5t#S256"]) = (1, thumbprint(1).into());
            },
            None,
        ),
        ("another key", |a, _| a.key = 1, Some(700_027)),
        (
            "a certificate that is not uploaded",
            |a, _| {
                (a.key, a.header["x5t#S256"]) = (2, thumbprint(2).into());
            },
            Some(700_027),
        ),
        ("no thumbprint", |a, _| a.header["x5t#S256"] = Value::Null, Some(700_027)),
        (
            "RS256",
            |a, _| {
                (a.how, a.header["alg"]) = (&RSA_PKCS1_SHA256, "RS256".into());
            },
            Some(700_027),
        ),
        ("PS256 in name only", |a, _| a.how = &RSA_PKCS1_SHA256, Some(700_027)),
        ("another audience", |a, _| a.claims["aud"] = "https://x".into(), Some(700_023)),
        ("another issuer", |a, _| a.claims["iss"] = FOREIGN.into(), Some(700_021)),
        ("over", |a, now| a.claims["exp"] = (now - 300).into(), Some(700_024)),
        ("not yet", |a, now| a.claims["nbf"] = (now + 400).into(), Some(700_024)),
        ("for too long", |a, now| a.claims["exp"] = (now + 700).into(), Some(700_024)),
        ("without an id", |a, _| a.claims["jti"] = "".into(), Some(50_027)),
    ];
    for (name, change, expected) in cases {
        let mut assertion = client.assertion(TENANT);
        change(&mut assertion, now);
        let (_, body) = client.own_token(TENANT, &assertion.sign()).await;
        assert_eq!(body["error_codes"][0].as_u64(), expected, "{name}: {body}");
    }
    let once = client.assertion(TENANT).sign();
    assert_eq!(client.own_token(TENANT, &once).await.0, StatusCode::OK);
    assert_eq!(number(&client.own_token(TENANT, &once).await.1), 700_024);
}

#[tokio::test]
async fn keys_rotate_and_each_says_which_issuer_it_is_for() {
    let client = Client::start().await;
    let keys = async |tenant: &str| -> Vec<Value> {
        let url = client.url(&format!("/{tenant}/discovery/v2.0/keys"));
        let set: Value = client.http.get(url).send().await.unwrap().json().await.unwrap();
        set["keys"].as_array().unwrap().iter().filter(|key| key["kty"] == "RSA").cloned().collect()
    };

    let first = keys(TENANT).await;
    let anybody = keys("organizations").await;
    let rotate = client.url("/_sim/oauth/keys/rotate");
    client.http.post(rotate).send().await.unwrap();
    let second = keys(TENANT).await;
    let code = client.code().await;
    let (_, body) = client.redeem(&code, VERIFIER, SIGN_IN_URI).await;

    assert_eq!(first[0]["issuer"], client.url(&format!("/{TENANT}/v2.0")));
    assert_eq!(anybody[0]["issuer"], client.url("/{tenantid}/v2.0"));
    assert_eq!((second.len(), &second[1]["kid"]), (2, &first[0]["kid"]));
    let token = body["id_token"].as_str().unwrap();
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["kid"], second[0]["kid"]);
}

#[tokio::test]
async fn a_fault_is_for_as_many_requests_as_were_asked_for() {
    let client = Client::start().await;
    back(&client.consent(TENANT, Some(ADMIN)).await);
    client
        .put("faults", &json!({ "token": { "status": 429, "retry_after": 7, "times": 1 } }))
        .await;

    let first = client.http.post(client.endpoint(TENANT)).body("").send().await.unwrap();
    let (status, _) = client.own_token(TENANT, &client.assertion(TENANT).sign()).await;

    assert_eq!(first.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(first.headers()["retry-after"], "7");
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_delegated_permission_needs_an_administrator_once_and_a_role_at_each_call() {
    let client = Client::start().await;
    let graph = "https://graph.microsoft.com";
    let narrow = format!("openid profile {graph}/{} {graph}/{}", SCOPES[0], SCOPES[1]);
    for scope in [
        "openid User.Read.All".to_owned(),
        format!("openid {graph}/User.Read.All"),
        format!("openid https://vault.azure.net/{}", SCOPES[1]),
        format!("openid {graph}/"),
    ] {
        let refused = back(&client.delegate(TENANT, &scope, Some(ADMIN)).await);
        assert_eq!(refused["error"], "invalid_client", "{scope}");
    }
    let member = client.delegate(TENANT, &narrow, Some(MEMBER)).await;
    assert_eq!(member.status(), StatusCode::BAD_REQUEST, "nobody allowed it yet");
    let declined = back(&client.delegate(TENANT, &narrow, None).await);
    assert_eq!(declined["error"], "access_denied");

    let federation = "domains/contoso.onmicrosoft.com/federationConfiguration";
    let call = async |token: &Value, path: &str| {
        let url = client.url(&format!("/v1.0/{path}"));
        let call = client.http.get(url).bearer_auth(token.as_str().unwrap());
        call.send().await.unwrap().status().as_u16()
    };
    let domain_names = "8329153b-31d0-4727-b945-745eb3bc5f31";
    for (account, role, allowed) in
        [(ADMIN, None, 200), (MEMBER, None, 403), (MEMBER, Some(domain_names), 200)]
    {
        if let Some(role) = role {
            client
                .simulator
                .put_directory_roles("member@contoso.onmicrosoft.com", &[role])
                .unwrap();
        }
        let code = back(&client.delegate(TENANT, &narrow, Some(account)).await)["code"].clone();
        let (status, body) = client.redeem(&code, VERIFIER, SIGN_IN_URI).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(body.get("refresh_token"), None);
        let scope = body["scope"].as_str().unwrap();
        assert!(SCOPES.iter().all(|name| scope.contains(name)), "{scope}");
        let token = &body["access_token"];
        assert_eq!(call(token, federation).await, allowed, "{account} {role:?}");
        assert_eq!(call(token, "domains/contoso.onmicrosoft.com").await, 200);
        assert_eq!(call(token, "users").await, 403, "no more than was asked for");
    }
    // What only says who somebody is opens nothing.
    let code = back(&client.sign_in(TENANT, Some(ADMIN)).await)["code"].clone();
    let (_, body) = client.redeem(&code, VERIFIER, SIGN_IN_URI).await;
    assert_eq!(call(&body["access_token"], federation).await, 403);
    client.put("faults", &json!({ "unknown_scopes": [SCOPES[0]] })).await;
    let refused = back(&client.delegate(TENANT, &narrow, Some(ADMIN)).await);
    assert_eq!(refused["error"], "invalid_client");
}
