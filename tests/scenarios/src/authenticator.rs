//! An authenticator in software, honest unless told otherwise.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// One authenticator with at most one credential (WebAuthn §6).
#[derive(Debug)]
pub struct Authenticator {
    /// Whether it verifies its user.
    pub verifies: bool,
    /// The signature counter that the next signature carries.
    pub counter: u32,
    /// The origin that the browser says the page has, instead of its real one.
    pub origin: Option<String>,
    /// The challenge that is signed, instead of the page's.
    pub challenge: Option<String>,
    /// The user handle that is given, instead of the stored one.
    pub user_handle: Option<Vec<u8>>,
    /// The id of the credential that it makes, instead of a random one.
    pub credential_id: Option<Vec<u8>>,
    credential: Option<Credential>,
}

#[derive(Debug)]
struct Credential {
    id: Vec<u8>,
    user: Vec<u8>,
    rp_id: String,
    key: EcdsaKeyPair,
}

impl Default for Authenticator {
    fn default() -> Self {
        Self {
            verifies: true,
            counter: 1,
            origin: None,
            challenge: None,
            user_handle: None,
            credential_id: None,
            credential: None,
        }
    }
}

impl Authenticator {
    /// Answers `navigator.credentials.create()` with `RegistrationResponseJSON`.
    pub fn create(&mut self, options: &str, origin: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        let rp_id = options["rp"]["id"].as_str().unwrap().to_owned();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let id = self.credential_id.clone().unwrap_or(id);
        let user = B64.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let client_data = self.client_data("webauthn.create", &options, origin);

        let mut data = self.authenticator_data(&rp_id, ATTESTED);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&id);
        data.extend_from_slice(&cose_key(key.public_key().as_ref()));
        let attestation = attestation_object(&data);
        self.credential = Some(Credential { id: id.clone(), user, rp_id, key });
        self.counter += 1;
        json!({
            "id": B64.encode(&id),
            "rawId": B64.encode(&id),
            "type": "public-key",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": B64.encode(client_data),
                "attestationObject": B64.encode(attestation),
                "transports": ["internal"],
            },
        })
        .to_string()
    }

    /// Answers `navigator.credentials.get()` with `AuthenticationResponseJSON`.
    pub fn get(&mut self, options: &str, origin: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        assert_eq!(options["userVerification"], "required");
        let client_data = self.client_data("webauthn.get", &options, origin);
        let credential = self.credential.as_ref().expect("the authenticator has a credential");
        let data = self.authenticator_data(&credential.rp_id, 0);
        let mut signed = data.clone();
        signed.extend_from_slice(digest(&SHA256, client_data.as_bytes()).as_ref());
        let signature = credential.key.sign(&SystemRandom::new(), &signed).unwrap();
        let user = self.user_handle.as_ref().unwrap_or(&credential.user);
        let answer = json!({
            "id": B64.encode(&credential.id),
            "rawId": B64.encode(&credential.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": B64.encode(client_data),
                "authenticatorData": B64.encode(data),
                "signature": B64.encode(signature.as_ref()),
                "userHandle": B64.encode(user),
            },
        });
        self.counter += 1;
        answer.to_string()
    }

    fn client_data(&self, kind: &str, options: &Value, origin: &str) -> String {
        let challenge = options["challenge"].as_str().unwrap();
        json!({
            "type": kind,
            "challenge": self.challenge.as_deref().unwrap_or(challenge),
            "origin": self.origin.as_deref().unwrap_or(origin),
            "crossOrigin": false,
        })
        .to_string()
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(USER_PRESENT | verified | flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }
}

/// A P-256 public key for ES256 (RFC 9053 §7.1.1), from its uncompressed point.
fn cose_key(point: &[u8]) -> Vec<u8> {
    let mut key = vec![0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    key.extend_from_slice(&point[1..33]);
    key.extend_from_slice(&[0x22, 0x58, 0x20]);
    key.extend_from_slice(&point[33..65]);
    key
}

/// `{"fmt": "none", "attStmt": {}, "authData": …}` in CBOR (WebAuthn §6.5.4).
fn attestation_object(data: &[u8]) -> Vec<u8> {
    let mut object = b"\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x58".to_vec();
    object.push(u8::try_from(data.len()).unwrap());
    object.extend_from_slice(data);
    object
}
