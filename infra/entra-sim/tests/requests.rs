//! The request that leaves is shaped exactly as Entra shapes it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "an identity provider of the tests reads the clock")]

mod lab;

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::{DsigContext, verify};
use bergshamra_keys::{KeysManager, loader};
use entra_sim::{AuthenticationProtocol, Domain, InternalDomainFederation, Settings};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, LOCATION, SET_COOKIE};
use serde_json::json;

use lab::{Lab, attribute};

fn inflate(value: &str) -> String {
    let bytes = STANDARD.decode(value).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(bytes.as_slice()).read_to_string(&mut xml).unwrap();
    xml
}

/// Follows `/start` as a browser does and takes the redirect apart.
async fn redirected(lab: &Lab, more: &str) -> (String, Vec<(String, String)>) {
    let url = lab.url(&format!("/start?address=ada%40contoso.test{more}"));
    let response = lab.client.get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    let location = response.headers()[LOCATION].to_str().unwrap().to_owned();
    let query = location.split_once('?').unwrap().1.to_owned();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    (location, pairs)
}

/// Replaces what differs from request to request.
fn golden(xml: &str) -> String {
    let id = attribute(xml, "ID");
    let issued = attribute(xml, "IssueInstant");
    assert!(id.starts_with('_') && id.len() == 37, "{id}");
    assert!(issued.ends_with('Z') && issued.len() == 24, "{issued}");
    xml.replace(&id, "{id}").replace(&issued, "{now}")
}

const MINIMAL: &str = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
                       ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{now}\"><Issuer \
                       xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
                       urn:federation:MicrosoftOnline</Issuer><samlp:NameIDPolicy \
                       Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>\
                       </samlp:AuthnRequest>";

#[tokio::test]
async fn the_redirect_carries_a_minimal_request_a_kilobyte_of_state_and_a_hint() {
    let lab = Lab::start();

    let (location, pairs) = redirected(&lab, "").await;

    assert!(location.starts_with("http://localhost:8080/saml/contoso.test/sso?SAMLRequest="));
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "username"]);
    assert_eq!(golden(&inflate(&pairs[0].1)), MINIMAL);
    assert!(pairs[1].1.starts_with("estsredirect=2&estsrequest="), "{}", pairs[1].1);
    assert!((1000..1100).contains(&pairs[1].1.len()), "{}", pairs[1].1.len());
    assert_eq!(pairs[2].1, "ada@contoso.test");
    assert!(location.contains("RelayState=estsredirect%3d2%26estsrequest%3d"), "{location}");
}

#[tokio::test]
async fn the_options_change_what_they_say_and_nothing_else() {
    let forced = MINIMAL.replace("{now}\">", "{now}\" ForceAuthn=\"true\">");
    let mfa = MINIMAL.replace(
        "</samlp:AuthnRequest>",
        "<samlp:RequestedAuthnContext Comparison=\"exact\"><AuthnContextClassRef \
         xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         http://schemas.microsoft.com/claims/multipleauthn</AuthnContextClassRef>\
         </samlp:RequestedAuthnContext></samlp:AuthnRequest>",
    );
    let cases = [
        ("&force_authn=true", forced.as_str(), Some("username")),
        ("&mfa=true", mfa.as_str(), Some("username")),
        ("&hint=login_hint", MINIMAL, Some("login_hint")),
        ("&hint=none", MINIMAL, None),
    ];
    let lab = Lab::start();
    for (more, xml, hint) in cases {
        let (_, pairs) = redirected(&lab, more).await;

        assert_eq!(golden(&inflate(&pairs[0].1)), xml, "{more}");
        assert_eq!(pairs.get(2).map(|(name, _)| name.as_str()), hint, "{more}");
    }
}

#[tokio::test]
async fn the_post_binding_is_a_form_that_posts_itself() {
    let lab = Lab::start();
    let url = lab.url("/start?address=ada%40contoso.test&binding=post&hint=login_hint");

    let response = lab.client.get(url).send().await.unwrap();

    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=None"), "{cookie}");
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("form-action"), "{policy}");
    let html = response.text().await.unwrap();
    assert!(html.contains("action=\"http://localhost:8080/saml/contoso.test/sso\""), "{html}");
    assert!(html.contains("<script src=\"/assets/post.js\"></script>"), "{html}");
    let fields: BTreeMap<String, String> = html
        .split("<input type=\"hidden\" ")
        .skip(1)
        .map(|input| {
            let input = format!(" {input}");
            (attribute(&input, "name"), attribute(&input, "value"))
        })
        .collect();
    let message = STANDARD.decode(&fields["SAMLRequest"]).unwrap();
    assert_eq!(golden(&String::from_utf8(message).unwrap()), MINIMAL);
    assert!(fields["RelayState"].starts_with("estsredirect=2&"), "{}", fields["RelayState"]);
    assert_eq!(fields["login_hint"], "ada@contoso.test");
}

#[tokio::test]
async fn a_signed_request_verifies_by_the_certificate_in_the_metadata() {
    let lab = Lab::start();

    let (_, pairs) = redirected(&lab, "&signed=true").await;

    let xml = inflate(&pairs[0].1);
    assert_eq!(attribute(&xml, "Destination"), "http://localhost:8080/saml/contoso.test/sso");
    assert!(xml.contains("<ds:KeyName>MicrosoftOnline</ds:KeyName>"), "{xml}");
    assert!(xml.contains("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), "{xml}");
    let path = "/federationmetadata/saml20/federationmetadata.xml";
    let metadata = lab.client.get(lab.url(path)).send().await.unwrap().text().await.unwrap();
    let (_, rest) = metadata.split_once("<X509Certificate>").unwrap();
    let certificate = STANDARD.decode(rest.split_once('<').unwrap().0).unwrap();
    let mut keys = KeysManager::new();
    keys.add_key(loader::load_x509_cert_der(&certificate).unwrap());
    assert!(verify::verify(&DsigContext::new(keys), &xml).unwrap().is_valid(), "{xml}");
}

#[tokio::test]
async fn a_domain_that_requires_signed_requests_gets_them_unasked() {
    let lab = Lab::start();
    let required = InternalDomainFederation {
        is_signed_authentication_request_required: true,
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("contoso.test"), required).unwrap();

    let (_, pairs) = redirected(&lab, "").await;

    assert!(inflate(&pairs[0].1).contains("<ds:Signature "));
}

#[tokio::test]
async fn the_signing_key_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = Some(folder.path().to_owned());
    let settings = Settings { data_dir, ..Settings::default() };
    let path = "/federationmetadata/saml20/federationmetadata.xml";
    let mut certificates = Vec::new();
    for _ in 0..2 {
        let lab = Lab::with(settings.clone());
        let metadata = lab.client.get(lab.url(path)).send().await.unwrap().text().await.unwrap();
        let (_, rest) = metadata.split_once("<X509Certificate>").unwrap();
        certificates.push(rest.split_once('<').unwrap().0.to_owned());
    }

    assert_eq!(certificates[0], certificates[1]);
}

#[tokio::test]
async fn realm_discovery_tells_managed_federated_and_unknown_apart() {
    let lab = Lab::start();
    let cases = [
        ("ada@contoso.test", "Federated"),
        ("nobody@CONTOSO.test", "Federated"),
        ("admin@contoso.onmicrosoft.com", "Managed"),
        ("ada@fabrikam.test", "Unknown"),
        ("contoso.test", "Unknown"),
    ];
    for (address, kind) in cases {
        let path = format!("/common/userrealm/{address}?api-version=1.0");

        let realm = lab.get(&path).await;

        assert_eq!(realm["account_type"], kind, "{address}");
        assert_eq!(realm["cloud_audience_urn"], "urn:federation:MicrosoftOnline");
    }
}

#[tokio::test]
async fn a_sign_in_that_cannot_start_says_why() {
    let lab = Lab::start();
    let federation = InternalDomainFederation {
        issuer_uri: "urn:wsfed".to_owned(),
        preferred_authentication_protocol: AuthenticationProtocol::WsFed,
        ..lab::federation()
    };
    lab.simulator.federate(Domain::named("wsfed.test"), federation).unwrap();
    let cases = [
        ("/start?address=ada%40fabrikam.test", json!(50034), json!("domain")),
        ("/start?address=ada", json!(50034), json!("domain")),
        ("/start", json!(90023), json!("parameters")),
        ("/start?address=ada%40contoso.test&binding=soap", json!(90023), json!("parameters")),
        ("/start?address=ada%40wsfed.test", json!(90023), json!("protocol")),
    ];
    for (path, code, reason) in cases {
        let told = lab.get(path).await;

        assert_eq!((&told["code"], &told["reason"]), (&code, &reason), "{path}: {told}");
    }
    let managed = lab.get("/start?address=admin%40contoso.onmicrosoft.com").await;
    assert_eq!(managed["account_type"], "Managed");
}

#[tokio::test]
async fn the_browser_keeps_its_cookie_over_two_tabs() {
    let lab = Lab::start();
    let first = lab.start_sign_in("").await;
    let url = lab.url("/start?address=grace%40contoso.test");

    let request = lab.client.get(url).header("cookie", &first.cookie);
    let response = request.send().await.unwrap();

    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with(&format!("{};", first.cookie)), "{cookie}");
}

#[tokio::test]
async fn nothing_is_answered_under_a_foreign_name() {
    let lab = Lab::start();

    let request = lab.client.get(lab.url("/_sim/state")).header(HOST, "evil.test");
    let response = request.send().await.unwrap();

    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn the_pages_are_escaped() {
    let lab = Lab::start();
    let attack = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [format!("/?address={attack}"), format!("/start?address={attack}%40contoso.x")] {
        let html = lab.client.get(lab.url(&path)).send().await.unwrap().text().await.unwrap();

        assert!(!html.contains("<script>alert"), "{path}: {html}");
    }
}
