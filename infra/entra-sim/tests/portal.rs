//! The end of a sign-in, the sign-out, the control API and the tenant's life over a restart.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "an identity provider of the tests reads the clock")]

mod lab;

use std::io::{Read as _, Write as _};

use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entra_sim::{
    DirectoryError, Domain, GraphUser, InternalDomainFederation, RootDomains, Settings, Simulator,
    StartError,
};
use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use lab::{ADA, ISSUER, Key, Lab, attribute, instant, keys};

/// Signs ada in and gives the portal's session id and the page.
async fn signed_in(lab: &Lab) -> (String, String) {
    let told = lab.post(&lab.good().await).await;
    let location = told["location"].as_str().unwrap().to_owned();
    let response = lab.client.get(location).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let id = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    (id, response.text().await.unwrap())
}

#[tokio::test]
async fn the_end_page_shows_who_signed_in_once_by_its_address_and_later_by_its_cookie() {
    let lab = Lab::start();
    let told = lab.post(&lab.good().await).await;
    let location = told["location"].as_str().unwrap().to_owned();

    let first = lab.client.get(&location).send().await.unwrap();
    let cookie =
        first.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = first.text().await.unwrap();
    let stolen = lab.client.get(&location).send().await.unwrap();
    let reloaded = lab.client.get(&location).header(COOKIE, cookie).send().await.unwrap();

    assert!(page.contains("data-testid=\"upn\">ada@contoso.test<"), "{page}");
    assert!(page.contains("data-testid=\"mfa\">Federated Multi-Factor<"), "{page}");
    assert_eq!(stolen.status(), StatusCode::BAD_REQUEST);
    assert_eq!(reloaded.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_browser_is_redirected_to_the_portal_and_a_refusal_is_a_page() {
    let lab = Lab::start();
    let mut answer = lab.good().await;
    let post = |answer: &lab::Answer| {
        let form = [
            ("SAMLResponse", STANDARD.encode(answer.xml())),
            ("RelayState", answer.relay_state.clone()),
        ];
        let request = lab.client.post(lab.simulator.login_srf_url()).form(&form);
        request.header(ACCEPT, "text/html").header(COOKIE, answer.cookie.clone()).send()
    };
    let good = answer.assertion.clone();
    answer
        .assertion("urn:federation:MicrosoftOnline", "urn:<script>".replace('<', "&lt;").as_str());

    let refused = post(&answer).await.unwrap();
    let status = refused.status();
    let page = refused.text().await.unwrap();
    answer.assertion = good;
    let accepted = post(&answer).await.unwrap();

    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("AADSTS500089"), "{page}");
    assert!(page.contains("data-reason=\"audience\""), "{page}");
    assert!(!page.contains("urn:<script>"), "{page}");
    assert_eq!(accepted.status(), StatusCode::FOUND);
    let location = accepted.headers()[LOCATION].to_str().unwrap();
    assert!(location.starts_with(&lab.simulator.portal_url()), "{location}");
}

/// Starts a sign-out and gives the id of its request and its RelayState.
async fn signing_out(lab: &Lab) -> (String, String) {
    let (session, page) = signed_in(lab).await;
    assert!(page.contains(&format!("name=\"session\" value=\"{session}\"")), "{page}");
    let form = [("session", session)];
    let url = format!("{}/sign-out", lab.simulator.portal_url());

    let response = lab.client.post(url).form(&form).send().await.unwrap();

    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = response.headers()[LOCATION].to_str().unwrap().to_owned();
    assert!(location.starts_with("http://localhost:8080/saml/contoso.test/slo?SAMLRequest="));
    let query = location.split_once('?').unwrap().1;
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let bytes = STANDARD.decode(&pairs[0].1).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(bytes.as_slice()).read_to_string(&mut xml).unwrap();
    assert!(xml.starts_with("<samlp:LogoutRequest "), "{xml}");
    assert!(xml.contains(&format!(">{ADA}</NameID>")), "{xml}");
    assert!(xml.contains("<samlp:SessionIndex>_s"), "{xml}");
    (attribute(&xml, "ID"), pairs[1].1.clone())
}

fn logout_response(lab: &Lab, id: &str) -> String {
    format!(
        "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         Destination=\"{}\" ID=\"_l1\" InResponseTo=\"{id}\" IssueInstant=\"{}\" \
         Version=\"2.0\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         {ISSUER}</saml:Issuer><samlp:Status><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>\
         </samlp:Status></samlp:LogoutResponse>",
        lab.simulator.login_srf_url(),
        instant(0),
    )
}

fn query(xml: &str, relay_state: &str, key: Option<&Key>) -> String {
    let level = flate2::Compression::default();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(xml.as_bytes()).unwrap();
    let message = STANDARD.encode(encoder.finish().unwrap());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("SAMLResponse", &message).append_pair("RelayState", relay_state);
    let Some(key) = key else { return query.finish() };
    query.append_pair("SigAlg", lab::RSA_SHA256);
    let signed = query.finish();
    let signature = STANDARD.encode(key.sign(&RSA_PKCS1_SHA256, signed.as_bytes()));
    let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    format!("{signed}&Signature={signature}")
}

#[tokio::test]
async fn a_sign_out_comes_back_signed_or_not_and_every_fault_is_refused() {
    type Fault = (&'static str, u64, fn(String) -> String, fn(String) -> String, Option<usize>);
    let same = |text: String| text;
    let cases: [Fault; 10] = [
        ("unsigned", 0, same, same, None),
        ("signed", 0, same, same, Some(0)),
        ("foreign key", 50006, same, same, Some(2)),
        ("no algorithm", 50006, same, |q| q.replace("&SigAlg=", "&Other="), Some(0)),
        ("changed state", 90023, same, |q| q.replace("RelayState=", "RelayState=x"), Some(0)),
        ("failed", 20001, |x| x.replace("status:Success", "status:Responder"), same, None),
        ("issuer", 50107, |x| x.replace(ISSUER, "urn:other"), same, None),
        ("destination", 500_089, |x| x.replace("login.srf", "login"), same, None),
        ("request", 500_089, |x| x.replace("InResponseTo=\"_", "InResponseTo=\"_x"), same, None),
        ("type", 7_500_514, |x| x.replace("LogoutResponse", "Response"), same, None),
    ];
    let lab = Lab::start();
    for (name, code, edit, tamper, key) in cases {
        let (id, relay_state) = signing_out(&lab).await;
        let xml = edit(logout_response(&lab, &id));
        let query = tamper(query(&xml, &relay_state, key.map(|key| &keys()[key])));

        let told = lab.get(&format!("/login.srf?{query}")).await;

        assert_eq!(told["code"], code, "{name}: {told}");
    }
}

#[tokio::test]
async fn a_sign_in_is_not_answered_in_a_query() {
    let lab = Lab::start();
    let answer = lab.good().await;

    let query = query(&answer.xml(), &answer.relay_state, None);
    let told = lab.get(&format!("/login.srf?{query}")).await;

    assert_eq!(told["code"], 75003, "{told}");
}

async fn send(lab: &Lab, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = lab.client.request(method, lab.url(path)).json(body);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn tests_in_other_languages_seed_and_look_inside() {
    let lab = Lab::start();
    let linus = json!({ "displayName": "Linus", "department": "Kernel" });
    let (_, stored) = send(&lab, Method::PUT, "/_sim/users/linus@contoso.test", &linus).await;
    assert_eq!(stored["userPrincipalName"], "linus@contoso.test");
    assert_eq!(stored["department"], "Kernel");
    let disable = json!({ "accountEnabled": false });
    let (_, changed) = send(&lab, Method::PATCH, "/_sim/users/LINUS@contoso.test", &disable).await;
    assert_eq!((&changed["id"], &changed["accountEnabled"]), (&stored["id"], &json!(false)));
    let next = json!({ "nextSigningCertificate": keys()[1].certificate });
    let path = "/_sim/domains/contoso.test/federation";
    let (status, federation) = send(&lab, Method::PATCH, path, &next).await;
    assert_eq!((status, &federation["issuerUri"]), (StatusCode::OK, &json!(ISSUER)));
    let policy = json!({ "rootDomains": "none" });
    assert_eq!(send(&lab, Method::PUT, "/_sim/policy", &policy).await.1, policy);
    let clock = json!({ "offset_seconds": 60 });
    assert_eq!(send(&lab, Method::PUT, "/_sim/clock", &clock).await.1["offset_seconds"], 60);
    let told = lab.post(&lab.good().await).await;
    assert_eq!(told["code"], 0, "{told}");

    let state = lab.get("/_sim/state").await;
    let log = lab.get("/_sim/log").await;

    assert_eq!(state["users"].as_array().unwrap().len(), 3);
    assert_eq!(state["policy"], policy);
    assert_eq!(state["clock_offset_seconds"], 60);
    let kinds: Vec<&str> =
        log["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["request_sent", "answer_judged"]);
    assert_eq!(log["entries"][1]["signed_in"]["user_principal_name"], "ada@contoso.test");
    let gone = lab.client.delete(lab.url("/_sim/users/linus@contoso.test")).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_bad_change_is_refused_and_changes_nothing() {
    let lab = Lab::start();
    let before = lab.get("/_sim/state").await;
    let federation = "/_sim/domains/contoso.test/federation";
    let cases = [
        (Method::PATCH, federation, json!({ "signingCertificate": "MIIC" }), 400),
        (Method::PATCH, federation, json!({ "issuerURI": "x" }), 400),
        (Method::PATCH, federation, json!({ "passiveSignInUri": "javascript:x" }), 400),
        (Method::PATCH, federation, json!([]), 400),
        (Method::PATCH, "/_sim/domains/other.test/federation", json!({}), 404),
        (Method::PATCH, "/_sim/users/nobody@contoso.test", json!({}), 404),
        (Method::PUT, "/_sim/users/nobody", json!({}), 400),
        (Method::PUT, "/_sim/users/x@contoso.test", json!({ "onPremisesImmutableId": ADA }), 400),
        (Method::PUT, "/_sim/users/x@contoso.test", json!({ "onPremisesImmutableId": "a_b" }), 400),
        (Method::PUT, "/_sim/policy", json!({ "rootDomains": "some" }), 422),
        (Method::PUT, "/_sim/clock", json!({ "seconds": 1 }), 422),
    ];
    for (method, path, body, status) in cases {
        let (found, told) = send(&lab, method, path, &body).await;

        assert_eq!(found.as_u16(), status, "{path} {body}: {told}");
        assert!(told["error"].is_string(), "{path} {body}: {told}");
    }
    let after = lab.get("/_sim/state").await;
    assert_eq!((&before["users"], &before["domains"]), (&after["users"], &after["domains"]));
}

#[tokio::test]
async fn the_rules_of_graph_hold_for_federating() {
    let lab = Lab::start();
    let federate = |domain, federation| lab.simulator.federate(domain, federation);
    let own = || InternalDomainFederation { issuer_uri: "urn:own".to_owned(), ..lab::federation() };

    let taken = federate(Domain::named("fabrikam.test"), lab::federation());
    let microsoft = federate(Domain::named("contoso.onmicrosoft.com"), own());
    let default = Domain { is_default: true, ..Domain::named("fabrikam.test") };
    let default = federate(default, own());
    let armour = format!("-----BEGIN CERTIFICATE-----\n{}", keys()[0].certificate);
    let armoured = InternalDomainFederation { signing_certificate: armour, ..own() };
    let armoured = federate(Domain::named("fabrikam.test"), armoured);

    assert!(matches!(taken, Err(DirectoryError::IssuerUri)));
    assert!(matches!(microsoft, Err(DirectoryError::OnMicrosoft)));
    assert!(matches!(default, Err(DirectoryError::DefaultDomain)));
    assert!(matches!(armoured, Err(DirectoryError::Certificate("signingCertificate"))));
    federate(Domain::named("fabrikam.test"), own()).unwrap();
    lab.simulator.unfederate("fabrikam.test").unwrap();
    assert_eq!(lab.simulator.federation("fabrikam.test"), None);
}

#[test]
fn the_tenant_survives_a_restart_and_a_damaged_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = Some(folder.path().to_owned());
    let settings = Settings { data_dir, ..Settings::default() };
    let first = Lab::with(settings.clone());
    let extra = GraphUser { other_mails: vec!["a@b.test".to_owned()], ..lab::user("linus", "l1") };
    let stored = first.simulator.put_user(extra).unwrap();
    first.simulator.set_policy(RootDomains::None).unwrap();
    first.simulator.stop();

    let second = Simulator::start(settings.clone()).unwrap();

    assert!(second.users().contains(&stored));
    assert_eq!(second.users().len(), 3);
    assert_eq!(second.federation("contoso.test").map(|f| f.issuer_uri), Some(ISSUER.to_owned()));
    second.stop();
    let file = folder.path().join("entra.json");
    std::fs::write(&file, "{").unwrap();
    assert!(matches!(Simulator::start(settings), Err(StartError::Damaged(path)) if path == file));
}

#[test]
fn a_taken_port_is_told_and_a_stopped_simulator_frees_it() {
    let first = Simulator::start(Settings::default()).unwrap();
    let port = first.url().rsplit(':').next().unwrap().parse().unwrap();
    let settings = Settings { port, ..Settings::default() };

    let taken = Simulator::start(settings.clone());
    first.stop();
    let second = Simulator::start(settings).unwrap();

    assert!(matches!(taken, Err(StartError::PortTaken(number)) if number == port));
    assert_eq!(second.url(), first.url());
}
