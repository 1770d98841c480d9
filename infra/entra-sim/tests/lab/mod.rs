//! An identity provider of the tests' own: keys, certificates, responses from a text template,
//! and a simulator to send them to. Shares nothing with the product.

#![allow(dead_code, reason = "each test program uses a part")]

use std::str::FromStr as _;
use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaSignatureEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra_c14n::{C14nMode, canonicalize};
use entra_sim::{Domain, GraphUser, InternalDomainFederation, Settings, Simulator};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, COOKIE};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, pkcs1v15};
use serde_json::Value;
use x509_cert::builder::{Builder as _, CertificateBuilder, profile};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(crate) const MULTIPLE: &str = "http://schemas.microsoft.com/claims/multipleauthn";
pub(crate) const ISSUER: &str = "http://localhost:8080/saml/contoso.test";
pub(crate) const ADA: &str = "5f0d9c0b1e2a4c7d8e9f00112233aabb";
pub(crate) const GRACE: &str = "Zk9dQm4cTEKZ3wARIjOqCw==";

/// A signing key and its certificate.
pub(crate) struct Key {
    pub(crate) pair: KeyPair,
    pub(crate) private: RsaPrivateKey,
    /// Base64 of the DER form.
    pub(crate) certificate: String,
}

/// Three keys: registered, next, and foreign.
pub(crate) fn keys() -> &'static [Key; 3] {
    static KEYS: OnceLock<[Key; 3]> = OnceLock::new();
    KEYS.get_or_init(|| [Key::generate("one"), Key::generate("two"), Key::generate("three")])
}

impl Key {
    fn generate(name: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let private = RsaPrivateKey::from_pkcs8_der(pkcs8.as_ref()).unwrap();
        let signer = pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(private.clone());
        let spki = private.to_public_key().to_public_key_der().unwrap();
        let spki = SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).unwrap();
        let subject = Name::from_str(&format!("CN={name},O=Tests,C=US")).unwrap();
        let profile = profile::cabf::Root::new(false, subject).unwrap();
        let validity = Validity::from_now(Duration::from_secs(86_400)).unwrap();
        let serial = SerialNumber::from(7_u32);
        let builder = CertificateBuilder::new(profile, serial, validity, spki).unwrap();
        let certificate = builder.build(&signer).unwrap().to_der().unwrap();
        Self { pair, private, certificate: STANDARD.encode(certificate) }
    }

    pub(crate) fn sign(&self, encoding: &'static RsaSignatureEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// RSA with SHA-1, as no modern library signs.
    pub(crate) fn sign_sha1(&self, message: &[u8]) -> Vec<u8> {
        let prefix: [u8; 15] = [
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
            0x14,
        ];
        let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: Box::new(prefix) };
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
        self.private.sign(padding, hash.as_ref()).unwrap()
    }
}

/// How the assertion is signed.
#[derive(Clone)]
pub(crate) struct Signing {
    pub(crate) key: usize,
    pub(crate) certificate: String,
    pub(crate) method: &'static str,
    pub(crate) digest: &'static str,
    pub(crate) c14n: &'static str,
    pub(crate) transforms: Vec<&'static str>,
    pub(crate) reference: Option<String>,
    pub(crate) pss: bool,
    pub(crate) sha1: bool,
}

impl Signing {
    pub(crate) fn good() -> Self {
        Self {
            key: 0,
            certificate: keys()[0].certificate.clone(),
            method: RSA_SHA256,
            digest: SHA256,
            c14n: EXC,
            transforms: vec![ENVELOPED, EXC],
            reference: None,
            pss: false,
            sha1: false,
        }
    }

    pub(crate) fn by(key: usize) -> Self {
        Self { key, certificate: keys()[key].certificate.clone(), ..Self::good() }
    }

    /// The `ds:Signature` over an element with the id `id`.
    pub(crate) fn over(&self, element: &str, id: &str) -> String {
        let mode = C14nMode::Exclusive;
        let canonical = canonicalize(element, mode, None, &[] as &[&str]).unwrap();
        let algorithm = if self.sha1 { &digest::SHA1_FOR_LEGACY_USE_ONLY } else { &digest::SHA256 };
        let value = STANDARD.encode(digest::digest(algorithm, &canonical));
        let reference = self.reference.clone().unwrap_or_else(|| format!("#{id}"));
        let transforms: String = self
            .transforms
            .iter()
            .map(|uri| format!("<ds:Transform Algorithm=\"{uri}\"></ds:Transform>"))
            .collect();
        let content = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>\
             <ds:Reference URI=\"{reference}\"><ds:Transforms>{transforms}</ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod>\
             <ds:DigestValue>{value}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            self.c14n, self.method, self.digest,
        );
        let info = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{content}");
        let key = &keys()[self.key];
        let signature = match (self.sha1, self.pss) {
            (true, _) => key.sign_sha1(info.as_bytes()),
            (false, true) => key.sign(&RSA_PSS_SHA256, info.as_bytes()),
            (false, false) => key.sign(&RSA_PKCS1_SHA256, info.as_bytes()),
        };
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>{content}<ds:SignatureValue>{}\
             </ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            STANDARD.encode(signature),
            self.certificate,
        )
    }
}

/// A request that the simulator sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) relay_state: String,
    pub(crate) cookie: String,
}

/// An answer in the making: edit it, then take its XML.
pub(crate) struct Answer {
    pub(crate) sent: Sent,
    /// The assertion without its signature.
    pub(crate) assertion: String,
    /// The response with `{assertion}` where the signed assertion goes.
    pub(crate) envelope: String,
    pub(crate) signing: Option<Signing>,
    pub(crate) response_signing: Option<Signing>,
    /// The last edit, after signing.
    pub(crate) after: fn(&Answer, String) -> String,
    pub(crate) relay_state: String,
    pub(crate) cookie: String,
    /// Sent in place of base64 of the XML.
    pub(crate) raw: Option<String>,
}

pub(crate) fn instant(offset_seconds: i64) -> String {
    let now = Timestamp::now().checked_add(SignedDuration::from_secs(offset_seconds)).unwrap();
    format!("{now:.3}")
}

impl Answer {
    /// An answer without any fault, for the user with the anchor `ADA`.
    pub(crate) fn good(sent: Sent, acs: &str) -> Self {
        let (id, now) = (&sent.id, instant(0));
        let assertion = format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a{tail}\" \
             IssueInstant=\"{now}\" Version=\"2.0\"><saml:Issuer>{ISSUER}</saml:Issuer>\
             <saml:Subject><saml:NameID \
             Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{ADA}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData InResponseTo=\"{id}\" NotOnOrAfter=\"{five}\" \
             Recipient=\"{acs}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{before}\" NotOnOrAfter=\"{ten}\">\
             <saml:AudienceRestriction><saml:Audience>urn:federation:MicrosoftOnline\
             </saml:Audience></saml:AudienceRestriction></saml:Conditions>\
             <saml:AttributeStatement><saml:Attribute Name=\"IDPEmail\"><saml:AttributeValue>\
             ada@contoso.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>\
             <saml:AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"_s{tail}\">\
             <saml:AuthnContext><saml:AuthnContextClassRef>{MULTIPLE}\
             </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
             </saml:Assertion>",
            tail = &id[1..],
            before = instant(-120),
            five = instant(300),
            ten = instant(600),
        );
        let envelope = format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             Destination=\"{acs}\" ID=\"_r{tail}\" InResponseTo=\"{id}\" IssueInstant=\"{now}\" \
             Version=\"2.0\"><saml:Issuer \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{ISSUER}</saml:Issuer>\
             <samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>\
             </samlp:Status>{{assertion}}</samlp:Response>",
            tail = &id[1..],
        );
        Self {
            relay_state: sent.relay_state.clone(),
            cookie: sent.cookie.clone(),
            sent,
            assertion,
            envelope,
            signing: Some(Signing::good()),
            response_signing: None,
            after: |_, xml| xml,
            raw: None,
        }
    }

    /// Replaces in the assertion before it is signed; what is replaced must be there.
    pub(crate) fn assertion(&mut self, from: &str, to: &str) {
        assert!(self.assertion.contains(from), "{from} is not in the assertion");
        self.assertion = self.assertion.replace(from, to);
    }

    /// Replaces in the response around the assertion.
    pub(crate) fn envelope(&mut self, from: &str, to: &str) {
        assert!(self.envelope.contains(from), "{from} is not in the envelope");
        self.envelope = self.envelope.replace(from, to);
    }

    pub(crate) fn assertion_id(&self) -> String {
        format!("_a{}", &self.sent.id[1..])
    }

    pub(crate) fn response_id(&self) -> String {
        format!("_r{}", &self.sent.id[1..])
    }

    /// The assertion with its signature after the Issuer.
    pub(crate) fn signed_assertion(&self) -> String {
        let Some(signing) = &self.signing else { return self.assertion.clone() };
        let signature = signing.over(&self.assertion, &attribute(&self.assertion, "ID"));
        self.assertion.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }

    pub(crate) fn xml(&self) -> String {
        let mut xml = self.envelope.replace("{assertion}", &self.signed_assertion());
        if let Some(signing) = &self.response_signing {
            let signature = signing.over(&xml, &self.response_id());
            xml = xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
        }
        (self.after)(self, xml)
    }
}

/// The first value of an attribute in a text.
pub(crate) fn attribute(xml: &str, name: &str) -> String {
    let start = xml.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    xml[start..].split('"').next().unwrap().to_owned()
}

/// A simulator with the tenant of the tests, and a client.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    pub(crate) client: reqwest::Client,
}

pub(crate) fn federation() -> InternalDomainFederation {
    InternalDomainFederation {
        display_name: "Contoso passkey sign-in".to_owned(),
        issuer_uri: ISSUER.to_owned(),
        passive_sign_in_uri: "http://localhost:8080/saml/contoso.test/sso".to_owned(),
        sign_out_uri: "http://localhost:8080/saml/contoso.test/slo".to_owned(),
        signing_certificate: keys()[0].certificate.clone(),
        ..InternalDomainFederation::default()
    }
}

pub(crate) fn user(name: &str, anchor: &str) -> GraphUser {
    GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        on_premises_immutable_id: Some(anchor.to_owned()),
        ..GraphUser::default()
    }
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let simulator = Simulator::start(settings).unwrap();
        simulator.federate(Domain::named("contoso.test"), federation()).unwrap();
        for (name, anchor) in [("ada", ADA), ("grace", GRACE)] {
            if simulator.users().iter().all(|u| u.display_name != name) {
                simulator.put_user(user(name, anchor)).unwrap();
            }
        }
        let port = simulator.url().rsplit(':').next().unwrap().parse().unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .resolve("portal.localhost", ([127, 0, 0, 1], port).into())
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { simulator, client }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    /// Asks for JSON.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(self.url(path)).header(ACCEPT, "application/json");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Starts a sign-in of ada.
    pub(crate) async fn start_sign_in(&self, more: &str) -> Sent {
        let told = self.get(&format!("/start?address=ada%40contoso.test{more}")).await;
        let field = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        Sent { id: field("request_id"), relay_state: field("relay_state"), cookie: field("cookie") }
    }

    pub(crate) async fn good(&self) -> Answer {
        Answer::good(self.start_sign_in("").await, &self.simulator.login_srf_url())
    }

    /// Posts an answer and gives the judgement.
    pub(crate) async fn post(&self, answer: &Answer) -> Value {
        let message = answer.raw.clone().unwrap_or_else(|| STANDARD.encode(answer.xml()));
        let form = [("SAMLResponse", message), ("RelayState", answer.relay_state.clone())];
        let request = self.client.post(self.simulator.login_srf_url()).form(&form);
        let request = request.header(ACCEPT, "application/json").header(COOKIE, &answer.cookie);
        request.send().await.unwrap().json().await.unwrap()
    }
}
