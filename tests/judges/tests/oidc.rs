//! An OpenID provider and a JWT library that we did not write. The one signs people in through our
//! code and judges how we prove ourselves; the other reads our assertions, and judges the id tokens
//! that we judge.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ambient::{Clock as _, SystemClock, SystemEntropy};
use async_trait::async_trait;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use entra::{ClientCertificates, Entra, EntraError};
use judges::Program;
use judges::functions::root;
use judges::site::aws;
use keys::{CertificateSubject, KeyId, KmsKeys, kms_config};
use local::invoke::{Invoke, Outcome};
use local::services::mail::MailAccount;
use local::services::{Config, Deliveries, Listeners, Ports, Services, Timing};
use local::template::model::Model;
use oidc::{
    AssertionClaims, Authority, Authorization, Cloud, Expected, Follows, Prompt, Redacted,
    Rejected, SignInAnswer, SignInCallback, TenantId, UnsignedAssertion, UnverifiedIdToken,
    Verifier,
};
use reqwest::Client;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const TENANT: &str = "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f";
const OTHER_TENANT: &str = "11112222-3333-4444-8555-666677778888";
const CLIENT: &str = "99999999-2222-4333-8444-555555555555";
const CALLBACK: &str = "http://localhost:8080/oauth/callback/microsoft";
const OBJECT: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// No function is ever called here.
struct NoFunctions;

#[async_trait]
impl Invoke for NoFunctions {
    async fn invoke(&self, function: &str, _: Bytes) -> Outcome {
        panic!("{function} was called")
    }
}

/// A KMS and nothing else of an account, and the keys of two clients there.
struct Account {
    services: Services,
    keys: KmsKeys,
    ours: ClientCertificates,
    strangers: ClientCertificates,
    _folder: TempDir,
}

impl Account {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config {
            model: Model::default(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            data_dir: folder.path().join("services"),
            functions: Arc::new(NoFunctions),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            timing: Timing::default(),
            deliveries: Deliveries::Once,
            mail_account: MailAccount::default(),
        };
        let listeners = Listeners::bind(Ports::default()).await.unwrap();
        let services = Services::start(config, listeners).await.unwrap();
        let aws = aws(&services.endpoints().kms).await;
        let keys = KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(&aws)));
        let subject = CertificateSubject::parse("Passerelle").unwrap();
        let mut made = Vec::new();
        for _ in 0..2 {
            // Making a key takes longer than the production client waits for a signature.
            let client = aws_sdk_kms::Client::new(&aws);
            let key = client.create_key().key_spec(KeySpec::Rsa2048);
            let key = key.key_usage(KeyUsageType::SignVerify).send().await.unwrap();
            let key = KeyId::parse(key.key_metadata.unwrap().key_id).unwrap();
            let now = SystemClock.now();
            made.push(ClientCertificates::first(&keys, &key, &subject, now).await.unwrap());
        }
        let [ours, strangers] = made.try_into().unwrap();
        Self { services, keys, ours, strangers, _folder: folder }
    }
}

/// The provider, our client before it, and a browser.
struct Lab {
    account: Account,
    provider: Program,
    cloud: Cloud,
    entra: Entra,
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What a browser brought back, and what proves that it was us who sent it.
struct Brought {
    code: Redacted,
    verifier: Verifier,
    nonce: &'static str,
}

impl Lab {
    async fn open() -> Self {
        let account = Account::open().await;
        let mut provider = Program::node("oidc_provider.js");
        let started = provider.must(
            "start",
            json!({
                "tenant": TENANT, "client_id": CLIENT, "redirect_uri": CALLBACK,
                "certificate": STANDARD.encode(&account.ours.current.certificate),
            }),
        );
        let origin = started["origin"].as_str().unwrap();
        let cloud = Cloud::new(origin, "https://graph.microsoft.com").unwrap();
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let entra = Entra::new(cloud.clone(), account.keys.clone(), clock, entropy).unwrap();
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let mut lab = Self { account, provider, cloud, entra, http, cookies: BTreeMap::new() };
        lab.next(|_| ());
        lab
    }

    /// Who signs in next.
    fn next(&mut self, change: impl FnOnce(&mut Value)) {
        let mut claims = json!({
            "tid": TENANT, "oid": OBJECT, "name": "Ada", "preferred_username": "ada@contoso.com",
            "email": "ada@contoso.com",
        });
        change(&mut claims);
        self.provider.must("next", json!({ "claims": claims }));
    }

    /// Sends a browser to sign in, and takes what it brings back.
    async fn sign_in(&mut self) -> Brought {
        let (verifier, nonce) = (Verifier::mint(&SystemEntropy), "a-nonce-of-ours");
        let authorization = Authorization {
            authority: Authority::Tenant(tenant()),
            client_id: CLIENT,
            redirect_uri: CALLBACK,
            scope: oidc::SIGN_IN_SCOPE,
            state: "a-state-of-ours",
            nonce,
            challenge: &verifier.challenge(),
            prompt: Prompt::None,
            login_hint: Some("ada@contoso.com"),
        };
        let mut url = authorization.url(&self.cloud).unwrap();
        while !url.starts_with(CALLBACK) {
            url = self.open_page(&url).await;
        }
        let callback = SignInCallback::parse(url.split_once('?').unwrap().1).unwrap();
        assert_eq!(callback.state, "a-state-of-ours");
        let SignInAnswer::Code(code) = callback.answer else { panic!("{:?}", callback.answer) };
        Brought { code, verifier, nonce }
    }

    /// Opens a page, and answers where it leads.
    async fn open_page(&mut self, url: &str) -> String {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let answer = self.http.get(url).header(COOKIE, cookies).send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, location) = (answer.status(), answer.headers().get(LOCATION).cloned());
        let text = answer.text().await.unwrap();
        let location = location.unwrap_or_else(|| panic!("{url}: {status}: {text}"));
        let base = reqwest::Url::parse(url).unwrap();
        base.join(location.to_str().unwrap()).unwrap().into()
    }

    /// Redeems a code as ourselves.
    async fn redeem(&self, brought: &Brought) -> Result<oidc::VerifiedIdToken, EntraError> {
        let redeemed = (&brought.code, CALLBACK, &brought.verifier);
        self.entra.redeem(tenant(), CLIENT, &self.account.ours, redeemed).await
    }

    fn complaints(&mut self) -> Vec<String> {
        let told = self.provider.must("complaints", json!({}));
        serde_json::from_value(told["errors"].clone()).unwrap()
    }

    async fn close(self) {
        self.account.services.stop().await;
    }
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn expected(nonce: &str) -> Expected<'_> {
    Expected { client_id: CLIENT, nonce, tenant: Some(tenant()) }
}

#[tokio::test]
async fn somebody_signs_in_at_an_issuer_that_we_did_not_write() {
    let mut lab = Lab::open().await;
    let brought = lab.sign_in().await;

    let verified = lab.redeem(&brought).await.unwrap();
    let person = verified.accept(&expected(brought.nonce), SystemClock.now()).unwrap();

    assert_eq!(person.tenant, tenant());
    assert_eq!(person.object_id.to_string(), OBJECT);
    assert_eq!(person.user_name.as_deref(), Some("ada@contoso.com"));
    assert_eq!(person.name.as_deref(), Some("Ada"));
    assert!(!person.is_guest);
    assert_eq!(lab.complaints(), Vec::<String>::new());
    lab.close().await;
}

#[tokio::test]
async fn it_refuses_what_it_should_and_we_read_why() {
    let mut lab = Lab::open().await;

    let brought = lab.sign_in().await;
    lab.redeem(&brought).await.unwrap();
    let again = lab.redeem(&brought).await;
    assert_eq!(again.unwrap_err().follows(), Follows::Person, "a code twice");
    let other = lab.sign_in().await;
    let crossed = Brought { verifier: Verifier::mint(&SystemEntropy), ..other };
    assert_eq!(lab.redeem(&crossed).await.unwrap_err().follows(), Follows::Person, "the proof");
    let brought = lab.sign_in().await;
    let elsewhere = (&brought.code, "http://localhost:8080/elsewhere", &brought.verifier);
    let elsewhere = lab.entra.redeem(tenant(), CLIENT, &lab.account.ours, elsewhere).await;
    assert_eq!(elsewhere.unwrap_err().follows(), Follows::Person, "another redirect URI");
    let brought = lab.sign_in().await;
    let redeemed = (&brought.code, CALLBACK, &brought.verifier);
    let strangers = lab.entra.redeem(tenant(), CLIENT, &lab.account.strangers, redeemed).await;
    assert_eq!(strangers.unwrap_err().follows(), Follows::Credential, "another client's key");

    let complaints = lab.complaints();
    assert_eq!(complaints.len(), 4, "{complaints:?}");
    assert!(complaints[..3].iter().all(|told| told.starts_with("invalid_grant")), "{complaints:?}");
    assert!(complaints[3].starts_with("invalid_client"), "{complaints:?}");
    lab.close().await;
}

#[tokio::test]
async fn its_honest_tokens_are_not_taken_for_anything_else() {
    let mut lab = Lab::open().await;
    let brought = lab.sign_in().await;
    let verified = lab.redeem(&brought).await.unwrap();
    let now = SystemClock.now();
    let nonce = brought.nonce;
    let cases = [
        (Expected { nonce: "another", ..expected(nonce) }, now, Rejected::Nonce),
        (Expected { client_id: TENANT, ..expected(nonce) }, now, Rejected::Audience),
        (
            Expected { tenant: Some(OTHER_TENANT.parse().unwrap()), ..expected(nonce) },
            now,
            Rejected::Tenant,
        ),
        (expected(nonce), now + jiff::SignedDuration::from_mins(66), Rejected::Expired),
        (expected(nonce), now - jiff::SignedDuration::from_mins(6), Rejected::NotYetValid),
    ];
    for (expected, now, rejected) in cases {
        assert_eq!(verified.clone().accept(&expected, now), Err(rejected));
    }

    // Its own key signs for somebody of another tenant.
    lab.next(|claims| claims["tid"] = json!(OTHER_TENANT));
    let brought = lab.sign_in().await;
    let refused = lab.redeem(&brought).await.unwrap_err();
    assert!(matches!(refused, EntraError::IdToken(Rejected::Issuer)), "{refused:?}");
    lab.close().await;
}

/// What is changed of a question.
type Change<'a> = &'a dyn Fn(&mut Value);

#[tokio::test]
async fn pyjwt_reads_our_client_assertion_and_no_other() {
    let account = Account::open().await;
    let mut judge = Program::python("pyjwt_judge.py");
    judge.must("start", json!({}));
    let key = &account.ours.current;
    let audience = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    let (id, now) = (Uuid::from_u128(7), SystemClock.now());
    let claims = AssertionClaims {
        client_id: CLIENT,
        audience: &audience,
        certificate: &key.certificate,
        id,
    };
    let unsigned = UnsignedAssertion::new(&claims, now);
    let signer = account.keys.pss_signer(key).unwrap();
    let signature = signer.sign(unsigned.digest()).await.unwrap();
    let assertion = unsigned.finish(&signature).reveal().to_owned();
    let asked = |change: Change<'_>| {
        let mut asked = json!({
            "assertion": assertion, "client_id": CLIENT, "audience": audience,
            "certificate": STANDARD.encode(&key.certificate), "now": now.as_second(),
        });
        change(&mut asked);
        asked
    };

    let read = judge.must("assertion", asked(&|_| ()));

    assert_eq!((&read["iss"], &read["sub"]), (&json!(CLIENT), &json!(CLIENT)));
    assert_eq!(read["jti"], json!(id));
    let strangers = STANDARD.encode(&account.strangers.current.certificate);
    let changes: [(&str, Change<'_>); 5] = [
        ("Audience", &|asked| asked["audience"] = json!("https://login.microsoftonline.com/")),
        ("issuer", &|asked| asked["client_id"] = json!(TENANT)),
        ("expired", &|asked| asked["now"] = json!(now.as_second() + 300)),
        ("header", &|asked| asked["certificate"] = json!(strangers)),
        ("Signature", &|asked| {
            let (signed, signature) = assertion.rsplit_once('.').unwrap();
            let other = if signature.starts_with('A') { "B" } else { "A" };
            asked["assertion"] = json!(format!("{signed}.{other}{}", &signature[1..]));
        }),
    ];
    for (why, change) in changes {
        let refused = judge.ask("assertion", asked(change));
        let reason = refused["refused"].as_str().unwrap_or_else(|| panic!("{why}: {refused}"));
        assert!(reason.contains(why), "{why}: {reason}");
    }
    account.services.stop().await;
}

/// What we refuse and PyJWT lets through: keys that are short or another issuer's, extensions that
/// must be understood, and a claim that is there twice.
const STRICTER: [&str; 4] = [
    "bad-consumers-key.json",
    "bad-critical-extension.json",
    "bad-duplicate-claim.json",
    "bad-short-key.json",
];

#[test]
fn pyjwt_says_of_every_id_token_what_we_say_or_less() {
    let mut judge = Program::python("pyjwt_judge.py");
    judge.must("start", json!({}));
    let folder = root().join("tests/vectors/oidc");
    let read = |path: &std::path::Path| -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let wanted = read(&folder.join("expected.json"));
    let text = |name: &str| wanted[name].as_str().unwrap();
    let issuer = format!("{}/{}/v2.0", text("authority"), text("tenant"));
    let keys = oidc::KeySet::parse(wanted["keys"].to_string().as_bytes()).unwrap();
    let cloud = Cloud::new(text("authority"), "https://graph.microsoft.com").unwrap();
    let now = jiff::Timestamp::from_second(wanted["now"].as_i64().unwrap()).unwrap();
    let (mut stricter, mut agreed) = (BTreeSet::new(), 0);
    for entry in std::fs::read_dir(folder.join("id-token")).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        let case = read(&file.path());
        let token = case["token"].as_str().unwrap();
        let expected = Expected {
            client_id: text("client_id"),
            nonce: text("nonce"),
            tenant: Some(text("tenant").parse().unwrap()),
        };
        let ours = UnverifiedIdToken::parse(token)
            .and_then(|token| token.verify(&keys, &cloud))
            .and_then(|token| token.accept(&expected, now));

        let theirs = judge.ask(
            "id_token",
            json!({
                "token": token, "keys": wanted["keys"], "client_id": text("client_id"),
                "issuer": issuer, "nonce": text("nonce"), "now": wanted["now"],
            }),
        );

        match (&ours, theirs.get("refused")) {
            (Ok(person), None) => {
                assert_eq!(theirs["oid"], json!(person.object_id), "{name}");
                assert_eq!(theirs["tid"], json!(person.tenant.to_string()), "{name}");
                agreed += 1;
            }
            (Err(_), Some(_)) => agreed += 1,
            (Err(_), None) => assert!(stricter.insert(name)),
            (Ok(_), Some(reason)) => panic!("{name}: only we accept it: {reason}"),
        }
    }
    assert_eq!(stricter, STRICTER.map(str::to_owned).into());
    assert!(agreed >= 26, "{agreed}");
}
