//! KMS: keys that never leave, AWS JSON 1.1 (`TrentService`).
//!
//! A digest is signed as it is, never hashed a second time; ciphertexts are bound to their
//! encryption context; the state of a key and its usage are checked before it is used.

mod cryptography;
mod key;
mod management;
mod ring;
mod sealing;
mod signing;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ambient::{Clock, Entropy};
use bytes::Bytes;
use http::{Request, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::key::Key;
use self::ring::Ring;
use super::ServicesError;
use super::disk::make_folder;
use super::protocol::{Refusal, aws_json, input, operation, require_signature, unknown_operation};
use super::server::Service;
use crate::template::model;

/// The key management service of one account and region.
pub(super) struct Kms {
    ring: Mutex<Ring>,
    account: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Kms {
    /// Opens the keys in `folder` and makes those of the template that are missing.
    pub(super) fn open(
        folder: &Path,
        region: &str,
        account: &str,
        keys: &[model::Key],
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServicesError> {
        make_folder(folder)?;
        let prefix = format!("arn:aws:kms:{region}:{account}:");
        let ring = Ring::open(folder, prefix, keys, clock.now(), &*entropy)?;
        Ok(Self { ring: Mutex::new(ring), account: account.to_owned(), clock, entropy })
    }

    /// A change is whole or did not happen, so a poisoned lock still guards good keys.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds a key in whatever state, with its ARN.
    fn find(&self, name: &str) -> Result<(Key, String), Refusal> {
        let ring = self.ring();
        let key = ring.find(name, self.clock.now())?;
        Ok((key.clone(), ring.key_arn(key.id)))
    }

    /// Finds a key that may be used, with its ARN.
    fn usable(&self, name: &str) -> Result<(Key, String), Refusal> {
        let (key, arn) = self.find(name)?;
        key.require_enabled(&arn)?;
        Ok((key, arn))
    }

    fn run(&self, request: &Request<Bytes>) -> Result<Value, Refusal> {
        require_signature(request)?;
        let body = request.body();
        refuse_dry_run(body)?;
        match operation(request.headers(), "TrentService")? {
            "CancelKeyDeletion" => self.cancel_key_deletion(read(body)?),
            "CreateAlias" => self.create_alias(read(body)?),
            "CreateKey" => self.create_key(read(body)?),
            "Decrypt" => self.decrypt(read(body)?),
            "DeleteAlias" => self.delete_alias(read(body)?),
            "DescribeKey" => self.describe_key(read(body)?),
            "DisableKey" => self.disable_key(read(body)?),
            "EnableKey" => self.enable_key(read(body)?),
            "Encrypt" => self.encrypt(read(body)?),
            "GenerateDataKey" => self.generate_data_key(read(body)?),
            "GenerateDataKeyWithoutPlaintext" => {
                self.generate_data_key_without_plaintext(read(body)?)
            }
            "GenerateRandom" => self.generate_random(read(body)?),
            "GetPublicKey" => self.get_public_key(read(body)?),
            "ListAliases" => self.list_aliases(read(body)?),
            "ListKeys" => self.list_keys(read(body)?),
            "ListResourceTags" => self.list_resource_tags(read(body)?),
            "ScheduleKeyDeletion" => self.schedule_key_deletion(read(body)?),
            "Sign" => self.sign(read(body)?),
            "TagResource" => self.tag_resource(read(body)?),
            "UntagResource" => self.untag_resource(read(body)?),
            "UpdateAlias" => self.update_alias(read(body)?),
            "Verify" => self.verify(read(body)?),
            other => Err(unknown_operation(other)),
        }
    }
}

impl Service for Kms {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        aws_json("1.1", self.run(&request))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    input(body)
}

/// `DryRun` must not act; acting on it silently would be worse than refusing it.
fn refuse_dry_run(body: &[u8]) -> Result<(), Refusal> {
    let input: Value = read(body)?;
    if input.get("DryRun").and_then(Value::as_bool) == Some(true) {
        return Err(Refusal::new("UnsupportedOperationException", "DryRun is not served here"));
    }
    Ok(())
}
