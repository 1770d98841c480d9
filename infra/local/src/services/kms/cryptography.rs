//! The operations that use a key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Kms;
use super::key::{Key, KeyUsage, public_der};
use super::sealing::{self, Context};
use super::signing::{self, Algorithm, Message};
use crate::services::protocol::Refusal;

/// Longest plaintext of *Encrypt*, in bytes.
const PLAINTEXT_LIMIT: usize = 4096;

/// Most bytes that *GenerateRandom* and *GenerateDataKey* answer.
const RANDOM_LIMIT: usize = 1024;

/// A field of bytes, base64 on the wire.
#[derive(Debug)]
pub(super) struct Blob(Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyName {
    pub(super) key_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sign {
    key_id: String,
    message: Blob,
    message_type: Option<String>,
    signing_algorithm: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Verify {
    #[serde(flatten)]
    signed: Sign,
    signature: Blob,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Encrypt {
    key_id: String,
    plaintext: Blob,
    #[serde(default)]
    encryption_context: Context,
    encryption_algorithm: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Decrypt {
    key_id: Option<String>,
    ciphertext_blob: Blob,
    #[serde(default)]
    encryption_context: Context,
    encryption_algorithm: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GenerateRandom {
    number_of_bytes: Option<usize>,
}

impl Kms {
    pub(super) fn get_public_key(&self, input: KeyName) -> Result<Value, Refusal> {
        let (key, arn) = self.usable(&input.key_id)?;
        if key.usage != KeyUsage::SignVerify {
            return Err(Refusal::new(
                "UnsupportedOperationException",
                "GetPublicKey is only valid for asymmetric keys.",
            ));
        }
        let pair = key.pair(&arn, "GetPublicKey")?;
        let der = public_der(&pair).map_err(internal)?;
        Ok(json!({
            "KeyId": arn,
            "PublicKey": STANDARD.encode(der),
            "CustomerMasterKeySpec": key.spec.name(),
            "KeySpec": key.spec.name(),
            "KeyUsage": key.usage.name(),
            "SigningAlgorithms": signing::NAMES,
        }))
    }

    pub(super) fn sign(&self, input: Sign) -> Result<Value, Refusal> {
        let (key, arn) = self.usable(&input.key_id)?;
        let pair = key.pair(&arn, "Sign")?;
        let algorithm = Algorithm::parse(&input.signing_algorithm)?;
        let digest = algorithm.digest(&input.message()?)?;
        let signature = algorithm.sign(&pair, &digest).map_err(internal)?;
        Ok(json!({
            "KeyId": arn,
            "Signature": STANDARD.encode(signature),
            "SigningAlgorithm": algorithm.name,
        }))
    }

    pub(super) fn verify(&self, input: Verify) -> Result<Value, Refusal> {
        let (key, arn) = self.usable(&input.signed.key_id)?;
        let pair = key.pair(&arn, "Verify")?;
        let algorithm = Algorithm::parse(&input.signed.signing_algorithm)?;
        let digest = algorithm.digest(&input.signed.message()?)?;
        let public = public_der(&pair).map_err(internal)?;
        if !algorithm.is_signature(&public, &digest, &input.signature.0) {
            return Err(Refusal::new(
                "KMSInvalidSignatureException",
                "The signature verification failed.",
            ));
        }
        Ok(json!({
            "KeyId": arn,
            "SignatureValid": true,
            "SigningAlgorithm": algorithm.name,
        }))
    }

    pub(super) fn encrypt(&self, input: Encrypt) -> Result<Value, Refusal> {
        require_symmetric_default(input.encryption_algorithm.as_deref())?;
        let (key, arn) = self.usable(&input.key_id)?;
        if input.plaintext.0.is_empty() || input.plaintext.0.len() > PLAINTEXT_LIMIT {
            return Err(out_of_range("plaintext", PLAINTEXT_LIMIT));
        }
        let blob =
            self.seal(&key, &arn, "Encrypt", &input.encryption_context, &input.plaintext.0)?;
        Ok(json!({
            "CiphertextBlob": blob,
            "KeyId": arn,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }))
    }

    pub(super) fn decrypt(&self, input: Decrypt) -> Result<Value, Refusal> {
        require_symmetric_default(input.encryption_algorithm.as_deref())?;
        let invalid = || Refusal::new("InvalidCiphertextException", "");
        let ciphertext = &input.ciphertext_blob.0;
        let made_with = sealing::key_of(ciphertext).ok_or_else(invalid)?;
        if let Some(name) = &input.key_id
            && self.find(name)?.0.id != made_with
        {
            return Err(Refusal::new(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            ));
        }
        let (key, arn) = match self.usable(&made_with.to_string()) {
            // Who holds nonsense learns only that it is nonsense.
            Err(refusal) if refusal.code == "NotFoundException" => return Err(invalid()),
            other => other?,
        };
        let secret = key.secret(&arn, "Decrypt")?;
        let plaintext =
            sealing::open(&secret, &input.encryption_context, ciphertext).map_err(|_| invalid())?;
        Ok(json!({
            "Plaintext": STANDARD.encode(plaintext),
            "KeyId": arn,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }))
    }

    pub(super) fn generate_data_key(&self, input: GenerateDataKey) -> Result<Value, Refusal> {
        let (key, arn) = self.usable(&input.key_id)?;
        let mut plaintext = vec![0; input.length()?];
        self.entropy.fill(&mut plaintext);
        let context = &input.encryption_context;
        let blob = self.seal(&key, &arn, "GenerateDataKey", context, &plaintext)?;
        Ok(json!({
            "CiphertextBlob": blob,
            "Plaintext": STANDARD.encode(plaintext),
            "KeyId": arn,
        }))
    }

    pub(super) fn generate_data_key_without_plaintext(
        &self,
        input: GenerateDataKey,
    ) -> Result<Value, Refusal> {
        let mut answer = self.generate_data_key(input)?;
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("Plaintext");
        }
        Ok(answer)
    }

    pub(super) fn generate_random(&self, input: GenerateRandom) -> Result<Value, Refusal> {
        let length = within_random_limit(input.number_of_bytes.unwrap_or(0))?;
        let mut bytes = vec![0; length];
        self.entropy.fill(&mut bytes);
        Ok(json!({ "Plaintext": STANDARD.encode(bytes) }))
    }

    fn seal(
        &self,
        key: &Key,
        arn: &str,
        operation: &str,
        context: &Context,
        plaintext: &[u8],
    ) -> Result<String, Refusal> {
        let secret = key.secret(arn, operation)?;
        sealing::seal(&secret, key.id, context, plaintext, &*self.entropy)
            .map(|sealed| STANDARD.encode(sealed))
            .map_err(internal)
    }
}

impl Sign {
    fn message(&self) -> Result<Message, Refusal> {
        match self.message_type.as_deref() {
            None | Some("RAW") => Ok(Message::Raw(self.message.0.clone())),
            Some("DIGEST") => Ok(Message::Digest(self.message.0.clone())),
            Some(_) => Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value at 'messageType' failed to satisfy constraint: \
                 Member must satisfy enum value set: [DIGEST, RAW]",
            )),
        }
    }
}

impl GenerateDataKey {
    fn length(&self) -> Result<usize, Refusal> {
        match (self.key_spec.as_deref(), self.number_of_bytes) {
            (Some("AES_256"), None) => Ok(32),
            (Some("AES_128"), None) => Ok(16),
            (None, Some(length)) => within_random_limit(length),
            _ => Err(Refusal::new(
                "ValidationException",
                "Please specify either number of bytes or key spec.",
            )),
        }
    }
}

fn within_random_limit(length: usize) -> Result<usize, Refusal> {
    if (1..=RANDOM_LIMIT).contains(&length) {
        Ok(length)
    } else {
        Err(out_of_range("numberOfBytes", RANDOM_LIMIT))
    }
}

fn out_of_range(field: &str, limit: usize) -> Refusal {
    Refusal::new(
        "ValidationException",
        format!(
            "1 validation error detected: Value at '{field}' failed to satisfy constraint: \
             Member must be between 1 and {limit}"
        ),
    )
}

fn require_symmetric_default(algorithm: Option<&str>) -> Result<(), Refusal> {
    match algorithm {
        None | Some("SYMMETRIC_DEFAULT") => Ok(()),
        Some(_) => Err(Refusal::new(
            "InvalidKeyUsageException",
            "The encryption algorithm does not fit a symmetric key.",
        )),
    }
}

fn internal(_: aws_lc_rs::error::Unspecified) -> Refusal {
    tracing::error!("the cryptographic library refused a key of ours");
    Refusal {
        status: http::StatusCode::INTERNAL_SERVER_ERROR,
        code: "KMSInternalException",
        message: "the key could not be used".to_owned(),
    }
}
