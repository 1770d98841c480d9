//! OpenSSL judges the certificates that our keys get: made by the production code against the
//! local KMS, whose private keys OpenSSL never sees.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::process::{Command, Output};
use std::sync::Arc;

use ambient::{SystemClock, SystemEntropy};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use bytes::Bytes;
use jiff::Timestamp;
use judges::site::aws;
use keys::ring::SigningKey;
use keys::{Certificate, CertificateSubject, KeyId, KmsKeys, Signer, Validity, kms_config};
use local::invoke::{Invoke, Outcome};
use local::services::mail::MailAccount;
use local::services::{Config, Deliveries, Listeners, Ports, Services, Timing};
use local::template::model::Model;
use tempfile::TempDir;

const BEGIN: &str = "2026-11-21T00:00:00Z";
const END: &str = "2036-11-21T00:00:00Z";

/// A KMS and nothing else of an account.
struct Account {
    services: Services,
    aws: SdkConfig,
    folder: TempDir,
}

/// No function is ever called here.
struct NoFunctions;

#[async_trait]
impl Invoke for NoFunctions {
    async fn invoke(&self, function: &str, _: Bytes) -> Outcome {
        panic!("{function} was called")
    }
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
        Self { services, aws, folder }
    }

    async fn key(&self, spec: KeySpec) -> KeyId {
        // Making a key takes longer than the production client waits for a signature.
        let client = aws_sdk_kms::Client::new(&self.aws);
        let made = client.create_key().key_spec(spec).key_usage(KeyUsageType::SignVerify);
        KeyId::parse(made.send().await.unwrap().key_metadata.unwrap().key_id).unwrap()
    }

    fn keys(&self) -> KmsKeys {
        KmsKeys::new(aws_sdk_kms::Client::from_conf(kms_config(&self.aws)))
    }

    /// Writes `bytes` where OpenSSL finds them.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn close(self) {
        self.services.stop().await;
    }
}

async fn certificate(keys: &KmsKeys, key: &KeyId, subject: &str, end: &str) -> Certificate {
    let subject = CertificateSubject::parse(subject).unwrap();
    let validity = Validity::new(at(BEGIN), at(end)).unwrap();
    keys.certificate(key, &subject, validity).await.unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn openssl(arguments: &[&str]) -> Output {
    Command::new("openssl")
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("this test needs openssl (apt install openssl): {error}"))
}

/// What OpenSSL says of a certificate as its own trust anchor at `now`, as strictly as it can.
fn verdict(file: &str, now: &str) -> (bool, String) {
    let now = at(now).as_second().to_string();
    let output = openssl(&[
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-no-CApath",
        "-no-CAstore",
        "-attime",
        &now,
        "-CAfile",
        file,
        file,
    ]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn text(file: &str) -> String {
    let output = openssl(&["x509", "-in", file, "-noout", "-text"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn openssl_accepts_the_certificate_of_each_key_size_in_its_time() {
    let account = Account::open().await;
    for (spec, bits) in
        [(KeySpec::Rsa2048, 2048), (KeySpec::Rsa3072, 3072), (KeySpec::Rsa4096, 4096)]
    {
        let key = account.key(spec).await;
        for end in [END, "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"] {
            let made = certificate(&account.keys(), &key, "Contoso", end).await;
            let file = account.file("certificate.pem", made.pem());

            let (good, said) = verdict(&file, "2030-01-01T00:00:00Z");
            assert!(good, "{bits} bits, until {end}: {said}");
            assert!(!verdict(&file, "2026-11-20T23:59:59Z").0, "before its time");
            let late = (at(end) + jiff::SignedDuration::from_secs(1)).to_string();
            assert!(!verdict(&file, &late).0, "after its time");
            assert!(text(&file).contains(&format!("Public-Key: ({bits} bit)")));
        }
    }
    account.close().await;
}

#[tokio::test]
async fn openssl_refuses_the_certificate_once_a_bit_of_it_has_changed() {
    let account = Account::open().await;
    let key = account.key(KeySpec::Rsa2048).await;
    let made = certificate(&account.keys(), &key, "Contoso", END).await;
    let signing_key = SigningKey::new(key, &made);
    let length = made.der().len();
    let judge = |der: Vec<u8>| {
        let changed = SigningKey { certificate: der, ..signing_key.clone() };
        verdict(&account.file("changed.pem", changed.pem()), "2030-01-01T00:00:00Z").0
    };

    assert!(judge(made.der().to_vec()), "unchanged");
    // In the serial number, in the key, and in the signature.
    for position in [20, length / 3, length - 1] {
        let mut der = made.der().to_vec();
        der[position] ^= 1;

        assert!(!judge(der), "byte {position} of {length}");
    }
    account.close().await;
}

#[tokio::test]
async fn openssl_reads_what_we_meant_to_write() {
    let account = Account::open().await;
    let key = account.key(KeySpec::Rsa2048).await;
    let made = certificate(&account.keys(), &key, "Größe, O=Fabrikam", END).await;
    let file = account.file("certificate.pem", made.pem());
    let options = ["-nameopt", "RFC2253,utf8,-esc_msb", "-subject", "-issuer", "-startdate"];
    let more = ["-enddate", "-dateopt", "iso_8601", "-ext"];
    let extensions = ["basicConstraints,keyUsage,subjectKeyIdentifier,authorityKeyIdentifier"];
    let arguments = [&["x509", "-in", &file, "-noout"], &options[..], &more, &extensions].concat();

    let output = openssl(&arguments);
    let said = String::from_utf8(output.stdout).unwrap();
    let whole = text(&file);

    for expected in [
        "subject=CN=Größe\\, O=Fabrikam\n",
        "issuer=CN=Größe\\, O=Fabrikam\n",
        "notBefore=2026-11-21 00:00:00Z\n",
        "notAfter=2036-11-21 00:00:00Z\n",
        "X509v3 Basic Constraints: critical\n    CA:FALSE\n",
        "X509v3 Key Usage: critical\n    Digital Signature\n",
        "X509v3 Subject Key Identifier: \n",
        "X509v3 Authority Key Identifier: \n",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in {said}");
    }
    assert!(whole.contains("Version: 3 (0x2)"), "{whole}");
    assert!(!whole.contains("(Negative)"), "{whole}");
    assert_eq!(whole.matches("Signature Algorithm: sha256WithRSAEncryption").count(), 2, "{whole}");
    account.close().await;
}

#[tokio::test]
async fn openssl_counts_the_same_fingerprints() {
    let account = Account::open().await;
    let key = account.key(KeySpec::Rsa2048).await;
    let made = certificate(&account.keys(), &key, "Contoso", END).await;
    let file = account.file("certificate.der", made.der());
    let counted = |digest| {
        let output = openssl(&["x509", "-in", &file, "-noout", "-fingerprint", digest]);
        let said = String::from_utf8(output.stdout).unwrap();
        said.split_once('=').unwrap().1.trim().replace(':', "")
    };

    assert_eq!(made.fingerprint().sha1, counted("-sha1"));
    assert_eq!(made.fingerprint().sha256, counted("-sha256"));
    account.close().await;
}

#[tokio::test]
async fn the_same_key_gets_the_same_certificate_again() {
    let account = Account::open().await;
    let key = account.key(KeySpec::Rsa2048).await;

    let first = certificate(&account.keys(), &key, "Contoso", END).await;
    let again = certificate(&account.keys(), &key, "Contoso", END).await;

    assert_eq!(first, again);
    account.close().await;
}

#[tokio::test]
async fn openssl_verifies_what_a_signer_signs_under_its_certificate() {
    let account = Account::open().await;
    let key = account.key(KeySpec::Rsa2048).await;
    let made = certificate(&account.keys(), &key, "Contoso", END).await;
    let signer = account.keys().signer(&SigningKey::new(key, &made)).unwrap();

    let signature = signer.sign(xmldsig::sha256(b"a message")).await.unwrap();

    let file = account.file("certificate.pem", made.pem());
    let public_key = openssl(&["x509", "-in", &file, "-noout", "-pubkey"]).stdout;
    let public_key = account.file("key.pem", public_key);
    let signature = account.file("signature", signature);
    for (message, good) in [("a message", true), ("another", false)] {
        let message = account.file("message", message);
        let output = openssl(&[
            "dgst",
            "-sha256",
            "-verify",
            &public_key,
            "-signature",
            &signature,
            &message,
        ]);
        assert_eq!(output.status.success(), good, "{message}");
    }
    account.close().await;
}
