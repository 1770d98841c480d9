//! Every single deviation of a response earns its AADSTS code.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "an identity provider of the tests reads the clock")]

mod lab;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use lab::{ADA, Answer, EXC, GRACE, ISSUER, Lab, Signing, attribute, instant};

/// A fault: its name, the code and the reason it earns, and how it is made.
type Row = (&'static str, u64, &'static str, fn(&mut Answer));

const PERSISTENT: &str = "nameid-format:persistent";

/// A copy of the assertion that claims to be grace, with another id and no signature.
fn evil(answer: &Answer) -> String {
    answer.assertion.replace(ADA, GRACE).replace("ID=\"_a", "ID=\"_evil")
}

/// Puts something in front of the signed assertion of a finished response.
fn before_assertion(xml: &str, what: &str) -> String {
    xml.replacen("<saml:Assertion ", &format!("{what}<saml:Assertion "), 1)
}

fn signature_of(xml: &str) -> String {
    let start = xml.find("<ds:Signature ").unwrap();
    let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    xml[start..end].to_owned()
}

/// The original response around a new body.
fn rebuilt(answer: &Answer, body: &str) -> String {
    answer.envelope.replace("{assertion}", body)
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    vec![
        // Transport.
        ("not base64", 75001, "encoding", |a| a.raw = Some("<xml/>".to_owned())),
        ("deflated by POST", 75005, "deflated", |a| {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(a.xml().as_bytes()).unwrap();
            a.raw = Some(STANDARD.encode(encoder.finish().unwrap()));
        }),
        ("foreign RelayState", 90023, "relay_state", |a| a.relay_state.push('A')),
        ("empty RelayState", 90023, "relay_state", |a| a.relay_state.clear()),
        ("another browser", 165_000, "browser", |a| a.cookie.push('A')),
        ("no cookie", 165_000, "browser", |a| a.cookie = "x=y".to_owned()),
        ("too large", 75005, "size", |a| {
            a.after = |_, xml| xml + &" ".repeat(64 * 1024);
        }),
        ("not XML", 75005, "xml", |a| a.after = |_, xml| xml.replace("</samlp:Response>", "")),
        ("DTD", 75005, "xml", |a| {
            a.after = |_, xml| format!("<!DOCTYPE samlp:Response>{xml}");
        }),
        ("entity", 75005, "xml", |a| {
            a.after = |_, xml| {
                let dtd = "<!DOCTYPE r [<!ENTITY who \"grace\">]>";
                format!("{dtd}{}", xml.replace("ada@", "&who;@"))
            };
        }),
        ("doubled attribute", 75005, "xml", |a| {
            a.envelope(" Version=\"2.0\"", " Version=\"2.0\" Version=\"2.0\"");
        }),
        // The Response.
        ("root in another namespace", 7_500_514, "root", |a| {
            a.envelope(
                "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
                "xmlns:samlp=\"urn:x\"",
            );
        }),
        ("a bare assertion", 7_500_514, "root", |a| a.envelope = "{assertion}".to_owned()),
        ("version 2.1", 75005, "version", |a| {
            a.envelope("Version=\"2.0\"", "Version=\"2.1\"");
        }),
        ("response id begins with a digit", 7_500_529, "id", |a| {
            a.envelope("ID=\"_r", "ID=\"1r");
        }),
        ("no response id", 7_500_529, "id", |a| {
            let id = format!(" ID=\"{}\"", a.response_id());
            a.envelope(&id, "");
        }),
        ("response from the future", 500_089, "issue_instant", |a| {
            let old = attribute(&a.envelope, "IssueInstant");
            a.envelope(&old, &instant(330));
        }),
        ("local time", 75005, "issue_instant", |a| {
            let old = attribute(&a.envelope, "IssueInstant");
            a.envelope(&old, "2026-11-21T12:00:00+01:00");
        }),
        ("foreign destination", 500_089, "destination", |a| {
            a.envelope("/login.srf", "/login.srf/");
        }),
        ("no destination", 500_089, "destination", |a| {
            let destination = attribute(&a.envelope, "Destination");
            a.envelope(&format!(" Destination=\"{destination}\""), "");
        }),
        ("another request", 500_089, "in_response_to", |a| {
            let id = a.sent.id.clone();
            a.envelope(&format!("InResponseTo=\"{id}\""), "InResponseTo=\"_other\"");
        }),
        ("no request", 500_089, "in_response_to", |a| {
            let id = a.sent.id.clone();
            a.envelope(&format!(" InResponseTo=\"{id}\""), "");
        }),
        ("failure status", 20001, "status", |a| {
            a.envelope("status:Success", "status:Responder");
            a.envelope("{assertion}", "");
        }),
        ("failure status with an assertion", 20001, "status", |a| {
            a.envelope("status:Success", "status:Responder");
        }),
        ("unknown issuer of the response", 50107, "issuer", |a| {
            a.envelope(ISSUER, "http://localhost:8080/saml/fabrikam.test");
        }),
        ("slash at the end of the issuer", 50107, "issuer", |a| {
            let slash = format!("{ISSUER}/");
            a.envelope(ISSUER, &slash);
        }),
        ("no issuer of the response", 50107, "issuer", |a| {
            let issuer = format!(
                "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{ISSUER}\
                 </saml:Issuer>"
            );
            a.envelope(&issuer, "");
        }),
        ("unknown issuer of the assertion", 50107, "issuer", |a| {
            a.assertion(ISSUER, "http://localhost:8080/saml/fabrikam.test");
        }),
        ("issuer in another case", 50107, "issuer", |a| {
            let other = ISSUER.replace("saml", "SAML");
            a.assertion(ISSUER, &other);
        }),
        // One assertion.
        ("no assertion", 50008, "assertion_count", |a| a.envelope("{assertion}", "")),
        ("two assertions", 50008, "assertion_count", |a| {
            a.after = |a, xml| before_assertion(&xml, &evil(a));
        }),
        ("the same assertion twice", 50008, "assertion_count", |a| {
            a.after = |a, xml| before_assertion(&xml, &a.signed_assertion());
        }),
        ("an encrypted assertion", 50008, "encrypted_assertion", |a| {
            a.envelope(
                "{assertion}",
                "<saml:EncryptedAssertion \
                 xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:EncryptedAssertion>",
            );
        }),
        ("extensions", 50008, "unexpected_element", |a| {
            a.envelope("<samlp:Status>", "<samlp:Extensions></samlp:Extensions><samlp:Status>");
        }),
        // The signature.
        ("unsigned", 50008, "unsigned", |a| a.signing = None),
        ("only the response is signed", 50008, "unsigned", |a| {
            a.signing = None;
            a.response_signing = Some(Signing::good());
        }),
        ("https algorithm URI", 50008, "algorithm", |a| {
            let signing = a.signing.as_mut().unwrap();
            signing.method = "https://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        }),
        ("https canonicalization", 50008, "algorithm", |a| {
            a.signing.as_mut().unwrap().c14n = "https://www.w3.org/2001/10/xml-exc-c14n#";
        }),
        ("https digest", 50008, "algorithm", |a| {
            a.signing.as_mut().unwrap().digest = "https://www.w3.org/2001/04/xmlenc#sha256";
        }),
        ("RSA with SHA-1", 50008, "algorithm", |a| {
            let signing = a.signing.as_mut().unwrap();
            signing.method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
            signing.digest = "http://www.w3.org/2000/09/xmldsig#sha1";
            signing.sha1 = true;
        }),
        ("RSA-PSS", 50008, "algorithm", |a| {
            let signing = a.signing.as_mut().unwrap();
            signing.method = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1";
            signing.pss = true;
        }),
        ("PSS under the name of PKCS1", 50006, "signature", |a| {
            a.signing.as_mut().unwrap().pss = true;
        }),
        ("inclusive canonicalization", 50008, "algorithm", |a| {
            let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
            a.signing.as_mut().unwrap().c14n = inclusive;
        }),
        ("canonicalization with comments", 50008, "algorithm", |a| {
            let signing = a.signing.as_mut().unwrap();
            signing.transforms[1] = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
        }),
        ("one transform", 50008, "signature_profile", |a| {
            a.signing.as_mut().unwrap().transforms.pop();
        }),
        ("three transforms", 50008, "signature_profile", |a| {
            a.signing.as_mut().unwrap().transforms.push(EXC);
        }),
        ("transforms in the other order", 50008, "algorithm", |a| {
            a.signing.as_mut().unwrap().transforms.reverse();
        }),
        ("reference to the whole document", 50008, "reference", |a| {
            a.signing.as_mut().unwrap().reference = Some(String::new());
        }),
        ("reference to the response", 50008, "reference", |a| {
            let id = format!("#{}", a.response_id());
            a.signing.as_mut().unwrap().reference = Some(id);
        }),
        ("no certificate in the signature", 50008, "signature_profile", |a| {
            a.after = |_, xml| {
                let (before, rest) = xml.split_once("<ds:KeyInfo>").unwrap();
                format!("{before}{}", rest.split_once("</ds:KeyInfo>").unwrap().1)
            };
        }),
        ("foreign key and certificate", 5_000_811, "certificate", |a| {
            a.signing = Some(Signing::by(2));
        }),
        ("the next certificate before it is registered", 5_000_811, "certificate", |a| {
            a.signing = Some(Signing::by(1));
        }),
        ("registered certificate over a foreign key", 50006, "signature", |a| {
            a.signing.as_mut().unwrap().key = 2;
        }),
        ("changed after signing", 50006, "signature", |a| {
            a.after = |_, xml| xml.replace(ADA, GRACE);
        }),
        ("changed signature value", 50006, "signature", |a| {
            a.after = |_, xml| {
                let (before, rest) = xml.split_once("<ds:SignatureValue>").unwrap();
                let other = if rest.starts_with('A') { 'B' } else { 'A' };
                format!("{before}<ds:SignatureValue>{other}{}", &rest[1..])
            };
        }),
        ("response signed by another key", 5_000_811, "certificate", |a| {
            a.response_signing = Some(Signing::by(2));
        }),
        ("broken signature of the response", 50006, "signature", |a| {
            let mut signing = Signing::good();
            signing.key = 2;
            a.response_signing = Some(signing);
        }),
        ("the same id on response and assertion", 50006, "signature", |a| {
            let (own, other) = (a.response_id(), a.assertion_id());
            a.envelope(&own, &other);
        }),
        ("the signature at the end of the assertion", 50008, "unsigned", |a| {
            a.after = |_, xml| {
                let signature = signature_of(&xml);
                let without = xml.replace(&signature, "");
                without.replace("</saml:Assertion>", &format!("{signature}</saml:Assertion>"))
            };
        }),
        ("the signature of the assertion twice", 50008, "signature_place", |a| {
            a.after = |_, xml| {
                let signature = signature_of(&xml);
                xml.replace(&signature, &format!("{signature}{signature}"))
            };
        }),
        ("a signature of the response behind its status", 50008, "signature_place", |a| {
            a.response_signing = Some(Signing::good());
            a.after = |_, xml| {
                let signature = signature_of(&xml);
                let without = xml.replacen(&signature, "", 1);
                without.replacen("</samlp:Status>", &format!("</samlp:Status>{signature}"), 1)
            };
        }),
        ("an object in the signature", 50008, "signature_profile", |a| {
            a.after =
                |_, xml| xml.replace("</ds:Signature>", "<ds:Object></ds:Object></ds:Signature>");
        }),
        // Wrapping.
        (
            "XSW1: the response inside the signature of a forged one",
            50008,
            "assertion_count",
            |a| {
                a.response_signing = Some(Signing::good());
                a.after = |a, xml| {
                    let signature = signature_of(&xml);
                    let original = xml.replacen(&signature, "", 1);
                    let object = format!("<ds:Object>{original}</ds:Object></ds:Signature>");
                    let wrapped = signature.replace("</ds:Signature>", &object);
                    let forged = rebuilt(a, &evil(a)).replace("ID=\"_r", "ID=\"_evilr");
                    forged.replacen("</saml:Issuer>", &format!("</saml:Issuer>{wrapped}"), 1)
                };
            },
        ),
        ("XSW2: the signature detached beside the response", 50008, "unexpected_element", |a| {
            a.response_signing = Some(Signing::good());
            a.after = |a, xml| {
                let signature = signature_of(&xml);
                let original = xml.replacen(&signature, "", 1);
                let forged = rebuilt(a, &evil(a)).replace("ID=\"_r", "ID=\"_evilr");
                let both = format!("</saml:Issuer>{signature}{original}");
                forged.replacen("</saml:Issuer>", &both, 1)
            };
        }),
        ("XSW3: a forged assertion in front", 50008, "assertion_count", |a| {
            a.after = |a, xml| before_assertion(&xml, &evil(a));
        }),
        ("XSW4: the signed assertion inside the forged one", 50008, "assertion_count", |a| {
            a.after = |a, _| {
                let inner = format!("{}</saml:Assertion>", a.signed_assertion());
                rebuilt(a, &evil(a).replace("</saml:Assertion>", &inner))
            };
        }),
        ("XSW5: the signature moved to the forged assertion", 50008, "assertion_count", |a| {
            a.after = |a, xml| {
                let both = format!("</saml:Issuer>{}", signature_of(&xml));
                let forged = evil(a).replacen("</saml:Issuer>", &both, 1);
                rebuilt(a, &format!("{forged}{}", a.assertion))
            };
        }),
        ("XSW6: the assertion inside the moved signature", 50008, "assertion_count", |a| {
            a.after = |a, xml| {
                let inner = format!("{}</ds:Signature>", a.assertion);
                let signature = signature_of(&xml).replace("</ds:Signature>", &inner);
                let both = format!("</saml:Issuer>{signature}");
                rebuilt(a, &evil(a).replacen("</saml:Issuer>", &both, 1))
            };
        }),
        ("XSW7: a forged assertion in extensions", 50008, "unexpected_element", |a| {
            a.after = |a, xml| {
                let extensions = format!("<samlp:Extensions>{}</samlp:Extensions>", evil(a));
                before_assertion(&xml, &extensions)
            };
        }),
        (
            "XSW8: the assertion in an object of the moved signature",
            50008,
            "assertion_count",
            |a| {
                a.after = |a, xml| {
                    let inner = format!("<ds:Object>{}</ds:Object></ds:Signature>", a.assertion);
                    let signature = signature_of(&xml).replace("</ds:Signature>", &inner);
                    let both = format!("</saml:Issuer>{signature}");
                    rebuilt(a, &evil(a).replacen("</saml:Issuer>", &both, 1))
                };
            },
        ),
        ("a forged assertion with the id of the signed one", 50008, "assertion_count", |a| {
            a.after = |a, xml| before_assertion(&xml, &a.assertion.replace(ADA, GRACE));
        }),
        // The assertion.
        ("assertion id begins with a digit", 7_500_529, "id", |a| {
            a.assertion("ID=\"_a", "ID=\"1a");
        }),
        ("assertion of version 1.1", 75005, "version", |a| {
            a.assertion("Version=\"2.0\"", "Version=\"1.1\"");
        }),
        ("a comment in the NameID", 50008, "name_id", |a| {
            a.after = |_, xml| xml.replace(ADA, &format!("{}<!---->{}", &ADA[..8], &ADA[8..]));
        }),
        ("a comment in the e-mail", 5_000_819, "email", |a| {
            a.after = |_, xml| xml.replace("ada@contoso.test", "ada@contoso.test<!---->");
        }),
        ("an unspecified NameID", 50008, "name_id_format", |a| {
            a.assertion(PERSISTENT, "nameid-format:unspecified");
        }),
        ("anchor in another case", 51004, "anchor", |a| {
            let upper = ADA.to_uppercase();
            a.assertion(ADA, &upper);
        }),
        ("unknown anchor", 51004, "anchor", |a| a.assertion(ADA, "nobody")),
        ("empty anchor", 51004, "anchor", |a| a.assertion(ADA, "")),
        ("space around the anchor", 51004, "anchor", |a| {
            let spaced = format!(" {ADA}");
            a.assertion(ADA, &spaced);
        }),
        ("two subjects", 50008, "statement_count", |a| {
            a.assertion("</saml:Subject>", "</saml:Subject><saml:Subject></saml:Subject>");
        }),
        ("foreign audience", 500_089, "audience", |a| {
            a.assertion("urn:federation:MicrosoftOnline", "urn:federation:microsoftonline");
        }),
        ("two audiences", 500_089, "audience", |a| {
            a.assertion("</saml:Audience>", "</saml:Audience><saml:Audience>x</saml:Audience>");
        }),
        ("no audience", 500_089, "audience", |a| {
            let start = a.assertion.find("<saml:AudienceRestriction>").unwrap();
            let end = a.assertion.find("</saml:Conditions>").unwrap();
            a.assertion.replace_range(start..end, "");
        }),
        ("an unknown condition", 500_089, "condition", |a| {
            a.assertion(
                "</saml:Conditions>",
                "<saml:ProxyRestriction></saml:ProxyRestriction></saml:Conditions>",
            );
        }),
        ("foreign recipient", 500_089, "recipient", |a| {
            let own = attribute(&a.assertion, "Recipient");
            a.assertion(&own, "https://login.microsoftonline.com/login.srf");
        }),
        ("confirmation of another request", 500_089, "confirmation_in_response_to", |a| {
            let id = format!("InResponseTo=\"{}\"", a.sent.id);
            a.assertion(&id, "InResponseTo=\"_other\"");
        }),
        ("holder of key", 500_089, "confirmation", |a| {
            a.assertion("cm:bearer", "cm:holder-of-key");
        }),
        ("a bearer confirmation with NotBefore", 500_089, "confirmation_not_before", |a| {
            let begin = format!("NotBefore=\"{}\" NotOnOrAfter=\"", instant(0));
            let end = attribute(&a.assertion, "NotOnOrAfter");
            a.assertion(&format!("NotOnOrAfter=\"{end}"), &format!("{begin}{end}"));
        }),
        ("expired confirmation", 500_089, "confirmation_expired", |a| {
            let end = attribute(&a.assertion, "NotOnOrAfter");
            a.assertion(&end, &instant(-300));
        }),
        ("no end of the confirmation", 500_089, "confirmation_expired", |a| {
            let end = attribute(&a.assertion, "NotOnOrAfter");
            a.assertion(&format!(" NotOnOrAfter=\"{end}\""), "");
        }),
        ("expired conditions", 500_089, "expired", |a| {
            let conditions = a.assertion.split_once("<saml:Conditions").unwrap().1.to_owned();
            let begin = attribute(&conditions, "NotBefore");
            let end = attribute(&conditions, "NotOnOrAfter");
            a.assertion(&begin, &instant(-900));
            a.assertion(&end, &instant(-300));
        }),
        ("conditions of the future", 500_089, "not_yet_valid", |a| {
            let begin = attribute(&a.assertion, "NotBefore");
            a.assertion(&begin, &instant(330));
        }),
        ("no e-mail claim", 5_000_819, "email", |a| a.assertion("IDPEmail", "mail")),
        ("another person's e-mail claim", 5_000_819, "email", |a| {
            a.assertion("ada@contoso.test", "grace@contoso.test");
        }),
        ("authenticated in the future", 500_089, "authn_instant", |a| {
            let at = attribute(&a.assertion, "AuthnInstant");
            a.assertion(
                &format!("AuthnInstant=\"{at}"),
                &format!("AuthnInstant=\"{}", instant(330)),
            );
        }),
        ("no instant of the authentication", 500_089, "authn_instant", |a| {
            let at = attribute(&a.assertion, "AuthnInstant");
            a.assertion(&format!(" AuthnInstant=\"{at}\""), "");
        }),
        ("no statement of the authentication", 50008, "statement_count", |a| {
            let start = a.assertion.find("<saml:AuthnStatement").unwrap();
            let end = a.assertion.find("</saml:Assertion>").unwrap();
            a.assertion.replace_range(start..end, "");
        }),
        ("two context classes", 50008, "statement_count", |a| {
            let second = "</saml:AuthnContextClassRef><saml:AuthnContextClassRef>x\
                          </saml:AuthnContextClassRef>";
            a.assertion("</saml:AuthnContextClassRef>", second);
        }),
    ]
}

#[tokio::test]
async fn every_single_fault_earns_its_code() {
    let lab = Lab::start();
    let rows = rows();
    assert!(rows.len() >= 90, "{}", rows.len());

    for (name, code, reason, edit) in rows {
        let mut answer = lab.good().await;
        edit(&mut answer);

        let told = lab.post(&answer).await;

        assert_eq!(
            (&told["code"], &told["reason"]),
            (&code.into(), &reason.into()),
            "{name}: {told}"
        );
        assert!(told["signed_in"].is_null(), "{name}");
        assert_eq!(told["error"], format!("AADSTS{code}"), "{name}");
        assert_eq!(told["correlation_id"].as_str().map(str::len), Some(36), "{name}");
    }
}
