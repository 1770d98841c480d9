//! The product over ministack's DynamoDB and KMS: what holds over the embedded ones is not their
//! makers' habit.

use judges::ministack::Ministack;
use judges::program::run;
use judges::site::aws;
use judges::{Judge as _, Person, Site, Verdict};
use keys::ring::SigningKey;
use keys::{CertificateSubject, KeyId, KmsKeys, Signer as _, Validity, kms_config};
use reqwest::StatusCode;
use scenarios::saml::AuthnRequest;
use store::CreateUserError;

use super::entra::Entra;
use super::signatures::Xmlsec1;

#[tokio::test]
async fn a_sign_in_over_ministack_is_accepted_and_no_request_is_answered_twice() {
    let ministack = Ministack::start().await;
    let site = Site::over(&ministack.endpoint, &ministack.key().await).await;
    let mut entra = Entra::default();
    let mut mira = Person::hired(&site, "mira&co@contoso.test", "fs2GqFnzsU2wAAAAAAAAAA==").await;

    for _ in ["by the passkey", "by the session"] {
        let url = entra.request(&site, &mira).await;
        let response = mira.answer(&url).await;
        let verdict = Xmlsec1.hear(&site, &response).await;
        assert_eq!(verdict, Verdict::Accepted(None));
        let verdict = entra.hear(&site, &response).await;
        assert!(matches!(verdict, Verdict::Accepted(Some(_))), "{verdict:?}");
    }
    let request = AuthnRequest::new("_once", now()).query("state");
    let url = format!("{}?{request}", site.sso_url());
    mira.answer(&url).await;
    let again = mira.visit(&url).await;
    assert!(again.answer().is_none());
    assert_ne!(again.status, StatusCode::OK, "{}", again.text);
    let taken = site.hire("MIRA&co@contoso.test", "another").await;
    assert!(matches!(taken, Err(CreateUserError::Taken(_))), "{taken:?}");
    let taken = site.hire("another@contoso.test", "fs2GqFnzsU2wAAAAAAAAAA==").await;
    assert!(matches!(taken, Err(CreateUserError::Taken(_))), "{taken:?}");
    site.hire("fs2@contoso.test", "FS2GqFnzsU2wAAAAAAAAAA==").await.unwrap();
    site.close().await;
}

#[tokio::test]
async fn ministack_s_kms_signs_the_digest_itself_and_a_certificate_that_openssl_trusts() {
    let ministack = Ministack::start().await;
    let key = KeyId::parse(ministack.key().await).unwrap();
    let kms = aws_sdk_kms::Client::from_conf(kms_config(&aws(&ministack.endpoint).await));
    let keys = KmsKeys::new(kms);
    let subject = CertificateSubject::parse("Contoso").unwrap();
    let end = now().checked_add(jiff::SignedDuration::from_hours(24 * 365)).unwrap();
    let validity = Validity::new(now(), end).unwrap();
    let made = keys.certificate(&key, &subject, validity).await.unwrap();
    let signer = keys.signer(&SigningKey::new(key, &made)).unwrap();

    // The signer itself refuses a signature that its certificate does not verify.
    let signature = signer.sign(xmldsig::sha256(b"a message")).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let openssl = |arguments: &[&str]| run("openssl", "openssl", arguments);
    let pem = file("certificate.pem", made.pem().as_bytes());
    let strict = ["verify", "-x509_strict", "-check_ss_sig", "-no-CApath", "-no-CAstore"];
    let verdict = openssl(&[&strict[..], &["-CAfile", &pem, &pem]].concat());
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stderr));
    let public = openssl(&["x509", "-in", &pem, "-noout", "-pubkey"]).stdout;
    let public = file("public.pem", &public);
    let signature = file("signature", &signature);
    for (message, good) in [("a message", true), ("another", false)] {
        let message = file("message", message.as_bytes());
        let verify = ["dgst", "-sha256", "-verify", &public, "-signature", &signature, &message];
        assert_eq!(openssl(&verify).status.success(), good);
    }
}

fn now() -> jiff::Timestamp {
    use ambient::Clock as _;
    ambient::SystemClock.now()
}
