//! A KMS behind the SDK's own HTTP interface: it really signs, and fails when told to.
//!
//! No socket, so that paused time passes only where the SDK waits.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, LazyLock, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keys::{KmsKeys, kms_config};
use serde_json::{Value, json};

/// Keys are slow to make: the whole test binary shares these two.
static FIRST: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
static SECOND: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa3072).unwrap());

/// What KMS does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Answers as KMS would.
    Good,
    /// Answers with a status and a body of its own.
    Answer(u16, Value),
    /// Refuses with a code.
    Refuse(u16, &'static str),
    /// Answers with bytes that are no JSON.
    Garbage,
    /// Never answers.
    Hang,
    /// Signs with another key than the one whose public key it shows.
    OtherKey,
}

/// What was asked of KMS, and what it shall do next; afterwards it is good.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kms {
    steps: Arc<Mutex<VecDeque<Step>>>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Kms {
    pub(crate) fn good() -> Self {
        Self::default()
    }

    pub(crate) fn with(steps: impl IntoIterator<Item = Step>) -> Self {
        let kms = Self::default();
        kms.steps.lock().unwrap().extend(steps);
        kms
    }

    /// The names of the requests that arrived, each attempt by itself.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(operation, _)| operation.clone()).collect()
    }

    /// The input of the last request.
    pub(crate) fn last_input(&self) -> Value {
        self.calls.lock().unwrap().last().unwrap().1.clone()
    }

    /// The production code, with its own settings, in front of this KMS.
    pub(crate) fn keys(&self) -> KmsKeys {
        let connector = SharedHttpConnector::new(self.clone());
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKIDEXAMPLE",
                "secret",
                None,
                None,
                "test",
            )))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(&base)))
    }
}

impl HttpConnector for Kms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.strip_prefix("TrentService.").unwrap().to_owned();
        let input: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        self.calls.lock().unwrap().push((operation.clone(), input.clone()));
        let step = self.steps.lock().unwrap().pop_front().unwrap_or(Step::Good);
        HttpConnectorFuture::new(async move {
            match step {
                Step::Good => Ok(answer(200, &good(&operation, &input, &FIRST).to_string())),
                Step::OtherKey => Ok(answer(200, &good(&operation, &input, &SECOND).to_string())),
                Step::Answer(status, body) => Ok(answer(status, &body.to_string())),
                Step::Refuse(status, code) => {
                    Ok(answer(status, &json!({ "__type": code, "message": "no" }).to_string()))
                }
                Step::Garbage => Ok(answer(200, "<html>proxy</html>")),
                Step::Hang => pending().await,
            }
        })
    }
}

/// What KMS answers, <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>.
fn good(operation: &str, input: &Value, key: &KeyPair) -> Value {
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap();
    match operation {
        "Sign" => {
            assert_eq!(text("MessageType"), "DIGEST");
            assert_eq!(text("SigningAlgorithm"), "RSASSA_PKCS1_V1_5_SHA_256");
            let signature = sign_with(key, &STANDARD.decode(text("Message")).unwrap());
            json!({
                "KeyId": text("KeyId"),
                "Signature": STANDARD.encode(signature),
                "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
            })
        }
        "GetPublicKey" => public_key_answer(&spki_of(key)),
        other => panic!("no such operation: {other}"),
    }
}

/// The answer of `GetPublicKey` for a key that signs.
pub(crate) fn public_key_answer(spki: &[u8]) -> Value {
    json!({
        "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/1",
        "PublicKey": STANDARD.encode(spki),
        "KeySpec": "RSA_2048",
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"],
    })
}

/// The public key of the key that this KMS holds.
pub(crate) fn spki() -> Vec<u8> {
    spki_of(&FIRST)
}

/// The public key of another key, of 3072 bits.
pub(crate) fn other_spki() -> Vec<u8> {
    spki_of(&SECOND)
}

fn spki_of(key: &KeyPair) -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

fn sign_with(key: &KeyPair, digest: &[u8]) -> Vec<u8> {
    let digest = Digest::import_less_safe(digest, &SHA256).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).unwrap();
    signature
}

fn answer(status: u16, body: &str) -> HttpResponse {
    let mut response =
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
    response.headers_mut().insert("x-amzn-requestid", "7a1e1f0c-0000-4000-8000-000000000000");
    response
}
