//! One KMS key: its material, what it may be used for, and its state.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ambient::Entropy;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::signing;
use crate::services::protocol::Refusal;

/// `KeySpec`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KeySpec {
    /// AES-256-GCM.
    SymmetricDefault,
    /// RSA with a modulus of 2048 bits.
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    #[serde(rename = "RSA_3072")]
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    #[serde(rename = "RSA_4096")]
    Rsa4096,
}

/// `KeyUsage`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KeyUsage {
    /// *Encrypt*, *Decrypt*, *GenerateDataKey*.
    EncryptDecrypt,
    /// *Sign*, *Verify*.
    SignVerify,
}

/// `KeyState`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) enum KeyState {
    /// Can be used.
    Enabled,
    /// Cannot be used until enabled.
    Disabled,
    /// Cannot be used; gone after this instant.
    PendingDeletion(Timestamp),
}

/// What the material of a key is.
#[derive(Clone)]
pub(super) enum Material {
    /// 256 bits for AES.
    Symmetric(Arc<[u8; 32]>),
    /// An RSA key pair.
    Rsa(Arc<rsa::KeyPair>),
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// One key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: Uuid,
    pub(super) spec: KeySpec,
    pub(super) usage: KeyUsage,
    pub(super) state: KeyState,
    pub(super) description: String,
    pub(super) created_at: Timestamp,
    pub(super) tags: BTreeMap<String, String>,
    #[serde(with = "material")]
    pub(super) material: Material,
}

impl Material {
    /// Makes new material.
    pub(super) fn generate(
        spec: KeySpec,
        entropy: &dyn Entropy,
    ) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let size = match spec {
            KeySpec::SymmetricDefault => return Ok(Self::Symmetric(Arc::new(entropy.bytes()))),
            KeySpec::Rsa2048 => KeySize::Rsa2048,
            KeySpec::Rsa3072 => KeySize::Rsa3072,
            KeySpec::Rsa4096 => KeySize::Rsa4096,
        };
        rsa::KeyPair::generate(size).map(|pair| Self::Rsa(Arc::new(pair)))
    }
}

impl KeySpec {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SymmetricDefault => "SYMMETRIC_DEFAULT",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
        }
    }

    /// Finds a spec by its name in the API.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::SymmetricDefault, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096]
            .into_iter()
            .find(|spec| spec.name() == name)
    }

    /// The usage that goes with the spec, if `name` is it.
    pub(super) fn usage(self, name: &str) -> Option<KeyUsage> {
        let usage = match self {
            Self::SymmetricDefault => KeyUsage::EncryptDecrypt,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => KeyUsage::SignVerify,
        };
        (usage.name() == name).then_some(usage)
    }
}

impl KeyUsage {
    /// The name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EncryptDecrypt => "ENCRYPT_DECRYPT",
            Self::SignVerify => "SIGN_VERIFY",
        }
    }
}

impl Key {
    /// Whether the day of its deletion has come.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        matches!(self.state, KeyState::PendingDeletion(at) if at <= now)
    }

    /// Refuses a key that cannot be used for anything now.
    pub(super) fn require_enabled(&self, arn: &str) -> Result<(), Refusal> {
        match self.state {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => {
                Err(Refusal::new("DisabledException", format!("{arn} is disabled.")))
            }
            KeyState::PendingDeletion(_) => {
                Err(Refusal::new("KMSInvalidStateException", format!("{arn} is pending deletion.")))
            }
        }
    }

    /// The key pair of an asymmetric key.
    pub(super) fn pair(&self, arn: &str, operation: &str) -> Result<Arc<rsa::KeyPair>, Refusal> {
        match &self.material {
            Material::Rsa(pair) => Ok(pair.clone()),
            Material::Symmetric(_) => Err(self.wrong_usage(arn, operation)),
        }
    }

    /// The bytes of a symmetric key.
    pub(super) fn secret(&self, arn: &str, operation: &str) -> Result<Arc<[u8; 32]>, Refusal> {
        match &self.material {
            Material::Symmetric(secret) => Ok(secret.clone()),
            Material::Rsa(_) => Err(self.wrong_usage(arn, operation)),
        }
    }

    fn wrong_usage(&self, arn: &str, operation: &str) -> Refusal {
        let usage = self.usage.name();
        Refusal::new(
            "InvalidKeyUsageException",
            format!("{arn} key usage is {usage} which is not valid for {operation}."),
        )
    }

    /// `KeyMetadata`, as *CreateKey* and *DescribeKey* answer it.
    pub(super) fn metadata(&self, account: &str, arn: &str) -> Value {
        let mut metadata = json!({
            "AWSAccountId": account,
            "KeyId": self.id.to_string(),
            "Arn": arn,
            "CreationDate": seconds(self.created_at),
            "Enabled": self.state == KeyState::Enabled,
            "Description": self.description,
            "KeyUsage": self.usage.name(),
            "KeyState": match self.state {
                KeyState::Enabled => "Enabled",
                KeyState::Disabled => "Disabled",
                KeyState::PendingDeletion(_) => "PendingDeletion",
            },
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": self.spec.name(),
            "KeySpec": self.spec.name(),
            "MultiRegion": false,
        });
        if let Some(fields) = metadata.as_object_mut() {
            match self.usage {
                KeyUsage::EncryptDecrypt => {
                    fields.insert("EncryptionAlgorithms".to_owned(), json!(["SYMMETRIC_DEFAULT"]));
                }
                KeyUsage::SignVerify => {
                    fields.insert("SigningAlgorithms".to_owned(), json!(signing::NAMES));
                }
            }
            if let KeyState::PendingDeletion(at) = self.state {
                fields.insert("DeletionDate".to_owned(), seconds(at));
            }
        }
        metadata
    }
}

/// The DER of the public key's `SubjectPublicKeyInfo`.
pub(super) fn public_der(pair: &rsa::KeyPair) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    Ok(der.as_ref().to_vec())
}

/// An instant as `AWS JSON` writes it: seconds with a fraction, exact to the millisecond.
pub(super) fn seconds(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}

/// Material in the file: `symmetric:BASE64` or `rsa:BASE64` (PKCS #8).
mod material {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserializer, Serializer};

    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Arc, Deserialize as _, Material, Serialize as _, rsa};

    pub(super) fn serialize<S: Serializer>(
        material: &Material,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = match material {
            Material::Symmetric(bytes) => {
                format!("symmetric:{}", STANDARD.encode(bytes.as_slice()))
            }
            Material::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> =
                    pair.as_der().map_err(|_| S::Error::custom("the key cannot be encoded"))?;
                format!("rsa:{}", STANDARD.encode(der.as_ref()))
            }
        };
        text.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Material, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (kind, encoded) =
            text.split_once(':').ok_or_else(|| D::Error::custom("key material without a kind"))?;
        let bytes = STANDARD.decode(encoded).map_err(D::Error::custom)?;
        match kind {
            "symmetric" => <[u8; 32]>::try_from(bytes)
                .map(|secret| Material::Symmetric(Arc::new(secret)))
                .map_err(|_| D::Error::custom("a symmetric key that is not 32 bytes")),
            "rsa" => rsa::KeyPair::from_pkcs8(&bytes)
                .map(|pair| Material::Rsa(Arc::new(pair)))
                .map_err(D::Error::custom),
            _ => Err(D::Error::custom("key material of an unknown kind")),
        }
    }
}
