//! The metadata and the certificate, as they are served.

use judges::program::run;
use judges::{Program, Site};
use serde_json::json;

const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";

/// What xmlsec1 says of the signature of a whole document.
fn verify(site: &Site, xml: &str) -> bool {
    let certificate = site.file("certificate.pem", &site.certificate);
    let file = site.file("metadata.xml", xml);
    let reference = ["--verify", "--enabled-reference-uris", "same-doc"];
    let key = ["--pubkey-cert-pem", &certificate, "--id-attr:ID", ENTITY, &file];
    run("xmlsec1", "xmlsec1", &[&reference[..], &key].concat()).status.success()
}

/// Documents that differ in one thing each, and whether the schema takes them.
fn changed(metadata: &str) -> [(&'static str, String, bool); 5] {
    let change = |from: &str, to: &str| {
        let changed = metadata.replacen(from, to, 1);
        assert_ne!(changed, metadata, "{from}");
        changed
    };
    [
        ("another address", change("/sso\"", "/ssq\""), true),
        ("another life", change("PT6H", "PT7H"), true),
        ("an unknown element", change("<md:NameIDFormat>", "<md:X/><md:NameIDFormat>"), false),
        ("no protocol", change("protocolSupportEnumeration", "x"), false),
        ("no entity", change("entityID", "x"), false),
    ]
}

#[tokio::test]
async fn metadata_is_valid_signed_and_shows_the_way() {
    let site = Site::start().await;
    let mut pysaml2 = Program::python("pysaml2_judge.py");
    pysaml2.must("start", site.federation());

    let read = pysaml2.must("metadata", json!({ "metadata": site.metadata }));

    let own = site.certificate.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let [certificate] = read["certificates"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(certificate.as_str().unwrap().split_whitespace().collect::<String>(), own);
    assert_eq!(read["entity_id"], site.issuer);
    assert_eq!(read["redirect"], json!([site.sso_url()]));
    assert_eq!(read["post"], json!([site.sso_url()]));
    assert_eq!(read["logout"], json!([site.slo_url()]));
    assert!(verify(&site, &site.metadata));
    site.close().await;
}

#[tokio::test]
async fn metadata_that_was_changed_is_refused() {
    let site = Site::start().await;
    let mut pysaml2 = Program::python("pysaml2_judge.py");
    pysaml2.must("start", site.federation());
    for (what, metadata, fits_schema) in changed(&site.metadata) {
        let answer = pysaml2.ask("metadata", json!({ "metadata": metadata }));

        let reason = answer["refused"].as_str().unwrap_or_else(|| panic!("{what}: {answer}"));
        let expected = if fits_schema { "SignatureError" } else { "XMLSchemaError" };
        assert!(reason.starts_with(expected), "{what}: {reason}");
        assert!(!verify(&site, &metadata), "{what}");
    }
    site.close().await;
}

#[tokio::test]
async fn openssl_trusts_the_certificate_that_is_served_and_no_other_form_of_it() {
    let site = Site::start().await;
    let get = async |name: &str| {
        let url = format!("{}/{name}", site.issuer);
        site.client().get(url).send().await.unwrap().bytes().await.unwrap()
    };
    let pem = site.file("served.pem", get("certificate.pem").await);
    let der = site.file("served.cer", get("certificate.cer").await);
    let openssl = |arguments: &[&str]| run("openssl", "openssl", arguments);

    let strict = ["verify", "-x509_strict", "-check_ss_sig", "-no-CApath", "-no-CAstore"];
    let verdict = openssl(&[&strict[..], &["-CAfile", &pem, &pem]].concat());
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stderr));
    let shown = |file: &str, form: &str| {
        openssl(&["x509", "-in", file, "-inform", form, "-outform", "DER"]).stdout
    };
    assert_eq!(shown(&pem, "PEM"), shown(&der, "DER"));
    assert_eq!(std::fs::read_to_string(&pem).unwrap(), site.certificate);

    let mut changed = std::fs::read(&der).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    let changed = site.file("changed.cer", changed);
    let changed = site.file("changed.pem", {
        openssl(&["x509", "-in", &changed, "-inform", "DER", "-outform", "PEM"]).stdout
    });
    assert!(!openssl(&[&strict[..], &["-CAfile", &changed, &changed]].concat()).status.success());
    site.close().await;
}
